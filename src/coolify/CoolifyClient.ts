/**
 * What fabrik needs of a Coolify server, in fabrik's own terms. The wire form (snake_case, base64, strings for
 * lists) stays inside the live layer.
 *
 * Facts about the API are from coollabsio/coolify, routes/api.php and app/Http/Controllers/Api, at 4.3.11.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { CoolifyError } from "./CoolifyError.ts"
import type { Applications } from "./endpoints/Applications.ts"
import type { Backups } from "./endpoints/Backups.ts"
import type { Databases } from "./endpoints/Databases.ts"
import type { Deployments } from "./endpoints/Deployments.ts"
import type { Environments } from "./endpoints/Environments.ts"
import type { Projects } from "./endpoints/Projects.ts"
import type { ScheduledTasks } from "./endpoints/ScheduledTasks.ts"
import type { Servers } from "./endpoints/Servers.ts"
import type { Services } from "./endpoints/Services.ts"
import type { Sources } from "./endpoints/Sources.ts"
import type { Storages } from "./endpoints/Storages.ts"
import type { Variables } from "./endpoints/Variables.ts"

/**
 * The Coolify API. Every method is one HTTP request (plus the retries that are safe: any GET, and a write that was
 * refused before it could take effect), fails with a {@link CoolifyError} and is interruptible at any point. An update
 * without a change sends nothing; creating an inline Dockerfile on another port than 80 takes a second request.
 */
export class CoolifyClient extends Context.Tag("fabrik/coolify/CoolifyClient")<
  CoolifyClient,
  {
    /** The server's version, e.g. `4.3.11`. */
    readonly version: Effect.Effect<string, CoolifyError>
    readonly servers: Servers
    readonly sources: Sources
    readonly projects: Projects
    readonly environments: Environments
    readonly applications: Applications
    readonly variables: Variables
    readonly storages: Storages
    readonly scheduledTasks: ScheduledTasks
    readonly databases: Databases
    readonly services: Services
    readonly serviceVariables: Variables
    readonly backups: Backups
    readonly deployments: Deployments
  }
>() {}

/** A request by its name in errors, in the journal and in events: they tell what was asked, and of what. */
export type CoolifyMethod =
  | "version"
  | "listServers"
  | "servedDomains"
  | "listDeployKeys"
  | "listGithubApps"
  | "listProjects"
  | "createProject"
  | "deleteProject"
  | "listEnvironments"
  | "inventory"
  | "createEnvironment"
  | "updateEnvironment"
  | "deleteEnvironment"
  | "listApplications"
  | "createApplication"
  | "getApplication"
  | "updateApplication"
  | "deleteApplication"
  | "stopApplication"
  | "logs"
  | "listVariables"
  | "putVariables"
  | "deleteVariable"
  | "listStorages"
  | "createStorage"
  | "updateStorage"
  | "deleteStorage"
  | "createFile"
  | "deleteFile"
  | "listScheduledTasks"
  | "createScheduledTask"
  | "updateScheduledTask"
  | "deleteScheduledTask"
  | "listDatabases"
  | "createDatabase"
  | "getDatabase"
  | "updateDatabase"
  | "startDatabase"
  | "stopDatabase"
  | "deleteDatabase"
  | "listServices"
  | "createService"
  | "getService"
  | "updateService"
  | "deleteService"
  | "startService"
  | "stopService"
  | "restartService"
  | "serviceLogs"
  | "listServiceVariables"
  | "putServiceVariables"
  | "deleteServiceVariable"
  | "listBackups"
  | "createBackup"
  | "updateBackup"
  | "deleteBackup"
  | "listBackupRuns"
  | "listS3Storages"
  | "deploy"
  | "restartApplication"
  | "deployCommit"
  | "mayDeploy"
  | "getDeployment"
  | "listDeploymentsUnderWay"
  | "listDeployments"
  | "cancelDeployment"
