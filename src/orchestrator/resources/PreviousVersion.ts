import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { CoolifyClient, type Application, type Deployment } from "../../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../../coolify/CoolifyError.ts"
import type { DeploymentFailedError } from "../DeployError.ts"
import { Pace, pollFor, pollUntil } from "../Pace.ts"
import { withUndo } from "../Rollback.ts"
import { cancelActive, deployAndFollow, isActive } from "./Deployment.ts"

/** Whether this run's deployment may have replaced the version that ran before. */
export type Replacement = boolean

/**
 * To be called before any change to an existing application: undos run newest first, so that this one, the oldest,
 * redeploys only once the settings and variables are back. It does nothing while the old container still runs.
 */
export const keepPreviousVersion = Effect.fn("keepPreviousVersion")(function* (before: Application) {
  const replacement = yield* Ref.make<Replacement>(false)
  const { deployment } = yield* Pace
  const wasStopped = before.status.startsWith("exited")
  yield* withUndo(
    {
      what: `previous version of ${before.name}`,
      next: `deploy ${before.name} in Coolify`,
      budget: deployment
    },
    Effect.void,
    Effect.gen(function* () {
      if (!(yield* Ref.get(replacement))) return "nothing"
      if (wasStopped) return yield* Effect.fail({ message: "it was stopped before, and runs now" })
      yield* deployAndFollow(before.uuid, () => Effect.void)
      return "undone"
    })
  )
  return replacement
})

/** Takes an application off the air. Undo: that of {@link keepPreviousVersion}, which deploys it again. */
export const stopPrevious = Effect.fn("stopPrevious")(function* (
  before: Application,
  replacement: Ref.Ref<Replacement>
) {
  const coolify = yield* CoolifyClient
  const pace = yield* Pace
  yield* Ref.set(replacement, true)
  yield* coolify.stopApplication(before.uuid)
  // Coolify's status may lag behind; two versions answering for a moment longer is no failure.
  yield* pollUntil(
    coolify.getApplication(before.uuid),
    ({ status }) => status.startsWith("exited"),
    pollFor(pace, pace.stop)
  )
})

/**
 * Deploys an existing application. Undo: cancels what is still under way. From the request on the old version counts as
 * replaced, however little is heard of the deployment, until it is seen that it is not.
 */
export const deployOver = Effect.fn("deployOver")(function* (
  application: { readonly uuid: string; readonly name: string },
  replacement: Ref.Ref<Replacement>
) {
  const coolify = yield* CoolifyClient
  const [newestBefore] = yield* coolify.listDeployments(application.uuid, 1)
  const own = yield* Ref.make<string | undefined>(undefined)
  // A queued deployment has not begun; a failed one has removed its own container and left the old one.
  const note = ({ status }: Deployment) => Ref.set(replacement, status !== "queued" && status !== "failed")
  yield* withUndo(
    {
      what: `deployment of ${application.name}`,
      next: `cancel the deployment of ${application.name} in Coolify`
    },
    Ref.set(replacement, true).pipe(
      Effect.zipRight(
        deployAndFollow(application.uuid, (deployment) =>
          deployment.status === "failed" ? note(deployment) : Ref.set(own, deployment.uuid)
        )
      ),
      Effect.tapError((error) => (wasRefused(error) ? Ref.set(replacement, false) : Effect.void))
    ),
    Effect.gen(function* () {
      const rows = yield* cancelActive(application.uuid)
      const uuid = yield* Ref.get(own)
      const [newest] = rows
      if (newest?.uuid === newestBefore?.uuid) yield* Ref.set(replacement, false)
      const deployment = uuid === undefined ? newest : rows.find((row) => row.uuid === uuid)
      if (deployment !== undefined && deployment.uuid !== newestBefore?.uuid) yield* note(deployment)
      return rows.some(isActive) ? "undone" : "nothing"
    })
  )
})

/** The request itself was turned down, so that there is no deployment. */
const wasRefused = (error: CoolifyError | DeploymentFailedError): boolean =>
  error._tag === "CoolifyError"
    ? error.method === "deploy" && !error.outcomeUnknown
    : error.reason === "QueueFull"
