import * as Either from "effect/Either"
import type { RecordSet, Zone } from "../dns/DnsClient.ts"
import type { RecordType } from "../dns/Name.ts"
import { conflictsAt, describe, ofType, satisfies } from "../dns/Zone.ts"
import { RefusedError } from "../engine/DeployError.ts"
import * as Marker from "../engine/Marker.ts"
import type { Change, FieldChange } from "../engine/Plan.ts"

/** Stands for a server address that is not known because nothing was read. */
export const unknownAddress = "0.0.0.0"

/** What a spec asks of a record of its. */
export interface WantedRecord {
  readonly name: string
  readonly type: RecordType
  readonly values: ReadonlyArray<string>
  /** Seconds; `undefined`: the provider's own. */
  readonly ttl: number | undefined
  readonly proxied: boolean
  /** Tells that it is ours, where the provider keeps comments. */
  readonly mark: string
  /** Of that mark: the same for every run of the spec. */
  readonly key: string
  /** One of `dns.records`, and not a domain's own. */
  readonly further?: true
}

export interface ObservedDns {
  /** The domain, or the name of a further record. */
  readonly name: string
  readonly provider: string
  readonly comments: boolean
  /** What the provider writes for a record without a TTL, if it then shows as that. */
  readonly automaticTtl?: number | undefined
  readonly zone: Zone
  /** Every record set at the name. */
  readonly recordSets: ReadonlyArray<RecordSet>
}

export interface OrphanRecord {
  readonly zone: Zone
  readonly recordSet: RecordSet
}

/** What happens to the record of a domain. `stale`: ours of other types that exclude it, removed before it is put. */
export type RecordAction =
  | { readonly _tag: "Keep"; readonly zone: Zone; readonly recordSet: RecordSet }
  | {
      readonly _tag: "Put"
      readonly zone: Zone
      readonly before: RecordSet | undefined
      readonly stale: ReadonlyArray<RecordSet>
      readonly recordSet: RecordSet
      /** Whether the comment can tell that it is ours. */
      readonly comments: boolean
    }

export interface RecordPart {
  readonly action: RecordAction
  /** Addresses of ours of the other family, which would keep sending visitors elsewhere. */
  readonly orphans: ReadonlyArray<OrphanRecord>
  readonly changes: ReadonlyArray<Change>
}

export const diffRecord = (
  want: WantedRecord,
  observed: ObservedDns
): Either.Either<RecordPart, RefusedError> => {
  const { key } = want
  const isOurs = (recordSet: RecordSet) => Marker.parse(recordSet.comment)?.key === key
  const before = ofType(observed.recordSets, want.type)
  const wanted: RecordSet = {
    name: want.name,
    type: want.type,
    ttl: want.ttl ?? observed.automaticTtl,
    values: want.values,
    proxied: want.proxied,
    comment: observed.comments ? want.mark : undefined
  }
  const isRight =
    before !== undefined &&
    satisfies(before, { ...wanted, ttl: undefined }) &&
    (!isOurs(before) || wanted.proxied || before.ttl === wanted.ttl)
  const inTheWay = conflictsAt(observed.recordSets, wanted)
  const foreign = [...(before === undefined || isRight ? [] : [before]), ...inTheWay].find(
    (recordSet) => !isOurs(recordSet)
  )
  if (foreign !== undefined) {
    return Either.left(
      new RefusedError({
        reason: "Foreign",
        detail: `${want.name} already has a record that fabrik did not make: ${describe(foreign).join(", ")}; the spec wants ${describe(wanted).join(", ")}`,
        next:
          want.further === true
            ? `remove that record at ${observed.provider}, or take it out of \`dns.records\``
            : `remove that record at ${observed.provider}, or point the spec there with \`dns.target\`; \`fabrik adopt\` takes over what already serves a domain`
      })
    )
  }
  const orphans = observed.recordSets
    .filter(({ type }) => want.further !== true && (type === "A" || type === "AAAA") && type !== want.type)
    .filter((recordSet) => isOurs(recordSet) && !inTheWay.includes(recordSet))
    .map((recordSet) => ({ zone: observed.zone, recordSet }))
  if (isRight && inTheWay.length === 0) {
    return Either.right({
      action: { _tag: "Keep", zone: observed.zone, recordSet: before },
      orphans,
      changes: [change(want.name, want.type, "unchanged", [])]
    })
  }
  return Either.right({
    action: {
      _tag: "Put",
      zone: observed.zone,
      before,
      stale: inTheWay,
      recordSet: wanted,
      comments: observed.comments
    },
    orphans,
    changes: [
      ...inTheWay.map(({ type }) => change(want.name, type, "delete", [])),
      change(want.name, want.type, before === undefined ? "create" : "update", recordFields(before, wanted))
    ]
  })
}

const change = (
  domain: string,
  type: string,
  action: Change["action"],
  fields: ReadonlyArray<FieldChange>
): Change => ({ system: "dns", kind: "record", name: `${domain} ${type}`, action, fields })

const recordFields = (before: RecordSet | undefined, after: RecordSet): ReadonlyArray<FieldChange> => {
  const facts = (recordSet: RecordSet) => ({
    value: recordSet.values
      .map((value) => (value === unknownAddress ? "(the server's address)" : value))
      .join(", "),
    ttl: recordSet.ttl === undefined ? "automatic" : `${recordSet.ttl}s`,
    proxied: recordSet.proxied ? "yes" : "no"
  })
  const old = before === undefined ? undefined : facts(before)
  const now = facts(after)
  return (["value", "ttl", "proxied"] as const)
    .filter((field) => (old === undefined ? field !== "proxied" || after.proxied : old[field] !== now[field]))
    .map((field) => ({ field, before: old?.[field] ?? null, after: now[field], secret: false }))
}
