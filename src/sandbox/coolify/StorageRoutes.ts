/**
 * Volumes of applications. From ApplicationsController and StorageController at 4.3.11, as recorded. Files and directories
 * that are mounted from the host are not here: they are refused with 501.
 */
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import type { Application, CoolifyState, Storage } from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refuse, reply, serverError, type FieldErrors, type Refusal } from "./Reply.ts"
import { get, remove, send, type Call, type Fields, type Route } from "./Route.ts"
import { check, checkKnown, isEmpty, isTrue, text, thisIsRequired, type Rules } from "./Validation.ts"
import * as Wire from "./Wire.ts"

const common: Rules = {
  name: { type: "string", max: 255, nullable: true, pattern: /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/ },
  host_path: { type: "string", nullable: true, pattern: /^\/[\w./~@+-]*$/ },
  content: { type: "string", nullable: true }
}

const type = {
  type: "string",
  required: true,
  oneOf: ["persistent", "file"],
  words: thisIsRequired
} as const

const forCreate: Rules = {
  type,
  ...common,
  mount_path: { type: "string", required: true, words: thisIsRequired },
  is_directory: { type: "boolean" },
  is_host_file: { type: "boolean" },
  fs_path: { type: "string" }
}

const forUpdate: Rules = {
  type,
  ...common,
  uuid: { type: "string" },
  id: { type: "integer" },
  mount_path: { type: "string" },
  is_preview_suffix_enabled: { type: "boolean" }
}

const notFound = refuse(404, "Storage not found.")
const noFiles = refuse(501, "The sandbox has no file storages.")

/** Fields of the other type, each with a bare string. */
const misplaced = (body: Fields): FieldErrors =>
  Object.fromEntries(
    ["content", "is_directory", "is_host_file", "fs_path"]
      .filter((field) => field in body)
      .map((field) => [field, `Field '${field}' is not valid for type 'persistent'.`])
  )

const checked = (body: Fields, rules: Rules): Either.Either<void, Refusal> => {
  const errors = checkKnown(body, Object.keys(rules), check(body, rules))
  if (!isEmpty(errors)) return Either.left(invalid(errors))
  const others = body["type"] === "file" ? {} : misplaced(body)
  return Object.keys(others).length > 0 ? Either.left(invalid(others)) : Either.void
}

const absolute = (path: string): string => (path.startsWith("/") ? path : `/${path}`)

const ofApplication = (state: CoolifyState, application: Application): ReadonlyArray<Storage> =>
  state.storages.filter((row) => row.application_id === application.id)

/** The database's index over name and resource: Laravel answers 500. */
const isTaken = (
  state: CoolifyState,
  row: Pick<Storage, "application_id" | "name">,
  but?: Storage
): boolean =>
  state.storages.some(
    (one) => one.id !== but?.id && one.application_id === row.application_id && one.name === row.name
  )

const create = (state: CoolifyState, fresh: Fresh, { body, param, token }: Call) =>
  Either.gen(function* () {
    const { application } = yield* Lookup.application(state, token, param("uuid"))
    yield* checked(body, forCreate)
    if (body["type"] === "file") return yield* Either.left(noFiles)
    if (text(body["name"]) === "") {
      return yield* Either.left(invalid({ name: "The name field is required for persistent storages." }))
    }
    const [id, next] = takeId(state)
    const row: Storage = {
      id,
      uuid: fresh.uuid(),
      application_id: application.id,
      name: `${application.uuid}-${text(body["name"])}`,
      mount_path: absolute(text(body["mount_path"])),
      host_path: text(body["host_path"]) || null,
      is_preview_suffix_enabled: true,
      created_at: fresh.now,
      updated_at: fresh.now
    }
    if (isTaken(state, row)) return yield* Either.left(serverError)
    return [reply(201, Wire.newStorage(row)), { ...next, storages: [...next.storages, row] }] as const
  })

/** A name is taken as it is given, without the application's uuid in front: the container gets another volume then. */
const update = (state: CoolifyState, { now }: Fresh, { body, param, token }: Call) =>
  Either.gen(function* () {
    const placed = yield* Lookup.application(state, token, param("uuid"))
    yield* checked(body, forUpdate)
    if (!("uuid" in body) && !("id" in body)) {
      return yield* Either.left(invalid({ uuid: "Either uuid or id is required." }))
    }
    const row = ofApplication(state, placed.application).find((one) =>
      "uuid" in body ? one.uuid === body["uuid"] : one.id === Number(body["id"])
    )
    if (row === undefined || body["type"] === "file") return yield* Either.left(notFound)
    const changed: Storage = {
      ...row,
      name: text(body["name"]) || row.name,
      mount_path: "mount_path" in body ? absolute(text(body["mount_path"])) : row.mount_path,
      host_path: "host_path" in body ? text(body["host_path"]) || null : row.host_path,
      is_preview_suffix_enabled:
        "is_preview_suffix_enabled" in body
          ? isTrue(body["is_preview_suffix_enabled"])
          : row.is_preview_suffix_enabled,
      updated_at: now
    }
    if (isTaken(state, changed, row)) return yield* Either.left(serverError)
    const answer = { ...Wire.storage(changed), resource: Wire.owner(placed) }
    return [reply(200, answer), { ...state, storages: replaceRow(state.storages, changed) }] as const
  })

/** The volume itself stays on the server, with its data. */
const forget = (state: CoolifyState, { param, token }: Call) =>
  Either.gen(function* () {
    const { application } = yield* Lookup.application(state, token, param("uuid"))
    const row = ofApplication(state, application).find((one) => one.uuid === param("storage"))
    if (row === undefined) return yield* Either.left(notFound)
    const storages = state.storages.filter((one) => one.id !== row.id)
    return [reply(200, { message: "Storage deleted." }), { ...state, storages }] as const
  })

export const storageRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get("/applications/:uuid/storages", "read", ({ param, token }) =>
    database.read((state) =>
      Lookup.application(state, token, param("uuid"), Lookup.notFoundOnWrite).pipe(
        Either.map(({ application }) =>
          reply(200, {
            persistent_storages: ofApplication(state, application).map(Wire.storage),
            file_storages: []
          })
        )
      )
    )
  ),
  send("POST", "/applications/:uuid/storages", "write", (call) =>
    database.transact((state, fresh) => create(state, fresh, call))
  ),
  send("PATCH", "/applications/:uuid/storages", "write", (call) =>
    database.transact((state, fresh) => update(state, fresh, call))
  ),
  remove("/applications/:uuid/storages/:storage", (call) => database.transact((state) => forget(state, call)))
]
