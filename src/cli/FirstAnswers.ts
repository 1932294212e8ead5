/** What a first spec needs that no file says: from flags, from what was found, or asked for. */
import * as Effect from "effect/Effect"
import { type FirstSpec, problemOf, problemOfSource } from "../appspec/FirstSpec.ts"
import { nearest } from "../appspec/Nearest.ts"
import { publicAddress } from "../import/Address.ts"
import type { Around } from "../import/Folder.ts"
import { UsageError } from "./Arguments.ts"
import { ask } from "./Ask.ts"
import type { Instance } from "./Instance.ts"

interface Given {
  readonly name: string | undefined
  readonly domain: string | undefined
  readonly image: string | undefined
  readonly git: string | undefined
  readonly branch: string | undefined
  readonly port: number | undefined
  readonly server: string | undefined
  readonly project: string | undefined
  /** Somebody is there and wants to be asked. */
  readonly asks: boolean
  readonly around: Around
  readonly instance: Instance
}

type Answers = Pick<FirstSpec, "name" | "domain" | "source" | "port" | "server" | "project">

/** Refuses flags that a spec would not take, each by its name, and names all that are missing at once. */
export const fillIn = Effect.fn("fillIn")(function* (given: Given) {
  yield* refuseWrong(given)
  const missing = missingOf(given)
  const [one] = missing
  if (!given.asks && one !== undefined) {
    const flags = missing.map(({ flag, why }) => `${flag} (${why})`).join(", ")
    return yield* usage(`init needs ${flags}, and nobody is asked without a terminal or with --yes`)
  }
  const name =
    given.name ??
    given.around.name?.value ??
    (yield* ask({ text: "Name", problem: (text) => problemOf("name", text) }))
  const domain =
    given.domain ??
    (yield* ask({
      text: `Domain, e.g. ${name}.example.com, or none`,
      problem: (text) => problemOf("domain", text)
    }))
  const source = sourceOf(given) ?? (yield* askSource)
  const port =
    domain === "none" ? undefined : (portOf(given, source) ?? (yield* askPort(given.around.usualPort)))
  const answers: Answers = {
    name,
    domain,
    source,
    port,
    server: given.server ?? (yield* chooseServer(given.instance.servers)),
    project: given.project ?? (yield* chooseProject(given))
  }
  return answers
})

const usage = (message: string) => new UsageError({ message, command: "init" })

const refuseWrong = Effect.fnUntraced(function* (given: Given) {
  for (const key of ["name", "domain", "server", "project"] as const) {
    const value = given[key]
    const problem = value === undefined ? undefined : problemOf(key, value)
    if (problem !== undefined) return yield* usage(`--${key} ${value}: ${problem}`)
  }
  if (given.branch !== undefined && given.git === undefined && given.around.origin === undefined) {
    return yield* usage("--branch is of a repository: name it with --git")
  }
  const source = sourceOf(given)
  const problem = source === undefined ? undefined : problemOfSource(source)
  if (problem !== undefined)
    return yield* usage(`--${given.image === undefined ? "git" : "image"}: ${problem}`)
  const { servers } = given.instance
  const { server } = given
  if (server !== undefined && servers !== undefined && !servers.includes(server)) {
    const near = nearest(server, servers)
    return yield* usage(
      `--server ${server}: Coolify has no server of that name; ${near === undefined ? `it has ${servers.join(", ") || "none"}` : `did you mean ${near}?`}`
    )
  }
})

/** What nobody has said and no file says. */
const missingOf = (given: Given) => {
  const source = sourceOf(given)
  const { servers } = given.instance
  return [
    ...(given.name === undefined && given.around.name === undefined
      ? [{ flag: "--name", why: "what it is called" }]
      : []),
    ...(given.domain === undefined ? [{ flag: "--domain", why: "where it answers, or none" }] : []),
    ...(source === undefined ? [{ flag: "--image or --git", why: "what is deployed" }] : []),
    ...(given.domain !== "none" && portOf(given, source) === undefined
      ? [{ flag: "--port", why: "where it listens" }]
      : []),
    ...(given.server === undefined && servers !== undefined && servers.length > 1
      ? [{ flag: "--server", why: servers.join(", ") }]
      : [])
  ]
}

/** The work tree says how it is built; of another repository, or an image, nothing here tells. */
const sourceOf = (given: Given): FirstSpec["source"] => {
  const { around, branch, git, image } = given
  if (image !== undefined) return { image }
  const { buildPack, origin } = around
  const own = origin !== undefined && isOwn(given)
  const built = own && buildPack !== undefined ? { buildPack } : {}
  if (git !== undefined) {
    const address = publicAddress(git)
    return {
      git: address,
      ...(branch === undefined ? {} : { branch }),
      ...(own ? { ...folderOf(origin.folder), ...built } : {})
    }
  }
  return origin === undefined
    ? undefined
    : { git: origin.repository, branch: branch ?? origin.branch, ...folderOf(origin.folder), ...built }
}

const folderOf = (folder: string) => (folder === "" ? {} : { baseDirectory: `/${folder}` })

/** The port that a file here names is that of what is built from here. */
const portOf = (given: Given, source: FirstSpec["source"]): number | undefined =>
  given.port ?? (source !== undefined && isOwn(given) ? given.around.port?.value : undefined)

const isOwn = ({ around: { origin }, git, image }: Given): boolean =>
  image === undefined && (git === undefined || publicAddress(git) === origin?.repository)

const askSource = Effect.gen(function* () {
  const source = (text: string) =>
    /^(?:https?|ssh|git):\/\/|^[\w.-]+@[\w.-]+:/.test(text) ? { git: publicAddress(text) } : { image: text }
  const text = yield* ask({
    text: "Image (nginx:1.27) or repository (https://github.com/owner/repository)",
    problem: (answer) => problemOfSource(source(answer))
  })
  return source(text)
})

const askPort = Effect.fnUntraced(function* (usual: number | undefined) {
  const text = yield* ask({
    text: "Port that it listens on in its container",
    suggestion: usual?.toString(),
    problem: (answer) => (/^\d+$/.test(answer) ? problemOf("port", answer) : "a number from 1 to 65535")
  })
  return Number(text)
})

/** The only one needs no name: the spec may leave it out. */
const chooseServer = Effect.fnUntraced(function* (servers: Instance["servers"]) {
  if (servers === undefined || servers.length < 2) return servers?.[0]
  return yield* ask({
    text: `Server (${servers.join(", ")})`,
    problem: (answer) => (servers.includes(answer) ? undefined : `Coolify has ${servers.join(", ")}`)
  })
})

const chooseProject = Effect.fnUntraced(function* ({ asks, instance }: Given) {
  if (!asks || instance.projects === undefined || instance.projects.length === 0) return undefined
  const answer = yield* ask({
    text: `Project: a new name, or one of ${instance.projects.slice(0, 8).join(", ")}`,
    suggestion: "fabrik",
    problem: (text) => problemOf("project", text)
  })
  return answer === "fabrik" ? undefined : answer
})
