/** Who answers once somebody has put back what a killed run had begun. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { journalName } from "../../src/engine/RunJournal.ts"
import { rollBackOpen } from "../../src/orchestrator/Recover.ts"
import { renderRolledBack } from "../../src/ui/Failure.ts"
import { plainStyle } from "../../src/ui/Style.ts"
import { applied, ended, killed, ok, test, world } from "../support/DirectWorld.ts"
import { spec } from "./Samples.ts"

const recovered = Effect.suspend(() =>
  ended(rollBackOpen(journalName("default", spec), { mode: "sandbox", ...spec, spec }))
)

describe("recover --rollback", () => {
  test(
    "says who answers now, as a failed update does",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const before = yield* killed({ ...spec, env: { ...spec.env, MORE: "yes" } }, "deploy")
      const report = Either.getOrThrow(yield* recovered)
      assert.deepStrictEqual(yield* world, before)
      assert.deepStrictEqual(
        report.answers?.map(({ ofThisRun, ok, url }) => ({ ofThisRun, ok, url })),
        [{ ofThisRun: false, ok: true, url: "https://api.example.com/health" }]
      )
      const lines = renderRolledBack(report, plainStyle, "fabrik recover").join("\n")
      assert.match(lines, / {2}Now: https:\/\/api\.example\.com\/health answered 200/)
    })
  )
})
