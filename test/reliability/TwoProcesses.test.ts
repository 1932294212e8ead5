/** Two processes at once on one application, started at any distance, one of them killed at any time. */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import {
  type Bench,
  type Case,
  type Ended,
  expectCode,
  pause,
  readTrace,
  startBench
} from "./ProcessBench.ts"
import { note, size } from "./Scale.ts"

let bench: Bench
let traces = ""
beforeAll(async () => {
  traces = mkdtempSync(join(tmpdir(), "fabrik-traces-"))
  bench = await startBench({ slots: 2, versions: ["first", "second"] })
})
afterAll(() => {
  bench?.stop()
  rmSync(traces, { recursive: true, force: true })
})

/** Numbers below 1 that are the same for the same seed (mulberry32). */
const random = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Pair {
  readonly first: "apply" | "destroy"
  readonly second: "apply" | "destroy"
  /** The second one waits for the first. */
  readonly waits: boolean
  /** The first one, at some time. */
  readonly killed: boolean
}

const pairs: ReadonlyArray<Pair> = [
  { first: "apply", second: "apply", waits: false, killed: false },
  { first: "apply", second: "destroy", waits: false, killed: false },
  { first: "apply", second: "apply", waits: true, killed: false },
  { first: "destroy", second: "apply", waits: true, killed: false },
  { first: "apply", second: "apply", waits: true, killed: true },
  { first: "apply", second: "apply", waits: false, killed: true }
]

interface Meeting extends Pair {
  readonly seed: number
  /** An earlier version stands before. */
  readonly stands: boolean
  /** Milliseconds from the first one's start to the second's, and to the first one's death. */
  readonly offset: number
  readonly death: number
  readonly elsewhere: boolean
}

const meeting = (seed: number): Meeting => {
  const next = random(seed)
  const pair = pairs[seed % pairs.length] as Pair
  const stands = pair.first === "destroy" || next() < 0.5
  return {
    ...pair,
    seed,
    stands,
    offset: Math.floor(next() * 1500),
    death: Math.floor(next() * 2200),
    elsewhere: next() < 0.5
  }
}

interface Ran {
  readonly command: string
  readonly pid: number
  readonly ended: Ended
  /** From its first request that changes something to the end of its last; `undefined`: there was none. */
  readonly writing: Span | undefined
  /** While it must have had the lock: from its first event to its last, or to its death. */
  readonly holding: Span | undefined
}

interface Span {
  readonly from: number
  readonly to: number
}

const apart = (one: Span | undefined, other: Span | undefined): boolean =>
  one === undefined || other === undefined || one.to <= other.from || other.to <= one.from

/** When events of a type were emitted. */
const timesOf = (stdout: string, type: string): ReadonlyArray<number> =>
  Array.from(stdout.matchAll(new RegExp(`"at":"([^"]+)"[^\n]*"type":"${type}"`, "g")), ([, at = ""]) =>
    Date.parse(at)
  )

/** Refused before anything was sent: in the other one's way, and it says whose. */
const expectRefused = (refused: Ran, holder: Ran, started: number) => {
  assert.isUndefined(refused.writing, "it was refused, and wrote")
  const said = refused.ended.stderr.replace(/\s+/g, " ")
  const held =
    /another run of this application is under way: `fabrik (\w+)` of api \(process (\d+), since ([^)]+)\)/.exec(
      said
    )
  assert.isNotNull(held, `the holder is not named: ${said}`)
  const [, command, pid, since = ""] = held ?? []
  assert.strictEqual(command, holder.command)
  assert.strictEqual(Number(pid), holder.pid)
  assert.isAtLeast(Date.parse(since), started)
  assert.isAtMost(Date.parse(since), refused.ended.at)
}

