import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { CoolifyClient, type Application, type Deployment } from "../../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../../coolify/CoolifyError.ts"
import type { DeploymentFailedError } from "../../engine/DeployError.ts"
import { Pace, pollFor, pollUntil } from "../../engine/Pace.ts"
import * as Marker from "../../engine/Marker.ts"
import { leftAsItIs, withUndo } from "../../engine/Rollback.ts"
import { Run } from "../../engine/Run.ts"
import type { UndoOf } from "../../engine/Undo.ts"
import { cancelActive, deployAndFollow, isActive } from "./Deployment.ts"

/** Whether the version that ran before may no longer run. */
const setReplaced = (replaced: Ref.Ref<ReadonlySet<string>>, uuid: string, is: boolean) =>
  Ref.update(replaced, (all) =>
    is ? new Set([...all, uuid]) : new Set([...all].filter((each) => each !== uuid))
  )

/**
 * To be called before any change to an existing application: undos run newest first, so that this one, the oldest,
 * redeploys only once the settings and variables are back. It does nothing while the old container still runs.
 */
export const keepPreviousVersion = Effect.fn("keepPreviousVersion")(function* (before: Application) {
  const { journal } = yield* Run
  const { deployment } = yield* Pace
  const { name, status, uuid } = before
  const createdBy = Marker.parse(before.description)?.run
  // What an unfinished run has made is deleted in the end, and what it keeps is kept already.
  const isTakenCareOf = (journal.before?.changes ?? []).some(
    ({ undo }) =>
      (undo._tag === "PreviousVersion" && undo.uuid === uuid) ||
      (undo._tag === "CreatedApplication" && undo.run === createdBy)
  )
  if (isTakenCareOf) return
  const undo = { _tag: "PreviousVersion", uuid, name, wasStopped: status.startsWith("exited") } as const
  yield* withUndo(undo, Effect.void, undoReplacement(undo), deployment)
})

/** Lets the application run as before, or stand still as before, if its version was replaced. */
export const undoReplacement = Effect.fn("undoReplacement")(function* ({
  uuid,
  wasStopped
}: Pick<UndoOf<"PreviousVersion">, "uuid" | "wasStopped">) {
  const run = yield* Run
  if (!(yield* Ref.get(run.replaced)).has(uuid)) return "nothing" as const
  const coolify = yield* CoolifyClient
  const back = Effect.gen(function* () {
    if (wasStopped) yield* coolify.stopApplication(uuid)
    else yield* deployAndFollow(uuid, () => Effect.void)
  })
  yield* Effect.catchIf(
    back,
    (error) => error.reason === "NotFound",
    () => leftAsItIs("somebody else has deleted it")
  )
  return "undone" as const
})

/** Takes an application off the air. Undo: that of {@link keepPreviousVersion}, which deploys it again. */
export const stopPrevious = Effect.fn("stopPrevious")(function* ({ uuid, name }: Application) {
  const coolify = yield* CoolifyClient
  const pace = yield* Pace
  const { replaced } = yield* Run
  const stop = Effect.zipRight(setReplaced(replaced, uuid, true), coolify.stopApplication(uuid))
  yield* withUndo({ _tag: "Stopped", uuid, name }, stop, undoStop({ uuid }))
  // Coolify's status may lag behind; two versions answering for a moment longer is no failure.
  yield* pollUntil(
    coolify.getApplication(uuid),
    ({ status }) => status.startsWith("exited"),
    pollFor(pace, pace.stop)
  )
})

/** Says that the application has to be deployed again. */
export const undoStop = ({ uuid }: Pick<UndoOf<"Stopped">, "uuid">): Effect.Effect<"nothing", never, Run> =>
  Effect.flatMap(Run, ({ replaced }) => Effect.as(setReplaced(replaced, uuid, true), "nothing"))

/**
 * Deploys an existing application. Undo: cancels what is still under way. From the request on the old version counts as
 * replaced, however little is heard of the deployment, until it is seen that it is not.
 */
export const deployOver = Effect.fn("deployOver")(function* ({
  uuid,
  name
}: {
  readonly uuid: string
  readonly name: string
}) {
  const coolify = yield* CoolifyClient
  const { replaced } = yield* Run
  const [newest] = yield* coolify.listDeployments(uuid, 1)
  const own = yield* Ref.make<string | undefined>(undefined)
  const undo = { _tag: "Deployed", uuid, name, newestBefore: newest?.uuid ?? null } as const
  yield* withUndo(
    undo,
    setReplaced(replaced, uuid, true).pipe(
      Effect.zipRight(
        deployAndFollow(uuid, (deployment) =>
          deployment.status === "failed" ? judge(replaced, uuid, deployment) : Ref.set(own, deployment.uuid)
        )
      ),
      Effect.tapError((error) => (wasRefused(error) ? setReplaced(replaced, uuid, false) : Effect.void))
    ),
    undoDeploy(undo, own)
  )
})

/** A queued deployment has not begun; a failed one has removed its own container and left the old one. */
const judge = (replaced: Ref.Ref<ReadonlySet<string>>, uuid: string, { status }: Deployment) =>
  setReplaced(replaced, uuid, status !== "queued" && status !== "failed")

/** Cancels what is under way, and finds out whether it had replaced what ran before. */
export const undoDeploy = Effect.fn("undoDeploy")(function* (
  { uuid, newestBefore }: Pick<UndoOf<"Deployed">, "uuid" | "newestBefore">,
  own: Ref.Ref<string | undefined>
) {
  const { replaced } = yield* Run
  const rows = yield* cancelActive(uuid)
  const ownUuid = yield* Ref.get(own)
  const newest = rows[0]
  const isOld = (deployment: Deployment | undefined) => (deployment?.uuid ?? null) === newestBefore
  if (isOld(newest)) yield* setReplaced(replaced, uuid, false)
  const deployment = ownUuid === undefined ? newest : rows.find((row) => row.uuid === ownUuid)
  if (deployment !== undefined && !isOld(deployment)) yield* judge(replaced, uuid, deployment)
  return rows.some(isActive) ? ("undone" as const) : ("nothing" as const)
})

/** The request itself was turned down, so that there is no deployment. */
const wasRefused = (error: CoolifyError | DeploymentFailedError): boolean =>
  error._tag === "CoolifyError"
    ? error.method === "deploy" && !error.outcomeUnknown
    : error.reason === "QueueFull"
