/**
 * The contract without consequences. A plan sends no write; should one be sent all the same, it ends here: reads pass
 * through to another client, writes go nowhere and answer as if they were done.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { CoolifyClient, type CoolifyMethod } from "./CoolifyClient.ts"
import { CoolifyError } from "./CoolifyError.ts"
import type { RepositoryAccess } from "./Source.ts"

const made = Effect.succeed({ uuid: "dry-run" })

/** Decorates the client it is given: `Layer.provide(layerDryRun, CoolifyHttp.layer(config))`. */
export const layerDryRun: Layer.Layer<CoolifyClient, never, CoolifyClient> = Layer.effect(
  CoolifyClient,
  Effect.map(CoolifyClient, (below) => ({
    ...below,
    projects: { ...below.projects, create: () => made, remove: () => Effect.void },
    environments: {
      ...below.environments,
      create: () => made,
      update: () => Effect.void,
      remove: () => Effect.void
    },
    applications: {
      ...below.applications,
      create: () => made,
      update: () => Effect.void,
      remove: () => Effect.void,
      stop: () => Effect.void
    },
    variables: { ...below.variables, put: () => Effect.void, remove: () => Effect.void },
    storages: {
      ...below.storages,
      create: () => made,
      update: () => Effect.void,
      remove: () => Effect.void,
      createFile: () => made,
      removeFile: () => Effect.void
    },
    scheduledTasks: {
      ...below.scheduledTasks,
      create: () => made,
      update: () => Effect.void,
      remove: () => Effect.void
    },
    databases: {
      ...below.databases,
      create: () => made,
      update: () => Effect.void,
      start: () => Effect.void,
      stop: () => Effect.void,
      remove: () => Effect.void
    },
    services: {
      ...below.services,
      create: () => made,
      update: () => Effect.void,
      remove: () => Effect.void,
      start: () => Effect.void,
      stop: () => Effect.void,
      restart: () => Effect.void
    },
    serviceVariables: { ...below.serviceVariables, put: () => Effect.void, remove: () => Effect.void },
    backups: {
      ...below.backups,
      create: () => made,
      update: () => Effect.void,
      remove: () => Effect.void
    },
    deployments: {
      ...below.deployments,
      mayStart: Effect.void,
      start: () => Effect.succeed({ deploymentUuid: "dry-run", message: "" }),
      restart: () => Effect.succeed({ deploymentUuid: "dry-run", message: "" }),
      deployCommit: () => Effect.succeed({ deploymentUuid: "dry-run", message: "" }),
      cancel: () => Effect.void
    }
  }))
)

/**
 * What is read without credentials: a Coolify with nothing on it but one usable server of the name asked for, whose
 * address is unknown (`ip` is empty), and what the spec reads its repository with. Nothing can be written to it.
 */
export const layerOffline = (options: {
  readonly serverName: string
  readonly access?: RepositoryAccess | undefined
}): Layer.Layer<CoolifyClient> => {
  const { access, serverName: name } = options
  const named = (kind: RepositoryAccess["kind"]) =>
    Effect.succeed(access?.kind === kind ? [{ id: 1, uuid: "offline", name: access.name ?? "" }] : [])
  const refused = (method: CoolifyMethod) => () =>
    new CoolifyError({ method, reason: "NotFound", detail: "no Coolify is configured, so nothing is there" })
  return Layer.succeed(CoolifyClient, {
    version: Effect.succeed("unknown"),
    servers: {
      list: Effect.succeed([{ uuid: "offlineserver", name, ip: "", reachable: true, usable: true }]),
      domains: () => Effect.succeed([])
    },
    sources: { deployKeys: named("deployKey"), githubApps: named("githubApp") },
    projects: {
      list: Effect.succeed([]),
      create: refused("createProject"),
      remove: refused("deleteProject")
    },
    environments: {
      list: refused("listEnvironments"),
      inventory: refused("inventory"),
      create: refused("createEnvironment"),
      update: refused("updateEnvironment"),
      remove: refused("deleteEnvironment")
    },
    applications: {
      list: Effect.succeed([]),
      create: refused("createApplication"),
      get: refused("getApplication"),
      update: refused("updateApplication"),
      remove: refused("deleteApplication"),
      stop: refused("stopApplication"),
      logs: refused("logs")
    },
    variables: {
      list: refused("listVariables"),
      put: refused("putVariables"),
      remove: refused("deleteVariable")
    },
    storages: {
      list: refused("listStorages"),
      create: refused("createStorage"),
      update: refused("updateStorage"),
      remove: refused("deleteStorage"),
      createFile: refused("createFile"),
      removeFile: refused("deleteFile")
    },
    scheduledTasks: {
      list: refused("listScheduledTasks"),
      create: refused("createScheduledTask"),
      update: refused("updateScheduledTask"),
      remove: refused("deleteScheduledTask")
    },
    databases: {
      list: Effect.succeed([]),
      create: refused("createDatabase"),
      get: refused("getDatabase"),
      update: refused("updateDatabase"),
      start: refused("startDatabase"),
      stop: refused("stopDatabase"),
      remove: refused("deleteDatabase")
    },
    services: {
      list: Effect.succeed([]),
      create: refused("createService"),
      get: refused("getService"),
      has: () => Effect.succeed(false),
      update: refused("updateService"),
      remove: refused("deleteService"),
      start: refused("startService"),
      stop: refused("stopService"),
      restart: refused("restartService"),
      logs: refused("serviceLogs")
    },
    serviceVariables: {
      list: refused("listServiceVariables"),
      put: refused("putServiceVariables"),
      remove: refused("deleteServiceVariable")
    },
    backups: {
      list: refused("listBackups"),
      create: refused("createBackup"),
      update: refused("updateBackup"),
      remove: refused("deleteBackup"),
      runs: refused("listBackupRuns"),
      storages: Effect.suspend(refused("listS3Storages"))
    },
    deployments: {
      start: refused("deploy"),
      restart: refused("restartApplication"),
      deployCommit: refused("deployCommit"),
      mayStart: Effect.suspend(refused("mayDeploy")),
      get: refused("getDeployment"),
      underWay: Effect.suspend(refused("listDeploymentsUnderWay")),
      list: refused("listDeployments"),
      cancel: refused("cancelDeployment")
    }
  })
}
