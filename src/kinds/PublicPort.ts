/**
 * A port of the server at which a database of a spec is reached from everywhere. Opened last, once the version runs that
 * it is for, and never unasked.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import { databaseEngines } from "../coolify/DatabaseEngine.ts"
import type { Database, PublicAccess } from "../coolify/endpoints/Databases.ts"
import { openPort } from "../coolify/endpoints/Derived.ts"
import type { Server } from "../coolify/endpoints/Servers.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import type { Change as PlanLine } from "../engine/Plan.ts"
import type { PlannedDatabase } from "./Database.ts"
import { absentIfNotFound } from "./Find.ts"
import { orUndefined } from "./Json.ts"
import { madeDatabase } from "./MadeDatabase.ts"
import type { Given, PlannedPart } from "./Part.ts"

const propsSchema = () =>
  Schema.Struct({
    /** The database's. */
    uuid: Schema.String,
    engine: Schema.Literal(...databaseEngines),
    access: Schema.Struct({ isPublic: Schema.Boolean, publicPort: orUndefined(Schema.Number) })
  })
type Props = ReturnType<typeof propsSchema>["Type"]

const open = (props: Props | undefined): number | undefined =>
  props === undefined ? undefined : openPort(props.access)

/** A change opens it, closes it, or moves it to another port. */
export const publicPort: Kind<Props, Database, CoolifyError, CoolifyClient> = {
  name: "coolify/public-port",
  codec: codecOf(propsSchema),
  says: ({ address: { name }, before }) => {
    const port = open(before)
    return {
      what: `public port of the database ${name}`,
      next:
        port === undefined
          ? `make the database ${name} private in Coolify`
          : `make the database ${name} public at the port ${port} in Coolify`
    }
  },
  find: ({ after, before }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const props = after ?? before
      if (props === undefined) return []
      const live = yield* absentIfNotFound(coolify.databases.get(props.uuid, props.engine))
      return live === undefined ? [] : [live]
    }),
  fields: () => ["port"],
  holds: (_, live, { after, before }, side) => {
    const [now, from, to] = [openPort(live), open(before), open(after)]
    if (side === "before") return now === from
    // On the way from one port to another it is closed.
    return now === to || (now === undefined && from !== undefined && to !== undefined)
  },
  edited: () => "somebody else changed it meanwhile, and it is left as it is",
  restore: (live, { before }) => (before === undefined ? Effect.void : write(live, before.access))
}

/** Closed first where it is open: Coolify's proxy does not move to another port. */
const write = Effect.fn("writePublicPort")(function* (
  live: PublicAccess & Pick<Database, "uuid">,
  access: PublicAccess
) {
  const { databases } = yield* CoolifyClient
  if (live.isPublic && access.isPublic) {
    yield* databases.update(live.uuid, { access: { isPublic: false, publicPort: live.publicPort } })
  }
  yield* databases.update(live.uuid, { access })
})

interface Compared {
  readonly database: PlannedDatabase
  readonly wanted: number | undefined
}

const portNow = ({ database: { live } }: Compared): number | undefined =>
  live === undefined ? undefined : openPort(live)

/**
 * The public ports of a spec's databases, compared. One request where a port is to be opened, for those that other
 * databases of the server have.
 * @param given by the names of databases in Coolify: a port that somebody else has opened stays, and is told.
 * @param options `offline`: nobody can be asked.
 */
export const planPublicPorts = Effect.fn("planPublicPorts")(function* (
  databases: ReadonlyArray<readonly [database: PlannedDatabase, wanted: number | undefined]>,
  given: Given | undefined,
  { ip, uuid: server }: Pick<Server, "ip" | "uuid">,
  { offline = false }: { readonly offline?: boolean }
) {
  const all = databases.map(([database, wanted]): Compared => ({ database, wanted }))
  const isOurs = ({ database: { wanted } }: Compared) => given?.isNoted === true && given.has(wanted.resource)
  const differing = all.filter(
    (one) => one.wanted !== portNow(one) && (one.wanted !== undefined || isOurs(one))
  )
  const opening = differing.filter(({ wanted }) => wanted !== undefined)
  if (opening.length > 0 && !offline) yield* refuseTaken(opening, server)
  const foreign = all.filter((one) => one.wanted === undefined && portNow(one) !== undefined && !isOurs(one))
  const at = (port: number | undefined) => (ip === "" ? `the server's port ${port}` : `${ip}:${port}`)
  const writeAll = Effect.forEach(differing, put, { discard: true })
  return {
    kind: publicPort.name,
    timing: "after deployment",
    changes: differing.map(line),
    notes: [
      ...opening.map(
        ({ database, wanted }) =>
          `The database ${database.wanted.resource} will be open to the whole internet at ${at(wanted)}, unencrypted: its password is all that protects it. Whether a firewall lets anybody through is not looked at.`
      ),
      ...foreign.map(
        (one) =>
          `Somebody has opened the database ${one.database.wanted.resource} to the whole internet in Coolify, at ${at(portNow(one))}; it stays so. Close it there, or name it in the spec (\`public: ${portNow(one)}\`).`
      )
    ],
    staysBehind: undefined,
    create: () => writeAll,
    update: writeAll
  } satisfies PlannedPart
})

/** What is told of a database that stays; empty where it is not public. */
export const stillOpen = (access: PublicAccess): string =>
  openPort(access) === undefined ? "" : `, open to the internet at the port ${openPort(access)}`

const refuseTaken = (opening: ReadonlyArray<Compared>, server: string) =>
  Effect.gen(function* () {
    const { databases } = yield* CoolifyClient
    const others = yield* databases.list
    for (const { database, wanted } of opening) {
      const holder = others.find(
        (one) => one.uuid !== database.live?.uuid && one.server === server && openPort(one) === wanted
      )
      if (holder === undefined) continue
      return yield* new RefusedError({
        reason: "Held",
        detail: `the database ${holder.name} has the server's port ${wanted} already, which ${database.wanted.resource} is to be reached at`,
        next: `give ${database.wanted.name} another \`public\` port`
      })
    }
  })

const line = (compared: Compared): PlanLine => {
  const { database, wanted } = compared
  const now = portNow(compared)
  const shown = (port: number | undefined) => (port === undefined ? null : String(port))
  return {
    system: "coolify",
    kind: "public port",
    name: database.wanted.resource,
    action: now === undefined ? "create" : wanted === undefined ? "delete" : "update",
    fields: [{ field: "port", before: shown(now), after: shown(wanted), secret: false }]
  }
}

/** Opens, moves or closes one. Undo: as before. */
const put = Effect.fn("putPublicPort")(function* (compared: Compared) {
  const { database, wanted } = compared
  const { engine, resource: name } = database.wanted
  const uuid = database.live?.uuid ?? (yield* madeDatabase(database))
  const access = { isPublic: wanted !== undefined, publicPort: wanted }
  const { isPublic, publicPort: port } = database.live ?? { isPublic: false, publicPort: undefined }
  const before = { isPublic, publicPort: port }
  yield* changing(
    publicPort,
    { name, before: { uuid, engine, access: before }, after: { uuid, engine, access } },
    () => write({ uuid, ...before }, access)
  )
  const { action } = line(compared)
  yield* announce({
    system: "coolify",
    kind: "public port",
    name,
    action: action === "create" ? "created" : action === "delete" ? "deleted" : "updated"
  })
})
