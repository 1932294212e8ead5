/**
 * A compose text as Coolify reads it: what it names, and the names in it that Coolify gives values to. From
 * bootstrap/helpers/parsers.php at 4.3.11, as recorded.
 */
import * as Either from "effect/Either"
import { type Document, isAlias, isScalar, isSeq, parseDocument, stringify, visit } from "yaml"

export type Mapping = Readonly<Record<string, unknown>>

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `Malformed`: Laravel answers 500. */
export type ComposeFault = "Malformed" | "NoServices"

export interface ComposeFile {
  readonly whole: Mapping
  readonly services: ReadonlyArray<readonly [name: string, service: Mapping]>
}

const entries = (mapping: unknown): ReadonlyArray<readonly [string, unknown]> =>
  isMapping(mapping) ? Object.entries(mapping) : []

/** PHP unites arrays, so that `<<` with a list and nothing beside it is that list. */
const withMergedLists = (document: Document.Parsed): void =>
  visit(document, {
    Map: (_, { items }) => {
      const [only, ...others] = items
      if (only === undefined || others.length > 0 || !isScalar(only.key) || !isAlias(only.value)) return
      const merges = only.key.value === "<<" || typeof only.key.value === "symbol"
      return merges && isSeq(only.value.resolve(document)) ? only.value : undefined
    }
  })

export const read = (text: string): Either.Either<ComposeFile, ComposeFault> => {
  const document = parseDocument(text, { merge: true, prettyErrors: false, logLevel: "silent" })
  if (document.errors.length > 0) return Either.left("Malformed")
  withMergedLists(document)
  // A merge of what is no mapping, and too many aliases, are found only here.
  const read = Either.try((): unknown => document.toJS())
  if (Either.isLeft(read)) return Either.left("Malformed")
  const whole = read.right
  if (!isMapping(whole)) return Either.left("NoServices")
  const services = entries(whole["services"]).map(
    ([name, service]) => [name, isMapping(service) ? service : {}] as const
  )
  return services.length === 0 ? Either.left("NoServices") : Either.right({ whole, services })
}

/** Anchors are written out, comments are gone. */
export const write = (whole: Mapping): string =>
  stringify(whole, { singleQuote: true, lineWidth: 0, aliasDuplicateObjects: false })

/** One line of `environment`; without a value it is only named. */
export interface Entry {
  readonly key: string
  readonly value: string | undefined
}

const plain = (value: unknown): string =>
  typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value)

/** A list of `KEY=value` or a mapping. */
export const environment = ({ environment: given }: Mapping): ReadonlyArray<Entry> =>
  Array.isArray(given)
    ? given.map((line: unknown) => {
        const [, key = "", value] = /^([^=]*)(?:=([\s\S]*))?$/.exec(plain(line)) ?? []
        return { key: key.trim(), value }
      })
    : entries(given).map(([key, value]) => ({
        key,
        value: value === null || value === undefined ? undefined : plain(value)
      }))

export const imageOf = ({ image }: Mapping): string => (typeof image === "string" ? image : "")

/** What it waits for, and until when: `service_started` where it does not say. */
export const dependencies = ({
  depends_on: given
}: Mapping): ReadonlyArray<readonly [name: string, condition: string]> =>
  Array.isArray(given)
    ? given.map((name: unknown) => [plain(name), "service_started"])
    : entries(given).map(([name, value]) => [
        name,
        isMapping(value) && typeof value["condition"] === "string" ? value["condition"] : "service_started"
      ])

/** `docker compose up` leaves out what is in a profile. */
export const isInProfile = ({ profiles }: Mapping): boolean => Array.isArray(profiles) && profiles.length > 0

/** What runs once, or is not to be looked at. */
export const isExcluded = ({ exclude_from_hc: excluded, restart }: Mapping): boolean =>
  excluded === true || restart === "no"

