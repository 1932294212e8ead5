/** The contract's benches over name servers that take updates: PowerDNS, which its HTTP API looks into, and BIND. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert } from "@effect/vitest"
import * as DnsPacket from "dns-packet"
import * as EffectArray from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { RecordSet } from "../../../src/dns/DnsClient.ts"
import { rfc2136 } from "../../../src/dns/rfc2136/Provider.ts"
import { ask } from "../../../src/dns/rfc2136/Stream.ts"
import { encodeName, findTsig, sign, type TsigKey, u16, unsigned } from "../../../src/dns/rfc2136/Tsig.ts"
import { quoteText } from "../../../src/dns/Text.ts"
import { DnsBench } from "../../contract/DnsClientContract.ts"
import { BindServer, layerBindServer } from "../BindServer.ts"
import { everythingAt } from "../powerdns/PowerDnsBench.ts"
import { createZone, layerPowerDnsServer, PowerDnsServer } from "../PowerDnsServer.ts"
import { markOf } from "../records/Account.ts"
import { between } from "./Between.ts"

export const zone = "example.test"
export const secret = Buffer.from("a key of thirty-two bytes, or so").toString("base64")
export const key: TsigKey = { name: "fabrik-key", algorithm: "hmac-sha256", secret: Redacted.make(secret) }

/** What is between the client and the server. */
class Updates extends Context.Tag("fabrik/test/dns/rfc2136/UpdateBenches/Updates")<
  Updates,
  Effect.Effect.Success<ReturnType<typeof between>>
>() {}

const unpaged = { inPages: () => Effect.dieMessage("a transfer has no pages") }

/** There is nothing more to keep. */
const furnished = {
  type: "A",
  ttl: 900,
  values: ["198.51.100.8", "198.51.100.7"],
  proxied: false,
  comment: undefined
}

const dataOf = (type: string, value: string) => {
  if (type !== "MX") return { type: type as "A", data: value }
  const [preference = "0", exchange = ""] = value.split(" ")
  return { type, data: { preference: Number(preference), exchange } } as const
}

/** What a server is given past the client, each record set with its mark, and what goes wrong meanwhile. */
const seededBy = (
  put: (recordSet: RecordSet) => Effect.Effect<unknown>,
  { calm, fail, writes }: typeof Updates.Service
) => {
  const seed = (recordSet: RecordSet) =>
    Effect.gen(function* () {
      yield* put(recordSet)
      if (recordSet.comment === undefined) return
      const mark = markOf(recordSet)
      yield* put({ ...recordSet, name: mark.name, type: "TXT", values: [mark.value] })
    })
  return {
    calm,
    writes,
    seed,
    fail: ({ meanwhile, ...fault }: Parameters<DnsBench["Type"]["fail"]>[0]) =>
      fail({ ...fault, meanwhile: meanwhile === undefined ? Effect.void : seed(meanwhile) })
  }
}

interface Rrset {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly records: ReadonlyArray<{ readonly content: string }>
}

const content = (type: string, value: string) =>
  type === "TXT" ? quoteText(value) : type === "CNAME" || type === "MX" ? `${value}.` : value

/** PowerDNS takes updates (RFC 2136) as well; it is looked into and edited by its HTTP API. */
const bench = Layer.effect(
  DnsBench,
  Effect.gen(function* () {
    const server = yield* PowerDnsServer
    const { api } = server
    const updates = yield* Updates
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
      ...unpaged,
      ...seededBy(patch, updates),
      zone,
      furnish: (name) => Effect.asVoid(patch({ ...furnished, name })),
      everything: everythingAt(server, [zone, `sub.${zone}`]),
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

export const clientAt = (
  nameServer: string,
  given: { readonly secret?: string; readonly key?: string } = {}
) =>
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

/** The client speaks to the server through what has its updates meet faults. */
const client = Layer.unwrapEffect(Effect.map(Updates, ({ port }) => clientAt(`127.0.0.1:${port}`)))

/** Client, bench and PowerDNS. */
export const layerPowerDnsUpdates = Layer.mergeAll(bench, client).pipe(
  Layer.provide(
    Layer.scoped(
      Updates,
      Effect.flatMap(PowerDnsServer, ({ dnsPort }) => between(dnsPort))
    )
  ),
  Layer.provideMerge(layerPowerDnsServer)
)

/** Asked and updated by messages of the test's own, past the client. */
const bindBench = Layer.effect(
  DnsBench,
  Effect.gen(function* () {
    const { port } = yield* BindServer
    const updates = yield* Updates
    const server = { host: "127.0.0.1", port }
    const types = { A: 1, NS: 2, CNAME: 5, MX: 15, TXT: 16, AAAA: 28, ANY: 255 } as Record<string, number>
    const update = ({ name, ttl, type, values }: RecordSet) =>
      Effect.gen(function* () {
        const added = values.map((value) =>
          DnsPacket.encode({
            type: "response",
            answers: [{ name, class: "IN", ttl: ttl ?? 300, ...dataOf(type, value) }]
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
    /** A transfer of the zone (RFC 5936): a text for each record set but the SOA. */
    const transfer = (name: string) => {
      const question = Buffer.concat([...[8, 0, 1, 0, 0, 0].map(u16), encodeName(name), u16(252), u16(1)])
      const answersOf = (message: Buffer) =>
        DnsPacket.decode(unsigned(message, findTsig(message)!)).answers ?? []
      const soas = (message: Buffer) => answersOf(message).filter(({ type }) => type === "SOA").length
      return ask(
        server,
        sign(question, key, Math.floor(Date.now() / 1000)).bytes,
        (last, before) => [...before, last].reduce((sum, each) => sum + soas(each), 0) >= 2
      ).pipe(
        Effect.orDie,
        Effect.map((messages) => {
          const records = messages.flatMap(answersOf).filter(({ type }) => type !== "SOA")
          const sets = EffectArray.groupBy(records, (record) => `${record.name} ${record.type}`)
          return Object.values(sets).map((members) =>
            JSON.stringify(members.map((record) => JSON.stringify(record)).toSorted())
          )
        })
      )
    }
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
      ...unpaged,
      ...seededBy(update, updates),
      zone,
      furnish: (name) => update({ ...furnished, name }),
      everything: Effect.map(Effect.forEach([zone, `sub.${zone}`], transfer), (all) => all.flat().toSorted()),
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

/** Client, bench and BIND. */
export const layerBindUpdates = Layer.mergeAll(bindBench, client).pipe(
  Layer.provide(
    Layer.scoped(
      Updates,
      Effect.flatMap(BindServer, ({ port }) => between(port))
    )
  ),
  Layer.provideMerge(layerBindServer(key, [zone, `sub.${zone}`]))
)
