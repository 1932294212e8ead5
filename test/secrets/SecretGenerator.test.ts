import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { SecretGenerator } from "../../src/secrets/SecretGenerator.ts"
import { layerMemory } from "../../src/secrets/MemorySecretStore.ts"
import { SecretStore } from "../../src/secrets/SecretStore.ts"

describe("SecretGenerator", () => {
  it.effect("makes 32 alphanumerics, never twice the same, from the whole alphabet", () =>
    Effect.gen(function* () {
      const generator = yield* SecretGenerator
      const values = yield* Effect.replicateEffect(generator.secret, 500)
      for (const value of values) assert.match(Redacted.value(value), /^[A-Za-z0-9]{32}$/)
      assert.strictEqual(new Set(values.map(Redacted.value)).size, 500)
      // 16,000 draws: the chance that one of 62 characters is missing is below 1e-100.
      assert.strictEqual(new Set(values.map(Redacted.value).join("")).size, 62)
    })
  )

  it.effect("makes keys of 32 bytes", () =>
    Effect.gen(function* () {
      const generator = yield* SecretGenerator
      const [a, b] = [yield* generator.key, yield* generator.key]
      assert.match(Redacted.value(a), /^[0-9a-f]{64}$/)
      assert.notStrictEqual(Redacted.value(a), Redacted.value(b))
    })
  )
})

describe("MemorySecretStore", () => {
  it.effect("finds, generates once per scope, and digests", () =>
    Effect.gen(function* () {
      const store = yield* SecretStore
      const first = yield* store.resolve("a/b/c", ["FOUND", "NEW"])
      const second = yield* store.resolve("a/b/c", ["NEW"])
      const other = yield* store.resolve("a/b/d", ["NEW"])
      assert.deepStrictEqual(
        [...first, ...second, ...other].map(({ origin }) => origin),
        ["environment", "generated", "stored", "generated"]
      )
      assert.strictEqual(Redacted.value(second[0]!.value), Redacted.value(first[1]!.value))
      assert.notStrictEqual(Redacted.value(other[0]!.value), Redacted.value(first[1]!.value))
      assert.strictEqual(yield* store.digest(Redacted.make("a")), yield* store.digest(Redacted.make("a")))
      assert.notStrictEqual(yield* store.digest(Redacted.make("a")), yield* store.digest(Redacted.make("b")))
    }).pipe(Effect.provide(layerMemory({ FOUND: "found" })))
  )
})
