/** What the containers of applications have from outside, and what is left of it on the servers. */
import * as Schema from "effect/Schema"

/** A volume of an application, or with `host_path` a directory of the server. */
export const Storage = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  application_id: Schema.Int,
  /** The name of Docker's volume. */
  name: Schema.String,
  mount_path: Schema.String,
  host_path: Schema.NullOr(Schema.String),
  is_preview_suffix_enabled: Schema.Boolean,
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type Storage = typeof Storage.Type

/** A file of an application, or what the server has at `fs_path`, that containers get at `mount_path`. */
export const FileStorage = Schema.Struct({
  id: Schema.Int,
  uuid: Schema.String,
  application_id: Schema.Int,
  fs_path: Schema.String,
  mount_path: Schema.String,
  content: Schema.NullOr(Schema.String),
  is_directory: Schema.Boolean,
  /** Not Coolify's own: it neither writes nor removes it. */
  is_host_file: Schema.Boolean,
  is_preview_suffix_enabled: Schema.Boolean,
  created_at: Schema.Number,
  updated_at: Schema.Number
})
export type FileStorage = typeof FileStorage.Type

/** What Docker keeps on a server from one container to the next. */
export const Volume = Schema.Struct({ server_id: Schema.Int, name: Schema.String })

/** What a server has on its disk, as far as applications get at it. */
export const HostPath = Schema.Struct({
  server_id: Schema.Int,
  path: Schema.String,
  /** Of a file; null: a directory. */
  content: Schema.NullOr(Schema.String)
})

/** What Coolify finds in a repository: only a compose file is looked for. */
export const RepositoryFile = Schema.Struct({
  repository: Schema.String,
  path: Schema.String,
  content: Schema.String
})

/** A volume's name, or a path of the server, at a path in the container. */
export const Mount = Schema.Struct({
  source: Schema.String,
  path: Schema.String,
  read_only: Schema.optionalWith(Schema.Literal(true), { exact: true })
})
export type Mount = typeof Mount.Type
