/**
 * Machines.test.ts with real processes: each machine is a state folder. One is killed in its run, another goes on, then
 * the first one comes back with its old journal, by chance but the same for the same seed.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Dice } from "./Dice.ts"
import {
  type Bench,
  type Case,
  expectCode,
  type Kill,
  pause,
  readKills,
  startBench,
  type Version
} from "./ProcessBench.ts"
import { isFull, note, part } from "./Scale.ts"

interface Scenario {
  readonly name: string
  /** What stands before. */
  readonly before: Version | undefined
  readonly command: "apply" | "destroy"
  readonly version: Version
}

const scenarios: ReadonlyArray<Scenario> = [
  { name: "a first apply", before: undefined, command: "apply", version: "first" },
  { name: "an update", before: "first", command: "apply", version: "second" },
  { name: "a replacement", before: "built", command: "apply", version: "rebuilt" },
  { name: "a domain move", before: "first", command: "apply", version: "moved" },
  { name: "a destroy", before: "first", command: "destroy", version: "first" }
]
const nexts = ["apply the same", "apply a newer one", "destroy"] as const
const backs = ["apply", "recover", "recover --rollback"] as const

const words = (command: "apply" | "destroy") => [command, "app.yaml", "--yes"]

let bench: Bench
let traces = ""
/** Where this scenario can be killed, from a run that is not. */
const points = async (
  it: Case,
  { before, command, name, version }: Scenario
): Promise<ReadonlyArray<Kill>> => {
  const machine = it.machine()
  if (before !== undefined) {
    it.write(before)
    expectCode(await machine.run(words("apply")), 0)
  }
  it.write(version)
  const trace = join(traces, name)
  expectCode(await machine.run(words(command), { trace }), 0)
  const kills = readKills(trace)
  assert.isAtLeast(kills.length, 18)
  return kills
}

interface Meeting {
  readonly seed: number
  readonly scenario: Scenario
  readonly next: (typeof nexts)[number]
  readonly back: (typeof backs)[number]
  /** Which of the points, from 0 up to 1. */
  readonly dies: number
}

const meeting = (seed: number): Meeting => {
  const dice = new Dice(seed)
  return {
    seed,
    scenario: scenarios[seed % scenarios.length] as Scenario,
    dies: dice.next(),
    next: dice.pick(nexts),
    back: dice.pick(backs)
  }
}

/** What the dead process sent last has arrived: no other machine could know of it before. */
const settled = async (it: Case) => {
  for (let before = ""; ;) {
    const now = JSON.stringify(await it.ours())
    if (now === before) return
    before = now
    await pause(500)
  }
}

/** @returns whether the second machine refused to tell two applications apart. */
const meet = async (it: Case, { back, next, scenario }: Meeting, kill: Kill): Promise<boolean> => {
  const empty = await it.ours()
  const [one, two, three] = [it.machine(), it.machine(), it.machine()]
  if (scenario.before !== undefined) {
    it.write(scenario.before)
    expectCode(await one.run(words("apply")), 0)
  }
  it.write(scenario.version)
  const killed = await one.run(words(scenario.command), { kill })
  assert.strictEqual(killed.signal, "SIGKILL", `it was not killed: ${killed.stderr}`)
  await settled(it)

  const command = next === "destroy" ? "destroy" : "apply"
  if (next === "apply a newer one") it.write("third")
  const written = it.writes().length
  const gone = await two.run(words(command))
  // The marks alone do not tell which of the two applications of an unfinished replacement is to stay.
  if (gone.code === 3 && gone.stderr.replace(/\s+/g, " ").includes("carry the mark of")) return true
  expectCode(gone, 0)
  const isTheirs = it.writes().length > written
  if (command === "destroy") assert.deepStrictEqual(await it.ours(), empty, "destroyed")
  else await it.expectVersion(it.version())
  const theirs = await it.ours()

  it.write(scenario.version)
  expectCode(await one.run(back === "apply" ? words("apply") : back.split(" ")), 0)
  assert.deepStrictEqual(one.openJournals(), [], "I1: a journal is open")
  assert.isAtMost((await it.ours()).coolify.applications.length, 1, "I3: one application of ours")
  if (back === "apply") await it.expectVersion(scenario.version)
  else if (isTheirs && !(back === "recover" && command === "destroy")) {
    assert.deepStrictEqual(await it.ours(), theirs, "I2: what another machine has made was touched")
  }

  it.write("third")
  expectCode(await three.run(words("apply")), 0)
  await it.expectVersion("third")
  const so = it.writes().length
  expectCode(await one.run(words("apply")), 0)
  assert.deepStrictEqual(it.writes().slice(so), [], "I6: a second apply writes")
  expectCode(await two.run(words("destroy")), 0)
  assert.deepStrictEqual(await it.ours(), empty, "something is left")
  for (const machine of [one, two, three]) assert.deepStrictEqual(machine.openJournals(), [])
  return false
}

// A case alone takes a minute and a half; the ordinary suite has the same matrix in memory, in Machines.test.ts.
if (!isFull) process.stderr.write("MachinesProcess: skipped, it is for the full suite\n")

describe.skipIf(!isFull)("one of several machines is killed", () => {
  beforeAll(async () => {
    traces = mkdtempSync(join(tmpdir(), "fabrik-traces-"))
    bench = await startBench({
      slots: 2,
      versions: ["first", "second", "third", "moved", "rebuilt"]
    })
  })
  afterAll(() => {
    bench?.stop()
    rmSync(traces, { recursive: true, force: true })
  })

  it("and what another has made since is not undone by it", async () => {
    const meetings = part(Array.from({ length: 200 }, (_, seed) => meeting(seed + 1)))
    const found = new Map<Scenario, ReadonlyArray<Kill>>()
    await bench.each(
      scenarios.filter((one) => meetings.some(({ scenario }) => scenario === one)),
      () => process.env["FABRIK_RELIABILITY_CASE"] ?? "",
      async (it, scenario) => void found.set(scenario, await points(it, scenario))
    )
    const all = meetings.map((one) => {
      const kills = found.get(one.scenario) ?? []
      return { ...one, kill: kills[Math.floor(one.dies * kills.length)] as Kill }
    })
    let refused = 0
    await bench.each(
      all,
      ({ back, kill, next, scenario, seed }) =>
        `seed ${seed}: ${scenario.name}, killed ${kill.when} ${kill.on} ${kill.at}, elsewhere ${next}, then ${back}`,
      async (it, one) => {
        if (!(await meet(it, one, one.kill))) return
        assert.strictEqual(one.scenario.name, "a replacement")
        refused += 1
      }
    )
    assert.isAtMost(refused, Math.max(1, meetings.length / 10))
    note({ suite: "machines: real processes", runs: all.length, invariants: "I1 I2 I3 I6" })
  }, 10_800_000)
})
