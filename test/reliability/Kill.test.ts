/**
 * The process is killed (SIGKILL, no chance to clean up) before and after every request that changes the world, and
 * before and after every sync of its journal, in every scenario. Its journal is kept as it is, or torn in the middle of
 * what was being written, or lost. Then somebody comes and settles it.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import {
  type Bench,
  type Case,
  expectCode,
  type Kill,
  readKills,
  readTrace,
  startBench,
  type Version
} from "./ProcessBench.ts"
import { note, sample, size } from "./Scale.ts"

interface Scenario {
  readonly name: string
  /** What stands before. */
  readonly before: Version | undefined
  readonly command: "apply" | "destroy"
  readonly version: Version
  /** How it ends when it is left alone. */
  readonly code: number
}

const scenarios: ReadonlyArray<Scenario> = [
  { name: "a first apply", before: undefined, command: "apply", version: "first", code: 0 },
  { name: "an update", before: "first", command: "apply", version: "second", code: 0 },
  { name: "a replacement", before: "built", command: "apply", version: "rebuilt", code: 0 },
  { name: "an update that fails", before: "first", command: "apply", version: "unhealthy", code: 10 },
  { name: "a destroy", before: "first", command: "destroy", version: "first", code: 0 }
]

/** Who comes next. */
type Ending = "the same again" | "recover" | "recover --rollback" | "another spec"
const endings: ReadonlyArray<Ending> = ["the same again", "recover", "recover --rollback", "another spec"]

type Journal = "kept" | "torn" | "deleted"

/** What may be left of the journal. Without it only the world counts, in which nothing but a request makes a difference. */
const journalsAfter = ({ on }: Kill): ReadonlyArray<Journal> => ["kept", on === "sync" ? "torn" : "deleted"]

/** Leaves of the journals what the process's death, or worse, would leave. */
const damage = (it: Case, journal: Journal, kill: Kill) => {
  for (const file of journal === "kept" ? [] : it.journalFiles()) {
    const text = readFileSync(file, "utf8")
    const whole = text.trimEnd()
    if (journal === "deleted") rmSync(file)
    else if (kill.on === "sync" && kill.when === "before") {
      // The entry that was to be synced is not there as a whole.
      const last = whole.lastIndexOf("\n") + 1
      const kept = whole.slice(0, last + Math.floor((whole.length - last) / 2))
      writeFileSync(file, kept.padEnd(text.length, "\n"))
    } else writeFileSync(file, `${whole}\n{"seq":`.padEnd(text.length, "\n"))
  }
}

let bench: Bench
let traces = ""
beforeAll(async () => {
  traces = mkdtempSync(join(tmpdir(), "fabrik-traces-"))
  bench = await startBench({ slots: 3, versions: ["first", "second", "built", "rebuilt"] })
})
afterAll(() => {
  bench?.stop()
  rmSync(traces, { recursive: true, force: true })
})

const prepare = async (it: Case, { before, version }: Scenario) => {
  if (before !== undefined) {
    it.write(before)
    expectCode(await it.apply(), 0)
  }
  const world = await it.ours()
  it.write(version)
  return world
}

/** Where this scenario can be killed, from a run that is not. */
const points = async (it: Case, scenario: Scenario): Promise<ReadonlyArray<Kill>> => {
  await prepare(it, scenario)
  const trace = join(traces, scenario.name)
  expectCode(await it.run(it.words(scenario.command), { trace }), scenario.code)
  const kills = readKills(trace)
  assert.isAtLeast(kills.filter(({ on, when }) => on === "request" && when === "after").length, 3)
  assert.isAtLeast(kills.filter(({ on, when }) => on === "sync" && when === "after").length, 6)
  return kills
}

