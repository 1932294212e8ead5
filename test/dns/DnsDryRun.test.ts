import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { layerDryRun as layerAuthoritativeDryRun } from "../../src/dns/AuthoritativeDnsDryRun.ts"
import { awaitAuthoritative } from "../../src/dns/AwaitAuthoritative.ts"
import { DnsClient, type RecordSet } from "../../src/dns/DnsClient.ts"
import { layerDryRun, layerOffline } from "../../src/dns/DnsDryRun.ts"
import { DnsMemory } from "../../src/dns/DnsMemory.ts"
import { PlannedRecords } from "../../src/dns/PlannedRecords.ts"
import { dnsClientContract } from "../contract/DnsClientContract.ts"
import { layerDryRunBench } from "./MemoryBench.ts"

dnsClientContract("a dry run over memory", () => layerDryRunBench, { writesReachTheWorld: false })

const name = "api.example.test"
const wanted: RecordSet = {
  name,
  type: "A",
  ttl: 60,
  values: ["192.0.2.10"],
  proxied: false,
  comment: "mine"
}

describe("layerDryRun", () => {
  it.effect("lists what it would have written, in order, with what it would have replaced", () =>
    Effect.gen(function* () {
      const dns = yield* DnsClient
      const world = yield* DnsMemory
      const { list } = yield* PlannedRecords
      const zone = yield* dns.findZone(name)
      const prior = { ...wanted, values: ["198.51.100.1"] }
      yield* world.seed(prior)
      yield* dns.put(zone, wanted, { _tag: "Exactly", recordSet: prior })
      yield* dns.remove(zone, wanted)
      yield* Effect.flip(
        dns
          .remove(zone, prior)
          .pipe(Effect.zipRight(dns.put(zone, wanted, { _tag: "Exactly", recordSet: prior })))
      )
      assert.deepStrictEqual(yield* list, [
        { _tag: "Put", zone, recordSet: wanted, before: prior },
        { _tag: "Remove", zone, recordSet: wanted }
      ])
      assert.deepStrictEqual(yield* world.recordSets, [prior])
      assert.notInclude(
        (yield* world.calls).map(({ method }) => method),
        "put"
      )
    }).pipe(Effect.provide(layerDryRunBench))
  )

  it.effect("works without credentials, and its name servers answer what was written", () =>
    Effect.gen(function* () {
      const dns = yield* DnsClient
      const zone = yield* dns.findZone(name)
      assert.deepStrictEqual(zone, { id: "offline", name: "example.test" })
      assert.deepStrictEqual(yield* dns.listAt(zone, name), [])
      const records: ReadonlyArray<RecordSet> = [
        wanted,
        { ...wanted, name: `c.${name}`, type: "CNAME", values: ["a.example.net"] },
        { ...wanted, name: `p.${name}`, type: "AAAA", values: ["2001:db8::1"], proxied: true }
      ]
      for (const record of records) {
        yield* dns.put(zone, record, { _tag: "Absent" })
        const waiting = yield* Effect.fork(
          awaitAuthoritative({ zone: zone.name, record, deadline: Duration.minutes(1) })
        )
        yield* TestClock.adjust("2 minutes")
        yield* yield* Fiber.await(waiting)
      }
    }).pipe(
      Effect.provide(
        Layer.provideMerge(layerAuthoritativeDryRun, Layer.provideMerge(layerDryRun, layerOffline))
      )
    )
  )

  it.effect("lets nothing be written offline without it", () =>
    Effect.gen(function* () {
      const dns = yield* DnsClient
      const zone = yield* dns.findZone(name)
      const put = yield* Effect.flip(dns.put(zone, wanted, { _tag: "Absent" }))
      const remove = yield* Effect.flip(dns.remove(zone, wanted))
      assert.deepStrictEqual([put.reason, remove.reason], ["BadConfig", "BadConfig"])
    }).pipe(Effect.provide(layerOffline))
  )
})
