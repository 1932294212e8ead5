/**
 * Namecheap: https://www.namecheap.com/support/api/methods/domains-dns/set-hosts/. A write is the whole zone: what it
 * leaves out is deleted, and without EmailType the domain's mail is switched off. So each write reads the zone, changes
 * the rows in question, sends all others as they were, and reads again whether they still are. Keys go in the body, never
 * in the URL. A zone is the registered domain, cut at its first dot.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { DnsClient, type RecordSet, type Zone } from "../DnsClient.ts"
import type { DnsError, DnsErrorReason } from "../DnsError.ts"
import type { Answer } from "../../http/Failure.ts"
import { canonicalValue } from "../Name.ts"
import { connect, type Explanation } from "../ProviderHttp.ts"
import { clientOver } from "../records/Client.ts"
import { absolute, below, hostFields, normalName, toContent } from "../records/Content.ts"
import { withMarks } from "../records/Marks.ts"
import type { RecordsApi, SetChange, Standing } from "../records/RecordsApi.ts"
import { childAt, childrenNamed, parseXml, type XmlElement } from "../Xml.ts"
import { namecheap } from "./Provider.ts"

const { capabilities, name: provider } = namecheap

/** The TTL that means "automatic". */
const automatic = "1799"

interface Host {
  readonly name: string
  readonly type: string
  readonly address: string
  readonly mxPref: string
  readonly ttl: string
}

interface Hosts {
  readonly emailType: string
  readonly rows: ReadonlyArray<Host>
  /** Why a write would destroy something; `undefined`: it would not. */
  readonly unwritable: string | undefined
}

const meaning = new Map<string, DnsErrorReason>([
  // https://www.namecheap.com/support/api/error-codes/
  ["1010102", "Unauthorized"],
  ["1011102", "Unauthorized"],
  ["1011150", "Unauthorized"],
  ["1017150", "Unauthorized"],
  ["1016103", "Forbidden"],
  ["2019166", "ZoneNotFound"],
  ["2016166", "ZoneNotFound"],
  ["2030166", "ZoneNotFound"],
  ["2030288", "ZoneNotFound"],
  ["500000", "RateLimited"]
])

const explain = ({ status, text }: Answer): Explanation | undefined => {
  // Its throttle answers 405 (go-namecheap-sdk, "rate limit").
  if (status === 405) return { reason: "RateLimited", detail: "too many requests" }
  if (status >= 300) return undefined
  const root = Option.getOrUndefined(parseXml(text))
  if (root?.name !== "ApiResponse") return undefined
  if (root.attributes.get("Status") === "OK") return undefined
  const errors = childrenNamed(childAt(root, "Errors") ?? root, "Error")
  const numbers = errors.map(({ attributes }) => attributes.get("Number") ?? "")
  const detail = errors.map((error, index) => `${error.text.trim()} (${numbers[index]})`).join("; ")
  const reason = numbers.map((number) => meaning.get(number)).find((each) => each !== undefined)
  return { reason: reason ?? "Invalid", detail: detail === "" ? "it says ERROR and no more" : detail }
}

const attribute = ({ attributes }: XmlElement, name: string): string => attributes.get(name) ?? ""

const toHost = (element: XmlElement): Host => ({
  name: attribute(element, "Name"),
  type: attribute(element, "Type"),
  address: attribute(element, "Address"),
  mxPref: attribute(element, "MXPref"),
  ttl: attribute(element, "TTL")
})

/** Mail that comes with MX rows of its own, which a write cannot express together with EmailType. */
const foreignMail = /^(?:OX|GMAIL)$/i

const unwritable = (emailType: string, hosts: ReadonlyArray<XmlElement>): string | undefined => {
  if (foreignMail.test(emailType)) return `its mail is ${emailType}, whose rows a write would destroy`
  if (hosts.some((host) => attribute(host, "IsActive") === "false")) {
    return "it has rows that are switched off, which a write would switch on"
  }
  return hosts.some((host) => attribute(host, "IsDDNSEnabled") === "true")
    ? "it has dynamic DNS, which a write would switch off"
    : undefined
}

const valueOf = ({ address, mxPref, type }: Host): string => {
  const value = type === "TXT" ? address : canonicalValue(type, address)
  return type === "MX" ? `${mxPref} ${value}` : value
}

