/**
 * Standalone databases. From DatabasesController at 4.3.11, as recorded. Their backups are in BackupRoutes; their
 * storages and tags are not here.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import {
  type Column,
  type CoolifyState,
  DatabaseEngine,
  type StandaloneDatabase,
  type Token
} from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refusal, refuse, reply, serverError, type Refusal } from "./Reply.ts"
import { action, get, remove, send, type Call, type Fields, type Route } from "./Route.ts"
import {
  commonColumns,
  commonFields,
  healthRules,
  internalUrl,
  openPort,
  ownRules,
  tables
} from "./StandaloneColumns.ts"
import { check, checkKnown, isEmpty, isTrue, stored, text } from "./Validation.ts"
import * as Wire from "./StandaloneWire.ts"
import { addVariable } from "./VariableRoutes.ts"

const placeFields = [
  "project_uuid",
  "environment_name",
  "environment_uuid",
  "server_uuid",
  "destination_uuid"
]
const everyOwnField = new Set(Object.values(ownRules).flatMap((rules) => Object.keys(rules)))

/** Where something is to be made. */
export const placeFor = (state: CoolifyState, token: Token, body: Fields) =>
  Either.gen(function* () {
    if (text(body["environment_name"]) === "" && text(body["environment_uuid"]) === "") {
      const message = "You need to provide at least one of environment_name or environment_uuid."
      return yield* Either.left(refuse(422, message))
    }
    const project = yield* Lookup.project(state, token, body["project_uuid"])
    const environment = yield* Either.mapLeft(
      Lookup.environment(state, project, body["environment_name"] ?? body["environment_uuid"]),
      () => refuse(422, "You need to provide a valid environment_name or environment_uuid.")
    )
    return { environment, server: yield* Lookup.server(state, token, body["server_uuid"]) }
  })

/** Columns of the wrong form are a fault of the database's: Laravel answers 500. */
const fits = (body: Fields): boolean =>
  ["name", "description"].every(
    (field) => !(field in body) || body[field] === null || text(body[field]).length <= 255
  ) &&
  (body["name"] === undefined || typeof body["name"] === "string")

const publicPort = (
  state: CoolifyState,
  body: Fields,
  serverId: number,
  but: StandaloneDatabase | undefined
): Either.Either<void, Refusal> => {
  const sent: unknown = body["public_port"]
  if (sent === undefined || sent === null) return Either.void
  const port = Number(sent)
  if (port < 1024 || port > 65535) {
    return Either.left(invalid({ public_port: "The public port should be between 1024 and 65535." }))
  }
  const taken = state.databases.some(
    (row) => row.id !== but?.id && row.server_id === serverId && openPort(row.columns) === port
  )
  return taken && isTrue(body["is_public"])
    ? Either.left(refuse(400, "Public port already used by another database."))
    : Either.void
}

const confFault = (body: Fields): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(body)
      .filter(([field]) => field.endsWith("_conf"))
      .filter(([, value]) => Buffer.from(text(value), "base64").toString("base64") !== text(value))
      .map(([field]) => [field, `The ${field} should be base64 encoded.`])
  )

const columnsIn = (engine: DatabaseEngine, body: Fields): Readonly<Record<string, Column>> => {
  const rules = { ...ownRules[engine], ...healthRules }
  const own = Object.keys(body).flatMap((field) =>
    field in rules ? [[field, stored(rules[field] ?? { type: "string" }, body[field])] as const] : []
  )
  const common = commonFields
    .filter((field) => field in body && !["instant_deploy", "tags", "name", "image"].includes(field))
    .map((field): readonly [string, Column] => {
      const value: unknown = body[field]
      if (field === "is_public") return [field, isTrue(value)]
      if (/public_port|swappiness|cpu_shares/.test(field))
        return [field, value === null ? null : Number(value)]
      return [field, typeof value === "string" ? value : null]
    })
  return Object.fromEntries([...own, ...common])
}

const create = (state: CoolifyState, fresh: Fresh, engine: DatabaseEngine, body: Fields, token: Token) =>
  Either.gen(function* () {
    const known = [...placeFields, ...commonFields, ...everyOwnField]
    const unknown = Object.keys(body).filter((field) => !known.includes(field))
    if (unknown.length > 0) {
      return yield* Either.left(refusal(422, { message: "Validation failed.", errors: unknown }))
    }
    const { environment, server } = yield* placeFor(state, token, body)
    yield* publicPort(state, body, server.id, undefined)
    const errors = checkKnown(
      body,
      [...placeFields, ...commonFields, ...Object.keys(ownRules[engine])],
      check(body, ownRules[engine])
    )
    if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
    const conf = confFault(body)
    if (Object.keys(conf).length > 0) return yield* Either.left(invalid(conf))
    if (!fits(body)) return yield* Either.left(serverError)
    const [id, next] = takeId(state)
    const uuid = fresh.uuid()
    const { defaultImage, own, passwords } = tables[engine]
    const made = Object.fromEntries(
      passwords.map((field) => [field, (fresh.uuid() + fresh.uuid() + fresh.uuid()).slice(0, 64)])
    )
    const row: StandaloneDatabase = {
      id,
      uuid,
      engine,
      number:
        1 + Math.max(0, ...state.databases.filter((row) => row.engine === engine).map((row) => row.number)),
      environment_id: environment.id,
      server_id: server.id,
      status: "exited:unhealthy",
      proxy: null,
      columns: {
        ...commonColumns,
        ...own,
        ...made,
        ...columnsIn(engine, body),
        name: text(body["name"]) || `${engine}-database-${uuid}`,
        image: text(body["image"]) || defaultImage
      },
      created_at: fresh.now,
      updated_at: fresh.now
    }
    const added: CoolifyState = { ...next, databases: [...next.databases, row] }
    if (engine !== "redis") return [[row, server.ip], added] as const
    const variables = [
      { key: Lookup.redisPassword, value: text(row.columns["redis_password"]) },
      { key: "REDIS_USERNAME", value: "default" }
    ]
    const done = variables.reduce(
      (so, variable) =>
        addVariable(so, fresh, { id, hasPreviews: false }, { ...variable, is_preview: false })[1],
      added
    )
    return [[row, server.ip], done] as const
  })

