/** What both readings of a compose file look for in it. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { parseEnvFile } from "../secrets/EnvFile.ts"
import type { Cursor } from "./Cursor.ts"
import { besideOf, type Job } from "./Input.ts"

/** Variables of a service, whether they stand in a map or in a list. */
export const environmentOf = (
  service: Cursor
): ReadonlyArray<{ readonly name: string; readonly value: string | undefined; readonly from: Cursor }> => {
  const all = service.key("environment")
  if (all.kind === "Pairs") return all.pairs().map((from) => ({ name: from.name, value: from.peek(), from }))
  if (all.kind !== "Items") return []
  return all.items().map((from) => {
    const text = from.peek() ?? ""
    const at = text.indexOf("=")
    return at < 0
      ? { name: text, value: undefined, from }
      : { name: text.slice(0, at), value: text.slice(at + 1), from }
  })
}

interface Use {
  /** Without a default, or with an empty one. */
  readonly bare: boolean
  /** `:?`: compose stops without it. */
  readonly required: boolean
  /** A default that is not empty. */
  readonly defaulted: boolean
  readonly from: Cursor
}

/** Texts that compose puts values into; Coolify writes the `content` of a mount into its file as it is. */
const leaves = (cursor: Cursor): ReadonlyArray<Cursor> =>
  cursor.kind === "Pairs"
    ? cursor
        .pairs()
        .filter(({ name }) => name !== "content" || !cursor.has("source"))
        .flatMap(leaves)
    : cursor.kind === "Items"
      ? cursor.items().flatMap(leaves)
      : cursor.kind === "Leaf"
        ? [cursor]
        : []

/** Names that Coolify makes values for: SERVICE_PASSWORD_X and the like, and its own. */
export const isMagic = (name: string): boolean =>
  /^(?:COOLIFY_|SERVICE_(?:FQDN|URL|NAME|USER|PASSWORD(?:WITHSYMBOLS)?|REALBASE64|BASE64|HEX|SUPABASE\w*|DOMAIN|PORT)(?:_|$))/.test(
    name
  )

/** The variables that a compose text is interpolated with. */
export const usesIn = (cursors: ReadonlyArray<Cursor>): Map<string, Use> => {
  const found = new Map<string, Use>()
  for (const from of cursors.flatMap(leaves)) {
    const text = (from.peek() ?? "").replaceAll("$$", "")
    for (const [, braced, operator = "", rest = "", plain] of text.matchAll(
      /\$(?:\{([A-Za-z_]\w*)(?:(:?[-?+])([^}]*))?|([A-Za-z_]\w*))/g
    )) {
      const name = braced ?? plain ?? ""
      if (isMagic(name)) continue
      const known = found.get(name)
      const isDefault = operator.endsWith("-")
      found.set(name, {
        bare: (known?.bare ?? false) || operator === "",
        required: (known?.required ?? false) || operator.endsWith("?"),
        defaulted: (known?.defaulted ?? false) || (isDefault && rest !== ""),
        from: known?.from ?? from
      })
    }
  }
  return found
}

/** Values of `.env` beside the file, which compose reads by itself. */
export const dotenvOf = (job: Job, name: string): ReadonlyMap<string, string> | undefined => {
  const text = besideOf(job, name)
  if (text === undefined) return undefined
  const { entries } = parseEnvFile(text)
  return new Map(
    [...entries].flatMap(([key, { value }]) =>
      Either.isRight(value) ? [[key, Redacted.value(value.right)] as const] : []
    )
  )
}

const published = /^(?:[\d.[\]:a-f]*:)?(?:\$\{[^}]*\}|[\d-]+):(\d+)(?:-\d+)?(?:\/(\w+))?$/

/** Ports of the server, as compose publishes them. */
export const portsOf = (
  service: Cursor
): ReadonlyArray<{
  readonly host: string
  readonly container: string
  readonly protocol: string
  readonly from: Cursor
}> =>
  service
    .key("ports")
    .items()
    .map((from) => {
      if (from.kind === "Pairs") {
        return {
          host: from.key("published").peek() ?? "",
          container: from.key("target").peek() ?? "",
          protocol: from.key("protocol").peek() ?? "tcp",
          from
        }
      }
      const text = from.peek() ?? ""
      const [, container = text.replace(/\/\w+$/, ""), protocol = "tcp"] = published.exec(text) ?? []
      const outside = text.slice(0, Math.max(text.lastIndexOf(`:${container}`), 0))
      return {
        host: outside.replace(/^.*:(?=\d)/, ""),
        container,
        protocol,
        from
      }
    })

/** What a service waits for. */
const neededBy = (service: Cursor): ReadonlyArray<string> => {
  const all = service.key("depends_on")
  return all.kind === "Pairs"
    ? all.pairs().map(({ name }) => name)
    : all.items().map((one) => one.peek() ?? "")
}

export interface Answering {
  readonly service: string
  readonly port: string | undefined
  readonly hosts: ReadonlyArray<string>
  readonly cursor: Cursor
}

/** Labels of a service, whether they stand in a map or in a list. */
export const labelsOf = (
  service: Cursor
): ReadonlyArray<{ readonly key: string; readonly value: string; readonly from: Cursor }> => {
  return labelsIn(service.key("labels"))
}

