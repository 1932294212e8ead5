/**
 * Rows in the form in which the API shows them.
 */
import { sensitiveColumns } from "./ApplicationFields.ts"
import * as Columns from "./Columns.ts"
import { written } from "./EnvFile.ts"
import type {
  Column,
  CoolifyState,
  Deployment,
  Environment,
  Project,
  Server,
  Tag,
  Variable
} from "./CoolifyState.ts"
import type { Placed } from "./Lookup.ts"

type Json = Readonly<Record<string, unknown>>

/** Laravel's form: microseconds and `Z`. */
export const timestamp = (epochMillis: number): string =>
  new Date(epochMillis).toISOString().replace("Z", "000Z")

const stamps = (row: { readonly created_at: number; readonly updated_at: number }) => ({
  created_at: timestamp(row.created_at),
  updated_at: timestamp(row.updated_at)
})

const serverSettings = (server: Server) => ({
  concurrent_builds: server.concurrent_builds,
  deployment_queue_limit: server.deployment_queue_limit,
  dynamic_timeout: 3600,
  force_disabled: false,
  is_build_server: server.is_build_server,
  is_cloudflare_tunnel: false,
  is_reachable: server.is_reachable,
  is_swarm_manager: false,
  is_swarm_worker: false,
  is_usable: server.is_usable,
  server_id: server.id,
  wildcard_domain: server.wildcard_domain,
  ...stamps(server)
})

/** An entry of `GET /servers`. */
export const serverItem = (server: Server): Json => ({
  uuid: server.uuid,
  name: server.name,
  description: server.description,
  ip: server.ip,
  user: "root",
  port: 22,
  is_coolify_host: false,
  is_reachable: server.is_reachable,
  is_usable: server.is_usable,
  settings: serverSettings(server)
})

/** The full row. */
export const serverRow = (server: Server): Json => ({
  ...serverItem(server),
  team_id: server.team_id,
  proxy: { type: server.proxy, status: "running", redirect_enabled: true },
  proxy_type: server.proxy === "NONE" ? null : server.proxy.toLowerCase(),
  high_disk_usage_notification_sent: false,
  unreachable_notification_sent: false,
  unreachable_count: 0,
  validation_logs: null,
  swarm_cluster: null,
  ...stamps(server)
})

export const destination = (server: Server) => ({
  uuid: server.destination_uuid,
  name: server.name,
  network: "coolify",
  server_id: server.id,
  ...stamps(server)
})

export const projectItem = (project: Project): Json => ({
  id: project.id,
  uuid: project.uuid,
  name: project.name,
  description: project.description
})

export const environmentItem = (environment: Environment): Json => ({
  id: environment.id,
  name: environment.name,
  uuid: environment.uuid
})

export const environmentRow = (environment: Environment): Json => ({
  ...environmentItem(environment),
  project_id: environment.project_id,
  description: environment.description,
  ...stamps(environment)
})

export const team = (id: number): Json => ({
  id,
  name: id === 0 ? "Root Team" : `Team ${id}`,
  description: null,
  personal_team: false,
  show_boarding: false,
  created_at: timestamp(0),
  updated_at: timestamp(0)
})

const shown = (row: Readonly<Record<string, Column>>, sensitive: boolean) =>
  sensitive ? row : Object.fromEntries(Object.entries(row).filter(([name]) => !sensitiveColumns.has(name)))

/** An application as `GET /applications` lists it. */
export const application = (
  { application, environment, server }: Pick<Placed, "application" | "environment" | "server">,
  sensitive: boolean
): Json => ({
  ...shown(application.columns, sensitive),
  ...shown({ docker_compose: null, docker_compose_raw: null, private_key_id: null }, sensitive),
  uuid: application.uuid,
  status: application.status,
  server_status: server.is_reachable,
  restart_count: application.restart_count,
  last_restart_at: application.last_restart_at === null ? null : timestamp(application.last_restart_at),
  last_restart_type: application.last_restart_at === null ? null : "crash",
  config_hash: application.config_hash,
  environment_id: environment.id,
  destination_id: server.destination_id,
  destination_type: "App\\Models\\StandaloneDocker",
  source_id: 0,
  source_type: "App\\Models\\GithubApp",
  repository_project_id: null,
  git_full_url: null,
  custom_healthcheck_found: /^\s*HEALTHCHECK\s+(?!NONE)/im.test(
    Columns.string(application.columns, "dockerfile")
  ),
  compose_parsing_version: "5",
  deleted_at: null,
  last_online_at: timestamp(application.updated_at),
  destination: { ...destination(server), server: serverRow(server) },
  ...stamps(application)
})

/** An application as `GET /applications/{uuid}` answers it; the only place with its project's uuid. */
export const applicationDetail = (placed: Placed, sensitive: boolean): Json => ({
  ...application(placed, sensitive),
  settings: placed.application.settings,
  environment: {
    ...environmentRow(placed.environment),
    project: {
      ...projectItem(placed.project),
      team_id: placed.project.team_id,
      ...stamps(placed.project),
      team: team(placed.project.team_id)
    }
  }
})

/** Values are left out, not masked; those shown once are hidden even from `root`. */
export const variable = (row: Variable, sensitive: boolean): Json => ({
  uuid: row.uuid,
  key: row.key,
  ...(sensitive && !row.is_shown_once ? { value: row.value, real_value: written(row) } : {}),
  comment: row.comment,
  is_preview: row.is_preview,
  is_literal: row.is_literal,
  is_multiline: row.is_multiline,
  is_shown_once: row.is_shown_once,
  is_runtime: row.is_runtime,
  is_buildtime: row.is_buildtime,
  is_required: false,
  is_shared: row.value !== null && /^\{\{.*\}\}$/.test(row.value),
  version: "4.3.11",
  ...stamps(row)
})

export const tag = (row: Tag): Json => ({ uuid: row.uuid, name: row.name, ...stamps(row) })

export const deployment = (state: CoolifyState, row: Deployment, sensitive: boolean): Json => {
  const application = state.applications.find((one) => one.id === row.application_id)
  const server = state.servers.find((one) => one.id === row.server_id)
  const environment = state.environments.find((one) => one.id === application?.environment_id)
  const project = state.projects.find((one) => one.id === environment?.project_id)
  return {
    id: row.id,
    application_id: String(row.application_id),
    application_name: application === undefined ? null : Columns.string(application.columns, "name"),
    deployment_uuid: row.deployment_uuid,
    deployment_url: `/project/${project?.uuid}/environment/${environment?.uuid}/application/${application?.uuid}/deployment/${row.deployment_uuid}`,
    pull_request_id: row.pull_request_id,
    docker_registry_image_tag: row.docker_registry_image_tag,
    status: row.status,
    commit: row.commit,
    commit_message: row.commit_message,
    force_rebuild: row.force_rebuild,
    is_webhook: false,
    is_api: true,
    restart_only: row.restart_only,
    rollback: row.rollback,
    only_this_server: false,
    git_type: null,
    current_process_id: row.status === "in_progress" ? String(row.id) : null,
    server_id: row.server_id,
    server_name: server?.name ?? null,
    destination_id: server === undefined ? null : String(server.destination_id),
    finished_at: row.finished_at === null ? null : timestamp(row.finished_at),
    ...(sensitive ? { logs: row.logs.length === 0 ? null : JSON.stringify(row.logs) } : {}),
    ...stamps(row)
  }
}
