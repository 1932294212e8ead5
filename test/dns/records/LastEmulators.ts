/** How the providers are spoken to whose writes wait, or are a whole zone. */
import { createHash } from "node:crypto"
import { namecheap } from "../../../src/dns/namecheap/Provider.ts"
import { ovh } from "../../../src/dns/ovh/Provider.ts"
import { escapeXml } from "../../../src/dns/Xml.ts"
import { type Account, Refused, type Row, type Speaks } from "./Account.ts"
import { dotted, full, plain, refuseClash, relative } from "./Emulators.ts"

/** What is live, by account: OVH's records wait until the zone is refreshed. */
export const published = new WeakMap<Account, ReadonlyArray<Row>>()

/**
 * OVHcloud, https://api.ovh.com/console/?section=%2Fdomain (fields as python-ovh's and lego's clients have them): a list
 * is one of ids, a TTL of 0 is the zone's own, and a signature with another time than OVH's is refused.
 */
export const ovhZones: Speaks = {
  provider: ovh,
  variables: {
    OVH_ENDPOINT: "https://api.test/1.0",
    OVH_APPLICATION_KEY: "app",
    OVH_APPLICATION_SECRET: "app-secret",
    OVH_CONSUMER_KEY: "consumer"
  },
  comments: false,
  pages: false,
  extras: { ttl: undefined },
  tooMany: {
    status: 429,
    headers: { "retry-after": "0" },
    body: { class: "Client::TooManyRequests", message: "Too many requests" }
  },
  answer: (account, { body, headers, method, millis, path, query }) => {
    const refuse = (status: number, errorCode: string, message: string): never => {
      throw new Refused({ status, body: { class: "Client::Any", message, errorCode } })
    }
    // Ten minutes ahead of this machine.
    const now = Math.floor(millis / 1000) + 600
    if (path === "/1.0/auth/time") return { status: 200, body: String(now) }
    const url = `https://api.test${path}${query.size === 0 ? "" : `?${query}`}`
    const time = headers["x-ovh-timestamp"]
    const signed = createHash("sha1")
      .update(["app-secret", "consumer", method, url, body, time].join("+"))
      .digest("hex")
    if (Math.abs(Number(time) - now) > 60) refuse(400, "QUERY_TIME_OUT", "Query out of time")
    if (headers["x-ovh-signature"] !== `$1$${signed}`)
      refuse(403, "INVALID_CREDENTIAL", "This credential is not valid")
    if (path === "/1.0/domain/zone") return { status: 200, body: account.zones }
    const [, zone = "", rest = ""] = /^\/1\.0\/domain\/zone\/([^/]+)\/(.*)$/.exec(path) ?? []
    if (!account.zones.includes(zone)) refuse(404, "NOT_FOUND", "This service does not exist")
    if (rest === "refresh") {
      published.set(account, account.rows)
      return { status: 200, body: "null" }
    }
    const [, id] = /^record(?:\/(\d+))?$/.exec(rest) ?? []
    const known = account.in(zone).find((row) => String(row.id) === id)
    if (id !== undefined && known === undefined)
      refuse(404, "NOT_FOUND", "The requested object does not exist")
    if (method === "GET" && known === undefined) {
      const name = query.get("subDomain")
      const rows = account.in(zone).filter((row) => name === null || relative(zone, row.name, "") === name)
      return { status: 200, body: rows.map((row) => row.id) }
    }
    if (method === "GET") {
      const { id, name, ttl, type } = known!
      const subDomain = relative(zone, name, "")
      return {
        status: 200,
        body: { id, zone, subDomain, fieldType: type, target: dotted(known!), ttl: ttl ?? 0 }
      }
    }
    return account.transaction(() => {
      if (method === "DELETE") {
        account.rows = account.rows.filter((row) => row !== known)
        return { status: 200, body: "null" }
      }
      const given = JSON.parse(body)
      const type = known?.type ?? given.fieldType
      if (given.ttl !== 0 && given.ttl < 60) refuse(400, "INVALID", "ttl is too low")
      const row = {
        zone,
        name: full(zone, given.subDomain, ""),
        type,
        ttl: given.ttl === 0 ? undefined : given.ttl,
        value: plain(type, given.target),
        comment: undefined
      }
      if (known === undefined) account.add(row)
      else account.rows = account.rows.map((each) => (each === known ? { ...row, id: known.id } : each))
      refuseClash(account, row.name, type, (why) => refuse(409, "CONFLICT", why))
      return { status: 200, body: known === undefined ? { id: 1 } : "null" }
    })
  }
}

/** What Namecheap keeps of a domain beside its rows. */
export const mail = new WeakMap<Account, string>()

