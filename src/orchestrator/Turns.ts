/**
 * Permits for very many who wait, given in the order in which they came. Effect's semaphore wakes all who wait for each that
 * is given back, and all but one wait again, each time with more to keep.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"

interface Turns {
  /** Waits for one of them. */
  readonly take: Effect.Effect<void>
  readonly release: Effect.Effect<void>
}

export const makeTurns = (count: number): Effect.Effect<Turns> =>
  Effect.sync(() => {
    let free = count
    // Kept in the order in which they were added.
    const waiting = new Set<Deferred.Deferred<void>>()
    const release = Effect.suspend(() => {
      for (const next of waiting) {
        waiting.delete(next)
        return Deferred.succeed(next, undefined)
      }
      free += 1
      return Effect.void
    })
    const take = Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Deferred.make<void>(), (own) =>
        Effect.suspend(() => {
          if (free > 0) {
            free -= 1
            return Effect.void
          }
          waiting.add(own)
          // One that was given and is not wanted any more is the next one's.
          return Effect.onInterrupt(restore(Deferred.await(own)), () =>
            Effect.suspend(() => (waiting.delete(own) ? Effect.void : release))
          )
        })
      )
    )
    return { take, release }
  })

/** One of the permits, taken and given back however often either is said. */
export const makeTurn = Effect.fnUntraced(function* ({ release, take }: Turns) {
  const has = yield* Ref.make(false)
  return {
    enter: Effect.uninterruptibleMask((restore) => Effect.zipRight(restore(take), Ref.set(has, true))),
    leave: Effect.flatMap(Ref.getAndSet(has, false), (had) => (had ? release : Effect.void))
  }
})
