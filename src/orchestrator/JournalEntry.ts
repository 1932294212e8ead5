/** What stands in a journal, and what it says of the runs that wrote it. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Undo } from "./Undo.ts"

/** A run and what it was to do: enough to go on without the process that began it. */
const Begun = Schema.TaggedStruct("Begun", {
  run: Schema.String,
  /** Milliseconds since the epoch: for people only, nothing is decided by it. */
  at: Schema.Number,
  command: Schema.String,
  /** The spec's path as it was given, and its YAML. */
  file: Schema.String,
  text: Schema.String,
  skipDns: Schema.Boolean,
  skipDeploy: Schema.Boolean,
  allowDowntime: Schema.Boolean,
  deleteVolumes: Schema.Boolean,
  /** A keyed digest of each secret's value. */
  secrets: Schema.Array(Schema.Struct({ name: Schema.String, digest: Schema.String }))
})
export type Begun = typeof Begun.Type

export const JournalEntry = Schema.Union(
  Begun,
  /** A change that is about to be made. */
  Schema.TaggedStruct("Change", { id: Schema.Number, undo: Undo }),
  /** A request that is about to be sent. */
  Schema.TaggedStruct("Sending", { id: Schema.Number, method: Schema.String, what: Schema.String }),
  Schema.TaggedStruct("Answered", {
    id: Schema.Number,
    outcome: Schema.Literal("done", "refused", "unknown")
  }),
  /** From here on there is no way forward. */
  Schema.TaggedStruct("RollingBack", {}),
  /** `left`: somebody else has changed it meanwhile, and it stays as it is. */
  Schema.TaggedStruct("Undone", { id: Schema.Number, result: Schema.Literal("undone", "nothing", "left") }),
  /** From here on there is no way back. */
  Schema.TaggedStruct("Committed", {}),
  /** Nothing is open any more. */
  Schema.TaggedStruct("Closed", {})
)
export type JournalEntry = typeof JournalEntry.Type

export const encodeEntry = Schema.encodeSync(JournalEntry)
const decodeEntry = Schema.decodeUnknownOption(JournalEntry)

/** A change and what became of it. */
export interface RecordedChange {
  readonly id: number
  readonly undo: Undo
  readonly undone: boolean
}

/** What runs have left open. */
export interface Unsettled {
  /** The newest of them. */
  readonly begun: Begun
  /** `rolling back` and `committed` were decided, and stay so. */
  readonly decision: "none" | "rolling back" | "committed" | "closed"
  /** Oldest first. */
  readonly changes: ReadonlyArray<RecordedChange>
  /** What was being asked of the outside when the process ended: nobody knows whether it was done. */
  readonly unanswered: ReadonlyArray<{ readonly id: number; readonly what: string }>
  /** The highest id used. */
  readonly lastId: number
}

/** `undefined`: nothing is open. `Left`: the number of the entry that is not understood. */
export const unsettled = (entries: ReadonlyArray<unknown>): Either.Either<Unsettled | undefined, number> => {
  let open: Unsettled | undefined
  for (const [index, raw] of entries.entries()) {
    const entry = Option.getOrUndefined(decodeEntry(raw))
    const then = entry === undefined ? undefined : after(open, entry)
    if (then === undefined) return Either.left(index + 1)
    open = then
  }
  return Either.right(open)
}

const after = (open: Unsettled | undefined, entry: JournalEntry): Unsettled | undefined => {
  if (entry._tag === "Begun") {
    // It takes on what an earlier one has left, unless that is decided. What is to be deleted has nothing to go back to.
    return open?.decision === "none" && entry.command !== "destroy"
      ? { ...open, begun: entry }
      : { begun: entry, decision: "none", changes: [], unanswered: [], lastId: open?.lastId ?? 0 }
  }
  if (open === undefined) return undefined
  switch (entry._tag) {
    case "Change": {
      const { id, undo } = entry
      return { ...open, changes: [...open.changes, { id, undo, undone: false }], lastId: id }
    }
    case "Sending": {
      const { id, method, what } = entry
      return { ...open, unanswered: [...open.unanswered, { id, what: `${method} ${what}` }], lastId: id }
    }
    case "Answered":
      return { ...open, unanswered: open.unanswered.filter(({ id }) => id !== entry.id) }
    case "RollingBack":
      return { ...open, decision: "rolling back" }
    case "Undone": {
      const changes = open.changes.map((change) =>
        change.id === entry.id ? { ...change, undone: true } : change
      )
      return { ...open, changes }
    }
    case "Committed":
      return { ...open, decision: "committed" }
    case "Closed":
      return { ...open, decision: "closed" }
  }
}
