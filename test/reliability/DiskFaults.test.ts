/** Every call to the file system that a run makes goes wrong, once or from then on. Then the disk is well again. */
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as FileSecretStore from "../../src/secrets/FileSecretStore.ts"
import * as FileJournals from "../../src/state/FileJournals.ts"
import * as Disk from "./Disk.ts"
import { runWith, withoutPending } from "./FaultRuns.ts"
import {
  calls,
  checkRunning,
  inFastTime,
  scenarios,
  snapshot,
  withoutTwins,
  world,
  type Command,
  type Scenario
} from "./MemoryWorld.ts"
import { note, sample } from "./Scale.ts"

/** A folder of fabrik's, and the world that it is about. */
const inFolder = <A, E, R>(scenario: Scenario, body: (directory: string) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "fabrik-disk-"))),
    (root) => body(join(root, ".fabrik")),
    (root) => Effect.sync(() => rmSync(root, { recursive: true }))
  ).pipe(Effect.provide(world(scenario)))

/** As a process of its own: nothing is known but what the disk holds. */
const run = (
  directory: string,
  disk: Disk.Disk,
  command: Command,
  { spec, healthy }: Pick<Scenario, "spec" | "healthy">
) =>
  runWith(command, spec, { healthy }).pipe(
    Effect.provide(
      Layer.provide(
        Layer.mergeAll(
          FileJournals.layer({ directory, world: "memory" }),
          FileSecretStore.layer({
            envFiles: [join(directory, "../.env")],
            envFileRequired: false,
            directory,
            given: new Map()
          })
        ),
        Layer.mergeAll(Disk.layer(disk), NodePath.layer)
      )
    )
  )

const begin = (directory: string, { before }: Scenario) =>
  Effect.gen(function* () {
    if (before !== undefined) {
      const { report, told } = yield* run(directory, Disk.healthy(), "apply", { spec: before, healthy: true })
      assert.strictEqual(report?.outcome, "complete", told)
    }
    return yield* snapshot
  })

const files = (directory: string): ReadonlyArray<string> =>
  existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: "utf8" }) : []

/** The value that was generated, which is another one in every folder; `undefined`: none yet. */
const generated = (directory: string): string | undefined => {
  const file = files(directory).find((name) => name.endsWith("API_KEY.env"))
  return file === undefined ? undefined : readFileSync(join(directory, file), "utf8")
}

/** Equal for two folders. */
const shape = (directory: string, of: unknown): unknown => {
  const value = generated(directory)?.trim().split("=")[1]
  const text = JSON.stringify(of)
    .replace(/fabrik (secret (?:given |generated )?)?[0-9a-f]{32}(?: key=[0-9a-f]{8})?/g, "fabrik $1*")
    .replace(/spec=[0-9a-f]{16}/g, "spec=*")
    .replace(/~[0-9a-f]{8}/g, "~*")
  return JSON.parse(value === undefined ? text : text.replaceAll(value, "<generated>"))
}

const journalsOf = (directory: string) => files(directory).filter((name) => name.endsWith(".ndjson"))

/** How the scenario ends on a disk that is well, and which calls it makes of it. */
const cleanEnd = (scenario: Scenario) =>
  inFolder(scenario, (directory) =>
    Effect.gen(function* () {
      yield* begin(directory, scenario)
      const disk = Disk.healthy()
      yield* run(directory, disk, scenario.command, scenario)
      const { report, told } = yield* run(directory, Disk.healthy(), scenario.command, {
        ...scenario,
        healthy: true
      })
      assert.match(report?.outcome ?? "", /^(complete|unchanged)$/, told)
      return { wanted: shape(directory, yield* withoutTwins), calls: disk.calls }
    })
  )

