/**
 * Backups of databases, and the team's S3 storages. From DatabasesController and S3StoragesController at 4.3.11, as
 * recorded; the list of storages that there are is as read in source. None is ever made on the clock: `backup_now` alone
 * makes one.
 */
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import type { Column, CoolifyState, DatabaseBackup, S3Storage, StandaloneDatabase } from "./CoolifyState.ts"
import { isFrequency } from "./Cron.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refuse, reply, type Refusal } from "./Reply.ts"
import { get, remove, send, type Call, type Fields, type Route } from "./Route.ts"
import { stamps, timestamp } from "./Timestamp.ts"
import { check, checkKnown, isEmpty, isTrue, stored, text, thisIsRequired, type Rules } from "./Validation.ts"

const amount = { type: "integer", min: 0 } as const
const columnRules: Rules = {
  frequency: { type: "string" },
  enabled: { type: "boolean" },
  save_s3: { type: "boolean" },
  databases_to_backup: { type: "string", nullable: true },
  dump_all: { type: "boolean" },
  database_backup_retention_amount_locally: amount,
  database_backup_retention_days_locally: amount,
  database_backup_retention_max_storage_locally: amount,
  database_backup_retention_amount_s3: amount,
  database_backup_retention_days_s3: amount,
  database_backup_retention_max_storage_s3: amount,
  timeout: { type: "integer", min: 60 }
}
const forUpdate: Rules = {
  ...columnRules,
  s3_storage_uuid: { type: "string", nullable: true },
  backup_now: { type: "boolean" }
}
const forCreate: Rules = {
  ...forUpdate,
  frequency: { type: "string", required: true, words: thisIsRequired }
}

/** As Coolify makes one of which only the frequency is said: it is sent to an S3 storage that there is not. */
const usual: Readonly<Record<string, Column>> = {
  enabled: true,
  save_s3: true,
  dump_all: false,
  database_backup_retention_amount_locally: 0,
  database_backup_retention_days_locally: 0,
  database_backup_retention_max_storage_locally: 0,
  database_backup_retention_amount_s3: 0,
  database_backup_retention_days_s3: 0,
  database_backup_retention_max_storage_s3: 0,
  timeout: 3600
}

/** What is backed up of an engine when nothing is said; those that are not here have no backups. */
const whole: Partial<Record<StandaloneDatabase["engine"], (row: StandaloneDatabase) => Column>> = {
  postgresql: ({ columns }) => columns["postgres_db"] ?? null,
  mysql: ({ columns }) => columns["mysql_database"] ?? null,
  mariadb: ({ columns }) => columns["mariadb_database"] ?? null,
  mongodb: () => null,
  clickhouse: () => "default"
}

const modelOf = (engine: string): string =>
  `App\\Models\\Standalone${engine.charAt(0).toUpperCase()}${engine.slice(1)}`

const shown = (row: DatabaseBackup) => ({
  id: row.id,
  uuid: row.uuid,
  description: null,
  ...row.columns,
  database_type: modelOf(row.engine),
  database_id: row.number,
  s3_storage_id: row.s3_storage_id,
  team_id: row.team_id,
  disable_local_backup: false,
  executions: row.executions,
  ...stamps(row)
})

const usableStorage = (state: CoolifyState, team: number, uuid: unknown): S3Storage | undefined =>
  state.s3_storages.find((one) => one.uuid === uuid && one.team_id === team)

const checked = (state: CoolifyState, body: Fields, rules: Rules, team: number) =>
  Either.gen(function* () {
    const errors = checkKnown(body, Object.keys(rules), check(body, rules))
    if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
    if ("frequency" in body && !isFrequency(text(body["frequency"]))) {
      return yield* Either.left(invalid({ frequency: ["Invalid cron expression or frequency format."] }))
    }
    if (!isTrue(body["save_s3"])) return undefined
    if (text(body["s3_storage_uuid"]) === "") {
      const message = "The s3_storage_uuid field is required when save_s3 is true."
      return yield* Either.left(invalid({ s3_storage_uuid: [message] }))
    }
    const storage = usableStorage(state, team, body["s3_storage_uuid"])
    return storage === undefined
      ? yield* Either.left(invalid({ s3_storage_uuid: ["The selected s3 storage uuid is invalid."] }))
      : storage.id
  })

