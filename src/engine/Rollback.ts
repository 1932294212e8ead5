import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { JournalError } from "../state/Journals.ts"
import type { Leftover } from "./DeploymentEvent.ts"
import { Pace } from "./Pace.ts"
import { CurrentWork } from "../http/RequestListener.ts"
import { Run } from "./Run.ts"
import { textOf, type Undone, type UndoFailure } from "./Change.ts"
import type { Recorded } from "./JournalSchema.ts"

/** What undoes a change. */
export interface Undoing<R = never> {
  readonly perform: Effect.Effect<Undone, UndoFailure, R>
  /** How long it may take, its retries included; the Pace's `undoBudget` unless said otherwise. */
  readonly budget?: Duration.Duration | undefined
  /**
   * `once`: the change was one request, so that nothing more comes once its effect was seen. `stirs`: what it brings about
   * late has to be followed by those that come `last`.
   */
  readonly late?: "once" | "stirs" | "last" | undefined
}

/** What an undo fails with that finds another's hand where its own should be. */
export const leftAsItIs = (message: string): Effect.Effect<never, UndoFailure> =>
  Effect.fail({ message, left: true })

/**
 * Makes a change together with its undo. The undo is in the journal before the change is made, belongs to the
 * surrounding scope and runs only when that scope fails or is interrupted, newest first. It is registered whatever
 * becomes of the change, because a request that failed or was interrupted may still have taken effect: so the undo must
 * look before it acts. The change stays interruptible, unlike an `acquireRelease` acquisition, so that neither Ctrl-C nor
 * a deadline waits for a hanging call.
 */
export const withUndo = <A, E, R, R2>(
  recorded: Recorded,
  made: Effect.Effect<A, E, R>,
  undoing: Undoing<R2>
): Effect.Effect<A, E | JournalError, R | R2 | Run | Scope.Scope> =>
  Effect.gen(function* () {
    const run = yield* Run
    const unknown = yield* Ref.make(false)
    yield* Effect.uninterruptible(
      Effect.zipLeft(
        run.journal.change(recorded),
        Ref.update(run.ledger, (ledger) => ({ ...ledger, changes: ledger.changes + 1 }))
      )
    )
    const { id, what } = recorded
    const address = textOf(recorded.address)
    const change = Effect.provideService(made, CurrentWork, { work: { run: run.id, change: id } })
    yield* run.emit({ _tag: "ChangeStarted", what, id, address })
    return yield* Effect.acquireReleaseInterruptible(
      Effect.onExit(change, (exit) =>
        Effect.zipRight(
          Effect.zipRight(Ref.set(unknown, isUnknown(exit)), noteStanding(what, exit)),
          run.emit({ _tag: "ChangeFinished", id, address, made: Exit.isSuccess(exit) })
        )
      ),
      (exit) => unlessKept(exit, runUndo(recorded, undoing, unknown))
    )
  })

/** Undoes what has failed, unless it is to be left standing. */
export const unlessKept = <R>(
  exit: Exit.Exit<unknown, unknown>,
  undo: Effect.Effect<void, never, R>
): Effect.Effect<void, never, R | Run> =>
  Effect.flatMap(Run, ({ kept }) =>
    Effect.unless(undo, () => Exit.isSuccess(exit)).pipe(Effect.unlessEffect(Ref.get(kept)), Effect.asVoid)
  )

const noteStanding = (what: string, exit: Exit.Exit<unknown, unknown>) =>
  Effect.flatMap(Run, ({ ledger }) =>
    Exit.isSuccess(exit) || isUnknown(exit)
      ? Ref.update(ledger, (now) => ({
          ...now,
          standing: [...now.standing, { what, made: Exit.isSuccess(exit) }]
        }))
      : Effect.void
  )

/** Whether the last request may still take effect: it was cut off, or its answer was lost. */
const isUnknown = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.match(exit, {
    onSuccess: () => false,
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => true,
        onSome: (error) =>
          Predicate.hasProperty(error, "outcomeUnknown")
            ? error.outcomeUnknown === true
            : Predicate.hasProperty(error, "reason") && error.reason === "OutcomeUnknown"
      })
  })

/**
 * For what must be done in a finalizer: a signal that comes meanwhile does not cut it off, and its own deadlines do,
 * which a finalizer, being uninterruptible, would make wait.
 */
export const undisturbed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptible(Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join))

