/** Pure: a spec for what already runs, with what it cannot say in comments. */
import * as Either from "effect/Either"
import { isIP } from "node:net"
import { Document, parse, Scalar, visit } from "yaml"
import type { Application, ListedApplication } from "../coolify/endpoints/Applications.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import type { Server } from "../coolify/endpoints/Servers.ts"
import type { RecordSet } from "../dns/DnsClient.ts"
import { buildPacks, ranges, type Range } from "../appspec/Limits.ts"
import { parseSpec } from "../appspec/ParseSpec.ts"
import type { Spec } from "../appspec/Spec.ts"
import { RefusedError } from "../engine/DeployError.ts"
import * as Marker from "../engine/Marker.ts"
import type { ObservedDns } from "./Observe.ts"
import { sortVariables } from "./PlainVariables.ts"
import { specName, type Place } from "./Managed.ts"

/** What is known of an application that a spec is to be written for. */
export interface Existing {
  readonly application: ListedApplication
  readonly place: Place
  readonly variables: ReadonlyArray<ObservedVariable>
  readonly servers: ReadonlyArray<Server>
  readonly dns: ObservedDns | undefined
}

export interface Written {
  readonly text: string
  /** What `text` means. */
  readonly spec: Spec
}

type Yaml = Readonly<Record<string, unknown>>

/** The spec, or why there can be none. What it holds is what {@link parseSpec} makes of it, and nothing is invented. */
export const writeSpec = (existing: Existing): Either.Either<Written, RefusedError> =>
  Either.gen(function* () {
    const { application, place } = existing
    const origin = yield* chooseDomain(application)
    const variables = sortVariables(existing.variables, application.source)
    const source = yield* sourceYaml(application)
    const name = specName(application.name) || "app"
    const text = [
      ...comment(`Written by fabrik adopt from the application ${application.name} (${application.uuid}).`),
      ...remarks(existing, origin),
      "",
      yaml({
        name,
        domain: origin.hostname,
        ...(application.server === undefined ? {} : { server: serverReference(existing) }),
        ...(place.project.name === "fabrik" ? {} : { project: place.project.name }),
        ...(place.environment.name === "production" ? {} : { environment: place.environment.name })
      }),
      "",
      yaml({ source }),
      yaml({ port: application.port }),
      ...(Object.keys(variables.plain).length === 0 ? [] : ["", yaml({ env: variables.plain })]),
      ...(variables.build.length === 0 ? [] : ["", yaml({ build: { env: variables.build } })]),
      ...variableRemarks(variables.secret, variables.other),
      ...healthcheckLines(application),
      ...dnsLines(existing, origin.hostname)
    ]
      .join("\n")
      .concat("\n")
    const spec = yield* Either.mapLeft(parseSpec(text, "the written spec"), ({ problems }) =>
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

/**
 * The text may be printed where a CI runner reads it for commands (`::name` at the start of a line, `##name[` anywhere) or
 * where somebody reviews it: what would speak to the one or hide from the other is written as an escape.
 */
const unprintable =
  /##(?=\w*\[)|[\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu
const isUnprintable = (text: string): boolean => text.search(unprintable) !== -1 || /(?:^|\n)\s*::/.test(text)

const escaped = (found: string): string => {
  const code = found.codePointAt(found === "##" ? 1 : 0) ?? 0
  const digits = code.toString(16)
  const escape = code > 0xffff ? `\\U${digits.padStart(8, "0")}` : `\\u${digits.padStart(4, "0")}`
  return found === "##" ? `#${escape}` : escape
}

/** Lines stay lines, as a person writes them, unless a block would lose or gain blanks. */
const blockOf = (text: string): Scalar.Type => {
  // A block that keeps more than one line break at its end takes the blank lines behind it too.
  if (/[^\P{Cc}\n\t]/u.test(text) || /(?:^|\n)\s*\n$/.test(text)) return Scalar.QUOTE_DOUBLE
  const scalar = new Scalar(text)
  scalar.type = Scalar.BLOCK_LITERAL
  // One level down, as indentation is part of what can go wrong.
  const block = new Document({ map: { scalar } }).toString({ lineWidth: 0 })
  const read: unknown = parse(block)
  return JSON.stringify(read) === JSON.stringify({ map: { scalar: text } })
    ? Scalar.BLOCK_LITERAL
    : Scalar.QUOTE_DOUBLE
}

const yaml = (value: Yaml): string => {
  const document = new Document(value)
  let oneLine = false
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value !== "string") return
      const unprintable = isUnprintable(scalar.value)
      oneLine ||= unprintable
      if (unprintable) scalar.type = Scalar.QUOTE_DOUBLE
      else if (scalar.value.includes("\n")) scalar.type = blockOf(scalar.value)
      else if (/^\s|\s$/.test(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE
    }
  })
  return document
    .toString({
      lineWidth: 0,
      ...(oneLine ? { doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER } : {})
    })
    .replace(/\n$/, "")
    .replace(unprintable, escaped)
}

/** Text from elsewhere must not end the comment that it stands in. */
const comment = (text: string): ReadonlyArray<string> => {
  const words = text
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, " ")
    .replace(unprintable, (found) => (found === "##" ? "# #" : ""))
    .split(" ")
  const lines: Array<string> = []
  let line = "#"
  for (const word of words) {
    if (line.length + word.length > 79 && line !== "#") {
      lines.push(line)
      line = "#"
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

const chooseDomain = (application: Application): Either.Either<URL, RefusedError> => {
  const urls = application.domains.filter((domain) => URL.canParse(domain)).map((domain) => new URL(domain))
  const url = urls.find(({ protocol }) => protocol === "https:") ?? urls[0]
  return url === undefined ? Either.left(inexpressible("it has no domain")) : Either.right(url)
}

const serverReference = ({ application, servers }: Existing): string => {
  const { name = "", uuid = "" } = application.server ?? {}
  return servers.filter((server) => server.name === name).length > 1 ? uuid : name
}

const sourceYaml = ({ source }: Application): Either.Either<Yaml, RefusedError> => {
  switch (source._tag) {
    case "Image":
      return Either.right({
        image: source.tag.startsWith("sha256:")
          ? `${source.name}@${source.tag}`
          : `${source.name}:${source.tag}`
      })
    case "Dockerfile":
      return source.text === undefined
        ? Either.left(
            new RefusedError({
              reason: "Unrestorable",
              detail: "the token may not read the application's Dockerfile",
              next: "tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
            })
          )
        : Either.right({ dockerfile: `${source.text.trim()}\n` })
    case "Git": {
      const pack = buildPacks.find((known) => known === source.buildPack)
      return pack === undefined
        ? Either.left(inexpressible(`it is built by ${source.buildPack}`))
        : Either.right({
            git: source.repository,
            branch: source.branch,
            ...(source.commit === "HEAD" ? {} : { commit: source.commit }),
            buildPack: pack,
            ...(source.baseDirectory === "/" ? {} : { baseDirectory: source.baseDirectory }),
            ...(pack === "dockerfile" ? { dockerfile: source.dockerfile } : {})
          })
    }
  }
}

const remarks = ({ application, place }: Existing, origin: URL): ReadonlyArray<string> => {
  const others = application.domains.filter((domain) => domain !== `https://${origin.hostname}`)
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
          `Coolify also serves ${others.join(", ")}. A specification has one https domain: \`fabrik apply\` takes these away.`
        )),
    ...(application.otherSettings.length === 0
      ? []
      : comment(`Not in here, and left in Coolify as it is: ${application.otherSettings.join(", ")}.`))
  ]
}

