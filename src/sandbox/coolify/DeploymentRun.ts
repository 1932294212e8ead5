/**
 * One deployment from its start to a terminal state. From Jobs/ApplicationDeploymentJob.php at 4.3.11.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { echoed, type Behaviour } from "./Behaviour.ts"
import type { Application, Container, CoolifyState, Deployment, DeploymentStatus } from "./CoolifyState.ts"
import { isCompose } from "./ContainerDomains.ts"
import { replaceRow, type Database, type Fresh } from "./Database.ts"
import { configHash, plan, type DeploymentPlan } from "./DeploymentPlan.ts"
import * as Disk from "./Disk.ts"
import * as GitCompose from "./GitCompose.ts"
import type { Latency } from "./Latency.ts"
import type { LogLine } from "./LogLine.ts"
import { timestamp } from "./Timestamp.ts"

type Said = Pick<LogLine, "output"> & Partial<Pick<LogLine, "command" | "type" | "hidden">>

const append = (row: Deployment, lines: ReadonlyArray<Said>, now: number): Deployment => ({
  ...row,
  logs: [
    ...row.logs,
    ...lines.map((line, index) => ({
      command: line.command ?? null,
      output: line.output,
      type: line.type ?? "stdout",
      timestamp: timestamp(now),
      hidden: line.hidden ?? false,
      batch: 1,
      order: row.logs.length + index + 1
    }))
  ],
  updated_at: now
})

/** Settles the plan and writes the first lines; `undefined` when the row is no longer to be run. */
const start = (
  before: CoolifyState,
  uuid: string,
  fresh: Fresh
): readonly [DeploymentPlan | undefined, CoolifyState] => {
  const { now } = fresh
  const row = before.deployments.find((one) => one.deployment_uuid === uuid)
  const found = before.applications.find((one) => one.id === row?.application_id)
  const server = before.servers.find((one) => one.id === row?.server_id)
  if (row?.status !== "in_progress" || found === undefined) return [undefined, before]
  const state = isCompose(found) ? GitCompose.load(before, fresh, found) : before
  const application = state.applications.find((one) => one.id === found.id) ?? found
  const settled = plan(state, row, application)
  const { container, unknownBehaviour } = settled
  const lines: ReadonlyArray<Said> = [
    { output: `Starting deployment of ${container.name} to ${server?.name ?? "server"}.` },
    // The real log carries the variables too, in a line that is marked hidden.
    {
      command: `echo '${Buffer.from(settled.envFile).toString("base64")}' | base64 -d | tee .env > /dev/null`,
      output: "",
      hidden: true
    },
    ...(unknownBehaviour === undefined
      ? []
      : [
          {
            output: "SANDBOX_APP has an unknown value: the application behaves as `ok`.",
            type: "stderr" as const
          }
        ]),
    { output: settled.builds ? `Building docker image ${container.image}.` : "Image found: build skipped." },
    ...echoed(container.env).map((output) => ({ output }))
  ]
  const begun = append({ ...row, logs: [], commit: settled.commit }, lines, now)
  return [settled, { ...state, deployments: replaceRow(state.deployments, begun) }]
}

/** What Coolify writes when Compose cannot read a file: its text is there twice, and not hidden. */
const unreadable = (
  deployment: string,
  application: Application,
  { composeProblem, envFileProblem }: DeploymentPlan
): ReadonlyArray<Said> | undefined => {
  if (composeProblem === undefined && envFileProblem === undefined) return undefined
  const folder = `/artifacts/${deployment}`
  const command = `docker exec ${deployment} bash -c 'docker compose --project-name ${application.uuid} --project-directory ${folder} pull'`
  const error = composeProblem ?? `failed to read ${folder}/.env: ${envFileProblem}`
  const code = composeProblem === undefined ? 1 : 15
  return [
    { command, output: error, type: "stderr", hidden: true },
    { output: "========================================", type: "stderr" },
    {
      output: `Deployment failed: Rolling update failed (App\\Exceptions\\DeploymentException): Failed to start container: Command execution failed (exit code ${code}): ${command}\nError: ${error}`,
      type: "stderr"
    }
  ]
}

/** Docker gives a port of a server to one container alone; those of the application itself are gone by then. */
const portTaken = (state: CoolifyState, { application, container }: DeploymentPlan): number | undefined => {
  const neighbours = new Set(
    state.applications
      .filter(({ id, server_id }) => server_id === application.server_id && id !== application.id)
      .map(({ uuid }) => uuid)
  )
  const taken = state.containers
    .filter(({ application_uuid }) => neighbours.has(application_uuid))
    .flatMap(({ publishes = [] }) => publishes)
  return container.publishes?.find((port) => taken.includes(port))
}

/** As with an address that Docker refuses: the container is made and does not start (recorded: settings 311). */
const notStarted = (deployment: string, { container }: DeploymentPlan, port: number): ReadonlyArray<Said> => {
  const error = `Error response from daemon: driver failed programming external connectivity on endpoint ${container.name}: Bind for 0.0.0.0:${port} failed: port is already allocated`
  return [
    { output: error, type: "stderr" },
    { output: "========================================", type: "stderr" },
    {
      output: `Deployment failed: Rolling update failed (App\\Exceptions\\DeploymentException): Failed to start container: Command execution failed (exit code 1): docker exec ${deployment} bash -c 'docker compose up -d'\nError: ${error}`,
      type: "stderr"
    },
    { output: "Deployment failed. Removing the new version of your application.", type: "stderr" }
  ]
}

