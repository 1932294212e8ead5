/**
 * The settable fields of an application: where each is kept, what it starts as, what it must look like.
 * From the allow-lists and rules of ApplicationsController and bootstrap/helpers/api.php at 4.3.11.
 */
import type { Column } from "./CoolifyState.ts"
import type { Rule } from "./Validation.ts"

export interface Field extends Rule {
  /** `request`: steers the request and is not kept under its name. */
  readonly table: "columns" | "settings" | "request"
  readonly initial: Column
  readonly on: "both" | "create" | "patch"
  readonly sensitive: boolean
  /** Sent as base64 and kept decoded, or (`keep`) kept as sent. */
  readonly base64: "no" | "decode" | "keep"
}

type Options = Partial<Omit<Field, "type" | "initial">>

const field = (type: Rule["type"], initial: Column, options: Options): Field => ({
  type,
  initial,
  table: "columns",
  on: "both",
  sensitive: false,
  base64: "no",
  ...options
})
const text = (initial: Column, options: Options = {}) => field("string", initial, options)
const optional = (options: Options = {}) => field("string", null, { nullable: true, ...options })
const integer = (initial: number, options: Options = {}) => field("integer", initial, options)
const number = (initial: number) => field("number", initial, {})
const flag = (initial: boolean, options: Options = {}) => field("boolean", initial, options)
const setting = (initial: boolean) => flag(initial, { table: "settings" })
const request = (type: Rule["type"], options: Options = {}) =>
  field(type, null, { table: "request", nullable: true, ...options })

