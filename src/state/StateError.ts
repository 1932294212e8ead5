import * as Schema from "effect/Schema"

/** The state that a team shares cannot be used. Carries no password and no key. */
export class StateError extends Schema.TaggedError<StateError>("fabrik/state/StateError")("StateError", {
  reason: Schema.Literal(
    "BadAddress",
    "BadKey",
    "WrongKey",
    "Unreachable",
    "Unauthenticated",
    "Forbidden",
    "Tls",
    "TooOld",
    "Newer",
    "Failed"
  ),
  /** Which server and database. */
  place: Schema.String,
  /** What follows the place: `cannot be reached (ECONNREFUSED)`. */
  detail: Schema.String,
  next: Schema.String
}) {
  override get message(): string {
    return `the shared state${this.place === "" ? "" : ` at ${this.place}`} ${this.detail}`
  }
}
