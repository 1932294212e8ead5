/** Persistent storage of an application: named volumes of Docker's, and directories of the server. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { NewStorage, Storage } from "../coolify/endpoints/Storages.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import type { Change as PlanLine, FieldChange } from "../engine/Plan.ts"
import * as Marker from "../engine/Marker.ts"
import { absentIfNotFound } from "./Find.ts"
import type { Part, PlannedPart } from "./Part.ts"

const propsSchema = () =>
  Schema.Struct({
    /** The application's. */
    uuid: Schema.String,
    name: Schema.String,
    path: Schema.String
  })
type VolumeProps = ReturnType<typeof propsSchema>["Type"]

interface Wanted {
  /** Of a directory of the server its path there. */
  readonly name: string
  /** Where the container has it, with options behind a colon. */
  readonly path: string
}

/** Coolify puts the application's uuid before the name that a volume is created with. A directory is known by its path. */
const nameIn = (application: string, { hostPath, name }: Storage): string =>
  hostPath ?? (name.startsWith(`${application}-`) ? name.slice(application.length + 1) : name)

const isOfServer = (name: string): boolean => name.startsWith("/")

const newStorage = (name: string, mountPath: string): NewStorage =>
  isOfServer(name)
    ? { name: `host-${Marker.digest(name).slice(0, 8)}`, mountPath, hostPath: name }
    : { name, mountPath }

/** Without options. */
const placeOf = (mountPath: string): string => mountPath.replace(/:.*/, "")

/**
 * A volume of an application. Undoing one that was added only takes it off the application: what the application has
 * written stays on the server. One that was removed is mounted again, with what it holds.
 */
export const volume: Kind<VolumeProps, Storage, CoolifyError, CoolifyClient> = {
  name: "coolify/volume",
  codec: codecOf(propsSchema),
  says: ({ address: { name } }) => ({ what: `volume ${name}`, next: `check the volume ${name} in Coolify` }),
  find: ({ after, before }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const subject = after ?? before
      if (subject === undefined) return []
      const stored = yield* absentIfNotFound(coolify.storages.list(subject.uuid))
      return (stored?.volumes ?? []).filter((storage) => nameIn(subject.uuid, storage) === subject.name)
    }),
  fields: () => ["path"],
  holds: (_, { mountPath }, change, side) => change[side]?.path === mountPath,
  edited: () => "somebody else moved it meanwhile, and it is left as it is",
  create: ({ name, path, uuid }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      yield* coolify.storages.create(uuid, newStorage(name, path))
    }),
  restore: ({ uuid }, { before }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      if (before !== undefined) yield* coolify.storages.update(before.uuid, uuid, { mountPath: before.path })
    }),
  remove: ({ uuid }, { after }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      if (after !== undefined) yield* absentIfNotFound(coolify.storages.remove(after.uuid, uuid))
      return "undone" as const
    }),
  late: () => "once"
}

interface Difference {
  readonly name: string
  readonly before: Storage | undefined
  /** Where it is to be mounted; `undefined`: nowhere. */
  readonly path: string | undefined
}

/** The volumes and directories of an application, as a spec names them. */
export const readVolumes = (uuid: string, all: ReadonlyArray<Storage>): ReadonlyArray<Wanted> =>
  all.map((storage) => ({ name: nameIn(uuid, storage), path: storage.mountPath }))

/** The volumes that a spec names. Others stay, unless fabrik has added them. */
export const volumesOf = (wanted: ReadonlyArray<Wanted>): Part => ({
  kind: volume.name,
  names: wanted.map(({ name }) => name),
  wanted: JSON.stringify(wanted.map(({ name, path }) => [name, path])),
  plan: (application, given, all) =>
    Effect.gen(function* () {
      // Not asked where there is nothing to find, as for the many applications that have no volume.
      const asks = application !== undefined && (wanted.length > 0 || given?.isEmpty !== true)
      const stored = asks ? (yield* all).volumes : []
      const there = stored.map((storage) => ({
        storage,
        name: nameIn(application?.uuid ?? "", storage)
      }))
      const missing = wanted.flatMap(({ name, path }): ReadonlyArray<Difference> => {
        const before = there.find((one) => one.name === name)?.storage
        return before?.mountPath === path ? [] : [{ name, path, before }]
      })
      const others = there.filter(({ name }) => wanted.every((one) => one.name !== name))
      const gone = others.filter(({ name }) => given?.has(name) === true)
      const staying = others.filter((one) => !gone.includes(one))
      const taken = staying.find(({ storage }) =>
        missing.some(({ path }) => placeOf(path ?? "") === placeOf(storage.mountPath))
      )
      if (taken !== undefined) return yield* inTheWay(taken.name, taken.storage)
      for (const { before, name, path = "" } of missing) {
        const former = gone.find(({ storage }) => placeOf(storage.mountPath) === placeOf(path))
        // What a directory of the server holds is whoever names it to know.
        if (before === undefined && former !== undefined && !isOfServer(name)) {
          return yield* renamed(former.name, name, placeOf(path))
        }
      }
      return planned(
        application,
        wanted,
        [
          ...gone.map(({ name, storage }): Difference => ({ name, before: storage, path: undefined })),
          ...missing
        ],
        stored,
        staying.map(({ name, storage }) => `${name} (${storage.mountPath})`)
      )
    })
})

