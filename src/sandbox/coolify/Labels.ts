/**
 * The proxy labels of an application. Their text is stored when domains are written and read when a container starts;
 * a change of the port alone does not reach it (Coolify #11074).
 */
import { createHash } from "node:crypto"
import * as Columns from "./Columns.ts"
import type { Columns as Row, Route } from "./CoolifyState.ts"
import * as Domains from "./Domains.ts"

/** Traefik labels, base64 as in the column `custom_labels`; `null` without domains. */
export const generate = (uuid: string, columns: Row): string | null => {
  const domains = Domains.list(Columns.string(columns, "fqdn"))
  if (domains.length === 0) return null
  const lines = ["traefik.enable=true", "traefik.http.middlewares.gzip.compress=true"]
  const auth = `http-basic-auth-${uuid}`
  const users = usersOf(columns)
  if (users !== undefined) lines.push(`traefik.http.middlewares.${auth}.basicauth.users=${users}`)
  for (const [index, domain] of domains.entries()) {
    const { protocol, hostname, port, pathname } = new URL(domain)
    const target = port === "" ? Columns.firstPort(columns) : Number(port)
    const direction = directionOf(Columns.string(columns, "redirect"), hostname)
    const middleware = `${index}-${uuid}-to-${direction}`
    if (direction !== undefined) lines.push(...redirecting(middleware, direction))
    const schemes = protocol === "https:" ? ["http", "https"] : ["http"]
    for (const scheme of schemes) {
      const name = `${scheme}-${index}-${uuid}`
      const router = `traefik.http.routers.${name}`
      lines.push(
        `${router}.entryPoints=${scheme}`,
        `${router}.rule=Host(\`${hostname}\`) && PathPrefix(\`${pathname}\`)`,
        `${router}.service=${name}`
      )
      const middlewares = [
        ...(direction === undefined ? [] : [middleware]),
        ...(users === undefined ? [] : [auth])
      ]
      if (middlewares.length > 0) lines.push(`${router}.middlewares=${middlewares.join(",")}`)
      if (scheme === "https") lines.push(`${router}.tls=true`, `${router}.tls.certresolver=letsencrypt`)
      if (target !== null) lines.push(`traefik.http.services.${name}.loadbalancer.server.port=${target}`)
    }
  }
  return Buffer.from(lines.join("\n")).toString("base64")
}

/** Coolify writes a bcrypt hash, which Node has not; Traefik reads this form too. */
const usersOf = (columns: Row): string | undefined => {
  const username = Columns.string(columns, "http_basic_auth_username")
  const password = Columns.string(columns, "http_basic_auth_password")
  const isAsked = Columns.flag(columns, "is_http_basic_auth_enabled") && username !== "" && password !== ""
  return isAsked ? `${username}:${hashed(password)}` : undefined
}

const hashed = (password: string): string => `{SHA}${createHash("sha1").update(password).digest("base64")}`

/** Whether a header lets in one of `users`. */
export const letsIn = (users: string, header: string | undefined): boolean => {
  const [, encoded = ""] = /^Basic ([A-Za-z0-9+/=]+)$/.exec(header ?? "") ?? []
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? []
  return password !== undefined && `${username}:${hashed(password)}` === users
}

type Direction = "www" | "non-www"

/** A host is sent to the other one of `www.NAME` and `NAME` if it is not the wanted one itself. */
const directionOf = (redirect: string, hostname: string): Direction | undefined => {
  const isWww = hostname.startsWith("www.")
  if (redirect === "www") return isWww ? undefined : "www"
  return redirect === "non-www" && isWww ? "non-www" : undefined
}

/** As recorded for `non-www`; the other one as bootstrap/helpers/docker.php has it. */
const redirecting = (name: string, direction: Direction): ReadonlyArray<string> => {
  const of = `traefik.http.middlewares.${name}.redirectregex`
  return direction === "www"
    ? [
        `${of}.permanent=false`,
        `${of}.regex=^(http|https)://(?:www\\.)?(.+)`,
        `${of}.replacement=\${1}://www.\${2}`
      ]
    : [`${of}.permanent=false`, `${of}.regex=^(http|https)://www\\.(.+)`, `${of}.replacement=\${1}://\${2}`]
}

/** The routes that the proxy makes of stored labels. */
export const routes = (labels: string): ReadonlyArray<Route> => {
  const rules = new Map<string, { readonly host: string; readonly path: string }>()
  const ports = new Map<string, number>()
  const redirects = new Map<string, Direction>()
  const shut = new Set<string>()
  let users: string | undefined
  for (const line of Buffer.from(labels, "base64").toString("utf8").split("\n")) {
    const rule =
      /^traefik\.http\.routers\.([^.=]+)\.rule=Host\(`([^`]+)`\)(?:.*PathPrefix\(`([^`]+)`\))?/.exec(
        line.trim()
      )
    if (rule?.[1] !== undefined && rule[2] !== undefined) {
      rules.set(rule[1], { host: rule[2].toLowerCase(), path: rule[3] ?? "/" })
    }
    const led = /^traefik\.http\.routers\.([^.=]+)\.middlewares=.*-to-(www|non-www)\b/.exec(line.trim())
    if (led?.[1] !== undefined) redirects.set(led[1], led[2] === "www" ? "www" : "non-www")
    const asked = /^traefik\.http\.routers\.([^.=]+)\.middlewares=.*http-basic-auth-/.exec(line.trim())
    if (asked?.[1] !== undefined) shut.add(asked[1])
    users ??= /^traefik\.http\.middlewares\.http-basic-auth-[^.=]+\.basicauth\.users=(.+)$/.exec(
      line.trim()
    )?.[1]
    const port = /^traefik\.http\.services\.([^.=]+)\.loadbalancer\.server\.port=(\d+)$/.exec(line.trim())
    if (port?.[1] !== undefined) ports.set(port[1], Number(port[2]))
  }
  const all = new Map<string, Route>()
  for (const [name, { host, path }] of rules) {
    const port = ports.get(name) ?? null
    const redirect = redirects.get(name)
    all.set(`${host} ${path} ${port}`, {
      host,
      path,
      port,
      ...(redirect === undefined ? {} : { redirect }),
      ...(users !== undefined && shut.has(name) ? { users } : {})
    })
  }
  return [...all.values()]
}
