/** What every DnsClient must do, whatever stands behind it. */
import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { DnsClient, type RecordSet, type Zone } from "../../src/dns/DnsClient.ts"
import type { DnsError } from "../../src/dns/DnsError.ts"
import { withLayer } from "../dns/WithLayer.ts"

/** What happens to one of the writes to come. */
export interface Fault {
  /** How many writes go well before. */
  readonly after: number
  /**
   * `lost`: it is done, and its answer never comes; `dropped`: neither is it done; `refused`: the provider says that it
   * may not be done; `too many`: as it says that there were too many requests.
   */
  readonly how: "dropped" | "lost" | "refused" | "too many"
  /** What somebody else writes at that time. */
  readonly meanwhile?: RecordSet
}

/** The world behind the client under test, and the means to change it behind the client's back. */
export class DnsBench extends Context.Tag("fabrik/test/contract/DnsClientContract/DnsBench")<
  DnsBench,
  {
    /** A zone of the account with the child zone `sub.<zone>`; `other<zone>` is no zone. */
    readonly zone: string
    /** Somebody else writes. */
    readonly seed: (recordSet: RecordSet) => Effect.Effect<void>
    /** Somebody else's A records at the name, with all that the provider can keep of them, not in the order of their values. */
    readonly furnish: (name: string) => Effect.Effect<void>
    /** What really stands at the name. */
    readonly standing: (name: string) => Effect.Effect<ReadonlyArray<RecordSet>>
    /** All record sets of the account with all that is kept of them but numbers and the SOA, a text each, sorted. */
    readonly everything: Effect.Effect<ReadonlyArray<string>>
    /** Has one more write meet a fault. */
    readonly fail: (fault: Fault) => Effect.Effect<void>
    /** Forgets faults that nothing met. */
    readonly calm: Effect.Effect<void>
    /** How many writes the provider was sent so far. */
    readonly writes: Effect.Effect<number>
    /** Has lists come in pages of that many, until the scope's end; answers how many were cut since. */
    readonly inPages: (size: number) => Effect.Effect<Effect.Effect<number>, never, Scope.Scope>
  }
>() {}

/** What a layer's bench cannot have happen, as there is no such thing: nothing gets lost in memory. */
type Lack = "faults" | "limit" | "pages"

