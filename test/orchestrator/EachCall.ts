import * as Effect from "effect/Effect"
import type { CoolifyMethod } from "../../src/coolify/CoolifyClient.ts"

type Member<E> =
  | Effect.Effect<unknown, E>
  | ((...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, E>)
  | string
  | object

const isEffect = <E>(member: Member<E>): member is Effect.Effect<unknown, E> => Effect.isEffect(member)

/** What errors and journals call the requests of CoolifyClient's areas. */
const coolifyMethods: Readonly<Record<string, Readonly<Record<string, CoolifyMethod>>>> = {
  servers: { list: "listServers", domains: "servedDomains" },
  projects: { list: "listProjects", create: "createProject", remove: "deleteProject" },
  environments: {
    list: "listEnvironments",
    inventory: "inventory",
    create: "createEnvironment",
    update: "updateEnvironment",
    remove: "deleteEnvironment"
  },
  applications: {
    list: "listApplications",
    create: "createApplication",
    get: "getApplication",
    update: "updateApplication",
    remove: "deleteApplication",
    stop: "stopApplication",
    logs: "logs"
  },
  sources: { deployKeys: "listDeployKeys", githubApps: "listGithubApps" },
  variables: { list: "listVariables", put: "putVariables", remove: "deleteVariable" },
  storages: {
    list: "listStorages",
    create: "createStorage",
    update: "updateStorage",
    remove: "deleteStorage",
    createFile: "createFile",
    removeFile: "deleteFile"
  },
  scheduledTasks: {
    list: "listScheduledTasks",
    create: "createScheduledTask",
    update: "updateScheduledTask",
    remove: "deleteScheduledTask"
  },
  databases: {
    list: "listDatabases",
    create: "createDatabase",
    get: "getDatabase",
    update: "updateDatabase",
    start: "startDatabase",
    stop: "stopDatabase",
    remove: "deleteDatabase"
  },
  services: {
    list: "listServices",
    create: "createService",
    get: "getService",
    update: "updateService",
    remove: "deleteService",
    start: "startService",
    stop: "stopService",
    restart: "restartService",
    logs: "serviceLogs"
  },
  serviceVariables: {
    list: "listServiceVariables",
    put: "putServiceVariables",
    remove: "deleteServiceVariable"
  },
  backups: {
    list: "listBackups",
    create: "createBackup",
    update: "updateBackup",
    remove: "deleteBackup",
    runs: "listBackupRuns",
    storages: "listS3Storages"
  },
  deployments: {
    start: "deploy",
    restart: "restartApplication",
    deployCommit: "deployCommit",
    mayStart: "mayDeploy",
    get: "getDeployment",
    underWay: "listDeploymentsUnderWay",
    list: "listDeployments",
    cancel: "cancelDeployment"
  }
}

/** The service with `around` about each of its calls, also those in its areas; what is no call stays as it is. */
export const eachCall = <S extends object, E, E2>(
  service: S,
  around: (method: string, call: Effect.Effect<unknown, E>) => Effect.Effect<unknown, E2>
): S => {
  const calls = (members: object, nameOf: (member: string) => string): object =>
    Object.fromEntries(
      Object.entries(members as Record<string, Member<E>>).map(([key, member]) => {
        const area = members === service ? coolifyMethods[key] : undefined
        if (typeof member === "function")
          return [key, (...args: ReadonlyArray<unknown>) => around(nameOf(key), member(...args))]
        if (isEffect(member)) return [key, around(nameOf(key), member)]
        return [
          key,
          area && typeof member === "object" ? calls(member, (name) => area[name] ?? name) : member
        ]
      })
    )
  return calls(service, (name) => name) as S
}
