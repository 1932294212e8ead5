import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { DnsClient, type RecordSet } from "../../../src/dns/DnsClient.ts"
import { markOf } from "../records/Account.ts"
import { adapter, clientOf, dnscontrolStore, store, zone } from "./CommandBench.ts"

const wanted: RecordSet = {
  name: `api.${zone}`,
  type: "A",
  ttl: 120,
  values: ["192.0.2.10"],
  proxied: false,
  comment: "managed by fabrik - key=0123456789abcdef run=0123456789ab"
}
const absent = { _tag: "Absent" } as const
const at = { id: "1", name: zone }

describe("a program as the provider", () => {
  it.scopedLive("writes, finds its own again, and removes it with its mark", () =>
    Effect.gen(function* () {
      const { file, read } = yield* store
      yield* Effect.gen(function* () {
        const dns = yield* DnsClient
        assert.deepStrictEqual(yield* dns.findZone(`x.sub.${zone}`), { id: "2", name: `sub.${zone}` })
        yield* dns.put(at, wanted, absent)
        const mark = markOf(wanted)
        assert.sameDeepMembers(
          [...read().recordSets],
          [
            { name: wanted.name, type: "A", ttl: 120, values: ["192.0.2.10"] },
            { name: mark.name, type: "TXT", ttl: 300, values: [mark.value] }
          ]
        )
        assert.deepStrictEqual(yield* dns.listAt(at, wanted.name), [wanted])
        yield* dns.remove(at, wanted)
        assert.deepStrictEqual(read().recordSets, [])
      }).pipe(Effect.provide(clientOf(`${process.execPath} ${adapter} ${file}`)))
    })
  )

  it.scopedLive("ends with what its exit code says, and reads back what is in doubt", () =>
    Effect.gen(function* () {
      const { file, read, write } = yield* store
      const dns = Effect.provide(DnsClient, clientOf(`${process.execPath} ${adapter} ${file}`))
      const fresh = read()
      for (const [code, reason] of [
        [11, "Unauthorized"],
        [13, "ZoneNotFound"],
        [1, "BadResponse"]
      ] as const) {
        write({ ...fresh, end: { before: code } })
        const error = yield* Effect.flip(Effect.flatMap(dns, (client) => client.listAt(at, wanted.name)))
        assert.strictEqual(error.reason, reason)
        assert.include(error.detail, "as the test says")
      }
      // Marked already, so that the one change is the record's.
      const mark = markOf(wanted)
      const marked = { name: mark.name, type: "TXT", ttl: 300, values: [mark.value] }
      write({ ...fresh, recordSets: [marked], end: { after: 1 } })
      yield* Effect.flatMap(dns, (client) => client.put(at, wanted, absent))
      assert.lengthOf(read().recordSets, 2)
    })
  )

  it.live("that is none is said", () =>
    Effect.gen(function* () {
      const reason = (program: string) =>
        Effect.map(
          Effect.flip(
            Effect.flatMap(DnsClient, (dns) => dns.findZone(zone)).pipe(Effect.provide(clientOf(program)))
          ),
          (error) => error.reason
        )
      assert.strictEqual(yield* reason("/nonexistent/program"), "BadConfig")
      assert.strictEqual(yield* reason(adapter), "Forbidden")
      assert.strictEqual(yield* reason("/bin/echo hello"), "BadResponse")
    })
  )

  it.scopedLive("may be the one that wraps dnscontrol", () =>
    Effect.gen(function* () {
      const { command, read, write } = yield* dnscontrolStore
      const others = [
        { name: zone, type: "NS", ttl: 3600, target: "ns1.example.net." },
        { name: wanted.name, type: "TXT", ttl: 60, target: 'a "text"' },
        {
          name: `proxied.${zone}`,
          type: "A",
          ttl: 1,
          target: "192.0.2.3",
          properties: "\tcloudflare_proxy=true"
        }
      ]
      write({ ...read(), records: others })
      yield* Effect.gen(function* () {
        const dns = yield* DnsClient
        yield* dns.put(at, wanted, absent)
        assert.sameDeepMembers(
          [...(yield* dns.listAt(at, wanted.name))],
          [wanted, { ...wanted, type: "TXT", ttl: 60, values: ['a "text"'], comment: undefined }]
        )
        yield* dns.remove(at, wanted)
        assert.deepStrictEqual(read().records, others)
        const proxied = (yield* dns.listAt(at, `proxied.${zone}`))[0]!
        const error = yield* Effect.flip(dns.remove(at, proxied))
        assert.strictEqual(error.reason, "Conflict")
        assert.include(error.detail, "proxy")
        assert.deepStrictEqual(read().records, others)
      }).pipe(Effect.provide(clientOf(command("mine"))))
      const error = yield* Effect.flip(
        Effect.flatMap(DnsClient, (dns) => dns.findZone(zone)).pipe(
          Effect.provide(clientOf(command("wrong")))
        )
      )
      assert.strictEqual(error.reason, "Unauthorized")
    })
  )
})
