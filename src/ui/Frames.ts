/** Draws a live view: seldom enough for a person, and only where something has changed. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Live } from "./Screen.ts"
import type { Look } from "./tree/Lines.ts"

/** Ten a second at most. */
const betweenFrames = Duration.millis(100)

export interface Frames {
  /** What is shown has changed: a frame, unless the last one was a moment ago. */
  readonly changed: Effect.Effect<void>
  /** The next thing that is written brings its frame along. */
  readonly withNext: Effect.Effect<void>
}

export const noFrames: Frames = { changed: Effect.void, withNext: Effect.void }

/**
 * Until the scope ends, which leaves nothing behind.
 * @param linesAt what is to be seen at a time.
 */
export const drawFrames = (
  live: Live,
  linesAt: (look: Pick<Look, "now" | "window">) => Effect.Effect<ReadonlyArray<string>>
): Effect.Effect<Frames, never, Scope.Scope> =>
  Effect.gen(function* () {
    const last = yield* Ref.make(Number.NEGATIVE_INFINITY)
    const lines = Effect.gen(function* () {
      return yield* linesAt({ now: yield* Clock.currentTimeMillis, window: yield* live.window })
    })
    const draw = Effect.gen(function* () {
      yield* Ref.set(last, yield* Clock.currentTimeMillis)
      yield* live.show(yield* lines)
    }).pipe(Effect.uninterruptible)
    yield* Effect.addFinalizer(() => live.show([]))
    yield* draw.pipe(Effect.schedule(Schedule.spaced(betweenFrames)), Effect.forkScoped)
    return {
      changed: Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        if (now - (yield* Ref.get(last)) >= Duration.toMillis(betweenFrames)) yield* draw
      }),
      withNext: Effect.flatMap(lines, live.aim)
    }
  })
