import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { ApplicationSource } from "../coolify/endpoints/Applications.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Deployment, DeployTicket } from "../coolify/endpoints/Deployments.ts"
import { DeploymentFailedError } from "../engine/DeployError.ts"
import { tailLength } from "../engine/DeploymentEvent.ts"
import { startService } from "./ServiceStart.ts"
import { absentIfNotFound } from "./Find.ts"
import { Pace, pollFor, pollFrom } from "../engine/Pace.ts"
import { noLogs, Run } from "../engine/Run.ts"

export const isActive = (deployment: Deployment): boolean =>
  deployment.status === "queued" || deployment.status === "in_progress"

/** The deployment that made what runs, or ran last; `undefined`: none, or Coolify keeps none of it. Of the newest first. */
export const newestFinished = (deployments: ReadonlyArray<Deployment>): Deployment | undefined =>
  deployments.find(({ status }) => status === "finished")

/** What a branch was when it was deployed; `undefined`: Coolify has no record of it, or the application names a commit. */
export const keptCommit = (source: ApplicationSource, deployed: Deployment | undefined): string | undefined =>
  source._tag === "Git" && source.commit === "HEAD" && deployed !== undefined && deployed.commit !== "HEAD"
    ? deployed.commit
    : undefined

/** The request that a deployment begins with. */
type Trigger = Effect.Effect<DeployTicket, CoolifyError>

/**
 * Triggers a deployment and follows it until it is `finished`. Knows the API's traps: a full queue is waited for, and
 * the uuid of a deployment that was skipped as a duplicate exists nowhere: then the one under way is followed to
 * its end, and a new one triggered, because the other may have started before this run's changes.
 * @param by what triggers it; absent: a deployment of what Coolify holds now.
 */
export const deployAndFollow = Effect.fn("deployAndFollow")(function* (
  applicationUuid: string,
  onTriggered: (deployment: Deployment) => Effect.Effect<void>,
  by?: Trigger
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  yield* Ref.set(run.logs, noLogs)
  if (yield* coolify.services.has(applicationUuid)) return yield* startService(applicationUuid)
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const uuid = yield* trigger(
      applicationUuid,
      by ?? coolify.deployments.start(applicationUuid, { force: false })
    )
    const deployment = uuid === undefined ? undefined : yield* absentIfNotFound(coolify.deployments.get(uuid))
    if (deployment !== undefined) {
      yield* onTriggered(deployment)
      yield* follow(deployment, onTriggered)
      return
    }
    yield* run.emit({
      _tag: "Warning",
      message: "Coolify skipped the deployment because another one is under way; waiting for that one first"
    })
    const [other] = (yield* coolify.deployments.list(applicationUuid, 10)).filter(isActive)
    if (other !== undefined) yield* Effect.either(follow(other, () => Effect.void))
  }
  return yield* new DeploymentFailedError({
    reason: "Lost",
    detail: "Coolify accepted the deployment three times, and each time there was none",
    deployment: null,
    log: []
  })
})

const trigger = Effect.fn("trigger")(function* (applicationUuid: string, by: Trigger) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const pace = yield* Pace
  const send = Effect.map(by, (ticket) => ticket.deploymentUuid)
  return yield* send.pipe(
    Effect.tapError((error) => {
      const delay = error.retryAfterMillis ?? Duration.toMillis(pace.queueFull)
      return error.reason === "QueueFull"
        ? Effect.zipRight(
            run.emit({ _tag: "Retrying", what: "the deployment", why: error.detail, delayMillis: delay }),
            run.queued.during(Effect.sleep(Duration.millis(delay)))
          )
        : Effect.void
    }),
    Effect.retry({
      while: (error) => error.reason === "QueueFull",
      schedule: Schedule.upTo(Schedule.forever, pace.queue)
    }),
    Effect.catchIf(
      (error) => error.reason === "QueueFull",
      (error) =>
        new DeploymentFailedError({ reason: "QueueFull", detail: error.detail, deployment: null, log: [] })
    ),
    // The answer was lost: the deployment is the newest one under way, or there is none, and asking again does no harm.
    Effect.catchIf(
      (error) => error._tag === "CoolifyError" && error.outcomeUnknown,
      (error) =>
        Effect.flatMap(
          Effect.mapError(coolify.deployments.list(applicationUuid, 10), () => error),
          (rows) => {
            const active = rows.find(isActive)
            return active === undefined ? send : Effect.succeed(active.uuid)
          }
        )
    )
  )
})

