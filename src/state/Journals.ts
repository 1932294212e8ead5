/** Logs that say what a run is about to do before it does it, so that nothing is lost with the process. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

/**
 * `Damaged`: something else than its end is not as it was written. `Older`: another version has to read it.
 * `Unavailable`: whoever keeps it cannot be reached. `Lost`: it is another run's by now, so that nothing may be done any
 * more that it does not say.
 */
export class JournalError extends Schema.TaggedError<JournalError>("fabrik/state/JournalError")(
  "JournalError",
  {
    reason: Schema.Literal("Unreadable", "Unwritable", "Damaged", "Older", "Unavailable", "Lost"),
    file: Schema.String,
    /** What follows the file's name: `cannot be written: ENOSPC`. */
    detail: Schema.String
  }
) {
  override get message(): string {
    return `the journal ${this.file} ${this.detail}`
  }
}

export interface AppendOptions {
  /** Return only when this entry, and all before it, would survive a power cut. */
  readonly sync: boolean
  /** Use the room that is kept for undoing, so that a full disk does not stand in the way. */
  readonly reserved: boolean
}

/** One log. It begins to exist with the first entry. */
export interface Journal {
  /** No other journal has it, of whichever world. */
  readonly id: string
  /** Where it lies, for messages. */
  readonly file: string
  /** What was in it when it was opened, oldest first: any JSON values. */
  readonly entries: ReadonlyArray<unknown>
  /** Adds an entry; entries of several fibers come in one after the other. */
  readonly append: (entry: unknown, options: AppendOptions) => Effect.Effect<void, JournalError>
  /** Ends it: with what is settled nobody has to deal again. */
  readonly remove: Effect.Effect<void, JournalError>
}

/** All the journals of one place. */
export class Journals extends Context.Tag("fabrik/state/Journals")<
  Journals,
  {
    /** Opens the journal of this name (letters, digits, `-`), until the scope ends. */
    readonly open: (name: string) => Effect.Effect<Journal, JournalError, Scope.Scope>
    /** The names of those that exist. */
    readonly list: Effect.Effect<ReadonlyArray<string>, JournalError>
  }
>() {}
