import { assert, describe } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createHmac } from "node:crypto"
import { createServer, type AddressInfo } from "node:net"
import { DnsClient, type RecordSet } from "../../../src/dns/DnsClient.ts"
import { encodeName, findTsig, sign, type TsigKey, u16, unsigned } from "../../../src/dns/rfc2136/Tsig.ts"
import { BindServer, hasBind } from "../BindServer.ts"
import { PowerDnsServer, powerDnsMissing } from "../PowerDnsServer.ts"
import { withLayer } from "../WithLayer.ts"
import { clientAt, key, layerBindUpdates, layerPowerDnsUpdates, secret, zone } from "./UpdateBenches.ts"

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
  withLayer(
    "and its signatures",
    () => layerPowerDnsUpdates,
    (test) => {
      test("[fault 18: TSIG and locked databases] a wrong secret, an unknown key and a port where nobody is are told apart", () =>
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
        test(`[fault 18: TSIG and locked databases] ${forgery === "genuine" ? "believes" : "does not believe"} an answer that is ${forgery}`, () =>
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
  withLayer(
    "and its refusals",
    () => layerBindUpdates,
    (test) =>
      test("[fault 18: TSIG and locked databases] are told apart by their TSIG errors", () =>
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
          const clock = Clock.make()
          const anHourAhead = Effect.map(clock.currentTimeMillis, (millis) => millis + 3_600_000)
          const late = yield* Effect.withClock(
            refusal({}),
            Object.assign(clock, { currentTimeMillis: anHourAhead })
          )
          assert.deepStrictEqual([late.reason, late.detail.slice(0, 7)], ["Unauthorized", "BADTIME"])
        }))
  )
})
