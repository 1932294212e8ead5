import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Leftover } from "./DeploymentEvent.ts"
import { Pace } from "./Pace.ts"
import { Run } from "./Run.ts"

/** What an undo says of itself: `nothing` when the change had never taken effect. */
export type Undone = "undone" | "nothing"

export interface UndoSubject {
  /** `application test-api`. */
  readonly what: string
  /** What the operator does when the undo fails. */
  readonly next: string
  /** How long the undo may take, its retries included; the Pace's `undoBudget` unless said otherwise. */
  readonly budget?: Duration.Duration
}

interface UndoFailure {
  readonly message: string
}

/**
 * Makes a change together with its undo. The undo belongs to the surrounding scope and runs only when that scope
 * fails or is interrupted, newest first. It is registered whatever becomes of `change`, because a request that
 * failed or was interrupted may still have taken effect: so the undo must look before it acts. `change` stays
 * interruptible, unlike an `acquireRelease` acquisition, so that neither Ctrl-C nor a deadline waits for a hanging call.
 */
export const withUndo = <A, E, R, R2>(
  subject: UndoSubject,
  change: Effect.Effect<A, E, R>,
  undo: Effect.Effect<Undone, UndoFailure, R2>
): Effect.Effect<A, E, R | R2 | Run | Scope.Scope> =>
  Effect.gen(function* () {
    const run = yield* Run
    yield* Ref.update(run.ledger, (ledger) => ({ ...ledger, changes: ledger.changes + 1 }))
    return yield* Effect.acquireReleaseInterruptible(change, (exit) =>
      Exit.isSuccess(exit) ? Effect.void : runUndo(subject, undo)
    )
  })

/** How often what must be done in the end is tried. */
export const undoRetries = Schedule.exponential("300 millis").pipe(
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(4))
)

/** Bounded in tries and time; never fails, so that one undo cannot stop the others: what it leaves is in the ledger. */
const runUndo = Effect.fn("runUndo")(function* <R>(
  subject: UndoSubject,
  undo: Effect.Effect<Undone, UndoFailure, R>
) {
  const run = yield* Run
  const pace = yield* Pace
  yield* run.emit({ _tag: "UndoStarted", what: subject.what })
  yield* undo.pipe(
    Effect.retry(undoRetries),
    // A finalizer is uninterruptible, and a timeout would wait for it: the region inside has to be opened again.
    Effect.interruptible,
    Effect.timeoutFail({
      duration: subject.budget ?? pace.undoBudget,
      onTimeout: (): UndoFailure => ({ message: "it took too long" })
    }),
    Effect.matchCauseEffect({
      onSuccess: (undone) =>
        Effect.zipRight(
          Ref.update(run.ledger, (ledger) =>
            undone === "undone" ? { ...ledger, undone: [...ledger.undone, subject.what] } : ledger
          ),
          run.emit({ _tag: "UndoFinished", what: subject.what })
        ),
      onFailure: (cause) => leaveOver({ what: subject.what, why: describe(cause), next: subject.next })
    })
  )
})

export const describe = (cause: Cause.Cause<UndoFailure>): string => {
  const failure = Cause.failureOption(cause)
  return failure._tag === "Some" ? failure.value.message : Cause.pretty(cause)
}

/** Notes something that fabrik could not put back. */
export const leaveOver = (leftover: Leftover): Effect.Effect<void, never, Run> =>
  Effect.gen(function* () {
    const run = yield* Run
    yield* Ref.update(run.ledger, (ledger) => ({ ...ledger, leftovers: [...ledger.leftovers, leftover] }))
    yield* run.emit({ _tag: "UndoFailed", leftover })
  })
