/** `render.yaml`. Facts: render.com/docs/blueprint-spec, and render.com/docs/web-services for the port (10000). */
import { publicAddress } from "./Address.ts"
import type { Cursor } from "./Cursor.ts"
import { Databases } from "./SharedDatabases.ts"
import { type Draft, label } from "./Draft.ts"
import { answersAt, builtFrom, checkedAt, draftOf, type Job } from "./Input.ts"
import { isWhole, readJob, readWaiting } from "./RenderCron.ts"
import { readRenderVariables } from "./RenderVariables.ts"

const stores: ReadonlySet<string> = new Set(["redis", "keyvalue"])
const types: ReadonlySet<string> = new Set(["web", "static", "pserv", "worker", "cron"])
const isDatabase = (one: Cursor): boolean =>
  one.key("type").peek() === "pspg" || (one.has("databaseName") && !one.has("startCommand"))
const runtimeOf = (one: Cursor): Cursor => (one.has("runtime") ? one.key("runtime") : one.key("env"))
const isStatic = (one: Cursor): boolean =>
  runtimeOf(one).peek() === "static" || one.key("type").peek() === "static"

export interface RenderService {
  readonly name: string
  readonly draft: Draft
  readonly cursor: Cursor
}

export const readRender = (job: Job): undefined => {
  const { input, root } = job
  const places = [
    root,
    ...root
      .key("projects")
      .items()
      .flatMap((one) => one.key("environments").items()),
    root.key("ungrouped")
  ]
  const alone = root.has("type") && !root.has("services")
  const all = alone ? [root] : places.flatMap((one) => one.key("services").items())
  const databases = new Databases(job)
  const running = all.filter((one) => {
    const type = one.key("type").peek()
    if (isDatabase(one) || stores.has(type ?? "")) return false
    if (type === undefined || types.has(type)) return true
    one.leave("Coolify has no services of this type")
    return false
  })
  const rank = (one: Cursor) => (one.key("type").peek() === "web" ? (isStatic(one) ? 1 : 0) : 2)
  const steady = running.filter((one) => one.key("type").peek() !== "cron")
  const jobs: Array<Cursor> = []
  const waiting: Array<Cursor> = []
  for (const one of running) {
    if (one.key("type").peek() !== "cron") continue
    if ([...steady, ...waiting].some((other) => isSame(other, one)) && isWhole(one)) jobs.push(one)
    else if (isWhole(one)) waiting.push(one)
    else
      one.leave(
        "Coolify runs commands in the container of an application, and this one does not say which command when",
        "schedules"
      )
  }
  const apps = [...steady.toSorted((a, b) => rank(a) - rank(b)), ...waiting]
  const [first] = apps
  const isProcess = (one: Cursor) =>
    one !== first && first !== undefined && isProcessOf(first, one) && !waiting.includes(one)
  const web = first?.key("name").peek() ?? input.folder
  const project = apps.length > 1 ? (apps[0]?.key("name").peek() ?? input.folder) : undefined
  const services = apps.map((one): RenderService => {
    const name = one.key("name").text() ?? input.folder
    const process = label(name.startsWith(`${web}-`) ? name.slice(web.length + 1) : name)
    const draft = draftOf(job, isProcess(one) ? `${web}-${process}` : name, project)
    if (isProcess(one)) job.processes.push({ name: process, draft })
    return { name, draft, cursor: one.for(draft) }
  })
  const [main] = services
  if (main !== undefined && job.processes.length > 0) {
    job.processes.unshift({ name: main.name, draft: main.draft })
  }
  const ofMain = (one: Cursor) => (main === undefined ? one : one.for(main.draft))
  for (const one of places.flatMap((one) => one.key("databases").items())) addDatabase(databases, ofMain(one))
  for (const one of all.filter(isDatabase)) addDatabase(databases, ofMain(one))
  for (const one of all.filter((one) => stores.has(one.key("type").peek() ?? "")))
    addStore(databases, ofMain(one))
  for (const [index, service] of services.entries()) readService(job, service, index === 0)
  const around = readRenderVariables(services, databases, places, jobs)
  for (const one of jobs) {
    const home = services.find(({ cursor }) => isSame(cursor, one))
    if (home === undefined) continue
    readJob(around, home, one, ofSource)
    readRest(one.for(home.draft))
  }
  databases.finish()
  const whole = main === undefined ? root : root.for(main.draft)
  whole.key("version").needless("there is one version of it")
  for (const key of ["previews", "previewsEnabled", "previewsExpireAfterDays"])
    whole.key(key).leave("fabrik deploys no previews of pull requests")
  for (const one of whole.key("projects").items()) {
    one.key("name").leave("its specs share a project that is named after the first of them")
    for (const inner of one.key("environments").items()) {
      inner.key("name").leave("write `environment` into the specs of each")
      for (const key of ["networkIsolation", "protectedStatus", "networking", "permissions", "ipAllowList"])
        inner.key(key).leave("who may reach and change what is set in Coolify, for its teams and servers")
    }
  }
  return undefined
}

