/**
 * The work that Coolify does behind its API: deployments, and the jobs that run after an answer was given.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import type { CoolifyState, Job } from "./CoolifyState.ts"
import { takeId, type Database, type Fresh } from "./Database.ts"
import * as DeploymentRun from "./DeploymentRun.ts"
import * as Jobs from "./Jobs.ts"
import type { Latency } from "./Latency.ts"
import type { Enqueued } from "./Queue.ts"
import * as Queue from "./Queue.ts"
import * as Services from "./ServiceJobs.ts"
import * as Standalone from "./StandaloneJobs.ts"

export interface Engine {
  readonly enqueue: (request: Queue.DeploymentRequest) => Effect.Effect<Enqueued>
  /** Ends the deployment's work; the row must have been marked before. */
  readonly halt: (deploymentUuid: string) => Effect.Effect<void>
  /** Does the work later, as Coolify's queue does. */
  readonly later: (
    kind: Job["kind"],
    applicationUuid: string,
    options?: { readonly keepsVolumes: boolean }
  ) => Effect.Effect<void>
}

const addJob = (
  state: CoolifyState,
  _fresh: Fresh,
  kind: Job["kind"],
  applicationUuid: string,
  keepsVolumes: boolean
): readonly [Job, CoolifyState] => {
  const [id, next] = takeId(state)
  const job: Job = { id, kind, application_uuid: applicationUuid, keeps_volumes: keepsVolumes }
  return [job, { ...next, jobs: [...next.jobs, job] }]
}

/** Goes on with what the state says is under way: its fibers live in the scope. */
export const make = Effect.fn("Engine.make")(function* (database: Database, latency: Latency) {
  const fibers = yield* FiberMap.make<string>()
  const begin = (key: string, work: Effect.Effect<void>) =>
    FiberMap.run(fibers, key, Effect.interruptible(work)).pipe(Effect.asVoid)

  const runDeployment = (uuid: string): Effect.Effect<void> =>
    begin(
      uuid,
      DeploymentRun.run(database, latency, uuid).pipe(
        Effect.tap((applicationUuid) =>
          applicationUuid === undefined ? Effect.void : later("refresh", applicationUuid)
        ),
        Effect.ensuring(pump)
      )
    )

  const pump: Effect.Effect<void> = Effect.suspend(() =>
    database.change((state, { now }) => Queue.startWaiting(state, now))
  ).pipe(
    Effect.flatMap((uuids) => Effect.forEach(uuids, runDeployment, { discard: true })),
    Effect.uninterruptible
  )

  const runJob = (job: Job): Effect.Effect<void> =>
    begin(
      `job ${job.id}`,
      Effect.gen(function* () {
        yield* Effect.sleep(Jobs.delay(yield* database.get, job, latency))
        const halted = yield* database.change((state, fresh) => Jobs.perform(state, job, fresh))
        yield* Effect.forEach(halted, (uuid) => FiberMap.remove(fibers, uuid), { discard: true })
        const state = yield* database.get
        const next = Standalone.following(state, job)
        if (next !== undefined) yield* later(next, job.application_uuid)
        const after = Services.following(state, job, yield* Clock.currentTimeMillis)
        if (after !== undefined) yield* later(after.kind, after.uuid)
        if (Jobs.crashLoops(state, job)) yield* later("give-up", job.application_uuid)
        if (Jobs.needsCheck(state, job)) yield* later("check", job.application_uuid)
        yield* pump
      })
    )

  const later: Engine["later"] = (kind, applicationUuid, { keepsVolumes } = { keepsVolumes: false }) =>
    database
      .change((state, fresh) => addJob(state, fresh, kind, applicationUuid, keepsVolumes))
      .pipe(Effect.flatMap(runJob), Effect.uninterruptible)

  const engine: Engine = {
    enqueue: (request) =>
      Effect.gen(function* () {
        const answer = yield* database.change((state, fresh) => Queue.enqueue(state, fresh, request))
        if (answer.outcome !== "queued") return answer
        if (request.instant === true) yield* runDeployment(answer.deploymentUuid)
        else {
          const wait = Effect.zipRight(Effect.sleep(latency.queue), pump)
          yield* begin(`queue ${answer.deploymentUuid}`, wait)
        }
        return answer
      }).pipe(Effect.uninterruptible),
    halt: (uuid) => Effect.zipRight(FiberMap.remove(fibers, uuid), pump),
    later
  }

  const { deployments, jobs } = yield* database.get
  for (const row of deployments) {
    if (row.status === "in_progress") yield* runDeployment(row.deployment_uuid)
  }
  yield* Effect.forEach(jobs, runJob, { discard: true })
  yield* pump
  return engine
})
