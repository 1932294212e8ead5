/**
 * PowerDNS through the HTTP API of its authoritative server (4.x and 5.x).
 * https://doc.powerdns.com/authoritative/http-api/; behaviour checked on 4.7.3.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { flow } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { DnsClient, type Expectation, type RecordSet, type Zone } from "../DnsClient.ts"
import { DnsError } from "../DnsError.ts"
import { normalizeName } from "../Name.ts"
import type { Answer } from "../../http/Failure.ts"
import { apiUrl, type Explanation, headerSafe, makeProviderHttp } from "../ProviderHttp.ts"
import { settle } from "../Settle.ts"
import { chooseZone, ofType, type Refusal, refusePut, refuseRemove, sameRecordSet } from "../Zone.ts"
import { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import { automaticTtl, powerDns } from "./Provider.ts"
import * as Wire from "./Wire.ts"

const provider = "powerdns"

export interface PowerDnsConfig {
  /** `http://127.0.0.1:8081`, with or without `/api/v1`. */
  readonly apiUrl: string
  readonly apiKey: Redacted.Redacted<string>
  /** The server's id in the API, `localhost` unless a proxy serves several. */
  readonly serverName: string
}

const said = ({ text }: Answer): string =>
  Option.match(Schema.decodeOption(Wire.Failure)(text), {
    onNone: () => "",
    onSome: ({ error }) => error
  })

const explain = (answer: Answer): Explanation | undefined => {
  const message = said(answer)
  switch (answer.status) {
    case 401:
      return { reason: "Unauthorized", detail: "the API key is refused (PDNS_API_KEY)" }
    case 404:
      return { reason: "ZoneNotFound", detail: message || "not found" }
    case 422: {
      const clash = /conflicts with|already exists/i.test(message)
      return { reason: clash ? "Conflict" : "Invalid", detail: message || "the change is refused" }
    }
    case 500:
    case 503:
      return { reason: "Unavailable", detail: message || `HTTP ${answer.status}` }
    default:
      return answer.status >= 400 && answer.status < 500 && message !== "" && answer.status !== 429
        ? { reason: "Invalid", detail: message }
        : undefined
  }
}