describe("killed", () => {
  it("[fault 4: partial writes] at any request or entry of the journal, it is settled by whoever comes next", async () => {
    const found = new Map<Scenario, ReadonlyArray<Kill>>()
    const some = sample(scenarios, 2)
    await bench.each(
      some,
      ({ name }) => name,
      async (it, scenario) => void found.set(scenario, await points(it, scenario))
    )
    const all = some.flatMap((scenario) =>
      (found.get(scenario) ?? []).map((kill, index) => ({
        scenario,
        kill,
        ending: endings[index % endings.length] ?? "recover"
      }))
    )
    const withJournals = all.flatMap((one) => journalsAfter(one.kill).map((journal) => ({ ...one, journal })))
    const chosen = sample(withJournals, size(2, withJournals.length))
    let refused = 0
    await bench.each(
      chosen,
      ({ scenario, kill, journal, ending }) =>
        `${scenario.name}, killed ${kill.when} ${kill.on} ${kill.at}, journal ${journal}, then ${ending}`,
      async (it, { scenario, kill, journal, ending }) => {
        const before = await prepare(it, scenario)
        const secrets = it.secrets()
        const killed = await it.run(it.words(scenario.command), { kill })
        assert.strictEqual(killed.signal, "SIGKILL", `it was not killed: ${killed.stderr}`)
        if (scenario.before !== undefined)
          assert.strictEqual(it.secrets(), secrets, "I9: a secret has changed")
        await it.ours()
        damage(it, journal, kill)
        const later: Version = ending === "another spec" || scenario.code !== 0 ? "first" : scenario.version
        let done = false
        if (ending.startsWith("recover")) {
          const journals = it.openJournals()
          const open = journals.length > 0
          // What is decided is not begun anew.
          const back = ending === "recover --rollback" || journals.some((text) => /"RollingBack"/.test(text))
          expectCode(await it.run([...ending.split(" "), ...it.where]), 0, ...(back ? [] : [scenario.code]))
          assert.deepStrictEqual(it.openJournals(), [], "I1: a journal is open")
          // Back or forward is the journal's decision, which may have fallen before; what was to be deleted never comes back.
          const isBefore = JSON.stringify(await it.ours()) === JSON.stringify(before)
          done = !isBefore && scenario.command === "apply" && open
          if (done) await it.expectVersion(scenario.version)
        }
        it.write(later)
        if (!done) {
          const applied = await it.run(it.words("apply"))
          // Nothing but the marks is left, and they do not tell which of the two is to stay.
          if (journal === "deleted" && scenario.name === "a replacement" && applied.code === 3) {
            assert.include(applied.stderr.replace(/\s+/g, " "), "carry the mark of")
            refused += 1
            return
          }
          expectCode(applied, 0)
        }
        await it.expectVersion(later)
        await it.expectConverged(later)
      }
    )
    assert.isAtMost(refused, chosen.length / 10)
    note({ suite: "SIGKILL: real processes", runs: chosen.length, invariants: "I1 I2 I3 I6 I7 I9" })
  }, 3_600_000)

  it("the preload strikes at the syncs of any file it is told of", async () => {
    await bench.once(async (it) => {
      it.write("first")
      const trace = join(traces, "secrets")
      const args = it.words("apply")
      const killed = await it.run(args, {
        kill: { on: "sync", at: 3, when: "after", path: "/secrets/" },
        trace
      })
      assert.strictEqual(killed.signal, "SIGKILL")
      const seen = readTrace(trace).flatMap((entry) => (entry.kind === "sync" ? [entry] : []))
      assert.deepStrictEqual(
        seen.map(({ number, moment }) => `${moment} ${number}`),
        ["before 1", "after 1", "before 2", "after 2", "before 3", "after 3"]
      )
      // The value, and then the folder it was put into.
      assert.match(seen[3]?.what ?? "", new RegExp(`/secrets/${it.project}/.*\\.tmp$`))
      assert.match(seen[5]?.what ?? "", new RegExp(`/secrets/${it.project}/production/api$`))
      assert.isFalse(readTrace(trace).some(({ kind }) => kind === "exit"))
      // What was synced is what later runs use.
      assert.isAbove(
        statSync(join(it.slot.dir, "secrets", it.project, "production/api/API_KEY.env")).size,
        20
      )
      const kept = it.secrets()
      expectCode(await it.run(args), 0)
      assert.strictEqual(it.secrets().split("\n")[0], kept.split("\n")[0])
    })
  })
})
