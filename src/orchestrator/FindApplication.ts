import * as Effect from "effect/Effect"
import type { Spec } from "../appspec/Spec.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { observeCoolify } from "./Observe.ts"

/** The application of a spec, with its variables. Fails where there is none, or one that is not fabrik's. */
export const findApplication = Effect.fn("findApplication")(function* (spec: Spec) {
  const { application, foreign, variables } = yield* observeCoolify(spec)
  if (application !== undefined) return { application, variables }
  return yield* foreign === undefined
    ? new RefusedError({
        reason: "NotFound",
        detail: `there is no application ${spec.name} in ${spec.project}/${spec.environment}`,
        next: "deploy it with `fabrik apply`"
      })
    : new RefusedError({
        reason: "Foreign",
        detail: `the application ${spec.name} in ${spec.project}/${spec.environment} was not made by fabrik (${foreign.uuid})`,
        next: `make it fabrik's: fabrik adopt ${foreign.uuid} -o ${spec.name}.yaml`
      })
})
