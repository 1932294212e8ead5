/** Several runs at once told in lines: what changes is named with whose it is, and a terminal shows a live row for each. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Emitted, Outcome } from "../engine/DeploymentEvent.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { drawFrames, noFrames } from "./Frames.ts"
import { padEnd, truncate, widthOf } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import { Screen } from "./Screen.ts"
import { emptyView, makeTextView, type TextOptions, type View } from "./TextView.ts"
import { batchLines, type Member } from "./tree/BatchLines.ts"
import { grow, noTree } from "./tree/Tree.ts"

/** A run as far as it was told. */
interface Row {
  view: View
  plan: ReadonlyArray<string>
  member: Member
}

const longestLabel = 24
const indent = /^ {6}/

const good: ReadonlySet<Outcome> = new Set(["complete", "unchanged", "pending", "planned"])

/** @param runs what they are called, in the order in which their plans are shown, and of which spec's processes they are. */
export const makeBatchText = Effect.fn("makeBatchText")(function* (
  runs: ReadonlyArray<Pick<Member, "label" | "group">>,
  options: Omit<TextOptions, "told">
) {
  const screen = yield* Screen
  const { err, out } = screen
  const { hide } = yield* KnownSecrets
  const live = options.quiet ? undefined : err.live
  const width = Math.min(longestLabel, Math.max(0, ...runs.map(({ label }) => widthOf(clean(label)))))
  const style = { ...err.style, columns: err.style.columns - width - 2 }
  const next = makeTextView({ ...options, told: live === undefined ? "facts" : "ends" }, out.style, style)
  const since = yield* Clock.currentTimeMillis
  const rows = new Map<string, Row>(
    runs.map(({ group, label }) => [
      label,
      {
        view: emptyView,
        plan: [],
        member: {
          label: clean(label),
          group: group === undefined ? undefined : clean(group),
          tree: noTree,
          state: "waiting",
          since
        }
      }
    ])
  )
  // Events take turns, so that none cuts through the other's lines.
  const turn = yield* Effect.makeSemaphore(1)
  const frames =
    live === undefined
      ? noFrames
      : yield* drawFrames(live, (look) =>
          Effect.sync(() =>
            batchLines(
              [...rows.values()].map(({ member }) => member),
              { ...look, hide, style: err.style }
            )
          )
        )

  const named = (label: string, text: string) =>
    `${padEnd(truncate(clean(label), width, style.ellipsis), width)}  ${text}`

  const noteIn = (row: Row, emitted: Emitted): void => {
    const { event } = emitted
    const tree = grow(row.member.tree, emitted)
    // What has told its plan waits for the answer, and for its turn.
    const rests =
      event._tag === "Planned" || (tree.title === "" && tree.about === "" && tree.rows.length === 0)
    const ended = event._tag === "RunFinished" ? (good.has(event.outcome) ? "done" : "failed") : undefined
    row.member = { ...row.member, tree, state: ended ?? (rests ? "waiting" : "busy") }
  }

  const linesOf = (label: string, row: Row, emitted: Emitted): ReadonlyArray<string> => {
    const shown = next(row.view, emitted)
    const { event } = emitted
    // Its step stands in its row, not above what it changes.
    row.view = { ...shown.view, title: undefined, step: undefined }
    switch (event._tag) {
      case "Planned":
        row.plan = shown.out
        return []
      case "StepStarted":
      case "RunStarted":
      case "StepFinished":
        return []
      case "RunFinished":
        // That nothing was done is said once for all.
        return event.outcome === "declined" || event.outcome === "planned" ? [] : shown.err
      default:
        return shown.err.map((line) => named(label, line.replace(indent, "")))
    }
  }

  return {
    /** What one of the runs says. */
    progress: (label: string) => ({
      emit: (emitted: Emitted) =>
        Effect.gen(function* () {
          const row = rows.get(label)
          if (row === undefined) return
          const lines = linesOf(label, row, emitted)
          noteIn(row, emitted)
          if (lines.length > 0) {
            yield* frames.withNext
            yield* err.write(`${lines.join("\n")}\n`)
          }
          yield* frames.changed
        }).pipe(turn.withPermits(1), Effect.uninterruptible)
    }),
    /** The plans of these runs, whole, in the order of all. */
    showPlans: (wanted: ReadonlySet<string>) =>
      Effect.suspend(() => {
        const all = [...rows].flatMap(([label, { plan }]) => (wanted.has(label) ? plan : []))
        // One plan's last empty line is the next one's first.
        const lines = all.filter((line, index) => line !== "" || all[index - 1] !== "")
        return lines.length === 0
          ? Effect.void
          : Effect.zipRight(frames.withNext, out.write(`${lines.join("\n")}\n`))
      })
  }
})
