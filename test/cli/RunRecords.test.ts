/** What is kept of a run, and what `fabrik runs` tells of it. */
import { it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe } from "vitest"
import { conclude } from "../../src/cli/Conclude.ts"
import { recorded } from "../../src/cli/RunRecords.ts"
import { startHere } from "../support/InThisProcess.ts"
import { makeSeen, Watch } from "../../src/cli/Watch.ts"
import { DeploymentFailedError } from "../../src/engine/DeployError.ts"
import { type Emitted, Progress } from "../../src/engine/DeploymentEvent.ts"
import { inStep, makeReadingRun, reportEnd, Run } from "../../src/engine/Run.ts"
import type { RunRecord } from "../../src/engine/RunRecord.ts"
import { RunError } from "../../src/orchestrator/RunError.ts"
import { KnownSecrets } from "../../src/secrets/KnownSecrets.ts"
import * as RunFiles from "../../src/state/RunFiles.ts"
import { spec } from "../orchestrator/Samples.ts"

const root = mkdtempSync(join(tmpdir(), "fabrik-records-"))
let folders = 0
const folder = () => join(root, `case-${folders++}`)
afterAll(() => rmSync(root, { recursive: true, force: true }))

const secret = 'pass "word" 1'

/** A run of these events, kept in `directory`, and all that was shown of it. */
const kept = <E extends RunError>(
  directory: string,
  events: Effect.Effect<void, E, Run>,
  seen = makeSeen()
) =>
  Effect.gen(function* () {
    const shown: Array<Emitted> = []
    const run = Effect.gen(function* () {
      yield* (yield* Run).emit({
        _tag: "RunStarted",
        command: "apply",
        name: "shop",
        domain: null,
        domains: [],
        mode: "sandbox"
      })
      yield* events
      return yield* reportEnd("complete", null)
    }).pipe(Effect.provideServiceEffect(Run, makeReadingRun))
    const exit = yield* recorded(run, {
      command: "apply",
      spec,
      file: "app.yaml",
      world: { owner: "default", target: "here", directory },
      conclude: (report) => conclude(report, "not asked")
    }).pipe(
      Effect.provideService(Progress, { emit: (one) => Effect.sync(() => void shown.push(one)) }),
      Effect.provideService(Watch, seen),
      Effect.provideService(KnownSecrets, {
        add: () => Effect.void,
        show: () => Effect.void,
        hide: (text) =>
          text.replaceAll(JSON.stringify(secret).slice(1, -1), "[redacted]").replaceAll(secret, "[redacted]")
      }),
      // Each run draws its id.
      Effect.withRandom(Random.make(`${directory}${folders}`)),
      Effect.exit
    )
    return { exit, shown }
  })

const recordsIn = (directory: string): ReadonlyArray<RunRecord> =>
  readdirSync(join(directory, "runs"))
    .filter((name) => name !== ".gitignore")
    .map((id) => JSON.parse(readFileSync(join(directory, "runs", id, "run.json"), "utf8")))

const only = (directory: string): RunRecord => {
  const [first = assert.fail("no record"), ...others] = recordsIn(directory)
  assert.lengthOf(others, 0)
  return first
}

const emit = (event: Emitted["event"]) => Effect.flatMap(Run, (run) => run.emit(event))

const fails = Effect.gen(function* () {
  yield* inStep("validate", Effect.void)
  yield* emit({ _tag: "StepStarted", step: "deploy" })
  yield* emit({
    _tag: "ResourceChanged",
    system: "coolify",
    kind: "application",
    name: "shop",
    action: "created"
  })
  yield* emit({ _tag: "Warning", message: `odd: ${secret}` })
  yield* emit({ _tag: "DeploymentLog", stream: "stdout", text: `log of ${secret}` })
  yield* emit({ _tag: "LogTails", step: "deploy", deployment: [], container: [secret, "bye\u001b[2J"] })
  yield* emit({ _tag: "StateChanged", from: "DEPLOYING", to: "ROLLING_BACK" })
  const report = yield* reportEnd("rolled-back", null)
  const error = new DeploymentFailedError({
    reason: "CrashLoop",
    detail: `no: ${secret}`,
    deployment: null,
    log: [secret]
  })
  return yield* new RunError({ step: "deploy", error, report })
})

