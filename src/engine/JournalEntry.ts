/** What the entries of a journal say of the runs that wrote them. */
import type { Begun, JournalEntry, Recorded } from "./JournalSchema.ts"

/** A change and what became of it. */
export interface RecordedChange extends Recorded {
  readonly undone: boolean
}

/** What runs have left open. */
export interface Unsettled {
  /** The newest of them. */
  readonly begun: Begun
  /** All of them. */
  readonly runs: ReadonlyArray<string>
  /** Whose work stood there before the first of them; `undefined`: nobody looked. */
  readonly stood: ReadonlyArray<string> | undefined
  /** `rolling back` and `committed` were decided, and stay so. */
  readonly decision: "none" | "rolling back" | "committed" | "closed"
  /** A deployment of theirs has finished. */
  readonly used: boolean
  /** Oldest first. */
  readonly changes: ReadonlyArray<RecordedChange>
  /** What was being asked of the outside when the process ended: nobody knows whether it was done. */
  readonly unanswered: ReadonlyArray<{
    readonly id: number
    readonly what: string
    /** Milliseconds since the epoch, where it was noted. */
    readonly at?: number
  }>
  /** The highest id used. */
  readonly lastId: number
}

/** What is open after these entries; `undefined`: nothing. */
export const unsettled = (entries: ReadonlyArray<JournalEntry>): Unsettled | undefined =>
  entries.reduce<Unsettled | undefined>(after, undefined)

const after = (open: Unsettled | undefined, entry: JournalEntry): Unsettled | undefined => {
  if (entry._tag === "Begun") {
    // It takes on what an earlier one has left, unless that is decided. What is to be deleted has nothing to go back to.
    return open?.decision === "none" && entry.command !== "destroy"
      ? { ...open, begun: entry, runs: [...open.runs, entry.run] }
      : {
          begun: entry,
          runs: [entry.run],
          stood: entry.stood,
          decision: "none",
          used: false,
          changes: [],
          unanswered: [],
          lastId: open?.lastId ?? 0
        }
  }
  if (open === undefined) return undefined
  switch (entry._tag) {
    case "Change": {
      const { _tag: _, ...change } = entry
      const changes = [...open.changes, { ...change, undone: false }]
      // Changes that are made side by side may come in another order than their ids.
      return { ...open, changes, lastId: Math.max(open.lastId, entry.id) }
    }
    case "Sending": {
      const { id, method, what, at } = entry
      const sent = { id, what: `${method} ${what}`, ...(at === undefined ? {} : { at }) }
      return { ...open, unanswered: [...open.unanswered, sent], lastId: Math.max(open.lastId, id) }
    }
    case "Answered":
      return { ...open, unanswered: open.unanswered.filter(({ id }) => id !== entry.id) }
    case "Used":
      return { ...open, used: true }
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
