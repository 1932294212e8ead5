/**
 * The DNS zones of OVHcloud: https://api.ovh.com/console/?section=%2Fdomain&branch=v1. Requests are signed with OVH's own
 * time; a list gives ids, each of which is read; what is written waits until the zone is refreshed, which publishes what
 * others have left waiting as well.
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { DnsClient, type Zone } from "../DnsClient.ts"
import type { DnsError } from "../DnsError.ts"
import { connect, explainWith } from "../ProviderHttp.ts"
import { byId, type IdRecord } from "../records/ById.ts"
import { clientOver } from "../records/Client.ts"
import { absolute, below, fromContent, normalName, toContent } from "../records/Content.ts"
import { withMarks } from "../records/Marks.ts"
import { ovh } from "./Provider.ts"

const { capabilities, name: provider } = ovh

const Ids = Schema.Array(Schema.Number)
const OvhRecord = Schema.Struct({
  id: Schema.Number,
  subDomain: Schema.NullishOr(Schema.String),
  fieldType: Schema.String,
  target: Schema.String,
  /** 0: the zone's own. */
  ttl: Schema.NullishOr(Schema.NonNegativeInt)
})
const Failure = Schema.parseJson(
  Schema.Struct({ message: Schema.String, errorCode: Schema.optional(Schema.String) })
)

const said = (text: string) =>
  Option.map(Schema.decodeOption(Failure)(text), ({ errorCode, message }) =>
    errorCode === undefined ? message : `${message} (${errorCode})`
  )

const explain = explainWith(said, (_, message) => {
  // https://help.ovhcloud.com/csm/en-api-getting-started-ovhcloud-api: all of these are 400 or 403.
  if (
    /\((?:INVALID_CREDENTIAL|INVALID_KEY|INVALID_SIGNATURE|QUERY_TIME_OUT|NOT_CREDENTIAL)\)$/.test(message)
  ) {
    return "Unauthorized"
  }
  return message.endsWith("(NOT_GRANTED_CALL)") ? "Forbidden" : undefined
})

const endpoints = new Map([
  ["ovh-eu", "https://eu.api.ovh.com/1.0"],
  ["ovh-ca", "https://ca.api.ovh.com/1.0"],
  ["ovh-us", "https://api.us.ovhcloud.com/1.0"]
])

const toRecord = (
  zone: Zone,
  { fieldType, id, subDomain, target, ttl }: typeof OvhRecord.Type
): IdRecord => ({
  id: String(id),
  name: absolute(zone, subDomain ?? ""),
  type: fieldType,
  value: fromContent(fieldType, target),
  ttl: ttl === 0 || ttl === null ? undefined : ttl,
  comment: undefined
})

/** What OVH signs: https://help.ovhcloud.com/csm/en-api-getting-started-ovhcloud-api, "Signing requests". */
const sign = (
  request: HttpClientRequest.HttpClientRequest,
  { applicationKey, applicationSecret, consumerKey }: OvhConfig,
  seconds: number
): HttpClientRequest.HttpClientRequest => {
  const url = Option.getOrUndefined(HttpClientRequest.toUrl(request))?.toString() ?? request.url
  const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
  const consumer = Redacted.value(consumerKey)
  const parts = [Redacted.value(applicationSecret), consumer, request.method, url, body, String(seconds)]
  return HttpClientRequest.setHeaders(request, {
    "x-ovh-application": applicationKey,
    "x-ovh-consumer": consumer,
    "x-ovh-timestamp": String(seconds),
    "x-ovh-signature": `$1$${createHash("sha1").update(parts.join("+")).digest("hex")}`
  })
}

const make = Effect.fnUntraced(function* (config: OvhConfig) {
  const connection = {
    provider,
    baseUrl: endpoints.get(config.endpoint) ?? config.endpoint,
    variable: "OVH_ENDPOINT",
    secrets: { OVH_APPLICATION_SECRET: config.applicationSecret, OVH_CONSUMER_KEY: config.consumerKey },
    explain
  }
  const unsigned = yield* connect({ ...connection, authorize: Effect.succeed })
  // A clock that is wrong here would be taken for a wrong key. Who cannot be asked for the time refuses the rest, too.
  const ahead = yield* Effect.cached(
    unsigned.read("connect", "/auth/time", Schema.Number).pipe(
      Effect.flatMap((theirs) =>
        Effect.map(Clock.currentTimeMillis, (ours) => theirs - Math.floor(ours / 1000))
      ),
      Effect.orElseSucceed(() => 0)
    )
  )
  const http = yield* connect({
    ...connection,
    authorize: (request) =>
      Effect.gen(function* () {
        const off = yield* ahead
        return sign(request, config, Math.floor((yield* Clock.currentTimeMillis) / 1000) + off)
      })
  })
  const zonePath = ({ id }: Zone) => `/domain/zone/${encodeURIComponent(id)}`
  const listed = Effect.fnUntraced(function* (
    method: string,
    zone: Zone,
    filter: Readonly<Record<string, string>>
  ) {
    const ids = yield* http.read(method, `${zonePath(zone)}/record`, Ids, filter)
    return yield* Effect.forEach(
      ids,
      (id) =>
        Effect.map(http.read(method, `${zonePath(zone)}/record/${id}`, OvhRecord), (record) =>
          toRecord(zone, record)
        ),
      { concurrency: 4 }
    )
  })
  const body = (zone: Zone, { name, ttl, type, value }: Omit<IdRecord, "id">) => ({
    subDomain: below(zone, name, ""),
    target: toContent(type, value),
    ttl: ttl ?? 0
  })
  return clientOver(
    withMarks(
      byId({
        provider,
        capabilities,
        told: http.told,
        zones: (method) =>
          Effect.map(http.read(method, "/domain/zone", Schema.Array(Schema.String)), (names) =>
            names.map((name) => ({ id: name, name: normalName(name) }))
          ),
        reads: "name",
        at: (method, zone, names) =>
          Effect.map(
            Effect.forEach(names, (name) => listed(method, zone, { subDomain: below(zone, name, "") })),
            (found) => found.flat()
          ),
        all: (method, zone) => listed(method, zone, {}),
        create: (method, zone, record) =>
          http.write(
            method,
            HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${zonePath(zone)}/record`), {
              fieldType: record.type,
              ...body(zone, record)
            })
          ),
        update: (method, zone, record) =>
          http.write(
            method,
            HttpClientRequest.bodyUnsafeJson(
              HttpClientRequest.put(`${zonePath(zone)}/record/${record.id}`),
              body(zone, record)
            )
          ),
        delete: (method, zone, { id }) =>
          http.write(method, HttpClientRequest.del(`${zonePath(zone)}/record/${id}`)),
        publish: (method, zone) => http.write(method, HttpClientRequest.post(`${zonePath(zone)}/refresh`))
      })
    )
  )
})

interface OvhConfig {
  /** `ovh-eu`, or a URL. */
  readonly endpoint: string
  readonly applicationKey: string
  readonly applicationSecret: Redacted.Redacted<string>
  readonly consumerKey: Redacted.Redacted<string>
}

/** A DnsClient over the zones of one OVHcloud account. */
export const layer = (config: OvhConfig): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
