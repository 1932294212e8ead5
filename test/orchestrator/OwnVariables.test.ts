/** Which variables may be written by hand, so that the next plan agrees with it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyMemory, layerMemory } from "../support/coolify/CoolifyMemory.ts"
import { isSecretComment } from "../../src/kinds/VariableComment.ts"
import { planRemoval, planWrites, writeVariables } from "../../src/orchestrator/OwnVariables.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { application, server, spec, variable } from "./Samples.ts"

const hex = "0123456789abcdef0123456789abcdef"

const world = (here: Readonly<Record<string, string>> = {}) =>
  Layer.mergeAll(
    layerMemory({
      servers: [server],
      world: {
        projects: [{ uuid: "p", name: "fabrik", description: "" }],
        environments: [{ projectUuid: "p", uuid: "e", name: "production" }],
        applications: [
          {
            ...application(),
            projectUuid: "p",
            environmentName: "production",
            serverUuid: "srv",
            gone: undefined
          }
        ],
        variables: [
          variable("API_KEY", "old", `fabrik secret generated ${hex} key=01234567`),
          variable("LOG_LEVEL", "info", `fabrik ${hex}`),
          variable("DROPPED", "x", `fabrik ${hex}`),
          variable("MINE", "1", "of the team")
        ].map((row) => ({ ...row, applicationUuid: "app" }))
      }
    }),
    secretMemory(here),
    journalsMemory
  )

const set = (name: string, value: string, written: Spec | undefined = spec) =>
  planWrites({ spec, written }, [{ name, value: Redacted.make(value) }])

const writes = Effect.flatMap(CoolifyMemory, ({ calls }) =>
  Effect.map(calls, (all) => all.filter((call) => /^(?:put|delete)/.test(call)))
)

describe("a variable by hand", () => {
  it.effect("is a secret that was given, or one of its own, whose comment stays", () =>
    Effect.gen(function* () {
      const planned = yield* planWrites({ spec, written: spec }, [
        { name: "API_KEY", value: Redacted.make("new") },
        { name: "MINE", value: Redacted.make("2") },
        { name: "NEW", value: Redacted.make("$x") },
        { name: "LOG_LEVEL", value: Redacted.make("info") }
      ])
      assert.deepInclude(planned, {
        created: ["NEW"],
        updated: ["API_KEY", "MINE"],
        unchanged: ["LOG_LEVEL"]
      })
      yield* writeVariables(planned)
      const { variables } = yield* (yield* CoolifyMemory).world
      const rows = new Map(variables.filter(({ isPreview }) => !isPreview).map((row) => [row.key, row]))
      assert.match(rows.get("API_KEY")?.comment ?? "", /^fabrik secret given [0-9a-f]{32} key=/)
      assert.strictEqual(rows.get("MINE")?.comment, "of the team")
      assert.isFalse(isSecretComment(rows.get("NEW")?.comment ?? ""))
      assert.isTrue(rows.get("NEW")?.isLiteral)
      assert.strictEqual(Redacted.value(rows.get("API_KEY")?.value ?? Redacted.make("")), "new")
    }).pipe(Effect.provide(world()))
  )

  it.effect("is refused where the next run would put another value there", () =>
    Effect.gen(function* () {
      const refused = (name: string, value: string, written?: Spec) =>
        Effect.map(Effect.flip(set(name, value, written)), (error) =>
          error._tag === "RefusedError" ? error.reason : error._tag
        )
      assert.strictEqual(yield* refused("LOG_LEVEL", "debug"), "OfSpec")
      assert.strictEqual(yield* refused("DROPPED", "y"), "OfSpec")
      assert.strictEqual(yield* refused("FABRIK_RELEASE", "y"), "OfSpec")
      assert.strictEqual(yield* refused("COOLIFY_URL", "y"), "OfSpec")
      // Found by its domain, it has only its comment to tell.
      assert.strictEqual(yield* refused("LOG_LEVEL", "debug", undefined), "OfSpec")
      for (const value of ["it's", " x", "x\n", "end\\"]) {
        assert.strictEqual(yield* refused("NEW", value), "Unsendable")
      }
      assert.strictEqual(yield* refused("9X", "x"), "Unsendable")
      assert.deepStrictEqual(yield* writes, [])
    }).pipe(Effect.provide(world()))
  )

  it.effect(
    "is refused where this machine gives the secret another value, and taken where it is the same",
    () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(set("API_KEY", "new"))
        assert.include({ ...error }, { _tag: "RefusedError", reason: "OfSpec" })
        assert.notInclude(error.message, "from-here")
        assert.deepInclude(yield* set("API_KEY", "from-here"), { updated: ["API_KEY"] })
      }).pipe(Effect.provide(world({ API_KEY: "from-here" })))
  )

  it.effect("is taken away alone where fabrik would not write it again", () =>
    Effect.gen(function* () {
      const refused = (name: string) =>
        Effect.map(Effect.flip(planRemoval({ spec, written: spec }, ["MINE", name])), (error) =>
          error._tag === "RefusedError" ? error.reason : error._tag
        )
      assert.strictEqual(yield* refused("API_KEY"), "OfSpec")
      assert.strictEqual(yield* refused("LOG_LEVEL"), "OfSpec")
      assert.strictEqual(yield* refused("NOBODY"), "NotFound")
      const { rows } = yield* planRemoval({ spec, written: spec }, ["MINE", "MINE"])
      assert.deepStrictEqual(
        rows.map(({ key }) => key),
        ["MINE"]
      )
    }).pipe(Effect.provide(world()))
  )
})
