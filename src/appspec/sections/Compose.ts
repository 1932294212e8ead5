/** `source: { compose }`: its text, and `domains` as a map of which of its containers answers where. */
import * as Either from "effect/Either"
import { composeFile, readCompose } from "../../coolify/ComposeText.ts"
import type { Check } from "../Decode.ts"
import { asciiDomain } from "../Domain.ts"
import { isCompose } from "../../coolify/Source.ts"
import { integer, list, map, oneOf, optional, record, text, wrongKind } from "../Form.ts"
import { ranges } from "../Limits.ts"
import { nearest } from "../Nearest.ts"
import { quote } from "../Report.ts"
import type { Beside } from "./Files.ts"
import { healthPath, healthPathPattern } from "../HealthPath.ts"
import { domainsIn, hostPattern, type Redirect, withRedirected } from "./Application.ts"
import type { Healthcheck } from "./Healthcheck.ts"
import type { Source } from "./Source.ts"
import type { Spec } from "../Spec.ts"

type Compose = Extract<Source, { readonly _tag: "Compose" }>

/** A container of a compose file that answers at public names. */
export interface Route {
  /** Its key under `services`. */
  readonly container: string
  readonly hosts: ReadonlyArray<string>
  /** Where it listens; absent: Coolify takes what the image exposes. */
  readonly port?: number
  /** What is asked of it in place of `healthcheck.path`. */
  readonly path?: string
}

const form = "e.g. `domains: { web: shop.example.com, api: { host: api.example.com, port: 8080 } }`"

const host = text(
  {
    description: "Public host name, without scheme, port and path",
    examples: ["shop.example.com"],
    pattern: hostPattern
  },
  asciiDomain
)

const hosts = list(host, { description: "Several public host names", hint: form })

const hostOrHosts = oneOf([host, hosts], ({ node }) => (node._tag === "List" ? 1 : 0), {
  description: "One public host name, or several"
})

const long = map(
  {
    host: hostOrHosts,
    port: optional(
      integer(ranges.port, { description: "Port that the container listens on", examples: [8080] })
    ),
    path: optional(
      text(
        {
          description: "What is asked of it in place of `healthcheck.path`",
          examples: ["/health"],
          pattern: healthPathPattern
        },
        healthPath
      )
    )
  },
  {
    description: "The name of a container with the port it listens on",
    hint: form,
    missing: ({ path }) => ({ message: `\`${path}\` needs \`host\``, hint: form }),
    elsewhere: { domain: "did you mean `host`?", hosts: "did you mean `host`?", url: "did you mean `host`?" }
  }
)

const containerPattern = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

const route = oneOf(
  [host, hosts, long],
  ({ node }) => (node._tag === "Map" ? 2 : node._tag === "List" ? 1 : 0),
  { description: "The public host name of this container, several, or `{ host, port }`" }
)

/** By container. */
export const Routes = record(containerPattern, route, {
  description:
    "With a compose file, which of its containers answers where: `CONTAINER: HOST`, or with the port it listens on",
  keyForm: "The name of a container in the compose file",
  value: (field) => wrongKind(field, "a map of containers to names", form),
  key: (name) => ({ message: `${quote(name)} cannot name a container of a compose file`, hint: form })
})

/** With its text, where the file beside the spec was read. */
export const composeIn = (given: Compose, beside: Beside | undefined, check: Check): Compose | undefined => {
  const field = check.at("source", "compose")
  const found = given.from === undefined ? Either.right(given.text) : beside?.get(given.from)
  if (found === undefined) return given
  const checked = Either.flatMap(found, (text) =>
    Either.map(
      Either.flatMap(readCompose(text), (file) => {
        const built = file.services.find(({ isBuilt, image }) => isBuilt || image === "")
        return built === undefined ? Either.right(file) : Either.left(needsImage(built.name))
      }),
      () => ({ ...given, text })
    ).pipe(
      Either.mapLeft(({ hint, message }) => ({
        message: `${given.from === undefined ? "the text" : quote(given.from)} ${message}`,
        hint
      }))
    )
  )
  if (Either.isRight(checked)) return checked.right
  return field === undefined ? undefined : check.complain(field, checked.left)
}

const needsImage = (name: string) => ({
  message: `has no image for ${quote(name)}, and Coolify builds nothing for a service`,
  hint: "give it an `image`; what has to be built is an application of its own, with `source: { git: ... }`"
})

/** What the compose file says itself, of each of its containers. */
const inTheFile = {
  build: "Coolify builds nothing for a service",
  command: "write it in the compose file",
  release: 'write a container that runs it, with `restart: "no"`, and let others `depends_on` it',
  port: "write it beside the name: `domains: { web: { host: shop.example.com, port: 8080 } }`",
  volumes: "write them in the compose file",
  files: "write them in the compose file, as `configs` with a `content`",
  resources: "write them in the compose file, under `deploy.resources`",
  ports: "write them in the compose file",
  networkAliases: "write them in the compose file",
  stopGracePeriod: "write it in the compose file, as `stop_grace_period`",
  autoDeploy: "only a repository has pushes that Coolify could deploy",
  runOptions: "write them in the compose file",
  databases: "write the database in the compose file, as a container with a volume",
  schedules: "Coolify's tasks of services are not supported by this version yet",
  template: "a template has a source of its own",
  redirect: "redirects of a compose file are not supported by this version yet",
  basicAuth: "Coolify asks visitors of applications alone: write the labels of the proxy in the compose file"
} as const

/** What has a meaning where the file is in a repository: it is built, and pushed to. */
const ofRepositories = ["build", "autoDeploy"]

