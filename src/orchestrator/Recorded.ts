/** Undoing what a run has left that is no more: its journal says what it did, the world what came of it. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import { unknownCreation } from "./Find.ts"
import type { RecordedChange, Unsettled } from "../engine/JournalEntry.ts"
import { Pace } from "../engine/Pace.ts"
import { undoCreateApplication, undoUpdateApplication } from "./resources/Application.ts"
import { undoDeploy, undoReplacement, undoStop } from "./resources/PreviousVersion.ts"
import { undoCreateEnvironment } from "./resources/Environment.ts"
import { undoCreateProject } from "./resources/Project.ts"
import { undoPut, undoRemove } from "./resources/Record.ts"
import { undoUpdateVariables } from "./resources/Variables.ts"
import { runUndo } from "../engine/Rollback.ts"
import { Run } from "../engine/Run.ts"
import type { Undo } from "../engine/Undo.ts"

const perform = Effect.fn("undoRecorded")(function* (undo: Undo) {
  switch (undo._tag) {
    case "CreatedProject":
      return yield* undoCreateProject(undo, yield* unknownCreation)
    case "CreatedEnvironment":
      return yield* undoCreateEnvironment(undo)
    case "CreatedApplication":
      return yield* undoCreateApplication(undo, yield* unknownCreation)
    case "UpdatedApplication":
      return yield* undoUpdateApplication(undo)
    case "UpdatedVariables":
      return yield* undoUpdateVariables(undo)
    case "PutRecord":
      return yield* undoPut(undo)
    case "RemovedRecord":
      return yield* undoRemove(undo)
    case "PreviousVersion":
      return yield* undoReplacement(undo)
    case "Deployed":
      return yield* undoDeploy(undo, yield* Ref.make<string | undefined>(undefined))
    case "Stopped":
      return yield* undoStop(undo)
  }
})

/** How long what takes longer than others may take. */
const budgetOf = (
  undo: Undo,
  { deployment, undoBudget }: (typeof Pace)["Service"]
): Duration.Duration | undefined =>
  undo._tag === "PreviousVersion"
    ? deployment
    : // Hundreds of rows, one by one, and 200 requests a minute.
      undo._tag === "UpdatedVariables"
      ? Duration.times(undoBudget, 2)
      : undefined

/** Undoes one change that another run has made. */
const undoChange = (change: RecordedChange) =>
  Effect.gen(function* () {
    const { undo, undone } = change
    if (undone) {
      // What it had found out went with its process.
      if (undo._tag === "Deployed" || undo._tag === "Stopped") yield* undoStop(undo)
      return
    }
    yield* runUndo(change, perform(undo), budgetOf(undo, yield* Pace))
  })

/** Undoes everything that is left, newest first. What cannot be undone is in the run's ledger. */
export const undoAll = ({ changes }: Unsettled) =>
  Effect.forEach(changes.toReversed(), undoChange, { discard: true })

/** Takes the changes over: they stay if the surrounding scope succeeds, and go with its own if it fails. */
export const takeOver = Effect.fn("takeOver")(function* ({ changes }: Unsettled) {
  const run = yield* Run
  yield* Ref.update(run.ledger, (ledger) => ({ ...ledger, changes: ledger.changes + changes.length }))
  for (const change of changes) {
    yield* Effect.addFinalizer((exit) => (Exit.isSuccess(exit) ? Effect.void : undoChange(change)))
  }
})
