/** How the providers of one record at a time and of one record set at a time are spoken to. */
import { deSec } from "../../../src/dns/desec/Provider.ts"
import { digitalOcean } from "../../../src/dns/digitalocean/Provider.ts"
import { hetzner } from "../../../src/dns/hetzner/Provider.ts"
import { quoteText, unquoteText } from "../../../src/dns/Text.ts"
import { type Account, Refused, type Row, type Speaks } from "./Account.ts"

export const relative = (zone: string, name: string, apex: string) =>
  name === zone ? apex : name.slice(0, -zone.length - 1)
export const full = (zone: string, name: string, apex: string) => (name === apex ? zone : `${name}.${zone}`)
const named = new Set(["CNAME", "MX", "SRV"])
export const dotted = ({ type, value }: Row) =>
  type === "TXT" ? quoteText(value) : named.has(type) && !value.endsWith(" .") ? `${value}.` : value
export const plain = (type: string, content: string) =>
  type === "TXT" ? unquoteText(content) : named.has(type) ? content.replace(/(?<=\S)\.$/, "") : content
/** For APIs that have fields for what stands before the host of an MX or SRV record. */
const fieldsOf = ({ type, value }: Row) => {
  const fields = type === "MX" || type === "SRV" ? value.split(" ") : [value]
  return { numbers: fields.slice(0, -1).map(Number), host: fields.at(-1)! }
}

/** What each of them refuses: a CNAME beside others, twice the same. */
export const refuseClash = (
  account: Account,
  name: string,
  type: string,
  refuse: (why: string) => never
): void => {
  const others = account.rows.filter((row) => row.name === name && row.type !== type)
  if (others.some((row) => row.type === "CNAME" || type === "CNAME")) {
    refuse("CNAME records cannot share a name with other records")
  }
  const same = account.rows.filter((row) => row.name === name && row.type === type)
  if (new Set(same.map(({ value }) => value)).size < same.length) refuse("duplicate record")
  if (type === "CNAME" && same.length > 1) refuse("only one CNAME")
}

interface WireSet {
  readonly name: string
  readonly type: string
  readonly ttl?: number | null
  readonly labels?: Readonly<Record<string, string>>
  readonly records: ReadonlyArray<{ readonly value: string; readonly comment?: string }>
}

/**
 * Hetzner Cloud's zones, from hcloud-go (hcloud/schema/zone_rrset.go, hcloud/zone_rrset.go, hcloud/error.go): a POST of
 * what is there is 409 `uniqueness_error`; writes answer an action, here one that is still running; `next_page` is null
 * at the end.
 */
