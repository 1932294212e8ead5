/** The contract's bench over a real PowerDNS server, spoken to past the client under test. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { RecordSet } from "../../../src/dns/DnsClient.ts"
import * as PowerDns from "../../../src/dns/powerdns/PowerDns.ts"
import { DnsBench } from "../../contract/DnsClientContract.ts"
import { createZone, layerPowerDnsServer, PowerDnsServer } from "../PowerDnsServer.ts"

const zone = "example.test"

interface WireRrset {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly records: ReadonlyArray<{ readonly content: string }>
  readonly comments: ReadonlyArray<{ readonly content: string }>
}

const bench = Layer.effect(
  DnsBench,
  Effect.gen(function* () {
    const server = yield* PowerDnsServer
    yield* createZone(zone)
    yield* createZone(`sub.${zone}`)
    return DnsBench.of({
      zone,
      seed: (recordSet: RecordSet) =>
        server
          .api("PATCH", `/zones/${zone}.`, {
            rrsets: [
              {
                name: `${recordSet.name}.`,
                type: recordSet.type,
                ttl: recordSet.ttl,
                changetype: "REPLACE",
                records: recordSet.values.map((value) => ({
                  content: recordSet.type === "CNAME" ? `${value}.` : value
                })),
                comments:
                  recordSet.comment === undefined ? [] : [{ content: recordSet.comment, account: "fabrik" }]
              }
            ]
          })
          .pipe(
            Effect.flatMap(({ status, text }) =>
              status === 204 ? Effect.void : Effect.die(new Error(`${status} ${text}`))
            )
          ),
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
  Effect.map(PowerDnsServer, ({ apiUrl, apiKey }) =>
    PowerDns.layer({ apiUrl, apiKey: Redacted.make(apiKey), serverName: "localhost" })
  )
)

/** Client, bench and server. */
export const layerPowerDnsBench = Layer.mergeAll(bench, client).pipe(
  Layer.provideMerge(layerPowerDnsServer),
  Layer.provide(FetchHttpClient.layer)
)
