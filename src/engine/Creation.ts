/** Creating what has no name of its own: sent once, and looked for by its mark when the answer is lost. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { Pace, pollUntil } from "./Pace.ts"
import { Run } from "./Run.ts"

/** What is known of a request that creates something. */
export type Creation =
  | { readonly _tag: "Unknown" }
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Created"; readonly id: string }

/** Nothing is known yet. */
export const unknownCreation = Ref.make<Creation>({ _tag: "Unknown" })

interface Sent {
  readonly message: string
  /** No answer of the API came: it may have taken effect, or may yet. */
  readonly outcomeUnknown: boolean
}

/**
 * Sends a create request exactly once. When its answer is lost, whatever carries this run's mark is what it made;
 * sending it again would make a second one where names are not unique.
 */
export const createOnce = <E extends Sent, R, R2>(
  known: Ref.Ref<Creation>,
  create: Effect.Effect<{ readonly uuid: string }, E, R>,
  find: Effect.Effect<ReadonlyArray<string>, E, R2>
): Effect.Effect<string, E, R | R2 | Run> =>
  create.pipe(
    Effect.map(({ uuid }) => uuid),
    Effect.tapError((error) => (error.outcomeUnknown ? Effect.void : Ref.set(known, { _tag: "Refused" }))),
    Effect.catchIf(
      (error) => error.outcomeUnknown,
      (error) =>
        // That nobody knows stays so when the look fails.
        Effect.flatMap(
          Effect.mapError(
            lookForEffect(find, (ids) => ids.length > 0),
            () => error
          ),
          ([id]) => (id === undefined ? Effect.fail(error) : Effect.succeed(id))
        )
    ),
    Effect.tap((id) => Ref.set(known, { _tag: "Created", id }))
  )

/** What a creation has left in the world by now, however it ended. */
export const created = <E, R>(
  creation: Creation,
  find: Effect.Effect<ReadonlyArray<string>, E, R>
): Effect.Effect<ReadonlyArray<string>, E, R> => {
  switch (creation._tag) {
    case "Created":
      return Effect.succeed([creation.id])
    case "Refused":
      return Effect.succeed([])
    case "Unknown":
      return find
  }
}

/** Looks until it is there or the time is over in which a request without an answer may still take effect. */
export const lookForEffect = <A, E, R>(
  read: Effect.Effect<A, E, R>,
  isThere: (found: A) => boolean
): Effect.Effect<A, E, R | Run> =>
  Effect.gen(function* () {
    const pace = yield* Pace
    const { lateUntil } = yield* Run
    const left = (yield* Ref.get(lateUntil)) - (yield* Clock.currentTimeMillis)
    const often = Schedule.exponential(pace.firstPoll, 1.3).pipe(Schedule.union(Schedule.spaced("5 seconds")))
    return yield* pollUntil(read, isThere, often.pipe(Schedule.upTo(Duration.millis(Math.max(0, left)))))
  })