export interface VolumeEntry {
  readonly source: string | undefined
  readonly target: string
  /** Of a file that Coolify writes. */
  readonly content: string | undefined
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

/** A default stands for its variable. */
const sourceOf = (source: string): string => reference(source)?.rest || source

export const volumes = ({ volumes: given }: Mapping): ReadonlyArray<VolumeEntry> =>
  (Array.isArray(given) ? given : []).flatMap((entry: unknown): ReadonlyArray<VolumeEntry> => {
    if (isMapping(entry)) {
      const target = text(entry["target"])
      return target === undefined
        ? []
        : [
            {
              source: entry["source"] === undefined ? undefined : sourceOf(plain(entry["source"])),
              target,
              content: text(entry["content"])
            }
          ]
    }
    const [first = "", second] = plain(entry).split(/:(?![^{]*\})/)
    return second === undefined
      ? [{ source: undefined, target: first, content: undefined }]
      : [{ source: sourceOf(first), target: second, content: undefined }]
  })

export const isPath = (source: string): boolean => /^[./~]/.test(source)

/** What Coolify takes out of the text once it has read it. */
export const kept = ({ whole }: ComposeFile): Mapping => ({
  ...whole,
  services: Object.fromEntries(
    entries(whole["services"]).map(([name, service]) => {
      if (!isMapping(service) || !Array.isArray(service["volumes"])) return [name, service]
      const own = service["volumes"].map((entry: unknown) =>
        isMapping(entry)
          ? Object.fromEntries(
              Object.entries(entry).filter(([key]) => !/^(content|is_?[dD]irectory)$/.test(key))
            )
          : entry
      )
      return [name, { ...service, volumes: own }]
    })
  )
})

const forbidden: ReadonlyArray<readonly [string, string]> = [
  ["`", "backtick (command substitution)"],
  ["$(", "command substitution"],
  ["|", "pipe operator"],
  ["&", "background/AND operator"],
  [";", "command separator"],
  ["\n", "newline (command separator)"],
  [">", "output redirection"],
  ["<", "input redirection"]
]

/** Coolify's words for a volume that a shell would take for more than a path. */
export const volumeFault = ({ services }: ComposeFile): string | undefined => {
  for (const [, service] of services) {
    for (const { source = "", target } of volumes(service)) {
      for (const [what, path] of [["source", source] as const, ["target", target] as const]) {
        const found = forbidden.find(([character]) => path.includes(character))
        if (found !== undefined) {
          const [character, meaning] = found
          return `Invalid Docker volume definition: Invalid volume ${what}: contains forbidden character '${character}' (${meaning}). Shell metacharacters are not allowed for security reasons. Please use safe path names without shell metacharacters.`
        }
      }
    }
  }
  return undefined
}

/** A name that Coolify makes up a value for. */
export type Magic =
  /** `SERVICE_FQDN_WEB_8080` and `SERVICE_URL_WEB_8080` stand for `WEB`, port 8080. */
  | { readonly _tag: "Address"; readonly base: string; readonly port: string | undefined }
  | { readonly _tag: "Secret"; readonly form: "letters" | "base64" | "hex"; readonly length: number }

export const magic = (name: string): Magic | undefined => {
  const [, base, port] = /^SERVICE_(?:FQDN|URL)_([A-Z0-9_]+?)(?:_(\d+))?$/.exec(name) ?? []
  if (base !== undefined) return { _tag: "Address", base, port }
  const [, kind = "", size] =
    /^SERVICE_(USER|PASSWORD|PASSWORDWITHSYMBOLS|BASE64|REALBASE64|HEX)(?:_(32|64|128))?_[A-Z0-9_]+$/.exec(
      name
    ) ?? []
  if (kind === "") return undefined
  const form = kind === "REALBASE64" ? "base64" : kind === "HEX" ? "hex" : "letters"
  return { _tag: "Secret", form, length: kind === "USER" ? 16 : Number(size ?? 32) }
}

/** The names in `$NAME` and `${NAME...}`. */
export const references = (value: string): ReadonlyArray<string> =>
  Array.from(value.matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g), ([, name = ""]) => name)

/** A value that is one reference and nothing else. */
export interface Reference {
  readonly name: string
  readonly sign: "" | "-" | ":-" | "?" | ":?"
  readonly rest: string
}

export const reference = (value: string): Reference | undefined => {
  const [, plainName] = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(value) ?? []
  if (plainName !== undefined) return { name: plainName, sign: "", rest: "" }
  const [, name, sign = "", rest = ""] =
    /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?])([^{}]*))?\}$/.exec(value) ?? []
  if (name === undefined) return undefined
  return sign === "" || sign === "-" || sign === ":-" || sign === "?" || sign === ":?"
    ? { name, sign, rest }
    : undefined
}

/** From bootstrap/helpers/constants.php. */
const databaseImages = new Set([
  "bitnami/mariadb",
  "bitnami/mongodb",
  "bitnami/mysql",
  "bitnami/postgresql",
  "bitnami/redis",
  "clickhouse/clickhouse-server",
  "couchdb",
  "dragonflydb/dragonfly",
  "eqalpha/keydb",
  "influxdb",
  "mariadb",
  "memcached",
  "mongo",
  "mysql",
  "mysql/mysql-server",
  "neo4j",
  "pgvector/pgvector",
  "postgis/postgis",
  "postgres",
  "redis",
  "supabase/postgres",
  "timescaledb/timescaledb",
  "valkey/valkey"
])

export const isDatabase = (image: string): boolean =>
  databaseImages.has(
    image
      .replace(/@.*$/, "")
      .replace(/:[^/]*$/, "")
      .replace(/^(docker\.io|ghcr\.io)\/(library\/)?/, "")
  )
