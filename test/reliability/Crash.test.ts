/**
 * The process dies at every point at which it can matter: before and after every request that changes the world, and
 * before and after every entry of the journal. Then somebody comes and settles it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { CoolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import { mustRollBack } from "../../src/orchestrator/Recover.ts"
import { journalName, peek } from "../../src/engine/RunJournal.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { MemoryJournals } from "../../src/state/MemoryJournals.ts"
import {
  calls,
  checkRunning,
  scenarios,
  snapshot,
  third,
  withoutTwins,
  world,
  type Scenario,
  inFastTime
} from "./MemoryWorld.ts"
import { run } from "./Mortal.ts"
import { note, sample } from "./Scale.ts"

type Ending =
  | "the same again"
  | "another spec"
  | "recover --rollback"
  | "the same, which fails"
  | "the same, killed again"

const endings: ReadonlyArray<Ending> = [
  "the same again",
  "another spec",
  "recover --rollback",
  "the same, which fails",
  "the same, killed again"
]
const journals = ["kept", "as after a power cut", "lost"] as const
type Kept = (typeof journals)[number]

const prepared = (scenario: Scenario) =>
  Effect.gen(function* () {
    if (scenario.before !== undefined) {
      const { report, told } = yield* run("apply", scenario.before)
      assert.strictEqual(report?.outcome, "complete", told)
    }
    return yield* snapshot
  })

/** What the world is once the spec is applied and nothing happens. */
const cleanly = (scenario: Scenario, spec: Spec) =>
  Effect.gen(function* () {
    yield* prepared(scenario)
    const { told } = yield* run("apply", spec)
    assert.match(told, /^(complete|unchanged)$/)
    return yield* withoutTwins
  }).pipe(Effect.provide(world(scenario)))

const keepJournal = (kept: Kept) =>
  Effect.gen(function* () {
    const all = yield* MemoryJournals
    if (kept === "lost") yield* Ref.set(all, new Map())
    if (kept === "as after a power cut") {
      yield* Ref.update(
        all,
        (now) =>
          new Map(
            [...now].map(([name, { entries, synced }]) => [
              name,
              { entries: entries.slice(0, synced), synced }
            ])
          )
      )
    }
  })

/** An unfinished replacement of which neither holds the domain is refused when nothing but the marks is left. */
const isAmbiguous = (told: string) => told.includes("applications that carry the mark of")

const oneCase = (scenario: Scenario, dies: number, kept: Kept, ending: Ending) =>
  Effect.gen(function* () {
    const at = `${scenario.name}, killed at point ${dies}, journal ${kept}, then ${ending}`
    const before = yield* prepared(scenario)
    const killed = yield* run(scenario.command, scenario.spec, { dies, healthy: scenario.healthy })
    assert.strictEqual(killed.told, "killed", at)
    yield* keepJournal(kept)
    const left = yield* peek(journalName("default", scenario.spec))
    if (ending === "the same, killed again") {
      yield* run(scenario.command, scenario.spec, { dies: 1 + ((dies * 7) % 23) })
    }
    if (ending === "recover --rollback" || ending === "the same, which fails") {
      const undoes = left !== undefined && left.decision !== "committed" && left.decision !== "closed"
      const { report, told } =
        ending === "recover --rollback"
          ? yield* run("recover", scenario.spec)
          : yield* run(scenario.command, scenario.spec, { healthy: false })
      if (scenario.command === "apply" && undoes) {
        assert.deepStrictEqual(report?.leftovers, [], `${at}: ${told}`)
        assert.deepStrictEqual(yield* snapshot, before, `${at}: ${told}`)
        if (scenario.before !== undefined) yield* checkRunning(at)
        assert.strictEqual((yield* Ref.get(yield* MemoryJournals)).size, 0, at)
      }
    }
    const spec = ending === "another spec" ? third : scenario.spec
    const { told } = yield* run(scenario.command, spec)
    if (kept === "lost" && isAmbiguous(told)) return "refused"
    assert.match(told, /^(complete|unchanged)$/, at)
    if (scenario.command === "apply") yield* checkRunning(at)
    const end = yield* snapshot
    const sofar = yield* calls
    const again = yield* run(scenario.command, spec)
    assert.strictEqual(again.told, "unchanged", at)
    assert.strictEqual(yield* calls, sofar, `${at}: the second apply writes`)
    assert.deepStrictEqual(yield* snapshot, end, at)
    assert.strictEqual((yield* Ref.get(yield* MemoryJournals)).size, 0, at)
    assert.isFalse(left !== undefined && mustRollBack(left) && left.decision === "committed", at)
    const { variables } = yield* (yield* CoolifyMemory).world
    const production = new Set(variables.filter((row) => !row.isPreview).map(({ key }) => key))
    assert.isTrue(
      variables.every(({ key }) => production.has(key)),
      `${at}: a preview row is left`
    )
    return { end: yield* withoutTwins, at }
  }).pipe(Effect.provide(world(scenario)))

for (const scenario of scenarios) {
  describe(scenario.name, () => {
    it.live(
      "killed at any point is settled by whoever comes next",
      () =>
        Effect.gen(function* () {
          const { points } = yield* Effect.zipRight(
            prepared(scenario),
            run(scenario.command, scenario.spec, { healthy: scenario.healthy })
          ).pipe(Effect.provide(world(scenario)))
          assert.isAbove(points, 8)
          // It fails by its answers, which nobody asks for without a domain.
          const possible = endings.filter(
            (ending) => ending !== "the same, which fails" || scenario.spec.domains.length > 0
          )
          const cases = Array.from({ length: points }, (_, index) => index + 1).flatMap((dies) =>
            journals.flatMap((kept) => possible.map((ending) => ({ dies, kept, ending })))
          )
          const wanted = new Map<string, unknown>()
          let refused = 0
          const chosen = sample(cases, 4)
          for (const { dies, ending, kept } of chosen) {
            const result = yield* oneCase(scenario, dies, kept, ending)
            if (result === "refused") {
              refused += 1
              continue
            }
            const spec = ending === "another spec" ? third : scenario.spec
            const key = spec.name + spec.port
            if (scenario.command === "apply") {
              if (!wanted.has(key)) wanted.set(key, yield* cleanly(scenario, spec))
              assert.deepStrictEqual(result.end, wanted.get(key), result.at)
            }
          }
          assert.isAtMost(refused, scenario.name.startsWith("a replacement") ? chosen.length / 10 : 0)
          note({ suite: `crash: ${scenario.name}`, runs: chosen.length, invariants: "I1 I2 I3 I6 I7" })
        }).pipe(inFastTime),
      600_000
    )
  })
}
