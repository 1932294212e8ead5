/** Secrets whose generated and kept values a team shares; everything else is looked for where it always is. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { SealedTexts } from "../state/SharedState.ts"
import type { StateError } from "../state/StateError.ts"
import { KnownSecrets } from "./KnownSecrets.ts"
import { SecretGenerator } from "./SecretGenerator.ts"
import { type ResolvedSecret, SecretError, SecretStore } from "./SecretStore.ts"

const failed = (error: StateError) =>
  new SecretError({
    reason: "SharedState",
    subject: `the shared state at ${error.place}`,
    detail: error.detail
  })

const generatedIn = (scope: string): string => `generated ${scope}`
const keptIn = (group: string): string => `kept ${group}`

/**
 * What the team has generated goes before what this machine alone has: that is found only where the team has none.
 * @param realm whose they are: two with one scope have not one value.
 * @param writes `false`: what would be generated gets a throw-away value of `local`'s.
 */
export const layer = <R>(
  local: Layer.Layer<SecretStore, never, R>,
  sealed: SealedTexts,
  { realm, writes }: { readonly realm: string; readonly writes: boolean }
): Layer.Layer<SecretStore, never, R> =>
  Layer.effect(
    SecretStore,
    Effect.map(SecretStore, (own) =>
      SecretStore.of({
        ...own,
        find: Effect.fn("SecretStore.find")(function* (scope, names) {
          const found = yield* own.find(scope, names)
          return yield* Effect.forEach(found, ({ name, secret }) =>
            Option.isSome(secret) && secret.value.origin !== "stored"
              ? Effect.succeed({ name, secret })
              : Effect.map(shared(sealed, `${realm} ${scope}`, name), (theirs) => ({
                  name,
                  secret: Option.orElse(theirs, () => secret)
                }))
          )
        }),
        generate: writes
          ? Effect.fn("SecretStore.generate")(function* (scope, wanted) {
              const generator = yield* SecretGenerator
              return yield* Effect.forEach(wanted, ({ name, recipe }) =>
                Effect.gen(function* () {
                  const fresh = yield* generator.secret(recipe)
                  const value = yield* Effect.mapError(
                    sealed.put(generatedIn(`${realm} ${scope}`), name, fresh),
                    failed
                  )
                  yield* known(value)
                  return { name, value, origin: "generated" } satisfies ResolvedSecret
                })
              )
            })
          : own.generate,
        digest: (value) => Effect.mapError(sealed.digest(value), failed),
        keep: (group, id, text) =>
          writes ? Effect.asVoid(Effect.mapError(sealed.put(keptIn(group), id, text), failed)) : Effect.void,
        kept: (group, id) => Effect.mapError(sealed.get(keptIn(group), id), failed),
        forget: (group) => (writes ? Effect.mapError(sealed.forget(keptIn(group)), failed) : Effect.void)
      })
    )
  ).pipe(Layer.provide(local))

const shared = (sealed: SealedTexts, scope: string, name: string) =>
  sealed.get(generatedIn(scope), name).pipe(
    Effect.mapError(failed),
    Effect.tap((value) => (Option.isSome(value) ? known(value.value) : Effect.void)),
    Effect.map(Option.map((value): ResolvedSecret => ({ name, value, origin: "stored" })))
  )

const known = (value: Redacted.Redacted<string>) => Effect.flatMap(KnownSecrets, ({ add }) => add(value))
