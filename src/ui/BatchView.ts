/** What became of several runs, a line each. */
import type { RunFinished, Step } from "../engine/DeploymentEvent.ts"
import { count, listed, seconds } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import { stepTitle } from "./StepTitle.ts"
import type { Style } from "./Style.ts"
import { renderTable } from "./Table.ts"

export type BatchResult =
  | {
      readonly _tag: "Ended"
      readonly report: typeof RunFinished.Type
      /** Has a public name. */
      readonly answers: boolean
      /** How many changes its plan has. */
      readonly changes: number
    }
  /** `step`: where, if it had begun. */
  | {
      readonly _tag: "Failed"
      readonly report: typeof RunFinished.Type | undefined
      readonly step: Step | undefined
    }
  | { readonly _tag: "Skipped"; readonly why: string }

export interface BatchRow {
  readonly label: string
  readonly result: BatchResult
  /** It was to be deleted, whatever the command. */
  readonly removes: boolean
}

/** One word or two, the same for the table and for the count below it. */
export const wordOf = ({ removes, result }: BatchRow, command: string): string => {
  if (result._tag === "Skipped") return "skipped"
  const [answers, changes] = result._tag === "Ended" ? [result.answers, result.changes] : [false, 0]
  const goes = removes || command === "destroy"
  switch (result.report?.outcome ?? "nothing-changed") {
    case "complete":
      return goes ? "gone" : answers ? "live" : "runs"
    case "unchanged":
      return goes ? "not there" : "up to date"
    case "pending":
      return "not reached yet"
    case "planned":
      return changes === 0 ? "no changes" : count(changes, "change")
    case "declined":
      return "not begun"
    case "leftovers":
      return "left behind"
    case "kept":
      return "left standing"
    case "rolled-back":
      return "rolled back"
    case "nothing-changed":
      return "failed"
  }
}

export const renderBatch = (
  rows: ReadonlyArray<BatchRow>,
  command: string,
  style: Style
): ReadonlyArray<string> =>
  renderTable(
    ["NAME", "RESULT", "TIME", "WHERE"],
    rows.map((row) => ({
      cells: [clean(row.label), wordOf(row, command), timeOf(row.result), clean(placeOf(row.result))],
      paint: isGood(row.result) ? (text: string) => text : style.yellow
    })),
    style
  )

/** `2 live, 1 rolled back and 1 skipped`, the frequent ones first. */
export const renderCounts = (
  rows: ReadonlyArray<BatchRow>,
  command: string,
  what: "spec" | "application" = "spec"
): string => {
  const counts = new Map<string, number>()
  for (const row of rows) {
    const { result } = row
    const word =
      command === "plan" && result._tag === "Ended" ? planned(result.changes) : wordOf(row, command)
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return `${count(rows.length, what)}: ${listed(
    [...counts].toSorted(([, a], [, b]) => b - a).map(([word, times]) => `${times} ${word}`)
  )}`
}

const planned = (changes: number): string => (changes === 0 ? "as specified" : "to change")

const isGood = (result: BatchResult): boolean =>
  result._tag === "Ended" &&
  result.report.leftovers.length === 0 &&
  result.report.outcome !== "declined" &&
  result.report.outcome !== "pending"

const timeOf = (result: BatchResult): string =>
  result._tag === "Skipped" || result.report === undefined ? "" : seconds(result.report.millis)

const placeOf = (result: BatchResult): string => {
  switch (result._tag) {
    case "Skipped":
      return result.why
    case "Failed":
      return result.step === undefined ? "" : `at ${stepTitle(result.step)}`
    case "Ended":
      return result.report.url ?? ""
  }
}
