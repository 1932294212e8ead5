import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import type { RecordSet } from "../../src/dns/DnsClient.ts"
import { isWithin } from "../../src/dns/Name.ts"
import { chooseZone, conflictsAt, sameRecordSet, satisfies } from "../../src/dns/Zone.ts"

const zones = (...names: ReadonlyArray<string>) => names.map((name, id) => ({ id: String(id), name }))
const chosen = (name: string, ...among: ReadonlyArray<string>) =>
  Either.match(chooseZone(name, zones(...among)), {
    onLeft: ({ reason }) => reason,
    onRight: (zone) => zone.name
  })

const set = (type: string, ...values: ReadonlyArray<string>): RecordSet => ({
  name: "api.example.com",
  type,
  ttl: 300,
  values,
  proxied: false,
  comment: undefined
})

describe("chooseZone", () => {
  it("takes the longest zone on a label boundary", () => {
    assert.strictEqual(chosen("a.vps1.example.com", "example.com", "vps1.example.com"), "vps1.example.com")
    assert.strictEqual(chosen("vps1.example.com", "vps1.example.com", "example.com"), "vps1.example.com")
    assert.strictEqual(chosen("avps1.example.com", "vps1.example.com", "example.com"), "example.com")
    assert.strictEqual(chosen("notexample.com", "example.com"), "ZoneNotFound")
    assert.strictEqual(chosen("a.example.co.uk", "example.co.uk", "other.co.uk"), "example.co.uk")
    assert.strictEqual(chosen("example.com"), "ZoneNotFound")
  })

  it("does not choose between two zones of one name, unless a longer one holds the name", () => {
    assert.strictEqual(chosen("a.example.com", "example.com", "example.com"), "AmbiguousZone")
    assert.strictEqual(
      chosen("a.b.example.com", "example.com", "example.com", "b.example.com"),
      "b.example.com"
    )
  })

  it("chooses a zone that holds the name, and none that holds it is longer", () => {
    const label = FastCheck.constantFrom("a", "b", "ab", "example")
    const name = FastCheck.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."))
    FastCheck.assert(
      FastCheck.property(name, FastCheck.uniqueArray(name, { maxLength: 12 }), (asked, among) => {
        const holding = among.filter((zone) => isWithin(asked, zone))
        const got = chosen(asked, ...among)
        if (holding.length === 0) return assert.strictEqual(got, "ZoneNotFound")
        assert.include(holding, got)
        assert.isTrue(holding.every((zone) => zone.length <= got.length))
      })
    )
  })
})

describe("record sets", () => {
  it("are equal in values as a set, TTL, proxied and comment", () => {
    const one = set("A", "192.0.2.1", "192.0.2.2")
    assert.isTrue(sameRecordSet(one, set("A", "192.0.2.2", "192.0.2.1", "192.0.2.2")))
    assert.isFalse(sameRecordSet(one, set("A", "192.0.2.1")))
    assert.isFalse(sameRecordSet(set("A", "192.0.2.1"), one))
    for (const other of [
      { ttl: undefined },
      { proxied: true },
      { comment: "x" },
      { name: "b.example.com" }
    ]) {
      assert.isFalse(sameRecordSet(one, { ...one, ...other }))
    }
  })

  it("satisfy a wish whoever owns them, with any TTL where the wish leaves it open", () => {
    const found = { ...set("A", "192.0.2.1"), comment: "foreign" }
    assert.isTrue(satisfies(found, set("A", "192.0.2.1")))
    assert.isTrue(satisfies(found, { ...set("A", "192.0.2.1"), ttl: undefined }))
    assert.isFalse(satisfies(found, { ...set("A", "192.0.2.1"), ttl: 60 }))
    assert.isFalse(satisfies(found, { ...set("A", "192.0.2.1"), proxied: true }))
    const proxied = { ...found, proxied: true, ttl: undefined }
    assert.isTrue(satisfies(proxied, { ...set("A", "192.0.2.1"), proxied: true, ttl: 60 }))
  })
})

describe("conflictsAt", () => {
  const types = (existing: ReadonlyArray<RecordSet>, wanted: RecordSet) =>
    conflictsAt(existing, wanted).map(({ type }) => type)

  it("keeps a CNAME alone, but for DNSSEC", () => {
    assert.deepStrictEqual(types([set("CNAME", "a.b")], set("A", "192.0.2.1")), ["CNAME"])
    assert.deepStrictEqual(types([set("CNAME", "a.b")], set("TXT", "x")), ["CNAME"])
    assert.deepStrictEqual(
      types([set("A", "192.0.2.1"), set("TXT", "x"), set("RRSIG", "x")], set("CNAME", "a.b")),
      ["A", "TXT"]
    )
    assert.deepStrictEqual(types([set("CNAME", "a.b")], set("CNAME", "c.d")), [])
    assert.deepStrictEqual(
      types([set("TXT", "x"), set("AAAA", "::1"), set("MX", "1 a.b")], set("A", "192.0.2.1")),
      []
    )
  })

  it("does not write addresses beside synthesised ones or under a delegation", () => {
    assert.deepStrictEqual(types([set("ALIAS", "a.b")], set("A", "192.0.2.1")), ["ALIAS"])
    assert.deepStrictEqual(types([set("NS", "ns.b")], set("A", "192.0.2.1")), ["NS"])
    assert.deepStrictEqual(types([set("NS", "ns.b"), set("SOA", "x")], set("A", "192.0.2.1")), [])
    assert.deepStrictEqual(types([set("NS", "ns.b")], set("TXT", "x")), [])
  })
})
