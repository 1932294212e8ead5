/** Parts of a zone that other name servers answer for: what is written below such a cut is never seen. */
import * as Effect from "effect/Effect"
import { DnsClient, type RecordSet, type Zone } from "../dns/DnsClient.ts"
import { ofType } from "../dns/Zone.ts"
import { RefusedError } from "../engine/DeployError.ts"
import type { ObservedDns } from "../kinds/DiffRecord.ts"

/** The names between the zone's apex and `name`, both left out, from the apex down. */
const namesBetween = (zone: Zone, name: string): ReadonlyArray<string> => {
  const below = name === zone.name ? [] : name.slice(0, -zone.name.length - 1).split(".")
  return below
    .map((_, index) => `${below.slice(index).join(".")}.${zone.name}`)
    .slice(1)
    .toReversed()
}

/** NS without SOA is a delegation (RFC 1034 section 4.2.1); a DNAME hands on all names below it (RFC 6672). */
const cutOf = (recordSets: ReadonlyArray<RecordSet>, isDomain: boolean): RecordSet | undefined =>
  ofType(recordSets, "SOA") !== undefined
    ? undefined
    : (ofType(recordSets, "NS") ?? (isDomain ? undefined : ofType(recordSets, "DNAME")))

/** Fails where a record at the domain would stand below a cut. One request for each name between zone and domain. */
export const refuseDelegated = Effect.fn("refuseDelegated")(function* ({
  name: domain,
  provider,
  recordSets,
  zone
}: ObservedDns) {
  const dns = yield* DnsClient
  const above = yield* Effect.forEach(
    namesBetween(zone, domain),
    (name) => Effect.map(dns.listAt(zone, name), (found) => cutOf(found, false)),
    { concurrency: 4 }
  )
  const cut = [...above, cutOf(recordSets, true)].find((found) => found !== undefined)
  if (cut === undefined) return
  const servers = cut.values.join(", ")
  return yield* new RefusedError({
    reason: "Delegated",
    detail:
      cut.type === "DNAME"
        ? `${cut.name} stands for ${servers} in the zone ${zone.name} (DNAME), and so does every name below it: a record for ${domain} would never be seen`
        : `${cut.name} is delegated in the zone ${zone.name} to ${servers} (NS): a record for ${domain} there would never be seen`,
    next:
      cut.type === "DNAME"
        ? `choose another domain, or remove the DNAME at ${provider}`
        : `give the credentials of the DNS provider that serves ${cut.name}, or remove the delegation at ${provider} if nothing uses it; with --skip-dns the record is left to you`
  })
})
