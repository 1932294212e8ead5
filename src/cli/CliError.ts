import * as Schema from "effect/Schema"

/** The command has told its end already; only the exit code is left to give. */
export class Concluded extends Schema.TaggedError<Concluded>("fabrik/cli/Concluded")("Concluded", {
  code: Schema.Number
}) {}

/** What a command needs to reach the world is not set, or not safe. */
export class CredentialsError extends Schema.TaggedError<CredentialsError>("fabrik/cli/CredentialsError")(
  "CredentialsError",
  { detail: Schema.String, next: Schema.String }
) {
  override get message(): string {
    return this.detail
  }
}

/** The plan has changes, and nobody was there to say yes. */
export class UnconfirmedError extends Schema.TaggedError<UnconfirmedError>("fabrik/cli/UnconfirmedError")(
  "UnconfirmedError",
  {}
) {
  override get message(): string {
    return "the plan has changes and nobody can be asked: stdin and stderr are not both terminals, or CI is set"
  }
}

/** A file that was to be written is not: it is there already, cannot be made, or not all is known that goes into it. */
export class NotWrittenError extends Schema.TaggedError<NotWrittenError>("fabrik/cli/NotWrittenError")(
  "NotWrittenError",
  { detail: Schema.String, next: Schema.String }
) {
  override get message(): string {
    return this.detail
  }
}