const written = (body: Fields): Readonly<Record<string, Column>> =>
  Object.fromEntries(
    Object.entries(columnRules).flatMap(([field, rule]) =>
      field in body ? [[field, stored(rule, body[field])] as const] : []
    )
  )

/** One that has nowhere to be sent to is switched to the server alone (recorded). */
const run = (row: DatabaseBackup, fresh: Fresh): DatabaseBackup => {
  const lost = row.columns["save_s3"] === true && row.s3_storage_id === null
  const execution = {
    uuid: fresh.uuid(),
    filename: `/data/coolify/backups/databases/root-team-0/${row.uuid}/dump-${row.executions.length + 1}.dmp`,
    size: 859,
    created_at: timestamp(fresh.now),
    message: lost
      ? "Warning: S3 upload failed: S3 storage configuration is missing or has been deleted (S3 storage ID: null). S3 backup has been disabled for this schedule."
      : null,
    status: "success"
  }
  return {
    ...row,
    columns: { ...row.columns, ...(lost ? { save_s3: false } : {}) },
    executions: [execution, ...row.executions]
  }
}

/** All that have the database's number, of whatever engine. */
const listed = (state: CoolifyState, { number }: StandaloneDatabase): ReadonlyArray<DatabaseBackup> =>
  state.backups.filter((row) => row.number === number)

const found = (state: CoolifyState, { param, token }: Pick<Call, "param" | "token">, message: string) =>
  Either.flatMap(
    Lookup.database(state, token, param("uuid")),
    ({ row: database }): Either.Either<DatabaseBackup, Refusal> => {
      const row = listed(state, database).find(({ uuid }) => uuid === param("backup"))
      return row === undefined ? Either.left(refuse(404, message)) : Either.right(row)
    }
  )

const create = (state: CoolifyState, fresh: Fresh, { body, param, token }: Call) =>
  Either.gen(function* () {
    const { row: database } = yield* Lookup.database(state, token, param("uuid"))
    const storage = yield* checked(state, body, forCreate, token.team_id)
    const all = whole[database.engine]
    if (all === undefined) {
      return yield* Either.left(refuse(422, "Scheduled backups are not supported for this database type."))
    }
    const [id, next] = takeId(state)
    const row: DatabaseBackup = {
      id,
      uuid: fresh.uuid(),
      team_id: token.team_id,
      engine: database.engine,
      number: database.number,
      columns: { ...usual, databases_to_backup: all(database), ...written(body) },
      s3_storage_id: storage ?? null,
      executions: [],
      created_at: fresh.now,
      updated_at: fresh.now
    }
    const made = isTrue(body["backup_now"]) ? run(row, fresh) : row
    return [
      reply(201, { uuid: made.uuid, message: "Backup configuration created successfully." }),
      { ...next, backups: [...next.backups, made] }
    ] as const
  })

const update = (state: CoolifyState, fresh: Fresh, call: Call) =>
  Either.gen(function* () {
    const { body, token } = call
    yield* Lookup.database(state, token, call.param("uuid"))
    const storage = yield* checked(state, body, forUpdate, token.team_id)
    const before = yield* found(state, call, "Backup config not found.")
    const row = {
      ...before,
      columns: { ...before.columns, ...written(body) },
      s3_storage_id: storage ?? before.s3_storage_id,
      updated_at: fresh.now
    }
    const backups = replaceRow(state.backups, isTrue(body["backup_now"]) ? run(row, fresh) : row)
    return [reply(200, { message: "Database backup configuration updated" }), { ...state, backups }] as const
  })

const unknown = "Backup configuration not found."
const path = "/databases/:uuid/backups"

const storageRules: Rules = {
  name: { type: "string", required: true, min: 3, max: 255, words: thisIsRequired },
  description: { type: "string", nullable: true },
  endpoint: { type: "string", required: true, max: 255, words: thisIsRequired },
  bucket: { type: "string", required: true, words: thisIsRequired },
  region: { type: "string", required: true, max: 255, words: thisIsRequired },
  key: { type: "string", required: true, max: 255, words: thisIsRequired },
  secret: { type: "string", required: true, max: 255, words: thisIsRequired },
  is_usable: { type: "boolean" }
}

