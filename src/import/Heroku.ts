/**
 * Heroku's `app.json`, with the Procfile and the heroku.yml beside it. Facts: devcenter.heroku.com/articles/app-json-schema,
 * /procfile and /build-docker-images-heroku-yml: only `web` runs unless the formation says otherwise, and finds its
 * port in PORT.
 */
import * as Either from "effect/Either"
import { publicAddress } from "./Address.ts"
import { Cursor, Reading } from "./Cursor.ts"
import { completeCommand } from "./Dockerfile.ts"
import type { Draft } from "./Draft.ts"
import { addonOf } from "./HerokuAddons.ts"
import type { ImportError } from "./ImportError.ts"
import { answersAt, besideOf, builtFrom, draftOf, type Job } from "./Input.ts"
import { namesSecret, secret, variableAt } from "./Plain.ts"
import { Databases } from "./SharedDatabases.ts"
import { emptyTree, type Pair, type Tree } from "./Tree.ts"
import { readYaml } from "./Yaml.ts"

/** A line that names no process: nobody takes it, so that it is told. */
const lost = (line: number): Pair => {
  const at = { line, column: 1 }
  return { key: `line ${line}`, keyAt: at, value: { _tag: "Items", at, items: [] } }
}

/** `name: command` a line, as a tree with places. */
export const procfileTree = (text: string): Tree => {
  const pairs = text.split("\n").flatMap((line, index): ReadonlyArray<Pair> => {
    const [, key, command = ""] = /^([A-Za-z0-9_-]+)\s*:\s*(.*?)\s*$/.exec(line) ?? []
    const at = { line: index + 1, column: 1 }
    if (key === undefined) return /^\s*(?:#.*)?$/.test(line) ? [] : [lost(index + 1)]
    return [{ key, keyAt: at, value: { _tag: "Leaf", at, text: command } }]
  })
  return { _tag: "Pairs", at: { line: 1, column: 1 }, pairs }
}

interface Beside {
  readonly root: Cursor
  readonly finish: (main: Draft | undefined) => void
}

/** A file beside the imported one, read with a list of its own. */
const beside = (
  { reading }: Job,
  name: string,
  text: string | undefined,
  read: (text: string) => Either.Either<Tree, ImportError>
): Beside => {
  const own = new Reading(name)
  const found = text === undefined ? Either.right(emptyTree()) : read(text)
  const whole = Either.getOrElse(found, () => emptyTree())
  return {
    root: new Cursor(own, whole),
    finish: (main) => {
      if (Either.isLeft(found)) own.leave(found.left, "", `it is not read: ${found.left.detail}`, main)
      own.finish(whole, main)
      reading.leftOut.push(...own.leftOut)
      reading.notes.push(...own.notes)
    }
  }
}

/** Beside `app.json`, or called like it. */
const companion = (job: Job, name: string): { readonly text: string | undefined; readonly name: string } => {
  const { base } = job.input
  const own = base.endsWith(".json") ? base.replace(/\.json$/, `.${name}`) : name
  const text = besideOf(job, own)
  return text === undefined ? { text: besideOf(job, name), name } : { text, name: own }
}

const worksOn = /work|job|queue|sidekiq|celery|beat|clock|cron|schedul|consum|resque/i

export const readHeroku = (job: Job): undefined => {
  const { input, root } = job
  const isProcfile = input.base.endsWith("Procfile")
  const found = companion(job, "Procfile")
  const isManifest = input.base.endsWith("heroku.yml")
  const itself: Beside = { root: job.root, finish: () => {} }
  const procfile = isProcfile
    ? itself
    : beside(job, found.name, found.text, (text) => Either.right(procfileTree(text)))
  const manifest = companion(job, "heroku.yml")
  const heroku = isManifest
    ? itself
    : beside(job, manifest.name, manifest.text, (text) => readYaml(text, manifest.name))
  const app = isProcfile || isManifest ? new Cursor(job.reading, undefined) : root
  const name = app.key("name").text() ?? input.folder
  const commands = commandsOf(procfile.root, heroku.root)
  const formation = app.key("formation")
  const runs = (process: string) => {
    const quantity = formation.key(process).key("quantity").peek()
    return process === "web" || (quantity === undefined ? worksOn.test(process) : quantity !== "0")
  }
  const others = [...commands.keys()].filter(
    (process) => process !== "web" && process !== "release" && runs(process)
  )
  const [first = "web", ...rest] = commands.has("web") || others.length === 0 ? ["web", ...others] : others
  const project = rest.length > 0 ? name : undefined
  const main = draftOf(job, name, project)
  const drafts = [main, ...rest.map((process) => draftOf(job, `${name}-${process}`, project))]
  drafts.forEach((draft, index) => job.processes.push({ name: [first, ...rest][index] ?? "", draft }))
  const whole = app.for(main)
  const databases = new Databases(job)
  const addons = readAddons(whole, heroku.root, databases)
  for (const [index, draft] of drafts.entries()) {
    const process = index === 0 ? first : (rest[index - 1] ?? "")
    const command = commands.get(process)
    readProcess(job, draft, whole, heroku.root, process, command)
    readEnvironment(draft, whole, addons, databases)
  }
  const release = commands.get("release")
  if (release !== undefined) main.set("release", release.text() ?? "", release)
  readDockerfile(job, drafts, heroku.root, release ?? whole.key("stack"))
  for (const [process, command] of commands) {
    if (process !== "release" && !runs(process))
      command
        .for(main)
        .leave("Heroku runs it only when it is scaled up, and the formation does not say so", "command")
  }
  readRest(whole, [...commands.keys()])
  databases.finish()
  heroku.root.for(main)
  procfile.root.for(main)
  heroku.finish(main)
  procfile.finish(main)
  return undefined
}

/** By process: `run` of heroku.yml goes before the Procfile. */
const commandsOf = (procfile: Cursor, heroku: Cursor): Map<string, Cursor> => {
  const lines = procfile.pairs()
  for (const one of lines) if (one.kind === "Items") one.leave("it is no `NAME: COMMAND`", "command")
  const commands = new Map<string, Cursor>()
  for (const one of lines.filter(({ kind }) => kind === "Leaf")) {
    commands.get(one.name)?.leave("a later line names it again, and that one is taken", "command")
    commands.set(one.name, one)
  }
  for (const one of heroku.key("run").pairs()) {
    const command = one.kind === "Pairs" ? one.key("command") : one
    if (one.kind === "Pairs") one.key("image").text()
    commands.set(one.name, command.items()[0] ?? command)
  }
  const release = heroku.key("release")
  release.key("image").text()
  const [line, ...more] = release.key("command").items()
  if (line !== undefined) commands.set("release", line)
  for (const one of more) one.leave("a release is one line: join them with &&", "release")
  return commands
}

const readProcess = (
  job: Job,
  draft: Draft,
  app: Cursor,
  heroku: Cursor,
  process: string,
  command: Cursor | undefined
): void => {
  const docker = heroku.key("build").key("docker").key(process)
  const isContainer = app.key("stack").peek() === "container" || docker.exists
  const repository = app.key("repository")
  const address = repository.exists ? publicAddress(repository.peek() ?? "") : undefined
  const isAddress = /^https:\/\/[^\s@?#]+\/[^\s?#]+$/.test(address ?? "")
  if (isAddress) repository.take()
  else repository.leave("it is no address of a repository", "source")
  builtFrom(job, draft, {
    from: isAddress ? repository : app.key("name").exists ? app.key("name") : (command ?? app),
    ...(isContainer
      ? { dockerfile: { path: docker.text() ?? "Dockerfile", from: docker } }
      : { buildPack: "nixpacks" }),
    ...(isAddress && address !== undefined
      ? { repository: { address: address.replace(/\.git$/, ""), from: repository } }
      : {})
  })
  if (command !== undefined) draft.set("command", command.text() ?? "", command)
  if (process !== "web") {
    draft.set("domain", "none")
    return
  }
  answersAt(job, draft, [])
  draft.set("port", 8080)
  draft.put("env", "PORT", "8080")
  draft.comment("port", "Heroku chooses it; the application finds it in PORT.")
}

const readDockerfile = (job: Job, drafts: ReadonlyArray<Draft>, heroku: Cursor, from: Cursor): void => {
  const path = heroku.key("build").key("docker").key("web").peek() ?? "Dockerfile"
  for (const draft of drafts) {
    if (draft.at("source", "buildPack") === "dockerfile") completeCommand(job, draft, path, from)
  }
}

interface Addon {
  /** Of the variable that it sets. */
  readonly variable: string
  readonly database: string
}

const readAddons = (app: Cursor, heroku: Cursor, databases: Databases): ReadonlyArray<Addon> => {
  const found: Array<Addon> = []
  for (const one of [...app.key("addons").items(), ...heroku.key("setup").key("addons").items()]) {
    const plan = one.kind === "Pairs" ? one.key("plan") : one
    const addon = addonOf(plan.peek() ?? "")
    if (addon === undefined) {
      one.leave(
        "Coolify has nothing of the kind: run it beside the application, or give its address in `.env`"
      )
      continue
    }
    const alias = one.kind === "Pairs" ? one.key("as").text() : undefined
    const version = one.kind === "Pairs" ? one.key("options").key("version").text() : undefined
    plan.text()
    const name = alias ?? addon.name
    if (databases.has(name)) continue
    databases.define(name, `${addon.engine}:${version ?? addon.version}`, plan)
    found.push({ variable: alias === undefined ? addon.variable : `${alias}_URL`, database: name })
  }
  return found
}

const readEnvironment = (
  draft: Draft,
  app: Cursor,
  addons: ReadonlyArray<Addon>,
  databases: Databases
): void => {
  for (const one of app.key("env").pairs()) {
    if (one.name === "PORT") {
      one.needless("Heroku chooses it, whatever stands here", "port")
      continue
    }
    const isMap = one.kind === "Pairs"
    const value = isMap ? one.key("value") : one
    const addon = addons.find((each) => each.variable === one.name)
    if (isMap) {
      const text = one.key("description").peek()
      one.key("description").take()
      const needed = one.key("required").text()
      if (needed === "false" && !value.exists && !one.has("generator") && addon === undefined) {
        one.needless("it may be left unset", "env")
        continue
      }
      if (text !== undefined) draft.comment(value.exists ? "env" : "secrets", `${one.name}: ${text}`)
    }
    const generator = one.key("generator")
    if (addon !== undefined) continue
    if (generator.exists && generator.peek() !== "secret")
      generator.leave("only `secret` is known", "secrets")
    if (isMap && generator.text() === "secret") secret(draft, one.name, generator, "generate")
    else if (value.exists) variableAt(draft, one.name, value)
    else secret(draft, one.name, one, "required")
  }
  for (const { database, variable } of addons) {
    const reference = databases.reference(database, "url", draft)
    if (reference !== undefined) draft.put("env", variable, reference)
  }
}

const readRest = (app: Cursor, processes: ReadonlyArray<string>): void => {
  for (const key of ["description", "keywords", "website", "logo", "success_url"])
    app.key(key).needless("it is for Heroku's pages alone")
  const stack = app.key("stack")
  if (stack.peek() === "container") stack.needless("it is built with its Dockerfile", "source")
  else stack.leave("nixpacks chooses its own base image", "source")
  for (const one of app.key("buildpacks").items()) {
    const url = one.kind === "Pairs" ? one.key("url") : one
    if ((url.peek() ?? "").startsWith("heroku/")) url.needless("nixpacks finds out what it builds", "source")
    else url.leave("nixpacks builds in the place of buildpacks", "source")
  }
  app.key("buildpacks").pairs()
  for (const one of app.key("formation").pairs()) {
    one.key("size").leave("what it may use of its server is `resources: { memory, cpus }`", "resources")
    const quantity = one.key("quantity")
    if (Number(quantity.peek() ?? 1) <= 1) quantity.needless("Coolify runs one container of an application")
    else quantity.leave("Coolify runs one container of an application")
    if (one.name !== "web" && !processes.includes(one.name)) one.leave("there is no such process", "command")
  }
  const scripts = app.key("scripts")
  scripts.pairs()
  for (const key of ["test-setup", "test"])
    scripts.key(key).leave("fabrik deploys no reviews and no tests", "release")
  app.key("features").leave("they are Heroku's own")
  for (const key of ["postdeploy", "pr-predestroy"])
    scripts
      .key(key)
      .leave("Heroku runs it once, for a new app: run it by hand, or as a `release` command", "release")
  app.key("environments").leave("fabrik deploys no reviews and no tests")
  const image = app.key("image")
  image.leave("the application is built from its repository", "source")
}

/** Whether a value that a list of examples gives stands for one that is to be written there. */
export const isPlaceholder = (name: string, value: string): boolean =>
  /^<.*>$|^\[.*\]$|(?:^|[\s_-])(?:your|change|replace|example|placeholder|xxx+|todo)(?:[\s_-]|me|$)/i.test(
    value
  ) &&
  (namesSecret(name) || /^<|your/i.test(value))
