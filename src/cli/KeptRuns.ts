/** The runs that are kept in a folder, read again. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { join } from "node:path"
import { RunRecord } from "../engine/RunRecord.ts"
import * as RunFiles from "../state/RunFiles.ts"
import type { ShownRun } from "../ui/RunsView.ts"
import * as Say from "./Say.ts"

const decode = Schema.decodeOption(Schema.parseJson(RunRecord))

/** The newest first. What is damaged is said. */
export const readRuns = Effect.fn("readRuns")(function* (directory: string) {
  const ids = yield* RunFiles.list(directory)
  const records: Array<RunRecord> = []
  for (const id of ids) {
    const text = yield* RunFiles.readSummary(directory, id)
    // It has begun this moment.
    if (Option.isNone(text)) continue
    const record = decode(text.value)
    if (Option.isSome(record)) records.push(record.value)
    else yield* Say.warn(`${join(directory, "runs", id)} was changed or cut off: it is not shown`)
  }
  return records.toSorted((a, b) => b.began - a.began)
})

/** Of a run without an end its lock has to tell. */
export const standing = (record: RunRecord, directory: string): Effect.Effect<ShownRun> =>
  record.ended !== null
    ? Effect.succeed({ record, standing: "ended" })
    : Effect.map(RunFiles.isHeld(directory, record.id), (held) => ({
        record,
        standing: held ? "running" : "killed"
      }))
