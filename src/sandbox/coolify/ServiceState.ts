/** What Coolify's database has of services. Column names are Coolify's own. */
import * as Schema from "effect/Schema"

/** A docker compose file that Coolify runs. */
export const ComposeService = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  environment_id: Schema.Int,
  server_id: Schema.Int,
  name: Schema.String,
  description: Schema.String,
  /** As Coolify has written it anew. */
  docker_compose_raw: Schema.String,
  /** What its server gets. */
  docker_compose: Schema.String,
  /** The template that it was made of. */
  service_type: Schema.NullOr(Schema.String),
  connect_to_docker_network: Schema.Boolean,
  is_container_label_escape_enabled: Schema.Boolean,
  config_hash: Schema.NullOr(Schema.String),
  /** Coolify is about to bring its containers up: its status is `starting:unhealthy`, whatever they do. */
  is_starting: Schema.Boolean,
  tag_ids: Schema.Array(Schema.Int),
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type ComposeService = typeof ComposeService.Type

/** A volume, or a file of the server, that the compose file names. */
export const ServiceStorage = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  /** Of Docker's volume; null: a file or a directory. */
  name: Schema.NullOr(Schema.String),
  /** On the server. */
  fs_path: Schema.NullOr(Schema.String),
  mount_path: Schema.String,
  /** Of a file that Coolify writes. */
  content: Schema.NullOr(Schema.String),
  /** Coolify writes nothing: Docker makes a directory. */
  is_directory: Schema.Boolean,
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type ServiceStorage = typeof ServiceStorage.Type

/** An entry of the compose file's `services`. It stays when it has left the file. */
export const ServicePart = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  service_id: Schema.Int,
  /** By its image. */
  kind: Schema.Literal("application", "database"),
  name: Schema.String,
  image: Schema.String,
  status: Schema.String,
  /** Of an application. */
  fqdn: Schema.NullOr(Schema.String),
  human_name: Schema.NullOr(Schema.String),
  description: Schema.NullOr(Schema.String),
  exclude_from_status: Schema.Boolean,
  /** The compose text says so, or that it is not to be restarted. */
  exclude_from_hc: Schema.Boolean,
  is_gzip_enabled: Schema.Boolean,
  is_stripprefix_enabled: Schema.Boolean,
  /** Of a database. */
  is_public: Schema.Boolean,
  public_port: Schema.NullOr(Schema.Int),
  storages: Schema.Array(ServiceStorage),
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type ServicePart = typeof ServicePart.Type

/** Of the first six the subject is a service, of the others a part of one. */
export const serviceJobs = [
  "start-service",
  "up-service",
  "report-service",
  "stop-service",
  "restart-service",
  "delete-service",
  "start-part",
  "stop-part",
  "restart-part"
] as const
