import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe } from "@effect/vitest"
import * as DnsPacket from "dns-packet"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createHmac } from "node:crypto"
import { createServer, type AddressInfo } from "node:net"
import { DnsClient, type RecordSet } from "../../../src/dns/DnsClient.ts"
import { rfc2136 } from "../../../src/dns/rfc2136/Provider.ts"
import { ask } from "../../../src/dns/rfc2136/Stream.ts"
import { encodeName, findTsig, sign, type TsigKey, u16, unsigned } from "../../../src/dns/rfc2136/Tsig.ts"
import { DnsBench, dnsClientContract } from "../../contract/DnsClientContract.ts"
import { BindServer, hasBind, layerBindServer } from "../BindServer.ts"
import { createZone, layerPowerDnsServer, PowerDnsServer, powerDnsMissing } from "../PowerDnsServer.ts"
import { markOf } from "../records/Account.ts"
import { withLayer } from "../WithLayer.ts"

const zone = "example.test"
const secret = Buffer.from("a key of thirty-two bytes, or so").toString("base64")
const key: TsigKey = { name: "fabrik-key", algorithm: "hmac-sha256", secret: Redacted.make(secret) }

interface Rrset {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly records: ReadonlyArray<{ readonly content: string }>
}

const content = (type: string, value: string) =>
  type === "TXT" ? JSON.stringify(value) : type === "CNAME" ? `${value}.` : value

/** PowerDNS takes updates (RFC 2136) as well; it is looked into and edited by its HTTP API. */
const bench = Layer.effect(
  DnsBench,
  Effect.gen(function* () {
    const { api } = yield* PowerDnsServer
    yield* api("POST", "/tsigkeys", { name: key.name, algorithm: key.algorithm, key: secret })
    for (const name of [zone, `sub.${zone}`]) {
      yield* createZone(name)
      yield* api("POST", `/zones/${name}./metadata`, { kind: "TSIG-ALLOW-DNSUPDATE", metadata: [key.name] })
      yield* api("PUT", `/zones/${name}.`, { master_tsig_key_ids: [`${key.name}.`] })
    }
    const patch = ({ name, ttl, type, values }: RecordSet) =>
      api("PATCH", `/zones/${zone}.`, {
        rrsets: [
          {
            name: `${name}.`,
            type,
            ttl,
            changetype: "REPLACE",
            records: values.map((value) => ({ content: content(type, value) }))
          }
        ]
      })
    const all = Effect.map(
      api("GET", `/zones/${zone}.`),
      ({ text }) => (JSON.parse(text) as { rrsets: ReadonlyArray<Rrset> }).rrsets
    )
    return DnsBench.of({
      zone,
      seed: (recordSet) =>
        Effect.gen(function* () {
          yield* patch(recordSet)
          if (recordSet.comment === undefined) return
          const mark = markOf(recordSet)
          yield* patch({ ...recordSet, name: mark.name, type: "TXT", values: [mark.value] })
        }),
      standing: (name) =>
        Effect.map(all, (rrsets) =>
          rrsets
            .filter((rrset) => rrset.name === `${name}.`)
            .map(({ records, ttl, type }) => {
              const values = records.map((record) => record.content.replace(/(?<=[a-z])\.$/, ""))
              const set = { name, type, ttl, values, proxied: false, comment: undefined }
              const mark = markOf({ ...set, comment: "" })
              const claim = rrsets
                .find((rrset) => rrset.name === `${mark.name}.` && rrset.type === "TXT")
                ?.records.map((record) => JSON.parse(record.content) as string)
                .find((value) => value.startsWith(mark.value))
              return { ...set, comment: claim?.slice(mark.value.length) }
            })
        )
    })
  })
)

const clientAt = (nameServer: string, given: { readonly secret?: string; readonly key?: string } = {}) =>
  Layer.unwrapEffect(
    Effect.promise(() =>
      rfc2136.make({
        RFC2136_NAMESERVER: nameServer,
        RFC2136_ZONES: `${zone}, sub.${zone}`,
        RFC2136_TSIG_KEY: given.key ?? key.name,
        RFC2136_TSIG_SECRET: Redacted.make(given.secret ?? secret)
      })
    )
  ).pipe(Layer.provide(FetchHttpClient.layer))

const layer = Layer.mergeAll(
  bench,
  Layer.unwrapEffect(Effect.map(PowerDnsServer, ({ dnsPort }) => clientAt(`127.0.0.1:${dnsPort}`)))
).pipe(Layer.provideMerge(layerPowerDnsServer))

