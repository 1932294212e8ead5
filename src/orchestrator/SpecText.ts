/** Pure: a spec for what already runs, with what it cannot say in comments. */
import * as EffectArray from "effect/Array"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { isIP } from "node:net"
import type { Application, ListedApplication } from "../coolify/endpoints/Applications.ts"
import { defaultPort } from "../coolify/endpoints/Derived.ts"
import type { Database } from "../coolify/endpoints/Databases.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import type { Server } from "../coolify/endpoints/Servers.ts"
import { composePack, isCompose } from "../coolify/Source.ts"
import type { RecordSet } from "../dns/DnsClient.ts"
import { buildPacks, healthCommandPattern, ranges, type Range } from "../appspec/Limits.ts"
import { parseSpec } from "../appspec/ParseSpec.ts"
import { asciiSite, hostsOf } from "../appspec/Domain.ts"
import { domainsOut } from "../appspec/sections/Application.ts"
import { type BasicAuth, basicAuthOut } from "../appspec/sections/BasicAuth.ts"
import { type Route, routesOut } from "../appspec/sections/Compose.ts"
import { dnsOut, type DnsSettings } from "../appspec/sections/Dns.ts"
import type { NamedRecords } from "../appspec/sections/Records.ts"
import type { Source } from "../appspec/sections/Source.ts"
import { type DatabaseBackup, databasesOut } from "../appspec/sections/Databases.ts"
import { variablesOut } from "../appspec/sections/Variables.ts"
import type { Spec, Written as Keys } from "../appspec/Spec.ts"
import { comment, nothing, writeKeys } from "../appspec/WriteSpec.ts"
import { RefusedError } from "../engine/DeployError.ts"
import * as Marker from "../engine/Marker.ts"
import type { ObservedDns } from "../kinds/DiffRecord.ts"
import { referencesIn, shortNamed } from "./ReferencesText.ts"
import { readBasicAuth } from "./BasicAuthText.ts"
import { sortVariables } from "./PlainVariables.ts"
import { specName, type Place } from "./Managed.ts"
import { composeVariables, hiddenVariables, isOfCompose } from "./VariablesText.ts"

/** What is known of an application that a spec is to be written for. */
export interface Existing {
  readonly application: ListedApplication
  readonly place: Place
  readonly variables: ReadonlyArray<ObservedVariable>
  readonly servers: ReadonlyArray<Server>
  /** What belongs to it beside its variables, as a spec says it; `left`: what none can. */
  readonly parts?: {
    readonly sections: Partial<Keys>
    readonly left: ReadonlyArray<string>
    /** Paths of files whose text may be a secret, or cannot be read. */
    readonly secretFiles: ReadonlyArray<string>
  }
  /** What stands at its domains, as far as that is known. */
  readonly dns: ReadonlyArray<ObservedDns>
  /** Records that fabrik has made for it beside its domains' own. */
  readonly further?: ReadonlyArray<NamedRecords>
  /** Those that fabrik has made for it. */
  readonly databases?: ReadonlyArray<Database & { readonly backup?: DatabaseBackup }>
}

export interface Written {
  readonly text: string
  /** What `text` means. */
  readonly spec: Spec
}

/** The spec, or why there can be none. What it holds is what {@link parseSpec} makes of it, and nothing is invented. */
export const writeSpec = (existing: Existing): Either.Either<Written, RefusedError> =>
  Either.gen(function* () {
    const { application, place } = existing
    const routes = isCompose(application.source) ? routesIn(application) : undefined
    const domains = routes?.flatMap(({ hosts }) => hosts) ?? chooseDomains(application)
    const databases = shortNamed(application, existing.databases ?? [])
    const references = referencesIn(existing.variables, databases)
    const [written, ofCompose] = EffectArray.partition(existing.variables, (row) =>
      isOfCompose(row, application)
    )
    const variables = sortVariables(written, application.source, Object.keys(references))
    const source = yield* sourceOf(application)
    const auth = domains.length === 0 ? undefined : readBasicAuth(application.basicAuth, existing.variables)
    const { build, ...sections } = existing.parts?.sections ?? {}
    const name = specName(application.name) || "app"
    const text = [
      ...comment(`Written by fabrik adopt from the application ${application.name} (${application.uuid}).`),
      ...remarks(existing, domains, auth),
      "",
      writeKeys({
        name,
        ...(routes === undefined || routes.length === 0
          ? domainsOut(domains, sections.redirect)
          : { domains: routesOut(routes) }),
        ...basicAuthOut(auth),
        ...(application.server === undefined ? {} : { server: serverReference(existing) }),
        project: place.project.name,
        environment: place.environment.name
      }),
      "",
      writeKeys({
        source,
        ...(routes !== undefined || (domains.length === 0 && application.port === defaultPort)
          ? {}
          : { port: application.port })
      }),
      ...(Object.keys({ ...variables.plain, ...references }).length === 0
        ? []
        : ["", writeKeys({ env: variablesOut({ references, env: variables.plain }) })]),
      ...(databases.length === 0
        ? []
        : ["", writeKeys({ databases: databasesOut(databases.map(({ url: _, ...one }) => one)) })]),
      ...(build === undefined && variables.build.length === 0
        ? []
        : [
            "",
            writeKeys({
              build: { ...build, ...(variables.build.length === 0 ? {} : { env: variables.build }) }
            })
          ]),
      ...composeVariables(ofCompose),
      ...hiddenVariables(variables),
      ...(Object.keys(sections).length === 0 ? [] : ["", writeKeys(sections)]),
      ...(routes === undefined ? healthcheckLines(application, domains.length === 0) : []),
      ...hostsOf(domains.slice(0, 1)).flatMap((host) => dnsLines(existing, host))
    ]
      .join("\n")
      .concat("\n")
    const spec = yield* Either.mapLeft(parseSpec(text, "the written spec", new Map()), ({ problems }) =>
      inexpressible(
        problems.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ")
      )
    )
    return { text, spec }
  })

