/** Environments of projects: what applications stand in. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import type { DatabaseEngine } from "../DatabaseEngine.ts"
import type { Transport } from "../Transport.ts"
import { ApplicationRow, toApplication } from "./ApplicationAnswer.ts"
import type { Application } from "./Applications.ts"
import { type Database, DatabaseRow, toDatabase } from "./Databases.ts"
import { Created, orElse, text, Uuid, Whole } from "./Fields.ts"
import { type Service, ServiceRow, toService } from "./Services.ts"

/** An environment of a project. */
export interface Environment {
  readonly uuid: string
  readonly name: string
  /** What an application names its environment by. */
  readonly id: number
}

/** Everything of fabrik's concern in one environment, from one request. */
export interface Inventory {
  readonly environmentUuid: string
  readonly description: string
  readonly applications: ReadonlyArray<Application>
  /** Of the engines that Coolify tells of here: {@link isInInventory}. */
  readonly databases: ReadonlyArray<Database>
  readonly services: ReadonlyArray<Service>
  /** How many services and databases it has. */
  readonly others: number
}

/** Requests about environments. */
export interface Environments {
  /** The environments of a project. */
  readonly list: (projectUuid: string) => Effect.Effect<ReadonlyArray<Environment>, CoolifyError>
  /** `NotFound` when the project or the environment does not exist. */
  readonly inventory: (projectUuid: string, environment: string) => Effect.Effect<Inventory, CoolifyError>
  readonly create: (
    projectUuid: string,
    name: string
  ) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
  /** `Conflict` or `ServerError` where another of the project has that name. */
  readonly update: (
    projectUuid: string,
    name: string,
    to: { readonly name: string; readonly description: string }
  ) => Effect.Effect<void, CoolifyError>
  readonly remove: (projectUuid: string, name: string) => Effect.Effect<void, CoolifyError>
}

const DatabaseRows = orElse(Schema.Array(DatabaseRow), [])

export const InventoryRow = Schema.Struct({
  uuid: Uuid,
  description: text,
  applications: orElse(Schema.Array(ApplicationRow), []),
  services: orElse(Schema.Array(ServiceRow), []),
  postgresqls: DatabaseRows,
  redis: DatabaseRows,
  mysqls: DatabaseRows,
  mariadbs: DatabaseRows,
  mongodbs: DatabaseRows
})

const EnvironmentRows = Schema.Array(Schema.Struct({ uuid: Uuid, name: Schema.String, id: Whole }))

export const makeEnvironments = ({ done, json }: Transport): Environments => ({
  create: (project, name) =>
    json(
      {
        method: "createEnvironment",
        verb: "POST",
        path: "/projects/{project}/environments",
        ids: { project },
        body: { name }
      },
      Created
    ),
  update: (project, name, to) =>
    done({
      method: "updateEnvironment",
      verb: "PATCH",
      path: "/projects/{project}/environments/{name}",
      ids: { project },
      names: { name },
      body: { name: to.name, description: to.description }
    }),
  remove: (project, name) =>
    done({
      method: "deleteEnvironment",
      verb: "DELETE",
      path: "/projects/{project}/environments/{name}",
      ids: { project },
      names: { name }
    }),
  inventory: (project, environment) =>
    json(
      {
        method: "inventory",
        verb: "GET",
        path: "/projects/{project}/{environment}",
        ids: { project },
        names: { environment }
      },
      InventoryRow
    ).pipe(
      Effect.map((found) => {
        const of = (rows: ReadonlyArray<typeof DatabaseRow.Type>, engine: DatabaseEngine) =>
          rows.map((row) => toDatabase(row, engine))
        const databases = [
          ...of(found.postgresqls, "postgresql"),
          ...of(found.mysqls, "mysql"),
          ...of(found.mariadbs, "mariadb"),
          ...of(found.mongodbs, "mongodb"),
          ...of(found.redis, "redis")
        ]
        return {
          environmentUuid: found.uuid,
          description: found.description,
          applications: found.applications.map(toApplication),
          databases,
          services: found.services.map(toService),
          others: found.services.length + databases.length
        }
      })
    ),
  list: (project) =>
    json(
      {
        method: "listEnvironments",
        verb: "GET",
        path: "/projects/{project}/environments",
        ids: { project }
      },
      EnvironmentRows
    )
})