/** Words in quotes may hold more than those outside, where no shell may find anything but `&&`. */
const command = /^(?:'[^'\n]*'|"[^"$`\\\n]*"|&&|[^'"$`;|&<>()\n\r\\])*$/
/** ValidationPatterns::SHELL_SAFE_COMMAND_PATTERN. */
const plainCommand = /^[a-zA-Z0-9 \t._\-/=:@,+[\]{}#%^~]+$/
const absolutePath = /^\/[A-Za-z0-9._\-/~@+]*$/
const imageName = /^[a-z0-9][a-z0-9._-]*(:\d+(?=\/))?(\/[a-z0-9._-]+)*(@sha256)?$/
export const imageTag = /^(sha256:[0-9a-f]{64}|[A-Za-z0-9_][A-Za-z0-9._-]{0,127})$/

export const buildPacks = ["nixpacks", "railpack", "static", "dockerfile", "dockercompose"]

export const applicationFields: Readonly<Record<string, Field>> = {
  project_uuid: request("string", { on: "create" }),
  server_uuid: request("string", { on: "create" }),
  environment_name: request("string", { on: "create" }),
  environment_uuid: request("string", { on: "create" }),
  destination_uuid: request("string", { on: "create" }),
  github_app_uuid: request("string", { on: "create" }),
  private_key_uuid: request("string", { on: "create" }),
  domains: request("string", { max: 2048 }),
  // A map is taken too, and looked at item by item.
  docker_compose_domains: { ...request("array"), type: "items" },
  docker_compose_raw: request("string", { on: "create" }),
  instant_deploy: request("boolean"),
  force_domain_override: request("boolean"),
  autogenerate_domain: request("boolean", { on: "create" }),
  tags: request("array", { on: "create" }),
  use_build_server: request("boolean"),

  name: text("", { max: 255, min: 1 }),
  description: optional(),
  noindex_domains: field("array", null, { nullable: true }),
  git_repository: text("coollabsio/coolify"),
  git_branch: text("main", { pattern: /^[A-Za-z0-9][A-Za-z0-9._\-/+@#]*$/ }),
  git_commit_sha: text("HEAD", { nullable: true, pattern: /^([0-9a-fA-F]{4,64}|[A-Za-z0-9._\-/]+)$/ }),
  docker_registry_image_name: optional({ pattern: imageName }),
  docker_registry_image_tag: optional({ max: 128, pattern: /^[A-Za-z0-9_][A-Za-z0-9._-]*$/ }),
  build_pack: text("nixpacks", { oneOf: [...buildPacks, "dockerimage"] }),
  static_image: text("nginx:alpine"),
  install_command: optional(),
  build_command: optional(),
  start_command: optional({ pattern: command }),
  ports_exposes: optional(),
  ports_mappings: optional({ pattern: /^\d+:\d+(,\d+:\d+)*$/ }),
  custom_network_aliases: optional(),
  base_directory: text("/", { nullable: true, pattern: absolutePath }),
  publish_directory: optional({ pattern: absolutePath }),
  health_check_enabled: flag(false),
  health_check_type: text("http", { oneOf: ["http", "cmd"] }),
  health_check_command: optional({ max: 1000, pattern: plainCommand }),
  health_check_path: text("/", { pattern: /^\/[A-Za-z0-9._\-/~%]*$/ }),
  health_check_port: field("port", null, { nullable: true }),
  health_check_host: text("localhost", { pattern: /^[A-Za-z0-9.\-_]+$/ }),
  health_check_method: text("GET", { oneOf: ["GET", "HEAD", "POST", "OPTIONS"] }),
  health_check_return_code: number(200),
  health_check_scheme: text("http", { oneOf: ["http", "https"] }),
  health_check_response_text: optional(),
  health_check_interval: number(5),
  health_check_timeout: number(5),
  health_check_retries: number(10),
  health_check_start_period: number(5),
  limits_memory: text("0"),
  limits_memory_swap: text("0"),
  limits_memory_swappiness: number(60),
  limits_memory_reservation: text("0"),
  limits_cpus: text("0"),
  limits_cpuset: optional(),
  limits_cpu_shares: number(1024),
  dockerfile: optional({ on: "create", sensitive: true, base64: "decode" }),
  dockerfile_location: text("/Dockerfile", { nullable: true, pattern: absolutePath }),
  dockerfile_target_build: optional({ on: "patch", pattern: /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/ }),
  docker_compose_location: text("/docker-compose.yaml", { nullable: true, pattern: absolutePath }),
  docker_compose_custom_start_command: optional(),
  docker_compose_custom_build_command: optional(),
  custom_labels: optional({ sensitive: true, base64: "keep" }),
  custom_nginx_configuration: optional({ base64: "decode" }),
  custom_docker_run_options: optional({ pattern: /^(?:'[^'\n]*'|"[^"\n]*"|[^;'"\n\r])*$/ }),
  post_deployment_command: optional(),
  post_deployment_command_container: optional(),
  pre_deployment_command: optional(),
  pre_deployment_command_container: optional(),
  manual_webhook_secret_github: optional({ sensitive: true }),
  manual_webhook_secret_gitlab: optional({ sensitive: true }),
  manual_webhook_secret_bitbucket: optional({ sensitive: true }),
  manual_webhook_secret_gitea: optional({ sensitive: true }),
  redirect: text("both", { oneOf: ["www", "non-www", "both"] }),
  watch_paths: optional(),
  preview_url_template: text("{{pr_id}}.{{domain}}"),
  max_restart_count: integer(10, { min: 0 }),
  is_http_basic_auth_enabled: flag(false),
  http_basic_auth_username: optional(),
  http_basic_auth_password: optional({ sensitive: true }),

  is_static: setting(false),
  is_spa: setting(false),
  is_auto_deploy_enabled: setting(true),
  is_force_https_enabled: setting(true),
  is_preview_deployments_enabled: setting(false),
  use_build_secrets: setting(false),
  is_git_submodules_enabled: setting(true),
  is_git_lfs_enabled: setting(true),
  is_git_shallow_clone_enabled: setting(true),
  disable_build_cache: setting(false),
  inject_build_args_to_dockerfile: setting(true),
  include_source_commit_in_build: setting(false),
  is_env_sorting_enabled: setting(false),
  is_pr_deployments_public_enabled: setting(false),
  stop_grace_period: field("integer", null, { table: "settings", nullable: true, min: 1, max: 3600 }),
  docker_images_to_keep: integer(2, { table: "settings", min: 0, max: 100 }),
  is_gzip_enabled: setting(true),
  is_stripprefix_enabled: setting(true),
  is_raw_compose_deployment_enabled: setting(false),
  is_log_drain_enabled: setting(false),
  is_gpu_enabled: setting(false),
  gpu_driver: text("nvidia", { table: "settings", nullable: true }),
  gpu_count: optional({ table: "settings" }),
  gpu_device_ids: optional({ table: "settings" }),
  gpu_options: optional({ table: "settings" }),
  is_consistent_container_name_enabled: setting(false),
  custom_internal_name: optional({ table: "settings" }),
  connect_to_docker_network: setting(false),
  is_container_label_escape_enabled: setting(true),
  is_preserve_repository_enabled: setting(false)
}

const entries = Object.entries(applicationFields)

/** What a new row of `table` holds before the request's values. */
export const initialColumns = (table: "columns" | "settings"): Record<string, Column> =>
  Object.fromEntries(
    entries.flatMap(([name, field]) => (field.table === table ? [[name, field.initial]] : []))
  )

export const fieldsFor = (verb: "create" | "patch"): Readonly<Record<string, Field>> =>
  Object.fromEntries(entries.filter(([, field]) => field.on === "both" || field.on === verb))

/** Columns that a token without `read:sensitive` does not get at all. */
export const sensitiveColumns: ReadonlySet<string> = new Set([
  ...entries.flatMap(([name, field]) => (field.sensitive ? [name] : [])),
  "docker_compose",
  "docker_compose_raw",
  "private_key_id"
])