/** Directories that hold the server's own secrets or its workings. */
const workings = /^\/(?:(?:boot|data|dev|etc|proc|root|sys|var)|data\/coolify.*|var\/lib\/docker.*)?$/

const riskOf = (host: string, mountPath: string): ReadonlyArray<string> => {
  if (!isOfServer(host)) return []
  if (host.endsWith("/docker.sock")) {
    return [
      `${host} lets the application start containers as root, also where it is mounted read-only: whoever controls the application controls the server.`
    ]
  }
  if (!workings.test(host)) return []
  const may = mountPath.endsWith(":ro") ? "reads" : "reads and writes"
  return [`The application ${may} ${host} of the server, where its keys and workings are.`]
}

const told = (hosts: ReadonlyArray<string>): ReadonlyArray<string> =>
  hosts.length === 0
    ? []
    : [
        `What the server has in ${hosts.join(", ")} is neither made nor ever deleted by fabrik; Docker makes an empty directory of root's where there is none.`
      ]

/** Docker mounts the last one of two volumes at one path, so the data of the other would seem to be gone. */
const inTheWay = (name: string, { mountPath }: Storage) =>
  new RefusedError({
    reason: "Foreign",
    detail: `the application already has a volume at ${mountPath}, ${name}, that the spec does not name`,
    next: `name it \`${name}\` in the spec's \`volumes\`, or remove it in Coolify (what it holds stays on the server)`
  })

/** Coolify has no way to rename a volume: Docker makes another one, and an empty one (recorded: storages 49, 66). */
const renamed = (from: string, to: string, path: string) =>
  new RefusedError({
    reason: "Unrestorable",
    detail: `a volume cannot be renamed: ${to} would be another one at ${path}, and empty, and what ${from} holds would not be there any more`,
    next: `keep \`${from}:${path}\` in \`volumes\`. If an empty one is meant, or the data is to move, name both for one version, \`${from}:${path}-old\` and \`${to}:${path}\`, and drop ${from} with the next one`
  })

const planned = (
  application: Application | undefined,
  wanted: ReadonlyArray<Wanted>,
  differences: ReadonlyArray<Difference>,
  stored: ReadonlyArray<Storage>,
  others: ReadonlyArray<string>
): PlannedPart => ({
  kind: volume.name,
  changes: differences.map(line),
  notes: [
    ...others.map(
      (other) => `The application has a volume ${other} that the spec does not name; it stays mounted.`
    ),
    ...differences
      .filter(({ path }) => path === undefined)
      .map(
        ({ name }) =>
          `The volume ${name} is taken off the application; what it holds stays on the server, and is there again if the spec names it again.`
      ),
    ...differences.flatMap(({ name, path }) => (path === undefined ? [] : riskOf(name, path))),
    ...told(
      differences.flatMap(({ before, name }) => (before === undefined && isOfServer(name) ? [name] : []))
    )
  ],
  staysBehind: stored.every(({ hostPath }) => hostPath !== undefined)
    ? undefined
    : new RefusedError({
        reason: "Unrestorable",
        detail:
          "Coolify cannot change this source in place, and a new application would begin with empty volumes",
        next: "keep the source, or move the data by hand: give the spec another `name`, copy the volumes on the server, then destroy the old application"
      }),
  create: ({ uuid }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      for (const { name, path } of wanted) {
        yield* coolify.storages.create(uuid, newStorage(name, path))
        yield* announce({ system: "coolify", kind: "volume", name, action: "created" })
      }
    }),
  update: Effect.forEach(
    differences,
    (difference) => (application === undefined ? Effect.void : update(application.uuid, difference)),
    { discard: true }
  )
})

/** Changes one volume of an application that was there. Undo: as before, and no data is touched. */
const update = Effect.fn("updateVolume")(function* (
  uuid: string,
  { before: stored, name, path }: Difference
) {
  const coolify = yield* CoolifyClient
  const props = (at: string | undefined) => (at === undefined ? undefined : { uuid, name, path: at })
  const change = { name, before: props(stored?.mountPath), after: props(path) }
  yield* changing(volume, change, () => {
    if (stored === undefined)
      return Effect.asVoid(coolify.storages.create(uuid, newStorage(name, path ?? "")))
    return path === undefined
      ? coolify.storages.remove(uuid, stored.uuid)
      : coolify.storages.update(uuid, stored.uuid, { mountPath: path })
  })
  const action = stored === undefined ? "created" : path === undefined ? "deleted" : "updated"
  yield* announce({ system: "coolify", kind: "volume", name, action })
})

const line = ({ before, name, path }: Difference): PlanLine => {
  const field: FieldChange = {
    field: "path",
    before: before?.mountPath ?? null,
    after: path ?? null,
    secret: false
  }
  return {
    system: "coolify",
    kind: "volume",
    name,
    action: before === undefined ? "create" : path === undefined ? "delete" : "update",
    fields: [field]
  }
}
