import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { CoolifyError } from "../coolify/CoolifyError.ts"
import { Pace, pollFor, pollUntil } from "../engine/Pace.ts"
import { Run } from "../engine/Run.ts"

/** What is known of a request that creates something. */
export type Creation =
  | { readonly _tag: "Unknown" }
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Created"; readonly uuid: string }

/** Nothing is known yet. */
export const unknownCreation = Ref.make<Creation>({ _tag: "Unknown" })

interface Created {
  readonly uuid: string
}

/**
 * Sends a create request exactly once. When its answer is lost, whatever carries this run's mark is what it made;
 * sending it again would make a second one, as Coolify's names are not unique.
 */
export const createOnce = <R, R2>(
  known: Ref.Ref<Creation>,
  create: Effect.Effect<Created, CoolifyError, R>,
  find: Effect.Effect<ReadonlyArray<string>, CoolifyError, R2>
): Effect.Effect<string, CoolifyError, R | R2 | Run> =>
  create.pipe(
    Effect.map(({ uuid }) => uuid),
    Effect.tapError((error) => (error.outcomeUnknown ? Effect.void : Ref.set(known, { _tag: "Refused" }))),
    Effect.catchIf(
      (error) => error.outcomeUnknown,
      (error) =>
        // That nobody knows stays so when the look fails.
        Effect.flatMap(
          Effect.mapError(
            lookForEffect(find, (uuids) => uuids.length > 0),
            () => error
          ),
          ([uuid]) => (uuid === undefined ? Effect.fail(error) : Effect.succeed(uuid))
        )
    ),
    Effect.tap((uuid) => Ref.set(known, { _tag: "Created", uuid }))
  )

/** What a creation has left in the world by now, however it ended. */
export const created = <R>(
  known: Ref.Ref<Creation>,
  find: Effect.Effect<ReadonlyArray<string>, CoolifyError, R>
): Effect.Effect<ReadonlyArray<string>, CoolifyError, R> =>
  Effect.flatMap(Ref.get(known), (creation) => {
    switch (creation._tag) {
      case "Created":
        return Effect.succeed([creation.uuid])
      case "Refused":
        return Effect.succeed([])
      case "Unknown":
        return find
    }
  })

/** Looks until it is there or the time is over in which a request without an answer may still take effect. */
export const lookForEffect = <A, R>(
  read: Effect.Effect<A, CoolifyError, R>,
  isThere: (found: A) => boolean
): Effect.Effect<A, CoolifyError, R | Run> =>
  Effect.gen(function* () {
    const pace = yield* Pace
    const { lateUntil } = yield* Run
    const left = (yield* Ref.get(lateUntil)) - (yield* Clock.currentTimeMillis)
    const often = Schedule.exponential(pace.firstPoll, 1.3).pipe(Schedule.union(Schedule.spaced("5 seconds")))
    return yield* pollUntil(read, isThere, often.pipe(Schedule.upTo(Duration.millis(Math.max(0, left)))))
  })

/** `undefined` where the API answers that there is no such resource. */
export const absentIfNotFound = <A, R>(
  effect: Effect.Effect<A, CoolifyError, R>
): Effect.Effect<A | undefined, CoolifyError, R> =>
  effect.pipe(
    Effect.asSome,
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeedNone
    ),
    Effect.map(Option.getOrUndefined)
  )

/** Waits until a deleted resource is gone; deletions in Coolify are jobs that run later. Fails when it stays. */
export const awaitGone = <A, R>(
  read: Effect.Effect<A, CoolifyError, R>,
  what: string
): Effect.Effect<void, CoolifyError, R> =>
  Effect.gen(function* () {
    const pace = yield* Pace
    const left = yield* pollUntil(
      absentIfNotFound(read),
      (found) => found === undefined,
      pollFor(pace, pace.undoBudget)
    )
    if (left === undefined) return
    return yield* new CoolifyError({
      method: "deleteApplication",
      reason: "Refused",
      detail: `${what} is still there ${Duration.format(pace.undoBudget)} after Coolify accepted its deletion`
    })
  })
