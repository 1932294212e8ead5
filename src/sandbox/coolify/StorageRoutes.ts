/**
 * Volumes and files of applications. From ApplicationsController and StorageController at 4.3.11, as recorded, and how
 * files come to the server's disk: from LocalFileVolume there.
 */
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import type { Application, CoolifyState } from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Disk from "./Disk.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refuse, reply, serverError, type FieldErrors, type Refusal, type Reply } from "./Reply.ts"
import { get, remove, send, type Call, type Fields, type Route } from "./Route.ts"
import { check, checkKnown, isEmpty, isTrue, text, thisIsRequired, type Rules } from "./Validation.ts"
import type { FileStorage, Storage } from "./StorageState.ts"
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

const fieldsOfOther = {
  persistent: ["content", "is_directory", "is_host_file", "fs_path"],
  file: ["name", "host_path"]
}

/** Fields of the other type, each with a bare string. */
const misplaced = (body: Fields): FieldErrors => {
  const type = body["type"] === "file" ? "file" : "persistent"
  return Object.fromEntries(
    fieldsOfOther[type]
      .filter((field) => field in body)
      .map((field) => [field, `Field '${field}' is not valid for type '${type}'.`])
  )
}

const checked = (body: Fields, rules: Rules): Either.Either<void, Refusal> => {
  const errors = checkKnown(body, Object.keys(rules), check(body, rules))
  if (!isEmpty(errors)) return Either.left(invalid(errors))
  const others = misplaced(body)
  return Object.keys(others).length > 0 ? Either.left(invalid(others)) : Either.void
}

const absolute = (path: string): string => (path.startsWith("/") ? path : `/${path}`)

const ofApplication = <A extends { readonly application_id: number }>(
  rows: ReadonlyArray<A>,
  application: Application
): ReadonlyArray<A> => rows.filter((row) => row.application_id === application.id)

/** The database's index over name and resource: Laravel answers 500. */
const isTaken = (
  state: CoolifyState,
  row: Pick<Storage, "application_id" | "name">,
  but?: Storage
): boolean =>
  state.storages.some(
    (one) => one.id !== but?.id && one.application_id === row.application_id && one.name === row.name
  )

/** What Coolify refuses to put between quotes on the server: its answer is 500. */
const isShellSafe = (path: string): boolean => !/[`$(){}|;&<>\n\r\t'"\\*?[\]!]/.test(path)

const createFile = (
  state: CoolifyState,
  fresh: Fresh,
  { body, sensitive }: Call,
  placed: Lookup.Placed
): Either.Either<readonly [Reply, CoolifyState], Refusal> =>
  Either.gen(function* () {
    const { application } = placed
    const mountPath = absolute(text(body["mount_path"]))
    const [isDirectory, isHostFile] = [isTrue(body["is_directory"]), isTrue(body["is_host_file"])]
    const wanted = isDirectory ? "directory" : "host file"
    if ((isDirectory || isHostFile) && text(body["fs_path"]) === "") {
      return yield* Either.left(invalid({ fs_path: `The fs_path field is required for ${wanted} mounts.` }))
    }
    if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(mountPath)) {
      return yield* Either.left(
        invalid({
          mount_path: "Invalid file storage path: relative path segments ('.' or '..') are not allowed."
        })
      )
    }
    const fsPath =
      isDirectory || isHostFile ? text(body["fs_path"]) : `${Disk.folderOf(application.uuid)}${mountPath}`
    const isThere = ofApplication(state.files, application).some((row) => row.mount_path === mountPath)
    if (isThere || !isShellSafe(fsPath)) return yield* Either.left(serverError)
    const [id, next] = takeId(state)
    const row: FileStorage = {
      id,
      uuid: fresh.uuid(),
      application_id: application.id,
      fs_path: fsPath,
      mount_path: mountPath,
      content: isDirectory || isHostFile ? null : text(body["content"]) || null,
      is_directory: isDirectory,
      is_host_file: isHostFile,
      is_preview_suffix_enabled: true,
      created_at: fresh.now,
      updated_at: fresh.now
    }
    const { server_id: server } = application
    // PHP takes "0" for nothing.
    const written = row.content === "0" ? "" : (row.content ?? "")
    const disk = isHostFile
      ? next.disk
      : isDirectory
        ? Disk.makeDirectory(next.disk, server, fsPath)
        : Disk.writeFile(next.disk, server, fsPath, written)
    return [
      reply(201, Wire.newFile(row, placed, sensitive)),
      { ...next, disk, files: [...next.files, row] }
    ] as const
  })

const create = (state: CoolifyState, fresh: Fresh, call: Call) =>
  Either.gen(function* () {
    const { body, param, token } = call
    const placed = yield* Lookup.application(state, token, param("uuid"))
    const { application } = placed
    yield* checked(body, forCreate)
    if (body["type"] === "file") return yield* createFile(state, fresh, call, placed)
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
const update = (state: CoolifyState, { now }: Fresh, { body, param, sensitive, token }: Call) =>
  Either.gen(function* () {
    const placed = yield* Lookup.application(state, token, param("uuid"))
    yield* checked(body, forUpdate)
    if (!("uuid" in body) && !("id" in body)) {
      return yield* Either.left(invalid({ uuid: "Either uuid or id is required." }))
    }
    const isMeant = (one: { readonly uuid: string; readonly id: number }) =>
      "uuid" in body ? one.uuid === body["uuid"] : one.id === Number(body["id"])
    if (body["type"] === "file") {
      const file = ofApplication(state.files, placed.application).find(isMeant)
      if (file === undefined) return yield* Either.left(notFound)
      // The file on the server stays as it was.
      const changed: FileStorage = {
        ...file,
        content: "content" in body ? text(body["content"]) || null : file.content,
        mount_path: "mount_path" in body ? absolute(text(body["mount_path"])) : file.mount_path,
        updated_at: now
      }
      const answer = { ...Wire.file(changed, sensitive), service: Wire.owner(placed) }
      return [reply(200, answer), { ...state, files: replaceRow(state.files, changed) }] as const
    }
    const row = ofApplication(state.storages, placed.application).find(isMeant)
    if (row === undefined) return yield* Either.left(notFound)
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

/** A volume stays on the server, with its data. Of files and directories what the server has goes with them. */
const forget = (state: CoolifyState, { param, token }: Call) =>
  Either.gen(function* () {
    const { application } = yield* Lookup.application(state, token, param("uuid"))
    const isMeant = (one: { readonly uuid: string }) => one.uuid === param("storage")
    const done = reply(200, { message: "Storage deleted." })
    const file = ofApplication(state.files, application).find(isMeant)
    if (file !== undefined) {
      const files = state.files.filter((one) => one.id !== file.id)
      const disk = file.is_host_file
        ? state.disk
        : Disk.remove(state.disk, application.server_id, file.fs_path)
      return [done, { ...state, files, disk }] as const
    }
    const row = ofApplication(state.storages, application).find(isMeant)
    if (row === undefined) return yield* Either.left(notFound)
    return [done, { ...state, storages: state.storages.filter((one) => one.id !== row.id) }] as const
  })

export const storageRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get("/applications/:uuid/storages", "read", ({ param, sensitive, token }) =>
    database.read((state) =>
      Lookup.application(state, token, param("uuid"), Lookup.notFoundOnWrite).pipe(
        Either.map(({ application }) =>
          reply(200, {
            persistent_storages: ofApplication(state.storages, application).map(Wire.storage),
            file_storages: ofApplication(state.files, application).map((row) => Wire.file(row, sensitive))
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
