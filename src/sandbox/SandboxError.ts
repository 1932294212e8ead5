import * as Schema from "effect/Schema"

/** The ways the sandbox cannot start, be reached or be told something. */
const SandboxErrorReason = Schema.Literal(
  /** An explicitly wanted port is taken (or not allowed). */
  "PortInUse",
  /** Another process, or another scope of this one, runs the sandbox of the same directory. */
  "Locked",
  /** A file of the directory cannot be understood. */
  "BadState",
  /** The directory cannot be read or written. */
  "Unwritable",
  /** A fault rule that means nothing. */
  "BadFault",
  /** The running sandbox did not answer, or not as one. */
  "NoAnswer"
)

/** Why the sandbox did not do what it was told, in the operator's terms. */
export class SandboxError extends Schema.TaggedError<SandboxError>("fabrik/sandbox/SandboxError")(
  "SandboxError",
  { reason: SandboxErrorReason, detail: Schema.String, cause: Schema.optional(Schema.Defect) }
) {
  override get message(): string {
    return `sandbox: ${this.detail}`
  }
}
