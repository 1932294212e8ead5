import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { HttpSettings } from "../../../src/http/HttpSettings.ts"
import { DnsClient, type RecordSet } from "../../../src/dns/DnsClient.ts"
import * as PowerDns from "../../../src/dns/powerdns/PowerDns.ts"
import { createZone, PowerDnsServer, powerDnsMissing } from "../PowerDnsServer.ts"
import { withLayer } from "../WithLayer.ts"
import { layerPowerDnsBench } from "./PowerDnsBench.ts"

const zoneName = "example.test"
const absent = { _tag: "Absent" } as const

const recordAt = (name: string): RecordSet => ({
  name: `${name}.${zoneName}`,
  type: "A",
  ttl: 120,
  values: ["192.0.2.10"],
  proxied: false,
  comment: "fabrik/1 shop/api 7f"
})

/** A client whose PATCH meets a fault, once. */
const faulty = (fault: "lost" | "locked" | "never sent" | "lost and unreadable") =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (real) => {
      let left = 1
      let readable = true
      return HttpClient.make((request) => {
        if (request.method === "GET" && !readable) {
          return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("", { status: 400 })))
        }
        if (request.method !== "PATCH" || left-- <= 0) return real.execute(request)
        const broken = new HttpClientError.RequestError({
          request,
          reason: "Transport",
          cause: { code: fault === "never sent" ? "ECONNREFUSED" : "ECONNRESET" }
        })
        if (fault === "never sent") return Effect.fail(broken)
        if (fault === "locked") {
          const body = JSON.stringify({ error: "Internal Server Error: database is locked" })
          return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { status: 500 })))
        }
        readable = fault === "lost"
        return Effect.zipRight(real.execute(request), Effect.fail(broken))
      })
    })
  ).pipe(Layer.provide(FetchHttpClient.layer))

const clientWith = <A, E>(
  use: (dns: DnsClient["Type"]) => Effect.Effect<A, E>,
  options: {
    readonly http?: Layer.Layer<HttpClient.HttpClient>
    readonly key?: string
    readonly server?: string
  } = {}
) =>
  Effect.gen(function* () {
    const { apiUrl, apiKey } = yield* PowerDnsServer
    const made = PowerDns.layer({
      apiUrl: `${apiUrl}/api/v1/`,
      apiKey: Redacted.make(options.key ?? apiKey),
      serverName: options.server ?? "localhost"
    }).pipe(Layer.provide(options.http ?? FetchHttpClient.layer))
    return yield* Effect.provide(Effect.flatMap(DnsClient, use), made)
  })

