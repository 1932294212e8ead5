/** The runs that are kept: all in a table, or one with what it did and when. */
import type { RunRecord } from "../engine/RunRecord.ts"
import { answered, renderLeftovers } from "./Failure.ts"
import { seconds, wrap } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import { stepTitle } from "./StepTitle.ts"
import type { Style } from "./Style.ts"
import { renderTable } from "./Table.ts"

/** `killed`: it has no end, and its process is gone. */
type Standing = "ended" | "running" | "killed"

export interface ShownRun {
  readonly record: RunRecord
  readonly standing: Standing
}

const outcomes: { readonly [O in NonNullable<RunRecord["outcome"]>]: string } = {
  complete: "done",
  unchanged: "nothing to change",
  pending: "done, not reached yet",
  planned: "planned",
  declined: "not begun",
  "nothing-changed": "failed, nothing changed",
  kept: "failed, left standing",
  "rolled-back": "failed, put back",
  leftovers: "failed, something left"
}

/** How it ended, in words. */
export const outcomeOf = ({ record, standing }: ShownRun): string => {
  if (standing === "running") return "running"
  if (standing === "killed") return "ended without a word"
  const { command, deleted, exit, interrupted, outcome } = record
  if (outcome === null) {
    if (exit === 1) return "failed by a fault of fabrik"
    return exit === 11 ? "interrupted in the middle" : "failed"
  }
  if (outcome === "rolled-back" && command === "recover" && exit === 0) return "put back"
  const words = outcomes[outcome]
  if (outcome === "nothing-changed" && deleted.length > 0) return "failed, some is deleted"
  return interrupted ? words.replace("failed", "interrupted") : words
}

const isGood = ({ record, standing }: ShownRun): boolean => standing === "running" || record.exit === 0

export const renderRuns = (runs: ReadonlyArray<ShownRun>, style: Style): ReadonlyArray<string> =>
  renderTable(
    ["RUN", "WHEN (UTC)", "COMMAND", "APPLICATION", "OUTCOME", "TIME", "EXIT"],
    runs.map((run) => {
      const { application, began, command, exit, id, millis } = run.record
      return {
        cells: [
          id.slice(0, 6),
          moment(began).slice(0, 16),
          clean(command),
          clean(application),
          outcomeOf(run),
          millis === null ? "" : seconds(millis),
          exit === null ? "" : String(exit)
        ],
        paint: isGood(run) ? (text: string) => text : style.yellow
      }
    }),
    style
  )

/** @param files what else is kept of it, by the paths. */
export const renderRun = (
  run: ShownRun,
  files: ReadonlyArray<string>,
  style: Style
): ReadonlyArray<string> => {
  const { record } = run
  const { columns } = style
  const facts: ReadonlyArray<readonly [string, string]> = [
    ["application", `${record.application} in ${record.project}, ${record.environment}`],
    ["spec", record.file],
    ["Coolify", record.coolify],
    [
      "by",
      `${record.user} at ${record.machine} (process ${record.process}), owner ${record.owner}, fabrik ${record.fabrik}`
    ],
    ["began", moment(record.began)],
    ["ended", record.ended === null ? "" : moment(record.ended)],
    ["took", record.millis === null ? "" : seconds(record.millis)],
    ["exit", record.exit === null ? "" : String(record.exit)],
    ["answers at", record.url ?? ""]
  ]
  const steps = record.steps.map(({ from, millis, step }) => {
    const end = millis === null ? (run.standing === "running" ? "under way" : "not ended") : seconds(millis)
    return `${stepTitle(step)}: ${end}, from ${seconds(from)} on`
  })
  return [
    ...wrap(`Run ${record.id}: ${clean(record.command)}: ${outcomeOf(run)}`, columns).map(style.bold),
    ...facts
      .filter(([, value]) => value !== "")
      .flatMap(([name, value]) => wrap(clean(value), columns, `  ${name.padEnd(12)} `)),
    ...listOf("Steps", steps, style),
    ...listOf(
      "Changed",
      record.changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`),
      style
    ),
    ...listOf("Removed again", record.removed, style),
    ...listOf("Restored", record.restored, style),
    ...listOf("Left standing", record.kept, style),
    ...listOf("Deleted, and gone for good", record.deleted, style),
    ...listOf("Warnings", record.warnings, style),
    ...failureOf(record, style),
    ...record.answers.flatMap((answer) => wrap(clean(answered(answer)), columns, "  Seen after it: ")),
    ...renderLeftovers(record, style),
    ...listOf("Kept", files, style)
  ]
}

const failureOf = ({ failure }: RunRecord, style: Style): ReadonlyArray<string> => {
  if (failure === null) return []
  const where = failure.step === null ? "Failed" : `${stepTitle(failure.step)} failed`
  return [
    "",
    ...wrap(`${where}: ${clean(failure.message)}`, style.columns).map(style.red),
    ...(failure.next === "" ? [] : wrap(clean(failure.next), style.columns, "  Next: "))
  ]
}

const listOf = (
  title: string,
  items: ReadonlyArray<string>,
  { bold, columns }: Style
): ReadonlyArray<string> =>
  items.length === 0 ? [] : ["", bold(title), ...items.flatMap((item) => wrap(clean(item), columns, "  - "))]

/** `2026-01-31 12:00:05 UTC` */
const moment = (millis: number): string =>
  `${new Date(millis).toISOString().slice(0, 19).replace("T", " ")} UTC`
