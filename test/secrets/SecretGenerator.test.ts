import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { SecretGenerator } from "../../src/secrets/SecretGenerator.ts"
import { layerMemory } from "../../src/secrets/MemorySecretStore.ts"
import { type SecretRecipe, SecretStore } from "../../src/secrets/SecretStore.ts"
import { resolveIn } from "./Resolve.ts"

describe("SecretGenerator", () => {
  it.effect("makes 32 alphanumerics, never twice the same, from the whole alphabet", () =>
    Effect.gen(function* () {
      const generator = yield* SecretGenerator
      const values = yield* Effect.replicateEffect(
        generator.secret({ kind: "alphanumeric", length: 32 }),
        500
      )
      for (const value of values) assert.match(Redacted.value(value), /^[A-Za-z0-9]{32}$/)
      assert.strictEqual(new Set(values.map(Redacted.value)).size, 500)
      // 16,000 draws: the chance that one of 62 characters is missing is below 1e-100.
      assert.strictEqual(new Set(values.map(Redacted.value).join("")).size, 62)
    })
  )

  for (const [recipe, pattern] of [
    [{ kind: "hex", length: 64 }, /^[0-9a-f]{64}$/],
    [{ kind: "alphanumeric", length: 16 }, /^[A-Za-z0-9]{16}$/],
    [{ kind: "uuid", length: 36 }, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
    [
      { kind: "password", length: 16 },
      /^(?=.*[A-Z])(?=.*[a-z])(?=.*\d)(?=.*[!*+,.:=@^_~-])[A-Za-z0-9!*+,.:=@^_~-]{16}$/
    ]
  ] as const) {
    it.effect(`makes ${recipe.kind} of the length that is asked for`, () =>
      Effect.gen(function* () {
        const generator = yield* SecretGenerator
        const values = yield* Effect.replicateEffect(generator.secret(recipe), 100)
        for (const value of values) assert.match(Redacted.value(value), pattern)
        assert.strictEqual(new Set(values.map(Redacted.value)).size, 100)
      })
    )
  }

  it.effect("makes base64 of whole keys: 44 characters are 32 bytes", () =>
    Effect.gen(function* () {
      const generator = yield* SecretGenerator
      for (const [length, bytes] of [
        [24, 16],
        [32, 24],
        [44, 32],
        [48, 36],
        [88, 64]
      ] as const) {
        const recipe: SecretRecipe = { kind: "base64", length }
        const value = Redacted.value(yield* generator.secret(recipe))
        assert.strictEqual(value.length, length)
        assert.strictEqual(Buffer.from(value, "base64").length, bytes)
      }
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
      const first = yield* resolveIn(store, "a/b/c", ["FOUND", "NEW"])
      const second = yield* resolveIn(store, "a/b/c", ["NEW"])
      const other = yield* resolveIn(store, "a/b/d", ["NEW"])
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