describe.skipIf(powerDnsMissing !== undefined)("PowerDns over a real server", () => {
  withLayer(
    "and its peculiarities",
    () => layerPowerDnsBench,
    (test) => {
      const raw = (name: string) =>
        Effect.flatMap(PowerDnsServer, ({ api }) =>
          Effect.map(api("GET", `/zones/${zoneName}.?rrset_name=${name}.${zoneName}.`), ({ text }) => {
            const { rrsets } = JSON.parse(text) as { rrsets: ReadonlyArray<{ name: string }> }
            return rrsets.find((rrset) => rrset.name === `${name}.${zoneName}.`)
          })
        )
      const seed = (rrset: object) =>
        Effect.flatMap(PowerDnsServer, ({ api }) => api("PATCH", `/zones/${zoneName}.`, { rrsets: [rrset] }))

      test("keeps the comments of other accounts through a change and back", () =>
        Effect.gen(function* () {
          const dns = yield* DnsClient
          const zone = yield* dns.findZone(zoneName)
          const name = `kept.${zoneName}`
          yield* seed({
            name: `${name}.`,
            type: "A",
            ttl: 900,
            changetype: "REPLACE",
            records: [{ content: "198.51.100.1", disabled: false }],
            comments: [{ content: "rack 7", account: "ops", modified_at: 1700000000 }]
          })
          const before = yield* raw("kept")
          const [prior] = yield* dns.listAt(zone, name)
          assert.isUndefined(prior!.comment)
          const wanted = recordAt("kept")
          yield* dns.put(zone, wanted, { _tag: "Exactly", recordSet: prior! })
          assert.deepStrictEqual(yield* dns.listAt(zone, name), [{ ...wanted, kept: prior!.kept }])
          yield* dns.put(zone, prior!, { _tag: "Exactly", recordSet: wanted })
          assert.deepStrictEqual(yield* raw("kept"), before)
        }))

      test("destroys no disabled record, which the server hides from a listing of one name", () =>
        Effect.gen(function* () {
          const dns = yield* DnsClient
          const { api } = yield* PowerDnsServer
          const zone = yield* dns.findZone(zoneName)
          const whole = Effect.map(
            api("GET", `/zones/${zoneName}.`),
            ({ text }) => (JSON.parse(text) as { rrsets: unknown }).rrsets
          )
          const off = { ...recordAt("off"), comment: undefined }
          const half = { ...recordAt("half"), comment: undefined }
          const disabled = { content: "192.0.2.10", disabled: true }
          const rrset = { type: "A", ttl: 120, changetype: "REPLACE" }
          yield* seed({ ...rrset, name: `${off.name}.`, records: [disabled] })
          yield* seed({
            ...rrset,
            name: `${half.name}.`,
            records: [disabled, { content: "192.0.2.11", disabled: false }]
          })
          const before = yield* whole

          const created = yield* Effect.flip(dns.put(zone, off, absent))
          assert.deepStrictEqual([created.reason, created.found], ["Conflict", ["A 192.0.2.10 (disabled)"]])
          const [seen] = yield* dns.listAt(zone, half.name)
          const updated = yield* Effect.flip(dns.put(zone, half, { _tag: "Exactly", recordSet: seen! }))
          const removed = yield* Effect.flip(dns.remove(zone, seen!))
          assert.deepStrictEqual([updated.reason, removed.reason], ["Conflict", "Conflict"])
          assert.deepStrictEqual(yield* whole, before)
        }))

      test("lists SOA and NS at the apex, names without final dot", () =>
        Effect.gen(function* () {
          const dns = yield* DnsClient
          const sets = yield* dns.listAt(yield* dns.findZone(zoneName), zoneName)
          assert.includeMembers(
            sets.map(({ type }) => type),
            ["SOA", "NS"]
          )
          assert.deepStrictEqual(sets.find(({ type }) => type === "NS")!.values, [`ns1.${zoneName}`])
        }))

      test("writes into no secondary zone, and not into its parent instead", () =>
        Effect.gen(function* () {
          yield* createZone(`copy.${zoneName}`, { kind: "Slave" })
          const dns = yield* DnsClient
          const error = yield* Effect.flip(dns.findZone(`api.copy.${zoneName}`))
          assert.strictEqual(error.reason, "ZoneNotFound")
          assert.include(error.detail, "copy")
        }))

      test("refuses to proxy", () =>
        Effect.gen(function* () {
          const dns = yield* DnsClient
          const zone = yield* dns.findZone(zoneName)
          const error = yield* Effect.flip(dns.put(zone, { ...recordAt("proxied"), proxied: true }, absent))
          assert.strictEqual(error.reason, "Invalid")
        }))

      test("takes an answer that was lost after the commit for the success it was", () =>
        Effect.gen(function* () {
          const dns = yield* DnsClient
          const zone = yield* dns.findZone(zoneName)
          const wanted = recordAt("lost")
          yield* clientWith((client) => client.put(zone, wanted, absent), { http: faulty("lost") })
          assert.deepStrictEqual(yield* dns.listAt(zone, wanted.name), [wanted])
          yield* clientWith((client) => client.remove(zone, wanted), { http: faulty("lost") })
          assert.deepStrictEqual(yield* dns.listAt(zone, wanted.name), [])
        }))

      test("[fault 18: TSIG and locked databases] says what is known of a write that failed", () =>
        Effect.gen(function* () {
          const dns = yield* DnsClient
          const zone = yield* dns.findZone(zoneName)
          for (const [fault, reason] of [
            ["locked", "Unavailable"],
            ["never sent", "Unavailable"],
            ["lost and unreadable", "OutcomeUnknown"]
          ] as const) {
            const wanted = recordAt(`failed-${fault.replaceAll(" ", "-")}`)
            const error = yield* clientWith((client) => Effect.flip(client.put(zone, wanted, absent)), {
              http: faulty(fault)
            }).pipe(Effect.provideService(HttpSettings, { ...(yield* HttpSettings), tries: 1 }))
            assert.strictEqual(error.reason, reason, error.detail)
            const found = yield* dns.listAt(zone, wanted.name)
            assert.deepStrictEqual(found, reason === "OutcomeUnknown" ? [wanted] : [])
          }
        }))

      test("tells a wrong key, a wrong server, a wrong zone", () =>
        Effect.gen(function* () {
          const find = (client: DnsClient["Type"]) => Effect.flip(client.findZone(zoneName))
          const key = yield* clientWith(find, { key: "wrong-key-3d" })
          assert.strictEqual(key.reason, "Unauthorized")
          assert.notInclude(JSON.stringify(key), "wrong-key-3d")
          const server = yield* clientWith(find, { server: "elsewhere" })
          assert.strictEqual(server.reason, "BadConfig")
          const dns = yield* DnsClient
          const zone = yield* Effect.flip(dns.listAt({ id: "gone.test.", name: "gone.test" }, "a.gone.test"))
          assert.strictEqual(zone.reason, "ZoneNotFound")
        }))
    }
  )
})

describe("PowerDns", () => {
  it.effect("does not start with a key or URL that cannot be used safely", () =>
    Effect.gen(function* () {
      for (const [apiUrl, apiKey] of [
        ["http://127.0.0.1:8081", ""],
        ["http://127.0.0.1:8081", "a\nb"],
        ["http://pdns.example.com:8081", "k"],
        ["127.0.0.1:8081", "k"]
      ] as const) {
        const made = PowerDns.layer({ apiUrl, apiKey: Redacted.make(apiKey), serverName: "localhost" })
        const error = yield* Effect.flip(
          Effect.provide(DnsClient, Layer.provide(made, FetchHttpClient.layer))
        )
        assert.strictEqual(error.reason, "BadConfig")
      }
    })
  )
})
