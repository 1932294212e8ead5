/** Undoing what a run has left that is no more: its journal says what it did, the world what came of it. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { RecordedChange, Unsettled } from "../engine/JournalEntry.ts"
import { runUndo, unlessKept } from "../engine/Rollback.ts"
import { Run } from "../engine/Run.ts"
import { kinds } from "./Blueprint.ts"

/** Undoes one change that another run has made. */
export const undoChange = Effect.fn("undoChange")(function* (change: RecordedChange) {
  const kind = kinds.find(({ name }) => name === change.address.kind)
  if (kind !== undefined) return yield* kind.undoRecorded(change, change.undone)
  const message = `this version of fabrik knows no ${change.address.kind}`
  if (!change.undone) yield* runUndo(change, { perform: Effect.fail({ message }) })
})

/** Undoes everything that is left, newest first. What cannot be undone is in the run's ledger. */
export const undoAll = ({ changes }: Unsettled) =>
  Effect.forEach(changes.toReversed(), undoChange, { discard: true })

/** Takes the changes over: they stay if the surrounding scope succeeds, and go with its own if it fails. */
export const takeOver = Effect.fn("takeOver")(function* ({ changes }: Unsettled) {
  const run = yield* Run
  const standing = changes.filter(({ undone }) => !undone).map(({ what }) => ({ what, made: false }))
  yield* Ref.update(run.ledger, (ledger) => ({
    ...ledger,
    changes: ledger.changes + changes.length,
    standing: [...standing, ...ledger.standing]
  }))
  for (const change of changes) {
    yield* Effect.addFinalizer((exit) => unlessKept(exit, undoChange(change)))
  }
})
