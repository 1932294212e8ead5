/**
 * All that the sandbox's Coolify remembers: its database and what runs on its servers. Column names are Coolify's own.
 */
import * as Schema from "effect/Schema"
import { LogLine } from "./LogLine.ts"
import { ComposeService, serviceJobs, ServicePart } from "./ServiceState.ts"
import { GithubApp, PrivateKey } from "./SourceState.ts"
import { FileStorage, HostPath, Mount, RepositoryFile, Storage, Volume } from "./StorageState.ts"

/** A column's value; `number` is an integer. */
export const Column = Schema.Union(
  Schema.String,
  Schema.Number,
  Schema.Boolean,
  Schema.Null,
  Schema.Array(Schema.String)
)
export type Column = typeof Column.Type
export const Columns = Schema.Record({ key: Schema.String, value: Column })
export type Columns = typeof Columns.Type

/** Abilities do not imply each other; `root` passes everywhere. */
export const Ability = Schema.Literal("read", "read:sensitive", "write", "write:sensitive", "deploy", "root")
export type Ability = typeof Ability.Type

/** Presented as `<id>|<secret>`. Times are epoch milliseconds throughout. */
export const Token = Schema.Struct({
  id: Schema.Int,
  secret: Schema.String,
  user_id: Schema.Int,
  team_id: Schema.Int,
  abilities: Schema.Array(Ability),
  expires_at: Schema.NullOr(Schema.Number)
})
export type Token = typeof Token.Type

export const Server = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  team_id: Schema.Int,
  name: Schema.String,
  description: Schema.NullOr(Schema.String),
  ip: Schema.String,
  is_reachable: Schema.Boolean,
  is_usable: Schema.Boolean,
  is_build_server: Schema.Boolean,
  /** With `NONE` Coolify neither checks nor changes domains. */
  proxy: Schema.Literal("TRAEFIK", "NONE"),
  wildcard_domain: Schema.NullOr(Schema.String),
  concurrent_builds: Schema.Int,
  deployment_queue_limit: Schema.Int,
  destination_id: Schema.Int,
  destination_uuid: Schema.String,
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type Server = typeof Server.Type

export const Project = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  team_id: Schema.Int,
  name: Schema.String,
  description: Schema.NullOr(Schema.String),
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type Project = typeof Project.Type

export const Environment = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  project_id: Schema.Int,
  name: Schema.String,
  description: Schema.NullOr(Schema.String),
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type Environment = typeof Environment.Type

export const Application = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  environment_id: Schema.Int,
  server_id: Schema.Int,
  /** `state:health`, as last written; it lags behind what runs. */
  status: Schema.String,
  restart_count: Schema.Int,
  /** When Coolify last noticed a restart. */
  last_restart_at: Schema.optionalWith(Schema.NullOr(Schema.Number), { default: () => null }),
  config_hash: Schema.NullOr(Schema.String),
  /** What its repository is read with: a key, or an App in place of Coolify's own entry for what is public. */
  private_key_id: Schema.optionalWith(Schema.NullOr(Schema.Int), { default: () => null }),
  github_app_id: Schema.optionalWith(Schema.NullOr(Schema.Int), { default: () => null }),
  /** The settable columns, see ApplicationFields. */
  columns: Columns,
  /** The settable rows of `application_settings`. */
  settings: Columns,
  tag_ids: Schema.Array(Schema.Int),
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type Application = typeof Application.Type

export const Variable = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  /** Of the application, the service or the database that has it: no two rows share a number. */
  application_id: Schema.Int,
  key: Schema.String,
  value: Schema.NullOr(Schema.String),
  is_preview: Schema.Boolean,
  is_literal: Schema.Boolean,
  is_multiline: Schema.Boolean,
  is_shown_once: Schema.Boolean,
  is_runtime: Schema.Boolean,
  is_buildtime: Schema.Boolean,
  /** The compose text asks for it with `${NAME:?}`. */
  is_required: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  comment: Schema.NullOr(Schema.String),
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type Variable = typeof Variable.Type