export interface ContractOptions {
  /** What stands behind the layer. */
  readonly kind: "emulator" | "in memory" | "real"
  readonly lacks?: ReadonlyArray<Lack>
  /** False where a race can only be lost, not noticed: the provider's write neither fails nor adds. */
  readonly noticesRaces?: boolean
  /** Seconds that the provider takes. */
  readonly ttl?: number
}

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
  options: ContractOptions
): void => {
  const { kind, lacks = [], noticesRaces = true, ttl = 120 } = options
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

  withLayer(`${name} (${kind}) keeps the DnsClient contract`, makeLayer, (test) => {
    test("[fault 9: zones and names] finds the longest zone, on label boundaries only", () =>
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

    test("lists all types at a name", () =>
      Effect.gen(function* () {
        const { bench, found, wanted } = yield* fresh
        const values = {
          A: ["192.0.2.10"],
          AAAA: ["2001:db8::1"],
          MX: ["10 mx.example.net"],
          TXT: ["v=spf1 -all"]
        }
        for (const [type, each] of Object.entries(values)) {
          yield* bench.seed({ ...wanted, type, values: each, comment: undefined })
        }
        assert.deepStrictEqual(
          Object.fromEntries((yield* found).map((set) => [set.type, set.values])),
          values
        )
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

    test("writes MX, SRV and CAA with their marks, changes them, and removes them, or says that it cannot", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, host, wanted } = yield* fresh
        const before = yield* bench.everything
        const sets: ReadonlyArray<RecordSet> = [
          { ...wanted, name: `m.${host}`, type: "MX", values: ["10 mx1.example.net", "20 mx2.example.net"] },
          { ...wanted, name: `null.${host}`, type: "MX", values: ["0 ."] },
          { ...wanted, name: `_sip._tcp.${host}`, type: "SRV", values: ["10 5 5060 sip.example.net"] },
          {
            ...wanted,
            name: `c.${host}`,
            type: "CAA",
            values: ['0 issue "letsencrypt.org"', '128 iodef "mailto:ca@example.net"']
          }
        ]
        for (const recordSet of sets) {
          const { name, type, values } = recordSet
          if (dns.capabilities.lacks?.some((each) => each === type) === true) {
            yield* refused(dns.put(zone, recordSet, { _tag: "Absent" }), "Invalid")
            continue
          }
          const there = Effect.map(dns.listAt(zone, name, [type]), (found) =>
            found.map((set) => ({ ...set, values: set.values.toSorted() }))
          )
          yield* dns.put(zone, recordSet, { _tag: "Absent" })
          assert.deepStrictEqual(yield* there, [recordSet])
          const fewer = { ...recordSet, values: values.slice(-1), comment: `${wanted.comment} later` }
          yield* dns.put(zone, fewer, { _tag: "Exactly", recordSet })
          assert.deepStrictEqual(yield* there, [fewer])
          assert.deepStrictEqual(
            (yield* dns.listCommented(`${wanted.comment} later`)).map((found) => found.recordSet),
            [fewer]
          )
          yield* dns.put(zone, recordSet, { _tag: "Exactly", recordSet: fewer })
          assert.deepStrictEqual(yield* there, [recordSet])
          yield* dns.remove(zone, recordSet)
          assert.deepStrictEqual(yield* bench.everything, before)
        }
        for (const bad of [
          { type: "MX", values: ["mx.example.net"] },
          { type: "MX", values: ["65536 mx.example.net"] },
          { type: "SRV", values: ["10 5060 sip.example.net"] },
          { type: "CAA", values: ["issue letsencrypt.org"] }
        ]) {
          yield* refused(dns.put(zone, { ...wanted, ...bad }, { _tag: "Absent" }), "Invalid")
        }
      }))

    test("takes another spelling of the same address for the same", () =>
      Effect.gen(function* () {
        const { dns, zone, wanted, found } = yield* fresh
        const long = { ...wanted, type: "AAAA", values: ["2001:0DB8:0:0::0010"] }
        yield* dns.put(zone, long, { _tag: "Absent" })
        yield* dns.remove(zone, { ...long, values: ["2001:db8::10"] })
        assert.deepStrictEqual(yield* found, [])
      }))

    test("[fault 6: other content] does not create over a record set of somebody else, and says what is there", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, host, wanted } = yield* fresh
        const foreign = { ...wanted, values: ["198.51.100.7"], comment: undefined }
        yield* bench.seed(foreign)
        const error = yield* refused(dns.put(zone, wanted, { _tag: "Absent" }), "Conflict")
        assert.deepStrictEqual(error.found, ["A 198.51.100.7"])
        assert.deepStrictEqual(yield* bench.standing(host), [foreign])
      }))

    test("[fault 5: identical foreign record] does not take an identical record set for its own creation", () =>
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

    test("[fault 13: exact restore] puts back all that belonged to a record set: order, TTL, comment, proxy, tags, labels", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, host, wanted, found } = yield* fresh
        yield* bench.furnish(host)
        const before = yield* bench.everything
        const [prior] = yield* found
        yield* dns.put(zone, wanted, { _tag: "Exactly", recordSet: prior! })
        assert.deepStrictEqual(
          (yield* found).map(({ kept: _, ...set }) => set),
          [wanted]
        )
        assert.notDeepEqual(yield* bench.everything, before)
        yield* dns.put(zone, prior!, { _tag: "Exactly", recordSet: wanted })
        assert.deepStrictEqual(yield* bench.everything, before)
        yield* dns.remove(zone, prior!)
        assert.deepStrictEqual(yield* found, [])
        yield* dns.put(zone, prior!, { _tag: "Absent" })
        assert.deepStrictEqual(yield* bench.everything, before)
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

    test("[fault 7: CNAME at the name, silent no-op] keeps a CNAME alone at its name", () =>
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

    test("[fault 8: race of two writers] lets one of two writers at the same name win, or none", () =>
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

    if (!lacks.includes("pages")) {
      test("[fault 15: pages] reads page after page", () =>
        Effect.gen(function* () {
          const { dns, bench, zone, wanted, found } = yield* fresh
          for (const type of ["TXT", "MX"]) {
            const values = type === "MX" ? ["10 mx.example.net"] : ["text"]
            yield* bench.seed({ ...wanted, type, values, comment: undefined })
          }
          const cuts = yield* bench.inPages(1)
          yield* dns.put(zone, wanted, { _tag: "Absent" })
          assert.deepStrictEqual(
            (yield* found).map(({ type }) => type),
            ["A", "MX", "TXT"]
          )
          assert.deepStrictEqual(
            (yield* dns.listCommented(wanted.comment!)).map(({ recordSet }) => recordSet),
            [wanted]
          )
          assert.isAbove(yield* cuts, 0)
        }).pipe(Effect.scoped))
    }

    if (!lacks.includes("limit")) {
      test("[fault 1: rate limits] sends again what was one request too many", () =>
        Effect.gen(function* () {
          const { dns, bench, zone, wanted, found } = yield* fresh
          const sofar = yield* bench.writes
          yield* bench.fail({ after: 0, how: "too many" })
          yield* bench.fail({ after: 0, how: "too many" })
          yield* dns.put(zone, wanted, { _tag: "Absent" })
          assert.deepStrictEqual(yield* found, [wanted])
          const writes = (yield* bench.writes) - sofar
          assert.isAtLeast(writes, 3)
          yield* dns.remove(zone, wanted)
        }))
    }

    if (lacks.includes("faults")) return

    test("[fault 3: answer lost after commit] settles a lost answer by what stands there, and sends nothing twice", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, wanted, found } = yield* fresh
        const before = yield* bench.everything
        const start = yield* bench.writes
        yield* dns.put(zone, wanted, { _tag: "Absent" })
        const puts = (yield* bench.writes) - start
        yield* dns.remove(zone, wanted)
        const removes = (yield* bench.writes) - start - puts
        for (let after = 0; after < Math.max(puts, removes); after++) {
          const from = yield* bench.writes
          if (after < puts) yield* bench.fail({ after, how: "lost" })
          const put = yield* Effect.either(dns.put(zone, wanted, { _tag: "Absent" }))
          // An answer that is lost with something still to do is a failure that leaves nothing.
          if (Either.isLeft(put)) {
            assert.strictEqual(put.left.reason, "OutcomeUnknown", put.left.message)
            assert.deepStrictEqual(yield* bench.everything, before)
            yield* dns.put(zone, wanted, { _tag: "Absent" })
          } else if (puts === 1) assert.strictEqual((yield* bench.writes) - from, 1)
          assert.deepStrictEqual(yield* found, [wanted])
          if (after < removes) yield* bench.fail({ after, how: "lost" })
          yield* Effect.either(dns.remove(zone, wanted))
          yield* bench.calm
          yield* dns.remove(zone, wanted)
          assert.deepStrictEqual(yield* bench.everything, before)
        }
      }))

    test("takes nobody else's identical record for its own when its request was lost", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, host, wanted } = yield* fresh
        const foreign = { ...wanted, comment: undefined }
        yield* bench.fail({ after: 0, how: "dropped", meanwhile: foreign })
        assert.isTrue(Either.isLeft(yield* Effect.either(dns.put(zone, wanted, { _tag: "Absent" }))))
        assert.deepStrictEqual(yield* bench.standing(host), [foreign])
        yield* refused(dns.remove(zone, wanted), "Conflict")
        assert.deepStrictEqual(yield* bench.standing(host), [foreign])
      }))

    test("[fault 4: partial writes] puts back what it has written when a later request of the change is refused", () =>
      Effect.gen(function* () {
        const { dns, bench, zone, wanted, found } = yield* fresh
        const old = { ...wanted, values: ["192.0.2.1", "192.0.2.2"], comment: "an earlier run" }
        const next = { ...wanted, ttl: ttl * 2, values: ["192.0.2.3", "192.0.2.4"] }
        yield* dns.put(zone, old, { _tag: "Absent" })
        const from = yield* bench.writes
        yield* dns.put(zone, next, { _tag: "Exactly", recordSet: old })
        const requests = (yield* bench.writes) - from
        yield* dns.put(zone, old, { _tag: "Exactly", recordSet: next })
        const before = yield* bench.everything
        for (let after = 0; after < requests; after++) {
          yield* bench.fail({ after, how: "refused" })
          const exit = yield* Effect.either(dns.put(zone, next, { _tag: "Exactly", recordSet: old }))
          if (Either.isLeft(exit)) {
            assert.notStrictEqual(exit.left.reason, "OutcomeUnknown", exit.left.message)
            assert.deepStrictEqual(yield* bench.everything, before)
          } else {
            // All but the last stroke of it was done, and that one is made up for.
            const [standing] = yield* found
            assert.deepStrictEqual({ ...standing, values: standing!.values.toSorted() }, next)
            yield* dns.put(zone, old, { _tag: "Exactly", recordSet: next })
          }
        }
      }))
  })
}
