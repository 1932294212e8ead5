import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { Progress, type Emitted } from "../engine/DeploymentEvent.ts"
import { drawFrames, noFrames } from "./Frames.ts"
import { Screen } from "./Screen.ts"
import { emptyView, makeTextView, type TextOptions, type View } from "./TextView.ts"
import { treeLines } from "./tree/Lines.ts"
import { grow, noTree, type Tree } from "./tree/Tree.ts"

interface Seen {
  readonly view: View
  readonly tree: Tree
}

/**
 * Shows a run as text: results on `out`; the rest on `err`, where a terminal has below it what runs right now, folded into
 * a line once it is done.
 */
export const layer = (options: Omit<TextOptions, "told">): Layer.Layer<never, never, Screen> =>
  Layer.scoped(
    Progress,
    Effect.gen(function* () {
      const { out, err } = yield* Screen
      const { hide } = yield* KnownSecrets
      const live = options.quiet ? undefined : err.live
      const next = makeTextView(
        { ...options, told: live === undefined ? "all" : "ends" },
        out.style,
        err.style
      )
      const seen = yield* Ref.make<Seen>({ view: emptyView, tree: noTree })
      const frames =
        live === undefined
          ? noFrames
          : yield* drawFrames(live, (look) =>
              Effect.map(Ref.get(seen), ({ tree, view }) =>
                treeLines(tree, { ...look, hide, style: err.style }, view.title !== undefined || view.dry)
              )
            )
      // Events take turns, so that none cuts through the other's lines.
      const turn = yield* Effect.makeSemaphore(1)
      const show = (emitted: Emitted) =>
        Effect.gen(function* () {
          const { tree, view } = yield* Ref.get(seen)
          const shown = next(view, emitted)
          yield* Ref.set(seen, { view: shown.view, tree: grow(tree, emitted) })
          if (shown.err.length + shown.out.length > 0) yield* frames.withNext
          if (shown.err.length > 0) yield* err.write(shown.err.join("\n") + "\n")
          if (shown.out.length > 0) yield* out.write(shown.out.join("\n") + "\n")
          yield* frames.changed
        }).pipe(turn.withPermits(1), Effect.uninterruptible)
      return { emit: show }
    })
  )
