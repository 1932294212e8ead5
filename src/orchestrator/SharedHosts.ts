/** Hosts that several applications share, each below a path of its own: they need one record. */
import * as EffectArray from "effect/Array"
import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { isAddressing } from "../dns/Name.ts"
import * as Marker from "../engine/Marker.ts"
import { Owner } from "../engine/Owner.ts"
import type { ObservedDns, OrphanRecord } from "../kinds/DiffRecord.ts"

/**
 * Of records of ours those that nobody else needs to be reached: other applications may answer at the same host, below another path. One
 * request where there are any.
 */
export const withoutShared = Effect.fn("withoutShared")(function* (
  place: Marker.Named,
  records: ReadonlyArray<OrphanRecord>
) {
  if (records.length === 0) return { own: records, shared: [] }
  const coolify = yield* CoolifyClient
  const key = Marker.applicationKey(yield* Owner, place)
  const others = (yield* coolify.applications.list)
    .filter(({ description }) => Marker.parse(description)?.key !== key)
    .flatMap(({ domains }) => domains)
    .flatMap((url) => (URL.canParse(url) ? [new URL(url).hostname] : []))
  const [own, shared] = EffectArray.partition(
    records,
    ({ recordSet: { name, type } }) => isAddressing(type) && others.includes(name)
  )
  return { own, shared }
})

/** Of what stands at its domains the records of ours, as {@link withoutShared} parts them. */
export const ownRecords = Effect.fn("ownRecords")(function* (
  place: Marker.Named,
  dns: ReadonlyArray<ObservedDns>
) {
  const key = Marker.applicationKey(yield* Owner, place)
  const ours = dns.flatMap(({ recordSets, zone }) =>
    recordSets
      .filter((recordSet) => Marker.parse(recordSet.comment)?.key === key)
      .map((recordSet) => ({ zone, recordSet }))
  )
  return yield* withoutShared(place, ours)
})
