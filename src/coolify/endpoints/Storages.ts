/** The volumes and files of applications: what their containers get from outside. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import type { Transport } from "../Transport.ts"
import { Created, orElse, Uuid } from "./Fields.ts"

/** A volume of Docker's, or with `hostPath` a directory of the server, that containers get at `mountPath`. */
export interface Storage {
  readonly uuid: string
  /** The volume's own name on the server: Coolify puts `<application uuid>-` before the one that it is created with. */
  readonly name: string
  /** What stands behind a colon in it are mount options: `/data:ro`. */
  readonly mountPath: string
  readonly hostPath: string | undefined
}

/** What Coolify calls a file storage. */
export interface FileStorage {
  readonly uuid: string
  readonly mountPath: string
  /** `directory` and `host-file`: the server's own, at a path that somebody chose. */
  readonly type: "file" | "directory" | "host-file"
  /** Where the server has it. */
  readonly serverPath: string
  /** `undefined`: the token may not read it, or Coolify has a remark in its place (binary, too large). */
  readonly content: Redacted.Redacted<string> | undefined
}

/** One that Coolify writes and removes itself. */
export type OwnFile = FileStorage & { readonly type: "file" }

export interface Stored {
  readonly volumes: ReadonlyArray<Storage>
  readonly files: ReadonlyArray<FileStorage>
}

export interface NewStorage {
  readonly name: string
  readonly mountPath: string
  readonly hostPath?: string | undefined
}

export interface NewFile {
  readonly mountPath: string
  readonly content: Redacted.Redacted<string>
}

/**
 * Requests about volumes and files. Each takes effect with the next deployment of the application. Docker makes a volume
 * when a container first gets it, and only `applications.remove` with `deleteVolumes` removes it again, and of the volumes
 * only those that the application has then. Directories of the server stay whatever is removed. Measured on 4.3.11.
 */
export interface Storages {
  readonly list: (applicationUuid: string) => Effect.Effect<Stored, CoolifyError>
  /** `ServerError` where the application has a volume of that name; two of them may have one path, and the last one wins. */
  readonly create: (
    applicationUuid: string,
    storage: NewStorage
  ) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
  /** Moves it to another path. A name is not changed here: another name is another volume, and an empty one. */
  readonly update: (
    applicationUuid: string,
    storageUuid: string,
    to: { readonly mountPath: string }
  ) => Effect.Effect<void, CoolifyError>
  /** The data stays on the server. */
  readonly remove: (applicationUuid: string, storageUuid: string) => Effect.Effect<void, CoolifyError>
  /**
   * Coolify trims the content at both ends and writes the file to the server a moment after it has answered. A content
   * cannot be changed: its PATCH leaves the server's file as it was. `ServerError` where the application has a file at
   * that path.
   */
  readonly createFile: (
    applicationUuid: string,
    file: NewFile
  ) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
  /**
   * Coolify also removes the file from the server. Of a directory it would remove all that the server has there, so there
   * is no such request.
   */
  readonly removeFile: (
    applicationUuid: string,
    file: Pick<OwnFile, "uuid" | "mountPath" | "type">
  ) => Effect.Effect<void, CoolifyError>
}

const StorageRows = Schema.Struct({
  persistent_storages: Schema.Array(
    Schema.Struct({
      uuid: Uuid,
      name: Schema.String,
      mount_path: Schema.String,
      host_path: Schema.optionalWith(Schema.String, { nullable: true })
    })
  ),
  file_storages: orElse(
    Schema.Array(
      Schema.Struct({
        uuid: Uuid,
        fs_path: Schema.String,
        mount_path: Schema.String,
        // Absent when the token may not read it; null is an empty file.
        content: Schema.optional(Schema.NullOr(Schema.Redacted(Schema.String))),
        is_directory: orElse(Schema.Boolean, false),
        is_host_file: orElse(Schema.Boolean, false),
        is_binary: orElse(Schema.Boolean, false),
        is_too_large: orElse(Schema.Boolean, false)
      })
    ),
    []
  )
})

const toFile = (row: (typeof StorageRows.Type)["file_storages"][number]): FileStorage => ({
  uuid: row.uuid,
  mountPath: row.mount_path,
  type: row.is_directory ? "directory" : row.is_host_file ? "host-file" : "file",
  serverPath: row.fs_path,
  content:
    row.is_binary || row.is_too_large ? undefined : row.content === null ? Redacted.make("") : row.content
})

/** In the body, as the path of this request ends before the storage. */
const persistent = { type: "persistent" }

const oneStorage = "/applications/{application}/storages/{storage}"

export const makeStorages = ({ done, json }: Transport): Storages => ({
  list: (uuid) =>
    json(
      { method: "listStorages", verb: "GET", path: "/applications/{uuid}/storages", ids: { uuid } },
      StorageRows
    ).pipe(
      Effect.map(({ file_storages: files, persistent_storages: volumes }) => ({
        volumes: volumes.map((row) => ({
          uuid: row.uuid,
          name: row.name,
          mountPath: row.mount_path,
          hostPath: row.host_path
        })),
        files: files.map(toFile)
      }))
    ),
  create: (uuid, { hostPath, mountPath, name }) =>
    json(
      {
        method: "createStorage",
        verb: "POST",
        path: "/applications/{uuid}/storages",
        ids: { uuid },
        body: {
          ...persistent,
          name,
          mount_path: mountPath,
          ...(hostPath === undefined ? {} : { host_path: hostPath })
        }
      },
      Created
    ),
  update: (uuid, storage, { mountPath }) =>
    done({
      method: "updateStorage",
      verb: "PATCH",
      path: "/applications/{uuid}/storages",
      ids: { uuid },
      body: { ...persistent, uuid: storage, mount_path: mountPath }
    }),
  remove: (application, storage) =>
    done({ method: "deleteStorage", verb: "DELETE", path: oneStorage, ids: { application, storage } }),
  createFile: (uuid, { content, mountPath }) =>
    json(
      {
        method: "createFile",
        verb: "POST",
        path: "/applications/{uuid}/storages",
        ids: { uuid },
        body: { type: "file", mount_path: mountPath, content: Redacted.value(content) },
        secrets: [content]
      },
      Created
    ),
  removeFile: (application, { uuid: storage }) =>
    done({ method: "deleteFile", verb: "DELETE", path: oneStorage, ids: { application, storage } })
})