const toSets = (zone: Zone, rows: ReadonlyArray<Host>): ReadonlyArray<Standing<undefined>> => {
  const sets = new Map<string, Array<Host>>()
  for (const row of rows) {
    const key = `${row.type} ${absolute(zone, row.name)}`
    sets.set(key, [...(sets.get(key) ?? []), row])
  }
  return [...sets.values()].flatMap((members) => {
    const [first] = members
    if (first === undefined) return []
    return {
      recordSet: {
        name: absolute(zone, first.name),
        type: first.type,
        ttl: first.ttl === automatic ? undefined : Number(first.ttl),
        values: members.map(valueOf),
        proxied: false,
        comment: undefined
      },
      raw: undefined,
      untouchable: members.some(({ ttl }) => ttl !== first.ttl) ? "its rows differ in their TTL" : undefined
    }
  })
}

const addressOf = (type: string, value: string) => {
  if (type === "TXT") return { address: value, mxPref: "10" }
  const content = toContent(type, value)
  if (type !== "MX") return { address: content, mxPref: "10" }
  const { host, numbers } = hostFields(content)
  return { address: host, mxPref: String(numbers[0] ?? 10) }
}

const toHosts = (zone: Zone, { name, ttl, type, values }: RecordSet): ReadonlyArray<Host> =>
  [...new Map(values.map((value) => [canonicalValue(type, value), value])).values()].map((value) => ({
    name: below(zone, name, "@"),
    type,
    ...addressOf(type, value),
    ttl: ttl === undefined ? automatic : String(ttl)
  }))

const sorted = (rows: ReadonlyArray<Host>): string =>
  JSON.stringify(rows.map((row) => JSON.stringify(row)).toSorted())

const perPage = 100
const maxPages = 100

