/** A branch that moves: what comes back after a failed update is the commit that ran, not the newest one. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Spec } from "../../src/appspec/Spec.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, specOf } from "./SandboxWorld.ts"

const branch = { repository: "https://github.com/example/api", branch: "main" }

const spec: Spec = {
  ...specOf({}, { container: false }),
  source: {
    _tag: "Git",
    ...branch,
    commit: "HEAD",
    buildPack: "nixpacks",
    baseDirectory: "/",
    dockerfile: "/Dockerfile"
  }
}
/** It answers wrong, which is seen once it runs in the place of the old one. */
const broken: Spec = { ...spec, env: { ...spec.env, SANDBOX_APP: "unhealthy" } }

const begun = Effect.gen(function* () {
  const sandbox = yield* testSandbox({ seed: { domains: spec.domains } })
  Either.getOrThrow((yield* applyTo(sandbox, spec)).result)
  const image = Effect.map(sandbox.world, ({ coolify: { containers } }) =>
    containers.map((one) => one.image).join()
  )
  const fails = Effect.map(
    applyTo(sandbox, broken),
    ({ result }) => Either.getOrThrow(Either.flip(result)).report
  )
  return { sandbox, image, fails, before: yield* image }
})

describe("an update of a branch that fails", () => {
  it.scopedLive("brings back the commit that ran, although the branch has moved", () =>
    Effect.gen(function* () {
      const { before, fails, image, sandbox } = yield* begun
      yield* sandbox.seed({ pushes: [branch] })
      const { leftovers, outcome } = yield* fails
      assert.deepStrictEqual([outcome, leftovers], ["rolled-back", []])
      assert.strictEqual(yield* image, before)
      // The queue is full for a moment: this request says so in its own way.
      yield* sandbox.faults.add(
        `coolify POST /rollback status=400 x1 retry-after=1 body={"message":"Deployment queue is full. Please wait."}`
      )
      assert.deepStrictEqual((yield* fails).leftovers, [])
      assert.strictEqual(yield* image, before)
    })
  )

  it.scopedLive("says so where an older Coolify can only deploy the newest commit", () =>
    Effect.gen(function* () {
      const { before, fails, image, sandbox } = yield* begun
      yield* sandbox.faults.add("coolify POST /rollback status=405")
      assert.deepStrictEqual((yield* fails).leftovers, [])
      assert.strictEqual(yield* image, before, "the branch has not moved")
      yield* sandbox.seed({ pushes: [branch] })
      const { leftovers, outcome } = yield* fails
      assert.strictEqual(outcome, "leftovers")
      assert.include(JSON.stringify(leftovers), "the newest one of the branch was deployed")
      assert.notStrictEqual(yield* image, before)
    })
  )
})
