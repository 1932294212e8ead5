import { assert, describe, it } from "@effect/vitest"
import * as DnsPacket from "dns-packet"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { createSocket, type Socket } from "node:dgram"
import { AuthoritativeDns } from "../../src/dns/AuthoritativeDns.ts"
import { type AuthoritativeDnsOptions, layer } from "../../src/dns/AuthoritativeDnsLive.ts"
import { awaitAuthoritative } from "../../src/dns/AwaitAuthoritative.ts"
import { DnsClient, type RecordSet } from "../../src/dns/DnsClient.ts"
import { answerTo, fakeNameServer, record, type Respond } from "./FakeNameServer.ts"
import { layerPowerDnsBench } from "./powerdns/PowerDnsBench.ts"
import { PowerDnsServer, powerDnsMissing } from "./PowerDnsServer.ts"

const zone = "example.test"
const name = "api.example.test"
const good: Respond = (query) => [answerTo(query, { answers: [record(query.name, "A", "192.0.2.10")] })]

const ask = (options: AuthoritativeDnsOptions, type: "A" | "AAAA" | "CNAME" = "A") =>
  AuthoritativeDns.pipe(
    Effect.flatMap((dns) => dns.ask(zone, name, type)),
    Effect.provide(layer(options))
  )

/** One name server that answers so. */
const askOne = (respond: Respond, type: "A" | "AAAA" | "CNAME" = "A") =>
  Effect.gen(function* () {
    const server = yield* fakeNameServer(respond)
    const [answer, ...more] = yield* ask({ nameServers: [server] }, type)
    assert.lengthOf(more, 0)
    assert.strictEqual(answer!.server, `127.0.0.1:${server.port}`)
    return { outcome: answer!.outcome, values: answer!.values, seen: server.seen }
  })

describe("[fault 16: propagation] AuthoritativeDnsLive asks a name server", () => {
  it.scopedLive("once, without recursion, with an EDNS size of 1232", () =>
    Effect.gen(function* () {
      const { outcome, values, seen } = yield* askOne(good)
      assert.deepStrictEqual([outcome, values], ["answer", ["192.0.2.10"]])
      assert.lengthOf(seen, 1)
      assert.deepInclude(seen[0], { name, type: "A", recursionDesired: false, udpPayloadSize: 1232 })
    })
  )

  const cases: ReadonlyArray<readonly [string, Respond, string, ReadonlyArray<string>]> = [
    [
      "REFUSED, as a lame server says",
      (query) => [answerTo(query, { rcode: 5, authoritative: false })],
      "refused",
      []
    ],
    ["SERVFAIL", (query) => [answerTo(query, { rcode: 2 })], "server-failure", []],
    ["NXDOMAIN", (query) => [answerTo(query, { rcode: 3 })], "no-such-name", []],
    ["NOERROR without records", (query) => [answerTo(query)], "no-data", []],
    [
      "an answer without AA, as a cache gives it",
      (query) => [
        answerTo(query, { authoritative: false, answers: [record(query.name, "A", "192.0.2.10")] })
      ],
      "not-authoritative",
      []
    ],
    [
      "a CNAME where an address was asked for",
      (query) => [
        answerTo(query, {
          answers: [
            record(query.name, "CNAME", "Old.example.net"),
            record("old.example.net", "A", "192.0.2.10")
          ]
        })
      ],
      "answer",
      ["old.example.net"]
    ],
    [
      "a CNAME to a name that does not exist",
      (query) => [answerTo(query, { rcode: 3, answers: [record(query.name, "CNAME", "gone.example.test")] })],
      "answer",
      ["gone.example.test"]
    ]
  ]
  for (const [what, respond, outcome, values] of cases) {
    it.scopedLive(`and understands ${what}`, () =>
      Effect.gen(function* () {
        const answer = yield* askOne(respond)
        assert.deepStrictEqual([answer.outcome, answer.values], [outcome, values])
      })
    )
  }

  it.scopedLive("again over TCP when the answer was cut", () =>
    Effect.gen(function* () {
      const { outcome, values, seen } = yield* askOne((query) =>
        query.transport === "udp"
          ? [answerTo(query, { truncated: true, answers: [record(query.name, "A", "192.0.2.99")] })]
          : good(query)
      )
      assert.deepStrictEqual([outcome, values], ["answer", ["192.0.2.10"]])
      assert.deepStrictEqual(
        seen.map(({ transport }) => transport),
        ["udp", "tcp"]
      )
    })
  )

  it.scopedLive("and passes over a wrong id, a wrong question and noise before the true answer", () =>
    Effect.gen(function* () {
      const forged = [record(name, "A", "203.0.113.66")]
      const { values } = yield* askOne((query) => [
        answerTo(query, { id: query.id ^ 1, answers: forged }),
        answerTo(query, { name: "other.example.test", answers: forged }),
        Buffer.from("noise"),
        ...good(query)
      ])
      assert.deepStrictEqual(values, ["192.0.2.10"])
    })
  )

  it.scopedLive("and takes nothing from another port", () =>
    Effect.gen(function* () {
      const forger = yield* Effect.acquireRelease(
        Effect.async<Socket>((resume) => {
          const socket = createSocket("udp4")
          // Bound beforehand, or its first packet would come after the true answer.
          socket.bind(0, "127.0.0.1", () => resume(Effect.succeed(socket)))
        }),
        (socket) => Effect.sync(() => socket.close())
      )
      const { values } = yield* askOne((query) => {
        const forged = answerTo(query, { answers: [record(query.name, "A", "203.0.113.66")] })
        forger.send(DnsPacket.encode(forged), query.port, "127.0.0.1")
        return good(query)
      })
      assert.deepStrictEqual(values, ["192.0.2.10"])
    })
  )

  it.scopedLive("that is dead, and says so", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(Effect.map(fakeNameServer(good), (server) => server.port))
      const [answer] = yield* ask({ nameServers: [{ host: "127.0.0.1", port }] })
      assert.strictEqual(answer!.outcome, "no-reply")
    })
  )

  it.scopedLive("and lets go of it when interrupted", () =>
    Effect.gen(function* () {
      const server = yield* fakeNameServer(() => [])
      const fiber = yield* Effect.fork(ask({ nameServers: [server] }))
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => server.seen.length > 0 })
      const [took] = yield* Effect.timed(Fiber.interrupt(fiber))
      assert.isTrue(Duration.lessThan(took, "1 second"))
    })
  )
})

