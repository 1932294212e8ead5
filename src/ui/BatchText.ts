/** Several runs at once told in lines: what changes is named with whose it is, and a terminal shows a live row for each. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Emitted } from "../engine/DeploymentEvent.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { padEnd, truncate, widthOf } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import { Screen } from "./Screen.ts"
import { stepTitle } from "./StepTitle.ts"
import { titled } from "./LiveLine.ts"
import { emptyView, makeTextView, type TextOptions, type View } from "./TextView.ts"

/** A run as far as it was told. */
interface Row {
  view: View
  step: string
  plan: ReadonlyArray<string>
  ended: boolean
}

const longestLabel = 24
/** More rows than this are counted. */
const mostRows = 12
const upAndErase = "\u001b[1A\u001b[2K"
const indent = /^ {6}/

/** @param labels what the runs are called, in the order in which their plans are shown. */
export const makeBatchText = Effect.fn("makeBatchText")(function* (
  labels: ReadonlyArray<string>,
  options: Omit<TextOptions, "live">
) {
  const screen = yield* Screen
  const { err, out } = screen
  const { hide } = yield* KnownSecrets
  const live = err.tty && !options.quiet
  const width = Math.min(longestLabel, Math.max(0, ...labels.map((label) => widthOf(clean(label)))))
  const style = { ...err.style, columns: err.style.columns - width - 2 }
  // What is waited for is shown by the rows alone.
  const next = makeTextView({ ...options, live: true }, out.style, style)
  const rows = new Map<string, Row>(
    labels.map((label) => [label, { view: emptyView, step: "", plan: [], ended: false }])
  )
  let drawn = 0
  // The ticking clock and the events take turns, so that neither cuts through the other's lines.
  const turn = yield* Effect.makeSemaphore(1)

  const named = (label: string, text: string) =>
    `${padEnd(truncate(clean(label), width, style.ellipsis), width)}  ${text}`

  const erase = Effect.suspend(() => {
    const lines = drawn
    drawn = 0
    return lines === 0 ? Effect.void : err.write(upAndErase.repeat(lines))
  })
  const draw = Effect.gen(function* () {
    if (!live) return
    const now = yield* Clock.currentTimeMillis
    const busy = [...rows].filter(
      ([, { ended, view }]) => !ended && (view.step !== undefined || view.waiting !== undefined)
    )
    const shown = busy.slice(0, mostRows).map(([label, { step, view }]) => {
      const elapsed = Math.round((now - view.since) / 1000)
      const clock = elapsed < 1 ? "" : ` ${elapsed} s`
      const text = named(label, hide(view.waiting ?? titled(step, view)))
      return truncate(text, err.style.columns - 1 - clock.length, style.ellipsis) + err.style.dim(clock)
    })
    const more = busy.length - shown.length
    const lines = more > 0 ? [...shown, err.style.dim(`and ${more} more`)] : shown
    drawn = lines.length
    yield* err.write(lines.map((line) => `${line}\n`).join(""))
  })
  /** Permanent lines, above the rows. */
  const between = (write: Effect.Effect<void>) =>
    erase.pipe(Effect.zipRight(write), Effect.zipRight(draw), turn.withPermits(1), Effect.uninterruptible)

  const linesOf = (label: string, row: Row, emitted: Emitted): ReadonlyArray<string> => {
    const shown = next(row.view, emitted)
    const { event } = emitted
    // The title of a step stands in its row, not above what it changes.
    row.view = { ...shown.view, title: undefined }
    switch (event._tag) {
      case "Planned":
        row.plan = shown.out
        return []
      case "StepStarted":
        row.step = stepTitle(event.step)
        return []
      case "RunStarted":
      case "StepFinished":
        return []
      case "RunFinished":
        row.ended = true
        // That nothing was done is said once for all.
        return event.outcome === "declined" || event.outcome === "planned" ? [] : shown.err
      default:
        return shown.err.map((line) => named(label, line.replace(indent, "")))
    }
  }

  if (live) {
    yield* Effect.addFinalizer(() => turn.withPermits(1)(erase))
    yield* between(Effect.void).pipe(Effect.schedule(Schedule.spaced(Duration.seconds(1))), Effect.forkScoped)
  }
  return {
    /** What one of the runs says. */
    progress: (label: string) => ({
      emit: (emitted: Emitted) =>
        Effect.suspend(() => {
          const row = rows.get(label)
          const lines = row === undefined ? [] : linesOf(label, row, emitted)
          return between(lines.length === 0 ? Effect.void : err.write(`${lines.join("\n")}\n`))
        })
    }),
    /** What else is said meanwhile goes above the rows. */
    screen: Screen.of({ ...screen, err: { ...err, write: (text) => between(err.write(text)) } }),
    /** The plans of these runs, whole, in the order of all. */
    showPlans: (wanted: ReadonlySet<string>) =>
      between(
        Effect.suspend(() => {
          const lines = [...rows].flatMap(([label, { plan }]) => (wanted.has(label) ? plan : []))
          return lines.length === 0 ? Effect.void : out.write(`${lines.join("\n")}\n`)
        })
      )
  }
})
