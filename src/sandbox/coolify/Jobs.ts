/**
 * Coolify's jobs beside deployments: delete, stop, status refresh, and giving up on a container that keeps crashing.
 */
import * as Duration from "effect/Duration"
import * as Behaviour from "./Behaviour.ts"
import * as Columns from "./Columns.ts"
import type { Application, Container, CoolifyState, Job } from "./CoolifyState.ts"
import { replaceRow } from "./Database.ts"
import type { Latency } from "./Latency.ts"
import { isActive } from "./Queue.ts"

/** Docker doubles the pause before each restart, from 100 ms to a minute. */
const restartMillis = (restarts: number): number => {
  let total = 0
  for (let n = 0; n < Math.min(restarts, 1000); n++) total += Math.min(100 * 2 ** n, 60_000)
  return total
}

export const delay = (state: CoolifyState, job: Job, latency: Latency): Duration.DurationInput => {
  switch (job.kind) {
    case "delete":
      return latency.deleteJob
    case "stop":
    case "refresh":
      return latency.statusRefresh
    case "give-up": {
      const application = state.applications.find((row) => row.uuid === job.application_uuid)
      const limit = application === undefined ? 0 : Columns.integer(application.columns, "max_restart_count")
      return Duration.millis(restartMillis(limit))
    }
  }
}

/** The status that Docker's report makes of what runs. */
const reported = (container: Container | undefined, before: string): string => {
  if (container === undefined) return before.startsWith("exited") ? before : "exited:unhealthy"
  if (Behaviour.fromVariables(container.env)._tag === "Crash") return "restarting:unknown"
  return container.health === "none" ? "running:unknown" : `running:${container.health}`
}

const containerOf = (state: CoolifyState, uuid: string): Container | undefined =>
  state.containers.find((one) => one.application_uuid === uuid)

const withStatus = (
  state: CoolifyState,
  application: Application,
  status: string,
  now: number
): CoolifyState =>
  status === application.status
    ? state
    : { ...state, applications: replaceRow(state.applications, { ...application, status, updated_at: now }) }

/** Of these tags, those that no application holds any more are gone. */
export const collectTags = (state: CoolifyState, ids: ReadonlyArray<number>): CoolifyState => {
  const held = new Set(state.applications.flatMap((row) => row.tag_ids))
  return { ...state, tags: state.tags.filter((row) => held.has(row.id) || !ids.includes(row.id)) }
}

const destroy = (state: CoolifyState, application: Application): CoolifyState =>
  collectTags(
    {
      ...state,
      applications: state.applications.filter((row) => row.id !== application.id),
      variables: state.variables.filter((row) => row.application_id !== application.id),
      deployments: state.deployments.filter((row) => row.application_id !== application.id),
      containers: state.containers.filter((row) => row.application_uuid !== application.uuid)
    },
    application.tag_ids
  )

const stop = (state: CoolifyState, application: Application, now: number): CoolifyState =>
  withStatus(
    { ...state, containers: state.containers.filter((row) => row.application_uuid !== application.uuid) },
    application,
    "exited:unhealthy",
    now
  )

/** Does the job and drops it; answers the deployments whose work must end. */
export const perform = (
  before: CoolifyState,
  job: Job,
  now: number
): readonly [ReadonlyArray<string>, CoolifyState] => {
  const state = { ...before, jobs: before.jobs.filter((one) => one.id !== job.id) }
  const application = state.applications.find((row) => row.uuid === job.application_uuid)
  if (application === undefined) return [[], state]
  const container = containerOf(state, application.uuid)
  switch (job.kind) {
    case "delete": {
      const active = state.deployments.filter((row) => row.application_id === application.id && isActive(row))
      return [active.map((row) => row.deployment_uuid), destroy(state, application)]
    }
    case "stop":
      return [[], stop(state, application, now)]
    case "refresh":
      return [[], withStatus(state, application, reported(container, application.status), now)]
    case "give-up": {
      if (!loops(container)) return [[], state]
      const counted = {
        ...application,
        restart_count: Columns.integer(application.columns, "max_restart_count")
      }
      return [[], stop(state, counted, now)]
    }
  }
}

const loops = (container: Container | undefined): boolean =>
  container !== undefined && Behaviour.fromVariables(container.env)._tag === "Crash"

/** After this job the container is known to crash again and again, and nobody has planned to give up on it. */
export const crashLoops = (state: CoolifyState, job: Job): boolean => {
  const application = state.applications.find((row) => row.uuid === job.application_uuid)
  return (
    job.kind === "refresh" &&
    application !== undefined &&
    Columns.integer(application.columns, "max_restart_count") > 0 &&
    loops(containerOf(state, application.uuid)) &&
    !state.jobs.some((one) => one.kind === "give-up" && one.application_uuid === application.uuid)
  )
}
