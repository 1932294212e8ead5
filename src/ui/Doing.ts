/** What a request to a service was to do, in words. */
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { DnsError } from "../dns/DnsError.ts"

/** What fabrik was doing, from the method's name. */
const doings: Readonly<Record<string, string>> = {
  config: "use the settings of Coolify",
  connect: "use the DNS provider",
  version: "ask for the version",
  listServers: "list the servers",
  servedDomains: "ask for the domains that it serves",
  mayDeploy: "deploy with this token",
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
  startDatabase: "start a database",
  stopDatabase: "stop a database",
  deleteDatabase: "delete a database",
  listVariables: "list the variables",
  putVariables: "write the variables",
  deleteVariable: "delete a variable",
  deploy: "start the deployment",
  getDeployment: "follow the deployment",
  listDeployments: "list the deployments",
  cancelDeployment: "cancel the deployment",
  logs: "read the container's log",
  findZone: "find the zone",
  listAt: "read the records",
  put: "write the record",
  remove: "remove the record"
}

/** `could not create the application`. */
export const doing = ({ method }: Pick<CoolifyError | DnsError, "method">): string =>
  `could not ${doings[method] ?? method}`
