import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { answer, addressesOf, readQuery } from "../../../src/sandbox/dns/Answer.ts"
import * as DnsServer from "../../../src/sandbox/dns/DnsServer.ts"
import { type Zone } from "../../../src/sandbox/dns/Zone.ts"
import * as ZoneStore from "../../../src/sandbox/dns/ZoneStore.ts"
import * as Stored from "../../../src/sandbox/Stored.ts"
import { overTcp, overUdp, question, type Reply } from "./DnsQuery.ts"

const set = (name: string, type: string, ...contents: ReadonlyArray<string>) => ({
  name,
  type,
  ttl: 300,
  records: contents.map((content) => ({ content, disabled: false })),
  comments: []
})

const zone = (name: string, ...rrsets: Zone["rrsets"]): Zone => ({
  name,
  kind: "Native",
  account: "",
  rrsets: [
    { ...set(name, "SOA", `ns1.${name} hostmaster.${name} 1 10800 3600 604800 60`), ttl: 3600 },
    set(name, "NS", `ns1.${name}`),
    set(`ns1.${name}`, "A", "127.0.0.1"),
    ...rrsets
  ]
})

const zones: ReadonlyArray<Zone> = [
  zone(
    "example.com.",
    set("api.example.com.", "A", "192.0.2.1", "192.0.2.2"),
    set("api.example.com.", "TXT", '"a \\"quoted\\" text" "second"', '"\\065\\066"'),
    set("www.example.com.", "CNAME", "api.example.com."),
    set("away.example.com.", "CNAME", "elsewhere.test."),
    set("loop.example.com.", "CNAME", "loop.example.com."),
    set("dangling.example.com.", "CNAME", "nothing.example.com."),
    set("cross.example.com.", "CNAME", "host.example.org."),
    set("*.wild.example.com.", "A", "192.0.2.9"),
    set("set.wild.example.com.", "TXT", '"here"'),
    set("a.deep.branch.example.com.", "AAAA", "2001:db8::1"),
    set("mail.example.com.", "MX", "10 mx.example.com."),
    set("srv.example.com.", "SRV", "1 2 443 api.example.com."),
    set("caa.example.com.", "CAA", '0 issue "letsencrypt.org"'),
    set("sub.example.com.", "NS", "ns.sub.example.com."),
    set("ns.sub.example.com.", "A", "192.0.2.53"),
    set("big.example.com.", "TXT", ...Array.from({ length: 12 }, (_, i) => `"${String(i).repeat(100)}"`)),
    {
      ...set("off.example.com.", "A", "192.0.2.7"),
      records: [{ content: "192.0.2.7", disabled: true }]
    }
  ),
  zone("inner.example.com.", set("x.inner.example.com.", "A", "192.0.2.30")),
  zone("example.org.", set("host.example.org.", "A", "192.0.2.20"))
]

const server = Effect.gen(function* () {
  const store = yield* ZoneStore.make(yield* Stored.makeMemory(zones))
  return yield* DnsServer.serve({ store, faultFor: () => Effect.succeed(undefined) }, 0)
})

const ask = (name: string, type: string, options: Parameters<typeof question>[2] = {}) =>
  Effect.flatMap(server, (port) => overUdp(port, question(name, type, options)))

const soa = "example.com 60 SOA ns1.example.com min 60"

