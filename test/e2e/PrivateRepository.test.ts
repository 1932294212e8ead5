/** Applications from private repositories, with what Coolify reads them with. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { adoptable, applyTo, destroyFrom, layersOf, specOf } from "./SandboxWorld.ts"

const start = testSandbox({
  seed: { domains: ["api.example.com"], deployKeys: ["one", "two"], githubApps: ["acme"] }
})

type Access = { readonly kind: "deployKey" | "githubApp"; readonly name: string }

const from = (access: Access | undefined, env = {}): Spec => ({
  ...specOf(env),
  source: {
    _tag: "Git",
    repository: access?.kind === "deployKey" ? "git@github.com:acme/api.git" : "https://github.com/acme/api",
    branch: "main",
    commit: "HEAD",
    buildPack: "nixpacks",
    baseDirectory: "/",
    dockerfile: "/Dockerfile",
    ...(access === undefined ? {} : { access })
  }
})

const one = from({ kind: "deployKey", name: "one" })
const two = from({ kind: "deployKey", name: "two" })
const hub = from({ kind: "githubApp", name: "acme" })

const applied = (sandbox: SandboxHandle, spec: Spec) =>
  Effect.map(applyTo(sandbox, spec), ({ result }) =>
    Either.isLeft(result) ? assert.fail(result.left.message) : result.right.outcome
  )

const there = (sandbox: SandboxHandle) =>
  Effect.gen(function* () {
    const { applications, sources } = yield* CoolifyClient
    const names = [...(yield* sources.deployKeys), ...(yield* sources.githubApps)]
    return (yield* applications.list).map(({ source, uuid }) => ({
      uuid,
      access: source._tag === "Git" ? names.find(({ id }) => id === source.access?.id)?.name : undefined
    }))
  }).pipe(Effect.provide(layersOf(sandbox)))

const writes = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.requests, (all) => all.filter(({ method }) => method !== "GET").length)

describe.concurrent("a private repository", () => {
  for (const [name, spec] of [
    ["a deploy key", one],
    ["a GitHub App", hub]
  ] as const) {
    it.scopedLive(`${name}: found by its name, left alone from then on, adopted and destroyed`, () =>
      Effect.gen(function* () {
        const sandbox = yield* start
        assert.strictEqual(yield* applied(sandbox, spec), "complete")
        const access = spec.source._tag === "Git" ? spec.source.access : undefined
        assert.deepStrictEqual(
          (yield* there(sandbox)).map((each) => each.access),
          [access?.name]
        )
        const before = yield* writes(sandbox)
        assert.strictEqual(yield* applied(sandbox, spec), "unchanged")
        assert.strictEqual(yield* writes(sandbox), before)

        const next: Spec = {
          ...spec,
          env: { ...spec.env, SANDBOX_APP: "unhealthy" },
          source: spec.source._tag === "Git" ? { ...spec.source, branch: "next" } : spec.source
        }
        const { result } = yield* applyTo(sandbox, next)
        assert.deepStrictEqual(Either.isLeft(result) ? result.left.report.leftovers : undefined, [])
        assert.strictEqual(yield* applied(sandbox, spec), "unchanged", "the branch is back")

        const adopted = yield* adoptable(sandbox)
        assert.include(adopted.text, `  ${access?.kind}: ${access?.name}\n`)
        assert.strictEqual(
          yield* applied(sandbox, { ...adopted.spec, secrets: spec.secrets, env: spec.env }),
          "unchanged"
        )
        Either.getOrThrow(yield* destroyFrom(sandbox, spec))
        assert.deepStrictEqual(yield* there(sandbox), [])
      })
    )
  }

  it.scopedLive("another key takes another application, proved beside the old one, or none at all", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, one)
      const [old] = yield* there(sandbox)
      const failing = from({ kind: "deployKey", name: "two" }, { SANDBOX_APP: "fail-build" })
      const { result } = yield* applyTo(sandbox, failing)
      assert.deepStrictEqual(Either.isLeft(result) ? result.left.report.leftovers : undefined, [])
      assert.deepStrictEqual(yield* there(sandbox), [old])

      yield* applied(sandbox, two)
      const [next, ...more] = yield* there(sandbox)
      assert.deepStrictEqual(more, [])
      assert.strictEqual(next?.access, "two")
      assert.notStrictEqual(next?.uuid, old?.uuid)
      // From private to public, too.
      yield* applied(sandbox, from(undefined))
      assert.deepStrictEqual(
        (yield* there(sandbox)).map(({ access }) => access),
        [undefined]
      )
    })
  )

  it.scopedLive("what Coolify does not have is refused with what it has, before anything is sent", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const { result } = yield* applyTo(sandbox, from({ kind: "deployKey", name: "three" }))
      const { error } = Either.getOrThrow(Either.flip(result))
      assert.strictEqual(error.message, "Coolify has no private key three (it has: one, two)")
      assert.strictEqual(yield* writes(sandbox), 0)
    })
  )
})