describe("a run", () => {
  it.live("is kept with its steps, changes, failure and exit code, and without a secret", () =>
    Effect.gen(function* () {
      const directory = folder()
      const { exit, shown } = yield* kept(directory, fails)
      assert.isTrue(Exit.isFailure(exit))
      const record = only(directory)
      assert.deepStrictEqual(
        [record.command, record.file, record.application, record.outcome, record.exit, record.process],
        ["apply", "app.yaml", "api", "rolled-back", 10, process.pid]
      )
      assert.deepStrictEqual(
        record.steps.map(({ step, millis }) => [step, millis === null]),
        [
          ["validate", false],
          ["deploy", true]
        ]
      )
      assert.deepStrictEqual(
        record.changes.map(({ name }) => name),
        ["shop"]
      )
      assert.deepStrictEqual(record.warnings, ["odd: [redacted]"])
      assert.deepStrictEqual(
        [record.failure?.step, record.failure?.cause],
        ["deploy", "DeploymentFailedError/CrashLoop"]
      )
      const place = join(directory, "runs", record.id)
      const lines = readFileSync(join(place, "events.ndjson"), "utf8").trimEnd().split("\n")
      assert.deepStrictEqual(
        lines.map((line) => JSON.parse(line).type),
        [...shown.map(({ event }) => event._tag), "Error"]
      )
      assert.strictEqual(readFileSync(join(place, "build.log"), "utf8"), "log of [redacted]\n")
      assert.strictEqual(readFileSync(join(place, "container.log"), "utf8"), "[redacted]\nbye\n")
      for (const file of ["events.ndjson", "run.json", "build.log", "container.log"]) {
        assert.notInclude(readFileSync(join(place, file), "utf8"), "word")
        assert.strictEqual(statSync(join(place, file)).mode & 0o777, 0o600)
      }
      assert.strictEqual(statSync(place).mode & 0o777, 0o700)
    })
  )

  it.live("that a signal ends is kept with the signal's code", () =>
    Effect.gen(function* () {
      const directory = folder()
      const seen = makeSeen()
      const waits = Effect.onInterrupt(Effect.never, () =>
        Effect.asVoid(reportEnd("rolled-back", null, { interrupted: true }))
      )
      const fiber = yield* Effect.fork(kept(directory, waits, seen))
      const begun = () =>
        existsSync(join(directory, "runs")) &&
        readdirSync(join(directory, "runs")).some((id) => existsSync(join(directory, "runs", id, "run.json")))
      yield* Effect.repeat(Effect.sleep("20 millis"), { until: begun })
      assert.strictEqual(only(directory).exit, null)
      seen.process.signal = "SIGINT"
      const exit = yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.isInterrupted(exit.cause))
      const { exit: code, interrupted, outcome } = only(directory)
      assert.deepStrictEqual([code, interrupted, outcome], [130, true, "rolled-back"])
    })
  )

  it.live("goes on where nothing can be kept, follows no link, and says so once", () =>
    Effect.gen(function* () {
      const directory = folder()
      const elsewhere = folder()
      mkdirSync(directory)
      mkdirSync(elsewhere)
      symlinkSync(elsewhere, join(directory, "runs"))
      const seen = makeSeen()
      const first = yield* kept(directory, Effect.void, seen)
      const second = yield* kept(directory, Effect.void, seen)
      assert.isTrue(Exit.isSuccess(first.exit) && Exit.isSuccess(second.exit))
      const warnings = [...first.shown, ...second.shown].flatMap(({ event }) =>
        event._tag === "Warning" ? [event.message] : []
      )
      assert.lengthOf(warnings, 1)
      assert.match(warnings[0] ?? "", /`fabrik runs` will not know all of this run: .*cannot be written/)
      assert.deepStrictEqual(readdirSync(elsewhere), [])
    })
  )

  it.live("pushes out the oldest of more than fifty, but none that may be under way", () =>
    Effect.gen(function* () {
      const directory = folder()
      const now = Date.now()
      const id = (n: number) => n.toString(16).padStart(12, "0")
      for (let n = 0; n < 52; n++) {
        // The two oldest have no end: one is of this hour, one of last week.
        const began = n === 0 ? now - 3_600_000 : n === 1 ? now - 604_800_000 : now - 3_500_000 + n
        mkdirSync(join(directory, "runs", id(n)), { recursive: true })
        const text = JSON.stringify({ began, ended: n < 2 ? null : began })
        writeFileSync(join(directory, "runs", id(n), "run.json"), text)
      }
      mkdirSync(join(directory, "runs", "beefbeefbeef"))
      yield* kept(directory, Effect.void)
      const left = readdirSync(join(directory, "runs")).filter((name) => name !== ".gitignore")
      assert.lengthOf(left, 51)
      assert.include(left, "beefbeefbeef", "a run that another process has just begun")
      assert.include(left, id(0))
      assert.notInclude(left, id(1))
      assert.notInclude(left, id(2))
      assert.notInclude(left, id(3))
      assert.include(left, id(4))
    })
  )

  it.live("is there after its command, however many that has", () =>
    Effect.gen(function* () {
      const directory = folder()
      const seen = makeSeen()
      for (let n = 0; n < 52; n++) {
        folder()
        yield* kept(directory, Effect.void, seen)
      }
      assert.lengthOf(recordsIn(directory), 52)
      folder()
      yield* kept(directory, Effect.void)
      assert.lengthOf(recordsIn(directory), 50)
    })
  )
})

