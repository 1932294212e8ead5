/**
 * The proxy labels of an application. Their text is stored when domains are written and read when a container starts;
 * a change of the port alone does not reach it (Coolify #11074).
 */
import * as Columns from "./Columns.ts"
import type { Columns as Row, Route } from "./CoolifyState.ts"
import * as Domains from "./Domains.ts"

/** Traefik labels, base64 as in the column `custom_labels`; `null` without domains. */
export const generate = (uuid: string, columns: Row): string | null => {
  const domains = Domains.list(Columns.string(columns, "fqdn"))
  if (domains.length === 0) return null
  const lines = ["traefik.enable=true", "traefik.http.middlewares.gzip.compress=true"]
  for (const [index, domain] of domains.entries()) {
    const { protocol, hostname, port, pathname } = new URL(domain)
    const target = port === "" ? Columns.firstPort(columns) : Number(port)
    const schemes = protocol === "https:" ? ["http", "https"] : ["http"]
    for (const scheme of schemes) {
      const name = `${scheme}-${index}-${uuid}`
      const router = `traefik.http.routers.${name}`
      lines.push(
        `${router}.entryPoints=${scheme}`,
        `${router}.rule=Host(\`${hostname}\`) && PathPrefix(\`${pathname}\`)`,
        `${router}.service=${name}`
      )
      if (scheme === "https") lines.push(`${router}.tls=true`, `${router}.tls.certresolver=letsencrypt`)
      if (target !== null) lines.push(`traefik.http.services.${name}.loadbalancer.server.port=${target}`)
    }
  }
  return Buffer.from(lines.join("\n")).toString("base64")
}

/** The routes that the proxy makes of stored labels. */
export const routes = (labels: string): ReadonlyArray<Route> => {
  const rules = new Map<string, { readonly host: string; readonly path: string }>()
  const ports = new Map<string, number>()
  for (const line of Buffer.from(labels, "base64").toString("utf8").split("\n")) {
    const rule =
      /^traefik\.http\.routers\.([^.=]+)\.rule=Host\(`([^`]+)`\)(?:.*PathPrefix\(`([^`]+)`\))?/.exec(
        line.trim()
      )
    if (rule?.[1] !== undefined && rule[2] !== undefined) {
      rules.set(rule[1], { host: rule[2].toLowerCase(), path: rule[3] ?? "/" })
    }
    const port = /^traefik\.http\.services\.([^.=]+)\.loadbalancer\.server\.port=(\d+)$/.exec(line.trim())
    if (port?.[1] !== undefined) ports.set(port[1], Number(port[2]))
  }
  const all = new Map<string, Route>()
  for (const [name, { host, path }] of rules) {
    const port = ports.get(name) ?? null
    all.set(`${host} ${path} ${port}`, { host, path, port })
  }
  return [...all.values()]
}