const answered = (row: StandaloneDatabase, ip: string) => {
  const { columns, engine, uuid } = row
  const url = internalUrl(engine, uuid, columns)
  const isPublic = columns["is_public"] === true && columns["public_port"] !== null
  return {
    uuid,
    ...(isPublic ? { external_db_url: Wire.externalUrl(url, ip, columns) } : {}),
    // Dragonfly's answer has none.
    ...(engine === "dragonfly" ? {} : { internal_db_url: url })
  }
}

const update = (state: CoolifyState, { now }: Fresh, body: Fields, found: StandaloneDatabase) =>
  Either.gen(function* () {
    const { engine } = found
    const rules = {
      ...ownRules[engine],
      ...healthRules,
      public_port: { type: "number", nullable: true }
    } as const
    const known = [...commonFields, ...placeFields, ...Object.keys(rules)]
    const errors = checkKnown(body, known, check(body, rules))
    if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
    yield* publicPort(state, body, found.server_id, found)
    if (!fits(body)) return yield* Either.left(serverError)
    // The password of Redis is a variable's; this field is taken and forgotten.
    const { redis_password: _, ...sent } = columnsIn(engine, body)
    const changed: StandaloneDatabase = {
      ...found,
      columns: {
        ...found.columns,
        ...sent,
        ...(text(body["name"]) === "" ? {} : { name: text(body["name"]) }),
        ...(text(body["image"]) === "" ? {} : { image: text(body["image"]) })
      },
      updated_at: now
    }
    const wasPublic = found.columns["is_public"] === true
    const proxied =
      isTrue(body["is_public"]) && body["public_port"] && !wasPublic
        ? { ...changed, proxy: openPort(changed.columns) }
        : body["is_public"] === false && wasPublic
          ? { ...changed, proxy: null }
          : changed
    const databases = replaceRow(state.databases, proxied)
    return [reply(200, { message: "Database updated." }), { ...state, databases }] as const
  })

const isRunning = ({ status }: StandaloneDatabase): boolean =>
  status.startsWith("running") || status.startsWith("starting")

export const standaloneRoutes = ({ database, engine }: Backend): ReadonlyArray<Route> => {
  const found = ({ param, token }: Call) =>
    database.read((state) => Either.map(Lookup.database(state, token, param("uuid")), ({ row }) => row))
  const work = (
    word: "start" | "stop" | "restart",
    doing: string,
    refused: (row: StandaloneDatabase) => string | undefined
  ): Route =>
    action(`/databases/:uuid/${word}`, "deploy", (call) =>
      Effect.gen(function* () {
        const row = yield* found(call)
        const why = refused(row)
        if (why !== undefined) return yield* refuse(400, why)
        yield* engine.later(`${word}-database`, row.uuid)
        return reply(200, { message: `Database ${doing} request queued.` })
      })
    )
  return [
    get("/databases", "read", ({ sensitive, token }) =>
      database.read((state) =>
        Either.right(
          reply(
            200,
            Lookup.databases(state, token).map((placed) => ({
              ...Wire.database(placed, sensitive),
              backup_configs: []
            }))
          )
        )
      )
    ),
    get("/databases/:uuid", "read", ({ param, sensitive, token }) =>
      database.read((state) =>
        Either.map(Lookup.database(state, token, param("uuid")), (placed) =>
          reply(200, Wire.databaseDetail(placed, sensitive))
        )
      )
    ),
    ...DatabaseEngine.literals.map((name) =>
      send("POST", `/databases/${name}`, "write", ({ body, token }) =>
        Effect.gen(function* () {
          const [row, ip] = yield* database.transact((state, fresh) =>
            create(state, fresh, name, body, token)
          )
          if (isTrue(body["instant_deploy"])) yield* engine.later("start-database", row.uuid)
          return reply(201, answered(row, ip))
        })
      )
    ),
    send("PATCH", "/databases/:uuid", "write", ({ body, param, token }) =>
      database.transact((state, fresh) =>
        Either.flatMap(Lookup.database(state, token, param("uuid")), ({ row }) =>
          update(state, fresh, body, row)
        )
      )
    ),
    work("start", "starting", (row) => (isRunning(row) ? "Database is already running." : undefined)),
    work("stop", "stopping", (row) => (isRunning(row) ? undefined : "Database is already stopped.")),
    work("restart", "restarting", () => undefined),
    remove("/databases/:uuid", (call) =>
      Effect.gen(function* () {
        const { uuid } = yield* found(call)
        const { query } = call
        const keepsVolumes = "delete_volumes" in query && !isTrue(query["delete_volumes"])
        yield* engine.later("delete-database", uuid, { keepsVolumes })
        return reply(200, { message: "Database deletion request queued." })
      })
    )
  ]
}
