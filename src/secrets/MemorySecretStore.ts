/** A SecretStore without files, for tests of what uses it. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { createHmac } from "node:crypto"
import { SecretGenerator } from "./SecretGenerator.ts"
import { type ResolvedSecret, type SecretRecipe, SecretStore } from "./SecretStore.ts"

type Kept = HashMap.HashMap<string, Redacted.Redacted<string>>

/** Names in `environment` are found there; what is generated is `stored` from then on. */
export const layerMemory = (
  environment: Readonly<Record<string, string>> = {},
  /** Another machine has another one. */
  key = "memory"
): Layer.Layer<SecretStore> =>
  Layer.effect(
    SecretStore,
    Effect.gen(function* () {
      const kept = yield* Ref.make(HashMap.empty<string, Redacted.Redacted<string>>())
      const generate = Effect.fnUntraced(function* (scope: string, name: string, recipe: SecretRecipe) {
        const generator = yield* SecretGenerator
        const fresh = yield* generator.secret(recipe)
        const id = `${scope} ${name}`
        return yield* Ref.modify(kept, (all): readonly [ResolvedSecret, Kept] => {
          const value = Option.getOrUndefined(HashMap.get(all, id))
          return value === undefined
            ? [{ name, value: fresh, origin: "generated" }, HashMap.set(all, id, fresh)]
            : [{ name, value, origin: "stored" }, all]
        })
      })
      const texts = yield* Ref.make(HashMap.empty<string, Redacted.Redacted<string>>())
      return SecretStore.of({
        keep: (group, id, text) => Ref.update(texts, HashMap.set(`${group} ${id}`, text)),
        kept: (group, id) => Effect.map(Ref.get(texts), HashMap.get(`${group} ${id}`)),
        forget: (group) =>
          Ref.update(
            texts,
            HashMap.filter((_, key) => !key.startsWith(`${group} `))
          ),
        find: (scope, names) =>
          Effect.map(Ref.get(kept), (all) =>
            Arr.dedupe(names).map((name) => {
              const value = Object.hasOwn(environment, name) ? environment[name] : undefined
              const secret =
                value === undefined
                  ? Option.map(HashMap.get(all, `${scope} ${name}`), (stored): ResolvedSecret => ({
                      name,
                      value: stored,
                      origin: "stored"
                    }))
                  : Option.some<ResolvedSecret>({ name, value: Redacted.make(value), origin: "environment" })
              return { name, secret }
            })
          ),
        generate: (scope, wanted) =>
          Effect.forEach(wanted, ({ name, recipe }) => generate(scope, name, recipe)),
        digest: (value) =>
          Effect.sync(() => createHmac("sha256", key).update(Redacted.value(value)).digest("hex"))
      })
    })
  )