const meet = async (
  it: Case,
  { first, second, waits, killed, stands, offset, death, elsewhere, seed }: Meeting
) => {
  it.write("first")
  if (stands) expectCode(await it.apply(), 0)
  it.write("second")
  const cwd = elsewhere ? mkdtempSync(join(traces, "cwd-")) : it.cwd
  if (elsewhere) it.write("second", cwd)

  const started = Date.now()
  let died = Number.POSITIVE_INFINITY
  const begin = (name: string, command: "apply" | "destroy", options: { waits: boolean; cwd: string }) => {
    const trace = join(traces, `${seed}-${name}`)
    const args = [...it.words(command), "--json", ...(options.waits ? ["--lock-timeout", "60"] : [])]
    const running = it.begin(args, { trace, cwd: options.cwd })
    const ran = running.ended.then((ended): Ran => {
      const times = readTrace(trace).flatMap((entry) => (entry.kind === "request" ? [entry.time] : []))
      const from = times.at(0)
      const began = timesOf(ended.stdout, "RunStarted").at(0)
      return {
        command,
        pid: running.child.pid ?? 0,
        ended,
        writing: from === undefined ? undefined : { from, to: times.at(-1) ?? from },
        holding:
          began === undefined
            ? undefined
            : { from: began, to: timesOf(ended.stdout, "RunFinished").at(-1) ?? died }
      }
    })
    return { running, ran }
  }
  const one = begin("one", first, { waits: false, cwd: it.cwd })
  const kill = () => {
    died = Date.now()
    one.running.child.kill("SIGKILL")
  }
  const deadly = killed ? pause(death).then(kill) : Promise.resolve()
  await pause(offset)
  const other = begin("other", second, { waits, cwd })
  const [a, b] = await Promise.all([one.ran, other.ran, deadly])

  // Which of the two came first is the scheduler's decision when they start together.
  for (const [ran, rival, patient] of [
    [a, b, false],
    [b, a, waits]
  ] as const) {
    if (ran.ended.code === 3) {
      assert.isFalse(patient, "it was to wait, and did not")
      expectRefused(ran, rival, started)
    } else if (ran.ended.signal === "SIGKILL") {
      assert.isTrue(ran === a && killed)
    } else {
      expectCode(ran.ended, 0)
    }
  }
  assert.isFalse(a.ended.code === 3 && b.ended.code === 3, "both were refused")
  assert.isTrue(apart(a.holding, b.holding), `both held the lock: ${JSON.stringify([a.holding, b.holding])}`)
  assert.isTrue(apart(a.writing, b.writing), `both wrote: ${JSON.stringify([a.writing, b.writing])}`)
  await it.ours()
  expectCode(await it.run(it.words("apply")), 0)
  await it.expectVersion("second")
  await it.expectConverged("second")
}

const nameOf = (one: Meeting): string =>
  `seed ${one.seed}: ${one.first}${one.killed ? ` killed after ${one.death} ms` : ""}, ` +
  `${one.second}${one.waits ? " that waits" : ""} after ${one.offset} ms${one.elsewhere ? " elsewhere" : ""}`

describe("two processes", () => {
  it("[fault 19: two runs, signals, keys in logs] on one application take turns, or one is told of the other; and all is well in the end", async () => {
    const meetings = Array.from({ length: size(1, 60) }, (_, seed) => meeting(seed))
    await bench.each(meetings, nameOf, meet)
    note({ suite: "two processes", runs: meetings.length, invariants: "I1 I2 I3 I6 I7 I9 I12" })
  }, 3_600_000)

  it("that call one sandbox by two names have one lock", async () => {
    await bench.once(async (it) => {
      it.write("first")
      const link = join(traces, "link")
      symlinkSync(it.slot.dir, link)
      await it.slot.hand.control("POST", "/faults", { rules: ["coolify GET /deployments hang"] })
      const holder = it.begin(it.words("apply"))
      assert.isTrue(await holder.until((said) => said.includes("+ variables")), holder.said())
      const refused = await it.run(["apply", "app.yaml", "--yes", "--sandbox", "--sandbox-dir", link])
      expectCode(refused, 3)
      assert.include(refused.stderr, "another run of this application")
      holder.child.kill("SIGKILL")
      await holder.ended
    })
  })

  it("with two state folders on one machine have one lock", async () => {
    await bench.once(async (it) => {
      // As against a Coolify elsewhere: each working directory keeps its own `.fabrik`.
      it.write("first")
      const other = mkdtempSync(join(traces, "cwd-"))
      it.write("first", other)
      const { apiUrl, token } = it.slot.server
      const env = { COOLIFY_ENDPOINT: apiUrl, COOLIFY_TOKEN: token }
      const args = ["apply", "app.yaml", "--yes", "--skip-dns"]
      // Held up at its first deployment, so that it has the lock for as long as it is needed.
      await it.slot.hand.control("POST", "/faults", { rules: ["coolify GET /deployments hang"] })
      const holder = it.begin(args, { env })
      assert.isTrue(await holder.until((said) => said.includes("+ variables")), holder.said())
      const trace = join(traces, "refused")
      const refused = await it.run(args, { env, cwd: other, trace })
      expectCode(refused, 3)
      assert.include(
        refused.stderr.replace(/\s+/g, " "),
        `\`fabrik apply\` of api (process ${holder.child.pid}, since 2`
      )
      assert.deepStrictEqual(
        readTrace(trace).filter(({ kind }) => kind === "request"),
        []
      )
      holder.child.kill("SIGKILL")
      await holder.ended
      // The lock went with its process.
      const after = it.begin(args, { env, cwd: other })
      assert.isTrue(await after.until((said) => said.includes("[3/5] Provision")), after.said())
      after.child.kill("SIGKILL")
      await after.ended
    })
  })
})
