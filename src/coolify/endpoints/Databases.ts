/** Databases that Coolify runs beside applications. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import { type DatabaseEngine, databaseEngines, engineFacts } from "../DatabaseEngine.ts"
import type { Transport } from "../Transport.ts"
import { type DeleteOptions, deletionQuery } from "./Applications.ts"
import { Created, orElse, text, Uuid, Whole } from "./Fields.ts"

export interface Database {
  readonly uuid: string
  readonly name: string
  readonly engine: DatabaseEngine
  readonly description: string
  /** `postgres:17`. */
  readonly image: string
  /** `state:health`: `exited:unhealthy` before a first start too, then `running:starting`, `running:healthy`. */
  readonly status: string
  /** For containers on its own server; `undefined` without `read:sensitive`. */
  readonly url: Redacted.Redacted<string> | undefined
  /** Coolify has a proxy of its own listen on the server's {@link publicPort}, for everybody. */
  readonly isPublic: boolean
  /** Kept while it is not public. */
  readonly publicPort: number | undefined
}

export type PublicAccess = Pick<Database, "isPublic" | "publicPort">

/** A database among all of the team's. */
export interface ListedDatabase extends Database {
  readonly environmentId: number
  /** The uuid of the server that it stands on; `undefined` without `read:sensitive`. */
  readonly server: string | undefined
}

/** What of a database can be changed. */
export interface DatabasePatch {
  readonly image?: string
  readonly access?: PublicAccess
}

export interface CreateDatabase {
  readonly projectUuid: string
  readonly serverUuid: string
  readonly environmentName: string
  readonly engine: DatabaseEngine
  readonly name: string
  readonly description: string
  readonly image: string
  readonly password: Redacted.Redacted<string>
}

/** Requests about databases. Those of most engines stand in their environment's inventory. Measured on 4.3.11. */
export interface Databases {
  /** Every database of the token's team. The answer has all its other resources too, so it is asked for sparingly. */
  readonly list: Effect.Effect<ReadonlyArray<ListedDatabase>, CoolifyError>
  /** Starts it too. Names are not unique: look before, and after an unknown outcome. */
  readonly create: (database: CreateDatabase) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
  /** @param engine which the answer does not tell of each. */
  readonly get: (uuid: string, engine: DatabaseEngine) => Effect.Effect<Database, CoolifyError>
  /**
   * An image takes effect when its container starts anew, `access` at once and asynchronously: a proxy is started where the
   * database was not public before, and stopped where it is public no more. Another port of one that is public moves
   * nothing (read in DatabasesController). `Refused` where another database of the server has that port.
   */
  readonly update: (uuid: string, patch: DatabasePatch) => Effect.Effect<void, CoolifyError>
  /** Asynchronous. `Refused` while it runs. */
  readonly start: (uuid: string) => Effect.Effect<void, CoolifyError>
  /** Asynchronous. `Refused` while it does not run. */
  readonly stop: (uuid: string) => Effect.Effect<void, CoolifyError>
  /** Asynchronous: then `NotFound`. */
  readonly remove: (uuid: string, options: DeleteOptions) => Effect.Effect<void, CoolifyError>
}

const fields = {
  uuid: Uuid,
  name: Schema.String,
  description: text,
  image: text,
  status: text,
  internal_db_url: Schema.optionalWith(Schema.Redacted(Schema.String), { nullable: true }),
  is_public: orElse(Schema.Boolean, false),
  public_port: Schema.optionalWith(Whole, { nullable: true })
}

export const DatabaseRow = Schema.Struct(fields)

export const toDatabase = (row: typeof DatabaseRow.Type, engine: DatabaseEngine): Database => ({
  uuid: row.uuid,
  name: row.name,
  engine,
  description: row.description,
  image: row.image,
  status: row.status,
  url: row.internal_db_url,
  isPublic: row.is_public,
  publicPort: row.public_port
})

/** Rows of every kind: of what is no database nothing is needed. */
const ResourceRows = Schema.Array(
  Schema.Struct({
    ...fields,
    type: Schema.String,
    environment_id: Schema.optionalWith(Whole, { nullable: true, default: () => 0 }),
    destination: orElse(
      Schema.Struct({ server: orElse(Schema.Struct({ uuid: orElse(Uuid, "") }), { uuid: "" }) }),
      { server: { uuid: "" } }
    )
  })
)

export const makeDatabases = ({ done, json }: Transport): Databases => {
  const act = (method: "startDatabase" | "stopDatabase", word: string) => (uuid: string) =>
    done({ method, verb: "POST", path: `/databases/{uuid}/${word}`, ids: { uuid } })
  return {
    list: json({ method: "listDatabases", verb: "GET", path: "/resources" }, ResourceRows).pipe(
      Effect.map((rows) =>
        rows.flatMap((row) => {
          const engine = databaseEngines.find((one) => row.type === `standalone-${one}`)
          return engine === undefined
            ? []
            : [
                {
                  ...toDatabase(row, engine),
                  environmentId: row.environment_id,
                  server: row.destination.server.uuid || undefined
                }
              ]
        })
      )
    ),
    create: (database) =>
      json(
        {
          method: "createDatabase",
          verb: "POST",
          path: `/databases/${database.engine}`,
          body: {
            project_uuid: database.projectUuid,
            server_uuid: database.serverUuid,
            environment_name: database.environmentName,
            name: database.name,
            description: database.description,
            image: database.image,
            [engineFacts[database.engine].passwordField]: Redacted.value(database.password),
            instant_deploy: true
          }
        },
        Created
      ),
    get: (uuid, engine) =>
      json(
        { method: "getDatabase", verb: "GET", path: "/databases/{uuid}", ids: { uuid } },
        DatabaseRow
      ).pipe(Effect.map((row) => toDatabase(row, engine))),
    update: (uuid, { access, image }) => {
      const body = {
        ...(image === undefined ? {} : { image }),
        ...(access === undefined
          ? {}
          : { is_public: access.isPublic, public_port: access.publicPort ?? null })
      }
      return done({ method: "updateDatabase", verb: "PATCH", path: "/databases/{uuid}", ids: { uuid }, body })
    },
    start: act("startDatabase", "start"),
    stop: act("stopDatabase", "stop"),
    remove: (uuid, options) =>
      done({
        method: "deleteDatabase",
        verb: "DELETE",
        path: "/databases/{uuid}",
        ids: { uuid },
        query: deletionQuery(options)
      })
  }
}