/** Polls until the deployment is over; its log lines and changes of status become events as they appear. */
const follow = Effect.fn("follow")(function* (
  first: Deployment,
  onChange: (deployment: Deployment) => Effect.Effect<void>
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const pace = yield* Pace
  const shown = yield* Ref.make<{ lines: number; status: string; ahead?: number | undefined }>({
    lines: 0,
    status: ""
  })
  const show = (deployment: Deployment) =>
    Effect.gen(function* () {
      const { ahead, lines, status } = yield* Ref.get(shown)
      const log = deployment.logs ?? []
      const missed = deployment.logsBefore - lines
      yield* Ref.set(shown, {
        lines: Math.max(lines, deployment.logsBefore + log.length),
        status: deployment.status,
        ahead: deployment.ahead ?? (deployment.status === "queued" ? ahead : undefined)
      })
      if (missed > 0) {
        const text = `(${missed} lines left out: Coolify shows the whole log)`
        yield* run.emit({ _tag: "DeploymentLog", stream: "stderr", text })
      }
      for (const line of log.slice(Math.max(0, -missed))) {
        yield* run.emit({ _tag: "DeploymentLog", ...line })
      }
      const isMoved = deployment.ahead !== undefined && deployment.ahead !== ahead
      if (deployment.status !== status || isMoved) {
        yield* run.emit({
          _tag: "DeploymentProgress",
          deployment: deployment.uuid,
          status: deployment.status,
          ...(deployment.ahead === undefined ? {} : { ahead: deployment.ahead })
        })
      }
      if (deployment.status !== status) yield* onChange(deployment)
    })
  /** What is queued is looked for among all that are under way, which alone tells its place. */
  const look = Effect.gen(function* () {
    if ((yield* Ref.get(shown)).status === "queued") {
      const all = yield* Effect.orElseSucceed(
        coolify.deployments.underWay,
        (): ReadonlyArray<Deployment> => []
      )
      const listed = all.find(({ uuid }) => uuid === first.uuid)
      if (listed !== undefined) return listed
    }
    return yield* coolify.deployments.get(first.uuid)
  }).pipe(Effect.tap(show))
  yield* show(first)
  const begun = yield* run.queued.during(
    pollFrom(
      first,
      look,
      ({ status }) => status !== "queued",
      pollFor({ ...pace, slowestPoll: Duration.max(pace.slowestFollow, pace.slowestQueued) }, pace.queue)
    )
  )
  const limit = begun.status === "queued" ? pace.queue : pace.deployment
  const last =
    begun.status === "queued"
      ? begun
      : yield* pollFrom(
          begun,
          look,
          (deployment) => !isActive(deployment),
          pollFor({ ...pace, slowestPoll: pace.slowestFollow }, pace.deployment)
        )
  if (last.status === "finished") return
  return yield* new DeploymentFailedError({
    reason: last.status === "failed" ? "Failed" : isActive(last) ? "Lost" : "Cancelled",
    detail:
      last.status === "failed"
        ? "the deployment failed"
        : isActive(last)
          ? `the deployment is still ${last.status} after ${Duration.format(limit)}`
          : "the deployment was cancelled by somebody else",
    deployment: last.uuid,
    log: (last.logs ?? []).slice(-tailLength).map((line) => line.text)
  })
})

/** Cancels every deployment of the application that is queued or under way. Answers the newest ones as it found them. */
export const cancelActive = Effect.fn("cancelActive")(function* (applicationUuid: string) {
  const coolify = yield* CoolifyClient
  const rows = yield* absentIfNotFound(coolify.deployments.list(applicationUuid, 10))
  return yield* Effect.forEach(rows ?? [], (deployment) =>
    isActive(deployment)
      ? coolify.deployments.cancel(deployment.uuid).pipe(
          Effect.as(deployment),
          // 400: it ended by itself in the meantime.
          Effect.catchIf(
            (error) => error.reason === "Refused" || error.reason === "NotFound",
            () => Effect.succeed({ ...deployment, status: "finished" as const })
          )
        )
      : Effect.succeed(deployment)
  )
})