/** A request that met a proxy in the place of the API that it was for. */
const metNobody = (error: unknown): boolean =>
  (Predicate.hasProperty(error, "reason") && error.reason === "Unreachable") ||
  (Predicate.hasProperty(error, "status") &&
    typeof error.status === "number" &&
    error.status >= 502 &&
    error.status <= 504)

/** How often what must be done in the end is tried: five times, and as long as the API is away, but for its time. */
export const undoRetries = Schedule.exponential("300 millis").pipe(
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(4)),
  Schedule.union(
    Schedule.spaced("2 seconds").pipe(Schedule.whileInput(metNobody), Schedule.upTo("5 minutes"))
  )
)

/** Bounded in tries and time; never fails, so that one undo cannot stop the others: what it leaves is in the ledger. */
export const runUndo = Effect.fn("runUndo")(function* <R>(
  recorded: Recorded,
  { budget, late: part, perform }: Undoing<R>,
  unknown?: Ref.Ref<boolean>
) {
  const run = yield* Run
  const pace = yield* Pace
  const { id, next, way, what } = recorded
  const change = { id, address: textOf(recorded.address) }
  const overtaken = yield* Ref.get(run.overtaken)
  // That is told once, not for every change.
  if (overtaken._tag === "Yes") return yield* run.journal.undone(id, "left")
  yield* run.emit({ _tag: "UndoStarted", what, ...change })
  if (overtaken._tag === "Unseen") {
    yield* Ref.update(run.ledger, (ledger) => ({ ...ledger, pending: ledger.pending + 1 }))
    const why = `whether another run has changed it since could not be seen: ${overtaken.why}`
    return yield* leaveOver({ what, why, next, recoverable: true }, change)
  }
  const context = yield* Effect.context<R>()
  const whole = bounded(Effect.provide(perform, context), budget ?? pace.undoBudget).pipe(
    Effect.provideService(CurrentWork, { work: { run: run.id, undo: what } })
  )
  yield* whole.pipe(
    Effect.matchCauseEffect({
      onSuccess: (undone) =>
        Effect.gen(function* () {
          const late = yield* Ref.get(run.late)
          const isUnknown = unknown !== undefined && (yield* Ref.get(unknown))
          // What a late deployment replaces has to be deployed again, too.
          const follows = part === "last" && late.some(({ undoing }) => undoing.late === "stirs")
          const isOpen = follows || (isUnknown && !(undone === "undone" && part === "once"))
          if (isOpen && (yield* Clock.currentTimeMillis) < (yield* Ref.get(run.lateUntil))) {
            yield* Ref.set(run.late, [
              ...late,
              { change: recorded, undoing: { perform: whole, late: part }, undone: undone === "undone" }
            ])
          } else yield* run.journal.undone(id, undone)
          if (undone === "undone") {
            yield* Ref.update(run.ledger, (ledger) => ({
              ...ledger,
              undone: [...ledger.undone, { what, how: way }]
            }))
          }
          yield* run.emit({
            _tag: "UndoFinished",
            what,
            how: undone === "undone" ? way : "nothing",
            ...change
          })
        }),
      onFailure: (cause) =>
        Effect.gen(function* () {
          const failure = Option.getOrUndefined(Cause.failureOption(cause))
          if (failure?.left === true) yield* run.journal.undone(id, "left")
          else yield* Ref.update(run.ledger, (ledger) => ({ ...ledger, pending: ledger.pending + 1 }))
          yield* leaveOver({ what, why: describe(cause), next, recoverable: failure?.left !== true }, change)
        })
    })
  )
})

/** An undo with its retries, in its time. */
const bounded = (perform: Effect.Effect<Undone, UndoFailure>, duration: Duration.Duration) =>
  perform.pipe(
    Effect.retry({ schedule: undoRetries, while: ({ left }) => left !== true }),
    Effect.timeoutFail({ duration, onTimeout: (): UndoFailure => ({ message: "it took too long" }) }),
    undisturbed
  )

export const describe = (cause: Cause.Cause<{ readonly message: string }>): string => {
  const failure = Cause.failureOption(cause)
  return failure._tag === "Some" ? failure.value.message : Cause.pretty(cause)
}

/** Notes something that fabrik could not put back. */
export const leaveOver = (
  leftover: Leftover,
  change: { readonly id?: number; readonly address?: string } = {}
): Effect.Effect<void, never, Run> =>
  Effect.gen(function* () {
    const run = yield* Run
    yield* Ref.update(run.ledger, (ledger) => ({ ...ledger, leftovers: [...ledger.leftovers, leftover] }))
    yield* run.emit({ _tag: "UndoFailed", leftover, ...change })
  })
