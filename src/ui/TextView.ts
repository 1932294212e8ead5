/** A run told in lines: a pure function from one event and what was shown before it to what is shown next. */
import type { Emitted, Step } from "../engine/DeploymentEvent.ts"
import { hasChanges } from "../engine/Plan.ts"
import { checked } from "./Checked.ts"
import { renderLogTails } from "./LogTails.ts"
import { count, seconds, wrap } from "./Layout.ts"
import { counted, countedUndo, indent, noTally, noted, renderFold, renderTally, type Tally } from "./Fold.ts"
import { renderEnd, type RunEnd } from "./RunEnd.ts"
import { leftOf, retryOf } from "./Retry.ts"
import { renderPlan, type PlannedSecret } from "./PlanView.ts"
import { clean, cleanLines } from "./Sanitize.ts"
import { stepTitle } from "./StepTitle.ts"
import type { Style } from "./Style.ts"

export interface TextOptions {
  readonly quiet: boolean
  /** Shows the deployment's log. */
  readonly verbose: boolean
  /**
   * What gets a line of its own: `all` that is heard, waiting included; `facts` that have come to be; `ends` of steps, with
   * what has come of them, as all else is shown while it runs.
   */
  readonly told: "all" | "facts" | "ends"
}

/** What the screen remembers. */
export interface View {
  readonly command: string
  readonly name: string
  /** How many names it answers at. */
  readonly domains: number
  /** Of a dry run only the plan is of interest, not the walk through it. */
  readonly dry: boolean
  readonly secrets: ReadonlyArray<PlannedSecret>
  readonly changes: boolean
  /** The title of the current step, while nothing has been said below it. */
  readonly title: string | undefined
  /** What is being waited for: told once, and again when it changes. */
  readonly waiting: string | undefined
  /** What was said below the current step and need not be said again. */
  readonly said: ReadonlyArray<string>
  /** The step that is under way. */
  readonly step: Step | undefined
  /** When it began, or the rollback; milliseconds since the epoch. */
  readonly since: number
  /** What has come of it. */
  readonly tally: Tally
}

export const emptyView: View = {
  command: "",
  name: "",
  domains: 0,
  dry: false,
  secrets: [],
  changes: false,
  title: undefined,
  waiting: undefined,
  said: [],
  step: undefined,
  since: 0,
  tally: noTally
}

/** What one event adds to the screen. */
export interface Shown {
  readonly view: View
  readonly out: ReadonlyArray<string>
  readonly err: ReadonlyArray<string>
}

const undoWords = { removed: "removed again", restored: "restored", cancelled: "cancelled" }

