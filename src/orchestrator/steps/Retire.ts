import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import type { Application } from "../../coolify/endpoints/Applications.ts"
import { absentIfNotFound, awaitGone } from "../../kinds/Find.ts"
import { Pace } from "../../engine/Pace.ts"
import { describe, leaveOver, undisturbed, undoRetries } from "../../engine/Rollback.ts"
import { Run } from "../../engine/Run.ts"

/**
 * Deletes an application that another one has replaced. There is no way back from it, so it waits until nothing can
 * fail any more, and what it cannot delete is left over.
 */
export const retireAtEnd = (old: Application) =>
  Effect.addFinalizer((exit) => (Exit.isSuccess(exit) ? retire(old) : Effect.void))

const retire = Effect.fn("retire")(function* (old: Application) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const { undoBudget } = yield* Pace
  const what = `the old application ${old.uuid}`
  const left = (why: string) =>
    leaveOver({ what, why, next: `delete the application ${old.uuid} in Coolify`, recoverable: false })
  yield* absentIfNotFound(coolify.applications.remove(old.uuid, { deleteVolumes: false })).pipe(
    Effect.retry(undoRetries),
    Effect.zipRight(awaitGone(coolify.applications.get(old.uuid), what)),
    Effect.timeoutFail({ duration: undoBudget, onTimeout: () => ({ message: "it took too long" }) }),
    undisturbed,
    Effect.matchCauseEffect({
      onFailure: (cause) => left(describe(cause)),
      onSuccess: () =>
        run.emit({
          _tag: "ResourceChanged",
          system: "coolify",
          kind: "application",
          name: `${old.name} (old)`,
          action: "deleted"
        })
    })
  )
})
