/**
 * Cloudflare through its API v4, with a token that may read zones and edit DNS.
 * https://developers.cloudflare.com/api/resources/dns/subresources/records/
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import { flow } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as EffectRecord from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { DnsClient, type Expectation, type RecordSet, type Zone } from "../DnsClient.ts"
import { DnsError } from "../DnsError.ts"
import { isWithin, zoneCandidates } from "../Name.ts"
import { apiUrl, headerSafe, makeProviderHttp } from "../ProviderHttp.ts"
import { settle } from "../Settle.ts"
import { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import {
  chooseZone,
  describe,
  ofType,
  type Refusal,
  refusePut,
  refuseRemove,
  sameRecordSet
} from "../Zone.ts"
import { explain } from "./Explain.ts"
import { cloudflare } from "./Provider.ts"
import * as Wire from "./Wire.ts"

const provider = "cloudflare"
const publicApi = "https://api.cloudflare.com/client/v4"
const perPage = 100
/** Far more records than stand at any one name. */
const maxPages = 20

export interface CloudflareConfig {
  readonly apiToken: Redacted.Redacted<string>
  /** For a token that may not list zones: the one zone it is for. */
  readonly zoneId?: string | undefined
  /** `https://api.cloudflare.com/client/v4` unless given. */
  readonly baseUrl?: string | undefined
}

const badConfig = (detail: string) =>
  new DnsError({ provider, method: "connect", reason: "BadConfig", detail })
const refuse = (method: string, refusal: Refusal) => new DnsError({ provider, method, ...refusal })

/** As Cloudflare will store it: the proxy decides the TTL. */
const stored = (recordSet: RecordSet): RecordSet =>
  recordSet.proxied ? { ...recordSet, ttl: undefined } : recordSet

