/** The contract over HTTP. */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { CoolifyClient } from "./CoolifyClient.ts"
import type { CoolifyConfig } from "./CoolifyConfig.ts"
import { CoolifyError } from "./CoolifyError.ts"
import { makeApplications } from "./endpoints/Applications.ts"
import { makeBackups } from "./endpoints/Backups.ts"
import { makeDatabases } from "./endpoints/Databases.ts"
import { makeDeployments } from "./endpoints/Deployments.ts"
import { makeEnvironments } from "./endpoints/Environments.ts"
import { makeProjects } from "./endpoints/Projects.ts"
import { makeScheduledTasks } from "./endpoints/ScheduledTasks.ts"
import { makeServers } from "./endpoints/Servers.ts"
import { makeServices } from "./endpoints/Services.ts"
import { makeSources } from "./endpoints/Sources.ts"
import { makeStorages } from "./endpoints/Storages.ts"
import { makeVariables } from "./endpoints/Variables.ts"
import { makeTransport, type Transport } from "./Transport.ts"

const versionPattern = /^v?(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)$/

/** A client of the Coolify at `config`. */
export const make = (
  config: CoolifyConfig
): Effect.Effect<Context.Tag.Service<CoolifyClient>, never, HttpClient.HttpClient> =>
  Effect.flatMap(makeTransport(config), makeOver)

/** The client over a transport. */
export const makeOver = (transport: Transport): Effect.Effect<Context.Tag.Service<CoolifyClient>> =>
  Effect.gen(function* () {
    const { hide } = yield* KnownSecrets
    return CoolifyClient.of({
      version: transport.text({ method: "version", verb: "GET", path: "/version" }).pipe(
        Effect.flatMap((answer) => {
          const version = versionPattern.exec(answer.trim())?.[1]
          return version === undefined
            ? new CoolifyError({
                method: "version",
                reason: "BadResponse",
                detail: "GET /version answered something that is no version: not a Coolify API?"
              })
            : Effect.succeed(version)
        })
      ),
      servers: makeServers(transport),
      sources: makeSources(transport),
      projects: makeProjects(transport),
      environments: makeEnvironments(transport),
      applications: makeApplications(transport),
      variables: makeVariables(transport, "applications"),
      storages: makeStorages(transport),
      scheduledTasks: makeScheduledTasks(transport),
      databases: makeDatabases(transport),
      services: makeServices(transport),
      serviceVariables: makeVariables(transport, "services"),
      backups: makeBackups(transport),
      deployments: makeDeployments(transport, hide)
    })
  })

export const layer = (config: CoolifyConfig): Layer.Layer<CoolifyClient, never, HttpClient.HttpClient> =>
  Layer.effect(CoolifyClient, make(config))
