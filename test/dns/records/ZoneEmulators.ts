/** How the providers of whole zones and of batches are spoken to. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { hostinger } from "../../../src/dns/hostinger/Provider.ts"
import { porkbun } from "../../../src/dns/porkbun/Provider.ts"
import { route53 } from "../../../src/dns/route53/Provider.ts"
import { sign } from "../../../src/dns/route53/Signature.ts"
import { childAt, childrenNamed, escapeXml, parseXml, type XmlElement } from "../../../src/dns/Xml.ts"
import { type Asked, Refused, type Reply, type Row, type Speaks } from "./Account.ts"
import { dotted, full, plain, refuseClash, relative } from "./Emulators.ts"

/**
 * Porkbun, https://porkbun.com/api/json/v3/documentation: everything is a POST with the keys in the body; it says no with
 * 400 and a text ("Invalid API key. (002)", ddns-go#388; "Domain is not opted in to API access.", ddns-go#1015; "Invalid
 * domain.", caddy-dns/porkbun#29), and to more than one request a second with nginx's 503 page (dnscontrol#3225).
 */
export const porkbunDomains: Speaks = {
  provider: porkbun,
  variables: {
    PORKBUN_API_KEY: "pk1-key",
    PORKBUN_SECRET_API_KEY: "sk1-key",
    PORKBUN_API_URL: "https://api.test/v3"
  },
  comments: false,
  pages: false,
  isWrite: ({ path }) => /\/dns\/(?:create|edit|delete)\//.test(path),
  tooMany: {
    status: 503,
    body: "<html>\n<head><title>503 Service Temporarily Unavailable</title></head></html>"
  },
  answer: (account, { body, path }) => {
    const refuse = (message: string): never => {
      throw new Refused({ status: 400, body: { status: "ERROR", message } })
    }
    const given = JSON.parse(body)
    if (given.apikey !== "pk1-key" || given.secretapikey !== "sk1-key") refuse("Invalid API key. (002)")
    const ok = (more: object = {}): Reply => ({ status: 200, body: { status: "SUCCESS", ...more } })
    if (path === "/v3/domain/listAll") {
      return ok({ domains: account.zones.map((domain) => ({ domain, status: "ACTIVE" })) })
    }
    const [, verb, zone = "", id] = /^\/v3\/dns\/(\w+)\/([^/]+)(?:\/(\d+))?$/.exec(path) ?? []
    if (!account.zones.includes(zone)) refuse("Invalid domain.")
    if (verb === "retrieve") {
      const records = account.in(zone).map((row) => {
        const [prio = "", ...rest] = ["MX", "SRV"].includes(row.type)
          ? row.value.split(" ")
          : ["0", row.value]
        const content = rest.join(" ")
        return {
          id: String(row.id),
          name: row.name,
          type: row.type,
          content,
          ttl: String(row.ttl),
          prio,
          notes: ""
        }
      })
      return ok({ cloudflare: "enabled", records })
    }
    return account.transaction(() => {
      const known = account.in(zone).find((row) => String(row.id) === id)
      if (id !== undefined && known === undefined) refuse("Invalid record ID.")
      if (verb === "delete") {
        account.rows = account.rows.filter((row) => row !== known)
        return ok()
      }
      if (Number(given.ttl) < 600) refuse("TTL must be at least 600.")
      const row = {
        zone,
        name: full(zone, given.name, ""),
        type: given.type,
        ttl: Number(given.ttl),
        value: ["MX", "SRV"].includes(given.type) ? `${given.prio} ${given.content}` : given.content,
        comment: undefined
      }
      if (known === undefined) account.add(row)
      else account.rows = account.rows.map((each) => (each === known ? { ...row, id: known.id } : each))
      refuseClash(account, row.name, row.type, (why) => refuse(`Create error: ${why}`))
      return ok({ id: 1 })
    })
  }
}

/**
 * Hostinger, https://developers.hostinger.com/#tag/dns-zone (fields and refusals as lego's fixtures have them): without
 * `overwrite` a PUT appends to the record sets that it names, with it they are replaced, others stay in either case.
 */
