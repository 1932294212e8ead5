/** A run told in lines: a pure function from one event and what was shown before it to what is shown next. */
import type { DeploymentEvent, Emitted, Step } from "../engine/DeploymentEvent.ts"
import { hasChanges } from "../engine/Plan.ts"
import { checked } from "./Checked.ts"
import { renderLeftovers } from "./Failure.ts"
import { renderLogTails } from "./LogTails.ts"
import { count, seconds, wrap } from "./Layout.ts"
import { endingOf } from "./Ending.ts"
import { building, indent, inProgress, isBuilding } from "./LiveLine.ts"
import { renderPlan, type PlannedSecret } from "./PlanView.ts"
import { clean, cleanLines } from "./Sanitize.ts"
import { stepTitle } from "./StepTitle.ts"
import type { Style } from "./Style.ts"

export interface TextOptions {
  readonly quiet: boolean
  /** Shows the deployment's log. */
  readonly verbose: boolean
  /** Waiting is shown in a live line that is rewritten in place, instead of a line for each change. */
  readonly live: boolean
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
  /** What is being changed right now, oldest first. */
  readonly changing: ReadonlyArray<{ readonly id: number | undefined; readonly what: string }>
  /** What was said below the current step and need not be said again. */
  readonly said: ReadonlyArray<string>
  /** The step that is under way: the live line says at least that. */
  readonly step: Step | undefined
  /** When the live line's clock started, milliseconds since the epoch. */
  readonly since: number
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
  changing: [],
  said: [],
  step: undefined,
  since: 0
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

  const fact = (view: View, text: string, mark = "", paint = (line: string) => line): Shown =>
    facts(view, wrap(text, errStyle.columns, `${indent}${mark === "" ? "" : `${mark} `}`).map(paint))

