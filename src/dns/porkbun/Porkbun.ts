/**
 * Porkbun, API v3: https://porkbun.com/api/json/v3/documentation. Everything is a POST with both keys in its body; a
 * domain is read as a whole; numbers come as texts; a TTL is 600 seconds at least. One request a second is let through,
 * and the rest answered with a 503 of nginx before anybody has seen them (nrdcg/porkbun#3, DNSControl/dnscontrol#3225).
 * A record's notes are never sent, so that an edit keeps them.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { DnsClient, type Zone } from "../DnsClient.ts"
import type { DnsError, DnsErrorReason } from "../DnsError.ts"
import type { Answer } from "../../http/Failure.ts"
import { canonicalValue } from "../Name.ts"
import { connect, type Explanation } from "../ProviderHttp.ts"
import { byId, type IdRecord } from "../records/ById.ts"
import { clientOver } from "../records/Client.ts"
import { absolute, below, fromContent, normalName } from "../records/Content.ts"
import { withMarks } from "../records/Marks.ts"
import { porkbun } from "./Provider.ts"

const { capabilities, name: provider } = porkbun

const Text = Schema.Union(
  Schema.String,
  Schema.transform(Schema.Number, Schema.String, { decode: String, encode: Number })
)
const Domains = Schema.Struct({ domains: Schema.Array(Schema.Struct({ domain: Schema.String })) })
const PorkbunRecord = Schema.Struct({
  id: Text,
  name: Schema.String,
  type: Schema.String,
  content: Schema.String,
  ttl: Text,
  prio: Schema.optionalWith(Text, { nullable: true })
})
const Records = Schema.Struct({ records: Schema.Array(PorkbunRecord) })
const Status = Schema.Struct({ status: Schema.String, message: Schema.optional(Schema.String) })
const decodeStatus = Schema.decodeOption(Schema.parseJson(Status))

/** It tells its failures apart by their texts alone. */
const meaning: ReadonlyArray<readonly [RegExp, DnsErrorReason]> = [
  [/invalid api key|api key.*(?:invalid|required)/i, "Unauthorized"],
  [/not opted in to api access/i, "Forbidden"],
  [/invalid domain/i, "ZoneNotFound"],
  [/rate limit/i, "RateLimited"]
]

const explain = ({ status, text }: Answer): Explanation | undefined => {
  if (status === 503) return { reason: "RateLimited", detail: "more than one request a second" }
  if (status >= 500) return undefined
  const said = Option.getOrUndefined(decodeStatus(text))
  if (said?.status === "SUCCESS" || (said === undefined && status < 400)) return undefined
  const detail = said?.message ?? `HTTP ${status}`
  const known = meaning.find(([form]) => form.test(detail))
  if (known !== undefined) return { reason: known[1], detail }
  return status === 401 || status === 403 || status === 429 ? undefined : { reason: "Invalid", detail }
}

/** Domains of one answer, by its documentation. */
const perPage = 1000
const maxPages = 50

const toRecord = (
  zone: Zone,
  { content, id, name, prio, ttl, type }: typeof PorkbunRecord.Type
): IdRecord => {
  const value = fromContent(type, content)
  return {
    id,
    name: absolute(zone, name),
    type,
    value: (type === "MX" || type === "SRV") && prio !== undefined ? `${prio} ${value}` : value,
    ttl: Number(ttl),
    comment: undefined
  }
}

/** The first number of an MX or SRV value has a field of its own. */
const contentOf = (type: string, value: string) => {
  const [prio = "", ...rest] = canonicalValue(type, value).split(" ")
  return type === "MX" || type === "SRV" ? { content: rest.join(" "), prio } : { content: value }
}

const make = Effect.fnUntraced(function* (config: PorkbunConfig) {
  const http = yield* connect({
    provider,
    baseUrl: config.baseUrl ?? "https://api.porkbun.com/api/json/v3",
    variable: "PORKBUN_API_URL",
    secrets: { PORKBUN_API_KEY: config.apiKey, PORKBUN_SECRET_API_KEY: config.secretApiKey },
    authorize: Effect.succeed,
    explain,
    explained: Status
  })
  const post = (path: string, body: object = {}) =>
    HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(path), {
      ...body,
      apikey: Redacted.value(config.apiKey),
      secretapikey: Redacted.value(config.secretApiKey)
    })
  const domains = Effect.fnUntraced(function* (method: string) {
    const found: Array<{ readonly domain: string }> = []
    for (let page = 0; page < maxPages; page++) {
      const { domains } = yield* http.ask(
        method,
        post("/domain/listAll", { start: String(page * perPage) }),
        Domains
      )
      found.push(...domains)
      if (domains.length < perPage) break
    }
    return found.map(({ domain }) => ({ id: domain, name: normalName(domain) }))
  })
  const listed = (method: string, zone: Zone) =>
    Effect.map(
      http.ask(method, post(`/dns/retrieve/${encodeURIComponent(zone.id)}`), Records),
      ({ records }) => records.map((record) => toRecord(zone, record))
    )
  const body = (zone: Zone, { name, ttl, type, value }: Omit<IdRecord, "id">) => ({
    name: below(zone, name, ""),
    type,
    ...contentOf(type, value),
    ttl: String(ttl ?? capabilities.automaticTtl)
  })
  const path = (verb: string, { id }: Zone) => `/dns/${verb}/${encodeURIComponent(id)}`
  return clientOver(
    withMarks(
      byId({
        provider,
        capabilities,
        told: http.told,
        zones: domains,
        reads: "zone",
        at: listed,
        all: listed,
        create: (method, zone, record) => http.write(method, post(path("create", zone), body(zone, record))),
        update: (method, zone, record) =>
          http.write(
            method,
            post(`${path("edit", zone)}/${encodeURIComponent(record.id)}`, body(zone, record))
          ),
        delete: (method, zone, { id }) =>
          http.write(method, post(`${path("delete", zone)}/${encodeURIComponent(id)}`))
      })
    )
  )
})

interface PorkbunConfig {
  readonly apiKey: Redacted.Redacted<string>
  readonly secretApiKey: Redacted.Redacted<string>
  readonly baseUrl: string | undefined
}

/** A DnsClient over the domains of one Porkbun account that have API access. */
export const layer = (config: PorkbunConfig): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
