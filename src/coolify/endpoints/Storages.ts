/** The volumes of applications: what they keep from one release to the next. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import type { Transport } from "../Transport.ts"
import { Created, Uuid } from "./Fields.ts"

/** A volume of Docker's, or with `hostPath` a directory of the server, that containers get at `mountPath`. */
export interface Storage {
  readonly uuid: string
  /** The volume's own name on the server: Coolify puts `<application uuid>-` before the one that it is created with. */
  readonly name: string
  readonly mountPath: string
  readonly hostPath: string | undefined
}

/**
 * Requests about volumes. Each takes effect with the next deployment of the application. Docker makes a volume when a
 * container first gets it, and only `applications.remove` with `deleteVolumes` removes it again, and of the volumes only
 * those that the application has then. Measured on 4.3.11.
 */
export interface Storages {
  /** Files and directories that are mounted from the server are not among them. */
  readonly list: (applicationUuid: string) => Effect.Effect<ReadonlyArray<Storage>, CoolifyError>
  /** `ServerError` where the application has a volume of that name; two of them may have one path, and the last one wins. */
  readonly create: (
    applicationUuid: string,
    storage: { readonly name: string; readonly mountPath: string }
  ) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
  /** Moves it to another path. A name is not changed here: another name is another volume, and an empty one. */
  readonly update: (
    applicationUuid: string,
    storageUuid: string,
    to: { readonly mountPath: string }
  ) => Effect.Effect<void, CoolifyError>
  /** The data stays on the server. */
  readonly remove: (applicationUuid: string, storageUuid: string) => Effect.Effect<void, CoolifyError>
}

const StorageRows = Schema.Struct({
  persistent_storages: Schema.Array(
    Schema.Struct({
      uuid: Uuid,
      name: Schema.String,
      mount_path: Schema.String,
      host_path: Schema.optionalWith(Schema.String, { nullable: true })
    })
  )
})

/** In the body, as the path of this request ends before the storage. */
const persistent = { type: "persistent" }

export const makeStorages = ({ done, json }: Transport): Storages => ({
  list: (uuid) =>
    json(
      { method: "listStorages", verb: "GET", path: "/applications/{uuid}/storages", ids: { uuid } },
      StorageRows
    ).pipe(
      Effect.map(({ persistent_storages: rows }) =>
        rows.map((row) => ({
          uuid: row.uuid,
          name: row.name,
          mountPath: row.mount_path,
          hostPath: row.host_path
        }))
      )
    ),
  create: (uuid, { mountPath, name }) =>
    json(
      {
        method: "createStorage",
        verb: "POST",
        path: "/applications/{uuid}/storages",
        ids: { uuid },
        body: { ...persistent, name, mount_path: mountPath }
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
    done({
      method: "deleteStorage",
      verb: "DELETE",
      path: "/applications/{application}/storages/{storage}",
      ids: { application, storage }
    })
})
