/**
 * Hostinger's DNS API: https://developers.hostinger.com/#tag/dns-zone. A zone is read as a whole; a PUT replaces the
 * record sets it names, if `overwrite` says so: without it, it appends to them. So it is always sent
 * (hostinger/terraform-provider-hostinger#17 is about a client that did not). A zone is a domain of the portfolio.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { DnsClient, type RecordSet, type Zone } from "../DnsClient.ts"
import type { DnsError } from "../DnsError.ts"
import { canonicalValue } from "../Name.ts"
import { connect, explainWith } from "../ProviderHttp.ts"
import { clientOver } from "../records/Client.ts"
import { absolute, below, fromContent, normalName, toContent } from "../records/Content.ts"
import { withMarks } from "../records/Marks.ts"
import type { RecordsApi, Standing } from "../records/RecordsApi.ts"
import { hostinger } from "./Provider.ts"

const { capabilities, name: provider } = hostinger

const Portfolio = Schema.Array(Schema.Struct({ domain: Schema.NullishOr(Schema.String) }))
const RrSet = Schema.Struct({
  name: Schema.String,
  type: Schema.String,
  ttl: Schema.NonNegativeInt,
  records: Schema.Array(
    Schema.Struct({
      content: Schema.String,
      is_disabled: Schema.optionalWith(Schema.Boolean, { nullable: true, default: () => false })
    })
  )
})
const RrSets = Schema.Array(RrSet)
const Failure = Schema.parseJson(
  Schema.Struct({
    message: Schema.String,
    errors: Schema.optionalWith(Schema.Record({ key: Schema.String, value: Schema.Array(Schema.String) }), {
      default: () => ({})
    })
  })
)

const said = (text: string) =>
  Option.map(Schema.decodeOption(Failure)(text), ({ errors, message }) =>
    [message, ...Object.entries(errors).map(([field, each]) => `${field}: ${each.join(", ")}`)].join("; ")
  )

const toStanding = (zone: Zone, { name, records, ttl, type }: typeof RrSet.Type): Standing<undefined> => ({
  recordSet: {
    name: absolute(zone, name),
    type,
    ttl,
    values: records.map(({ content }) => fromContent(type, content)),
    proxied: false,
    comment: undefined
  },
  raw: undefined,
  untouchable: records.some(({ is_disabled }) => is_disabled)
    ? "some of its records are switched off at Hostinger"
    : undefined
})

/** Texts go without quotes, which it adds itself. */
const contentOf = (type: string, value: string) => (type === "TXT" ? value : toContent(type, value))

const make = Effect.fnUntraced(function* (config: HostingerConfig) {
  const http = yield* connect({
    provider,
    baseUrl: config.baseUrl ?? "https://developers.hostinger.com",
    variable: "HOSTINGER_API_URL",
    secrets: { HOSTINGER_API_TOKEN: config.token },
    authorize: (request) => Effect.succeed(HttpClientRequest.bearerToken(request, config.token)),
    explain: explainWith(said)
  })
  const path = ({ id }: Zone) => `/api/dns/v1/zones/${encodeURIComponent(id)}`
  const listed = (method: string, zone: Zone) =>
    Effect.map(http.read(method, path(zone), RrSets), (sets) => sets.map((set) => toStanding(zone, set)))
  const wire = (zone: Zone, { name, ttl, type, values }: RecordSet) => ({
    name: below(zone, name, "@"),
    type,
    ttl: ttl ?? capabilities.automaticTtl,
    records: [...new Map(values.map((value) => [canonicalValue(type, value), value])).values()].map(
      (value) => ({
        content: contentOf(type, value)
      })
    )
  })
  const api: RecordsApi<undefined> = {
    provider,
    capabilities,
    told: http.told,
    zones: (method) =>
      Effect.map(http.read(method, "/api/domains/v1/portfolio", Portfolio), (found) =>
        found.flatMap(({ domain }) =>
          typeof domain === "string" ? [{ id: domain, name: normalName(domain) }] : []
        )
      ),
    reads: "zone",
    at: (method, zone, names) =>
      Effect.map(listed(method, zone), (found) =>
        found.filter(({ recordSet }) => names.includes(recordSet.name))
      ),
    all: listed,
    // One request puts record sets, another one deletes them.
    atomic: (changes) => new Set(changes.map(({ wanted }) => wanted === undefined)).size < 2,
    change: Effect.fnUntraced(function* (method, zone, changes) {
      const puts = changes.flatMap(({ wanted }) => (wanted === undefined ? [] : [wire(zone, wanted)]))
      const filters = changes.flatMap(({ before, wanted }) =>
        wanted !== undefined || before === undefined
          ? []
          : [{ name: below(zone, before.recordSet.name, "@"), type: before.recordSet.type }]
      )
      const send = (request: HttpClientRequest.HttpClientRequest, body: unknown) =>
        http.write(method, HttpClientRequest.bodyUnsafeJson(request, body))
      if (puts.length > 0) yield* send(HttpClientRequest.put(path(zone)), { overwrite: true, zone: puts })
      if (filters.length > 0) yield* send(HttpClientRequest.del(path(zone)), { filters })
    })
  }
  return clientOver(withMarks(api))
})

interface HostingerConfig {
  readonly token: Redacted.Redacted<string>
  readonly baseUrl: string | undefined
}

/** A DnsClient over the domains of one Hostinger account. */
export const layer = (config: HostingerConfig): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
