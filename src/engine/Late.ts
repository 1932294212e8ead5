/**
 * Requests that take effect late: a gateway gives up on one that the server behind it goes on with, or an answer is lost
 * on its way. Until that can no longer be, nobody may say that everything was put back.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { textOf } from "./Change.ts"
import type { Unsettled } from "./JournalEntry.ts"
import { Pace } from "./Pace.ts"
import { describe, leaveOver } from "./Rollback.ts"
import { makeReadingRun, Run, type LateChange } from "./Run.ts"

/** Between two looks: seldom soon, as every look asks anew whose the application is by then. */
const firstWait = 1_000
const longestWait = 10_000

/** Looks for what requests without an answer have brought about after all, and undoes it as soon as it is there. */
export const lookForLate = Effect.gen(function* () {
  const run = yield* Run
  const until = yield* Ref.get(run.lateUntil)
  const began = yield* Clock.currentTimeMillis
  const open = yield* Ref.get(run.late)
  if (open.length === 0) return
  if (began < until) {
    const what = open.map(({ change }) => change.what).join(", ")
    yield* run.emit({
      _tag: "Warning",
      message: `no answer came about ${what}: looking for ${seconds(until - began)} whether it still takes effect`
    })
  }
  for (let wait = firstWait; ; wait = Math.min(1.6 * wait, longestWait)) {
    const left = until - (yield* Clock.currentTimeMillis)
    if (left <= 0 || (yield* Ref.get(run.late)).length === 0) break
    // Whole milliseconds: a sleep for less than a clock can tell ends at once, for ever.
    yield* Effect.sleep(Duration.millis(Math.ceil(Math.min(wait, left))))
    yield* Effect.flatten(Ref.get(run.lookForOthers))
    if ((yield* Ref.get(run.overtaken))._tag === "Yes") break
    yield* lookOnce
  }
  const overtaken = yield* Ref.get(run.overtaken)
  for (const { change, undone } of yield* Ref.get(run.late)) {
    yield* run.journal.undone(change.id, overtaken._tag === "Yes" ? "left" : undone ? "undone" : "nothing")
  }
  yield* Ref.set(run.late, [])
}).pipe(Effect.withSpan("lookForLate"))

const seconds = (millis: number): string => `${Math.ceil(millis / 1000)} s`

const lookOnce = Effect.gen(function* () {
  const run = yield* Run
  let hasReplaced = false
  const still: Array<LateChange> = []
  for (const one of yield* Ref.get(run.late)) {
    const { change, undoing, undone } = one
    if (undoing.late === "last" && !hasReplaced) {
      still.push(one)
      continue
    }
    const { id, next, way: how, what } = change
    yield* Effect.matchCauseEffect(undoing.perform, {
      onSuccess: (seen) =>
        Effect.gen(function* () {
          const isOver = seen === "undone" && undoing.late === "once"
          if (isOver) yield* run.journal.undone(id, seen)
          else still.push({ ...one, undone: undone || seen === "undone" })
          if (seen === "nothing") return
          if (undoing.late === "stirs") hasReplaced = true
          if (!undone) {
            yield* Ref.update(run.ledger, (ledger) => ({
              ...ledger,
              undone: [...ledger.undone, { what, how }]
            }))
          }
          yield* run.emit({ _tag: "UndoFinished", what, how, id, address: textOf(change.address) })
        }),
      onFailure: (cause) =>
        Effect.gen(function* () {
          const isLeft = cause._tag === "Fail" && cause.error.left === true
          if (isLeft) yield* run.journal.undone(id, "left")
          else yield* Ref.update(run.ledger, (ledger) => ({ ...ledger, pending: ledger.pending + 1 }))
          yield* leaveOver(
            { what, why: describe(cause), next, recoverable: !isLeft },
            { id, address: textOf(change.address) }
          )
        })
    })
  }
  yield* Ref.set(run.late, still)
})

/** A request that was cut off with its process may still take effect for a while: only then is there a world to look at. */
export const awaitLate = Effect.fn("awaitLate")(function* ({ begun, unanswered }: Unsettled) {
  const pace = yield* Pace
  const whole = Duration.toMillis(pace.lateEffects)
  const now = yield* Clock.currentTimeMillis
  // A clock that was set back makes nobody wait longer than the whole of it.
  const left = unanswered.map(({ at }) => (at === undefined ? whole : Math.min(whole, at + whole - now)))
  const longest = Math.max(0, ...left)
  if (longest === 0) return
  const run = yield* makeReadingRun
  yield* run.emit({
    _tag: "Warning",
    message: `run ${begun.run} was cut short before an answer came (${unanswered.map(({ what }) => what).join("; ")}): waiting ${seconds(longest)}, as that may still take effect`
  })
  yield* Effect.sleep(Duration.millis(longest))
})