/** A command that is run in an application's container over and over; the sandbox runs none. */
export const ScheduledTask = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  application_id: Schema.Int,
  name: Schema.String,
  command: Schema.String,
  container: Schema.NullOr(Schema.String),
  enabled: Schema.Boolean,
  frequency: Schema.String,
  timeout: Schema.Int,
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type ScheduledTask = typeof ScheduledTask.Type

export const DatabaseEngine = Schema.Literal(
  "postgresql",
  "mysql",
  "mariadb",
  "mongodb",
  "redis",
  "keydb",
  "dragonfly",
  "clickhouse"
)
export type DatabaseEngine = typeof DatabaseEngine.Type

/** A database beside the applications. */
export const StandaloneDatabase = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  engine: DatabaseEngine,
  /** Its row in the table of its engine: databases of several engines share one. */
  number: Schema.optionalWith(Schema.Int, { default: () => 0 }),
  environment_id: Schema.Int,
  server_id: Schema.Int,
  status: Schema.String,
  columns: Columns,
  /** The server's port at which its proxy listens. */
  proxy: Schema.optionalWith(Schema.NullOr(Schema.Int), { default: () => null }),
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type StandaloneDatabase = typeof StandaloneDatabase.Type

/** A schedule of backups, with what came of it. */
export const DatabaseBackup = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  team_id: Schema.Int,
  engine: DatabaseEngine,
  /** Of the database. */
  number: Schema.Int,
  columns: Columns,
  s3_storage_id: Schema.NullOr(Schema.Int),
  executions: Schema.Array(
    Schema.Struct({
      uuid: Schema.String,
      filename: Schema.String,
      size: Schema.Int,
      created_at: Schema.String,
      message: Schema.NullOr(Schema.String),
      status: Schema.String
    })
  ),
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type DatabaseBackup = typeof DatabaseBackup.Type

export const S3Storage = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  team_id: Schema.Int,
  columns: Columns,
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type S3Storage = typeof S3Storage.Type

export const Tag = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  team_id: Schema.Int,
  name: Schema.String,
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type Tag = typeof Tag.Type

export const DeploymentStatus = Schema.Literal(
  "queued",
  "in_progress",
  "finished",
  "failed",
  "cancelled-by-user"
)
export type DeploymentStatus = typeof DeploymentStatus.Type

export const Deployment = Schema.Struct({
  id: Schema.Int,
  deployment_uuid: Schema.String,
  application_id: Schema.Int,
  server_id: Schema.Int,
  status: DeploymentStatus,
  commit: Schema.String,
  commit_message: Schema.NullOr(Schema.String),
  pull_request_id: Schema.Int,
  docker_registry_image_tag: Schema.NullOr(Schema.String),
  force_rebuild: Schema.Boolean,
  restart_only: Schema.Boolean,
  rollback: Schema.Boolean,
  /** Started beside the limits: `instant_deploy` of a create and of start. */
  instant: Schema.Boolean,
  logs: Schema.Array(LogLine),
  created_at: Schema.Number,
  updated_at: Schema.Number,
  finished_at: Schema.NullOr(Schema.Number)
})
export type Deployment = typeof Deployment.Type

/** One proxy router; `port` null: the port that the image exposes. */
export const Route = Schema.Struct({
  host: Schema.String,
  path: Schema.String,
  port: Schema.NullOr(Schema.Int),
  /** Visitors are sent to the name with `www.`, or to the one without. */
  redirect: Schema.optionalWith(Schema.Literal("www", "non-www"), { exact: true }),
  /** `name:hash`: who is let in. */
  users: Schema.optionalWith(Schema.String, { exact: true })
})
export type Route = typeof Route.Type

