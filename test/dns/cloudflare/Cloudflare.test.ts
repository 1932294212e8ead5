import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import type * as Cloudflare from "../../../src/dns/cloudflare/Cloudflare.ts"
import { DnsClient, type RecordSet } from "../../../src/dns/DnsClient.ts"
import { client, isBatch } from "./CloudflareBench.ts"
import { FakeCloudflare, type Intercept, layerFakeCloudflare } from "./FakeCloudflare.ts"

const zone = "example.test"

const isRead: Intercept["matches"] = ({ method }) => method === "GET"

const name = "api.example.test"
const wanted: RecordSet = {
  name,
  type: "A",
  ttl: 120,
  values: ["192.0.2.10"],
  proxied: false,
  comment: "fabrik/1 shop/api 7f"
}
const absent = { _tag: "Absent" } as const

/** The client, its zone and the world behind. */
const setup = Effect.gen(function* () {
  const { world } = yield* FakeCloudflare
  const dns = yield* DnsClient
  const found = yield* dns.findZone(name)
  world.requests.length = 0
  return { world, dns, found, put: dns.put(found, wanted, absent) }
})

const run = <A, E>(
  body: Effect.Effect<A, E, FakeCloudflare | DnsClient>,
  config: Partial<Cloudflare.CloudflareConfig> = {}
) => body.pipe(Effect.provide(Layer.provideMerge(client(config), layerFakeCloudflare)))