const ofSource = ["repo", "branch", "rootDir", "runtime", "env", "dockerfilePath", "dockerContext"]

/** Built from the same. */
const isSame = (a: Cursor, b: Cursor): boolean =>
  ["repo", "branch", "rootDir", "dockerfilePath", "dockerContext"].every(
    (key) => a.key(key).peek() === b.key(key).peek()
  ) &&
  runtimeOf(a).peek() === runtimeOf(b).peek() &&
  a.key("image").key("url").peek() === b.key("image").key("url").peek()

/** A worker that is built from the same as what visitors reach. */
const isProcessOf = (web: Cursor, one: Cursor): boolean =>
  web.key("type").peek() === "web" &&
  !isStatic(web) &&
  ["worker", "pserv"].includes(one.key("type").peek() ?? "") &&
  isSame(web, one) &&
  label(one.key("name").peek() ?? "web") !== "web"

const addStore = (databases: Databases, one: Cursor): void => {
  one.key("type").text()
  databases.define(one.key("name").text() ?? "redis", "redis:7", one)
  for (const key of ["maxmemoryPolicy", "plan", "region", "persistenceMode", "previewPlan"])
    one.key(key).leave("Coolify's databases have none of it", "databases")
  readAllowed(one)
}

const addDatabase = (databases: Databases, one: Cursor): void => {
  one.key("type").text()
  const version = one.key("postgresMajorVersion")
  databases.define(one.key("name").text() ?? "main", `postgres:${version.text() ?? "17"}`, one)
  for (const key of ["databaseName", "user"])
    one.key(key).needless("Coolify's database has names of its own, and the variables get them", "databases")
  for (const key of [
    "plan",
    "region",
    "diskSizeGB",
    "highAvailability",
    "readReplicas",
    "previewPlan",
    "previewDiskSizeGB",
    "parameterOverrides",
    "storageAutoscalingEnabled"
  ])
    one.key(key).leave("Coolify's databases have none of it: they use what the server has", "databases")
  readAllowed(one)
}

const readAllowed = (one: Cursor): void => {
  const list = one.key("ipAllowList")
  if (list.items().length > 0)
    list.leave("Coolify's databases are reached in the server's own network alone", "databases")
  else list.needless("Coolify's databases are reached in the server's own network alone", "databases")
}

