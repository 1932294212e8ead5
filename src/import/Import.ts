/** A file of another tool as specs, and a list of all that no spec says. Pure: no file, no clock, no network. */
import * as Either from "effect/Either"
import { readCompose, isTemplate } from "./Compose.ts"
import { withExtended } from "./ComposeExtends.ts"
import { Cursor, Reading } from "./Cursor.ts"
import { dotenvTree, readDotenv } from "./Dotenv.ts"
import type { Draft } from "./Draft.ts"
import { type Erb, withoutErb } from "./Erb.ts"
import { ImportError } from "./ImportError.ts"
import type { Imported, Input, Job } from "./Input.ts"
import { joinProcesses } from "./JoinProcesses.ts"
import { readFly } from "./Fly.ts"
import { procfileTree, readHeroku } from "./Heroku.ts"
import { readKamal } from "./Kamal.ts"
import { readRailway } from "./Railway.ts"
import { readRender } from "./Render.ts"
import { readToml } from "./Toml.ts"
import { start, type Tree } from "./Tree.ts"
import type { Position } from "../appspec/Report.ts"
import { readYaml } from "./Yaml.ts"

interface Format {
  /** In words. */
  readonly name: string
  readonly read: (job: Job) => ImportError | undefined
}

const isDotenv = (base: string): boolean => /(?:^|\.)env(?:\.|$)/.test(base)
const isProcfile = (base: string): boolean => base.endsWith("Procfile")

const compose: Format = { name: "a compose file", read: readCompose }
const template: Format = { name: "a template of Coolify's", read: readCompose }
const render: Format = { name: "a blueprint of Render's", read: readRender }
const fly: Format = { name: "a configuration of Fly.io's", read: readFly }
const railway: Format = { name: "a configuration of Railway's", read: readRailway }
const heroku: Format = { name: "a manifest of Heroku's", read: readHeroku }
const dotenv: Format = { name: "a file of variables", read: readDotenv }

const formatOf = ({ base, text }: Input, root: Cursor, erb: Erb): Format | undefined => {
  const has = (...keys: ReadonlyArray<string>) => keys.some((key) => root.has(key))
  if (isDotenv(base)) return dotenv
  if (isProcfile(base)) return heroku
  if (base.endsWith(".toml")) {
    if (base.startsWith("railway.")) return railway
    return has("app", "http_service", "mounts", "services", "primary_region")
      ? fly
      : has("build", "deploy")
        ? railway
        : undefined
  }
  const isRailway = /railway/.test(root.key("$schema").peek() ?? "") || base.startsWith("railway.")
  if (isRailway) return railway
  // What only a manifest has: any other tool's JSON has a name and scripts too.
  const isManifest =
    base.endsWith("app.json") || has("addons", "buildpacks", "env", "formation", "stack", "success_url")
  if (base.endsWith(".json") && root.kind === "Pairs" && isManifest) return heroku
  if (base.endsWith("heroku.yml")) return heroku
  const services = root.key("services").items()
  if (
    (root.key("services").kind === "Items" &&
      (services.length === 0 || services.some((one) => one.has("type")))) ||
    has("envVarGroups", "databases", "envVars") ||
    root.key("projects").kind === "Items"
  )
    return render
  if (root.key("services").kind === "Pairs") return isTemplate(text) ? template : compose
  if (has("service") && has("image", "servers"))
    return { name: "a configuration of Kamal's", read: (job) => readKamal(job, erb) }
  return undefined
}

const treeOf = ({ base, file }: Input, text: string): Either.Either<Tree, ImportError> =>
  isDotenv(base)
    ? Either.right(dotenvTree(text))
    : isProcfile(base)
      ? Either.right(procfileTree(text))
      : base.endsWith(".toml")
        ? readToml(text, file)
        : readYaml(text, file)

/**
 * A value is generated for one spec alone: what several of them know has to be given.
 * @param together those that are one spec.
 */
const shareSecrets = ({ drafts, reading }: Job, together: ReadonlyArray<Draft>): void => {
  const holders = new Map<string, Array<Draft>>()
  for (const draft of drafts) {
    for (const [name] of draft.entries("secrets")) holders.set(name, [...(holders.get(name) ?? []), draft])
  }
  for (const [name, all] of holders) {
    if (
      all.length < 2 ||
      all.every((draft) => together.includes(draft)) ||
      all.every((draft) => draft.at("secrets", name) === "required")
    )
      continue
    for (const draft of all) draft.put("secrets", name, "required")
    const [first, ...rest] = all.map((draft) => draft.name)
    const text = `${name}: ${rest.join(", ")} and ${first} need the same value, so none of them generates it: give it in `
    reading.note(0, `${text}\`.env\` or in the environment`)
    for (const draft of all) draft.comment("secrets", `${text}\`.env\`.`)
  }
}

