/** Two faults in one run, the second often in its rollback; by seed. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import process from "node:process"
import { begin, checkedRun, cleanEnd, runWith } from "./FaultRuns.ts"
import { Dice } from "./Dice.ts"
import { faults, type Planned } from "./Faults.ts"
import { inFastTime, scenarios, world } from "./MemoryWorld.ts"
import { note, size } from "./Scale.ts"

/** FABRIK_SEED=n runs that one alone. */
const only = process.env["FABRIK_SEED"]
const runs = only === undefined ? size(12, 10_000) : 1

it.live(
  "any two faults in one run leave a world that its report tells the truth of",
  () =>
    Effect.gen(function* () {
      const known = yield* Effect.forEach(scenarios, (scenario) =>
        Effect.gen(function* () {
          const { wanted } = yield* cleanEnd(scenario).pipe(Effect.provide(world(scenario)))
          const { calls } = yield* Effect.zipRight(
            begin(scenario),
            runWith(scenario.command, scenario.spec, { healthy: scenario.healthy })
          ).pipe(Effect.provide(world(scenario)))
          return { scenario, wanted, calls: calls.length }
        })
      )
      for (let index = 0; index < runs; index += 1) {
        const seed = only === undefined ? index + 1 : Number(only)
        const dice = new Dice(seed)
        const { calls, scenario, wanted } = dice.pick(known)
        const first: Planned = { nth: 1 + dice.below(calls), fault: dice.pick(faults) }
        const inRollback = dice.chance(0.6)
        const second: Planned = {
          nth: 1 + dice.below(inRollback ? 12 : calls),
          fault: dice.pick(faults),
          inRollback
        }
        const told = [first, second].map(
          ({ nth, fault, inRollback }) =>
            `call ${nth}${inRollback === true ? " of the rollback" : ""}: ${fault.name}`
        )
        const at = `FABRIK_SEED=${seed}, ${scenario.name}: ${told.join("; ")}`
        yield* checkedRun(scenario, [first, second], wanted, at).pipe(Effect.provide(world(scenario)))
      }
      note({ suite: "fault pairs", runs, invariants: "I1 I2 I3 I6 I7 I8 I9 I11" })
    }).pipe(inFastTime),
  7_200_000
)