const make = Effect.fnUntraced(function* (config: CloudflareConfig) {
  const base = apiUrl(config.baseUrl ?? publicApi)
  if (Option.isNone(base)) return yield* badConfig("the base URL must be https")
  if (!headerSafe(config.apiToken)) {
    return yield* badConfig("CLOUDFLARE_API_TOKEN is empty or has characters that no HTTP header can carry")
  }
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest((request) =>
      request.pipe(
        HttpClientRequest.prependUrl(base.value),
        HttpClientRequest.bearerToken(config.apiToken),
        HttpClientRequest.acceptJson
      )
    )
  )
  const { hide } = yield* KnownSecrets
  const http = makeProviderHttp({
    provider,
    client,
    secrets: [config.apiToken],
    hide,
    explain,
    explained: Wire.Refusal
  })
  const recordsPath = (zone: Zone) => `/zones/${encodeURIComponent(zone.id)}/dns_records`

  /** Zones of exactly this name. */
  const zonesNamed = (name: string) =>
    http
      .read("findZone", "/zones", Wire.envelope(Schema.Array(Wire.Zone)), { name, per_page: "50" })
      .pipe(Effect.map(({ result }) => result.filter((zone) => Wire.sameName(zone.name, name))))

  const onlyZone = (method: string, id: string) =>
    http.read(method, `/zones/${encodeURIComponent(id)}`, Wire.envelope(Wire.Zone)).pipe(
      Effect.map(({ result }) => [result]),
      Effect.catchIf(
        ({ reason }) => reason === "Forbidden" || reason === "Unauthorized",
        (error) => Effect.flatMap(whatIsMissing(method, id, error), Effect.fail)
      )
    )

  /** A token that edits records may still not read the zone, whose name tells what may be written there. */
  const whatIsMissing = (method: string, id: string, error: DnsError) =>
    http.read(method, `/zones/${encodeURIComponent(id)}/dns_records`, Schema.Unknown, { per_page: "1" }).pipe(
      Effect.match({
        onFailure: () => error,
        onSuccess: () =>
          http.fail(method, {
            reason: "Forbidden",
            detail: `the token may use the records of the zone ${id} (CLOUDFLARE_ZONE_ID), but not read the zone itself: it lacks the permission Zone / Zone / Read`
          })
      })
    )

  const onlyOne = (id: string) => onlyZone("findZone", id)
  const asking = { named: zonesNamed, only: onlyOne }

  const candidates = Effect.fnUntraced(function* (name: string, { named, only }: typeof asking) {
    if (config.zoneId !== undefined) return yield* only(config.zoneId)
    // A token for some zones only may not list them all, but may ask for one by name.
    for (const suffix of zoneCandidates(name)) {
      const zones = yield* named(suffix)
      if (zones.length > 0) return zones
    }
    return []
  })

  const findZone = Effect.fn("Cloudflare.findZone")(function* (name: string, ask: typeof asking) {
    const all = (yield* candidates(name, ask)).filter((zone) => isWithin(name, zone.name))
    // A name that was moved between accounts leaves an inactive zone behind.
    const active = all.filter(({ status }) => status === undefined || status === "active")
    const [inactive] = all
    if (active.length === 0 && inactive !== undefined) {
      const detail = `the zone ${inactive.name} is ${inactive.status} at Cloudflare: its domain does not use Cloudflare's name servers`
      return yield* http.fail("findZone", { reason: "ZoneNotFound", detail })
    }
    const zone = yield* Effect.mapError(chooseZone(name, active), (refusal) => refuse("findZone", refusal))
    if (zone.type === "secondary") {
      const detail = `${zone.name} is a copy at Cloudflare: fabrik must talk to its primary`
      return yield* http.fail("findZone", { reason: "ZoneNotFound", detail })
    }
    return { id: zone.id, name: zone.name }
  })

  const findZones = Effect.fn("Cloudflare.findZones")(function* (names: ReadonlyArray<string>) {
    const once = {
      named: yield* Effect.cachedFunction(zonesNamed),
      only: yield* Effect.cachedFunction(onlyOne)
    }
    return yield* Effect.forEach(names, (name) => findZone(name, once))
  })

  const allPages = Effect.fnUntraced(function* <A, I>(
    method: string,
    path: string,
    item: Schema.Schema<A, I>,
    parameters: Readonly<Record<string, string>>
  ) {
    const listed = Wire.envelope(Schema.Array(item))
    const items: Array<A> = []
    for (let page = 1; page <= maxPages; page++) {
      const { result, result_info } = yield* http.read(method, path, listed, {
        ...parameters,
        page: String(page)
      })
      items.push(...result)
      const pages = result_info?.total_pages
      if (
        result.length === 0 ||
        (pages === undefined ? result.length < Number(parameters["per_page"]) : page >= pages)
      ) {
        return items
      }
    }
    return yield* http.fail(method, { reason: "BadResponse", detail: `more than ${maxPages} pages` })
  })
  const recordsBy = (method: string, zone: Zone, parameters: Readonly<Record<string, string>>) =>
    allPages(method, recordsPath(zone), Wire.CloudflareRecord, { ...parameters, per_page: String(perPage) })
  const recordsAt = (method: string, zone: Zone, name: string) =>
    Effect.map(recordsBy(method, zone, { "name.exact": name }), (records) =>
      records.filter((record) => Wire.sameName(record.name, name))
    )
  const listAt = (method: string, zone: Zone, name: string) =>
    Effect.map(recordsAt(method, zone, name), (records) => Wire.toRecordSets(name, records))

  const listCommented = Effect.fn("Cloudflare.listCommented")(function* (prefix: string) {
    const method = "listCommented"
    const zones =
      config.zoneId === undefined
        ? yield* allPages(method, "/zones", Wire.Zone, { per_page: "50" })
        : yield* onlyZone(method, config.zoneId)
    const found = yield* Effect.forEach(
      zones,
      (zone) =>
        Effect.map(recordsBy(method, zone, { "comment.startswith": prefix }), (records) => {
          const names = new Set(records.map(({ name }) => Wire.normalName(name)))
          return [...names].flatMap((name) =>
            Wire.toRecordSets(
              name,
              records.filter((record) => Wire.sameName(record.name, name))
            )
              .filter(({ comment }) => comment?.startsWith(prefix) === true)
              .map((recordSet) => ({ zone: { id: zone.id, name: zone.name }, recordSet }))
          )
        }),
      { concurrency: 4 }
    )
    return found.flat()
  })

  /** One database transaction; answers the ids of what it created. */
  const batch = (method: string, zone: Zone, changes: Readonly<Record<string, ReadonlyArray<unknown>>>) =>
    HttpClientRequest.post(`${recordsPath(zone)}/batch`).pipe(
      HttpClientRequest.bodyUnsafeJson(EffectRecord.filter(changes, (list) => list.length > 0)),
      (request) => http.writeFor(method, request, Wire.envelope(Wire.BatchResult)),
      Effect.map(({ result }) => (result.posts ?? []).map(({ id }) => ({ id })))
    )

  const mixed = (method: string, recordSet: RecordSet) =>
    refuse(method, {
      reason: "Conflict",
      detail: `the ${recordSet.type} records at ${recordSet.name} differ in TTL, proxy or comment: make them alike first, as fabrik could not restore them`,
      found: describe(recordSet)
    })

  const put = Effect.fn("Cloudflare.put")(function* (
    zone: Zone,
    recordSet: RecordSet,
    expected: Expectation
  ) {
    const method = "put"
    const wanted = stored(recordSet)
    const records = yield* recordsAt(method, zone, wanted.name)
    const existing = Wire.toRecordSets(wanted.name, records)
    const expectation: Expectation =
      expected._tag === "Absent" ? expected : { _tag: "Exactly", recordSet: stored(expected.recordSet) }
    const refusal = refusePut(zone, existing, wanted, expectation)
    if (refusal !== undefined) return yield* refuse(method, refusal)
    const current = records.filter(({ type }) => type === wanted.type)
    const before = ofType(existing, wanted.type)
    if (before !== undefined && Wire.isMixed(current)) return yield* mixed(method, before)
    if (before !== undefined && sameRecordSet(before, wanted)) return

    const created = yield* Ref.make<ReadonlyArray<{ readonly id: string }>>([])
    const write = batch(method, zone, Wire.batchTowards(current, wanted)).pipe(
      Effect.tap((ids) => Ref.set(created, ids))
    )
    const readBack = Effect.map(listAt(method, zone, wanted.name), (found) => ofType(found, wanted.type))
    // Records of two writers stand side by side and share the visitors, so ours goes away again.
    const withdraw = (conflict: DnsError) =>
      Effect.gen(function* () {
        const deletes = yield* Ref.get(created)
        if (before !== undefined || deletes.length === 0) return yield* conflict
        yield* batch(method, zone, { deletes }).pipe(
          Effect.mapError((error) => {
            const detail = `${conflict.detail}; fabrik's own record may still be there: ${error.detail}`
            return refuse(method, { ...conflict, reason: "OutcomeUnknown", detail })
          })
        )
        return yield* conflict
      })
    yield* settle({ provider, method, before, wanted }, write, readBack).pipe(
      Effect.catchIf(({ reason }) => reason === "Conflict", withdraw)
    )
  })

  const remove = Effect.fn("Cloudflare.remove")(function* (zone: Zone, expected: RecordSet) {
    const method = "remove"
    const ours = stored(expected)
    const records = (yield* recordsAt(method, zone, ours.name)).filter(({ type }) => type === ours.type)
    const before = ofType(Wire.toRecordSets(ours.name, records), ours.type)
    if (before === undefined) return
    const refusal = refuseRemove(before, ours)
    if (refusal !== undefined) return yield* refuse(method, refusal)
    if (Wire.isMixed(records)) return yield* mixed(method, before)
    yield* settle(
      { provider, method, before, wanted: undefined },
      batch(method, zone, { deletes: records.map(({ id }) => ({ id })) }),
      Effect.map(listAt(method, zone, ours.name), (existing) => ofType(existing, ours.type))
    )
  })

  return DnsClient.of({
    provider,
    capabilities: cloudflare.capabilities,
    findZone: (name) => Effect.mapError(findZone(name, asking), http.told),
    findZones: flow(findZones, Effect.mapError(http.told)),
    listAt: (zone, name) => Effect.mapError(listAt("listAt", zone, name), http.told),
    listCommented: flow(listCommented, Effect.mapError(http.told)),
    put: flow(put, Effect.mapError(http.told)),
    remove: flow(remove, Effect.mapError(http.told))
  })
})

/** A DnsClient over one Cloudflare token. Fails with `BadConfig` for an unusable token or URL; asks nothing by itself. */
export const layer = (config: CloudflareConfig): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