export const makeTextView = (
  options: TextOptions,
  outStyle: Style,
  errStyle: Style
): ((view: View, emitted: Emitted) => Shown) => {
  const silent = (view: View): Shown => ({ view, out: [], err: [] })

  const hidden = (view: View): boolean => options.quiet || view.dry

  /** Permanent lines below the step's title. */
  const facts = (view: View, lines: ReadonlyArray<string>): Shown =>
    hidden(view)
      ? silent(view)
      : {
          view: { ...view, title: undefined, waiting: undefined },
          out: [],
          err: [...(view.title === undefined ? [] : [view.title]), ...lines]
        }

  const folds = options.told === "ends"

  const fact = (view: View, text: string, mark = "", paint = (line: string) => line): Shown =>
    folds
      ? silent({ ...view, tally: noted(view.tally, text) })
      : facts(view, wrap(text, errStyle.columns, `${indent}${mark === "" ? "" : `${mark} `}`).map(paint))

  /** A step that is not to come to its end is told as that. */
  const broken = (view: View, at: number): Shown =>
    folds && view.step !== undefined
      ? {
          view: { ...view, title: undefined, step: undefined, tally: noTally },
          out: [],
          err: hidden(view)
            ? []
            : renderFold(view.title, { isDone: false, millis: at - view.since, tally: view.tally }, errStyle)
        }
      : silent(view)

  const after = (first: Shown, next: (view: View) => Shown): Shown => {
    const second = next(first.view)
    return { view: second.view, out: [...first.out, ...second.out], err: [...first.err, ...second.err] }
  }

  /** Something that may be said many times over. */
  const waiting = (view: View, text: string): Shown => {
    if (options.told !== "all" || text === view.waiting || hidden(view)) return silent(view)
    const shown = fact(view, text)
    return { ...shown, view: { ...shown.view, waiting: text } }
  }

  /** A fact that may come again unchanged. */
  const once = (view: View, text: string): Shown => {
    if (view.said.includes(text)) return silent(view)
    const shown = fact(view, text)
    return { ...shown, view: { ...shown.view, said: [...view.said, text] } }
  }

  const always = (view: View, lines: ReadonlyArray<string>): Shown => ({
    view: { ...view, title: undefined },
    out: [],
    err: [...(view.title === undefined || hidden(view) ? [] : [view.title]), ...lines]
  })

  const finished = (view: View, event: RunEnd): Shown => {
    const { out, err } = renderEnd(view, event, errStyle)
    const closed = { ...view, title: undefined, waiting: undefined, step: undefined, tally: noTally }
    // What no step has told.
    const rest = view.dry || !folds ? [] : renderTally(view.tally, errStyle)
    return { view: closed, out, err: options.quiet ? [] : [...rest, ...err] }
  }

  return (view, { at, event }) => {
    switch (event._tag) {
      case "RunStarted": {
        const mode = { live: "", sandbox: ", in the sandbox", "dry-run": ", dry run" }[event.mode]
        const [first, ...more] = event.domains
        const where =
          first === undefined
            ? ", no domain"
            : ` ${errStyle.arrow} https://${clean(first)}${more.length === 0 ? "" : ` and ${more.length} more`}`
        const line = `${clean(event.name)}${where} (${clean(event.command)}${mode})`
        return {
          view: {
            ...view,
            command: event.command,
            name: event.name,
            domains: event.domains.length,
            dry: event.mode === "dry-run",
            since: at
          },
          out: [],
          err: options.quiet ? [] : wrap(line, errStyle.columns).map(errStyle.bold)
        }
      }
      case "StateChanged":
        if (event.to === "ROLLING_BACK") {
          return after(broken(view, at), (seen) =>
            always({ ...seen, waiting: undefined, since: at, tally: noTally }, [
              errStyle.yellow("Rolling back")
            ])
          )
        }
        if (event.to !== "FAILED" && event.to !== "ROLLED_BACK") return silent(view)
        if (!folds || event.from !== "ROLLING_BACK") return broken(view, at)
        return always(
          { ...view, tally: noTally },
          renderFold(
            undefined,
            { isDone: event.to === "ROLLED_BACK", millis: at - view.since, tally: view.tally },
            errStyle
          )
        )
      case "StepStarted":
        return hidden(view)
          ? silent(view)
          : silent({
              ...view,
              title: stepTitle(event.step),
              waiting: undefined,
              said: [],
              step: event.step,
              since: at,
              tally: noTally
            })
      case "StepFinished": {
        const { tally, title } = view
        const next = { ...view, title: undefined, step: undefined, waiting: undefined, tally: noTally }
        return {
          view: next,
          out: [],
          err: hidden(view) ? [] : renderFold(title, { isDone: true, millis: event.millis, tally }, errStyle)
        }
      }
      case "SecretResolved":
        return silent({
          ...view,
          secrets: [...view.secrets, { name: clean(event.name), origin: event.origin, file: event.file }]
        })
      case "Planned": {
        const lines = renderPlan(event.plan, view.secrets, outStyle, view.command)
        const title = facts(view, [])
        return {
          view: { ...title.view, changes: hasChanges(event.plan) },
          out: ["", ...lines, ""],
          err: title.err
        }
      }
      case "ChangeStarted":
      case "ChangeFinished":
      case "UndoStarted":
        return silent(view)
      case "ResourceChanged": {
        if (folds) return silent({ ...view, tally: counted(view.tally, event.action) })
        const [mark, paint] = {
          created: ["+", errStyle.green] as const,
          updated: ["~", errStyle.yellow] as const,
          deleted: ["-", errStyle.red] as const
        }[event.action]
        return fact(view, clean(`${event.kind} ${event.name}`), mark, paint)
      }
      case "DnsChecked":
      case "DatabaseChecked": {
        const { done, text } = checked(event)
        return done ? once(view, text) : waiting(view, text)
      }
      case "DeploymentProgress": {
        const { ahead } = event
        const text = {
          queued: `deployment is queued${ahead === undefined || ahead === 0 ? "" : `, ${ahead} before it`}`,
          in_progress: "deployment is in progress",
          finished: "deployment finished",
          failed: "deployment failed",
          "cancelled-by-user": "deployment was cancelled"
        }[event.status]
        if (event.status === "queued" || event.status === "in_progress") return waiting(view, text)
        return folds ? silent(view) : fact(view, text)
      }
      case "DeploymentLog":
        return options.verbose
          ? facts(
              view,
              cleanLines(event.text).flatMap((line) =>
                wrap(line, errStyle.columns, `${indent}| `).map(errStyle.dim)
              )
            )
          : silent(view)
      case "LogTails": {
        // The deployment's log has been shown already with --verbose.
        const tails = options.verbose ? { ...event, deployment: [] } : event
        return after(broken(view, at), (seen) =>
          always({ ...seen, waiting: undefined }, renderLogTails(tails, indent, errStyle))
        )
      }
      case "HealthAttempted": {
        const name = event.host === undefined ? "the domain" : clean(event.host)
        const where = {
          origin: `the server itself${event.host === undefined ? "" : ` (${name})`}`,
          name
        }[event.stage]
        if (folds) return silent(view)
        return event.ok
          ? once(view, event.leadsTo === undefined ? `healthy at ${where}` : `redirects at ${where}`)
          : waiting(view, `not healthy at ${where}: ${clean(event.detail)}`)
      }
      case "Settling":
        return waiting(view, `up; watching for ${seconds(event.millis)} whether it stays so`)
      case "Verified": {
        const parts = [
          ...(view.domains > 1 ? [clean(event.url)] : []),
          event.leadsTo === undefined
            ? `HTTP ${event.status}`
            : `HTTP ${event.status} to https://${clean(event.leadsTo)}`,
          `certificate valid for ${count(event.certificateDaysLeft, "day")}`,
          ...(event.release === null ? [] : [`release ${clean(event.release)} answers`])
        ]
        return fact(view, parts.join(", "))
      }
      case "SeenRunning":
        return fact(
          view,
          event.millis > 0
            ? `its container runs, and has stayed up for ${seconds(event.millis)}`
            : "its container runs"
        )
      case "SeenStopped":
        return fact(view, `no container of it runs; Coolify says: ${clean(event.status)}`)
      case "Retrying": {
        const { what, why } = retryOf(event)
        return waiting(view, `${what}: ${why}; again in ${seconds(event.delayMillis)}`)
      }
      case "ApiAway":
        return always(
          { ...view, waiting: undefined },
          wrap(
            `Coolify's API is away (${clean(event.why)}), waiting for it up to ${seconds(event.limitMillis)}`,
            errStyle.columns,
            indent
          ).map(errStyle.yellow)
        )
      case "ApiBack":
        return always({ ...view, waiting: undefined }, [
          `${indent}Coolify's API is back after ${seconds(event.millis)}`
        ])
      case "RequestsSpaced":
        if (folds) return silent(view)
        return fact(
          view,
          `Coolify allows ${event.limit} requests a minute, and ${leftOf(event.left, event.everyMillis)}`
        )
      case "ChangeProgress":
        return waiting(view, `${clean(event.what)}: ${event.done} of ${event.total}`)
      case "Warning":
        return always(view, wrap(clean(event.message), errStyle.columns, "Warning: ").map(errStyle.yellow))
      case "UndoFinished": {
        if (folds) return silent({ ...view, tally: countedUndo(view.tally, event) })
        const became = event.how === "nothing" ? "as it was" : undoWords[event.how]
        const line = `${clean(event.what)} ${became}`
        return fact({ ...view, title: undefined }, line, errStyle.tick, errStyle.green)
      }
      case "UndoFailed":
        return always(
          { ...view, waiting: undefined, tally: counted(view.tally, "left behind") },
          wrap(
            `${clean(event.leftover.what)}: ${clean(event.leftover.why)}`,
            errStyle.columns,
            `${indent}${errStyle.cross} `
          ).map(errStyle.red)
        )
      case "RunFinished":
        return finished(view, event)
    }
  }
}
