/**
 * The deployment queue: what may wait, what is skipped, what may start. From bootstrap/helpers/applications.php at 4.3.11.
 */
import * as Columns from "./Columns.ts"
import type { Application, CoolifyState, Deployment } from "./CoolifyState.ts"
import { takeId, type Fresh } from "./Database.ts"

export interface DeploymentRequest {
  readonly application: Application
  readonly force?: boolean
  readonly restartOnly?: boolean
  /** Deploy this commit instead of the application's own. */
  readonly rollbackTo?: string
  /** Beside the limits and the check for duplicates. */
  readonly instant?: boolean
  readonly pullRequest?: number
  readonly dockerTag?: string
}

/** Other than `queued`, the uuid is one that exists nowhere. */
export interface Enqueued {
  readonly outcome: "queued" | "skipped" | "full"
  readonly deploymentUuid: string
  readonly message: string
}

const skipped = "Deployment already queued for this commit."
export const queueFull = "Deployment queue is full. Please wait for existing deployments to complete."

export const isActive = (row: Deployment): boolean => row.status === "queued" || row.status === "in_progress"

export const enqueue = (
  state: CoolifyState,
  fresh: Fresh,
  request: DeploymentRequest
): readonly [Enqueued, CoolifyState] => {
  const { application } = request
  const deploymentUuid = fresh.uuid()
  const limit = state.servers.find((row) => row.id === application.server_id)?.deployment_queue_limit ?? 25
  const waiting = state.deployments.filter(
    (row) => row.server_id === application.server_id && row.status === "queued"
  )
  if (waiting.length >= limit) return [{ outcome: "full", deploymentUuid, message: queueFull }, state]

  const commit = request.rollbackTo ?? (Columns.string(application.columns, "git_commit_sha") || "HEAD")
  const pullRequest = request.pullRequest ?? 0
  const dockerTag = request.dockerTag ?? null
  const duplicate = state.deployments.some(
    (row) =>
      isActive(row) &&
      row.application_id === application.id &&
      row.commit === commit &&
      row.pull_request_id === pullRequest &&
      row.docker_registry_image_tag === dockerTag
  )
  const checked = request.force !== true && request.rollbackTo === undefined && request.instant !== true
  if (duplicate && checked) return [{ outcome: "skipped", deploymentUuid, message: skipped }, state]

  const [id, next] = takeId(state)
  const row: Deployment = {
    id,
    deployment_uuid: deploymentUuid,
    application_id: application.id,
    server_id: application.server_id,
    status: request.instant === true ? "in_progress" : "queued",
    commit,
    commit_message: null,
    pull_request_id: pullRequest,
    docker_registry_image_tag: dockerTag,
    force_rebuild: request.force ?? false,
    restart_only: request.restartOnly ?? false,
    rollback: request.rollbackTo !== undefined,
    instant: request.instant ?? false,
    logs: [],
    created_at: fresh.now,
    updated_at: fresh.now,
    finished_at: null
  }
  const name = Columns.string(application.columns, "name")
  return [
    { outcome: "queued", deploymentUuid, message: `Application ${name} deployment queued.` },
    { ...next, deployments: [...next.deployments, row] }
  ]
}

/** Starts what may start, oldest first: one at a time per application and pull request, `concurrent_builds` per server. */
export const startWaiting = (
  state: CoolifyState,
  now: number
): readonly [ReadonlyArray<string>, CoolifyState] => {
  const started: Array<string> = []
  let deployments = state.deployments
  for (const row of state.deployments) {
    if (row.status !== "queued") continue
    const running = deployments.filter((one) => one.status === "in_progress")
    const builds = state.servers.find((one) => one.id === row.server_id)?.concurrent_builds ?? 2
    const busy = running.some(
      (one) => one.application_id === row.application_id && one.pull_request_id === row.pull_request_id
    )
    if (busy || running.filter((one) => one.server_id === row.server_id).length >= builds) continue
    started.push(row.deployment_uuid)
    deployments = deployments.map((one) =>
      one.id === row.id ? { ...one, status: "in_progress", updated_at: now } : one
    )
  }
  return [started, started.length === 0 ? state : { ...state, deployments }]
}