/** Every later step: does nothing when the row was cancelled or deleted meanwhile. */
const step = (
  database: Database,
  uuid: string,
  lines: ReadonlyArray<Said>,
  change: (state: CoolifyState, now: number) => CoolifyState = (state) => state,
  status: DeploymentStatus = "in_progress"
) =>
  database.change((state, { now }) => {
    const row = state.deployments.find((one) => one.deployment_uuid === uuid)
    if (row?.status !== "in_progress") return [undefined, state]
    const written = { ...append(row, lines, now), status, finished_at: status === "in_progress" ? null : now }
    const changed = change(state, now)
    return [undefined, { ...changed, deployments: replaceRow(changed.deployments, written) }]
  })

const withoutContainers = (state: CoolifyState, { uuid }: Pick<Application, "uuid">): CoolifyState => ({
  ...state,
  containers: state.containers.filter((one) => one.application_uuid !== uuid)
})

/** The new containers take the old ones' place. */
const putContainers = (
  state: CoolifyState,
  containers: ReadonlyArray<Omit<Container, "files">>,
  application: Pick<Application, "server_id" | "uuid">
): CoolifyState =>
  containers.reduce(
    (so, container) => putContainer(so, container, application),
    withoutContainers(state, application)
  )

const putContainer = (
  state: CoolifyState,
  container: Omit<Container, "files">,
  { server_id }: Pick<Application, "server_id">
): CoolifyState => ({
  ...state,
  disk: Disk.mounted(state.disk, server_id, container.mounts),
  volumes: [
    ...state.volumes,
    // Docker makes what is not there yet.
    ...container.mounts
      .filter(
        ({ source }) =>
          !source.startsWith("/") &&
          !state.volumes.some((row) => row.server_id === server_id && row.name === source)
      )
      .map(({ source }) => ({ server_id, name: source }))
  ],
  containers: [
    ...state.containers,
    { ...container, files: Disk.filesOf(state.disk, server_id, container.mounts) }
  ]
})

const written = (
  state: CoolifyState,
  { application }: DeploymentPlan,
  healthy: boolean,
  now: number
): CoolifyState => ({
  ...state,
  applications: state.applications.map((row) =>
    row.id === application.id
      ? {
          ...row,
          // `running` alone is stored: it reads as unhealthy until the next report of Docker.
          status: healthy ? "running:unhealthy" : row.status,
          restart_count: 0,
          last_restart_at: null,
          config_hash: configHash(application),
          updated_at: now
        }
      : row
  )
})

/** How long after its start the probe in the container is answered well, where that takes time. */
const firstGoodProbe = (behaviour: Behaviour, intervalMillis: number): number | undefined =>
  behaviour._tag === "Slow"
    ? behaviour.seconds * 1000
    : behaviour._tag === "Flap"
      ? intervalMillis
      : undefined

/** Answers the application's uuid, or `undefined` when there was nothing to do. */
export const run = Effect.fn("DeploymentRun.run")(function* (
  database: Database,
  latency: Latency,
  uuid: string
) {
  const settled = yield* database.change((state, fresh) => start(state, uuid, fresh))
  if (settled === undefined) return undefined
  const { behaviour, healthCheck, application } = settled

  yield* Effect.sleep(latency.build)
  if (settled.builds && behaviour._tag === "FailBuild") {
    const lines: ReadonlyArray<Said> = [
      { output: "ERROR: the build did not complete: exit code 1", type: "stderr" },
      { output: "Deployment failed. Removing the new version of your application.", type: "stderr" }
    ]
    yield* step(database, uuid, lines, (state) => state, "failed")
    return application.uuid
  }

  const port = portTaken(yield* database.get, settled)
  const lines =
    unreadable(uuid, application, settled) ??
    (port === undefined ? undefined : notStarted(uuid, settled, port))
  if (lines !== undefined) {
    // What goes first is gone before the files are read and the image is pulled (recorded: settings 159, 319).
    const isGone = settled.isGone || settled.stopFirst
    const removal = settled.stopFirst ? [{ output: "Removing old containers." }] : []
    const after = (state: CoolifyState) => (isGone ? withoutContainers(state, application) : state)
    yield* step(database, uuid, [...removal, ...lines], after, "failed")
    return application.uuid
  }

  const startedAt = yield* Clock.currentTimeMillis
  const health = healthCheck === undefined ? "none" : healthCheck.passes ? "healthy" : "unhealthy"
  const containers = [settled.container, ...settled.others].map(
    (container) => ({ ...container, started_at: startedAt, health }) as const
  )

  if (settled.stopFirst || healthCheck === undefined) {
    const removal = settled.stopFirst ? "Stopping the old container first." : "Removing old containers."
    yield* step(
      database,
      uuid,
      [{ output: removal }, { output: "New container started." }],
      (state, now) => written(putContainers(state, containers, application), settled, false, now),
      "finished"
    )
    return application.uuid
  }

  yield* step(database, uuid, [{ output: "Waiting for healthcheck to pass on the new container." }])
  const waits = healthCheck.passes ? firstGoodProbe(behaviour, healthCheck.intervalMillis) : undefined
  yield* Effect.sleep(waits ?? latency.build)
  if (healthCheck.passes) {
    yield* step(
      database,
      uuid,
      [{ output: "New container is healthy." }, { output: "Removing old containers." }],
      (state, now) => written(putContainers(state, containers, application), settled, true, now),
      "finished"
    )
  } else {
    const lines: ReadonlyArray<Said> = [
      { output: "New container is not healthy, rolling back to the old container.", type: "stderr" },
      { output: "Deployment failed. Removing the new version of your application.", type: "stderr" }
    ]
    yield* step(database, uuid, lines, (state) => state, "failed")
  }
  return application.uuid
})
