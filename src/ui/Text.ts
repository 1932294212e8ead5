import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { Progress, type Emitted } from "../engine/DeploymentEvent.ts"
import { truncate } from "./Layout.ts"
import { Screen } from "./Screen.ts"
import { pending } from "./LiveLine.ts"
import { emptyView, makeTextView, type TextOptions, type View } from "./TextView.ts"

const eraseLine = "\r\u001b[2K"

/** Shows a run as text: results on `out`; the rest on `err`, where a terminal gets a live line with a clock. */
export const layer = (options: Omit<TextOptions, "live">): Layer.Layer<never, never, Screen> =>
  Layer.scoped(
    Progress,
    Effect.gen(function* () {
      const { out, err } = yield* Screen
      const { hide } = yield* KnownSecrets
      const live = err.tty && !options.quiet
      const next = makeTextView({ ...options, live }, out.style, err.style)
      const view = yield* Ref.make<View>(emptyView)
      const lineShown = yield* Ref.make(false)
      // The ticking clock and the events take turns, so that neither cuts through the other's line.
      const turn = yield* Effect.makeSemaphore(1)

      const erase = Effect.gen(function* () {
        if (yield* Ref.getAndSet(lineShown, false)) yield* err.write(eraseLine)
      })
      const draw = Effect.gen(function* () {
        const seen = yield* Ref.get(view)
        const text = pending(seen)
        if (!live || text === undefined) return
        const elapsed = Math.round(((yield* Clock.currentTimeMillis) - seen.since) / 1000)
        const clock = elapsed < 1 ? "" : ` ${elapsed} s`
        // One column stays free: a full line would wrap, and could not be rewritten.
        const room = err.style.columns - 1 - clock.length
        yield* err.write(eraseLine + truncate(hide(text), room, err.style.ellipsis) + err.style.dim(clock))
        yield* Ref.set(lineShown, true)
      })
      const show = (emitted: Emitted) =>
        Effect.gen(function* () {
          const shown = next(yield* Ref.get(view), emitted)
          yield* Ref.set(view, shown.view)
          yield* erase
          if (shown.err.length > 0) yield* err.write(shown.err.join("\n") + "\n")
          if (shown.out.length > 0) yield* out.write(shown.out.join("\n") + "\n")
          yield* draw
        }).pipe(turn.withPermits(1), Effect.uninterruptible)

      if (live) {
        yield* Effect.addFinalizer(() => turn.withPermits(1)(erase))
        yield* draw.pipe(
          turn.withPermits(1),
          Effect.uninterruptible,
          Effect.schedule(Schedule.spaced(Duration.seconds(1))),
          Effect.forkScoped
        )
      }
      return { emit: show }
    })
  )