const readService = (job: Job, { cursor, draft, name }: RenderService, isMain: boolean): void => {
  const type = cursor.key("type").text() ?? "web"
  if (type !== "web" && type !== "static") draft.add("networkAliases", name, cursor)
  if (type === "web" || type === "static") {
    const hosts = [...cursor.key("domains").items(), ...(cursor.has("domain") ? [cursor.key("domain")] : [])]
    answersAt(
      job,
      draft,
      hosts.map((from) => ({ host: from.text() ?? "", from })),
      isMain
    )
  } else draft.set("domain", "none")
  readSource(job, cursor, draft)
  const commands = ["dockerCommand", "startCommand"].map((key) => cursor.key(key))
  for (const command of type === "cron" ? [] : commands) {
    const text = command.text() ?? ""
    if (text !== "" && draft.get("command") === undefined) draft.set("command", text, command)
  }
  if (type === "cron") readWaiting(draft, cursor)
  const release = cursor.key("preDeployCommand")
  draft.set("release", release.text(), release)
  const path = cursor.key("healthCheckPath")
  if (path.exists) checkedAt(draft, [["path", path.text(), path]])
  const disk = cursor.key("disk")
  if (disk.exists) {
    draft.add(
      "volumes",
      `${disk.key("name").text() ?? "data"}:${disk.key("mountPath").text() ?? ""}`,
      disk.key("mountPath")
    )
    disk.key("sizeGB").leave("a volume of Docker's has no size of its own", "volumes")
  }
  const deploy = cursor.key("autoDeploy")
  if (deploy.exists) draft.set("autoDeploy", deploy.text() !== "false", deploy)
  const trigger = cursor.key("autoDeployTrigger")
  if (trigger.peek() === "off") draft.set("autoDeploy", false, trigger)
  else if (trigger.peek() === "commit") draft.set("autoDeploy", true, trigger)
  if (["off", "commit"].includes(trigger.peek() ?? "")) trigger.take()
  else trigger.leave("Coolify deploys each push, and waits for no checks", "autoDeploy")
  const grace = cursor.key("maxShutdownDelaySeconds")
  if (grace.exists) draft.set("stopGracePeriod", Number(grace.text() ?? 30), grace)
  const count = cursor.key("numInstances")
  if (count.peek() === "1") count.needless("Coolify runs one container of an application")
  else count.leave("Coolify runs one container of an application")
  readRest(cursor)
}

const readRest = (cursor: Cursor): void => {
  cursor.key("region").leave("it runs where the server is: `server` names one of Coolify's")
  cursor.key("plan").leave("what it may use of its server is `resources: { memory, cpus }`", "resources")
  cursor.key("scaling").leave("Coolify runs one container of an application")
  cursor.key("buildFilter").leave("Coolify deploys each push to the branch", "source")
  cursor.key("headers").leave("the application sends its headers itself")
  cursor.key("ipAllowList").leave("Coolify's proxy lets everybody in")
  for (const key of ["previews", "pullRequestPreviewsEnabled", "previewPlan"])
    cursor.key(key).leave("fabrik deploys no previews of pull requests")
  for (const key of ["initialDeployHook", "maintenanceMode", "edgeCaching", "sshKeys"])
    cursor.key(key).leave("fabrik has nothing of the kind")
  cursor.key("renderSubdomainPolicy").leave("it answers at the domains of its spec alone", "domain")
  cursor.key("secretFiles").leave("put them beside the spec, and name them under `files`", "files")
  for (const key of ["registryCredential"])
    cursor
      .key(key)
      .leave("log the server in by hand: Coolify's API takes no credentials of a registry", "source")
}

