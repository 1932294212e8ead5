import * as Schema from "effect/Schema"
import { CoolifyError } from "../coolify/CoolifyError.ts"
import { PropagationTimeout } from "../dns/AwaitAuthoritative.ts"
import { AuthoritativeDnsError } from "../dns/AuthoritativeDns.ts"
import { DnsError } from "../dns/DnsError.ts"
import { UnhealthyError } from "../health/AwaitHealthy.ts"
import { JournalError } from "../state/Journals.ts"
import { SecretError } from "../secrets/SecretStore.ts"
import { DeadlineError, DeploymentFailedError, RefusedError } from "../engine/DeployError.ts"
import { RunFinished, Step } from "../engine/DeploymentEvent.ts"
import { IllegalTransition } from "../engine/DeploymentState.ts"

/** Everything a step can fail with. */
export const StepError = Schema.Union(
  RefusedError,
  SecretError,
  JournalError,
  CoolifyError,
  DnsError,
  AuthoritativeDnsError,
  PropagationTimeout,
  DeploymentFailedError,
  UnhealthyError,
  DeadlineError,
  IllegalTransition
)
export type StepError = typeof StepError.Type

/** A run that failed: where, why, and what became of its changes. */
export class RunError extends Schema.TaggedError<RunError>("fabrik/orchestrator/RunError")("RunError", {
  step: Step,
  error: StepError,
  report: RunFinished
}) {
  override get message(): string {
    return `${this.step}: ${this.error.message}`
  }
}