const oneCase = (
  scenario: Scenario,
  planned: NonNullable<Disk.Disk["planned"]>,
  wanted: unknown,
  at: string
) =>
  inFolder(scenario, (directory) =>
    Effect.gen(function* () {
      const before = yield* begin(directory, scenario)
      const secret = generated(directory)
      const { command } = scenario
      const faulty = { calls: [], planned }
      const { report, told } = yield* run(directory, faulty, command, scenario)
      const where = `${at}\n${told}`
      const now = yield* snapshot
      if (report?.outcome === "complete" || report?.outcome === "unchanged") {
        // What it could not put away is named; everything else is as it should be.
        if (command === "apply" && report.leftovers.length === 0) {
          assert.deepStrictEqual(shape(directory, yield* withoutPending), wanted, where)
          yield* checkRunning(where)
        }
      } else if (report?.outcome === "leftovers") {
        assert.isNotEmpty(report.leftovers, where)
      } else if (command === "apply" || report === undefined) {
        assert.match(report?.outcome ?? "nothing-changed", /^(rolled-back|nothing-changed)$/, where)
        assert.deepStrictEqual(now, before, where)
        if (scenario.before !== undefined) yield* checkRunning(where)
      }
      if (secret !== undefined) assert.strictEqual(generated(directory), secret, `${where}: I9`)
      const kept = generated(directory)
      if (report?.leftovers.some(({ recoverable }) => recoverable) === true && command === "apply") {
        const recovered = yield* run(directory, Disk.healthy(), "recover", scenario)
        assert.match(
          recovered.report?.outcome ?? "",
          /^(rolled-back|unchanged)$/,
          `${where}\n${recovered.told}`
        )
        assert.deepStrictEqual(yield* snapshot, before, `${where}\n${recovered.told}`)
      }
      const next = yield* run(directory, Disk.healthy(), command, { ...scenario, healthy: true })
      const then = `${where}\nnext: ${next.told}`
      assert.match(next.report?.outcome ?? "", /^(complete|unchanged)$/, then)
      assert.deepStrictEqual(journalsOf(directory), [], then)
      assert.isFalse(
        files(directory).some((name) => name.includes(".kept/")),
        `${then}: a kept value is left`
      )
      if (kept !== undefined) assert.strictEqual(generated(directory), kept, `${then}: I9`)
      if (command === "apply") {
        assert.deepStrictEqual(shape(directory, yield* withoutTwins), wanted, then)
        yield* checkRunning(then)
      }
      const sofar = yield* calls
      const again = yield* run(directory, Disk.healthy(), command, { ...scenario, healthy: true })
      assert.strictEqual(again.report?.outcome, "unchanged", `${then}\nagain: ${again.told}`)
      assert.strictEqual(yield* calls, sofar, `${then}: the second run writes`)
      return report?.outcome ?? "refused"
    })
  )

for (const scenario of scenarios) {
  describe(scenario.name, () => {
    it.live(
      "survives a disk that goes wrong at any call",
      () =>
        Effect.gen(function* () {
          const { wanted, calls: clean } = yield* cleanEnd(scenario)
          assert.isAbove(clean.length, 20)
          const cases = clean.flatMap(({ kind, what }, index) =>
            Disk.diskFaults
              .filter(({ strikes }) => strikes.includes(kind))
              .flatMap((fault) =>
                [false, true].map((lasts) => ({ what, planned: { nth: index + 1, fault, lasts } }))
              )
          )
          const chosen = sample(cases, 2)
          const ended = new Set<string>()
          for (const { planned, what } of chosen) {
            const { fault, lasts, nth } = planned
            const at = `${scenario.name}: call ${nth}, ${what}: ${fault.name}${lasts ? ", from then on" : ""}`
            ended.add(yield* oneCase(scenario, planned, wanted, at))
          }
          assert.isAbove(ended.size, 1)
          note({
            suite: `file system: ${scenario.name}`,
            runs: chosen.length,
            invariants: "I1 I2 I6 I7 I8 I9"
          })
        }).pipe(inFastTime, Logger.withMinimumLogLevel(LogLevel.None)),
      3_600_000
    )
  })
}