/** What runs now, as it was at its deployment. */
export const Container = Schema.Struct({
  /** Of an application, or of one part of a service. */
  application_uuid: Schema.String,
  deployment_uuid: Schema.String,
  name: Schema.String,
  image: Schema.String,
  commit: Schema.String,
  env: Schema.Record({ key: Schema.String, value: Schema.String }),
  routes: Schema.Array(Route),
  mounts: Schema.optionalWith(Schema.Array(Mount), { default: () => [] }),
  /** Of the mounts those that are files, as the container sees them. */
  files: Schema.optionalWith(Schema.Array(Schema.Struct({ path: Schema.String, content: Schema.String })), {
    default: () => []
  }),
  /** The port the application listens on; null: whatever the proxy asks. */
  listens: Schema.NullOr(Schema.Int),
  /** Ports of the server that lead to it. */
  publishes: Schema.optional(Schema.Array(Schema.Int)),
  /** `none`: no health check is configured. */
  health: Schema.Literal("healthy", "unhealthy", "none"),
  started_at: Schema.Number
})
export type Container = typeof Container.Type

/** Work that Coolify does after it has answered. */
export const Job = Schema.Struct({
  id: Schema.Int,
  kind: Schema.Literal(
    "delete",
    "stop",
    "refresh",
    "check",
    "give-up",
    "load-compose",
    "start-database",
    "probe-database",
    "stop-database",
    "restart-database",
    "delete-database",
    ...serviceJobs
  ),
  /** Of the application, the database, the service or the part of one that it is about. */
  application_uuid: Schema.String,
  /** Of a deletion. */
  keeps_volumes: Schema.optionalWith(Schema.Boolean, { default: () => false })
})
export type Job = typeof Job.Type

export const CoolifyState = Schema.Struct({
  version: Schema.Literal(1),
  next_id: Schema.Int,
  settings: Schema.Struct({
    api_enabled: Schema.Boolean,
    /** Comma list of addresses and CIDR blocks; empty or `0.0.0.0`: everybody. */
    allowed_ips: Schema.String,
    /** Of the host that Coolify itself runs on, as far as the instance knows. */
    public_ipv4: Schema.optional(Schema.String)
  }),
  tokens: Schema.Array(Token),
  servers: Schema.Array(Server),
  private_keys: Schema.optionalWith(Schema.Array(PrivateKey), { default: () => [] }),
  github_apps: Schema.optionalWith(Schema.Array(GithubApp), { default: () => [] }),
  projects: Schema.Array(Project),
  environments: Schema.Array(Environment),
  applications: Schema.Array(Application),
  variables: Schema.Array(Variable),
  storages: Schema.optionalWith(Schema.Array(Storage), { default: () => [] }),
  files: Schema.optionalWith(Schema.Array(FileStorage), { default: () => [] }),
  disk: Schema.optionalWith(Schema.Array(HostPath), { default: () => [] }),
  /** `REPOSITORY#BRANCH`, once for each commit after the first. */
  pushes: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  repository_files: Schema.optionalWith(Schema.Array(RepositoryFile), { default: () => [] }),
  tasks: Schema.optionalWith(Schema.Array(ScheduledTask), { default: () => [] }),
  databases: Schema.optionalWith(Schema.Array(StandaloneDatabase), { default: () => [] }),
  services: Schema.optionalWith(Schema.Array(ComposeService), { default: () => [] }),
  parts: Schema.optionalWith(Schema.Array(ServicePart), { default: () => [] }),
  backups: Schema.optionalWith(Schema.Array(DatabaseBackup), { default: () => [] }),
  s3_storages: Schema.optionalWith(Schema.Array(S3Storage), { default: () => [] }),
  volumes: Schema.optionalWith(Schema.Array(Volume), { default: () => [] }),
  tags: Schema.Array(Tag),
  deployments: Schema.Array(Deployment),
  containers: Schema.Array(Container),
  jobs: Schema.Array(Job)
})
export type CoolifyState = typeof CoolifyState.Type
