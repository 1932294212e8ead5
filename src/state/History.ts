/** What was deployed from this machine, spec by spec, so that an earlier release can be gone back to. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** One successful run. Holds the text of the spec and so no secret: a spec only names them. */
export const Release = Schema.Struct({
  /** The run that took it live, 12 hex digits. */
  release: Schema.String.pipe(Schema.pattern(/^[0-9a-f]{12}$/)),
  /** Milliseconds since the epoch. */
  at: Schema.Number,
  /** The release that this one went back to; absent: it went forward. */
  backTo: Schema.optional(Schema.String),
  /** The address of the Coolify that it was deployed to; absent: a sandbox, or noted by an earlier version. */
  coolify: Schema.optional(Schema.String),
  /** The spec's YAML. */
  text: Schema.String,
  /** A keyed digest of what the files beside the spec held; absent: it has none. */
  files: Schema.optional(Schema.String)
})
export type Release = typeof Release.Type

/** Which application it is. */
export interface Subject {
  readonly project: string
  readonly environment: string
  readonly name: string
}

export class HistoryError extends Schema.TaggedError<HistoryError>("fabrik/state/HistoryError")(
  "HistoryError",
  {
    reason: Schema.Literal("Unreadable", "Unwritable", "BadFile", "Unavailable"),
    file: Schema.String,
    detail: Schema.String
  }
) {
  override get message(): string {
    return `the history ${this.file} ${this.detail}`
  }
}

export class History extends Context.Tag("fabrik/state/History")<
  History,
  {
    /** Oldest first; empty when nothing was recorded yet. */
    readonly list: (subject: Subject) => Effect.Effect<ReadonlyArray<Release>, HistoryError>
    /** Adds the newest. Only the newest 20 are kept. */
    readonly record: (subject: Subject, release: Release) => Effect.Effect<void, HistoryError>
  }
>() {}
