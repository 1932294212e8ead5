/** The contract over HTTP. */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { makeLogReader } from "./BuildLog.ts"
import { CoolifyClient } from "./CoolifyClient.ts"
import type { CoolifyConfig } from "./CoolifyConfig.ts"
import { CoolifyError } from "./CoolifyError.ts"
import { refusedPatch, repeatedKey } from "./Refusals.ts"
import { type Call, makeTransport } from "./Transport.ts"
import * as Wire from "./Wire.ts"
import { createApplicationBody, patchApplicationBody, routingBody, variablesBody } from "./WireRequest.ts"

/** Coolify sets this port on every inline Dockerfile, whatever the request says. */
const inlineDockerfilePort = 80
/** Coolify's are 24 random characters. */
const noDeployment = "0".repeat(24)
const mostLogLines = 10_000

const versionPattern = /^v?(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)$/

/**
 * A client of the Coolify at `config`. Besides the requests the contract names, `createApplication` of an inline
 * Dockerfile on another port than 80 sends a second one, because the first ignores the port; when that second one
 * fails the error's outcome is unknown: the application exists and has to be found and removed.
 */
export const make = (
  config: CoolifyConfig
): Effect.Effect<Context.Tag.Service<CoolifyClient>, never, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const { json, text } = yield* makeTransport(config)
    const { hide } = yield* KnownSecrets
    /** For answers that say nothing but that it worked: any JSON. */
    const done = (call: Call) => Effect.asVoid(json(call, Schema.Unknown))

    return CoolifyClient.of({
      version: text({ method: "version", verb: "GET", path: "/version" }).pipe(
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

      listServers: json({ method: "listServers", verb: "GET", path: "/servers" }, Wire.Servers).pipe(
        Effect.map((servers) =>
          servers.map(({ uuid, name, ip, is_reachable, is_usable }) => ({
            uuid,
            name,
            ip,
            reachable: is_reachable,
            usable: is_usable
          }))
        )
      ),

      servedDomains: (uuid) =>
        json(
          { method: "servedDomains", verb: "GET", path: "/servers/{uuid}/domains", ids: { uuid } },
          Wire.ServedDomains
        ),

      listProjects: json({ method: "listProjects", verb: "GET", path: "/projects" }, Wire.Projects),

      createProject: ({ name, description }) =>
        json(
          { method: "createProject", verb: "POST", path: "/projects", body: { name, description } },
          Wire.Created
        ),

      deleteProject: (uuid) =>
        done({ method: "deleteProject", verb: "DELETE", path: "/projects/{uuid}", ids: { uuid } }),

      createEnvironment: (project, name) =>
        json(
          {
            method: "createEnvironment",
            verb: "POST",
            path: "/projects/{project}/environments",
            ids: { project },
            body: { name }
          },
          Wire.Created
        ),

      updateEnvironment: (project, name, to) =>
        done({
          method: "updateEnvironment",
          verb: "PATCH",
          path: "/projects/{project}/environments/{name}",
          ids: { project },
          names: { name },
          body: { name: to.name, description: to.description }
        }),

      deleteEnvironment: (project, name) =>
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
          Wire.Environment
        ).pipe(
          Effect.map((found) => ({
            environmentUuid: found.uuid,
            description: found.description,
            applications: found.applications.map(Wire.toApplication),
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

      listEnvironments: (project) =>
        json(
          {
            method: "listEnvironments",
            verb: "GET",
            path: "/projects/{project}/environments",
            ids: { project }
          },
          Wire.Environments
        ),

      listApplications: json(
        { method: "listApplications", verb: "GET", path: "/applications" },
        Wire.Applications
      ).pipe(Effect.map((rows) => rows.map(Wire.toListedApplication))),

      createApplication: Effect.fn("coolify.createApplication")(function* (application) {
        const method = "createApplication"
        const { variant, body } = createApplicationBody(application)
        const { uuid } = yield* json(
          { method, verb: "POST", path: `/applications/${variant}`, body },
          Wire.Created
        )
        if (application.source._tag === "Dockerfile" && application.port !== inlineDockerfilePort) {
          yield* done({
            method,
            verb: "PATCH",
            path: "/applications/{uuid}",
            ids: { uuid },
            body: routingBody(application.port, application.domains)
          }).pipe(
            Effect.mapError(
              (error) =>
                new CoolifyError({
                  ...error,
                  detail: `the application ${uuid} was created, but setting its port failed: ${error.detail}`,
                  outcomeUnknown: true
                })
            )
          )
        }
        return { uuid }
      }),

      getApplication: (uuid) =>
        json(
          { method: "getApplication", verb: "GET", path: "/applications/{uuid}", ids: { uuid } },
          Wire.ApplicationRow
        ).pipe(Effect.map(Wire.toApplication)),

      updateApplication: (uuid, patch, current) => {
        const refused = refusedPatch(patch, current)
        if (refused !== undefined) return Effect.fail(refused)
        const body = patchApplicationBody(patch, current)
        // Coolify refuses an empty object.
        return Object.keys(body).length === 0
          ? Effect.void
          : done({
              method: "updateApplication",
              verb: "PATCH",
              path: "/applications/{uuid}",
              ids: { uuid },
              body
            })
      },

      deleteApplication: (uuid, { deleteVolumes }) =>
        done({
          method: "deleteApplication",
          verb: "DELETE",
          path: "/applications/{uuid}",
          ids: { uuid },
          // All of these default to true; the last would prune images that belong to others on the server.
          query: {
            delete_volumes: String(deleteVolumes),
            delete_connected_networks: "true",
            delete_configurations: "true",
            docker_cleanup: "false"
          }
        }),

      listVariables: (uuid) =>
        json(
          { method: "listVariables", verb: "GET", path: "/applications/{uuid}/envs", ids: { uuid } },
          Wire.Variables
        ).pipe(Effect.map((rows) => rows.map(Wire.toVariable))),

      putVariables: (uuid, variables) => {
        const repeated = repeatedKey(variables)
        if (repeated !== undefined) return Effect.fail(repeated)
        return variables.length === 0
          ? Effect.void
          : done({
              method: "putVariables",
              verb: "PATCH",
              path: "/applications/{uuid}/envs/bulk",
              ids: { uuid },
              body: variablesBody(variables),
              secrets: variables.map(({ value }) => value),
              piecemeal: true
            })
      },

      deleteVariable: (application, variable) =>
        done({
          method: "deleteVariable",
          verb: "DELETE",
          path: "/applications/{application}/envs/{variable}",
          ids: { application, variable }
        }),

      deploy: (uuid, { force }) =>
        json(
          { method: "deploy", verb: "POST", path: "/deploy", body: { uuid, force } },
          Wire.DeployReply
        ).pipe(
          Effect.map(({ deployments }) => {
            const ours = deployments.find((one) => one.resource_uuid === uuid) ?? deployments[0]
            return { message: ours.message, deploymentUuid: ours.deployment_uuid ?? undefined }
          })
        ),

      mayDeploy: done({
        method: "mayDeploy",
        verb: "POST",
        path: "/deployments/{uuid}/cancel",
        ids: { uuid: noDeployment },
        harmless: true
      }).pipe(
        Effect.catchIf(
          ({ reason }) => reason !== "MissingAbility",
          () => Effect.void
        )
      ),

      getDeployment: (uuid) =>
        json(
          {
            method: "getDeployment",
            verb: "GET",
            path: "/deployments/{uuid}",
            ids: { uuid },
            texts: { field: "logs", reader: makeLogReader }
          },
          Wire.DeploymentRow
        ).pipe(Effect.map((row) => Wire.toDeployment(row, hide))),

      listDeployments: (uuid, take) =>
        json(
          {
            method: "listDeployments",
            verb: "GET",
            path: "/deployments/applications/{uuid}",
            ids: { uuid },
            query: { skip: "0", take: String(take) }
          },
          Wire.DeploymentList
        ).pipe(Effect.map(Wire.toDeployments)),

      cancelDeployment: (uuid) =>
        done({ method: "cancelDeployment", verb: "POST", path: "/deployments/{uuid}/cancel", ids: { uuid } }),

      stopApplication: (uuid) =>
        done({ method: "stopApplication", verb: "POST", path: "/applications/{uuid}/stop", ids: { uuid } }),

      logs: (uuid, lines, options) =>
        json(
          {
            method: "logs",
            verb: "GET",
            path: "/applications/{uuid}/logs",
            ids: { uuid },
            query: {
              lines: String(Math.min(Math.max(Math.trunc(lines), 1), mostLogLines)),
              ...(options?.timestamps === true ? { show_timestamps: "1" } : {})
            }
          },
          Wire.Logs
        ).pipe(Effect.map(({ logs }) => logs))
    })
  })

export const layer = (config: CoolifyConfig): Layer.Layer<CoolifyClient, never, HttpClient.HttpClient> =>
  Layer.effect(CoolifyClient, make(config))