/** Names that go into what a browser loads are read by the build: every bundler has a prefix for them. */
const buildsPublic = (draft: Draft): void => {
  if (draft.at("source", "git") === undefined) return
  const names = [...draft.entries("env"), ...draft.entries("secrets")].map(([name]) => name)
  const wanted = names.filter((name) =>
    /^(?:NEXT_PUBLIC|VITE|REACT_APP|NUXT_PUBLIC|EXPO_PUBLIC|GATSBY|PUBLIC)_/.test(name)
  )
  const known = draft.at("build", "env")
  const all = new Set([...(Array.isArray(known) ? known.map(String) : []), ...wanted])
  if (all.size > 0) draft.put("build", "env", [...all])
}

const refusal = (
  { file }: Input,
  detail: string,
  next: string,
  { column, line }: Position = start
): ImportError => new ImportError({ file, line, column, detail, next })

export const importFile = (input: Input): Either.Either<Imported, ImportError> =>
  Either.gen(function* () {
    const erb = withoutErb(/\.ya?ml$/.test(input.base) ? input.text : "")
    const tree = withExtended(yield* treeOf(input, erb.text === "" ? input.text : erb.text))
    const reading = new Reading()
    const root = new Cursor(reading, tree)
    if (root.kind === "Pairs" && root.pairs().length === 0) {
      return yield* Either.left(refusal(input, "the file says nothing", "is this the right file?"))
    }
    const format = formatOf(input, root, erb)
    if (format === undefined && root.kind === "Pairs" && root.pairs().some((one) => one.has("image"))) {
      return yield* Either.left(
        refusal(
          input,
          "this is a compose file of the first version, without `services`",
          "indent all of it, and write `services:` above it"
        )
      )
    }
    if (format === undefined) {
      return yield* Either.left(
        refusal(
          input,
          "this is none of the files that fabrik import knows",
          "it reads compose files, Coolify's templates, render.yaml, fly.toml, Kamal's deploy.yml, app.json, a Procfile, railway.json and .env"
        )
      )
    }
    const job: Job = { input, reading, root, drafts: [], processes: [], copies: [] }
    const failed = format.read(job)
    if (failed !== undefined) return yield* Either.left(failed)
    const [main] = job.drafts
    if (main === undefined) {
      const [first] = reading.leftOut
      return yield* Either.left(
        refusal(
          input,
          `${format.name} without anything that runs${first === undefined ? "" : `: ${first.path}: ${first.reason}`}`,
          "name the file that has a service",
          first
        )
      )
    }
    reading.finish(tree, main)
    shareSecrets(
      job,
      job.processes.map(({ draft }) => draft)
    )
    for (const draft of job.drafts) buildsPublic(draft)
    const head = `Written by fabrik import from ${input.base}, ${format.name}.`
    const refused = job.drafts.flatMap((draft) => {
      const reason = draft.settle(head, (left) => reading.leave(start, "", left, draft))
      return reason === undefined ? [] : [{ draft, reason: `${draft.name} has no spec: ${reason}` }]
    })
    const written = job.drafts.filter((one) => !refused.some(({ draft }) => draft === one))
    if (written.length === 0) {
      const detail = refused.map(({ reason }) => reason).join("; ")
      return yield* Either.left(refusal(input, detail, "give it in the file, or write a spec by hand"))
    }
    for (const { draft, reason } of refused) reading.leave(draft.place, "", reason, written[0])
    const processes = job.processes.filter(({ draft }) => written.includes(draft))
    const joined = joinProcesses(processes, head)
    if (joined === undefined) shareSecrets(job, [])
    const isJoined = (draft: Draft) => joined !== undefined && processes.some((one) => one.draft === draft)
    const specs = joined === undefined ? written : [joined, ...written.filter((draft) => !isJoined(draft))]
    return {
      format: format.name,
      specs: specs.map((draft, index) => ({
        file: index === 0 ? "app.yaml" : `${draft.name}.yaml`,
        text: draft.text(head)
      })),
      copies: job.copies,
      leftOut: reading.leftOut.toSorted((a, b) => a.line - b.line || a.column - b.column),
      notes: reading.notes.toSorted((a, b) => a.line - b.line),
      required: [
        ...new Set(
          written.flatMap((draft) =>
            draft.entries("secrets").flatMap(([name, rule]) => (rule === "required" ? [name] : []))
          )
        )
      ],
      wanted: [...reading.wanted]
    }
  })
