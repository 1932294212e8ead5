import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import {
  canonicalValue,
  isWithin,
  normalizeName,
  recordTypeFor,
  valueProblem,
  zoneCandidates
} from "../../src/dns/Name.ts"

describe("normalizeName", () => {
  it("does not convert what is far too long for a name", () => {
    const text = Array.from({ length: 60_000 }, (_, index) =>
      String.fromCodePoint(0x4e00 + (index % 20_000))
    ).join("")
    const started = process.cpuUsage()
    assert.deepStrictEqual(normalizeName(text), Option.none())
    assert.isBelow(process.cpuUsage(started).user / 1000, 200)
  })

  for (const [text, name] of [
    ["Example.COM", "example.com"],
    ["example.com.", "example.com"],
    ["bücher.de", "xn--bcher-kva.de"],
    ["straße.de", "xn--strae-oqa.de"],
    ["_fabrik.Bücher.de", "_fabrik.xn--bcher-kva.de"],
    ["*.example.com", "*.example.com"],
    ["example。com", "example.com"],
    ["a-1.example.com", "a-1.example.com"],
    ["localhost", "localhost"]
  ] as const) {
    it(`makes ${name} of ${text}`, () => assert.deepStrictEqual(normalizeName(text), Option.some(name)))
  }

  for (const text of [
    "",
    ".",
    "example..com",
    ".example.com",
    "example.com..",
    "192.0.2.1",
    "192.168.1",
    "0x7f.1",
    "2001:db8::1",
    "a.*.example.com",
    "*",
    "*example.com",
    "exa mple.com",
    "example.com/path",
    "user@example.com",
    "%2e.com",
    "-a.example.com",
    "a-.example.com",
    `${"a".repeat(64)}.com`,
    Array.from({ length: 64 }, () => "abc").join(".")
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 30))}`, () =>
      assert.isTrue(Option.isNone(normalizeName(text))))
  }

  it("is idempotent, and its results are names of letters, digits, - and _", () =>
    FastCheck.assert(
      FastCheck.property(
        FastCheck.oneof(FastCheck.domain(), FastCheck.string(), FastCheck.webAuthority()),
        (text) =>
          Option.match(normalizeName(text), {
            onNone: () => true,
            onSome: (name) => {
              assert.match(name, /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/)
              assert.deepStrictEqual(normalizeName(name), Option.some(name))
              assert.deepStrictEqual(normalizeName(`${name}.`.toUpperCase()), Option.some(name))
              return true
            }
          })
      )
    ))
})

describe("names and values", () => {
  it("asks for zones from the longest, and for no top-level domain", () => {
    assert.deepStrictEqual(zoneCandidates("a.b.example.com"), [
      "a.b.example.com",
      "b.example.com",
      "example.com"
    ])
    assert.deepStrictEqual(zoneCandidates("*.example.com"), ["example.com"])
    assert.deepStrictEqual(zoneCandidates("localhost"), ["localhost"])
  })

  it("knows the type for a target", () => {
    assert.deepStrictEqual(["192.0.2.1", "2001:db8::1", "host.example.com"].map(recordTypeFor), [
      "A",
      "AAAA",
      "CNAME"
    ])
  })

  it("holds a name within a zone on label boundaries only", () => {
    assert.isTrue(isWithin("example.com", "example.com"))
    assert.isTrue(isWithin("a.example.com", "example.com"))
    assert.isFalse(isWithin("notexample.com", "example.com"))
    assert.isFalse(isWithin("com", "example.com"))
  })

  it("compares values by what they mean", () => {
    assert.strictEqual(canonicalValue("AAAA", "2001:DB8:0::0:1"), "2001:db8::1")
    assert.strictEqual(canonicalValue("CNAME", "Host.Example.com."), "host.example.com")
    assert.strictEqual(canonicalValue("MX", "10 Mail.example.com."), "10 mail.example.com")
    assert.strictEqual(canonicalValue("MX", "0 ."), "0 .")
    assert.strictEqual(canonicalValue("TXT", "Keep. "), "Keep. ")
  })

  it("knows one value in the spellings of several providers", () => {
    assert.strictEqual(canonicalValue("SRV", "1\t2 443  Host.Example.com."), "1 2 443 host.example.com")
    assert.strictEqual(canonicalValue("MX", "0 ."), "0 .")
    assert.strictEqual(canonicalValue("CAA", "0 Issue letsencrypt.org"), '0 issue "letsencrypt.org"')
    assert.strictEqual(
      canonicalValue("CAA", '128 iodef "mailto:A@example.com"'),
      '128 iodef "mailto:A@example.com"'
    )
  })

  it("refuses values of the wrong kind", () => {
    assert.isString(valueProblem("A", "2001:db8::1"))
    assert.isString(valueProblem("A", "192.0.2.01"))
    assert.isString(valueProblem("AAAA", "fe80::1%eth0"))
    assert.isString(valueProblem("CNAME", "192.0.2.1"))
    assert.isString(valueProblem("NS", "ns.example.com"))
    for (const [type, good, ...bad] of [
      [
        "MX",
        "10 mx.example.com",
        "mx.example.com",
        "10 192.0.2.1",
        "65536 mx.example.com",
        "1 2 mx.example.com"
      ],
      [
        "SRV",
        "0 0 443 host.example.com",
        "0 443 host.example.com",
        "0 0 -1 host.example.com",
        "0 0 443 ho st"
      ],
      [
        "CAA",
        '0 issue "ca.example.net"',
        "issue ca.example.net",
        '256 issue "ca"',
        '0 other "ca"',
        '0 issue "a"b"'
      ]
    ] as const) {
      assert.isUndefined(valueProblem(type, good))
      for (const one of bad) assert.isString(valueProblem(type, one), one)
    }
    assert.isUndefined(valueProblem("MX", "0 ."))
    assert.isUndefined(valueProblem("CNAME", "host.example.com."))
  })
})
