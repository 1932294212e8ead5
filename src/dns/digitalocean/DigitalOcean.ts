/**
 * DigitalOcean's domains, API v2: https://docs.digitalocean.com/reference/api/digitalocean/#tag/Domain-Records. A record
 * has an id, a name below its domain (`@`: the domain itself), and no comment.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { DnsClient, type Zone } from "../DnsClient.ts"
import type { DnsError } from "../DnsError.ts"
import { caaFields, caaValue, canonicalValue } from "../Name.ts"
import { connect, explainWith } from "../ProviderHttp.ts"
import { byId, type IdRecord } from "../records/ById.ts"
import { clientOver } from "../records/Client.ts"
import { absolute, below, hostFields, normalName, toContent } from "../records/Content.ts"
import { withMarks } from "../records/Marks.ts"
import { digitalOcean } from "./Provider.ts"

const { capabilities, name: provider } = digitalOcean

const Links = Schema.Struct({
  pages: Schema.optional(Schema.Struct({ next: Schema.optional(Schema.String) }))
})
const Domains = Schema.Struct({
  domains: Schema.Array(Schema.Struct({ name: Schema.String })),
  links: Schema.optional(Links)
})
const DomainRecord = Schema.Struct({
  id: Schema.Number,
  type: Schema.String,
  name: Schema.String,
  data: Schema.String,
  ttl: Schema.NonNegativeInt,
  priority: Schema.NullishOr(Schema.Number),
  port: Schema.NullishOr(Schema.Number),
  weight: Schema.NullishOr(Schema.Number),
  flags: Schema.NullishOr(Schema.Number),
  tag: Schema.NullishOr(Schema.String)
})
const Records = Schema.Struct({ domain_records: Schema.Array(DomainRecord), links: Schema.optional(Links) })
const Failure = Schema.parseJson(Schema.Struct({ message: Schema.String }))

const said = (text: string) => Option.map(Schema.decodeOption(Failure)(text), ({ message }) => message)

const perPage = "200"
/** Far more than a domain has. */
const maxPages = 200

/** Texts are as they are, without quotes; names may come with a final dot or without. */
const toRecord = (zone: Zone, record: typeof DomainRecord.Type): IdRecord => {
  const { data, flags, id, port, priority, tag, ttl, type, weight } = record
  const numbers = type === "SRV" ? [priority, weight, port] : type === "MX" ? [priority] : []
  const value = type === "TXT" ? data : canonicalValue(type, data === "@" ? zone.name : data)
  return {
    id: String(id),
    name: absolute(zone, record.name),
    type,
    value:
      type === "CAA" && typeof tag === "string"
        ? caaValue({ flags: flags ?? 0, tag, value: data.replace(/\.$/, "") })
        : [...numbers.map((number) => number ?? 0), value].join(" "),
    ttl,
    comment: undefined
  }
}

/** A name needs its final dot; so does the value of a CAA record, which comes without it (dnscontrol, digitaloceanProvider.go). */
const dataOf = (type: string, value: string) => {
  if (type === "TXT") return { data: value }
  if (type === "CAA") {
    const { flags = 0, tag = "", value: text = "" } = caaFields(value) ?? {}
    return { data: `${text}.`, flags, tag }
  }
  const { host, numbers } = hostFields(toContent(type, value))
  const [priority, weight, port] = numbers
  if (type === "MX") return { data: host, priority }
  return type === "SRV" ? { data: host, priority, weight, port } : { data: host }
}

const make = Effect.fnUntraced(function* (config: DigitalOceanConfig) {
  const http = yield* connect({
    provider,
    baseUrl: config.baseUrl ?? "https://api.digitalocean.com/v2",
    variable: "DO_API_URL",
    secrets: { DO_AUTH_TOKEN: config.token },
    authorize: (request) => Effect.succeed(HttpClientRequest.bearerToken(request, config.token)),
    explain: explainWith(said)
  })
  const pages = Effect.fnUntraced(function* <P extends { readonly links?: typeof Links.Type | undefined }, I>(
    method: string,
    path: string,
    schema: Schema.Schema<P, I>,
    parameters: Readonly<Record<string, string>>
  ) {
    const found: Array<P> = []
    for (let page = 1; page <= maxPages; page++) {
      const one: P = yield* http.read(method, path, schema, {
        ...parameters,
        per_page: perPage,
        page: String(page)
      })
      found.push(one)
      if (one.links?.pages?.next === undefined) break
    }
    return found
  })
  const path = ({ id }: Zone) => `/domains/${encodeURIComponent(id)}/records`
  const listed = (method: string, zone: Zone, parameters: Readonly<Record<string, string>>) =>
    Effect.map(pages(method, path(zone), Records, parameters), (found) =>
      found.flatMap(({ domain_records }) => domain_records.map((record) => toRecord(zone, record)))
    )
  const body = (zone: Zone, { name, ttl, type, value }: Omit<IdRecord, "id">) => ({
    type,
    name: below(zone, name, "@"),
    ...dataOf(type, value),
    ttl: ttl ?? capabilities.automaticTtl
  })
  return clientOver(
    withMarks(
      byId({
        provider,
        capabilities,
        told: http.told,
        zones: (method) =>
          Effect.map(pages(method, "/domains", Domains, {}), (found) =>
            found.flatMap(({ domains }) => domains.map(({ name }) => ({ id: name, name: normalName(name) })))
          ),
        reads: "name",
        at: (method, zone, names) =>
          Effect.map(
            Effect.forEach(names, (name) => listed(method, zone, { name }), { concurrency: 4 }),
            (found) => found.flat()
          ),
        all: (method, zone) => listed(method, zone, {}),
        create: (method, zone, record) =>
          http.write(
            method,
            HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(path(zone)), body(zone, record))
          ),
        update: (method, zone, record) =>
          http.write(
            method,
            HttpClientRequest.bodyUnsafeJson(
              HttpClientRequest.put(`${path(zone)}/${record.id}`),
              body(zone, record)
            )
          ),
        delete: (method, zone, { id }) => http.write(method, HttpClientRequest.del(`${path(zone)}/${id}`))
      })
    )
  )
})

interface DigitalOceanConfig {
  readonly token: Redacted.Redacted<string>
  readonly baseUrl: string | undefined
}

/** A DnsClient over the domains of one DigitalOcean team. */
export const layer = (config: DigitalOceanConfig): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
