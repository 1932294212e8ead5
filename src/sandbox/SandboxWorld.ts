/** Everything that the sandbox's world holds, in an order of its own: equal before and after is equal. */
import * as Schema from "effect/Schema"
import { ZoneWorld } from "./dns/Zone.ts"

const Column = Schema.Union(
  Schema.String,
  Schema.Number,
  Schema.Boolean,
  Schema.Null,
  Schema.Array(Schema.String)
)
const Columns = Schema.Record({ key: Schema.String, value: Column })

const Project = Schema.Struct({
  uuid: Schema.String,
  name: Schema.String,
  description: Schema.NullOr(Schema.String),
  environments: Schema.Array(Schema.String)
})

const Variable = Schema.Struct({
  key: Schema.String,
  value: Schema.NullOr(Schema.String),
  comment: Schema.NullOr(Schema.String),
  is_preview: Schema.Boolean,
  is_literal: Schema.Boolean,
  is_multiline: Schema.Boolean,
  is_shown_once: Schema.Boolean,
  is_runtime: Schema.Boolean,
  is_buildtime: Schema.Boolean
})

const Application = Schema.Struct({
  uuid: Schema.String,
  project: Schema.String,
  environment: Schema.String,
  server: Schema.String,
  columns: Columns,
  settings: Columns,
  tags: Schema.Array(Schema.String),
  variables: Schema.Array(Variable),
  storages: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      mount_path: Schema.String,
      host_path: Schema.NullOr(Schema.String)
    })
  ),
  files: Schema.Array(
    Schema.Struct({
      mount_path: Schema.String,
      fs_path: Schema.String,
      content: Schema.NullOr(Schema.String),
      is_directory: Schema.Boolean,
      is_host_file: Schema.Boolean
    })
  ),
  tasks: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      command: Schema.String,
      container: Schema.NullOr(Schema.String),
      enabled: Schema.Boolean,
      frequency: Schema.String,
      timeout: Schema.Number
    })
  )
})

const Database = Schema.Struct({
  uuid: Schema.String,
  project: Schema.String,
  environment: Schema.String,
  server: Schema.String,
  engine: Schema.String,
  columns: Columns,
  state: Schema.String,
  backups: Schema.Array(Schema.Struct({ columns: Columns, s3: Schema.NullOr(Schema.String) }))
})

const Service = Schema.Struct({
  uuid: Schema.String,
  project: Schema.String,
  environment: Schema.String,
  server: Schema.String,
  name: Schema.String,
  description: Schema.String,
  compose: Schema.String,
  connect_to_docker_network: Schema.Boolean,
  tags: Schema.Array(Schema.String),
  variables: Schema.Array(Variable),
  parts: Schema.Array(
    Schema.Struct({
      uuid: Schema.String,
      name: Schema.String,
      kind: Schema.String,
      image: Schema.String,
      fqdn: Schema.NullOr(Schema.String)
    })
  )
})

const Container = Schema.Struct({
  application: Schema.String,
  image: Schema.String,
  env: Schema.Record({ key: Schema.String, value: Schema.String }),
  routes: Schema.Array(
    Schema.Struct({ host: Schema.String, path: Schema.String, port: Schema.NullOr(Schema.Number) })
  ),
  mounts: Schema.Array(
    Schema.Struct({
      source: Schema.String,
      path: Schema.String,
      read_only: Schema.optionalWith(Schema.Literal(true), { exact: true })
    })
  ),
  files: Schema.Array(Schema.Struct({ path: Schema.String, content: Schema.String })),
  listens: Schema.NullOr(Schema.Number),
  health: Schema.String
})

/** Coolify's resources and what runs, and all records of all zones with TTLs and comments. */
export const World = Schema.Struct({
  coolify: Schema.Struct({
    projects: Schema.Array(Project),
    applications: Schema.Array(Application),
    containers: Schema.Array(Container),
    databases: Schema.Array(Database),
    services: Schema.Array(Service),
    volumes: Schema.Array(Schema.String),
    disk: Schema.Array(Schema.Struct({ path: Schema.String, content: Schema.NullOr(Schema.String) }))
  }),
  zones: Schema.Array(ZoneWorld)
})
export type World = typeof World.Type