/** Names that go into a comment; anything else in them is not shown. */
const shownNames = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name) => name.replace(/[^A-Za-z0-9_.]/g, "?"))

const variableRemarks = (
  secret: ReadonlyArray<string>,
  other: ReadonlyArray<string>
): ReadonlyArray<string> => [
  ...(other.length === 0
    ? []
    : [
        "",
        ...comment(
          `Left in Coolify as they are, because here they would mean something else: ${shownNames(other).join(", ")}.`
        )
      ]),
  ...(secret.length === 0
    ? []
    : [
        "",
        ...comment(
          "These look secret, so their values are not read into a file. They stay in Coolify as they are, until you put their values into .env and take away the `#`. Not before: a secret without a value is generated anew."
        ),
        "# secrets:",
        ...shownNames(secret).map((name) => `#   - ${name}`)
      ])
]

const healthcheckLines = ({ healthcheck, port }: Application): ReadonlyArray<string> => {
  const fields = [
    // Coolify keeps a status and does not look at it: its probe in the container takes none from 400.
    ["status", healthcheck.status, 200, healthcheck.enabled ? { ...ranges.status, max: 399 } : ranges.status],
    ["timeout", healthcheck.timeout, 5, ranges.timeout],
    ["interval", healthcheck.interval, 5, ranges.interval],
    ["retries", healthcheck.retries, 10, ranges.retries],
    ["startPeriod", healthcheck.startPeriod, 5, ranges.startPeriod]
  ] as const
  const isIn = (value: number, { min, max }: Range) => value >= min && value <= max
  const beyond = fields.filter(([, value, , range]) => !isIn(value, range)).map(([name]) => name)
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
    yaml({
      healthcheck: {
        path: healthcheck.path,
        ...Object.fromEntries(
          fields
            .filter(([, value, usual, range]) => value !== usual && isIn(value, range))
            .map(([name, value]) => [name, value])
        ),
        ...(healthcheck.enabled ? { container: true } : {})
      }
    })
  ]
}

const addressTypes = ["A", "AAAA", "CNAME"]

/** What of DNS differs from what fabrik would choose by itself. */
const dnsLines = ({ application, dns, servers }: Existing, domain: string): ReadonlyArray<string> => {
  const found = (dns?.recordSets ?? []).filter(({ type }) => addressTypes.includes(type))
  const server = servers.find(({ uuid }) => uuid === application.server?.uuid)
  if (dns === undefined || found.length === 0) return isUnknown(server) ? missingTarget : []
  const record = found.find((one) => leadsTo(one, server?.ip)) ?? found[0]
  if (record === undefined) return []
  const [value = "", ...more] = record.values
  if (more.length > 0) {
    return [
      "",
      ...comment(
        `${domain} has several addresses (${record.values.join(", ")}), and a specification one target: \`fabrik apply --skip-dns\` leaves them alone.`
      )
    ]
  }
  const settings = {
    ...(leadsTo(record, server?.ip) ? {} : { target: value }),
    ...(record.proxied ? { proxied: true } : {}),
    ...(record.proxied || record.ttl === undefined || record.ttl === dns.automaticTtl
      ? {}
      : { ttl: Math.min(Math.max(record.ttl, ranges.ttl.min), ranges.ttl.max) })
  }
  return Object.keys(settings).length === 0 ? [] : ["", yaml({ dns: settings })]
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
