/** Coolify makes an application of an image one of a repository, and refuses the way back (recorded: settings 246 to 248). */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Spec } from "../../src/appspec/Spec.ts"
import type { Source } from "../../src/appspec/sections/Source.ts"
import { CoolifyInMemory } from "../support/CoolifyInMemory.ts"
import { applied, changesOf, failed, ok, planned, test, world, writes } from "../support/DirectWorld.ts"
import { spec as base } from "./Samples.ts"

const image: Spec = { ...base, source: { _tag: "Image", name: "registry.example/api", tag: "1" } }
const git = (buildPack: "nixpacks" | "dockerfile"): Spec => ({
  ...base,
  source: {
    _tag: "Git",
    repository: "https://github.com/example/api",
    branch: "main",
    commit: "HEAD",
    buildPack,
    baseDirectory: "/",
    dockerfile: "/Dockerfile"
  } satisfies Source
})

const uuids = Effect.map(world, ({ coolify }) => coolify.applications.map(({ uuid }) => uuid))
const packs = Effect.map(world, ({ coolify }) =>
  coolify.applications.map(({ columns }) => columns["build_pack"])
)

describe("the way back of a build pack", () => {
  test(
    "is another application, from an image to a repository and from there to the image",
    Effect.gen(function* () {
      yield* ok(applied(image))
      const [first] = yield* uuids
      const before = yield* world
      failed(yield* applied(git("nixpacks"), {}, false))
      assert.deepStrictEqual(yield* world, before, "a failed update leaves the image")
      yield* ok(applied(git("nixpacks")))
      const [second] = yield* uuids
      assert.deepStrictEqual(yield* packs, ["nixpacks"])
      const repository = yield* world
      failed(yield* applied(image, {}, false))
      assert.deepStrictEqual(yield* world, repository, "a failed update leaves the repository")
      yield* ok(applied(image))
      const [third] = yield* uuids
      assert.deepStrictEqual(yield* packs, ["dockerimage"])
      assert.strictEqual(new Set([first, second, third]).size, 3)
      assert.deepStrictEqual(yield* changesOf(image), [])
    })
  )

  test(
    "is in place among those of a repository, also where an update fails",
    Effect.gen(function* () {
      yield* ok(applied(git("nixpacks")))
      const before = yield* world
      failed(yield* applied(git("dockerfile"), {}, false))
      assert.deepStrictEqual(yield* world, before)
      yield* ok(applied(git("dockerfile")))
      assert.deepStrictEqual(yield* packs, ["dockerfile"])
      assert.strictEqual((yield* uuids)[0], before.coolify.applications[0]?.uuid)
    })
  )

  const byHand = Effect.gen(function* () {
    const { edit } = yield* CoolifyInMemory
    yield* edit((state) => ({
      ...state,
      applications: state.applications.map((one) => ({
        ...one,
        columns: { ...one.columns, build_pack: "nixpacks" }
      }))
    }))
  })

  test(
    "is found by a new application where somebody has gone forth in Coolify",
    Effect.gen(function* () {
      yield* ok(applied(image))
      const [first] = yield* uuids
      yield* byHand
      const plan = yield* planned(image)
      const line = plan?.changes.find(({ kind }) => kind === "application")
      assert.deepInclude(line, { action: "replace", drifted: true })
      yield* ok(applied(image))
      assert.deepStrictEqual(yield* packs, ["dockerimage"])
      assert.notStrictEqual((yield* uuids)[0], first)
      assert.deepStrictEqual(yield* changesOf(image), [])
    })
  )

  test(
    "is refused, with the reason, where the new application's volumes would be empty",
    Effect.gen(function* () {
      const keeping: Spec = { ...image, volumes: [{ name: "data", path: "/data" }] }
      yield* ok(applied(keeping))
      yield* byHand
      const before = yield* writes
      const { message } = failed(yield* applied(keeping))
      assert.include(message, "a new application would begin with empty volumes")
      assert.deepStrictEqual(yield* writes, before)
    })
  )
})