export const hostingerDomains: Speaks = {
  provider: hostinger,
  variables: { HOSTINGER_API_TOKEN: "hg-token", HOSTINGER_API_URL: "https://api.test" },
  comments: false,
  pages: false,
  tooMany: { status: 429, headers: { "retry-after": "0" }, body: { message: "Too Many Attempts." } },
  answer: (account, { body, headers, method, path }) => {
    const refuse = (status: number, message: string): never => {
      throw new Refused({ status, body: { message, correlation_id: "26a91bd9" } })
    }
    if (headers["authorization"] !== "Bearer hg-token") refuse(401, "Unauthenticated.")
    if (path === "/api/domains/v1/portfolio") {
      return {
        status: 200,
        body: [
          { id: 1, domain: null, type: "free_domain" },
          ...account.zones.map((domain) => ({ id: 2, domain }))
        ]
      }
    }
    const zone = path.replace("/api/dns/v1/zones/", "")
    if (!account.zones.includes(zone)) refuse(404, "Domain not found")
    if (method === "GET") {
      return {
        status: 200,
        body: account.sets(zone).map((rows) => ({
          name: relative(zone, rows[0]!.name, "@"),
          type: rows[0]!.type,
          ttl: rows[0]!.ttl,
          records: rows.map((row) => ({ content: dotted(row), is_disabled: false }))
        }))
      }
    }
    return account.transaction(() => {
      const given = JSON.parse(body)
      if (method === "DELETE") {
        for (const { name, type } of given.filters) account.put(zone, full(zone, name, "@"), type, [])
        return { status: 200, body: { message: "Request accepted" } }
      }
      for (const { name, records, ttl, type } of given.zone) {
        const at = full(zone, name, "@")
        const rows = (records as ReadonlyArray<{ content: string }>).map(({ content }) => ({
          ttl,
          value: plain(type === "TXT" ? "" : type, content),
          comment: undefined
        }))
        const before = account.in(zone).filter((row) => row.name === at && row.type === type)
        account.put(zone, at, type, given.overwrite === true ? rows : [...before, ...rows])
        refuseClash(account, at, type, (why) => refuse(422, why))
      }
      return { status: 200, body: { message: "Request accepted" } }
    })
  }
}

const key = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: Redacted.make("wJalrXUtnFEMI/K7MDENG"),
  sessionToken: undefined
}

/** Signed anew for the time that the request tells: the key is right if the signatures are the same. */
const isSigned = ({ body, headers, method, path, query }: Asked) => {
  const time = (headers["x-amz-date"] ?? "").replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z")
  const bare = HttpClientRequest.make(method as "GET")(`https://api.test${path}`, { urlParams: [...query] })
  const request = body === "" ? bare : HttpClientRequest.bodyText(bare, body)
  const signed = sign(request, key, { region: "us-east-1", service: "route53" }, Date.parse(time))
  return signed.headers["authorization"] === headers["authorization"]
}

const fromRight = (name: string) => name.split(".").toReversed().join(".")

/**
 * Route 53, https://docs.aws.amazon.com/Route53/latest/APIReference/: record sets come in the order of their names read
 * from the right; a batch is refused as a whole, with a text for each change; `*` comes as `\052`; the account's limit is
 * 400 `Throttling`.
 */
