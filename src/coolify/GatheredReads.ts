/** One request for all who ask for the same at about the same time. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"

/**
 * The same read, of which one is under way at a time: who asks meanwhile shares the next one with all others that do, so
 * what each of them gets was asked for after it asked. It goes on when one of them goes away, and ends with the scope.
 */
export const gathered = <A, E>(
  read: Effect.Effect<A, E>
): Effect.Effect<Effect.Effect<A, E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const turn = yield* Effect.makeSemaphore(1)
    /** The read that has not begun yet. */
    const next = yield* Ref.make<Deferred.Deferred<A, E> | undefined>(undefined)
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const own = yield* Deferred.make<A, E>()
        const joined = yield* Ref.modify(next, (waiting) =>
          waiting === undefined ? [undefined, own] : [waiting, waiting]
        )
        if (joined === undefined) {
          yield* Effect.zipRight(Ref.set(next, undefined), read).pipe(
            Effect.interruptible,
            turn.withPermits(1),
            Effect.intoDeferred(own),
            Effect.forkIn(scope)
          )
        }
        return yield* restore(Deferred.await(joined ?? own))
      })
    )
  })

/** {@link gathered}, and what came of it serves for so long those who ask later; a failure serves nobody else. */
export const keptFor = <A, E>(
  time: Duration.DurationInput,
  read: Effect.Effect<A, E>
): Effect.Effect<Effect.Effect<A, E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const last = yield* Ref.make(Option.none<{ readonly at: number; readonly value: A }>())
    const anew = yield* gathered(
      Effect.gen(function* () {
        // Before it is asked for: it is no newer than that.
        const at = yield* Clock.currentTimeMillis
        const value = yield* read
        yield* Ref.set(last, Option.some({ at, value }))
        return value
      })
    )
    return Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const kept = Option.filter(yield* Ref.get(last), ({ at }) => now - at < Duration.toMillis(time))
      return Option.isSome(kept) ? kept.value.value : yield* anew
    })
  })
