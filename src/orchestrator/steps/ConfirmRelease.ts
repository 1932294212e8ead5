import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import { releaseVariable, type Desired } from "../Desired.ts"
import { Pace } from "../../engine/Pace.ts"
import { describe, undisturbed, undoRetries } from "../../engine/Rollback.ts"
import { Run } from "../../engine/Run.ts"

/**
 * Takes the word `pending` from the application's release once nothing can fail any more. Without that the next apply
 * deploys once more, and no harm is done; with it every machine knows that the run came to its end.
 */
export const confirmAtEnd = (applicationUuid: string, desired: Desired) =>
  Effect.addFinalizer((exit) => (Exit.isSuccess(exit) ? confirm(applicationUuid, desired) : Effect.void))

const confirm = Effect.fn("confirmRelease")(function* (applicationUuid: string, desired: Desired) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const { undoBudget } = yield* Pace
  yield* coolify.variables.put(applicationUuid, [releaseVariable(desired, false)]).pipe(
    Effect.timeoutFail({
      duration: Duration.times(undoBudget, 0.25),
      onTimeout: () => ({ message: "it took too long" })
    }),
    Effect.retry(undoRetries),
    undisturbed,
    Effect.catchAllCause((cause) =>
      run.emit({
        _tag: "Warning",
        message: `that the release runs could not be noted in Coolify (${describe(cause)}), so the next apply deploys it again`
      })
    )
  )
})
