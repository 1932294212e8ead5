import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { DnsClient, type RecordSet, type Zone } from "../dns/DnsClient.ts"
import type { DnsError } from "../dns/DnsError.ts"
import { ofType, sameRecordSet, satisfies } from "../dns/Zone.ts"
import type { Change } from "../engine/Change.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import * as Marker from "../engine/Marker.ts"
import { orUndefined } from "./Json.ts"

export interface RecordProps {
  readonly zone: Zone
  readonly recordSet: RecordSet
  /** Whether the comment can tell whose it is. */
  readonly comments: boolean
}

const propsSchema = () =>
  Schema.Struct({
    zone: Schema.Struct({ id: Schema.String, name: Schema.String }),
    recordSet: Schema.Struct({
      name: Schema.String,
      type: Schema.String,
      ttl: orUndefined(Schema.Number),
      values: Schema.Array(Schema.String),
      proxied: Schema.Boolean,
      comment: orUndefined(Schema.String),
      kept: Schema.optional(Schema.String)
    }),
    comments: Schema.Boolean
  })

/** Whether what stands there is as this side says. A record set is written as a whole, so it is one field. */
const holds = (now: RecordSet, { after, before, run }: Change<RecordProps>, side: "before" | "after") => {
  if (side === "before") return before !== undefined && sameRecordSet(now, before.recordSet)
  if (after === undefined) return false
  return after.comments
    ? Marker.parse(now.comment)?.run === run
    : satisfies(now, { ...after.recordSet, ttl: undefined })
}

/** A record set of a zone: found by its name and type. */
export const record: Kind<RecordProps, RecordSet, DnsError, DnsClient> = {
  name: "dns/record",
  codec: codecOf(propsSchema),
  says: ({ address: { name } }) => ({
    what: `record ${name}`,
    next: `check the record ${name} at the DNS provider`
  }),
  find: ({ after, before }) =>
    Effect.gen(function* () {
      const dns = yield* DnsClient
      const subject = after ?? before
      if (subject === undefined) return []
      const { name, type } = subject.recordSet
      const now = ofType(yield* dns.listAt(subject.zone, name, [type]), type)
      return now === undefined ? [] : [now]
    }),
  fields: () => ["record set"],
  holds: (_, now, change, side) => holds(now, change, side),
  edited: () => "somebody else changed it meanwhile, and it is left as it is",
  gone: "somebody else removed it meanwhile, and it stays removed",
  create: ({ recordSet, zone }) =>
    Effect.flatMap(DnsClient, (dns) => dns.put(zone, recordSet, { _tag: "Absent" })),
  restore: (now, { before }) =>
    Effect.gen(function* () {
      const dns = yield* DnsClient
      if (before === undefined) return
      yield* dns.put(before.zone, before.recordSet, { _tag: "Exactly", recordSet: now })
    }),
  remove: (now, { after }) =>
    Effect.gen(function* () {
      const dns = yield* DnsClient
      if (after !== undefined) yield* dns.remove(after.zone, now)
      return "undone" as const
    }),
  late: () => "once"
}

interface Put {
  readonly zone: Zone
  readonly before: RecordSet | undefined
  readonly recordSet: RecordSet
  readonly comments: boolean
}

const nameOf = ({ name, type }: RecordSet): string => `${name} ${type}`

/** Writes the domain's record set. Undo: the one before it, or none, if what stands there is still this run's. */
export const putRecord = Effect.fn("putRecord")(function* (
  action: Put & { readonly stale: ReadonlyArray<RecordSet> }
) {
  for (const recordSet of action.stale) yield* removeRecord(action.zone, recordSet)
  yield* writeRecord(action)
})

/** {@link putRecord} where nothing is in the way. */
export const writeRecord = Effect.fn("writeRecord")(function* ({ zone, before, recordSet, comments }: Put) {
  const dns = yield* DnsClient
  const name = nameOf(recordSet)
  const old = before === undefined ? undefined : { zone, recordSet: before, comments }
  yield* changing(record, { name, before: old, after: { zone, recordSet, comments } }, () =>
    dns.put(
      zone,
      recordSet,
      before === undefined ? { _tag: "Absent" } : { _tag: "Exactly", recordSet: before }
    )
  )
  const action = before === undefined ? "created" : "updated"
  yield* announce({ system: "dns", kind: "record", name, action })
})

/** Removes a record set of ours. Undo: puts it back. */
export const removeRecord = Effect.fn("removeRecord")(function* (zone: Zone, recordSet: RecordSet) {
  const dns = yield* DnsClient
  const name = nameOf(recordSet)
  const before = { zone, recordSet, comments: true }
  yield* changing(record, { name, before, after: undefined }, () => dns.remove(zone, recordSet))
  yield* announce({ system: "dns", kind: "record", name, action: "deleted" })
})
