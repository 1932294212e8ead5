/**
 * The zone API of PowerDNS 4.7 (`/api/v1/servers/localhost/zones`), over the zones that the sandbox's name server
 * answers from: what is written here is on the wire with the next query.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { serialOf, type Zone } from "./Zone.ts"
import { patchZone, zoneFrom, ZoneRefusal } from "./ZoneEdit.ts"
import type { ZoneStore } from "./ZoneStore.ts"

const server = "/api/v1/servers/localhost"

const refused = (status: number, error: string) => new ZoneRefusal({ status, error })

const zoneSummary = (zone: Zone) => ({
  account: zone.account,
  catalog: "",
  dnssec: false,
  edited_serial: serialOf(zone),
  id: zone.name,
  kind: zone.kind,
  last_check: 0,
  masters: [],
  name: zone.name,
  notified_serial: 0,
  serial: serialOf(zone),
  url: `${server}/zones/${zone.name}`
})

const zoneDetail = (zone: Zone, rrsets: Zone["rrsets"] | undefined) => ({
  ...zoneSummary(zone),
  api_rectify: false,
  master_tsig_key_ids: [],
  nsec3narrow: false,
  nsec3param: "",
  slave_tsig_key_ids: [],
  soa_edit: "",
  soa_edit_api: "DEFAULT",
  ...(rrsets === undefined
    ? {}
    : {
        rrsets: rrsets.map((set) => ({
          comments: set.comments,
          name: set.name,
          records: set.records,
          ttl: set.ttl,
          type: set.type
        }))
      })
})

const serverInfo = {
  autoprimaries_url: `${server}/autoprimaries{/autoprimary}`,
  config_url: `${server}/config{/config_setting}`,
  daemon_type: "authoritative",
  id: "localhost",
  type: "Server",
  url: server,
  version: "4.7.3",
  zones_url: `${server}/zones{/zone}`
}

const query = Effect.map(
  HttpServerRequest.HttpServerRequest,
  (request) => new URL(request.url, "http://sandbox.invalid").searchParams
)

/** 400 where there is no JSON at all; what the JSON says is judged later (422). */
const jsonBody = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => request.json).pipe(
  Effect.mapError(() => refused(400, "Bad Request")),
  Effect.filterOrFail(Predicate.isNotNullable, () => refused(400, "Bad Request"))
)

const absolute = (name: string): string => (name.endsWith(".") ? name : `${name}.`).toLowerCase()

/** `=2F` stands for a slash in a zone id; the final dot may be missing. */
const zoneName = Effect.map(HttpRouter.params, ({ zone = "" }) => {
  const decoded = zone.replaceAll(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16))
  )
  return absolute(decoded)
})

const findZone = Effect.fnUntraced(function* (zones: ReadonlyArray<Zone>, name: string) {
  const zone = zones.find((zone) => zone.name === name)
  return zone ?? (yield* refused(404, "Not Found"))
})

/**
 * As 4.7.3 does it: a type filters only together with a name, disabled records are left out, and comments are not
 * filtered at all: every other record set that has some comes along, without its records.
 */
const filtered = (rrsets: Zone["rrsets"], name: string | null, type: string | null): Zone["rrsets"] => {
  if (name === null) return rrsets
  const wanted = absolute(name)
  return rrsets.flatMap((set) => {
    const isWanted = set.name === wanted && (type === null || set.type === type.toUpperCase())
    const records = isWanted ? set.records.filter((record) => !record.disabled) : []
    if (records.length > 0) return [{ ...set, name: name.endsWith(".") ? name : `${name}.`, records }]
    return set.comments.length > 0 ? [{ ...set, ttl: 0, records }] : []
  })
}

const readZone = (store: ZoneStore) =>
  Effect.gen(function* () {
    const zone = yield* findZone(yield* store.all, yield* zoneName)
    const filters = yield* query
    if (filters.get("rrsets") === "false") return HttpServerResponse.unsafeJson(zoneDetail(zone, undefined))
    const rrsets = filtered(zone.rrsets, filters.get("rrset_name"), filters.get("rrset_type"))
    return HttpServerResponse.unsafeJson(zoneDetail(zone, rrsets))
  })

