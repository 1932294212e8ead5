import * as Effect from "effect/Effect"
import { hostsOf, liveDomainProblem } from "../../appspec/Domain.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { RefusedError } from "../../engine/DeployError.ts"

/** Step 1: what can be known without asking anybody. The spec itself was decoded before the run began. */
export const validate = Effect.fn("validate")(function* (spec: Spec, mode: "live" | "sandbox" | "dry-run") {
  const problem = hostsOf(spec.domains)
    .map(liveDomainProblem)
    .find((found) => found !== undefined)
  if (mode === "live" && problem !== undefined) {
    return yield* new RefusedError({
      reason: "NotPublic",
      detail: problem,
      next: "set `domain` to a public name, or try the spec with --sandbox"
    })
  }
})
