/** What stands at the names of a spec, and what of fabrik's stands where the spec no longer has a name. */
import * as EffectArray from "effect/Array"
import * as Effect from "effect/Effect"
import { hostsOf } from "../appspec/Domain.ts"
import type { Spec } from "../appspec/Spec.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import { accountAt, DnsClient, type RecordSet, type Zone } from "../dns/DnsClient.ts"
import { noProvider } from "../dns/DnsDryRun.ts"
import { DnsError } from "../dns/DnsError.ts"
import { isAddressing } from "../dns/Name.ts"
import * as Marker from "../engine/Marker.ts"
import { Owner } from "../engine/Owner.ts"
import type { ObservedDns, OrphanRecord } from "../kinds/DiffRecord.ts"
import { withoutShared } from "./SharedHosts.ts"

/** What stands at each of the domains. */
export const observeDns = Effect.fn("observeDns")(function* ({ domains }: Pick<Spec, "domains">) {
  if (domains.length === 0) return []
  const dns = yield* DnsClient
  const hosts = hostsOf(domains)
  const zones = yield* dns.findZones(hosts)
  return yield* Effect.forEach(EffectArray.zip(hosts, zones), ([name, zone]) => observeAt(dns, zone, name), {
    concurrency: 4
  })
})

/** @param types as `listAt` takes them. */
export const observeAt = (
  dns: DnsClient["Type"],
  zone: Zone,
  name: string,
  types?: Parameters<DnsClient["Type"]["listAt"]>[2]
) =>
  Effect.map(dns.listAt(zone, name, types), (recordSets): ObservedDns => {
    const { capabilities, provider } = accountAt(dns, zone)
    const { automaticTtl, comments } = capabilities
    return { name, provider, comments, automaticTtl, zone, recordSets }
  })

export const isNowhere = ({ domains }: Pick<Spec, "domains">): boolean => domains.length === 0

/** A name and a type, at which the spec has a record. */
type Kept = Pick<RecordSet, "name" | "type">

/**
 * Records of ours that the spec no longer has: at names that the application answers for and, looked for `everywhere`, in
 * all zones of the account.
 */
export const observeOrphans = Effect.fn("observeOrphans")(function* (
  spec: Spec,
  application: Application | undefined,
  { everywhere, kept }: { readonly everywhere: boolean; readonly kept: ReadonlyArray<Kept> }
) {
  const dns = yield* DnsClient
  const owner = yield* Owner
  const key = Marker.applicationKey(owner, spec)
  const hosts = hostsOf(spec.domains)
  const formerNames = (application?.domains ?? [])
    .flatMap((url) => (URL.canParse(url) ? [new URL(url).hostname] : []))
    .filter((name) => !hosts.includes(name))
  if (isNowhere(spec) && dns.provider === noProvider) {
    if (formerNames.length === 0) return []
    return yield* new DnsError({
      provider: dns.provider,
      method: "findZone",
      reason: "BadConfig",
      detail: `no credentials of a DNS provider are set, and the record of ${formerNames.join(", ")} may be fabrik's to remove`
    })
  }
  // The domains' own are compared with what is wanted there.
  const isLeft = ({ comment, name, type }: RecordSet) =>
    Marker.parse(comment)?.key === key &&
    !(hosts.includes(name) && isAddressing(type)) &&
    !kept.some((one) => one.name === name && one.type === type)
  if (everywhere && dns.capabilities.comments) {
    const marked = yield* dns.listCommented(`${Marker.sign} - key=${key} `)
    return (yield* withoutShared(
      spec,
      marked.filter(({ recordSet }) => isLeft(recordSet))
    )).own
  }
  const found = yield* Effect.forEach(formerNames, (name) =>
    dns.findZone(name).pipe(
      Effect.flatMap((zone) =>
        Effect.map(dns.listAt(zone, name), (recordSets) =>
          recordSets.filter(isLeft).map((recordSet): OrphanRecord => ({ zone, recordSet }))
        )
      ),
      // A name in nobody's zone cannot have a record of ours.
      Effect.catchIf(
        (error) => error.reason === "ZoneNotFound",
        () => Effect.succeed([])
      )
    )
  )
  return (yield* withoutShared(spec, found.flat())).own
})