const make = Effect.fnUntraced(function* (config: NamecheapConfig) {
  const http = yield* connect({
    provider,
    baseUrl: config.baseUrl ?? "https://api.namecheap.com",
    variable: "NAMECHEAP_API_URL",
    secrets: { NAMECHEAP_API_KEY: config.apiKey },
    authorize: Effect.succeed,
    explain
  })
  const call = Effect.fnUntraced(function* (
    method: string,
    command: string,
    parameters: Readonly<Record<string, string>>,
    write = false
  ) {
    const request = HttpClientRequest.bodyUrlParams(HttpClientRequest.post("/xml.response"), {
      ApiUser: config.apiUser,
      ApiKey: Redacted.value(config.apiKey),
      UserName: config.apiUser,
      ClientIp: config.clientIp,
      Command: command,
      ...parameters
    })
    const { text } = yield* http.answer(method, request, write)
    const response = Option.match(parseXml(text), {
      onNone: () => undefined,
      onSome: (root) => childAt(root, "CommandResponse")
    })
    return response === undefined
      ? yield* http.fail(method, {
          reason: write ? "OutcomeUnknown" : "BadResponse",
          detail: "the API answered something else than expected"
        })
      : response
  })

  const zones = Effect.fnUntraced(function* (method: string) {
    const found: Array<XmlElement> = []
    for (let page = 1; page <= maxPages; page++) {
      const answer = yield* call(method, "namecheap.domains.getList", {
        ListType: "ALL",
        Page: String(page),
        PageSize: String(perPage)
      })
      const domains = childrenNamed(childAt(answer, "DomainGetListResult") ?? answer, "Domain")
      found.push(...domains)
      const total = Number(childAt(answer, "Paging", "TotalItems")?.text ?? "0")
      if (domains.length === 0 || found.length >= total) break
    }
    return found.map((domain) => ({
      id: attribute(domain, "Name"),
      name: normalName(attribute(domain, "Name")),
      unusable:
        attribute(domain, "IsOurDNS") === "false"
          ? "the domain does not use Namecheap's own name servers"
          : undefined
    }))
  })

  const domainOf = ({ id }: Zone) => {
    const [, sld = id, tld = ""] = /^([^.]+)\.(.+)$/.exec(id) ?? []
    return { SLD: sld, TLD: tld }
  }

  const hostsOf = Effect.fnUntraced(function* (method: string, zone: Zone) {
    const answer = yield* call(method, "namecheap.domains.dns.getHosts", domainOf(zone))
    const result = childAt(answer, "DomainDNSGetHostsResult")
    if (result === undefined || attribute(result, "IsUsingOurDNS") === "false") {
      return yield* http.fail(method, {
        reason: "ZoneNotFound",
        detail: `${zone.name} does not use Namecheap's own name servers`
      })
    }
    const hosts = childrenNamed(result, "host")
    const emailType = attribute(result, "EmailType")
    return { emailType, rows: hosts.map(toHost), unwritable: unwritable(emailType, hosts) } satisfies Hosts
  })

  const isOf = (zone: Zone, changes: ReadonlyArray<SetChange<undefined>>) => (row: Host) =>
    changes.some(({ before, wanted }) => {
      const subject = wanted ?? before?.recordSet
      return subject?.type === row.type && subject.name === absolute(zone, row.name)
    })

  const change = Effect.fnUntraced(function* (
    method: string,
    zone: Zone,
    changes: ReadonlyArray<SetChange<undefined>>
  ) {
    const now = yield* hostsOf(method, zone)
    if (now.unwritable !== undefined) {
      return yield* http.fail(method, {
        reason: "Invalid",
        detail: `fabrik does not write the zone ${zone.name} at Namecheap: ${now.unwritable}`
      })
    }
    // What it had before, as forwarding, would end with it.
    if (changes.some(({ wanted }) => wanted?.type === "MX") && now.emailType !== "MX") {
      return yield* http.fail(method, {
        reason: "Invalid",
        detail: `the mail of ${zone.name} at Namecheap is ${now.emailType || "not set"}, which MX records do not go with: choose Custom MX there first`
      })
    }
    const conflict = (detail: string) => http.fail(method, { reason: "Conflict", detail })
    const ours = isOf(zone, changes)
    const expected = changes.flatMap(({ before }) =>
      before === undefined ? [] : toHosts(zone, before.recordSet)
    )
    const values = (rows: ReadonlyArray<Host>) =>
      sorted(
        rows.map((row) => ({ ...row, name: absolute(zone, row.name), address: valueOf(row), mxPref: "" }))
      )
    if (values(now.rows.filter(ours)) !== values(expected)) {
      return yield* conflict("somebody else changed the record set at the same time")
    }
    const others = now.rows.filter((row) => !ours(row))
    const rows = [
      ...others,
      ...changes.flatMap(({ wanted }) => (wanted === undefined ? [] : toHosts(zone, wanted)))
    ]
    const result = yield* call(
      method,
      "namecheap.domains.dns.setHosts",
      {
        ...domainOf(zone),
        ...(now.emailType === "" ? {} : { EmailType: now.emailType }),
        ...Object.fromEntries(
          rows.flatMap(({ address, mxPref, name, ttl, type }, index) => [
            [`HostName${index + 1}`, name],
            [`RecordType${index + 1}`, type],
            [`Address${index + 1}`, address],
            [`MXPref${index + 1}`, mxPref],
            [`TTL${index + 1}`, ttl]
          ])
        )
      },
      true
    )
    const done = childAt(result, "DomainDNSSetHostsResult")
    if (done === undefined || attribute(done, "IsSuccess") !== "true") {
      return yield* http.fail(method, {
        reason: "OutcomeUnknown",
        detail: "the API does not say that it is done"
      })
    }
    const after = yield* hostsOf(method, zone)
    if (
      after.emailType !== now.emailType ||
      sorted(after.rows.filter((row) => !ours(row))) !== sorted(others)
    ) {
      return yield* conflict(
        `other rows of ${zone.name} changed while it was written, by somebody else's hand or by this write: compare them with what they were`
      )
    }
  })

  const listed = (method: string, zone: Zone) =>
    Effect.map(hostsOf(method, zone), ({ rows }) => toSets(zone, rows))
  const api: RecordsApi<undefined> = {
    provider,
    capabilities,
    told: http.told,
    zones,
    reads: "zone",
    at: (method, zone, names) =>
      Effect.map(listed(method, zone), (sets) =>
        sets.filter(({ recordSet }) => names.includes(recordSet.name))
      ),
    all: listed,
    atomic: () => true,
    change
  }
  return clientOver(withMarks(api))
})

interface NamecheapConfig {
  readonly apiUser: string
  readonly apiKey: Redacted.Redacted<string>
  readonly clientIp: string
  readonly baseUrl: string | undefined
}

/** A DnsClient over the domains of one Namecheap account that use its own name servers. */
export const layer = (config: NamecheapConfig): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