export const hetznerCloud: Speaks = {
  provider: hetzner,
  variables: { HETZNER_API_TOKEN: "hz-token", HETZNER_BASE_URL: "https://api.test/v1" },
  comments: true,
  pages: true,
  extras: { ttl: undefined, comment: "by hand", labels: '{"team":"web"}' },
  tooMany: {
    status: 429,
    headers: { "retry-after": "0" },
    body: { error: { code: "rate_limit_exceeded", message: "limit of 3600 requests per hour reached" } }
  },
  answer: (account, { body, headers, method, path, query }) => {
    const refuse = (status: number, code: string, message: string): never => {
      throw new Refused({ status, body: { error: { code, message } } })
    }
    if (headers["authorization"] !== "Bearer hz-token") refuse(401, "unauthorized", "unable to authenticate")
    const page = Number(query.get("page") ?? 1)
    const meta = (last: boolean) => ({
      pagination: { page, per_page: 50, next_page: last ? null : page + 1 }
    })
    const running = { action: { id: 7, status: "running", error: null } }
    if (path === "/v1/actions/7") return { status: 200, body: { action: { id: 7, status: "success" } } }
    if (path === "/v1/zones") {
      const { items, last } = account.page(account.zones, page)
      const zones = items.map((name) => ({ id: account.zones.indexOf(name) + 1, name, mode: "primary" }))
      return { status: 200, body: { zones, meta: meta(last) } }
    }
    const [, id, at] = /^\/v1\/zones\/(\d+)\/rrsets(?:\/(.*))?$/.exec(path) ?? []
    const zone = account.zones[Number(id) - 1] ?? refuse(404, "not_found", "zone not found")
    const wire = (rows: ReadonlyArray<Row>) => ({
      name: relative(zone, rows[0]!.name, "@"),
      type: rows[0]!.type,
      ttl: rows[0]!.ttl ?? null,
      labels: JSON.parse(rows[0]!.labels ?? "{}"),
      protection: { change: false },
      records: rows.map((row) => ({ value: dotted(row), comment: row.comment ?? "" }))
    })
    if (method === "GET") {
      const name = query.get("name")
      const sets = account.sets(zone).map(wire)
      const { items, last } = account.page(
        sets.filter((set) => name === null || set.name === name),
        page
      )
      return { status: 200, body: { rrsets: items, meta: meta(last) } }
    }
    const given: Partial<WireSet> = body === "" ? {} : JSON.parse(body)
    const [label = "", type = "", , action] = at?.split("/") ?? []
    const name = full(zone, at === undefined ? given.name! : label, "@")
    const kind = at === undefined ? given.type! : type
    const before = account.in(zone).filter((row) => row.name === name && row.type === kind)
    const labels = given.labels === undefined ? before[0]?.labels : JSON.stringify(given.labels)
    const rows = (ttl: number | undefined) =>
      given.records!.map(({ comment, value }) => ({
        ttl,
        ...(labels === undefined ? {} : { labels }),
        value: plain(kind, value),
        comment: comment === "" ? undefined : comment
      }))
    return account.transaction(() => {
      if (at === undefined) {
        if (before.length > 0) refuse(409, "uniqueness_error", "RRSet already exists")
        account.put(zone, name, kind, rows(given.ttl ?? undefined))
      } else if (before.length === 0) refuse(404, "not_found", "RRSet not found")
      else if (method === "DELETE") account.put(zone, name, kind, [])
      else if (action === "set_records") account.put(zone, name, kind, rows(before[0]!.ttl))
      else if (action === "change_ttl") {
        account.put(
          zone,
          name,
          kind,
          before.map((row) => ({ ...row, ttl: given.ttl ?? undefined }))
        )
      } else refuse(404, "not_found", action ?? "")
      refuseClash(account, name, kind, (why) => refuse(422, "invalid_input", why))
      return { status: 201, body: running }
    })
  }
}

/**
 * DigitalOcean's domains, https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records: `name` filters
 * by the whole name, names are below the domain, and the data of a CNAME comes with a final dot and goes out without.
 */
export const digitalOceanDomains: Speaks = {
  provider: digitalOcean,
  variables: { DO_AUTH_TOKEN: "do-token", DO_API_URL: "https://api.test/v2" },
  comments: false,
  pages: true,
  tooMany: {
    status: 429,
    headers: { "retry-after": "0" },
    body: { id: "too_many_requests", message: "API Rate limit exceeded." }
  },
  answer: (account, { body, headers, method, path, query }) => {
    const refuse = (status: number, id: string, message: string): never => {
      throw new Refused({ status, body: { id, message } })
    }
    if (headers["authorization"] !== "Bearer do-token")
      refuse(401, "Unauthorized", "Unable to authenticate you")
    const page = Number(query.get("page") ?? 1)
    const links = (last: boolean) =>
      last ? {} : { pages: { next: `https://api.test${path}?page=${page + 1}` } }
    if (path === "/v2/domains") {
      const { items, last } = account.page(account.zones, page)
      return {
        status: 200,
        body: { domains: items.map((name) => ({ name, ttl: 1800 })), links: links(last) }
      }
    }
    const [, zone = "", id] = /^\/v2\/domains\/([^/]+)\/records(?:\/(\d+))?$/.exec(path) ?? []
    if (!account.zones.includes(zone))
      refuse(404, "not_found", "The resource you requested could not be found.")
    const wire = (row: Row) => {
      const { host, numbers } = fieldsOf(row)
      const [, flags, tag, value] = row.type === "CAA" ? (/^(\d+) (\w+) "(.*)"$/.exec(row.value) ?? []) : []
      return {
        id: row.id,
        type: row.type,
        name: relative(zone, row.name, "@"),
        data: value ?? host,
        ttl: row.ttl,
        priority: numbers[0] ?? null,
        weight: numbers[1] ?? null,
        port: numbers[2] ?? null,
        flags: flags === undefined ? null : Number(flags),
        tag: tag ?? null
      }
    }
    if (method === "GET") {
      const name = query.get("name")
      const { items, last } = account.page(
        account.in(zone).filter((row) => name === null || row.name === name),
        page
      )
      return { status: 200, body: { domain_records: items.map(wire), links: links(last) } }
    }
    const known = account.in(zone).find((row) => String(row.id) === id)
    if (id !== undefined && known === undefined) refuse(404, "not_found", "The record could not be found.")
    return account.transaction(() => {
      const others = account.rows.filter((row) => row !== known)
      if (method === "DELETE") {
        account.rows = others
        return { status: 204 }
      }
      const { data, flags, name, port, priority, tag, ttl, type, weight } = JSON.parse(body)
      if (ttl < 30) refuse(422, "unprocessable_entity", "TTL is too low.")
      if (["CNAME", "MX", "SRV", "CAA"].includes(type) && !data.endsWith("."))
        refuse(422, "unprocessable_entity", "Data needs to end with a dot")
      const numbers = type === "SRV" ? [priority, weight, port] : type === "MX" ? [priority] : []
      const row = {
        zone,
        name: full(zone, name, "@"),
        type,
        ttl,
        value:
          type === "CAA"
            ? `${flags} ${tag} "${data.slice(0, -1)}"`
            : plain(type === "TXT" ? "" : type, [...numbers, data].join(" "))
      }
      const id = known?.id ?? account.add({ ...row, comment: undefined }).id
      account.rows = account.rows.map((each) => (each.id === id ? { ...row, id, comment: undefined } : each))
      refuseClash(account, row.name, type, (why) => refuse(422, "unprocessable_entity", why))
      return { status: known === undefined ? 201 : 200, body: { domain_record: { id } } }
    })
  }
}