export const route53Zones: Speaks = {
  provider: route53,
  variables: {
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: Redacted.value(key.secretAccessKey),
    ROUTE53_ENDPOINT_URL: "https://api.test"
  },
  comments: false,
  pages: true,
  tooMany: {
    status: 400,
    headers: { "retry-after": "0" },
    body: "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
  },
  answer: (account, asked) => {
    const { body, method, path, query } = asked
    const xml = (text: string): Reply => ({ status: 200, body: `<?xml version="1.0"?>\n${text}` })
    const refuse = (status: number, code: string, message: string): never => {
      const text = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
      throw new Refused({ status, body: text })
    }
    if (!isSigned(asked)) refuse(403, "SignatureDoesNotMatch", "The request signature does not match")
    if (path === "/2013-04-01/hostedzone") {
      const at = Number(query.get("marker") ?? 1)
      const { items, last } = account.page(account.zones, at)
      const zones = items.map(
        (name) =>
          `<HostedZone><Id>/hostedzone/Z${account.zones.indexOf(name)}</Id><Name>${name}.</Name><Config><PrivateZone>false</PrivateZone></Config></HostedZone>`
      )
      const twin = `<HostedZone><Id>/hostedzone/ZP</Id><Name>example.test.</Name><Config><PrivateZone>true</PrivateZone></Config></HostedZone>`
      return xml(
        `<ListHostedZonesResponse><HostedZones>${zones.join("")}${twin}</HostedZones><IsTruncated>${!last}</IsTruncated>${last ? "" : `<NextMarker>${at + 1}</NextMarker>`}</ListHostedZonesResponse>`
      )
    }
    const [, index] = /^\/2013-04-01\/hostedzone\/Z(\d)\/rrset\/?$/.exec(path) ?? []
    const zone = account.zones[Number(index ?? 9)] ?? refuse(404, "NoSuchHostedZone", "No hosted zone found")
    const escaped = (name: string) => `${name.replace("*", "\\052")}.`
    const setXml = (rows: ReadonlyArray<Row>) =>
      `<ResourceRecordSet><Name>${escaped(rows[0]!.name)}</Name><Type>${rows[0]!.type}</Type><TTL>${rows[0]!.ttl}</TTL><ResourceRecords>${rows.map((row) => `<ResourceRecord><Value>${escapeXml(dotted(row))}</Value></ResourceRecord>`).join("")}</ResourceRecords></ResourceRecordSet>`
    if (method === "GET") {
      const from = query.get("name")?.replace(/\.$/, "").replace("\\052", "*")
      const type = query.get("type") ?? ""
      const order = (row: Row) => `${fromRight(row.name)} ${row.type}`
      const sets = account
        .sets(zone)
        .toSorted(([a], [b]) => (order(a!) < order(b!) ? -1 : 1))
        .filter(([row]) => from === undefined || order(row!) >= `${fromRight(from)} ${type}`)
      const { items, last } = account.page(sets, 1)
      const next = sets[items.length]?.[0]
      return xml(
        `<ListResourceRecordSetsResponse><ResourceRecordSets>${items.map(setXml).join("")}</ResourceRecordSets><IsTruncated>${!last}</IsTruncated>${last ? "" : `<NextRecordName>${escaped(next!.name)}</NextRecordName><NextRecordType>${next!.type}</NextRecordType>`}</ListResourceRecordSetsResponse>`
      )
    }
    return account.transaction(() => {
      const root = Option.getOrThrow(parseXml(body))
      const text = (element: XmlElement, ...at: ReadonlyArray<string>) => childAt(element, ...at)!.text
      const batch = (message: string): never => {
        throw new Refused({
          status: 400,
          body: `<?xml version="1.0"?><InvalidChangeBatch xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages><Message>${escapeXml(message)}</Message></Messages></InvalidChangeBatch>`
        })
      }
      for (const each of childAt(root, "ChangeBatch", "Changes")!.children) {
        const set = childAt(each, "ResourceRecordSet")!
        const name = text(set, "Name").slice(0, -1)
        const type = text(set, "Type")
        const ttl = Number(text(set, "TTL"))
        const values = childrenNamed(childAt(set, "ResourceRecords")!, "ResourceRecord").map((record) =>
          text(record, "Value")
        )
        const before = account.in(zone).filter((row) => row.name === name && row.type === type)
        const set_ = `resource record set [name='${name}.', type='${type}']`
        if (text(each, "Action") === "CREATE") {
          if (before.length > 0) batch(`Tried to create ${set_} but it already exists`)
          account.put(
            zone,
            name,
            type,
            values.map((value) => ({ ttl, value: plain(type, value), comment: undefined }))
          )
        } else {
          const same =
            before.length > 0 &&
            before[0]!.ttl === ttl &&
            JSON.stringify(before.map(dotted).toSorted()) === JSON.stringify(values.toSorted())
          if (before.length === 0) batch(`Tried to delete ${set_} but it was not found`)
          if (!same) batch(`Tried to delete ${set_} but the values provided do not match the current values`)
          account.put(zone, name, type, [])
        }
        refuseClash(account, name, type, (why) => batch(`${set_} ${why}`))
      }
      return xml(
        "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status></ChangeInfo></ChangeResourceRecordSetsResponse>"
      )
    })
  }
}