describe("AuthoritativeDnsLive finds the name servers of a zone", () => {
  it.scopedLive("[fault 16: propagation] all of them, and shows a split brain", () =>
    Effect.gen(function* () {
      const first = yield* fakeNameServer(good, { host: "127.0.0.11" })
      const second = yield* fakeNameServer(
        (query) => [answerTo(query, { answers: [record(query.name, "A", "198.51.100.1")] })],
        { host: "127.0.0.12", port: first.port }
      )
      const resolver = yield* fakeNameServer((query) => {
        const answers =
          query.type === "NS"
            ? [
                record(zone, "NS", "ns1.example.test"),
                record(zone, "NS", "ns2.example.test"),
                record(zone, "NS", "ns3.example.test")
              ]
            : query.type === "A" && query.name === "ns1.example.test"
              ? [record(query.name, "A", first.host)]
              : query.type === "A" && query.name === "ns2.example.test"
                ? [record(query.name, "A", second.host)]
                : []
        return [answerTo(query, { authoritative: false, answers })]
      })
      const answers = yield* ask({ bootstrap: [resolver], port: first.port })
      assert.deepStrictEqual(answers, [
        { server: `ns1.example.test (127.0.0.11:${first.port})`, outcome: "answer", values: ["192.0.2.10"] },
        {
          server: `ns2.example.test (127.0.0.12:${first.port})`,
          outcome: "answer",
          values: ["198.51.100.1"]
        },
        { server: "ns3.example.test (no address)", outcome: "no-reply", values: [] }
      ])
      assert.isTrue(resolver.seen.every(({ recursionDesired }) => recursionDesired))
      assert.notInclude(
        resolver.seen.map((query) => query.name),
        name,
        "a resolver must never hear the record's own name"
      )
    })
  )

  it.scopedLive("from the next resolver when one fails", () =>
    Effect.gen(function* () {
      const server = yield* fakeNameServer(good, { host: "127.0.0.11" })
      const broken = yield* fakeNameServer((query) => [answerTo(query, { rcode: 2 })])
      const resolver = yield* fakeNameServer((query) => [
        answerTo(query, {
          answers:
            query.type === "NS"
              ? [record(zone, "NS", "ns1.example.test")]
              : query.type === "A"
                ? [record(query.name, "A", server.host)]
                : []
        })
      ])
      const answers = yield* ask({ bootstrap: [broken, resolver], port: server.port })
      assert.deepStrictEqual(
        answers.map(({ outcome }) => outcome),
        ["answer"]
      )
    })
  )

  it.scopedLive(
    "[fault 17: resolvers and proxies] and tells signatures that do not hold from a name that is not there, and from a resolver that fails",
    () =>
      Effect.gen(function* () {
        const bogusAt = (respond: Respond) =>
          Effect.gen(function* () {
            const resolver = yield* fakeNameServer(respond)
            const dns = yield* Effect.provide(AuthoritativeDns, layer({ bootstrap: [resolver] }))
            const told = yield* dns.bogusAt(name, "A")
            return [
              told === `127.0.0.1:${resolver.port}`,
              resolver.seen.map((query) => query.checkingDisabled)
            ]
          })
        const failing: Respond = (query) => [answerTo(query, { rcode: 2, authoritative: false })]
        const validating: Respond = (query) => (query.checkingDisabled ? good(query) : failing(query))
        assert.deepStrictEqual(yield* bogusAt(validating), [true, [false, true]])
        assert.deepStrictEqual(yield* bogusAt(failing), [false, [false, true]])
        assert.deepStrictEqual(yield* bogusAt((query) => [answerTo(query, { rcode: 3 })]), [false, [false]])
        assert.deepStrictEqual(yield* bogusAt(good), [false, [false]])
      })
  )

  it.scopedLive("or says that the zone is not delegated, or that no resolver works", () =>
    Effect.gen(function* () {
      const empty = yield* fakeNameServer((query) => [answerTo(query, { rcode: 3 })])
      const undelegated = yield* Effect.flip(ask({ bootstrap: [empty] }))
      assert.include(undelegated.message, "not delegated")
      const broken = yield* fakeNameServer((query) => [answerTo(query, { rcode: 2 })])
      const failed = yield* Effect.flip(ask({ bootstrap: [broken] }))
      assert.include(failed.message, "rcode 2")
    })
  )
})

