/** Environments of projects: what applications stand in. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import type { Transport } from "../Transport.ts"
import { ApplicationRow, toApplication } from "./ApplicationAnswer.ts"
import type { Application } from "./Applications.ts"
import { Created, orElse, text, Uuid, Whole } from "./Fields.ts"

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
  /** How many services and databases it has. Coolify does not tell all of its kinds of database here. */
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

/** Only counted: nothing of them is kept. */
const Rows = orElse(Schema.Array(Schema.Struct({})), [])

export const InventoryRow = Schema.Struct({
  uuid: Uuid,
  description: text,
  applications: orElse(Schema.Array(ApplicationRow), []),
  services: Rows,
  postgresqls: Rows,
  redis: Rows,
  mysqls: Rows,
  mariadbs: Rows,
  mongodbs: Rows
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
      Effect.map((found) => ({
        environmentUuid: found.uuid,
        description: found.description,
        applications: found.applications.map(toApplication),
        others: [
          found.services,
          found.postgresqls,
          found.redis,
          found.mysqls,
          found.mariadbs,
          found.mongodbs
        ].flat().length
      }))
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