const readSource = (job: Job, cursor: Cursor, draft: Draft): void => {
  const runtime = runtimeOf(cursor)
  const kind = runtime.text() ?? (isStatic(cursor) ? "static" : "docker")
  const image = cursor.key("image")
  if (kind === "image" || image.exists) {
    const url = image.key("url")
    draft.put("source", "image", url.text(), url)
    image
      .key("creds")
      .leave("log the server in by hand: Coolify's API takes no credentials of a registry", "source")
    if (!draft.get("port")) port(draft, cursor)
    return
  }
  const [repo, branch, folder] = [cursor.key("repo"), cursor.key("branch"), cursor.key("rootDir")]
  const named = branch.text()
  const address = repo.text()
  const dockerfile = cursor.key("dockerfilePath")
  const context = cursor.key("dockerContext")
  // Nothing outside of `rootDir` is there when it is built, so all paths begin at it, also those of who wrote it again.
  const rootDir = clean(folder.text() ?? "")
  const fromRoot = (given: string) =>
    rootDir === "" || rootDir === "." || `${given}/`.startsWith(`${rootDir}/`)
      ? given
      : [rootDir, given].filter((part) => part !== "" && part !== ".").join("/")
  const inside = [context, folder].find((one) => one.exists)
  const base = fromRoot(clean(inside?.peek() ?? ""))
  const file = dockerfile.text()
  const path = file === undefined ? undefined : below(fromRoot(clean(file)), base)
  builtFrom(job, draft, {
    from: runtime.exists ? runtime : cursor,
    context: inside,
    fromRoot: true,
    folder: base === clean(inside?.peek() ?? "") ? "" : rootDir,
    ...(kind === "docker"
      ? { dockerfile: { path: path ?? "../", from: dockerfile.exists ? dockerfile : runtime } }
      : { buildPack: "nixpacks" }),
    ...(file === undefined && kind === "docker" ? { dockerfile: { path: "Dockerfile", from: runtime } } : {}),
    ...(address === undefined
      ? {}
      : {
          repository: {
            address: publicAddress(address),
            from: repo,
            ...(named === undefined ? {} : { branch: named })
          }
        })
  })
  if (address === undefined && named !== undefined && named !== "main")
    draft.put("source", "branch", named, branch)
  const build = cursor.key("buildCommand")
  const command = build.text() ?? ""
  if (command !== "" && kind !== "docker") draft.put("build", "command", command, build)
  else if (command !== "") build.leave("a Dockerfile says itself how it is built", "build")
  if (kind === "static") readStatic(cursor, draft, command !== "")
  else port(draft, cursor)
}

const clean = (path: string): string => path.replace(/^\.?\//, "").replace(/\/+$/, "")

/** A Dockerfile's path from the folder that is built on; `undefined`: it is not below it. */
const below = (path: string, folder: string): string | undefined =>
  folder === "" || folder === "."
    ? path
    : path.startsWith(`${folder}/`)
      ? path.slice(folder.length + 1)
      : undefined

/** Render's own default, which the application finds in PORT. */
const port = (draft: Draft, cursor: Cursor): void => {
  const given = cursor
    .key("envVars")
    .items()
    .find((one) => one.key("key").peek() === "PORT")
    ?.key("value")
    .peek()
  if (/^\d+$/.test(given ?? "")) {
    draft.set("port", Number(given))
    return
  }
  if (["worker", "cron"].includes(cursor.key("type").peek() ?? "")) return
  draft.set("port", 10_000)
  draft.comment("port", "Render's default, which the application finds in PORT.")
  draft.put("env", "PORT", "10000")
}

/** Files that a build leaves, or that lie in the repository: Coolify serves both with nginx. */
const readStatic = (cursor: Cursor, draft: Draft, isBuilt: boolean): void => {
  const path = cursor.has("staticPublishPath")
    ? cursor.key("staticPublishPath")
    : cursor.key("staticPublishDirectory")
  const routes = cursor.key("routes").items()
  const isApp = (one: Cursor) =>
    one.key("type").peek() === "rewrite" && (one.key("destination").peek() ?? "").endsWith("index.html")
  for (const route of routes) {
    if (isApp(route)) route.needless("`build.spa` has the same effect", "build")
    else route.leave("Coolify's nginx is given no routes", "build")
  }
  const folder = clean(path.text() ?? "dist")
  const isRoot = folder === "" || folder === "."
  if (isBuilt) draft.put("build", "publish", isRoot ? "/" : folder, path)
  else {
    const base = draft.at("source", "baseDirectory") ?? ""
    draft.put("source", "buildPack", "static", path)
    if (!isRoot)
      draft.put("source", "baseDirectory", `${typeof base === "string" ? base : ""}/${folder}`, path)
  }
  if (routes.some(isApp)) draft.put("build", "spa", true)
}