const inexpressible = (detail: string) =>
  new RefusedError({
    reason: "Inexpressible",
    detail: `no specification can hold this application: ${detail}`,
    next: "change that in Coolify and run the command again, or write a specification by hand"
  })

/** The containers of a compose file that answer at names that a spec can say. */
const routesIn = ({ domains }: Application): ReadonlyArray<Route> => {
  const routes = new Map<string, Route>()
  for (const domain of domains.filter((one) => URL.canParse(one))) {
    const { hash, hostname, port, protocol } = new URL(domain)
    const [container, given] = [hash.slice(1), port === "" ? undefined : Number(port)]
    if (protocol !== "https:") continue
    const { hosts = [] } = routes.get(container) ?? {}
    routes.set(container, {
      container,
      hosts: [...new Set([...hosts, hostname])],
      ...(given === undefined ? {} : { port: given })
    })
  }
  return [...routes.values()]
}

/** Those that a spec can name; one that is served otherwise, where there is no such. */
const chooseDomains = (application: Application): ReadonlyArray<string> => {
  const urls = application.domains.filter((domain) => URL.canParse(domain)).map((domain) => new URL(domain))
  const named = (url: URL) => `${url.hostname}${url.pathname}`.replace(/\/$/, "")
  const plain = urls.filter(
    (url) => url.href === `https://${url.hostname}${url.pathname}` && Either.isRight(asciiSite(named(url)))
  )
  return [...new Set(plain.length > 0 ? plain.map(named) : urls.slice(0, 1).map(({ hostname }) => hostname))]
}

const serverReference = ({ application, servers }: Existing): string => {
  const { name = "", uuid = "" } = application.server ?? {}
  return servers.filter((server) => server.name === name).length > 1 ? uuid : name
}

const unreadableText = (what: string) =>
  new RefusedError({
    reason: "Unrestorable",
    detail: `the token may not read ${what}`,
    next: "tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
  })

const sourceOf = ({ source }: Application): Either.Either<Source, RefusedError> => {
  switch (source._tag) {
    case "Image":
      return Either.right(source)
    case "Dockerfile":
      return source.text === undefined
        ? Either.left(unreadableText("the application's Dockerfile"))
        : Either.right({ _tag: "Dockerfile", text: `${source.text.trim()}\n` })
    case "Compose":
      return source.text === undefined
        ? Either.left(unreadableText("the application's compose file"))
        : Either.right({ _tag: "Compose", text: `${source.text.trim()}\n` })
    case "Git": {
      const buildPack = ([...buildPacks, composePack] as const).find((known) => known === source.buildPack)
      return buildPack === undefined
        ? Either.left(inexpressible(`it is built by ${source.buildPack}`))
        : Either.right({ ...source, buildPack })
    }
  }
}