const labelsIn = (all: Cursor): ReturnType<typeof labelsOf> => {
  if (all.kind === "Pairs")
    return all.pairs().map((from) => ({ key: from.name, value: from.peek() ?? "", from }))
  return all.items().map((from) => {
    const text = from.peek() ?? ""
    const at = text.indexOf("=")
    return { key: at < 0 ? text : text.slice(0, at), value: at < 0 ? "" : text.slice(at + 1), from }
  })
}

interface Routed {
  readonly host: string
  readonly from: Cursor
  /** The rule asks for more than the host: a path, a header. */
  readonly isNarrow: boolean
}

/** The hosts and the port that labels for Traefik name. */
export const routedBy = (
  service: Cursor
): {
  readonly hosts: ReadonlyArray<Routed>
  readonly port: string | undefined
} => {
  // In a swarm they stand with the service.
  const labels = [...labelsOf(service), ...labelsIn(service.key("deploy").key("labels"))]
  const hosts = labels.flatMap(({ from, key, value }) =>
    /^traefik\.http\.routers\.[^.]+\.rule$/.test(key)
      ? [...value.matchAll(/Host\(([^)]*)\)/g)].flatMap(([, all = ""]) =>
          [...all.matchAll(/[`"']([^`"'$]+)[`"']/g)].map(([, host = ""]) => ({
            host,
            from,
            isNarrow: value.includes("&&")
          }))
        )
      : []
  )
  const port = labels.find(({ key }) =>
    /^traefik\.http\.services\.[^.]+\.loadbalancer\.server\.port$/.test(key)
  )?.value
  return { hosts, port }
}

/** Images of what keeps data for others: nobody visits it. */
export const store =
  /postg|timescale|pgvector|mysql|mariadb|mongo|minio|rabbitmq|redis|valkey|memcached|elasticsearch|opensearch|clickhouse|cloudflared/

/**
 * Coolify takes these images for databases, and gives databases no domain (bootstrap/helpers/constants.php and the
 * recorded answer to a `urls` of one: 422, "Service container with ... not found").
 */
const databases: ReadonlySet<string> = new Set(
  `bitnami/mariadb bitnami/mongodb bitnami/mysql bitnami/postgresql bitnami/redis clickhouse/clickhouse-server couchdb
dragonflydb/dragonfly eqalpha/keydb influxdb mariadb memcached mongo mysql mysql/mysql-server neo4j pgvector/pgvector
postgis/postgis postgres redis supabase/postgres timescaledb/timescaledb valkey/valkey`.split(/\s+/)
)

export const isDatabase = (service: Cursor): boolean =>
  databases.has(
    (service.key("image").peek() ?? "")
      .replace(/@.*$/, "")
      .replace(/:[^/]*$/, "")
      .replace(/^(?:docker\.io|ghcr\.io)\/(?:library\/)?/, "")
  )

const isProbed = (service: Cursor): boolean =>
  service
    .key("healthcheck")
    .key("test")
    .items()
    .some((one) => /https?:\/\/(?:localhost|127\.0\.0\.1)/.test(one.peek() ?? ""))

/**
 * Which containers answer: those that Traefik leads to, those that have a magic variable for it, or else one that
 * publishes or exposes a port, or is asked by http whether it works, and that no other of these waits for.
 */
export const answering = (
  services: ReadonlyArray<Cursor>,
  header: string | undefined
): ReadonlyArray<Answering> => {
  const routed = services.flatMap((cursor): ReadonlyArray<Answering> => {
    const { hosts, port } = routedBy(cursor)
    const all = [...new Set(hosts.map(({ host }) => host))]
    return all.length === 0 ? [] : [{ service: cursor.name, port, hosts: all, cursor }]
  })
  if (routed.length > 0) return routed
  const magic = services.flatMap((cursor): ReadonlyArray<Answering> => {
    const found = environmentOf(cursor).flatMap(({ name }) => {
      const [, port] = /^SERVICE_(?:FQDN|URL)_[A-Z0-9]+(?:_(\d+))?$/.exec(name) ?? []
      return /^SERVICE_(?:FQDN|URL)_/.test(name) ? [port] : []
    })
    return found.length === 0
      ? []
      : [
          {
            service: cursor.name,
            port: found.find((one) => one !== undefined) ?? header,
            hosts: [],
            cursor
          }
        ]
  })
  if (magic.length > 0) return magic.filter(({ cursor }) => !isDatabase(cursor))
  const idle = services.every((one) => one.has("profiles"))
  const started = services.filter((one) => idle || !one.has("profiles"))
  const published = started.filter((cursor) => portsOf(cursor).some(({ protocol }) => protocol === "tcp"))
  const isStore = (one: Cursor) => store.test(one.key("image").peek() ?? "")
  const steps = [published, started.filter((one) => one.has("expose")), started.filter(isProbed)]
  const candidates =
    steps.map((all) => all.filter((one) => !isStore(one))).find((all) => all.length > 0) ?? []
  const needed = new Set(candidates.flatMap(neededBy))
  const open = candidates.find(({ name }) => !needed.has(name)) ?? candidates[0]
  if (open === undefined) return []
  const port = portsOf(open)[0]?.container ?? open.key("expose").items()[0]?.peek()
  return [{ service: open.name, port: /^\d+$/.test(port ?? "") ? port : undefined, hosts: [], cursor: open }]
}
