/**
 * Rows in the form in which the API shows them.
 */
import { sensitiveColumns } from "./ApplicationFields.ts"
import * as Columns from "./Columns.ts"
import { written } from "./EnvFile.ts"
import type { Column, CoolifyState, Deployment, Environment, Project, Tag, Variable } from "./CoolifyState.ts"
import type { Placed } from "./Lookup.ts"
import { destinationRow } from "./ServerWire.ts"
import type { FileStorage, Storage } from "./StorageState.ts"
import { stamps, timestamp } from "./Timestamp.ts"

type Json = Readonly<Record<string, unknown>>

export const projectItem = (project: Project): Json => ({
  id: project.id,
  uuid: project.uuid,
  name: project.name,
  description: project.description
})

/** The full row. */
export const projectRow = (project: Project): Json => ({
  ...projectItem(project),
  team_id: project.team_id,
  icon_path: null,
  icon_s3_storage_id: null,
  icon_storage_type: null,
  ...stamps(project)
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
  description: id === 0 ? "The root team" : null,
  is_mcp_server_enabled: true,
  personal_team: id === 0,
  show_boarding: false,
  created_at: timestamp(0),
  updated_at: timestamp(0)
})

const shown = (row: Readonly<Record<string, Column>>, sensitive: boolean) =>
  sensitive ? row : Object.fromEntries(Object.entries(row).filter(([name]) => !sensitiveColumns.has(name)))

const isFromGit = ({ columns }: Placed["application"]) =>
  columns["build_pack"] !== "dockerimage" && columns["git_repository"] !== "coollabsio/coolify"

/** An application as `GET /applications` lists it. */
export const application = (
  { application, environment, server }: Pick<Placed, "application" | "environment" | "server">,
  sensitive: boolean
): Json => ({
  ...shown({ docker_compose: null, docker_compose_raw: null, ...application.columns }, sensitive),
  ...shown({ private_key_id: application.private_key_id }, sensitive),
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
  ...(isFromGit(application) && application.private_key_id === null
    ? { source_id: application.github_app_id ?? 0, source_type: "App\\Models\\GithubApp" }
    : { source_id: null, source_type: null }),
  repository_project_id: null,
  git_full_url: null,
  custom_healthcheck_found: /^\s*HEALTHCHECK\s+(?!NONE)/im.test(
    Columns.string(application.columns, "dockerfile")
  ),
  compose_parsing_version: "5",
  deleted_at: null,
  additional_networks_count: 0,
  additional_servers: [],
  additional_servers_count: 0,
  last_online_at: timestamp(application.updated_at),
  swarm_placement_constraints: null,
  swarm_replicas: 1,
  destination: destinationRow(server, sensitive),
  ...stamps(application)
})

/** Settings that the API shows and does not take. */
const otherSettings = {
  is_container_label_readonly_enabled: true,
  is_debug_enabled: false,
  is_include_timestamps: false,
  is_swarm_only_worker_nodes: true
}

/** An application as `GET /applications/{uuid}` answers it; the only place with its project's uuid. */
export const applicationDetail = (placed: Placed, sensitive: boolean): Json => ({
  ...application(placed, sensitive),
  settings: { ...otherSettings, ...placed.application.settings },
  environment: {
    ...environmentRow(placed.environment),
    project: {
      ...projectRow(placed.project),
      team: { ...team(placed.project.team_id), custom_server_limit: null }
    }
  }
})

/** As a deployment carries it: without its settings and without secrets, whatever the token may see. */
export const deployedApplication = (placed: Placed): Json => {
  const { settings: _, ...rest } = applicationDetail(placed, false)
  return { ...rest, id: placed.application.id, private_key_id: null }
}

/** As a storage carries it. */
export const owner = (placed: Placed): Json => {
  const { environment: _, ...rest } = deployedApplication(placed)
  return rest
}

/** A row that was just made shows no column that only the database gives a value. */
export const newVariable = (row: Variable, sensitive: boolean): Json => {
  const { is_required: _, order: __, ...rest } = variable(row, sensitive)
  return rest
}

/** As a service answers the one that it was sent. */
export const newServiceVariable = (row: Variable, sensitive: boolean): Json => {
  const { is_preview: _, ...rest } = newVariable(row, sensitive)
  return rest
}

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
  is_buildpack_control: /^(NIXPACKS|RAILPACK)_/.test(row.key),
  is_coolify: row.key.startsWith("SERVICE_"),
  is_really_required: false,
  is_required: row.is_required,
  order: null,
  is_shared: row.value !== null && /^\{\{.*\}\}$/.test(row.value),
  version: "4.3.11",
  ...stamps(row)
})

const storageOwner = (row: Pick<Storage, "application_id">): Json => ({
  resource_id: row.application_id,
  resource_type: "App\\Models\\Application"
})

/** A row that was just made, again. */
export const newStorage = (row: Storage): Json => ({
  id: row.id,
  uuid: row.uuid,
  name: row.name,
  mount_path: row.mount_path,
  host_path: row.host_path,
  ...storageOwner(row),
  ...stamps(row)
})

export const storage = (row: Storage): Json => ({
  ...newStorage(row),
  container_id: null,
  is_preview_suffix_enabled: row.is_preview_suffix_enabled
})

const fileFields = (row: FileStorage): Json => ({
  id: row.id,
  uuid: row.uuid,
  fs_path: row.fs_path,
  mount_path: row.mount_path,
  is_directory: row.is_directory,
  ...storageOwner(row),
  is_binary: false,
  is_too_large: false,
  ...stamps(row)
})

const contentOf = (row: FileStorage, sensitive: boolean): Json => (sensitive ? { content: row.content } : {})

/** A row that was just made: of a file of the server nothing has been written, so nothing was read for it. */
export const newFile = (row: FileStorage, placed: Placed, sensitive: boolean): Json => ({
  ...fileFields(row),
  ...(row.is_directory ? {} : contentOf(row, sensitive)),
  ...(row.is_host_file ? { is_host_file: true } : { service: null, resource: owner(placed) })
})

export const file = (row: FileStorage, sensitive: boolean): Json => ({
  ...fileFields(row),
  ...contentOf(row, sensitive),
  chown: null,
  chmod: null,
  is_based_on_git: false,
  is_preview_suffix_enabled: row.is_preview_suffix_enabled,
  is_host_file: row.is_host_file
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
    build_server_id: null,
    configuration_hash: row.status === "finished" ? row.deployment_uuid : null,
    horizon_job_id: row.status === "queued" ? null : row.deployment_uuid,
    horizon_job_worker: row.status === "queued" ? null : "sandbox",
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