const remarks = (
  { application, parts, place }: Existing,
  domains: ReadonlyArray<string>,
  auth: BasicAuth | undefined
): ReadonlyArray<string> => {
  const left = [
    ...application.otherSettings,
    ...(application.basicAuth !== undefined && auth === undefined ? ["is_http_basic_auth_enabled"] : []),
    ...(parts?.left ?? [])
  ]
  const { secretFiles = [] } = parts ?? {}
  const named = domains.map((domain) => `https://${domain}`)
  const others = application.domains
    .map((domain) => domain.replace(/(?::\d+)?#.*$/, ""))
    .filter((domain) => !named.includes(domain.replace(/\/$/, "")))
  return [
    ...(application.description === "" || Marker.parse(application.description) !== undefined
      ? []
      : comment(`Its description in Coolify was: ${application.description}`)),
    ...(application.name === specName(application.name)
      ? []
      : comment(
          `Its name in Coolify stays ${application.name}; here it is a DNS label, and with ${place.project.name}/${place.environment.name} it tells which application this is.`
        )),
    ...(others.length === 0
      ? []
      : comment(
          `Coolify also serves ${others.join(", ")}. A specification has https domains without port: \`fabrik apply\` takes these away.`
        )),
    ...(secretFiles.length === 0
      ? []
      : comment(
          `Texts that look secret are not read into a file, so ${secretFiles.join(", ")} is not in here. Save the text beside this file and name it under \`files\` (${secretFiles[0]}: ./NAME): where fabrik had written it, \`fabrik apply\` removes it otherwise.`
        )),
    ...(left.length === 0 ? [] : comment(`Not in here, and left in Coolify as it is: ${left.join(", ")}.`))
  ]
}

const healthcheckLines = ({ healthcheck, port }: Application, isNowhere: boolean): ReadonlyArray<string> => {
  if (isNowhere && !healthcheck.enabled) return []
  const usual = nothing().healthcheck
  const beyond: Array<string> = []
  const within = <A>(name: string, value: number, range: Range, read: (value: number) => A, otherwise: A) => {
    if (value >= range.min && value <= range.max) return read(value)
    beyond.push(name)
    return otherwise
  }
  const number = (value: number) => value
  // Coolify keeps a status and does not look at it: its probe in the container takes none from 400.
  const { command } = healthcheck
  const statuses =
    healthcheck.enabled && command === undefined ? { ...ranges.status, max: 399 } : ranges.status
  const isSaid = command !== undefined && healthCommandPattern.test(command)
  if (command !== undefined && !isSaid) beyond.push("command")
  const { timeout, interval, retries, startPeriod } = ranges
  const settings = {
    ...usual,
    ...(isNowhere && isSaid
      ? {}
      : {
          path: healthcheck.path,
          status: within("status", healthcheck.status, statuses, number, usual.status)
        }),
    timeout: within("timeout", healthcheck.timeout, timeout, Duration.seconds, usual.timeout),
    interval: within("interval", healthcheck.interval, interval, Duration.seconds, usual.interval),
    retries: within("retries", healthcheck.retries, retries, number, usual.retries),
    startPeriod: within(
      "startPeriod",
      healthcheck.startPeriod,
      startPeriod,
      Duration.seconds,
      usual.startPeriod
    ),
    ...(healthcheck.enabled ? (isSaid ? { command } : { container: true }) : {})
  }
  const movedPort = healthcheck.enabled && healthcheck.port !== "" && healthcheck.port !== String(port)
  return [
    "",
    ...(healthcheck.enabled
      ? []
      : comment("`fabrik apply` checks after each deployment that this path answers so, from outside.")),
    ...(healthcheck.enabled && beyond.length > 0
      ? comment(`Out of range here, and set to the default by \`fabrik apply\`: ${beyond.join(", ")}.`)
      : []),
    ...(movedPort
      ? comment(`Coolify probes port ${healthcheck.port}; fabrik probes the application's.`)
      : []),
    writeKeys({ healthcheck: settings })
  ]
}

const addressTypes = ["A", "AAAA", "CNAME"]

/** What of DNS differs from what fabrik would choose by itself. */
const dnsLines = (
  { application, dns, further = [], servers }: Existing,
  domain: string
): ReadonlyArray<string> => {
  const there = dns.find(({ name }) => name === domain)
  const found = (there?.recordSets ?? []).filter(({ type }) => addressTypes.includes(type))
  const server = servers.find(({ uuid }) => uuid === application.server?.uuid)
  const records = further.length === 0 ? {} : { records: further }
  const bare = { provider: undefined, ttl: undefined, proxied: false, target: undefined }
  const written = (settings: Partial<DnsSettings>) => {
    const lines = writeKeys({ dns: dnsOut({ ...bare, ...records, ...settings }) })
    return lines === "" ? [] : ["", lines]
  }
  const record = found.find((one) => leadsTo(one, server?.ip)) ?? found[0]
  if (there === undefined || record === undefined) {
    return [...(isUnknown(server) ? missingTarget : []), ...written({})]
  }
  const [value = "", ...more] = record.values
  if (more.length > 0) {
    return [
      "",
      ...comment(
        `${domain} has several addresses (${record.values.join(", ")}), and a specification one target: \`fabrik apply --skip-dns\` leaves them alone.`
      ),
      ...written({})
    ]
  }
  const isFree = record.proxied || record.ttl === undefined || record.ttl === there.automaticTtl
  return written({
    ttl: isFree ? undefined : Math.min(Math.max(record.ttl, ranges.ttl.min), ranges.ttl.max),
    proxied: record.proxied,
    target: leadsTo(record, server?.ip) ? undefined : value
  })
}

/** Only Coolify itself can resolve what it calls its own host. */
const isUnknown = (server: Server | undefined): boolean => server?.ip === "host.docker.internal"

const missingTarget = [
  "",
  ...comment(
    "Coolify does not tell the public address of this server, and the domain's record is not known here: give the address, or `fabrik plan` refuses."
  ),
  "# dns:",
  "#   target: 203.0.113.7"
]

const leadsTo = (record: RecordSet, address: string | undefined): boolean =>
  address !== undefined && record.values.length === 1 && record.values[0] === address && isIP(address) !== 0
