/** The records of `dns.records`: where they stand, what is there, and what is to be. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { NamedRecords } from "../appspec/sections/Records.ts"
import type { Spec } from "../appspec/Spec.ts"
import { accountAt, DnsClient, type RecordSet, type Zone, type ZoneRecord } from "../dns/DnsClient.ts"
import { isAddressing, isWithin, normalizeName, recordTypes } from "../dns/Name.ts"
import { ofType, problemWith } from "../dns/Zone.ts"
import { RefusedError } from "../engine/DeployError.ts"
import * as Marker from "../engine/Marker.ts"
import { Owner } from "../engine/Owner.ts"
import type { ObservedDns } from "../kinds/DiffRecord.ts"
import { record } from "../kinds/Record.ts"
import { releaseIn } from "../kinds/VariableComment.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import { shortName } from "./Blueprint.ts"
import { refuseDelegated } from "./Delegation.ts"
import { observeAt } from "./ObserveDns.ts"

/** A record set of `dns.records`, at its absolute name, and what stands there. */
export interface Further {
  readonly want: NamedRecords
  readonly found: ObservedDns
}

const unsendable = (detail: string, next: string) => new RefusedError({ reason: "Unsendable", detail, next })

/** The record set at its absolute name, in the longest zone of the domains that holds it. */
const placed = (want: NamedRecords, hosts: ReadonlyArray<ObservedDns>) =>
  Either.gen(function* () {
    const main = hosts[0]?.zone.name ?? ""
    const isFull = want.name.endsWith(".")
    const written = isFull ? want.name : want.name === "@" ? main : `${want.name}.${main}`
    const name = yield* Either.fromOption(normalizeName(written), () =>
      unsendable(`the name ${written} of \`dns.records\` is too long`, "shorten it")
    )
    const [zone] = hosts
      .map((host) => host.zone)
      .filter((one) => isWithin(name, one.name))
      .toSorted((a, b) => b.name.length - a.name.length)
    if (zone !== undefined) return { want: { ...want, name }, zone }
    const zones = [...new Set(hosts.map((host) => host.zone.name))].join(", ")
    return yield* Either.left(
      unsendable(
        `${name} of \`dns.records\` is in no zone of the domains (${zones})`,
        "write names in these zones alone, or add a domain of the other one"
      )
    )
  })

/** Why the provider would not take it, as far as that is known before it is asked. */
const refuseUnsayable = (
  { want, zone }: { readonly want: NamedRecords; readonly zone: Zone },
  { capabilities, provider }: Pick<DnsClient["Type"], "capabilities" | "provider">
): Effect.Effect<void, RefusedError> => {
  const { name, ttl, type, values } = want
  const at = `the ${type} record of ${name} (\`dns.records\`)`
  if (capabilities.lacks?.includes(type) === true) {
    return unsendable(
      `${at} cannot be written: ${provider} takes no ${type} records over its API`,
      `make it by hand at ${provider}, and take it out of the spec`
    )
  }
  if (ttl !== undefined && ttl < capabilities.minTtl) {
    return unsendable(
      `${at} has a TTL of ${ttl} seconds, and ${provider} takes none under ${capabilities.minTtl}`,
      `give it ${capabilities.minTtl} or more`
    )
  }
  const problem = problemWith(zone, { name, type, ttl, values, proxied: false, comment: undefined })
  return problem === undefined
    ? Effect.void
    : unsendable(`${at} cannot be written: ${problem.detail}`, "correct it in the spec")
}

/** One request for each name that is no domain's, and those that tell of a delegation above it. */
export const observeFurther = Effect.fn("observeFurther")(function* (
  spec: Spec,
  hosts: ReadonlyArray<ObservedDns>
) {
  const records = spec.dns.records ?? []
  if (records.length === 0 || hosts.length === 0) return []
  const dns = yield* DnsClient
  const all = yield* Effect.forEach(records, (one) => placed(one, hosts))
  yield* Effect.forEach(all, (one) => refuseUnsayable(one, accountAt(dns, one.zone)), { discard: true })
  const names = [...new Map(all.map(({ want, zone }) => [want.name, zone]))]
  const found = yield* Effect.forEach(
    names,
    ([name, zone]) =>
      Effect.gen(function* () {
        const types = all.flatMap(({ want }) => (want.name === name ? [want.type] : []))
        const here = yield* observeAt(dns, zone, name, types)
        if (!hosts.some((host) => host.name === name)) yield* refuseDelegated(here)
        return here
      }),
    { concurrency: 4 }
  )
  return all.flatMap(({ want }): ReadonlyArray<Further> =>
    found.flatMap((one) => (one.name === want.name ? [{ want, found: one }] : []))
  )
})

const noteOf = ({ name, type }: Pick<RecordSet, "name" | "type">): string =>
  shortName(record.name, `${name} ${type}`)

const isNote = (noted: string): boolean => noted.startsWith(shortName(record.name, "").slice(0, 1))

/**
 * What the release tells of them: those that are fabrik's. One that somebody else has made just so is used, and stays theirs.
 * @param further `undefined`: DNS is left alone, and so is what was noted.
 */
export const notesOf = (
  further: ReadonlyArray<Further> | undefined,
  had: ReadonlyArray<string>,
  key: string
): ReadonlyArray<string> =>
  further === undefined
    ? had.filter(isNote)
    : further.flatMap(({ found, want }) => {
        const before = ofType(found.recordSets, want.type)
        return before === undefined || Marker.parse(before.comment)?.key === key ? [noteOf(want)] : []
      })

/** Whether the release tells of a record that the spec has no more. */
export const hasLeft = (
  variables: ReadonlyArray<ObservedVariable>,
  further: ReadonlyArray<Further>
): boolean => {
  const wanted = further.map(({ want }) => noteOf(want))
  return releaseIn(variables)?.has.some((noted) => isNote(noted) && !wanted.includes(noted)) === true
}

/** Those that fabrik has made for an application, as a spec says them. Asks nothing where its release tells of none. */
export const readFurther = Effect.fn("readFurther")(function* (
  spec: Spec,
  hosts: ReadonlyArray<ObservedDns>,
  variables: ReadonlyArray<ObservedVariable>
) {
  const [main] = hosts
  if (main === undefined || !hasLeft(variables, [])) return []
  const dns = yield* DnsClient
  const key = Marker.applicationKey(yield* Owner, spec)
  const marked = yield* dns.listCommented(`${Marker.sign} - key=${key} `)
  return marked
    .filter(
      ({ recordSet: { name, type } }) => !(isAddressing(type) && hosts.some((host) => host.name === name))
    )
    .flatMap((one) => asNamed(one, main.zone))
})

const asNamed = ({ recordSet, zone }: ZoneRecord, main: Zone): ReadonlyArray<NamedRecords> => {
  const { name, ttl, values } = recordSet
  const type = recordTypes.find((known) => known === recordSet.type)
  if (type === undefined) return []
  const written =
    zone.name !== main.name ? `${name}.` : name === main.name ? "@" : name.slice(0, -main.name.length - 1)
  return [{ name: written, type, values, ...(ttl === undefined ? {} : { ttl }) }]
}
