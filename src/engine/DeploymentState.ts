import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

export const DeploymentState = Schema.Literal(
  "PENDING",
  "VALIDATING",
  "PROVISIONING",
  "DEPLOYING",
  "VERIFYING",
  "COMPLETE",
  "FAILED",
  "ROLLING_BACK",
  "ROLLED_BACK"
)
export type DeploymentState = typeof DeploymentState.Type

/** Where each state may go. A working state goes on, to FAILED (nothing to undo) or to ROLLING_BACK. */
export const transitions: { readonly [State in DeploymentState]: ReadonlyArray<DeploymentState> } = {
  PENDING: ["VALIDATING"],
  // A plan is all that a dry run comes to.
  VALIDATING: ["PROVISIONING", "COMPLETE", "FAILED", "ROLLING_BACK"],
  PROVISIONING: ["DEPLOYING", "FAILED", "ROLLING_BACK"],
  DEPLOYING: ["VERIFYING", "FAILED", "ROLLING_BACK"],
  VERIFYING: ["COMPLETE", "FAILED", "ROLLING_BACK"],
  COMPLETE: [],
  FAILED: [],
  ROLLING_BACK: ["ROLLED_BACK", "FAILED"],
  ROLLED_BACK: []
}

export class IllegalTransition extends Schema.TaggedError<IllegalTransition>(
  "fabrik/engine/IllegalTransition"
)("IllegalTransition", { from: DeploymentState, to: DeploymentState }) {
  override get message(): string {
    return `a deployment in ${this.from} cannot go to ${this.to}`
  }
}

export const transition = (
  from: DeploymentState,
  to: DeploymentState
): Either.Either<DeploymentState, IllegalTransition> =>
  transitions[from].includes(to) ? Either.right(to) : Either.left(new IllegalTransition({ from, to }))