/** Asked and updated by messages of the test's own, past the client. */
const bindBench = Layer.effect(
  DnsBench,
  Effect.map(BindServer, ({ port }) => {
    const server = { host: "127.0.0.1", port }
    const types = { A: 1, NS: 2, CNAME: 5, MX: 15, TXT: 16, AAAA: 28, ANY: 255 } as Record<string, number>
    const update = ({ name, ttl, type, values }: RecordSet) =>
      Effect.gen(function* () {
        const added = values.map((value) =>
          DnsPacket.encode({
            type: "response",
            answers: [{ name, type: type as "A", class: "IN", ttl: ttl ?? 300, data: value }]
          }).subarray(12)
        )
        const removed = [encodeName(name), u16(types[type] ?? 0), u16(255), Buffer.alloc(6)]
        const head = [9, 5 << 11, 1, 0, added.length + 1, 0].map(u16)
        const about = [encodeName(zone), u16(6), u16(1)]
        const message = Buffer.concat([...head, ...about, ...removed, ...added])
        const [reply] = yield* ask(
          server,
          sign(message, key, Math.floor(Date.now() / 1000)).bytes,
          () => true
        )
        assert.strictEqual(reply!.readUInt8(3) & 15, 0)
      }).pipe(Effect.orDie)
    const at = (name: string) =>
      Effect.map(
        Effect.orDie(
          ask(
            server,
            Buffer.concat([...[7, 0, 1, 0, 0, 0].map(u16), encodeName(name), u16(255), u16(1)]),
            () => true
          )
        ),
        ([reply]) =>
          (DnsPacket.decode(reply!).answers ?? []) as ReadonlyArray<{
            readonly type: string
            readonly ttl: number
            readonly data: string | ReadonlyArray<Buffer>
          }>
      )
    return DnsBench.of({
      zone,
      seed: (recordSet) =>
        Effect.gen(function* () {
          yield* update(recordSet)
          if (recordSet.comment === undefined) return
          const mark = markOf(recordSet)
          yield* update({ ...recordSet, name: mark.name, type: "TXT", values: [mark.value] })
        }),
      standing: (name) =>
        Effect.gen(function* () {
          const rows = yield* at(name)
          return yield* Effect.forEach([...new Set(rows.map(({ type }) => type))], (type) =>
            Effect.gen(function* () {
              const members = rows.filter((row) => row.type === type)
              const set: RecordSet = {
                name,
                type,
                ttl: members[0]!.ttl,
                values: members.map(({ data }) => String(data)),
                proxied: false,
                comment: undefined
              }
              const mark = markOf({ ...set, comment: "" })
              const claim = (yield* at(mark.name))
                .map(({ data }) => Buffer.concat([...(data as ReadonlyArray<Buffer>)]).toString())
                .find((value) => value.startsWith(mark.value))
              return { ...set, comment: claim?.slice(mark.value.length) }
            })
          )
        })
    })
  })
)

const bindLayer = Layer.mergeAll(
  bindBench,
  Layer.unwrapEffect(Effect.map(BindServer, ({ port }) => clientAt(`127.0.0.1:${port}`)))
).pipe(Layer.provideMerge(layerBindServer(key, [zone, `sub.${zone}`])))

/** As a server signs (RFC 8945, 4.3): over the question's MAC, too. */
const signReply = (reply: Buffer, by: TsigKey, seconds: number, asked: Buffer): Buffer => {
  const { bytes } = sign(reply, by, seconds)
  const time = Buffer.alloc(6)
  time.writeUIntBE(seconds, 0, 6)
  const variables = [encodeName(by.name), u16(255), Buffer.alloc(4), encodeName(by.algorithm), time]
  const signed = [u16(asked.length), asked, reply, ...variables, u16(300), u16(0), u16(0)]
  const secret = Buffer.from(Redacted.value(by.secret), "base64")
  createHmac("sha256", secret).update(Buffer.concat(signed)).digest().copy(findTsig(bytes)!.mac)
  return bytes
}

const wanted: RecordSet = {
  name: `api.${zone}`,
  type: "A",
  ttl: 120,
  values: ["192.0.2.10"],
  proxied: false,
  comment: "managed by fabrik - key=0123456789abcdef run=0123456789ab"
}
const absent = { _tag: "Absent" } as const

