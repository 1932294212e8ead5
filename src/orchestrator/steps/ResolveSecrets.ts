import * as Effect from "effect/Effect"
import { SecretStore } from "../../secrets/SecretStore.ts"
import type { Spec } from "../../spec/Spec.ts"
import { Run } from "../Run.ts"

/** Keeps the generated secrets of two applications apart. */
export const secretScope = ({ project, environment, name }: Spec): string =>
  `${project}/${environment}/${name}`

/** Step 2: a value for every secret of the spec, generated ones persisted. */
export const resolveSecrets = Effect.fn("resolveSecrets")(function* (spec: Spec) {
  const store = yield* SecretStore
  const run = yield* Run
  const secrets = yield* store.resolve(secretScope(spec), spec.secrets)
  for (const { name, origin } of secrets) yield* run.emit({ _tag: "SecretResolved", name, origin })
  return secrets
})