const privateAddress = (endpoint: string) =>
  /^https?:\/\/(?:127\.|10\.|localhost)/.test(endpoint)
    ? {
        endpoint: [
          "The endpoint points to a local or private address that is not allowed. Configure allowed internal targets: http://127.0.0.1/settings/advanced#endpoint-section"
        ]
      }
    : {}

const badBucket = (bucket: string) =>
  bucket === "" || /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)
    ? {}
    : {
        bucket: [
          "The bucket must be a valid S3 bucket name: 3-63 lowercase letters, numbers, dots, or hyphens; start and end with a letter or number; no consecutive dots, dot-hyphen pairs, or IP address format."
        ]
      }

const addStorage = (state: CoolifyState, fresh: Fresh, { body, token }: Call) =>
  Either.gen(function* () {
    const errors = {
      ...checkKnown(body, Object.keys(storageRules), check(body, storageRules)),
      ...privateAddress(text(body["endpoint"])),
      ...badBucket(text(body["bucket"]))
    }
    if (!isEmpty(errors)) return yield* Either.left(invalid(errors))
    const [id, next] = takeId(state)
    const row: S3Storage = {
      id,
      uuid: fresh.uuid(),
      team_id: token.team_id,
      columns: {
        description: null,
        is_usable: false,
        ...Object.fromEntries(
          Object.entries(storageRules).flatMap(([field, rule]) =>
            field in body ? [[field, stored(rule, body[field])] as const] : []
          )
        )
      },
      created_at: fresh.now,
      updated_at: fresh.now
    }
    return [reply(201, { uuid: row.uuid }), { ...next, s3_storages: [...next.s3_storages, row] }] as const
  })

const shownStorage = (row: S3Storage, sensitive: boolean) => {
  const { key, secret, ...columns } = row.columns
  return {
    uuid: row.uuid,
    ...columns,
    team_id: row.team_id,
    ...(sensitive ? { key, secret } : {}),
    ...stamps(row)
  }
}

export const backupRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get(path, "read", ({ param, token }) =>
    database.read((state) =>
      Either.map(Lookup.database(state, token, param("uuid")), ({ row }) =>
        reply(200, listed(state, row).map(shown))
      )
    )
  ),
  send("POST", path, "write", (call) => database.transact((state, fresh) => create(state, fresh, call))),
  send("PATCH", `${path}/:backup`, "write", (call) =>
    database.transact((state, fresh) => update(state, fresh, call))
  ),
  // The files that it has made go with it.
  remove(`${path}/:backup`, (call) =>
    database.transact((state) =>
      Either.map(found(state, call, unknown), (row) => [
        reply(200, { message: "Backup configuration and all executions deleted." }),
        { ...state, backups: state.backups.filter(({ id }) => id !== row.id) }
      ])
    )
  ),
  get(`${path}/:backup/executions`, "read", (call) =>
    database.read((state) =>
      Either.map(found(state, call, unknown), ({ executions }) => reply(200, { executions }))
    )
  ),
  remove(`${path}/:backup/executions/:execution`, (call) =>
    database.transact((state) =>
      Either.flatMap(found(state, call, unknown), (row) => {
        const executions = row.executions.filter(({ uuid }) => uuid !== call.param("execution"))
        return executions.length === row.executions.length
          ? Either.left(refuse(404, "Backup execution not found."))
          : Either.right([
              reply(200, { message: "Backup execution deleted." }),
              { ...state, backups: replaceRow(state.backups, { ...row, executions }) }
            ])
      })
    )
  ),
  get("/s3-storages", "read", ({ sensitive, token }) =>
    database.read((state) =>
      Either.right(
        reply(
          200,
          state.s3_storages
            .filter((row) => row.team_id === token.team_id)
            .map((row) => shownStorage(row, sensitive))
        )
      )
    )
  ),
  send("POST", "/s3-storages", "write", (call) =>
    database.transact((state, fresh) => addStorage(state, fresh, call))
  )
]
