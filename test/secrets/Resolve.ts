import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { SecretStore } from "../../src/secrets/SecretStore.ts"

/** What is found, and all others generated. */
export const resolveIn = (store: typeof SecretStore.Service, scope: string, names: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const recipe = { kind: "alphanumeric", length: 32 } as const
    const found = yield* store.find(scope, names)
    const lacking = found.flatMap(({ name, secret }) => (Option.isNone(secret) ? [{ name, recipe }] : []))
    const made = yield* store.generate(scope, lacking)
    return found.flatMap(({ name, secret }) =>
      Option.isSome(secret) ? [secret.value] : made.filter((one) => one.name === name)
    )
  })
