import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import { shortName } from "../Blueprint.ts"
import { releaseVariable, type Desired } from "../Desired.ts"
import type { Reconciliation } from "../Reconcile.ts"
import type { PlannedPart } from "../../kinds/Part.ts"
import { Pace } from "../../engine/Pace.ts"
import { describe, undisturbed, undoRetries } from "../../engine/Rollback.ts"
import { Run } from "../../engine/Run.ts"

/**
 * Takes away what the spec does not name any more, and then the word `pending` from the application's release, once
 * nothing can fail any more. Without the last the next apply deploys once more, and no harm is done; with it every machine
 * knows that the run came to its end, and what the application has from it.
 * @param desired its run is the release that runs.
 */
export const confirmAtEnd = (applicationUuid: string, desired: Desired, reconciliation: Reconciliation) =>
  Effect.addFinalizer((exit) =>
    Exit.isSuccess(exit)
      ? Effect.flatMap(retireParts(reconciliation), (kept) =>
          confirm(applicationUuid, desired, kept, reconciliation.deploy)
        )
      : Effect.void
  )

/** The short names of what could not be taken away, and of what only its making could tell. */
const retireParts = Effect.fn("retireParts")(function* ({ application, parts }: Reconciliation) {
  const short = ({ kind }: PlannedPart, names: ReadonlyArray<string>) =>
    names.map((name) => shortName(kind, name))
  const kept = yield* Effect.forEach(parts, (part) =>
    Effect.gen(function* () {
      const noted = short(part, part.noted === undefined ? [] : yield* part.noted)
      // What another application has goes with it.
      if (application._tag === "Replace" && part.noted === undefined) return noted
      const left = yield* Effect.filter(part.retire ?? [], ({ remove }) => Effect.negate(remove))
      return [
        ...noted,
        ...short(
          part,
          left.map(({ name }) => name)
        )
      ]
    })
  )
  return kept.flat()
})

const confirm = Effect.fn("confirmRelease")(function* (
  applicationUuid: string,
  desired: Desired,
  kept: ReadonlyArray<string>,
  deployed: boolean
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const { undoBudget } = yield* Pace
  const what = deployed
    ? ["that the release runs", "the next apply deploys it again"]
    : ["what the application has now", "the next plan may call it changed by somebody else"]
  yield* coolify.variables.put(applicationUuid, [releaseVariable(desired, false, kept)]).pipe(
    Effect.timeoutFail({
      duration: Duration.times(undoBudget, 0.25),
      onTimeout: () => ({ message: "it took too long" })
    }),
    Effect.retry(undoRetries),
    undisturbed,
    Effect.catchAllCause((cause) =>
      run.emit({
        _tag: "Warning",
        message: `${what[0]} could not be noted in Coolify (${describe(cause)}), so ${what[1]}`
      })
    )
  )
})
