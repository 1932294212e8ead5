/** What happens during a run, as facts. How it looks is the business of `ui`. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { DeploymentState } from "./DeploymentState.ts"
import { Plan } from "./Plan.ts"

export const Step = Schema.Literal("validate", "secrets", "provision", "deploy", "verify", "delete")
export type Step = typeof Step.Type

/** Something fabrik made or changed and could not put back. */
export const Leftover = Schema.Struct({
  what: Schema.String,
  why: Schema.String,
  /** The manual step that finishes it. */
  next: Schema.String,
  /** `fabrik recover` tries again to put it back. */
  recoverable: Schema.Boolean
})
export type Leftover = typeof Leftover.Type

export const Outcome = Schema.Literal(
  /** Deployed and verified. */
  "complete",
  /** Nothing differed, and it answers. */
  "unchanged",
  /** A dry run: nothing was sent. */
  "planned",
  /** The operator said no. */
  "declined",
  /** Failed or interrupted before anything was changed. */
  "nothing-changed",
  /** Failed or interrupted, everything was put back. */
  "rolled-back",
  /** Failed or interrupted, something could not be put back. */
  "leftovers"
)
export type Outcome = typeof Outcome.Type

const RunStarted = Schema.TaggedStruct("RunStarted", {
  command: Schema.String,
  name: Schema.String,
  domain: Schema.String,
  mode: Schema.Literal("live", "sandbox", "dry-run")
})
const StateChanged = Schema.TaggedStruct("StateChanged", {
  from: DeploymentState,
  to: DeploymentState
})
const StepStarted = Schema.TaggedStruct("StepStarted", { step: Step })
const StepFinished = Schema.TaggedStruct("StepFinished", { step: Step, millis: Schema.Number })
const SecretResolved = Schema.TaggedStruct("SecretResolved", {
  name: Schema.String,
  origin: Schema.Literal("given", "environment", "env-file", "stored", "generated")
})
const Planned = Schema.TaggedStruct("Planned", { plan: Plan })
/** Told before the first request: from here on it may have been changed. */
const ChangeStarted = Schema.TaggedStruct("ChangeStarted", { what: Schema.String })
export const ResourceChanged = Schema.TaggedStruct("ResourceChanged", {
  system: Schema.Literal("coolify", "dns"),
  kind: Schema.Literal("project", "environment", "application", "variables", "record"),
  name: Schema.String,
  action: Schema.Literal("created", "updated", "deleted")
})
/** One round of questions to the zone's authoritative name servers. */
const DnsChecked = Schema.TaggedStruct("DnsChecked", {
  name: Schema.String,
  right: Schema.Number,
  total: Schema.Number,
  detail: Schema.String
})
const DeploymentProgress = Schema.TaggedStruct("DeploymentProgress", {
  deployment: Schema.String,
  status: Schema.Literal("queued", "in_progress", "finished", "failed", "cancelled-by-user")
})
const DeploymentLog = Schema.TaggedStruct("DeploymentLog", {
  stream: Schema.Literal("stdout", "stderr"),
  text: Schema.String
})
const HealthAttempted = Schema.TaggedStruct("HealthAttempted", {
  stage: Schema.Literal("origin", "name"),
  attempt: Schema.Number,
  ok: Schema.Boolean,
  detail: Schema.String
})
/** It has come up, and is watched for as long as the spec says, to see whether it stays so. */
const Settling = Schema.TaggedStruct("Settling", { millis: Schema.Number })
const Verified = Schema.TaggedStruct("Verified", {
  url: Schema.String,
  status: Schema.Number,
  certificateDaysLeft: Schema.Number,
  /** Read from the response and equal to `FABRIK_RELEASE`; `null` where the spec names no place to read it. */
  release: Schema.NullOr(Schema.String)
})
const Retrying = Schema.TaggedStruct("Retrying", {
  what: Schema.String,
  why: Schema.String,
  delayMillis: Schema.Number
})
/** Nobody of Coolify's answers; the run waits for it, at most for so long. */
const ApiAway = Schema.TaggedStruct("ApiAway", { why: Schema.String, limitMillis: Schema.Number })
const ApiBack = Schema.TaggedStruct("ApiBack", { millis: Schema.Number })
/** Of the requests that Coolify allows in a minute, `left` are left: one is sent every `everyMillis`. */
const RequestsSpaced = Schema.TaggedStruct("RequestsSpaced", {
  limit: Schema.Number,
  left: Schema.Number,
  everyMillis: Schema.Number
})
/** How far a change has got that takes many requests. */
const ChangeProgress = Schema.TaggedStruct("ChangeProgress", {
  what: Schema.String,
  done: Schema.Number,
  total: Schema.Number
})
const Warning = Schema.TaggedStruct("Warning", { message: Schema.String })
const UndoStarted = Schema.TaggedStruct("UndoStarted", { what: Schema.String })
/** What putting a change back does to it; `nothing`: it had never taken effect. */
export const WayBack = Schema.Literal("removed", "restored", "cancelled", "nothing")
export type WayBack = typeof WayBack.Type
const UndoFinished = Schema.TaggedStruct("UndoFinished", { what: Schema.String, how: WayBack })
const UndoFailed = Schema.TaggedStruct("UndoFailed", { leftover: Leftover })
export const RunFinished = Schema.TaggedStruct("RunFinished", {
  outcome: Outcome,
  url: Schema.NullOr(Schema.String),
  undone: Schema.Array(Schema.String),
  /** Those of `undone` that this run had made, and that are gone again. */
  removed: Schema.optional(Schema.Array(Schema.String)),
  /** Those of `undone` that were there before, and are again as they were. */
  restored: Schema.optional(Schema.Array(Schema.String)),
  /** What a run without a way back has deleted before it failed. */
  deleted: Schema.optional(Schema.Array(Schema.String)),
  /** `false`: it succeeded without a look at the application. */
  verified: Schema.optional(Schema.Boolean),
  leftovers: Schema.Array(Leftover),
  interrupted: Schema.Boolean,
  millis: Schema.Number
})

export const DeploymentEvent = Schema.Union(
  RunStarted,
  StateChanged,
  StepStarted,
  StepFinished,
  SecretResolved,
  Planned,
  ChangeStarted,
  ResourceChanged,
  DnsChecked,
  DeploymentProgress,
  DeploymentLog,
  HealthAttempted,
  Settling,
  Verified,
  Retrying,
  ApiAway,
  ApiBack,
  RequestsSpaced,
  ChangeProgress,
  Warning,
  UndoStarted,
  UndoFinished,
  UndoFailed,
  RunFinished
)
export type DeploymentEvent = typeof DeploymentEvent.Type

/** An event with its circumstances: `at` in milliseconds since the epoch, the run's id and its state by then. */
export const Emitted = Schema.Struct({
  at: Schema.Number,
  run: Schema.String,
  state: DeploymentState,
  event: DeploymentEvent
})
export type Emitted = typeof Emitted.Type

/** Who watches a run. Nobody, unless a screen says otherwise. */
export class Progress extends Context.Reference<Progress>()("fabrik/orchestrator/Progress", {
  defaultValue: (): { readonly emit: (emitted: Emitted) => Effect.Effect<void> } => ({
    emit: () => Effect.void
  })
}) {}
