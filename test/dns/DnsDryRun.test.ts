import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { DnsClient, type RecordSet } from "../../src/dns/DnsClient.ts"
import { layerDryRun, layerOffline } from "../../src/dns/DnsDryRun.ts"
import { DnsMemory } from "../../src/dns/DnsMemory.ts"
import { layerMemoryBench } from "./MemoryBench.ts"

const name = "api.example.test"
const standing: RecordSet = {
  name,
  type: "A",
  ttl: 60,
  values: ["192.0.2.10"],
  proxied: false,
  comment: "mine"
}

describe("a dry run", () => {
  it.effect("reads what is there and writes nothing", () =>
    Effect.gen(function* () {
      const world = yield* DnsMemory
      yield* world.seed(standing)
      yield* Effect.gen(function* () {
        const dns = yield* DnsClient
        const zone = yield* dns.findZone(name)
        assert.deepStrictEqual(yield* dns.listAt(zone, name), [standing])
        yield* dns.put(
          zone,
          { ...standing, values: ["192.0.2.11"] },
          { _tag: "Exactly", recordSet: standing }
        )
        yield* dns.remove(zone, standing)
      }).pipe(Effect.provide(layerDryRun))
      assert.deepStrictEqual(yield* world.recordSets, [standing])
    }).pipe(Effect.provide(layerMemoryBench))
  )

  it.effect("works without credentials, and lets nothing be written", () =>
    Effect.gen(function* () {
      const dns = yield* DnsClient
      const zone = yield* dns.findZone(name)
      assert.deepStrictEqual(zone, { id: "offline", name: "example.test" })
      assert.deepStrictEqual(yield* dns.listAt(zone, name), [])
      const error = yield* Effect.flip(dns.put(zone, standing, { _tag: "Absent" }))
      assert.strictEqual(error.reason, "BadConfig")
    }).pipe(Effect.provide(layerOffline))
  )
})
