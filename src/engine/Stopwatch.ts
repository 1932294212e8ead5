/** Time that is not counted: a run that waits for others is not slow. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"

export interface Stopwatch {
  /** Runs as long as that. Several at once count as one. */
  readonly during: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Milliseconds so far. */
  readonly millis: Effect.Effect<number>
}

export const makeStopwatch: Effect.Effect<Stopwatch> = Effect.gen(function* () {
  const state = yield* Ref.make({ before: 0, running: 0, since: 0 })
  const start = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Ref.update(state, ({ before, running, since }) => ({
      before,
      running: running + 1,
      since: running === 0 ? now : since
    }))
  )
  const stop = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Ref.update(state, ({ before, running, since }) => ({
      before: running === 1 ? before + now - since : before,
      running: running - 1,
      since
    }))
  )
  return {
    during: (effect) =>
      Effect.acquireUseRelease(
        start,
        () => effect,
        () => stop
      ),
    millis: Effect.gen(function* () {
      const { before, running, since } = yield* Ref.get(state)
      return running === 0 ? before : before + (yield* Clock.currentTimeMillis) - since
    })
  } satisfies Stopwatch
})

/** Fails once the effect has taken so long, without what the stopwatch has counted meanwhile. */
export const timeoutBeside =
  <E2>(stopwatch: Stopwatch, duration: Duration.Duration, onTimeout: () => E2) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> => {
    const timeout = Effect.gen(function* () {
      const counted = yield* stopwatch.millis
      const began = yield* Clock.currentTimeMillis
      for (;;) {
        const waited = (yield* stopwatch.millis) - counted
        const left = Duration.toMillis(duration) - ((yield* Clock.currentTimeMillis) - began - waited)
        if (left <= 0) return yield* Effect.fail(onTimeout())
        // What is left stays the same while the stopwatch runs, be it next to nothing.
        yield* Effect.sleep(Math.max(left, 100))
      }
    })
    return Effect.raceFirst(effect, timeout)
  }
