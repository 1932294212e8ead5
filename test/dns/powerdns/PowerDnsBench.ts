/** The contract's bench over a real PowerDNS server, spoken to past the client under test. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { RecordSet } from "../../../src/dns/DnsClient.ts"
import * as PowerDns from "../../../src/dns/powerdns/PowerDns.ts"
import { quoteText } from "../../../src/dns/Text.ts"
import { DnsBench } from "../../contract/DnsClientContract.ts"
import { HttpFaults, layerHttpFaults } from "../FaultyHttp.ts"
import { createZone, layerPowerDnsServer, PowerDnsServer, type RunningPowerDns } from "../PowerDnsServer.ts"

const zone = "example.test"

interface WireRrset {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly records: ReadonlyArray<{ readonly content: string }>
  readonly comments: ReadonlyArray<{ readonly content: string }>
}

/** As PowerDNS writes it. */
const content = (type: string, value: string) =>
  type === "TXT" ? quoteText(value) : type === "CNAME" || type === "MX" ? `${value}.` : value

/** Its own order changes from one answer to the next. */
const byContent = (a: WireRrset["records"][number], b: WireRrset["records"][number]) =>
  a.content < b.content ? -1 : 1

/** All record sets of its zones, a text each; of the SOA only the server itself knows the serial. */
export const everythingAt = (
  { api }: RunningPowerDns,
  zones: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>> =>
  Effect.forEach(zones, (name) =>
    Effect.map(api("GET", `/zones/${name}.`), ({ text }) =>
      (JSON.parse(text) as { rrsets: ReadonlyArray<WireRrset> }).rrsets
        .filter(({ records, type }) => type !== "SOA" && records.length > 0)
        .map((rrset) => JSON.stringify({ ...rrset, records: rrset.records.toSorted(byContent) }))
    )
  ).pipe(Effect.map((all) => all.flat().toSorted()))

const bench = Layer.effect(
  DnsBench,
  Effect.gen(function* () {
    const server = yield* PowerDnsServer
    const faults = yield* HttpFaults
    yield* createZone(zone)
    yield* createZone(`sub.${zone}`)
    const seed = (recordSet: RecordSet) =>
      server
        .api("PATCH", `/zones/${zone}.`, {
          rrsets: [
            {
              name: `${recordSet.name}.`,
              type: recordSet.type,
              ttl: recordSet.ttl,
              changetype: "REPLACE",
              records: recordSet.values.map((value) => ({ content: content(recordSet.type, value) })),
              comments:
                recordSet.comment === undefined ? [] : [{ content: recordSet.comment, account: "fabrik" }]
            }
          ]
        })
        .pipe(
          Effect.flatMap(({ status, text }) =>
            status === 204 ? Effect.void : Effect.die(new Error(`${status} ${text}`))
          )
        )
    return DnsBench.of({
      zone,
      seed,
      furnish: (name) =>
        Effect.asVoid(
          server.api("PATCH", `/zones/${zone}.`, {
            rrsets: [
              {
                name: `${name}.`,
                type: "A",
                ttl: 900,
                changetype: "REPLACE",
                records: [{ content: "198.51.100.8" }, { content: "198.51.100.7" }],
                comments: [
                  { content: "by hand", account: "ops", modified_at: 1700000000 },
                  { content: "rack 7", account: "dc", modified_at: 1700000001 }
                ]
              }
            ]
          })
        ),
      everything: everythingAt(server, [zone, `sub.${zone}`]),
      fail: ({ meanwhile, ...fault }) =>
        faults.fail({ ...fault, meanwhile: meanwhile === undefined ? Effect.void : seed(meanwhile) }),
      calm: faults.calm,
      writes: faults.writes,
      inPages: () => Effect.dieMessage("PowerDNS has no pages"),
      standing: (name) =>
        server.api("GET", `/zones/${zone}.?rrset_name=${encodeURIComponent(`${name}.`)}`).pipe(
          Effect.map(({ text }) =>
            (JSON.parse(text) as { rrsets: ReadonlyArray<WireRrset> }).rrsets
              .filter((rrset) => rrset.name === `${name}.`)
              .map((rrset) => ({
                name: rrset.name.slice(0, -1),
                type: rrset.type,
                ttl: rrset.ttl,
                values: rrset.records.map(({ content }) => content.replace(/(?<=[a-z])\.$/, "")),
                proxied: false,
                comment: rrset.comments[0]?.content
              }))
          )
        )
    })
  })
)

const client = Layer.unwrapEffect(
  Effect.gen(function* () {
    const { apiUrl, apiKey } = yield* PowerDnsServer
    const faults = yield* HttpFaults
    return PowerDns.layer({ apiUrl, apiKey: Redacted.make(apiKey), serverName: "localhost" }).pipe(
      Layer.provide(Layer.succeed(HttpClient.HttpClient, faults.client))
    )
  })
)

/** Client, bench and server. */
export const layerPowerDnsBench = Layer.mergeAll(bench, client).pipe(
  Layer.provide(layerHttpFaults),
  Layer.provideMerge(layerPowerDnsServer),
  Layer.provide(FetchHttpClient.layer)
)
