import * as Effect from "effect/Effect"
import { DnsClient, type RecordSet, type Zone } from "../../dns/DnsClient.ts"
import type { DnsError } from "../../dns/DnsError.ts"
import { ofType, sameRecordSet, satisfies } from "../../dns/Zone.ts"
import * as Marker from "../Marker.ts"
import type { RecordAction } from "../ReconcileRecord.ts"
import { withUndo, type Undone } from "../Rollback.ts"
import { Run } from "../Run.ts"

type Put = Extract<RecordAction, { readonly _tag: "Put" }>

/** Writes the domain's record set. Undo: the one before it, or none, if what stands there is still this run's. */
export const putRecord = Effect.fn("putRecord")(function* (action: Put) {
  const dns = yield* DnsClient
  const run = yield* Run
  const { zone, stale, before, recordSet } = action
  const name = `${recordSet.name} ${recordSet.type}`
  for (const recordSet of stale) yield* removeRecord(zone, recordSet)
  yield* withUndo(
    subject(name),
    dns.put(
      zone,
      recordSet,
      before === undefined ? { _tag: "Absent" } : { _tag: "Exactly", recordSet: before }
    ),
    undoPut(action)
  )
  yield* run.emit({
    _tag: "ResourceChanged",
    system: "dns",
    kind: "record",
    name,
    action: before === undefined ? "created" : "updated"
  })
})

/** Removes a record set of ours. Undo: puts it back. */
export const removeRecord = Effect.fn("removeRecord")(function* (zone: Zone, recordSet: RecordSet) {
  const dns = yield* DnsClient
  const run = yield* Run
  const name = `${recordSet.name} ${recordSet.type}`
  yield* withUndo(subject(name), dns.remove(zone, recordSet), undoRemove(zone, recordSet))
  yield* run.emit({ _tag: "ResourceChanged", system: "dns", kind: "record", name, action: "deleted" })
})

const undoRemove = (
  zone: Zone,
  recordSet: RecordSet
): Effect.Effect<Undone, DnsError | { readonly message: string }, DnsClient> =>
  Effect.gen(function* () {
    const dns = yield* DnsClient
    const now = ofType(yield* dns.listAt(zone, recordSet.name), recordSet.type)
    if (now === undefined) {
      yield* dns.put(zone, recordSet, { _tag: "Absent" })
      return "undone"
    }
    if (sameRecordSet(now, recordSet)) return "nothing"
    return yield* Effect.fail({ message: "somebody else wrote it meanwhile, and it is left as it is" })
  })

const subject = (name: string) => ({
  what: `record ${name}`,
  next: `check the record ${name} at the DNS provider`
})

const undoPut = ({
  zone,
  before,
  recordSet,
  comments
}: Put): Effect.Effect<Undone, DnsError | { readonly message: string }, DnsClient | Run> =>
  Effect.gen(function* () {
    const dns = yield* DnsClient
    const run = yield* Run
    const now = ofType(yield* dns.listAt(zone, recordSet.name), recordSet.type)
    const isOurs = (current: RecordSet) =>
      comments
        ? Marker.parse(current.comment)?.run === run.id
        : satisfies(current, { ...recordSet, ttl: undefined })
    if (now === undefined) {
      if (before === undefined) return "nothing"
      return yield* Effect.fail({ message: "somebody else removed it meanwhile, and it stays removed" })
    }
    if (isOurs(now)) {
      yield* before === undefined
        ? dns.remove(zone, now)
        : dns.put(zone, before, { _tag: "Exactly", recordSet: now })
      return "undone"
    }
    if (before !== undefined && sameRecordSet(now, before)) return "nothing"
    return yield* Effect.fail({ message: "somebody else changed it meanwhile, and it is left as it is" })
  })
