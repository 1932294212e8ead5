/** What every DnsClient must do, whatever stands behind it. */
import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { DnsClient, type RecordSet, type Zone } from "../../src/dns/DnsClient.ts"
import type { DnsError } from "../../src/dns/DnsError.ts"
import { withLayer } from "../dns/WithLayer.ts"

/** The world behind the client under test, and the means to change it behind the client's back. */
export class DnsBench extends Context.Tag("fabrik/test/contract/DnsClientContract/DnsBench")<
  DnsBench,
  {
    /** A zone of the account with the child zone `sub.<zone>`; `other<zone>` is no zone. */
    readonly zone: string
    /** Somebody else writes. */
    readonly seed: (recordSet: RecordSet) => Effect.Effect<void>
    /** What really stands at the name. */
    readonly standing: (name: string) => Effect.Effect<ReadonlyArray<RecordSet>>
  }
>() {}

const byType = (sets: ReadonlyArray<RecordSet>) => sets.toSorted((a, b) => a.type.localeCompare(b.type))

const refused = (effect: Effect.Effect<void | Zone, DnsError>, reason: DnsError["reason"]) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.strictEqual(error.reason, reason, error.message)
    return error
  })

/**
 * @param makeLayer the client and its bench; built once for the whole suite, every test uses names of its own.
 */
