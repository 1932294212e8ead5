import * as Effect from "effect/Effect"
import { join } from "node:path"
import type { RunRecord } from "../../engine/RunRecord.ts"
import * as RunFiles from "../../state/RunFiles.ts"
import { jsonLine } from "../../ui/Json.ts"
import { outcomeOf, renderRun, renderRuns, type ShownRun } from "../../ui/RunsView.ts"
import { Screen } from "../../ui/Screen.ts"
import { UsageError } from "../Arguments.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { secretsDirectoryOf } from "../Layers.ts"
import { readRuns, standing } from "../KeptRuns.ts"
import { refuseOverwriting, reportOf, writeReport } from "../ReportFile.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { sandboxOf } from "../Subject.ts"

export const runs = define({
  name: "runs",
  about: [
    `Every apply, rollback, recover, destroy, start, stop and restart from this folder is kept in .fabrik/runs: who ran it, what it changed, how long each step took, how it ended. Values of secrets are taken out. The newest ${RunFiles.keptRuns} stay.`,
    "A run that was killed has no end, and is said to have ended without a word; `fabrik recover` settles what it left."
  ],
  config: {
    words: Flag.any("APP | show ID", "an application's name; or `show` and a run's first digits, or `last`"),
    report: Shared.report,
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik runs", says: "the newest first" },
    { line: "fabrik runs shop --json", says: "those of one application, a line each" },
    { line: "fabrik runs show last", says: "what the newest one did, and when" },
    { line: "fabrik runs show last --report run.html", says: "the same as a page for the browser" }
  ],
  handler: Effect.fn("command.runs")(function* (flags) {
    const directory = secretsDirectoryOf(sandboxOf(flags))
    const [first, second, ...more] = flags.words
    if (more.length > 0 || (first !== "show" && second !== undefined)) {
      return yield* new UsageError({ message: "runs takes one name, or `show` and a run", command: "runs" })
    }
    if (flags.report !== undefined) {
      if (first !== "show") {
        return yield* new UsageError({
          message: "--report is of one run: runs show ID --report FILE",
          command: "runs"
        })
      }
      yield* refuseOverwriting(flags.report)
    }
    const all = yield* readRuns(directory)
    const { out } = yield* Screen
    if (first === "show") {
      const record = yield* chosen(all, second ?? "last")
      const shown = yield* standing(record, directory)
      if (flags.report !== undefined) {
        yield* writeReport(flags.report, [yield* reportOf(directory, shown)], flags)
      }
      const files = RunFiles.logFiles.map((name) => join(directory, "runs", record.id, name))
      const there = yield* Effect.filter(files, RunFiles.exists)
      return yield* Say.result(flags.json ? [lineOf(shown, there)] : renderRun(shown, there, out.style))
    }
    const found = yield* Effect.forEach(
      all.filter(({ application }) => first === undefined || application === first),
      (record) => standing(record, directory)
    )
    if (flags.json) return yield* Say.result(found.map((one) => lineOf(one)))
    if (found.length > 0) return yield* Say.result(renderRuns(found, out.style))
    const of = first === undefined ? "" : ` of ${first}`
    if (!flags.quiet) yield* Say.hint([`No run${of} is kept in ${join(directory, "runs")}.`])
  })
})

const lineOf = ({ record, standing }: ShownRun, files?: ReadonlyArray<string>): string => {
  const time = (millis: number | null) => (millis === null ? null : new Date(millis).toISOString())
  const { began, ended, ...facts } = record
  return jsonLine({
    type: "Run",
    ...facts,
    began: time(began),
    ended: time(ended),
    standing,
    says: outcomeOf({ record, standing }),
    ...(files === undefined ? {} : { files })
  })
}

const chosen = (all: ReadonlyArray<RunRecord>, id: string): Effect.Effect<RunRecord, UsageError> => {
  const refuse = (message: string) => new UsageError({ message, command: "runs" })
  const [newest] = all
  if (newest === undefined) return refuse("no run is kept here")
  if (id === "last") return Effect.succeed(newest)
  const [first, ...others] = all.filter((one) => one.id.startsWith(id))
  if (first === undefined) return refuse(`no run that is kept here begins with ${id}; see \`fabrik runs\``)
  return others.length === 0
    ? Effect.succeed(first)
    : refuse(`${others.length + 1} runs begin with ${id}: give more of its digits`)
}