describe.skipIf(powerDnsMissing !== undefined)("RFC 2136 over a real server", () => {
  dnsClientContract("RFC 2136", () => layer)

  withLayer(
    "and its signatures",
    () => layer,
    (test) => {
      test("a wrong secret, an unknown key and a port where nobody is are told apart", () =>
        Effect.gen(function* () {
          const { dnsPort } = yield* PowerDnsServer
          const at = { id: zone, name: zone }
          const reason = (client: ReturnType<typeof clientAt>) =>
            Effect.map(
              Effect.flip(
                Effect.flatMap(DnsClient, (dns) => dns.put(at, wanted, absent)).pipe(Effect.provide(client))
              ),
              (error) => {
                assert.notInclude(JSON.stringify(error), secret)
                return error.reason
              }
            )
          const here = `127.0.0.1:${dnsPort}`
          // PowerDNS answers REFUSED to the first, BIND BADSIG.
          const wrong = yield* reason(clientAt(here, { secret: Buffer.from("another").toString("base64") }))
          assert.include(["Unauthorized", "Forbidden", "ZoneNotFound"], wrong)
          assert.include(
            ["Unauthorized", "Forbidden", "ZoneNotFound"],
            yield* reason(clientAt(here, { key: "nobody" }))
          )
          assert.strictEqual(yield* reason(clientAt("127.0.0.1:1")), "Unavailable")
          assert.strictEqual(yield* reason(clientAt("127.0.0.1:http")), "BadConfig")
        }))

      for (const forgery of [
        "unsigned",
        "signed with another key",
        "of another question",
        "of yesterday",
        "genuine"
      ] as const) {
        test(`${forgery === "genuine" ? "believes" : "does not believe"} an answer that is ${forgery}`, () =>
          Effect.scoped(
            Effect.gen(function* () {
              const server = yield* Effect.acquireRelease(
                Effect.async<ReturnType<typeof createServer>>((resume) => {
                  const started = createServer((socket) => {
                    socket.once("data", (data) => {
                      const question = data.subarray(2)
                      const tsig = findTsig(question)!
                      const reply = unsigned(question, tsig)
                      reply.writeUInt16BE(0x8400 | (reply.readUInt16BE(2) & 0x7800), 2)
                      const now = Math.floor(Date.now() / 1000)
                      const other = { ...key, secret: Redacted.make(Buffer.from("other").toString("base64")) }
                      const by = forgery === "signed with another key" ? other : key
                      const time = forgery === "of yesterday" ? now - 86_400 : now
                      const asked = forgery === "of another question" ? Buffer.alloc(32) : tsig.mac
                      const bytes = forgery === "unsigned" ? reply : signReply(reply, by, time, asked)
                      const length = Buffer.alloc(2)
                      length.writeUInt16BE(bytes.length)
                      socket.end(Buffer.concat([length, bytes]))
                    })
                  })
                  started.listen(0, "127.0.0.1", () => resume(Effect.succeed(started)))
                }),
                (started) => Effect.sync(() => started.close())
              )
              const { port } = server.address() as AddressInfo
              const exit = yield* Effect.either(
                Effect.flatMap(DnsClient, (dns) => dns.listAt({ id: zone, name: zone }, wanted.name)).pipe(
                  Effect.provide(clientAt(`127.0.0.1:${port}`))
                )
              )
              if (forgery === "genuine") return assert.strictEqual(exit._tag, "Right")
              assert.strictEqual(exit._tag === "Left" ? exit.left.reason : "believed", "BadResponse")
            })
          ))
      }
    }
  )
})

describe.skipIf(!hasBind)("RFC 2136 over BIND", () => {
  dnsClientContract("BIND", () => bindLayer)

  withLayer(
    "and its refusals",
    () => bindLayer,
    (test) =>
      test("are told apart by their TSIG errors", () =>
        Effect.gen(function* () {
          const { port } = yield* BindServer
          const refusal = (given: { readonly secret?: string; readonly key?: string }) =>
            Effect.flip(
              Effect.flatMap(DnsClient, (dns) => dns.put({ id: zone, name: zone }, wanted, absent)).pipe(
                Effect.provide(clientAt(`127.0.0.1:${port}`, given))
              )
            )
          const another = yield* refusal({ secret: Buffer.from("another").toString("base64") })
          assert.deepStrictEqual([another.reason, another.detail.slice(0, 6)], ["Unauthorized", "BADSIG"])
          const unknown = yield* refusal({ key: "nobody" })
          assert.deepStrictEqual([unknown.reason, unknown.detail.slice(0, 6)], ["Unauthorized", "BADKEY"])
        }))
  )
})
