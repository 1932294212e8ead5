/** A failed run told: what, where, why, what was undone, what is left, what to do now. */
import type { Answer, Leftover, RunFinished } from "../engine/DeploymentEvent.ts"
import type { RunError } from "../orchestrator/RunError.ts"
import type { SpecError } from "../appspec/SpecError.ts"
import type { Explanation } from "./Explain.ts"
import { explain } from "./Explain.ts"
import { listed, seconds, wrap } from "./Layout.ts"
import { renderLog } from "./LogTails.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"
import { stepTitle } from "./StepTitle.ts"

/**
 * @param recover the command that settles what is left.
 * @param log whether its logs have to be shown here, as nothing has shown them before it was undone.
 */
export const renderRunError = (
  error: RunError,
  style: Style,
  recover: string,
  log = false
): ReadonlyArray<string> => {
  const explanation = explain(error.error)
  const title = `${stepTitle(error.step)} failed: ${explanation.where}: `
  return [
    ...renderExplanation(
      { ...explanation, what: title + explanation.what, next: "", log: log ? explanation.log : [] },
      style
    ),
    ...renderAftermath(error.report, style, recover),
    ...nextLine(explanation.next, style)
  ]
}

/** A problem outside a run: unusable credentials, a sandbox that does not start. */
export const renderProblem = (
  problem: Pick<Explanation, "what" | "next"> & Partial<Explanation>,
  style: Style
): ReadonlyArray<string> =>
  renderExplanation({ where: "", causes: [], details: [], log: [], ...problem }, style)

/** What became of a run's changes. */
const renderAftermath = (
  report: typeof RunFinished.Type,
  style: Style,
  recover: string
): ReadonlyArray<string> => [
  ...(report.outcome === "nothing-changed" ? ["  Nothing was changed."] : []),
  ...renderKept(report, style, recover),
  ...wayBack(report).flatMap(([word, what]) =>
    what.length === 0 ? [] : wrap(`${word}: ${clean(listed([...new Set(what)]))}.`, style.columns, "  ")
  ),
  ...(report.answers ?? []).flatMap((answer) => wrap(clean(answered(answer)), style.columns, "  Now: ")),
  ...renderLeftovers(report, style),
  ...(report.leftovers.some(({ recoverable }) => recoverable) ? [`  Or try again: ${clean(recover)}`] : [])
]

/** How to go on from what was left standing, or to be rid of it. */
const renderKept = (
  { kept }: typeof RunFinished.Type,
  style: Style,
  recover: string
): ReadonlyArray<string> => {
  if (kept === undefined) return []
  const { made, pages, perhaps } = kept
  const list = (word: string, what: ReadonlyArray<string>) =>
    what.length === 0 ? [] : wrap(`${word}: ${clean(listed(what))}.`, style.columns, "  ")
  return [
    ...list("Left standing, as --keep-failed says", made),
    ...list("And perhaps, as no answer was seen or an earlier run made it", perhaps),
    // Whole, so that it can be clicked.
    ...pages.map((page) => `  In Coolify: ${clean(page)}`),
    ...wrap("The next `fabrik apply` of the spec goes on from it.", style.columns, "  "),
    ...wrap(`To take it away: ${clean(recover)} --rollback`, style.columns, "  ")
  ]
}

/** What was seen to answer, and no more than that. */
export const answered = ({ detail, ofThisRun, ok, release, url }: Answer): string => {
  if (url === null) return `${detail}; of which release is not to be seen`
  if (!ok) return `${url} does not answer as it should: ${detail}`
  if (release === null) {
    return `${url} ${detail}; with which release it does not say (\`healthcheck.release\` would read it)`
  }
  return `${url} ${detail} with release ${release}${ofThisRun ? ", that of the run which has failed" : ""}`
}

/** What was made is removed again, what was there before is restored; a deployment under way is neither. */
const wayBack = ({
  deleted = [],
  removed = [],
  restored = [],
  undone
}: typeof RunFinished.Type): ReadonlyArray<readonly [string, ReadonlyArray<string>]> => [
  ["Deleted, and gone for good", deleted],
  ["Removed again", removed],
  ["Restored", restored],
  ["Cancelled", undone.filter((what) => !removed.includes(what) && !restored.includes(what))]
]

/** A rollback of what an earlier run had left. */
export const renderRolledBack = (
  report: typeof RunFinished.Type,
  style: Style,
  recover: string
): ReadonlyArray<string> => {
  const whole = report.leftovers.length === 0
  const end = !whole
    ? "not everything could be put back"
    : report.outcome === "unchanged"
      ? "nothing was to be put back"
      : "everything is as it was before"
  return [
    ...wrap(`${end}, ${seconds(report.millis)}`, style.columns, `${whole ? style.tick : style.cross} `).map(
      whole ? style.green : style.red
    ),
    ...renderAftermath({ ...report, outcome: "rolled-back" }, style, recover)
  ]
}

/** What could not be put back, or away, and how to finish it. */
export const renderLeftovers = (
  { leftovers }: Pick<typeof RunFinished.Type, "leftovers">,
  style: Style
): ReadonlyArray<string> =>
  leftovers.length === 0
    ? []
    : [
        "",
        ...wrap("Left behind, and yours to finish:", style.columns).map(style.yellow),
        ...leftovers.flatMap((leftover) => renderLeftover(leftover, style))
      ]

/** An interrupted run, once it has settled. */
export const renderInterrupted = (
  report: typeof RunFinished.Type,
  style: Style,
  recover: string
): ReadonlyArray<string> => {
  const outcome =
    report.outcome === "rolled-back"
      ? "everything was put back"
      : report.outcome === "leftovers"
        ? "not everything could be put back"
        : "nothing was changed"
  return [
    ...wrap(`Interrupted after ${seconds(report.millis)}: ${outcome}.`, style.columns).map(style.bold),
    ...renderAftermath({ ...report, outcome: "rolled-back" }, style, recover)
  ]
}

/** Every problem with its place, the way editors and CI annotate them. */
export const renderSpecError = (
  error: Pick<SpecError, "file" | "problems">,
  style: Style
): ReadonlyArray<string> =>
  error.problems.flatMap(({ line, column, message, hint }) => {
    const file = clean(error.file)
    const place = line === 0 ? file : `${file}:${line}:${column}`
    const [first = "", ...rest] = wrap(`${place}: ${clean(message)}`, style.columns)
    return [
      style.bold(first),
      ...rest.map((more) => `  ${more}`),
      ...(hint === undefined ? [] : wrap(clean(hint), style.columns, "  "))
    ]
  })

const renderExplanation = (explanation: Explanation, style: Style): ReadonlyArray<string> => [
  ...wrap(clean(explanation.what), style.columns, `${style.cross} `).map(style.red),
  ...explanation.causes.flatMap((cause) => wrap(clean(cause), style.columns, "  ")),
  ...explanation.details.flatMap((detail) => wrap(clean(detail), style.columns, "  - ")),
  ...renderLog(explanation.log, { indent: "  " }, style),
  ...nextLine(explanation.next, style)
]

const nextLine = (next: string, style: Style): ReadonlyArray<string> =>
  next === "" ? [] : wrap(clean(next), style.columns, "  Next: ")

const renderLeftover = (leftover: Leftover, style: Style): ReadonlyArray<string> => [
  ...wrap(`${clean(leftover.what)}: ${clean(leftover.why)}`, style.columns, "  - "),
  ...wrap(clean(leftover.next), style.columns, "    to finish: ")
]