  /** Something that may be said many times over. */
  const waiting = (view: View, at: number, text: string): Shown => {
    if (text === view.waiting || hidden(view)) return silent(view)
    if (options.live) {
      return silent({ ...view, waiting: text, since: view.waiting === undefined ? at : view.since })
    }
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

  const finished = (view: View, event: Extract<DeploymentEvent, { _tag: "RunFinished" }>): Shown => {
    const closed = { ...view, title: undefined, waiting: undefined, changing: [], step: undefined }
    const said = (lines: ReadonlyArray<string>, out: ReadonlyArray<string> = []): Shown => ({
      view: closed,
      out,
      err: options.quiet ? [] : lines
    })
    switch (event.outcome) {
      case "complete":
      case "unchanged":
      case "pending": {
        const isReached = event.outcome !== "pending"
        const ending = endingOf(view, event.outcome, event.verified !== false)
        const line = `${clean(view.name)} ${ending}, ${seconds(event.millis)}`
        const paint = isReached ? errStyle.green : errStyle.yellow
        const lines = wrap(line, errStyle.columns, isReached ? `${errStyle.tick} ` : "").map(paint)
        const left = renderLeftovers(event, errStyle)
        return said(
          [...(ending === undefined ? [] : lines), ...left],
          event.url === null ? [] : [clean(event.url)]
        )
      }
      case "planned":
        return said(
          view.changes ? ["Nothing was sent. `fabrik apply` carries the plan out."] : ["Nothing was sent."]
        )
      case "declined":
        return said([event.undone.length > 0 ? "Nothing else was changed." : "Nothing was changed."])
      // What failed, and what became of it, is told with the reason: by Failure.ts.
      case "nothing-changed":
      case "kept":
      case "rolled-back":
      case "leftovers":
        return said([])
    }
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
        return event.to === "ROLLING_BACK"
          ? always({ ...view, waiting: undefined, changing: [] }, [errStyle.yellow("Rolling back")])
          : silent(view)
      case "StepStarted":
        return hidden(view)
          ? silent(view)
          : silent({
              ...view,
              title: stepTitle(event.step),
              waiting: undefined,
              changing: [],
              said: [],
              step: event.step,
              since: at
            })
      case "StepFinished": {
        const took = `${errStyle.green(errStyle.tick)} ${errStyle.dim(seconds(event.millis))}`
        return {
          view: {
            ...view,
            title: undefined,
            step: undefined,
            changing: [],
            waiting:
              event.step === "secrets" && options.live ? "comparing the spec with what is there" : undefined,
            since: at
          },
          out: [],
          err: hidden(view) ? [] : [view.title === undefined ? `${indent}${took}` : `${view.title} ${took}`]
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
      case "ChangeStarted": {
        const { id, what } = event
        return silent({ ...view, changing: [...view.changing, { id, what }] })
      }
      case "ChangeFinished":
        return silent({ ...view, changing: view.changing.filter(({ id }) => id !== event.id) })
      case "ResourceChanged": {
        const what = `${event.kind} ${event.name}`
        const changing = view.changing.filter((change) => change.what !== what)
        const [mark, paint] = {
          created: ["+", errStyle.green] as const,
          updated: ["~", errStyle.yellow] as const,
          deleted: ["-", errStyle.red] as const
        }[event.action]
        return fact({ ...view, changing }, clean(what), mark, paint)
      }
      case "DnsChecked":
      case "DatabaseChecked": {
        const { done, text } = checked(event)
        return done ? once(view, text) : waiting(view, at, text)
      }
      case "DeploymentProgress": {
        const text = {
          queued: "deployment is queued",
          in_progress: inProgress,
          finished: "deployment finished",
          failed: "deployment failed",
          "cancelled-by-user": "deployment was cancelled"
        }[event.status]
        if (event.status !== "queued" && event.status !== "in_progress") return fact(view, text)
        return isBuilding(view) && text === inProgress ? silent(view) : waiting(view, at, text)
      }
      case "DeploymentLog":
        return options.verbose
          ? facts(
              view,
              cleanLines(event.text).flatMap((line) =>
                wrap(line, errStyle.columns, `${indent}| `).map(errStyle.dim)
              )
            )
          : silent(options.live && isBuilding(view) ? { ...view, waiting: building(event.text) } : view)
      case "LogTails": {
        // The deployment's log has been shown already with --verbose.
        const tails = options.verbose ? { ...event, deployment: [] } : event
        return always({ ...view, waiting: undefined }, renderLogTails(tails, indent, errStyle))
      }
      case "HealthAttempted": {
        const name = event.host === undefined ? "the domain" : clean(event.host)
        const where = {
          origin: `the server itself${event.host === undefined ? "" : ` (${name})`}`,
          name
        }[event.stage]
        return event.ok
          ? once(view, event.leadsTo === undefined ? `healthy at ${where}` : `redirects at ${where}`)
          : waiting(view, at, `not healthy at ${where}: ${clean(event.detail)}`)
      }
      case "Settling":
        return waiting(view, at, `up; watching for ${seconds(event.millis)} whether it stays so`)
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
      case "Retrying":
        return waiting(
          view,
          at,
          `${clean(event.what)}: ${clean(event.why)}; again in ${seconds(event.delayMillis)}`
        )
      case "ApiAway":
        return always(
          { ...view, waiting: "waiting for Coolify's API", since: at },
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
        return fact(
          view,
          `Coolify allows ${event.limit} requests a minute, and ${event.left} are left: one goes out every ${seconds(event.everyMillis)}`
        )
      case "ChangeProgress":
        return waiting(view, at, `${clean(event.what)}: ${event.done} of ${event.total}`)
      case "Warning":
        return always(view, wrap(clean(event.message), errStyle.columns, "Warning: ").map(errStyle.yellow))
      case "UndoStarted":
        return silent({ ...view, waiting: `undoing ${clean(event.what)}`, since: at })
      case "UndoFinished": {
        const became = event.how === "nothing" ? "as it was" : undoWords[event.how]
        const line = `${clean(event.what)} ${became}`
        return fact({ ...view, title: undefined }, line, errStyle.tick, errStyle.green)
      }
      case "UndoFailed":
        return always(
          { ...view, waiting: undefined },
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
