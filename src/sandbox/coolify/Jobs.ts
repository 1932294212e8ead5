/**
 * Coolify's jobs beside deployments: delete, stop, status refresh, and giving up on a container that keeps crashing.
 */
import * as Duration from "effect/Duration"
import * as Behaviour from "./Behaviour.ts"
import * as Columns from "./Columns.ts"
import type { Application, Container, CoolifyState, Job } from "./CoolifyState.ts"
import { type Fresh, replaceRow } from "./Database.ts"
import { isCompose } from "./ContainerDomains.ts"
import * as Disk from "./Disk.ts"
import * as GitCompose from "./GitCompose.ts"
import type { Latency } from "./Latency.ts"
import * as Lifeline from "./Lifeline.ts"
import { isActive } from "./Queue.ts"
import * as Services from "./ServiceJobs.ts"
import { statusOf } from "./ServiceRun.ts"
import * as Standalone from "./StandaloneJobs.ts"
import { collectTags } from "./Tags.ts"

export const delay = (state: CoolifyState, job: Job, latency: Latency): Duration.DurationInput => {
  switch (job.kind) {
    case "delete":
      return latency.deleteJob
    case "delete-database":
    case "delete-service":
      return latency.deleteJob
    case "up-service":
      return latency.build
    case "report-service": {
      const subject = Services.subjectOf(state, job.application_uuid)
      const isFirst = subject === undefined || statusOf(subject.service, subject.parts) === "exited"
      return isFirst ? latency.statusRefresh : latency.statusCheck
    }
    case "load-compose":
    case "stop":
    case "refresh":
    case "start-database":
    case "probe-database":
    case "stop-database":
    case "restart-database":
    case "start-service":
    case "stop-service":
    case "restart-service":
    case "start-part":
    case "stop-part":
    case "restart-part":
      return latency.statusRefresh
    case "check":
      return latency.statusCheck
    case "give-up": {
      const application = state.applications.find((row) => row.uuid === job.application_uuid)
      const container = containerOf(state, job.application_uuid)
      const limit = application === undefined ? 0 : Columns.integer(application.columns, "max_restart_count")
      return Duration.millis(
        container === undefined
          ? 0
          : Lifeline.millisToRestart(Behaviour.fromVariables(container.env), Math.min(limit, 100))
      )
    }
  }
}

/** What Docker's report makes of the application's row. */
const reported = (
  state: CoolifyState,
  application: Application,
  container: Container | undefined,
  now: number
): CoolifyState => {
  if (container === undefined) {
    const { status } = application
    return withReport(state, application, {
      status: status.startsWith("exited") ? status : "exited:unhealthy",
      now
    })
  }
  const behaviour = Behaviour.fromVariables(container.env)
  const { restarts, up } = Lifeline.lifeAt(behaviour, container.started_at, now)
  const status =
    behaviour._tag === "Crash" || !up
      ? "restarting:unknown"
      : container.health === "none"
        ? "running:unknown"
        : `running:${container.health}`
  return withReport(state, application, { status, restarts, now })
}

const containerOf = (state: CoolifyState, uuid: string): Container | undefined =>
  state.containers.find((one) => one.application_uuid === uuid)

interface Report {
  readonly status: string
  /** `undefined`: nothing runs that could be counted. */
  readonly restarts?: number
  readonly now: number
}

const withReport = (
  state: CoolifyState,
  application: Application,
  { now, restarts, status }: Report
): CoolifyState => {
  const more = restarts !== undefined && restarts > application.restart_count
  if (status === application.status && !more) return state
  const row = {
    ...application,
    status,
    updated_at: now,
    ...(more ? { restart_count: restarts, last_restart_at: now } : {})
  }
  return { ...state, applications: replaceRow(state.applications, row) }
}