describe("fabrik runs", () => {
  const sandbox = folder()
  const fabrik = async (...args: ReadonlyArray<string>) => {
    const { done, output } = startHere(["runs", ...args, "--sandbox", "--sandbox-dir", sandbox])
    return { code: await done, ...output }
  }

  it("says that there is none", async () => {
    const { code, err, out } = await fabrik()
    assert.deepStrictEqual([code, out], [0, ""])
    assert.match(err, /No run is kept in /)
    assert.match((await fabrik("show")).err, /no run is kept here/)
  })

  it.live("tells what ended, what runs, and what was killed", () =>
    Effect.gen(function* () {
      yield* kept(sandbox, fails)
      const { began, id } = only(sandbox)
      const unended = (name: string, pid: number, at: number) => {
        const record = {
          ...only(sandbox),
          id: name,
          began: at,
          ended: null,
          exit: null,
          outcome: null,
          process: pid
        }
        return [join(sandbox, "runs", name), JSON.stringify(record)] as const
      }
      const added = [unended("aaaaaaaaaaaa", 4242, began + 1), unended("aabbbbbbbbbb", 4343, began + 2)]
      for (const [place, text] of added) {
        mkdirSync(place)
        writeFileSync(join(place, "run.json"), text)
      }
      // The other one's process is gone.
      yield* RunFiles.holdFolder(sandbox, "aabbbbbbbbbb")
      const lines = (yield* Effect.promise(() => fabrik("--json"))).out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
      assert.deepStrictEqual(
        lines.map((one) => [one.id, one.standing, one.says]),
        [
          ["aabbbbbbbbbb", "running", "running"],
          ["aaaaaaaaaaaa", "killed", "ended without a word"],
          [id, "ended", "failed, put back"]
        ]
      )
      const table = (yield* Effect.promise(() => fabrik())).out
      assert.match(table, /^RUN +WHEN \(UTC\) +COMMAND +APPLICATION +OUTCOME +TIME +EXIT\n/)
      assert.match(table, /apply +api +failed, put back +0\.\d s +10\n/)
      assert.strictEqual((yield* Effect.promise(() => fabrik("other"))).out, "")
    }).pipe(Effect.scoped)
  )

  it("tells of one what it did, by the first digits of its id", async () => {
    const [ended = assert.fail()] = recordsIn(sandbox).filter(({ exit }) => exit !== null)
    const { code, out } = await fabrik("show", ended.id.slice(0, 8))
    assert.strictEqual(code, 0)
    for (const said of [
      "apply: failed, put back",
      "[4/5] Deploy: not ended",
      "created application shop",
      "odd: [redacted]",
      "[4/5] Deploy failed: ",
      "events.ndjson"
    ]) {
      assert.include(out, said)
    }
    assert.match((await fabrik("show", "last")).out, /^Run aabbbbbbbbbb: apply: ended without a word/)
    assert.match((await fabrik("show", "aa")).err, /2 runs begin with aa/)
    assert.match((await fabrik("show", "ffffffffffff")).err, /begins with ffffffffffff/)
    assert.strictEqual((await fabrik("api", "more")).code, 4)
  })

  it("writes one as a page for its owner alone, and never over what is no report", async () => {
    const [ended = assert.fail()] = recordsIn(sandbox).filter(({ exit }) => exit !== null)
    const file = join(sandbox, "run.html")
    const shown = () => fabrik("show", ended.id, "--report", file)
    const first = await shown()
    assert.strictEqual(first.code, 0)
    assert.include(first.err, `Report: ${file}`)
    const page = readFileSync(file, "utf8")
    assert.include(page, "failed, put back")
    assert.notInclude(page, "of another kind left out")
    assert.include(page, "<pre>[redacted]\nbye</pre>")
    assert.notInclude(page, "word")
    assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    writeFileSync(file, page.replace("failed", "FAILED"))
    assert.strictEqual((await shown()).code, 0)
    assert.strictEqual(readFileSync(file, "utf8"), page, "a report may be written anew")
    for (const [prepare, why] of [
      [() => writeFileSync(file, "<!doctype html>\nmine"), /no report of fabrik/],
      [() => symlinkSync(join(sandbox, "elsewhere"), file), /no report of fabrik/],
      [() => mkdirSync(file), /no report of fabrik/]
    ] as const) {
      rmSync(file, { recursive: true, force: true })
      prepare()
      const { code, err, out } = await shown()
      assert.deepStrictEqual([code, out], [3, ""])
      assert.match(err.replaceAll(/\s+/g, " "), why)
    }
    assert.isFalse(existsSync(join(sandbox, "elsewhere")))
    assert.strictEqual((await fabrik("show", "--report", join(sandbox, "none", "run.html"))).code, 3)
    assert.match((await fabrik("--report", file)).err, /--report is of one run/)
    assert.deepStrictEqual(
      readdirSync(sandbox).filter((name) => name.includes("run.html")),
      ["run.html"]
    )
  })
})