const reason = <A>(effect: Effect.Effect<A, { readonly reason: string }>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

describe("Cloudflare", () => {
  it.live("takes an answer that was lost after the commit for the success it was", () =>
    run(
      Effect.gen(function* () {
        const { world, dns, found, put } = yield* setup
        world.intercepts.push({ matches: isBatch, afterwards: "reset" })
        yield* put
        assert.lengthOf(world.records, 1)
        for (const lost of [
          { status: 502, body: "<html>bad gateway</html>" },
          { status: 500, body: "" },
          { status: 200, body: "<html>" },
          { status: 200, body: { success: true } }
        ]) {
          world.intercepts.push({ matches: isBatch, afterwards: lost })
          yield* dns.remove(found, wanted)
          assert.lengthOf(world.records, 0)
          world.intercepts.push({ matches: isBatch, afterwards: lost })
          yield* dns.put(found, wanted, absent)
          assert.lengthOf(world.records, 1)
        }
      })
    )
  )

  it.live("never sends a write twice when its outcome is unknown", () =>
    run(
      Effect.gen(function* () {
        const { world, put } = yield* setup
        world.intercepts.push({ matches: isBatch, instead: "reset" })
        assert.strictEqual(yield* reason(put), "OutcomeUnknown")
        assert.lengthOf(world.requests.filter(isBatch), 1)
        assert.lengthOf(world.records, 0)
      })
    )
  )

  it.live("says that nothing was changed when the server says so, and not when a gateway may have", () =>
    run(
      Effect.gen(function* () {
        const { world, put } = yield* setup
        world.intercepts.push({ matches: isBatch, instead: { status: 500, body: "" } })
        assert.strictEqual(yield* reason(put), "Unavailable")
        world.intercepts.push({ matches: isBatch, instead: { status: 503, body: "" } })
        assert.strictEqual(yield* reason(put), "OutcomeUnknown")
      })
    )
  )

  it.live(
    "[fault 3: answer lost after commit] does not take a foreign record for its own when the answer is lost",
    () =>
      run(
        Effect.gen(function* () {
          const { world, put } = yield* setup
          world.intercepts.push({
            matches: isBatch,
            afterwards: "reset",
            meanwhile: () => {
              world.records = world.records.map((record) => ({ ...record, comment: "somebody else" }))
            }
          })
          assert.strictEqual(yield* reason(put), "Conflict")
        })
      )
  )

  it.live(
    "[fault 8: race of two writers] takes its own record away again when another writer's stands beside it",
    () =>
      run(
        Effect.gen(function* () {
          const { world, put } = yield* setup
          world.intercepts.push({
            matches: isBatch,
            meanwhile: () => void world.add({ name, type: "A", content: "198.51.100.1" })
          })
          const error = yield* Effect.flip(put)
          assert.strictEqual(error.reason, "Conflict")
          assert.deepStrictEqual(error.found.toSorted(), ["A 192.0.2.10", "A 198.51.100.1"])
          assert.deepStrictEqual(
            world.records.map(({ content }) => content),
            ["198.51.100.1"]
          )
        })
      )
  )

  it.live("does not know what stands there when it could not take its own record away again", () =>
    run(
      Effect.gen(function* () {
        const { world, put } = yield* setup
        world.intercepts.push(
          { matches: isBatch, meanwhile: () => void world.add({ name, type: "A", content: "198.51.100.1" }) },
          { matches: isBatch, instead: { status: 500, body: "" } }
        )
        const error = yield* Effect.flip(put)
        assert.strictEqual(error.reason, "OutcomeUnknown")
        assert.include(error.detail, "fabrik's own record may still be there")
      })
    )
  )

  it.live("says conflict when an identical record or a CNAME came in between", () =>
    run(
      Effect.gen(function* () {
        const { world, put } = yield* setup
        for (const [code, message] of [
          [81053, "clash"],
          [81057, "exists"],
          [81058, "identical"]
        ] as const) {
          const body = { success: false, errors: [{ code, message }], result: null }
          world.intercepts.push({ matches: isBatch, instead: { status: 400, body } })
          const error = yield* Effect.flip(put)
          assert.strictEqual(error.reason, "Conflict")
          assert.include(error.detail, message)
        }
      })
    )
  )

  it.live("sends again what was refused with a 429", () =>
    run(
      Effect.gen(function* () {
        const { world, put } = yield* setup
        const busy = { status: 429, headers: { "retry-after": "0" }, body: "" }
        world.intercepts.push({ matches: isRead, instead: busy }, { matches: isBatch, instead: busy })
        yield* put
        assert.lengthOf(world.requests.filter(isBatch), 2)
        assert.lengthOf(world.records, 1)
      })
    )
  )

  it.live("[fault 1: rate limits] does not wait for a block of five minutes, and says how long it is", () =>
    run(
      Effect.gen(function* () {
        const { world, put } = yield* setup
        world.intercepts.push({
          matches: isBatch,
          instead: { status: 429, headers: { "retry-after": "300" }, body: "" }
        })
        const error = yield* Effect.flip(put)
        assert.deepStrictEqual([error.reason, error.retryAfterMillis], ["RateLimited", 300_000])
        assert.lengthOf(world.records, 0)
      })
    )
  )

  it.live(
    "[fault 2: broken answers] reads again after server errors and broken connections, but not for ever",
    () =>
      run(
        Effect.gen(function* () {
          const { world, dns, found } = yield* setup
          const failure = { matches: isRead, instead: { status: 502, body: "<html>" } }
          world.intercepts.push(failure, { matches: isRead, instead: "reset" })
          assert.deepStrictEqual(yield* dns.listAt(found, name), [])
          assert.lengthOf(world.requests, 3)
          world.requests.length = 0
          world.intercepts.push(...Array.from({ length: 9 }, () => failure))
          assert.strictEqual(yield* reason(dns.listAt(found, name)), "Unavailable")
          assert.lengthOf(world.requests, 5)
        })
      )
  )

  it.live("keeps the id and the tags of a record whose value changes and comes back", () =>
    run(
      Effect.gen(function* () {
        const { world, dns, found } = yield* setup
        const old = world.add({
          name,
          type: "A",
          content: "198.51.100.1",
          ttl: 900,
          tags: ["team:web"],
          comment: "hand"
        })
        const [prior] = yield* dns.listAt(found, name)
        yield* dns.put(found, wanted, { _tag: "Exactly", recordSet: prior! })
        assert.deepStrictEqual(world.records, [
          { ...old, content: "192.0.2.10", ttl: 120, comment: wanted.comment! }
        ])
        yield* dns.put(found, prior!, { _tag: "Exactly", recordSet: wanted })
        assert.deepStrictEqual(world.records, [old])
      })
    )
  )

  it.live("gives a proxied record the automatic TTL, and knows it again", () =>
    run(
      Effect.gen(function* () {
        const { world, dns, found } = yield* setup
        const proxied = { ...wanted, proxied: true, ttl: 300 }
        yield* dns.put(found, proxied, absent)
        assert.deepInclude(world.records[0], { ttl: 1, proxied: true })
        assert.deepStrictEqual(yield* dns.listAt(found, name), [{ ...proxied, ttl: undefined }])
        const off = { ...wanted, comment: "off" }
        yield* dns.put(found, off, { _tag: "Exactly", recordSet: proxied })
        assert.strictEqual(yield* reason(dns.remove(found, proxied)), "Conflict")
        yield* dns.remove(found, off)
        assert.lengthOf(world.records, 0)
      })
    )
  )

  it.live("touches no set whose records it could not put back as they were", () =>
    run(
      Effect.gen(function* () {
        const { world, dns, found } = yield* setup
        world.add({ name, type: "A", content: "192.0.2.1", comment: "a" })
        world.add({ name, type: "A", content: "192.0.2.2", comment: "b" })
        const before = world.records
        const [seen] = yield* dns.listAt(found, name)
        const error = yield* Effect.flip(dns.put(found, wanted, { _tag: "Exactly", recordSet: seen! }))
        assert.include(error.detail, "differ")
        assert.strictEqual(yield* reason(dns.remove(found, seen!)), "Conflict")
        assert.deepStrictEqual(world.records, before)
      })
    )
  )

  it.live("shows the priority of MX records and text without quotes", () =>
    run(
      Effect.gen(function* () {
        const { world, dns, found } = yield* setup
        world.add({ name: zone, type: "MX", content: "mail.example.net", priority: 10 })
        world.add({ name: zone, type: "TXT", content: '"v=spf1 " "-all"' })
        world.add({ name: zone, type: "TXT", content: "unquoted" })
        const sets = yield* dns.listAt(found, zone)
        assert.deepStrictEqual(
          sets.map(({ type, values }) => [type, values]),
          [
            ["MX", ["10 mail.example.net"]],
            ["TXT", ["v=spf1 -all", "unquoted"]]
          ]
        )
      })
    )
  )

  it.live("[fault 11: values at their limits] maps what the API refuses", () =>
    run(
      Effect.gen(function* () {
        const { dns, found } = yield* setup
        assert.strictEqual(yield* reason(dns.put(found, { ...wanted, ttl: 30 }, absent)), "Invalid")
        assert.strictEqual(
          yield* reason(dns.put(found, { ...wanted, comment: "x".repeat(101) }, absent)),
          "Invalid"
        )
        assert.strictEqual(yield* reason(dns.listAt({ id: "gone", name: zone }, name)), "ZoneNotFound")
      })
    )
  )

  it.live(
    "[fault 2: broken answers] maps 200 with success false, redirects and answers of another kind",
    () =>
      run(
        Effect.gen(function* () {
          const { world, dns, found } = yield* setup
          const listed = (reply: Intercept["instead"]) => {
            world.intercepts.push({ matches: isRead, instead: reply! })
            return reason(dns.listAt(found, name))
          }
          const failed = { success: false, errors: [{ code: 1, message: "no" }], result: null }
          assert.strictEqual(yield* listed({ status: 200, body: failed }), "Invalid")
          assert.strictEqual(yield* listed({ status: 200, body: "<html>" }), "BadResponse")
          assert.strictEqual(
            yield* listed({ status: 200, body: { success: true, result: [{}] } }),
            "BadResponse"
          )
          const { url } = yield* FakeCloudflare
          world.requests.length = 0
          const elsewhere = { status: 302, headers: { location: `${url}/elsewhere` }, body: "" }
          assert.strictEqual(yield* listed(elsewhere), "BadResponse")
          assert.lengthOf(world.requests, 1)
          assert.strictEqual(yield* listed({ status: 403, body: "" }), "Forbidden")
          assert.strictEqual(yield* listed({ status: 401, body: "" }), "Unauthorized")
        })
      )
  )

  it.live(
    "[fault 10: credentials] asks zone by zone from the longest, as a token for one zone may not list them",
    () =>
      run(
        Effect.gen(function* () {
          const { world, dns } = yield* setup
          yield* dns.findZone("a.b.example.test")
          assert.deepStrictEqual(
            world.requests.map(({ query }) => query.get("name")),
            ["a.b.example.test", "b.example.test", "example.test"]
          )
          yield* dns.findZones(["example.test", "www.example.test", "b.example.test"])
          assert.deepStrictEqual(
            world.requests.slice(3).map(({ query }) => query.get("name")),
            ["example.test", "www.example.test", "b.example.test"],
            "each zone is asked for once"
          )
        })
      )
  )

  it.live(
    "[fault 9: zones and names] takes the active zone of two, and refuses to choose between two active ones",
    () =>
      run(
        Effect.gen(function* () {
          const { world, dns } = yield* setup
          world.zones.push({ id: "moved", name: zone, status: "moved" })
          assert.strictEqual((yield* dns.findZone(name)).id, "z1")
          world.zones.push({ id: "twin", name: zone, status: "active" })
          assert.strictEqual(yield* reason(dns.findZone(name)), "AmbiguousZone")
          world.zones.push({ id: "new", name: "new.test", status: "pending" })
          const error = yield* Effect.flip(dns.findZone("api.new.test"))
          assert.strictEqual(error.reason, "ZoneNotFound")
          assert.include(error.detail, "pending")
        })
      )
  )

  it.live("stays within a configured zone", () =>
    run(
      Effect.gen(function* () {
        const dns = yield* DnsClient
        assert.deepStrictEqual(yield* dns.findZone("x.sub.example.test"), { id: "z1", name: zone })
        assert.strictEqual(yield* reason(dns.findZone("notexample.test")), "ZoneNotFound")
      }),
      { zoneId: "z1" }
    )
  )

  it.live("[fault 10: credentials] names the permission that a token for records alone lacks", () =>
    run(
      Effect.gen(function* () {
        const { world } = yield* FakeCloudflare
        const dns = yield* DnsClient
        const forbidden = (message: string) => ({
          status: 403,
          body: { success: false, errors: [{ code: 9109, message }], result: null }
        })
        const isZone = ({ path }: { readonly path: string }) => path === "/zones/z1"
        world.intercepts.push({
          matches: isZone,
          instead: forbidden("Unauthorized to access requested resource")
        })
        const error = yield* Effect.flip(dns.findZone(name))
        assert.strictEqual(error.reason, "Forbidden")
        assert.match(error.detail, /lacks the permission Zone \/ Zone \/ Read/)
        // Where the records are closed too, it is Cloudflare's own word that counts.
        const place = "Cannot use the access token from location: 203.0.113.9"
        world.intercepts.push(
          { matches: isZone, instead: forbidden(place) },
          { matches: ({ path }) => path.endsWith("/dns_records"), instead: forbidden(place) }
        )
        const other = yield* Effect.flip(dns.findZone(name))
        assert.deepStrictEqual([other.reason, other.detail], ["Forbidden", `${place} (9109)`])
      }),
      { zoneId: "z1" }
    )
  )

  it.live("refuses a wrong token, and never shows it", () =>
    run(
      Effect.gen(function* () {
        const { world } = yield* FakeCloudflare
        const dns = yield* DnsClient
        const echo = {
          success: false,
          errors: [{ code: 9109, message: "Invalid access token wrong-token-77" }],
          result: null
        }
        world.intercepts.push({ matches: isRead, instead: { status: 403, body: echo } })
        const exit = yield* Effect.exit(dns.findZone(name))
        assert.isTrue(Exit.isFailure(exit))
        const shown = JSON.stringify(exit) + inspect(exit, { depth: 20, showHidden: true })
        assert.include(shown, "Unauthorized")
        assert.notInclude(shown, "wrong-token-77")
      }),
      { apiToken: Redacted.make("wrong-token-77") }
    )
  )

  it.live("does not start with a token or URL that cannot be used safely", () =>
    Effect.gen(function* () {
      for (const config of [
        { apiToken: Redacted.make("") },
        { apiToken: Redacted.make("line\nbreak") },
        { baseUrl: "http://api.cloudflare.com" },
        { baseUrl: "not a url" }
      ]) {
        assert.strictEqual(yield* reason(run(DnsClient, config)), "BadConfig")
      }
    })
  )

  it.live("is interrupted while it waits for an answer", () =>
    run(
      Effect.gen(function* () {
        const { world, put } = yield* setup
        world.intercepts.push({
          matches: isBatch,
          instead: { status: 429, headers: { "retry-after": "20" }, body: "" }
        })
        const fiber = yield* Effect.fork(put)
        yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => world.requests.some(isBatch) })
        assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
        assert.lengthOf(world.records, 0)
      })
    )
  )
})
