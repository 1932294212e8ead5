/** `dns.records` as it is written. */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import { writtenOf } from "../../src/appspec/Spec.ts"
import { writeKeys } from "../../src/appspec/WriteSpec.ts"
import { schemaProblems } from "../support/SpecSchema.ts"

const base = (dns: string, domain = "domain: a.example.com") =>
  `name: a\n${domain}\nsource: { image: nginx }\nport: 80\ndns:\n${dns}`
const listed = (...records: ReadonlyArray<string>) =>
  base(`  records:\n${records.map((record) => `    - ${record}\n`).join("")}`)

const recordsOf = (text: string) => {
  const spec = Either.getOrThrowWith(parseSpec(text, "spec.yaml"), (error) => new Error(error.message))
  assert.deepStrictEqual(schemaProblems(text), [])
  const again = Either.getOrThrow(parseSpec(writeKeys(writtenOf(spec)), "spec.yaml"))
  assert.deepStrictEqual(again.dns, spec.dns, "what is written back is read as the same")
  return spec.dns.records
}

const problems = (text: string) => {
  const result = parseSpec(text, "spec.yaml")
  assert.isTrue(Either.isLeft(result), `accepted:\n${text}`)
  return Either.getOrThrow(Either.flip(result)).problems.map(
    ({ column, line, message }) => `${line}:${column} ${message}`
  )
}

describe("dns.records", () => {
  it("has short lines as in a zone file, and a long form; values of one name and type are one set", () => {
    assert.deepStrictEqual(
      recordsOf(
        listed(
          '"@ 300 IN MX 20 MX2.example.net."',
          '{ name: "@", type: MX, value: 10 mx1.example.net }',
          "_dmarc TXT v=DMARC1; p=none",
          "Mail.Example.Com. AAAA 2001:DB8:0::1",
          '"* A 203.0.113.7"',
          '{ name: _sip._tcp, type: SRV, value: "1 2 5060 bücher.example.net", ttl: 60 }',
          "c CAA 128 issue ca.example.net",
          "www CNAME www.example.net"
        )
      ),
      [
        { name: "@", type: "MX", values: ["20 mx2.example.net", "10 mx1.example.net"], ttl: 300 },
        { name: "_dmarc", type: "TXT", values: ["v=DMARC1; p=none"] },
        { name: "mail.example.com.", type: "AAAA", values: ["2001:db8::1"] },
        { name: "*", type: "A", values: ["203.0.113.7"] },
        { name: "_sip._tcp", type: "SRV", values: ["1 2 5060 xn--bcher-kva.example.net"], ttl: 60 },
        { name: "c", type: "CAA", values: ['128 issue "ca.example.net"'] },
        { name: "www", type: "CNAME", values: ["www.example.net"] }
      ]
    )
    assert.isUndefined(recordsOf(base("  records:")))
    assert.isUndefined(recordsOf(base("  records: []")))
  })

  it("takes a text as it is, or quoted in chunks as in a zone file", () => {
    const values = (value: string) =>
      recordsOf(listed(`{ name: t, type: TXT, value: ${value} }`))?.[0]?.values
    assert.deepStrictEqual(values('\'"v=DKIM1; " "p=a\\"b\\195\\188"\''), ['v=DKIM1; p=a"bü'])
    assert.deepStrictEqual(values('say "no"'), ['say "no"'])
    assert.deepStrictEqual(values('\'"\\"x"\''), ['"x'])
    assert.deepStrictEqual(values(`"${"x".repeat(400)}"`), ["x".repeat(400)])
    assert.deepStrictEqual(values("'\" led by spaces \"'"), [" led by spaces "])
  })

  it.each([
    ["mail", "`mail` is no record: a name, a type and a value"],
    ["mail NS ns.example.net", "fabrik does not write `NS` records"],
    ["{ name: mail, type: ns, value: x }", "fabrik does not write `ns` records"],
    ["mail A 2001:db8::1", "2001:db8::1 is not an IPv4 address"],
    ["mail 29 A 203.0.113.7", "a TTL is a number of seconds from 30 to 86400, not 29"],
    [
      "mail MX mx.example.net",
      "mx.example.net is not `PREFERENCE HOST`, numbers from 0 to 65535 and a host name"
    ],
    ["mail MX 10 mx", "`mx` is no full host name"],
    [
      "s SRV 1 2 host.example.net",
      "1 2 host.example.net is not `PRIORITY WEIGHT PORT HOST`, numbers from 0 to 65535 and a host name"
    ],
    ["c CAA 0 other x", '0 other x is not `FLAGS TAG "VALUE"`, e.g. 0 issue "letsencrypt.org"'],
    ["'t TXT \"open'", "a text that begins with a quote has to end with one"],
    [
      '{ name: t, type: TXT, value: "a\\tb" }',
      "a text cannot have line breaks or other characters that do not show"
    ],
    [`{ name: t, type: TXT, value: ${"x".repeat(2049)} }`, "the text has more than 2048 bytes"],
    ['"@ CNAME www.example.net"', "a CNAME cannot stand at the apex of a zone"],
    [
      "a.example.com. A 203.0.113.7",
      "a.example.com is a domain of the application, which has its own record"
    ],
    ["mail.example.com A 203.0.113.7", "`mail.example.com` is taken as a name below the zone"],
    ["mail.example.org. A 203.0.113.7", "`mail.example.org` is in the zone of none of the domains"],
    ["_fabrik-a.x TXT y", "names that begin with `_fabrik-` are for fabrik's own marks"],
    ["a..b A 203.0.113.7", "`a..b` cannot name a record"],
    ["{ name: mail, type: A, content: x }", ""]
  ])("refuses %s", (record, message) => {
    const [first = "", ...others] = problems(listed("ok A 203.0.113.1", record))
    assert.include(first, message)
    assert.match(first, /^8:/, "at its line")
    if (message !== "") assert.deepStrictEqual(others, [])
  })

  it("refuses at its place what cannot stand beside another one", () => {
    const dotted = "www.example.com. CNAME x.example.net"
    assert.deepStrictEqual(problems(listed("www A 203.0.113.7", "www CNAME x.example.net", dotted, dotted)), [
      "8:7 a CNAME stands alone at its name, and `www` has A records, too",
      "10:7 the CNAME record of `www.example.com.` stands here twice"
    ])
    assert.deepStrictEqual(problems(listed("www CNAME x.example.net", "www CNAME y.example.net")), [
      "8:7 `www` can have one CNAME only"
    ])
    assert.deepStrictEqual(problems(listed("w 60 A 203.0.113.7", "w 90 A 203.0.113.8")), [
      "8:7 the A records of `w` have one TTL together, and this is another one"
    ])
    assert.deepStrictEqual(problems(base('  target: x.example.net\n  records: ["a.example.com. TXT x"]')), [
      "7:13 a.example.com gets a CNAME record (`dns.target`), beside which nothing can stand"
    ])
    assert.deepStrictEqual(problems(base('  records: ["x TXT y"]', "domain: none")), [
      "5:1 `dns` is about the record of a domain, and there is none"
    ])
  })
})