/** Coolify removes the volumes that the application has at that moment, and its own folder; what else is on the disk stays. */
const destroy = (state: CoolifyState, application: Application, keepsVolumes: boolean): CoolifyState => {
  const isOwn = (row: { readonly application_id: number }) => row.application_id === application.id
  // Of a compose file they stay, whatever is asked for (recorded: compose-app 83, 84).
  const names =
    keepsVolumes || isCompose(application) ? [] : state.storages.filter(isOwn).map(({ name }) => name)
  return collectTags(
    {
      ...state,
      storages: state.storages.filter((row) => !isOwn(row)),
      files: state.files.filter((row) => !isOwn(row)),
      disk: Disk.remove(state.disk, application.server_id, Disk.folderOf(application.uuid)),
      tasks: state.tasks.filter((row) => !isOwn(row)),
      volumes: state.volumes.filter(
        (row) => row.server_id !== application.server_id || !names.includes(row.name)
      ),
      applications: state.applications.filter((row) => row.id !== application.id),
      variables: state.variables.filter((row) => row.application_id !== application.id),
      deployments: state.deployments.filter((row) => row.application_id !== application.id),
      containers: state.containers.filter((row) => row.application_uuid !== application.uuid)
    },
    application.tag_ids
  )
}

const stop = (state: CoolifyState, application: Application, now: number): CoolifyState =>
  withReport(
    { ...state, containers: state.containers.filter((row) => row.application_uuid !== application.uuid) },
    application,
    { status: "exited:unhealthy", now }
  )

/** Does the job and drops it; answers the deployments whose work must end. */
export const perform = (
  before: CoolifyState,
  job: Job,
  fresh: Fresh
): readonly [ReadonlyArray<string>, CoolifyState] => {
  const { now } = fresh
  const state = { ...before, jobs: before.jobs.filter((one) => one.id !== job.id) }
  const database = state.databases.find((row) => row.uuid === job.application_uuid)
  if (database !== undefined) return [[], Standalone.perform(state, job, database, now)]
  const application = state.applications.find((row) => row.uuid === job.application_uuid)
  if (application === undefined) return [[], Services.perform(state, job, fresh)]
  const container = containerOf(state, application.uuid)
  switch (job.kind) {
    case "delete": {
      const active = state.deployments.filter((row) => row.application_id === application.id && isActive(row))
      return [active.map((row) => row.deployment_uuid), destroy(state, application, job.keeps_volumes)]
    }
    case "load-compose":
      return [[], GitCompose.load(state, fresh, application)]
    case "stop":
      return [[], stop(state, application, now)]
    case "refresh":
    case "check":
      return [[], reported(state, application, container, now)]
    case "give-up": {
      if (container === undefined) return [[], state]
      const limit = Columns.integer(application.columns, "max_restart_count")
      const { restarts } = Lifeline.lifeAt(Behaviour.fromVariables(container.env), container.started_at, now)
      // Another container than the one that was given so long.
      if (restarts < limit) return [[], state]
      return [[], stop(state, { ...application, restart_count: limit, last_restart_at: now }, now)]
    }
    default:
      return [[], state]
  }
}

const loops = (container: Container | undefined): boolean =>
  container !== undefined && Lifeline.exits(Behaviour.fromVariables(container.env))

/** After this job the container is known to exit again and again, and nobody has planned to look again. */
export const needsCheck = (state: CoolifyState, job: Job): boolean =>
  (job.kind === "refresh" || job.kind === "check") &&
  loops(containerOf(state, job.application_uuid)) &&
  !state.jobs.some((one) => one.kind === "check" && one.application_uuid === job.application_uuid)

/** After this job the container is known to exit again and again, and nobody has planned to give up on it. */
export const crashLoops = (state: CoolifyState, job: Job): boolean => {
  const application = state.applications.find((row) => row.uuid === job.application_uuid)
  return (
    (job.kind === "refresh" || job.kind === "check") &&
    application !== undefined &&
    Columns.integer(application.columns, "max_restart_count") > 0 &&
    loops(containerOf(state, application.uuid)) &&
    !state.jobs.some((one) => one.kind === "give-up" && one.application_uuid === application.uuid)
  )
}