const listZones = (store: ZoneStore) =>
  Effect.gen(function* () {
    const wanted = (yield* query).get("zone")?.toLowerCase()
    const zones = (yield* store.all).filter((zone) => wanted === undefined || zone.name === wanted)
    return HttpServerResponse.unsafeJson(zones.map(zoneSummary))
  })

const createZone = (store: ZoneStore) =>
  Effect.gen(function* () {
    const made = yield* zoneFrom(yield* jsonBody, yield* Clock.currentTimeMillis)
    yield* store.update((zones) =>
      zones.some((zone) => zone.name === made.name)
        ? refused(409, "Conflict")
        : Effect.succeed([...zones, made])
    )
    return HttpServerResponse.unsafeJson(zoneDetail(made, made.rrsets), { status: 201 })
  })

const changeZone = (store: ZoneStore) =>
  Effect.gen(function* () {
    const name = yield* zoneName
    yield* findZone(yield* store.all, name)
    const body = yield* jsonBody
    const now = yield* Clock.currentTimeMillis
    yield* store.update((zones) =>
      Effect.gen(function* () {
        const changed = yield* patchZone(yield* findZone(zones, name), body, now)
        return zones.map((zone) => (zone.name === name ? changed : zone))
      })
    )
    return HttpServerResponse.empty({ status: 204 })
  })

/** Its settings are nothing that the sandbox looks at. */
const settingsOfZone = (store: ZoneStore) =>
  Effect.gen(function* () {
    yield* findZone(yield* store.all, yield* zoneName)
    yield* jsonBody
    return HttpServerResponse.empty({ status: 204 })
  })

const deleteZone = (store: ZoneStore) =>
  Effect.gen(function* () {
    const name = yield* zoneName
    yield* store.update((zones) =>
      Effect.as(
        findZone(zones, name),
        zones.filter((zone) => zone.name !== name)
      )
    )
    return HttpServerResponse.empty({ status: 204 })
  })

/** The API as an application; `apiKey` is what `X-API-Key` must carry. */
export const make = (options: { readonly store: ZoneStore; readonly apiKey: string }): HttpApp.Default => {
  const { store } = options
  const authorised = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    request.headers["x-api-key"] === options.apiKey ? Effect.void : refused(401, "Unauthorized")
  )
  const routes = HttpRouter.empty.pipe(
    HttpRouter.get("/api", HttpServerResponse.unsafeJson([{ url: "/api/v1", version: 1 }])),
    HttpRouter.get("/api/v1/servers", HttpServerResponse.unsafeJson([serverInfo])),
    HttpRouter.get(server, HttpServerResponse.unsafeJson(serverInfo)),
    HttpRouter.get(`${server}/zones`, listZones(store)),
    HttpRouter.post(`${server}/zones`, createZone(store)),
    HttpRouter.get(`${server}/zones/:zone`, readZone(store)),
    HttpRouter.patch(`${server}/zones/:zone`, changeZone(store)),
    HttpRouter.del(`${server}/zones/:zone`, deleteZone(store)),
    HttpRouter.put(`${server}/zones`, refused(405, "Method Not Allowed")),
    HttpRouter.put(`${server}/zones/:zone`, settingsOfZone(store)),
    HttpRouter.del(`${server}/zones`, refused(405, "Method Not Allowed")),
    HttpRouter.patch(`${server}/zones`, refused(405, "Method Not Allowed")),
    HttpRouter.post(`${server}/zones/:zone`, refused(405, "Method Not Allowed")),
    HttpRouter.use((handler) => Effect.zipRight(authorised, handler))
  )
  return routes.pipe(
    Effect.catchTags({
      RouteNotFound: () => refused(404, "Not Found")
    }),
    Effect.catchTag("ZoneRefusal", ({ status, error }) =>
      Effect.succeed(HttpServerResponse.unsafeJson({ error }, { status }))
    )
  )
}