describe("fabrik apply --report", () => {
  const sandbox = folder()
  const spec = join(root, "app.yaml")
  const fabrik = async (...args: ReadonlyArray<string>) => {
    const { done, output } = startHere([
      "apply",
      spec,
      ...args,
      "--yes",
      "--sandbox",
      "--sandbox-dir",
      sandbox
    ])
    return { code: await done, ...output }
  }
  const file = join(root, "apply.html")

  it("refuses what it could not keep to before anything is sent", async () => {
    writeFileSync(spec, "name: shop\ndomain: none\nserver: vps1\nsource: { image: 'x/y:1' }\n")
    writeFileSync(file, "mine")
    assert.strictEqual((await fabrik("--report", file)).code, 3)
    assert.isFalse(existsSync(sandbox))
    rmSync(file)
    assert.match((await fabrik("--report", file, "--dry-run")).err, /a dry run is not kept/)
    assert.isFalse(existsSync(file))
  })

  it("writes it though the run has failed, and ends with that run's exit code", async () => {
    const fault = ["--sandbox-fault", "coolify POST /applications status=422"]
    const { code, err } = await fabrik("--report", file, "--quiet", ...fault)
    assert.strictEqual(code, 10, err)
    const page = readFileSync(file, "utf8")
    assert.include(page, "[3/5] Provision failed")
    assert.include(page, recordsIn(sandbox)[0]?.id ?? "none")
    assert.notInclude(err, "Report:")
  })
})