/**
 * deSEC, https://desec.readthedocs.io/en/latest/dns/rrsets.html: with `cursor` lists come in pages whose next one the
 * Link header names, without it a longer one is 400; a PATCH of a list is all or nothing; a TTL under the domain's
 * minimum is refused; what is wrong is said by the place in the list and the field.
 */
export const deSecDomains: Speaks = {
  provider: deSec,
  variables: { DESEC_TOKEN: "ds-token", DESEC_API_URL: "https://api.test/api/v1" },
  comments: false,
  pages: true,
  tooMany: { status: 429, headers: { "retry-after": "0" }, body: { detail: "Request was throttled." } },
  answer: (account, { body, headers, method, path, query }) => {
    const refuse = (status: number, body: unknown): never => {
      throw new Refused({ status, body })
    }
    if (headers["authorization"] !== "Token ds-token") refuse(401, { detail: "Invalid token." })
    const list = (all: ReadonlyArray<unknown>) => {
      const cursor = query.get("cursor")
      if (cursor === null && all.length > account.pageSize) refuse(400, { detail: "Pagination required." })
      const page = Number(cursor || 1)
      const { items, last } = account.page(all, page)
      const link = `<https://api.test${path}?cursor=>; rel="first", <https://api.test${path}?cursor=${page + 1}>; rel="next"`
      return { status: 200, body: items, ...(last ? {} : { headers: { link } }) }
    }
    if (path === "/api/v1/domains/") return list(account.zones.map((name) => ({ name, minimum_ttl: 60 })))
    const [, zone = ""] = /^\/api\/v1\/domains\/([^/]+)\/rrsets\/$/.exec(path) ?? []
    if (!account.zones.includes(zone)) refuse(404, { detail: "Not found." })
    if (method === "GET") {
      const subname = query.get("subname")
      return list(
        account
          .sets(zone)
          .filter(([row]) => subname === null || relative(zone, row!.name, "") === subname)
          .map((rows) => ({
            domain: zone,
            subname: relative(zone, rows[0]!.name, ""),
            name: `${rows[0]!.name}.`,
            type: rows[0]!.type,
            ttl: rows[0]!.ttl,
            records: rows.map(dotted)
          }))
      )
    }
    return account.transaction(() => {
      const given: ReadonlyArray<{
        readonly subname: string
        readonly type: string
        readonly ttl: number
        readonly records: ReadonlyArray<string>
      }> = JSON.parse(body)
      for (const { records, subname, ttl, type } of given) {
        const name = full(zone, subname, "")
        if (ttl < 60) refuse(400, [{ ttl: ["Ensure this value is greater than or equal to 60."] }])
        account.put(
          zone,
          name,
          type,
          records.map((content) => ({ ttl, value: plain(type, content), comment: undefined }))
        )
        refuseClash(account, name, type, (why) => refuse(400, [{ non_field_errors: [why] }]))
      }
      return { status: 200, body: given }
    })
  }
}
