/** A project that the spec names by its uuid, and servers of one name, at a sandbox. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import * as Marker from "../../src/engine/Marker.ts"
import { byProjectName } from "../../src/orchestrator/ProjectName.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, layersOf, specOf } from "./SandboxWorld.ts"

const Made = Schema.parseJson(Schema.Struct({ uuid: Schema.String }))

const makeProject = (sandbox: SandboxHandle, name: string) =>
  Effect.promise(async () => {
    const response = await fetch(`${sandbox.apiUrl}/api/v1/projects`, {
      method: "POST",
      headers: { authorization: `Bearer ${sandbox.token}`, "content-type": "application/json" },
      body: JSON.stringify({ name })
    })
    return Schema.decodeUnknownSync(Made)(await response.text()).uuid
  })

describe("a project named by its uuid", () => {
  it.live("is that project, and the application the same one as by its name", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"], servers: ["localhost"] } })
      const uuid = yield* makeProject(sandbox, "Shop & Co")
      const layers = layersOf(sandbox)
      const named = yield* Effect.provide(byProjectName({ ...specOf(), project: uuid }, false), layers)
      assert.strictEqual(named.project, "Shop & Co")
      const { result } = yield* applyTo(sandbox, named)
      assert.isTrue(Either.isRight(result), String(Either.isLeft(result) && result.left.message))
      const { coolify } = yield* sandbox.world
      assert.deepStrictEqual(
        coolify.projects.map((project) => project.name),
        ["Shop & Co"]
      )
      const [application] = yield* Effect.flatMap(CoolifyClient, (client) => client.applications.list).pipe(
        Effect.provide(layers)
      )
      assert.strictEqual(
        Marker.parse(application?.description)?.key,
        Marker.applicationKey("default", { ...specOf(), project: "Shop & Co" })
      )
      // So it is with its environment.
      const [environment] = yield* Effect.flatMap(CoolifyClient, (client) =>
        client.environments.list(uuid)
      ).pipe(Effect.provide(layers))
      const placed = yield* Effect.provide(
        byProjectName({ ...specOf(), project: uuid, environment: environment?.uuid ?? "" }, false),
        layers
      )
      assert.include(placed, { project: "Shop & Co", environment: "production" })
      const nowhere = byProjectName({ ...specOf(), project: "Shop & Co", environment: uuid }, false)
      const unplaced = yield* Effect.flip(Effect.provide(nowhere, layers))
      assert.include(unplaced, { _tag: "RefusedError", reason: "NotFound" })
      assert.include(unplaced.message, "no environment with the uuid")
      // A name that a project has is taken as one, and so is what no uuid looks like.
      for (const project of ["Shop & Co", "fabrik", "mycompanyinternaltooling"]) {
        const same = yield* Effect.provide(byProjectName({ ...specOf(), project }, false), layers)
        assert.strictEqual(same.project, project)
      }
      const unknown = `${uuid.startsWith("1") ? "2" : "1"}${uuid.slice(1)}`
      const missing = byProjectName({ ...specOf(), project: unknown }, false)
      const refused = yield* Effect.flip(Effect.provide(missing, layers))
      assert.include(refused, { _tag: "RefusedError", reason: "NotFound" })
      const offline = yield* Effect.provide(byProjectName({ ...specOf(), project: unknown }, true), layers)
      assert.strictEqual(offline.project, unknown)
      yield* makeProject(sandbox, "Shop & Co")
      const twice = yield* Effect.flip(
        Effect.provide(byProjectName({ ...specOf(), project: uuid }, false), layers)
      )
      assert.include(twice, { _tag: "RefusedError", reason: "Ambiguous" })
      assert.include(twice.message, uuid)
    }).pipe(Effect.scoped)
  )
})