describe("answers over UDP", () => {
  const cases: ReadonlyArray<
    readonly [
      why: string,
      name: string,
      type: string,
      rcode: string,
      answers: ReadonlyArray<string>,
      auth?: ReadonlyArray<string>
    ]
  > = [
    [
      "all records of a set",
      "api.example.com",
      "A",
      "NOERROR",
      ["api.example.com 300 A 192.0.2.1", "api.example.com 300 A 192.0.2.2"]
    ],
    [
      "the asker's own case",
      "API.Example.com",
      "A",
      "NOERROR",
      ["API.Example.com 300 A 192.0.2.1", "API.Example.com 300 A 192.0.2.2"]
    ],
    ["no data, the SOA says for how long", "api.example.com", "AAAA", "NOERROR", [], [soa]],
    ["no such name, the SOA says for how long", "nope.example.com", "A", "NXDOMAIN", [], [soa]],
    ["a type that it does not know has no data", "api.example.com", "UNKNOWN_65", "NOERROR", [], [soa]],
    [
      "text, unescaped",
      "api.example.com",
      "TXT",
      "NOERROR",
      ["api.example.com 300 TXT AB", 'api.example.com 300 TXT a "quoted" text|second']
    ],
    [
      "an alias and what it leads to",
      "www.example.com",
      "A",
      "NOERROR",
      [
        "api.example.com 300 A 192.0.2.1",
        "api.example.com 300 A 192.0.2.2",
        "www.example.com 300 CNAME api.example.com"
      ]
    ],
    [
      "the alias itself",
      "www.example.com",
      "CNAME",
      "NOERROR",
      ["www.example.com 300 CNAME api.example.com"]
    ],
    [
      "an alias to a zone of somebody else",
      "away.example.com",
      "A",
      "NOERROR",
      ["away.example.com 300 CNAME elsewhere.test"]
    ],
    [
      "an alias to another zone of ours",
      "cross.example.com",
      "A",
      "NOERROR",
      ["cross.example.com 300 CNAME host.example.org", "host.example.org 300 A 192.0.2.20"]
    ],
    [
      "an alias to nothing",
      "dangling.example.com",
      "A",
      "NXDOMAIN",
      ["dangling.example.com 300 CNAME nothing.example.com"],
      [soa]
    ],
    [
      "a wildcard in place of a name that is not there",
      "any.wild.example.com",
      "A",
      "NOERROR",
      ["any.wild.example.com 300 A 192.0.2.9"]
    ],
    [
      "a wildcard at any depth",
      "a.b.wild.example.com",
      "A",
      "NOERROR",
      ["a.b.wild.example.com 300 A 192.0.2.9"]
    ],
    ["no wildcard for a name that is there", "set.wild.example.com", "A", "NOERROR", [], [soa]],
    ["no wildcard below a name that is there", "x.set.wild.example.com", "A", "NXDOMAIN", [], [soa]],
    ["a name with names below it is there", "branch.example.com", "A", "NOERROR", [], [soa]],
    [
      "IPv6",
      "a.deep.branch.example.com",
      "AAAA",
      "NOERROR",
      ["a.deep.branch.example.com 300 AAAA 2001:db8::1"]
    ],
    [
      "MX",
      "mail.example.com",
      "MX",
      "NOERROR",
      ['mail.example.com 300 MX {"preference":10,"exchange":"mx.example.com"}']
    ],
    [
      "SRV",
      "srv.example.com",
      "SRV",
      "NOERROR",
      ['srv.example.com 300 SRV {"priority":1,"weight":2,"port":443,"target":"api.example.com"}']
    ],
    ["the apex", "example.com", "NS", "NOERROR", ["example.com 300 NS ns1.example.com"]],
    ["the longest zone", "x.inner.example.com", "A", "NOERROR", ["x.inner.example.com 300 A 192.0.2.30"]],
    ["a disabled record is not there", "off.example.com", "A", "NXDOMAIN", [], [soa]]
  ]
  for (const [why, name, type, rcode, answers, authorities = []] of cases) {
    it.scopedLive(`${why}: ${name} ${type}`, () =>
      Effect.gen(function* () {
        const reply = yield* ask(name, type)
        assert.strictEqual(reply.rcode, rcode)
        assert.deepStrictEqual(reply.answers, answers)
        assert.deepStrictEqual(reply.authorities, authorities)
        assert.isTrue(reply.packet.flag_aa)
        assert.isFalse(reply.packet.flag_ra)
        assert.strictEqual(reply.packet.id, 4711)
      })
    )
  }

  it.scopedLive("a loop of aliases ends", () =>
    Effect.gen(function* () {
      const reply = yield* ask("loop.example.com", "A")
      assert.strictEqual(reply.rcode, "NOERROR")
    })
  )

  it.scopedLive("a delegated name is referred, without authority and with glue", () =>
    Effect.gen(function* () {
      const reply = yield* ask("www.sub.example.com", "A")
      assert.isFalse(reply.packet.flag_aa)
      assert.deepStrictEqual(reply.answers, [])
      assert.deepStrictEqual(reply.authorities, ["sub.example.com 300 NS ns.sub.example.com"])
      assert.strictEqual(reply.packet.additionals?.[0]?.type, "A")
    })
  )

  it.scopedLive("the addresses of name servers and services come along", () =>
    Effect.gen(function* () {
      const targets = (reply: Reply) =>
        (reply.packet.additionals ?? []).map((extra) => ("data" in extra ? extra.data : ""))
      assert.deepStrictEqual(targets(yield* ask("example.com", "NS")), ["127.0.0.1"])
      assert.deepStrictEqual(targets(yield* ask("srv.example.com", "SRV")), ["192.0.2.1", "192.0.2.2"])
      assert.deepStrictEqual(targets(yield* ask("mail.example.com", "MX")), [])
    })
  )

  it.scopedLive("outside of its zones it refuses, wanted recursion or not", () =>
    Effect.gen(function* () {
      for (const name of ["notexample.com", "com", "elsewhere.test"]) {
        const reply = yield* ask(name, "A", { rd: true })
        assert.strictEqual(reply.rcode, "REFUSED")
        assert.isFalse(reply.packet.flag_aa)
        assert.isTrue(reply.packet.flag_rd)
        assert.isFalse(reply.packet.flag_ra)
      }
    })
  )

  it.scopedLive("zone transfers are refused, other operations not implemented, noise is a format error", () =>
    Effect.gen(function* () {
      const port = yield* server
      assert.strictEqual((yield* overUdp(port, question("example.com", "AXFR"))).rcode, "REFUSED")
      assert.strictEqual(
        (yield* overUdp(port, question("example.com", "SOA", { opcode: 5 }))).rcode,
        "NOTIMP"
      )
      const noise = Buffer.concat([question("api.example.com", "A").subarray(0, 14), Buffer.from([0xff])])
      assert.strictEqual((yield* overUdp(port, noise)).rcode, "FORMERR")
      // An answer must never be answered.
      const answered = question("api.example.com", "A")
      answered.writeUInt16BE(0x8000, 2)
      assert.strictEqual(yield* Effect.flip(overUdp(port, answered, 300)), "no reply")
    })
  )
})

