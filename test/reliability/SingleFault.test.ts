/** Every call of every scenario goes wrong in every way, one at a time. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { begin, checkedRun, cleanEnd, runWith } from "./FaultRuns.ts"
import { faults } from "./Faults.ts"
import { inFastTime, scenarios, world } from "./MemoryWorld.ts"
import { note, sample } from "./Scale.ts"

for (const scenario of scenarios) {
  describe(scenario.name, () => {
    it.live(
      "survives any one fault in any call",
      () =>
        Effect.gen(function* () {
          const here = Effect.provide(world(scenario))
          const { wanted } = yield* here(cleanEnd(scenario))
          const { calls } = yield* here(
            Effect.zipRight(
              begin(scenario),
              runWith(scenario.command, scenario.spec, { healthy: scenario.healthy })
            )
          )
          assert.isAbove(calls.length, 8)
          const cases = calls.flatMap((call, index) =>
            faults.map((fault) => ({ call, nth: index + 1, fault }))
          )
          const ended = new Map<string, number>()
          const chosen = sample(cases, 5)
          for (const { call, fault, nth } of chosen) {
            const at = `${scenario.name}: call ${nth}, ${call}: ${fault.name}`
            const outcome = yield* here(checkedRun(scenario, [{ nth, fault }], wanted, at))
            ended.set(outcome, (ended.get(outcome) ?? 0) + 1)
          }
          note({
            suite: `single fault: ${scenario.name}`,
            runs: chosen.length,
            invariants: "I1 I2 I3 I6 I7 I8 I9 I11"
          })
        }).pipe(inFastTime),
      3_600_000
    )
  })
}
