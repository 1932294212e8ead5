import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Harness from "./Harness.ts"

describe("the world", () => {
  it.scoped("is the same after a change was made and taken back", () =>
    Effect.gen(function* () {
      const { api, send, application, put, deploy, settle } = yield* Harness.make()
      const uuid = yield* application({ domains: "https://a.example.com", tags: ["blue"] })
      yield* put(uuid, { B: "2", A: "1" })
      yield* deploy(uuid)
      yield* settle
      const before = yield* api.world
      assert.deepStrictEqual(JSON.parse(JSON.stringify(before)), before)

      yield* send("PATCH", `/applications/${uuid}`, { body: { docker_registry_image_tag: "2" } })
      assert.notDeepEqual(yield* api.world, before)
      yield* send("PATCH", `/applications/${uuid}`, { body: { docker_registry_image_tag: "1" } })
      assert.deepStrictEqual(yield* api.world, before)

      const rows = (yield* send("GET", `/applications/${uuid}/envs`)).json
      for (const row of rows) yield* send("DELETE", `/applications/${uuid}/envs/${row.uuid}`)
      yield* deploy(uuid)
      yield* settle
      const without = yield* api.world
      assert.deepStrictEqual(without.containers[0]?.env, {})
      assert.notDeepEqual(without, before)
      yield* put(uuid, { A: "1", B: "2" })
      yield* deploy(uuid)
      yield* settle
      assert.deepStrictEqual(yield* api.world, before)

      const extra = yield* application({ name: "extra" })
      assert.notDeepEqual(yield* api.world, before)
      yield* send("DELETE", `/applications/${extra}`)
      yield* settle
      assert.deepStrictEqual(yield* api.world, before)
    })
  )
})
