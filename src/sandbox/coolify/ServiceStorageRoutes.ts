/**
 * What services store, as the API shows and changes it: of volumes nothing can be changed, of files their content, which
 * reaches no container. From ServicesController at 4.3.11, as recorded.
 */
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import type { CoolifyState } from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Disk from "./Disk.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refusal, refuse, reply } from "./Reply.ts"
import { get, remove, send, type Call, type Route } from "./Route.ts"
import { folderOf } from "./ServiceParse.ts"
import type { ServicePart, ServiceStorage } from "./ServiceState.ts"
import * as Wire from "./ServiceWire.ts"
import { check, checkKnown, isEmpty, text, thisIsRequired, type Rules } from "./Validation.ts"

const type = {
  type: "string",
  required: true,
  oneOf: ["persistent", "file"],
  words: thisIsRequired
} as const

const forCreate: Rules = {
  type,
  resource_uuid: { type: "string", required: true, words: thisIsRequired },
  name: { type: "string", max: 255, nullable: true },
  mount_path: { type: "string", required: true, words: thisIsRequired },
  host_path: { type: "string", nullable: true },
  content: { type: "string", nullable: true }
}

const forUpdate: Rules = {
  type,
  uuid: { type: "string" },
  id: { type: "integer" },
  name: { type: "string", nullable: true },
  mount_path: { type: "string" },
  host_path: { type: "string", nullable: true },
  content: { type: "string", nullable: true },
  is_preview_suffix_enabled: { type: "boolean" }
}

const notFound = refuse(404, "Storage not found.")

const managed = "This storage is read-only (managed by docker-compose or service definition)"

const find = ({ parts }: Lookup.PlacedService, wanted: (row: ServiceStorage) => boolean) => {
  for (const part of parts) {
    const row = part.storages.find(wanted)
    if (row !== undefined) return Either.right({ part, row })
  }
  return Either.left(notFound)
}

const withStorages = (
  state: CoolifyState,
  part: ServicePart,
  storages: ReadonlyArray<ServiceStorage>
): CoolifyState => ({ ...state, parts: replaceRow(state.parts, { ...part, storages }) })

const create = (state: CoolifyState, fresh: Fresh, { body, param, token }: Call) =>
  Either.gen(function* () {
    const placed = yield* Lookup.service(state, token, param("uuid"))
    const { service } = placed
    const errors = checkKnown(body, Object.keys(forCreate), check(body, forCreate))
    if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
    const part = placed.parts.find(({ uuid }) => uuid === body["resource_uuid"])
    if (part === undefined) return yield* Either.left(refuse(404, "Resource not found."))
    const isFile = body["type"] === "file"
    const path = text(body["mount_path"])
    const mountPath = path.startsWith("/") ? path : `/${path}`
    const fsPath = isFile ? `${folderOf(service)}${mountPath}` : null
    const [id, next] = takeId(state)
    const row: ServiceStorage = {
      id,
      uuid: fresh.uuid(),
      name: isFile ? null : `${part.uuid}-${text(body["name"])}`,
      fs_path: fsPath,
      mount_path: mountPath,
      content: isFile ? text(body["content"]) : null,
      is_directory: false,
      created_at: fresh.now,
      updated_at: fresh.now
    }
    const stored = withStorages(next, part, [...part.storages, row])
    const disk =
      fsPath === null
        ? stored.disk
        : Disk.writeFile(stored.disk, service.server_id, fsPath, row.content ?? "")
    return [reply(201, Wire.newStorage(part, row)), { ...stored, disk }] as const
  })

const update = (state: CoolifyState, { now }: Fresh, { body, param, token }: Call) =>
  Either.gen(function* () {
    const placed = yield* Lookup.service(state, token, param("uuid"))
    const errors = checkKnown(body, Object.keys(forUpdate), check(body, forUpdate))
    if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
    const { part, row } = yield* find(
      placed,
      (one) => (one.name === null) === (body["type"] === "file") && one.uuid === body["uuid"]
    )
    const fixed = Object.keys(body).filter(
      (field) => !["type", "uuid", "id", "is_preview_suffix_enabled"].includes(field)
    )
    if (row.name !== null && fixed.length > 0) {
      const message = `${managed}. Only is_preview_suffix_enabled can be updated.`
      return yield* Either.left(refusal(422, { message, read_only_fields: fixed }))
    }
    const changed: ServiceStorage = {
      ...row,
      content: "content" in body ? text(body["content"]) : row.content,
      updated_at: now
    }
    const done = withStorages(
      state,
      part,
      part.storages.map((one) => (one.id === row.id ? changed : one))
    )
    return [reply(200, Wire.storageWritten(placed, part, changed)), done] as const
  })

const forget = (state: CoolifyState, { param, token }: Call) =>
  Either.gen(function* () {
    const placed = yield* Lookup.service(state, token, param("uuid"))
    const { part, row } = yield* find(placed, ({ uuid }) => uuid === param("storage"))
    if (row.fs_path === null) {
      return yield* Either.left(refuse(422, `${managed} and cannot be deleted.`))
    }
    const done = withStorages(
      state,
      part,
      part.storages.filter(({ id }) => id !== row.id)
    )
    const disk = Disk.remove(state.disk, placed.service.server_id, row.fs_path)
    return [reply(200, { message: "Storage deleted." }), { ...done, disk }] as const
  })

export const serviceStorageRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get("/services/:uuid/storages", "read", ({ param, token }) =>
    database.read((state) =>
      Either.map(Lookup.service(state, token, param("uuid")), (placed) => reply(200, Wire.storages(placed)))
    )
  ),
  send("POST", "/services/:uuid/storages", "write", (call) =>
    database.transact((state, fresh) => create(state, fresh, call))
  ),
  send("PATCH", "/services/:uuid/storages", "write", (call) =>
    database.transact((state, fresh) => update(state, fresh, call))
  ),
  remove("/services/:uuid/storages/:storage", (call) => database.transact((state) => forget(state, call)))
]