describe.skipIf(powerDnsMissing !== undefined)("AuthoritativeDnsLive over a real PowerDNS", () => {
  it.scopedLive("sees a record as soon as it is written, changed and removed", () =>
    Effect.gen(function* () {
      const { dnsPort } = yield* PowerDnsServer
      const dns = yield* DnsClient
      const at = yield* dns.findZone(name)
      const nameServers = [{ host: "127.0.0.1", port: dnsPort }]
      const answer = (type: "A" | "AAAA" | "CNAME" = "A") =>
        Effect.map(ask({ nameServers }, type), ([each]) => [each!.outcome, ...each!.values])
      assert.deepStrictEqual(yield* answer(), ["no-such-name"])

      const wanted: RecordSet = {
        name,
        type: "A",
        ttl: 60,
        values: ["192.0.2.10"],
        proxied: false,
        comment: undefined
      }
      yield* dns.put(at, wanted, { _tag: "Absent" })
      yield* awaitAuthoritative({ zone, record: wanted, deadline: Duration.seconds(20) }).pipe(
        Effect.provide(layer({ nameServers }))
      )
      assert.deepStrictEqual(yield* answer(), ["answer", "192.0.2.10"])
      assert.deepStrictEqual(yield* answer("AAAA"), ["no-data"])

      yield* dns.remove(at, wanted)
      const cname = { ...wanted, type: "CNAME", values: ["ns1.example.test"] }
      yield* dns.put(at, cname, { _tag: "Absent" })
      assert.deepStrictEqual(yield* answer("CNAME"), ["answer", "ns1.example.test"])
      assert.deepStrictEqual(yield* answer(), ["answer", "ns1.example.test"])
      yield* dns.remove(at, cname)
    }).pipe(Effect.provide(layerPowerDnsBench))
  )

  it.scopedLive("finds the delegation in PowerDNS itself and gets REFUSED for a zone it does not hold", () =>
    Effect.gen(function* () {
      const { dnsPort } = yield* PowerDnsServer
      const server = { host: "127.0.0.1", port: dnsPort }
      const found = yield* ask({ bootstrap: [server], port: dnsPort })
      assert.deepStrictEqual(
        found.map(({ server, outcome }) => [server, outcome]),
        [[`ns1.example.test (127.0.0.1:${dnsPort})`, "no-such-name"]]
      )
      const foreign = yield* AuthoritativeDns.pipe(
        Effect.flatMap((dns) => dns.ask("example.org", "www.example.org", "A")),
        Effect.provide(layer({ nameServers: [server] }))
      )
      assert.deepStrictEqual(
        foreign.map(({ outcome }) => outcome),
        ["refused"]
      )
    }).pipe(Effect.provide(layerPowerDnsBench))
  )
})