export const dnsClientContract = <E>(
  name: string,
  makeLayer: () => Layer.Layer<DnsClient | DnsBench, E>,
  options: {
    /** False where a race can only be lost, not noticed: the provider's write neither fails nor adds. */
    readonly noticesRaces?: boolean
    /** Seconds that the provider takes. */
    readonly ttl?: number
  } = {}
): void => {
  const { noticesRaces = true, ttl = 120 } = options
  let names = 0

  /** A fresh name with its zone and an A record set that is wanted there. */
  const fresh = Effect.gen(function* () {
    const dns = yield* DnsClient
    const bench = yield* DnsBench
    const host = `t${++names}.${bench.zone}`
    const zone = yield* dns.findZone(host)
    const wanted: RecordSet = {
      name: host,
      type: "A",
      ttl,
      values: ["192.0.2.10"],
      proxied: false,
      comment: `fabrik/1 shop/api n${names}`
    }
    const found = Effect.map(dns.listAt(zone, host), byType)
    return { dns, bench, zone, host, wanted, found }
  })

  withLayer(`${name} keeps the DnsClient contract`, makeLayer, (test) => {
    test("finds the longest zone, on label boundaries only", () =>
      Effect.gen(function* () {
        const dns = yield* DnsClient
        const { zone } = yield* DnsBench
        const found = (host: string) => Effect.map(dns.findZone(host), (each) => each.name)
        assert.strictEqual(yield* found(`api.${zone}`), zone)
        assert.strictEqual(yield* found(zone), zone)
        assert.strictEqual(yield* found(`*.${zone}`), zone)
        assert.strictEqual(yield* found(`sub.${zone}`), `sub.${zone}`)
        assert.strictEqual(yield* found(`a.b.sub.${zone}`), `sub.${zone}`)
        assert.strictEqual(yield* found(`notsub.${zone}`), zone)
        yield* refused(dns.findZone(`other${zone}`), "ZoneNotFound")
        const names = [`api.${zone}`, `a.sub.${zone}`, zone, `www.${zone}`]
        const one = yield* Effect.forEach(names, (host) => dns.findZone(host))
        assert.deepStrictEqual(yield* dns.findZones(names), one)
        yield* refused(Effect.asVoid(dns.findZones([zone, `other${zone}`])), "ZoneNotFound")
      }))

    test("shows nothing at a name without records", () =>
      Effect.gen(function* () {
        const { found } = yield* fresh
        assert.deepStrictEqual(yield* found, [])
      }))

    test("creates a record set and reads back every field", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, host, wanted, found } = yield* fresh
        yield* dns.put(zone, wanted, { _tag: "Absent" })
        assert.deepStrictEqual(yield* found, [wanted])
        assert.deepStrictEqual(yield* bench.standing(host), [wanted])
      }))

    test("writes AAAA, CNAME, TXT, several values, the apex and a wildcard", () =>
      Effect.gen(function* () {
        const { dns, zone, host, wanted } = yield* fresh
        const sets: ReadonlyArray<RecordSet> = [
          { ...wanted, values: ["192.0.2.1", "192.0.2.2"] },
          { ...wanted, type: "AAAA", values: ["2001:db8::10"] },
          { ...wanted, name: `c.${host}`, type: "CNAME", values: ["target.example.net"] },
          { ...wanted, name: `*.${host}`, comment: undefined },
          { ...wanted, name: zone.name },
          {
            ...wanted,
            name: `_fabrik.${host}`,
            type: "TXT",
            values: [`v=fabrik1 "q" b\\s ü ${"x".repeat(300)}`]
          }
        ]
        for (const recordSet of sets) {
          yield* dns.put(zone, recordSet, { _tag: "Absent" })
          const there = (yield* dns.listAt(zone, recordSet.name)).find(({ type }) => type === recordSet.type)
          assert.deepStrictEqual(there && { ...there, values: there.values.toSorted() }, recordSet)
        }
        yield* dns.remove(zone, sets[4]!)
      }))

    test("takes another spelling of the same address for the same", () =>
      Effect.gen(function* () {
        const { dns, zone, wanted, found } = yield* fresh
        const long = { ...wanted, type: "AAAA", values: ["2001:0DB8:0:0::0010"] }
        yield* dns.put(zone, long, { _tag: "Absent" })
        yield* dns.remove(zone, { ...long, values: ["2001:db8::10"] })
        assert.deepStrictEqual(yield* found, [])
      }))

    test("does not create over a record set of somebody else, and says what is there", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, host, wanted } = yield* fresh
        const foreign = { ...wanted, values: ["198.51.100.7"], comment: undefined }
        yield* bench.seed(foreign)
        const error = yield* refused(dns.put(zone, wanted, { _tag: "Absent" }), "Conflict")
        assert.deepStrictEqual(error.found, ["A 198.51.100.7"])
        assert.deepStrictEqual(yield* bench.standing(host), [foreign])
      }))

    test("does not take an identical record set for its own creation", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, host, wanted } = yield* fresh
        const foreign = { ...wanted, comment: undefined }
        yield* bench.seed(foreign)
        yield* refused(dns.put(zone, wanted, { _tag: "Absent" }), "Conflict")
        assert.deepStrictEqual(yield* bench.standing(host), [foreign])
      }))

    test("replaces exactly what was expected, and puts it back", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, wanted, found } = yield* fresh
        const prior = {
          ...wanted,
          ttl: ttl * 8,
          values: ["198.51.100.7", "198.51.100.8"],
          comment: "fabrik/1 shop/api old"
        }
        yield* bench.seed(prior)
        const [seen] = yield* found
        yield* dns.put(zone, wanted, { _tag: "Exactly", recordSet: seen! })
        assert.deepStrictEqual(yield* found, [wanted])
        yield* dns.put(zone, seen!, { _tag: "Exactly", recordSet: wanted })
        const [restored] = yield* found
        assert.deepStrictEqual({ ...restored, values: restored!.values.toSorted() }, prior)
      }))

    test("refuses an update when values, TTL or comment are not the expected ones, or nothing is there", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, host, wanted } = yield* fresh
        const update = { ...wanted, values: ["192.0.2.99"] }
        yield* refused(dns.put(zone, update, { _tag: "Exactly", recordSet: wanted }), "Conflict")
        yield* bench.seed(wanted)
        for (const other of [
          { ...wanted, values: ["192.0.2.11"] },
          { ...wanted, values: ["192.0.2.10", "192.0.2.11"] },
          { ...wanted, ttl: ttl + 1 },
          { ...wanted, comment: "fabrik/1 shop/api other" },
          { ...wanted, comment: undefined }
        ]) {
          yield* refused(dns.put(zone, update, { _tag: "Exactly", recordSet: other }), "Conflict")
          yield* refused(dns.remove(zone, other), "Conflict")
        }
        assert.deepStrictEqual(yield* bench.standing(host), [wanted])
      }))

    test("removes what was expected and nothing beside it; again is a success", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, wanted, found } = yield* fresh
        const beside = { ...wanted, type: "AAAA", values: ["2001:db8::1"] }
        yield* bench.seed(wanted)
        yield* bench.seed(beside)
        yield* dns.remove(zone, wanted)
        assert.deepStrictEqual(yield* found, [beside])
        yield* dns.remove(zone, wanted)
        assert.deepStrictEqual(yield* found, [beside])
      }))

    test("keeps a CNAME alone at its name", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, host, wanted } = yield* fresh
        const cname = { ...wanted, type: "CNAME", values: ["target.example.net"] }
        yield* bench.seed(cname)
        const error = yield* refused(dns.put(zone, wanted, { _tag: "Absent" }), "Conflict")
        assert.deepStrictEqual(error.found, ["CNAME target.example.net"])
        assert.deepStrictEqual(yield* bench.standing(host), [cname])

        const next = yield* fresh
        yield* bench.seed(next.wanted)
        const beside = { ...cname, name: next.host }
        yield* refused(dns.put(zone, beside, { _tag: "Absent" }), "Conflict")
        assert.deepStrictEqual(yield* bench.standing(next.host), [next.wanted])
      }))

    test("refuses what cannot stand there", () =>
      Effect.gen(function* () {
        const { dns, zone, wanted } = yield* fresh
        const { name: _, ...rest } = wanted
        for (const bad of [
          { ...rest, name: zone.name, type: "CNAME", values: ["target.example.net"] },
          { ...rest, name: "www.example.invalid" },
          { ...wanted, values: ["192.0.2.256"] },
          { ...wanted, values: [] },
          { ...wanted, type: "CNAME", values: ["a.example.net", "b.example.net"] },
          { ...wanted, type: "NS", values: ["ns.example.net"] }
        ]) {
          yield* refused(dns.put(zone, bad, { _tag: "Absent" }), "Invalid")
        }
      }))

    test("leaves the TTL to the provider, and knows its own record again", () =>
      Effect.gen(function* () {
        const { dns, zone, wanted, found } = yield* fresh
        const automatic = { ...wanted, ttl: undefined }
        yield* dns.put(zone, automatic, { _tag: "Absent" })
        const update = { ...automatic, values: ["192.0.2.11"] }
        yield* dns.put(zone, update, { _tag: "Exactly", recordSet: automatic })
        yield* dns.remove(zone, update)
        assert.deepStrictEqual(yield* found, [])
      }))

    test("finds by their comments what it wrote, in any zone", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, wanted, host } = yield* fresh
        const child = yield* dns.findZone(`${host.split(".")[0]}.sub.${bench.zone}`)
        const comment = `found by this ${host.split(".")[0]}`
        const ours = { ...wanted, comment: `${comment} one` }
        const below = { ...wanted, name: `x.${child.name}`, comment: `${comment} two` }
        yield* dns.put(zone, ours, { _tag: "Absent" })
        yield* dns.put(
          zone,
          { ...wanted, name: `other-${host}`, comment: `not ${comment}` },
          { _tag: "Absent" }
        )
        yield* dns.put(child, below, { _tag: "Absent" })
        const found = (yield* dns.listCommented(comment)).toSorted((a, b) =>
          (a.recordSet.comment ?? "") < (b.recordSet.comment ?? "") ? -1 : 1
        )
        assert.deepStrictEqual(found, [
          { zone, recordSet: ours },
          { zone: child, recordSet: below }
        ])
        assert.deepStrictEqual(yield* dns.listCommented(`${comment} three`), [])
        yield* dns.remove(child, below)
      }))

    test("lets one of two writers at the same name win, or none", () =>
      Effect.gen(function* () {
        const { dns, zone, wanted, found } = yield* fresh
        const writers = ["192.0.2.21", "192.0.2.22"].map((value) => ({
          ...wanted,
          values: [value],
          comment: value
        }))
        const exits = yield* Effect.forEach(
          writers,
          (each) => Effect.either(dns.put(zone, each, { _tag: "Absent" })),
          { concurrency: "unbounded" }
        )
        const winners = exits.filter((exit) => exit._tag === "Right").length
        const standing = yield* found
        assert.isAtMost(standing.flatMap(({ values }) => values).length, 1)
        if (noticesRaces) assert.isAtMost(winners, standing.length)
      }))
  })
}
