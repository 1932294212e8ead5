import * as Effect from "effect/Effect"
import { DnsClient, type RecordSet, type Zone } from "../../dns/DnsClient.ts"
import { ofType, sameRecordSet, satisfies } from "../../dns/Zone.ts"
import * as Marker from "../../engine/Marker.ts"
import type { RecordAction } from "../ReconcileRecord.ts"
import { leftAsItIs, withUndo } from "../../engine/Rollback.ts"
import { Run } from "../../engine/Run.ts"
import type { UndoOf } from "../../engine/Undo.ts"

type Put = Extract<RecordAction, { readonly _tag: "Put" }>

/** Writes the domain's record set. Undo: the one before it, or none, if what stands there is still this run's. */
export const putRecord = Effect.fn("putRecord")(function* (action: Put) {
  for (const recordSet of action.stale) yield* removeRecord(action.zone, recordSet)
  yield* writeRecord(action)
})

/** {@link putRecord} where nothing is in the way. */
export const writeRecord = Effect.fn("writeRecord")(function* ({
  zone,
  before,
  recordSet,
  comments
}: Omit<Put, "_tag" | "stale">) {
  const dns = yield* DnsClient
  const run = yield* Run
  const undo = { _tag: "PutRecord", zone, before, recordSet, comments, run: run.id } as const
  yield* withUndo(
    undo,
    dns.put(
      zone,
      recordSet,
      before === undefined ? { _tag: "Absent" } : { _tag: "Exactly", recordSet: before }
    ),
    undoPut(undo)
  )
  yield* announce(recordSet, before === undefined ? "created" : "updated")
})

/** Removes a record set of ours. Undo: puts it back. */
export const removeRecord = Effect.fn("removeRecord")(function* (zone: Zone, recordSet: RecordSet) {
  const dns = yield* DnsClient
  const undo = { _tag: "RemovedRecord", zone, recordSet } as const
  yield* withUndo(undo, dns.remove(zone, recordSet), undoRemove(undo))
  yield* announce(recordSet, "deleted")
})

const announce = ({ name, type }: RecordSet, action: "created" | "updated" | "deleted") =>
  Effect.flatMap(Run, (run) =>
    run.emit({ _tag: "ResourceChanged", system: "dns", kind: "record", name: `${name} ${type}`, action })
  )

/** Puts a removed record set back where nothing has taken its place. */
export const undoRemove = Effect.fn("undoRemoveRecord")(function* ({
  zone,
  recordSet
}: Pick<UndoOf<"RemovedRecord">, "zone" | "recordSet">) {
  const dns = yield* DnsClient
  const now = ofType(yield* dns.listAt(zone, recordSet.name), recordSet.type)
  if (now === undefined) {
    yield* dns.put(zone, recordSet, { _tag: "Absent" })
    return "undone" as const
  }
  if (sameRecordSet(now, recordSet)) return "nothing" as const
  return yield* leftAsItIs("somebody else wrote it meanwhile, and it is left as it is")
})

/** Puts the record set back that was there before the run wrote its own. */
export const undoPut = Effect.fn("undoPutRecord")(function* ({
  zone,
  before,
  recordSet,
  comments,
  run
}: Omit<UndoOf<"PutRecord">, "_tag">) {
  const dns = yield* DnsClient
  const now = ofType(yield* dns.listAt(zone, recordSet.name), recordSet.type)
  if (now === undefined) {
    if (before === undefined) return "nothing" as const
    return yield* leftAsItIs("somebody else removed it meanwhile, and it stays removed")
  }
  const isOurs = comments
    ? Marker.parse(now.comment)?.run === run
    : satisfies(now, { ...recordSet, ttl: undefined })
  if (isOurs) {
    yield* before === undefined
      ? dns.remove(zone, now)
      : dns.put(zone, before, { _tag: "Exactly", recordSet: now })
    return "undone" as const
  }
  if (before !== undefined && sameRecordSet(now, before)) return "nothing" as const
  return yield* leftAsItIs("somebody else changed it meanwhile, and it is left as it is")
})