const make = Effect.fnUntraced(function* (config: PowerDnsConfig) {
  const url = apiUrl(config.apiUrl)
  if (Option.isNone(url)) {
    const detail = "PDNS_API_URL must be an https URL, or plain http to a loopback or private host"
    return yield* new DnsError({ provider, method: "connect", reason: "BadConfig", detail })
  }
  if (!headerSafe(config.apiKey)) {
    const detail = "PDNS_API_KEY is empty or has characters that no HTTP header can carry"
    return yield* new DnsError({ provider, method: "connect", reason: "BadConfig", detail })
  }
  const base = `${url.value.replace(/\/api(\/v1)?$/, "")}/api/v1/servers/${encodeURIComponent(config.serverName)}`
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest((request) =>
      request.pipe(
        HttpClientRequest.prependUrl(base),
        HttpClientRequest.setHeader("x-api-key", Redacted.value(config.apiKey)),
        HttpClientRequest.acceptJson
      )
    )
  )
  const { hide } = yield* KnownSecrets
  const http = makeProviderHttp({ provider, client, secrets: [config.apiKey], hide, explain })
  const refuse = (method: string, refusal: Refusal) => new DnsError({ provider, method, ...refusal })
  const zonePath = (zone: Zone) => `/zones/${encodeURIComponent(zone.id)}`

  const listZones = Effect.fnUntraced(function* (method: string) {
    const all = yield* http.read(method, "/zones", Wire.Zones, { dnssec: "false" }).pipe(
      Effect.mapError((error) =>
        error.reason === "ZoneNotFound"
          ? http.fail(method, {
              reason: "BadConfig",
              detail: `no API, or no server ${config.serverName}, there`
            })
          : error
      )
    )
    return all.flatMap((zone) =>
      Option.toArray(normalizeName(zone.name)).map((normal) => ({
        id: zone.id,
        name: normal,
        kind: zone.kind
      }))
    )
  })

  const zoneAmong = Effect.fnUntraced(function* (
    name: string,
    zones: Effect.Effect.Success<ReturnType<typeof listZones>>
  ) {
    const chosen = yield* Either.mapLeft(chooseZone(name, zones), (refusal) => refuse("findZone", refusal))
    // Taking a shorter zone instead would write where nobody asks.
    if (/^(slave|secondary|consumer)$/i.test(chosen.kind ?? "")) {
      const detail = `${chosen.name} is a copy here (${chosen.kind}): fabrik must talk to its primary server`
      return yield* http.fail("findZone", { reason: "ZoneNotFound", detail })
    }
    return { id: chosen.id, name: chosen.name }
  })
  const findZone = (name: string) =>
    Effect.flatMap(listZones("findZone"), (zones) => zoneAmong(name, zones)).pipe(
      Effect.withSpan("PowerDns.findZone")
    )
  const findZones = Effect.fn("PowerDns.findZones")(function* (names: ReadonlyArray<string>) {
    const zones = yield* listZones("findZone")
    return yield* Effect.forEach(names, (name) => zoneAmong(name, zones))
  })

  const rrsetsAt = (method: string, zone: Zone, name: string, parameters: Readonly<Record<string, string>>) =>
    http.read(method, zonePath(zone), Wire.ZoneWithRecords, parameters).pipe(
      // Older servers answer the whole zone; 4.7 adds every other name's comments, as record sets without records.
      Effect.map(({ rrsets }) => rrsets.filter((rrset) => Wire.withoutDot(rrset.name) === name))
    )
  /** What is served at the name: a filtered listing leaves disabled records out. */
  const listAt = (method: string, zone: Zone, name: string) =>
    Effect.map(rrsetsAt(method, zone, name, { rrset_name: Wire.withDot(name) }), Wire.toRecordSets)
  /** All there is at the name, from the whole zone: a write would destroy disabled records as well. */
  const allAt = (method: string, zone: Zone, name: string) => rrsetsAt(method, zone, name, {})

  const listCommented = Effect.fn("PowerDns.listCommented")(function* (prefix: string) {
    const method = "listCommented"
    const found = yield* Effect.forEach(
      yield* listZones(method),
      ({ id, name }) =>
        Effect.map(http.read(method, zonePath({ id, name }), Wire.ZoneWithRecords), ({ rrsets }) =>
          Wire.toRecordSets(rrsets)
            .filter(({ comment }) => comment?.startsWith(prefix) === true)
            .map((recordSet) => ({ zone: { id, name }, recordSet }))
        ),
      { concurrency: 4 }
    )
    return found.flat()
  })

  const change = (method: string, zone: Zone, rrset: unknown) =>
    HttpClientRequest.patch(zonePath(zone)).pipe(
      HttpClientRequest.bodyUnsafeJson({ rrsets: [rrset] }),
      (request) => http.write(method, request)
    )

  /** As PowerDNS will store it, so that it can be compared with what is read. */
  const stored = (recordSet: RecordSet): RecordSet => ({
    ...recordSet,
    ttl: recordSet.ttl ?? automaticTtl
  })

  const put = Effect.fn("PowerDns.put")(function* (zone: Zone, recordSet: RecordSet, expected: Expectation) {
    const method = "put"
    const wanted = stored(recordSet)
    if (wanted.proxied)
      return yield* http.fail(method, { reason: "Invalid", detail: "PowerDNS has no proxy" })
    const rrsets = yield* allAt(method, zone, wanted.name)
    const existing = Wire.toRecordSets(rrsets)
    const expectation: Expectation =
      expected._tag === "Absent" ? expected : { _tag: "Exactly", recordSet: stored(expected.recordSet) }
    const refusal = refusePut(zone, existing, wanted, expectation)
    if (refusal !== undefined) return yield* refuse(method, refusal)
    const before = rrsets.find(({ type }) => type === wanted.type)
    const standing = ofType(existing, wanted.type)
    if (standing !== undefined && sameRecordSet(standing, wanted)) return
    yield* settle(
      { provider, method, before: standing, wanted },
      change(method, zone, Wire.replacing(wanted, before)),
      Effect.map(listAt(method, zone, wanted.name), (found) => ofType(found, wanted.type))
    )
  })

  const remove = Effect.fn("PowerDns.remove")(function* (zone: Zone, expected: RecordSet) {
    const method = "remove"
    const ours = stored(expected)
    const before = ofType(Wire.toRecordSets(yield* allAt(method, zone, ours.name)), ours.type)
    if (before === undefined) return
    const refusal = refuseRemove(before, ours)
    if (refusal !== undefined) return yield* refuse(method, refusal)
    yield* settle(
      { provider, method, before, wanted: undefined },
      change(method, zone, Wire.deleting(ours)),
      Effect.map(listAt(method, zone, ours.name), (existing) => ofType(existing, ours.type))
    )
  })

  return DnsClient.of({
    provider,
    capabilities: powerDns.capabilities,
    findZone: flow(findZone, Effect.mapError(http.told)),
    findZones: flow(findZones, Effect.mapError(http.told)),
    listAt: (zone, name) => Effect.mapError(listAt("listAt", zone, name), http.told),
    listCommented: flow(listCommented, Effect.mapError(http.told)),
    put: flow(put, Effect.mapError(http.told)),
    remove: flow(remove, Effect.mapError(http.told))
  })
})

/** A DnsClient over one PowerDNS server. Fails with `BadConfig` for an unusable URL; asks nothing by itself. */
export const layer = (config: PowerDnsConfig): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
