/** Why a run failed: the services' own errors, and those that only the orchestrator can see. */
import * as Schema from "effect/Schema"

/** Refused before anything was sent: going on could harm what is not fabrik's, or could not be undone. */
export class RefusedError extends Schema.TaggedError<RefusedError>("fabrik/engine/RefusedError")(
  "RefusedError",
  {
    reason: Schema.Literal(
      "Foreign",
      "Held",
      "Ambiguous",
      "NotFound",
      "Unrestorable",
      "Unsendable",
      "NoValue",
      "Unreadable",
      "NotPublic",
      "Delegated",
      "Downtime",
      "Moved",
      "NotRunning",
      "Inexpressible",
      "NoRelease",
      "TooOld",
      "Unsettled",
      "Withdrawn",
      "OfSpec"
    ),
    detail: Schema.String,
    next: Schema.String
  }
) {
  override get message(): string {
    return this.detail
  }
}

/** The deployment ended otherwise than `finished`, or its outcome does not hold. */
export class DeploymentFailedError extends Schema.TaggedError<DeploymentFailedError>(
  "fabrik/engine/DeploymentFailedError"
)("DeploymentFailedError", {
  reason: Schema.Literal(
    "Failed",
    "Cancelled",
    "QueueFull",
    "Lost",
    "CrashLoop",
    "Unsteady",
    "Overtaken",
    "StillRuns",
    "DatabaseDown"
  ),
  detail: Schema.String,
  deployment: Schema.NullOr(Schema.String),
  /** The end of the deployment's or the container's log; empty when the token may not read it. */
  log: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.detail
  }
}

/** The run's own deadline passed. */
export class DeadlineError extends Schema.TaggedError<DeadlineError>("fabrik/engine/DeadlineError")(
  "DeadlineError",
  { seconds: Schema.Number }
) {
  override get message(): string {
    return `not done within ${this.seconds} s`
  }
}
