/** Pure: a value that would not reach the container as it is stops the run before anything is sent. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { Variable } from "../coolify/endpoints/Variables.ts"
import type { Desired } from "./Desired.ts"
import { valueProblem } from "../coolify/VariableValue.ts"
import { RefusedError } from "../engine/DeployError.ts"
import type { SecretOrigin } from "../engine/DeploymentEvent.ts"

const places: Partial<Record<SecretOrigin, string>> = {
  given: " (from the command line)",
  environment: " (from the environment)",
  "env-file": " (from the env file)",
  stored: " (kept by an earlier run)"
}

/**
 * Refuses values that have no form in which they arrive. A value that nobody gave for this run and that is not to be
 * written stays as Coolify has it.
 */
export const refuseValues = (
  { spec, variables, secrets }: Desired,
  put: ReadonlyArray<Variable>
): Either.Either<void, RefusedError> => {
  const written = new Set(put.map(({ key }) => key))
  const origins = new Map(secrets.map(({ name, origin }) => [name, origin]))
  const found = variables.flatMap(({ key, value }) => {
    const origin = origins.get(key)
    const isGiven =
      origin === undefined
        ? !spec.secrets.includes(key)
        : ["given", "environment", "env-file"].includes(origin)
    const problem = isGiven || written.has(key) ? valueProblem(Redacted.value(value)) : undefined
    const place = origin === undefined ? "" : (places[origin] ?? "")
    return problem === undefined ? [] : [{ detail: `${key}${place} ${problem.what}`, hint: problem.hint }]
  })
  const [first] = found
  return first === undefined
    ? Either.right(undefined)
    : Either.left(
        new RefusedError({
          reason: "Unsendable",
          detail: found.map(({ detail }) => detail).join("; "),
          next: first.hint
        })
      )
}
