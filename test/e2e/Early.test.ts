/** What one more question tells before anything is sent, and what a build is given, over real sockets. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, specOf } from "./SandboxWorld.ts"

const zone = { seed: { domains: ["api.example.com"] } } as const

/** Requests that could have changed something. */
const writesOf = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.requests, (all) =>
    all.filter(({ method, path }) => method !== "GET" && !path.endsWith("/cancel"))
  )

it.scopedLive("a token that may not deploy ends the run before its first write", () =>
  Effect.gen(function* () {
    const sandbox = yield* testSandbox({
      ...zone,
      faults: ['coolify POST /cancel status=403 body={"message":"Missing required permissions: deploy"}']
    })
    const { error } = Either.getOrThrow(Either.flip((yield* applyTo(sandbox, specOf())).result))
    assert.deepInclude(error, { _tag: "CoolifyError", reason: "MissingAbility", ability: "deploy" })
    assert.deepStrictEqual(yield* writesOf(sandbox), [])
  })
)

it.scopedLive("a domain that another application holds ends the run before its record is written", () =>
  Effect.gen(function* () {
    const sandbox = yield* testSandbox(zone)
    assert.isTrue(Either.isRight((yield* applyTo(sandbox, specOf())).result))
    const before = yield* writesOf(sandbox)
    const other: Spec = { ...specOf(), name: "other" }
    const { error } = Either.getOrThrow(Either.flip((yield* applyTo(sandbox, other)).result))
    assert.match(
      error.message,
      /^https:\/\/api\.example\.com belongs to another application in Coolify, api \(/
    )
    assert.deepStrictEqual(yield* writesOf(sandbox), before)
  })
)

it.scopedLive("the build of a repository is given what the spec names, and the release never", () =>
  Effect.gen(function* () {
    const sandbox = yield* testSandbox(zone)
    const spec: Spec = {
      ...specOf({ SITE_URL: "https://api.example.com" }),
      source: {
        _tag: "Git",
        repository: "https://github.com/example/api",
        branch: "main",
        commit: "HEAD",
        buildPack: "nixpacks",
        baseDirectory: "/",
        dockerfile: "/Dockerfile"
      }
    }
    const given = (of: Spec) =>
      Effect.gen(function* () {
        const { result } = yield* applyTo(sandbox, of)
        assert.isTrue(Either.isRight(result))
        const { coolify } = yield* sandbox.world
        return coolify.applications
          .flatMap(({ variables }) => variables)
          .filter((row) => row.is_buildtime && !row.is_preview && !row.key.startsWith("NIXPACKS_"))
          .map(({ key }) => key)
      })
    assert.deepStrictEqual(yield* given(spec), [])
    assert.deepStrictEqual(yield* given({ ...spec, build: { env: ["SITE_URL"] } }), ["SITE_URL"])
    assert.deepStrictEqual(yield* given(spec), [])
  })
)