describe("size", () => {
  it.scopedLive("beyond 512 bytes it truncates, and TCP has the whole", () =>
    Effect.gen(function* () {
      const port = yield* server
      const short = yield* overUdp(port, question("big.example.com", "TXT"))
      assert.isTrue(short.packet.flag_tc)
      assert.deepStrictEqual(short.answers, [])
      const [whole] = yield* overTcp(port, [question("big.example.com", "TXT")])
      assert.isFalse(whole?.packet.flag_tc)
      assert.strictEqual(whole?.answers.length, 12)
    })
  )

  it.scopedLive("EDNS raises the limit, to 1232 bytes at most", () =>
    Effect.gen(function* () {
      const port = yield* server
      // Twelve strings of 100 bytes and more are beyond 1232 too.
      const still = yield* overUdp(port, question("big.example.com", "TXT", { edns: 4096 }))
      assert.isTrue(still.packet.flag_tc)
      assert.strictEqual(still.packet.additionals?.[0]?.type, "OPT")
      const small = yield* overUdp(port, question("api.example.com", "A", { edns: 1232 }))
      assert.isFalse(small.packet.flag_tc)
      assert.strictEqual(small.packet.additionals?.length, 1)
      const without = yield* overUdp(port, question("api.example.com", "A"))
      assert.strictEqual(without.packet.additionals?.length, 0)
    })
  )

  it.scopedLive("several questions over one TCP connection, in pieces", () =>
    Effect.gen(function* () {
      const port = yield* server
      const replies = yield* overTcp(
        port,
        [question("api.example.com", "A"), question("nope.example.com", "A")],
        true
      )
      assert.deepStrictEqual(replies.map((reply) => reply.rcode).toSorted(), ["NOERROR", "NXDOMAIN"])
    })
  )
})

it.scopedLive("a taken port fails with its code, and UDP is let go again", () =>
  Effect.gen(function* () {
    const port = yield* server
    const store = yield* ZoneStore.make(yield* Stored.makeMemory(zones))
    const second = yield* Effect.either(
      DnsServer.serve({ store, faultFor: () => Effect.succeed(undefined) }, port)
    )
    assert.strictEqual(
      Either.getLeft(second).pipe((left) => (left._tag === "Some" ? left.value.code : "")),
      "EADDRINUSE"
    )
  })
)

it("no bytes make it throw, and every answer carries the id of its question", () => {
  FastCheck.assert(
    FastCheck.property(
      FastCheck.uint8Array({ minLength: 0, maxLength: 80 }),
      FastCheck.constantFrom("", "api.example.com", "*.wild.example.com", "example.com"),
      (noise, name) => {
        const message = Buffer.concat([name === "" ? Buffer.alloc(0) : question(name, "A"), noise])
        const query = readQuery(message)
        if (query === undefined || query === "malformed") return
        const reply = answer(zones, query, "udp")
        assert.strictEqual(reply.readUInt16BE(0), message.readUInt16BE(0))
      }
    ),
    { numRuns: 500 }
  )
})

it("addresses are found through aliases and wildcards", () => {
  assert.deepStrictEqual(addressesOf(zones, "www.example.com"), ["192.0.2.1", "192.0.2.2"])
  assert.deepStrictEqual(addressesOf(zones, "q.wild.example.com."), ["192.0.2.9"])
  assert.deepStrictEqual(addressesOf(zones, "nope.example.com"), [])
  assert.deepStrictEqual(addressesOf(zones, "elsewhere.test"), [])
})
