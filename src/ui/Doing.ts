/** What a request to a service was to do, in words. */
import type { CoolifyMethod } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { DnsError } from "../dns/DnsError.ts"

/** What fabrik was doing, from the method's name. A new method does not compile without its words. */
const coolifyDoings: Readonly<Record<CoolifyMethod | "config", string>> = {
  config: "use the settings of Coolify",
  version: "ask for the version",
  listServers: "list the servers",
  servedDomains: "ask for the domains that it serves",
  mayDeploy: "deploy with this token",
  listDeployKeys: "list the deploy keys",
  listGithubApps: "list the GitHub Apps",
  listProjects: "list the projects",
  createProject: "create the project",
  deleteProject: "delete the project",
  createEnvironment: "create the environment",
  updateEnvironment: "name the environment",
  deleteEnvironment: "delete the environment",
  inventory: "list the applications",
  listEnvironments: "list the environments",
  listApplications: "list the applications",
  createApplication: "create the application",
  getApplication: "read the application",
  updateApplication: "change the application",
  deleteApplication: "delete the application",
  stopApplication: "stop the application",
  restartApplication: "restart the application",
  listStorages: "list the volumes and files",
  createStorage: "add a volume",
  updateStorage: "move a volume",
  deleteStorage: "take a volume off",
  createFile: "add a file",
  deleteFile: "remove a file",
  listScheduledTasks: "list the scheduled tasks",
  createScheduledTask: "add a scheduled task",
  updateScheduledTask: "change a scheduled task",
  deleteScheduledTask: "delete a scheduled task",
  listDatabases: "list the databases",
  createDatabase: "create a database",
  getDatabase: "read a database",
  updateDatabase: "change a database",
  startDatabase: "start a database",
  stopDatabase: "stop a database",
  deleteDatabase: "delete a database",
  listServices: "list the services",
  createService: "create the service",
  getService: "read the service",
  updateService: "change the service",
  deleteService: "delete the service",
  startService: "start the service",
  stopService: "stop the service",
  restartService: "restart the service",
  serviceLogs: "read the container's log",
  listServiceVariables: "list the variables",
  putServiceVariables: "write the variables",
  deleteServiceVariable: "delete a variable",
  listBackups: "list the backup schedules",
  createBackup: "schedule backups",
  updateBackup: "change a backup schedule",
  deleteBackup: "delete a backup schedule",
  listBackupRuns: "list the backups",
  listS3Storages: "list the S3 storages",
  listVariables: "list the variables",
  putVariables: "write the variables",
  deleteVariable: "delete a variable",
  deploy: "start the deployment",
  deployCommit: "deploy the commit that ran last",
  getDeployment: "follow the deployment",
  listDeploymentsUnderWay: "follow the deployments",
  listDeployments: "list the deployments",
  cancelDeployment: "cancel the deployment",
  logs: "read the container's log"
}

const dnsDoings: Readonly<Record<string, string>> = {
  connect: "use the DNS provider",
  findZone: "find the zone",
  listAt: "read the records",
  listCommented: "look through the records",
  put: "write the record",
  remove: "remove the record"
}

const doings: Readonly<Record<string, string>> = { ...coolifyDoings, ...dnsDoings }

/** `could not create the application`. */
export const doing = ({ method }: Pick<CoolifyError | DnsError, "method">): string =>
  `could not ${doings[method] ?? method}`