/**
 * Namecheap, https://www.namecheap.com/support/api/methods/domains-dns/ (attributes and refusals as lego's fixtures have
 * them): setHosts is the whole zone, mail is NONE without EmailType, an error comes with 200, the throttle is a 405.
 */
export const namecheapDomains: Speaks = {
  provider: namecheap,
  variables: {
    NAMECHEAP_API_USER: "user",
    NAMECHEAP_API_KEY: "nc-key",
    NAMECHEAP_CLIENT_IP: "192.0.2.250",
    NAMECHEAP_API_URL: "https://api.test"
  },
  comments: false,
  pages: true,
  extras: { ttl: undefined },
  isWrite: ({ body }) => body.includes("setHosts"),
  tooMany: { status: 405, headers: { "retry-after": "0" }, body: "" },
  answer: (account, { body }) => {
    const given = new URLSearchParams(body)
    const at = (name: string) => given.get(name) ?? ""
    const refuse = (number: number, message: string): never => {
      throw new Refused({
        status: 200,
        body: `<?xml version="1.0"?><ApiResponse Status="ERROR" xmlns="http://api.namecheap.com/xml.response"><Errors><Error Number="${number}">${message}</Error></Errors><Warnings /></ApiResponse>`
      })
    }
    const ok = (text: string) => ({
      status: 200,
      body: `<?xml version="1.0" encoding="utf-8"?>\n<ApiResponse Status="OK" xmlns="http://api.namecheap.com/xml.response">\n  <Errors />\n  <Warnings />\n  <CommandResponse Type="${at("Command")}">${text}</CommandResponse>\n  <Server>PHX01</Server>\n</ApiResponse>\n`
    })
    if (at("ApiKey") !== "nc-key") refuse(1_011_102, "API Key is invalid or API access has not been enabled")
    if (at("Command") === "namecheap.domains.getList") {
      const { items } = account.page(account.zones, Number(at("Page")))
      const domains = items.map(
        (name) => `<Domain ID="1" Name="${name}" IsExpired="false" IsOurDNS="true" />`
      )
      return ok(
        `<DomainGetListResult>${domains.join("")}</DomainGetListResult><Paging><TotalItems>${account.zones.length}</TotalItems><CurrentPage>${at("Page")}</CurrentPage><PageSize>${at("PageSize")}</PageSize></Paging>`
      )
    }
    const zone = `${at("SLD")}.${at("TLD")}`
    if (!account.zones.includes(zone)) refuse(2_019_166, "Domain not found")
    if (at("Command") === "namecheap.domains.dns.getHosts") {
      const hosts = account.in(zone).map((row) => {
        const [pref = "", address = ""] = row.type === "MX" ? dotted(row).split(" ") : ["10", dottedHost(row)]
        return `<host HostId="${row.id}" Name="${relative(zone, row.name, "@")}" Type="${row.type}" Address="${escapeXml(address)}" MXPref="${pref}" TTL="${row.ttl ?? 1799}" AssociatedAppTitle="" FriendlyName="" IsActive="true" IsDDNSEnabled="false" />`
      })
      return ok(
        `<DomainDNSGetHostsResult Domain="${zone}" EmailType="${mail.get(account) ?? "MX"}" IsUsingOurDNS="true">${hosts.join("\n")}</DomainDNSGetHostsResult>`
      )
    }
    return account.transaction(() => {
      const old = account.in(zone)
      account.rows = account.rows.filter((row) => row.zone !== zone)
      for (let index = 1; given.has(`HostName${index}`); index++) {
        const type = at(`RecordType${index}`)
        const address = at(`Address${index}`)
        const ttl = at(`TTL${index}`) === "1799" ? undefined : Number(at(`TTL${index}`))
        const row = {
          zone,
          name: full(zone, at(`HostName${index}`), "@"),
          type,
          ttl,
          value:
            type === "MX"
              ? plain(type, `${at(`MXPref${index}`)} ${address}`)
              : plain(type === "TXT" ? "" : type, address),
          comment: undefined
        }
        const same = old.find(
          ({ name, ttl, type, value }) =>
            name === row.name && type === row.type && value === row.value && ttl === row.ttl
        )
        if (same === undefined) account.add(row)
        else account.rows = [...account.rows, same]
        refuseClash(account, row.name, type, (why) => refuse(2_050_900, why))
      }
      mail.set(account, given.get("EmailType") ?? "NONE")
      return ok(
        `<DomainDNSSetHostsResult Domain="${zone}" IsSuccess="true"><Warnings /></DomainDNSSetHostsResult>`
      )
    })
  }
}

const dottedHost = (row: Row) => (row.type === "TXT" ? row.value : dotted(row))