/** Complains of keys that mean something else than a compose file's containers. */
export const checkCompose = (source: Source | undefined, check: Check): void => {
  if (source === undefined || !isCompose(source)) return
  for (const [key, hint] of Object.entries(inTheFile)) {
    const field = check.at(key)
    if (field === undefined || (source._tag === "Git" && ofRepositories.includes(key))) continue
    check.complain(field, { at: field.keyAt, message: `\`${key}\` has no meaning for a compose file`, hint })
  }
  for (const key of ["container", "command"]) {
    const field = check.at("healthcheck", key)
    if (field === undefined) continue
    check.complain(field, {
      at: field.keyAt,
      message: `\`${field.path}\` has no meaning for a compose file`,
      hint: "write a `healthcheck` for each container in the compose file"
    })
  }
}

const isMap = (domains: ReadonlyArray<string> | typeof Routes.Type): domains is typeof Routes.Type =>
  !Array.isArray(domains)

/** The only container of a compose file, or all of them. */
const onlyIn = (text: string): { readonly only: string | undefined; readonly all: ReadonlyArray<string> } => {
  const all = (composeFile(text)?.services ?? []).map(({ name }) => name)
  return { all, only: all.length === 1 ? all[0] : undefined }
}

/** Which container answers where: a list of names is that of the only one. */
export const routesFor = ({ domains, routes, source }: Pick<Spec, "domains" | "routes" | "source">) => {
  if (routes !== undefined || source._tag !== "Compose") return routes ?? []
  const { only } = onlyIn(source.text)
  return only === undefined || domains.length === 0 ? [] : [{ container: only, hosts: domains }]
}

/** The health check of one name. */
export const healthcheckAt = (
  { healthcheck, routes = [] }: Pick<Spec, "healthcheck" | "routes">,
  host: string
): Healthcheck => {
  const path = routes.find(({ hosts }) => hosts.includes(host))?.path
  return path === undefined ? healthcheck : { ...healthcheck, path }
}

const checkList = (domains: ReadonlyArray<string>, source: Source | undefined, check: Check): void => {
  const field = check.at("domains") ?? check.at("domain")
  if (source === undefined || field === undefined || domains.length === 0) return
  if (source._tag === "Git" && isCompose(source)) {
    return check.complain(field, {
      at: field.keyAt,
      message: "this does not say which container of the compose file answers",
      hint: `e.g. \`domains: { web: ${domains[0]} }\`, with the port it listens on: \`web: { host: ${domains[0]}, port: 8080 }\``
    })
  }
  if (source._tag !== "Compose" || source.text === "") return
  const { all, only } = onlyIn(source.text)
  if (only !== undefined) return
  check.complain(field, {
    at: field.keyAt,
    message: "a compose file has several containers, and this does not say which of them answers",
    hint: `e.g. \`domains: { ${all[0]}: ${domains[0]} }\`; it has: ${all.join(", ")}`
  })
}

/** All names of a spec, the main one first, and which container of a compose file answers at which. */
export const answersIn = (
  written: {
    readonly domain?: string
    readonly domains?: ReadonlyArray<string> | typeof Routes.Type
    readonly redirect?: Redirect
  },
  check: Check
): { readonly domains: ReadonlyArray<string> | undefined; readonly routes?: ReadonlyArray<Route> } => {
  const { domain, domains: all, redirect } = written
  if (all === undefined || !isMap(all)) {
    return { domains: withRedirected(domainsIn(domain, all, check), redirect, check) }
  }
  const routes = routesIn(all, check)
  const hosts = routes.flatMap((route) => route.hosts)
  return { domains: domainsIn(domain, hosts, check), routes }
}

/** Complains of names that do not fit the source. */
export const checkAnswers = (
  { domains = [], routes }: ReturnType<typeof answersIn>,
  source: Source | undefined,
  check: Check
): void => {
  if (routes === undefined) return checkList(domains, source, check)
  const field = check.at("domains")
  if (source !== undefined && !isCompose(source) && field !== undefined) {
    return check.complain(field, {
      message: "`domains` is a map of a compose file's containers, and this `source` is none",
      hint: "one name per line, each behind a `-`: `- app.example.com`"
    })
  }
  if (source?._tag !== "Compose" || source.text === "") return
  const { all } = onlyIn(source.text)
  for (const { container } of routes) {
    const field = check.at("domains", container)
    if (all.includes(container) || field === undefined) continue
    const near = nearest(container, all)
    check.complain(field, {
      at: field.keyAt,
      message: `the compose file has no container ${quote(container)}`,
      hint: near === undefined ? `it has: ${all.join(", ")}` : `did you mean \`${near}\`?`
    })
  }
}

const routesIn = (given: typeof Routes.Type, check: Check): ReadonlyArray<Route> => {
  const routes = Object.entries(given).map(([container, written]): Route => {
    if (typeof written === "string") return { container, hosts: [written] }
    if (!("host" in written)) return { container, hosts: written }
    const { host, ...rest } = written
    return { container, hosts: typeof host === "string" ? [host] : host, ...rest }
  })
  const seen = new Set<string>()
  for (const { container, hosts } of routes) {
    const field = check.at("domains", container)
    for (const host of hosts) {
      if (seen.has(host) && field !== undefined) {
        check.complain(field, { message: `${quote(host)} stands there twice`, hint: "keep one of them" })
      }
      seen.add(host)
    }
  }
  return routes
}

/** As {@link routesIn} reads them. */
export const routesOut = (routes: ReadonlyArray<Route>): typeof Routes.Type =>
  Object.fromEntries(
    routes.map(({ container, hosts, ...rest }) => {
      const [one, ...more] = hosts
      const host = one !== undefined && more.length === 0 ? one : hosts
      return [container, Object.keys(rest).length === 0 ? host : { host, ...rest }]
    })
  )
