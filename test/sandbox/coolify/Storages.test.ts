import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Harness from "./Harness.ts"

const setUp = Effect.gen(function* () {
  const harness = yield* Harness.make()
  const { api, application, deploy, send, settle } = harness
  const uuid = yield* application()
  const storage = (name: string, mount_path: string) =>
    Effect.map(
      send("POST", `/applications/${uuid}/storages`, { body: { type: "persistent", name, mount_path } }),
      (answer): string => answer.json.uuid
    )
  const deployed = Effect.zipRight(deploy(uuid), settle)
  const volumes = Effect.map(api.world, (world) => world.volumes)
  const mounts = Effect.map(api.world, (world) => world.containers[0]?.mounts)
  return { ...harness, uuid, storage, deployed, volumes, mounts }
})

describe("volumes", () => {
  it.scoped("are made by the deployment that first mounts them", () =>
    Effect.gen(function* () {
      const { deployed, mounts, storage, uuid, volumes } = yield* setUp
      yield* storage("data", "var/lib/app")
      assert.deepStrictEqual(yield* volumes, [])
      yield* deployed
      assert.deepStrictEqual(yield* volumes, [`${uuid}-data`])
      assert.deepStrictEqual(yield* mounts, [{ source: `${uuid}-data`, path: "/var/lib/app" }])
      yield* deployed
      assert.deepStrictEqual(yield* volumes, [`${uuid}-data`])
    })
  )

  it.scoped("a new name is a new volume, and the old one stays with its data", () =>
    Effect.gen(function* () {
      const { deployed, mounts, send, storage, uuid, volumes } = yield* setUp
      const data = yield* storage("data", "/data")
      yield* deployed
      const body = { type: "persistent", uuid: data, name: "renamed" }
      assert.strictEqual((yield* send("PATCH", `/applications/${uuid}/storages`, { body })).status, 200)
      yield* deployed
      assert.deepStrictEqual(yield* volumes, ["renamed", `${uuid}-data`].toSorted())
      assert.deepStrictEqual(yield* mounts, [{ source: "renamed", path: "/data" }])
    })
  )

  it.scoped("of two at one path the later one is mounted", () =>
    Effect.gen(function* () {
      const { deployed, mounts, storage, uuid } = yield* setUp
      yield* storage("one", "/data")
      yield* storage("two", "/data")
      yield* deployed
      assert.deepStrictEqual(yield* mounts, [{ source: `${uuid}-two`, path: "/data" }])
    })
  )

  it.scoped("stay when their storage is deleted, and what is no longer the application's outlives it", () =>
    Effect.gen(function* () {
      const { deployed, send, settle, storage, uuid, volumes } = yield* setUp
      const given = yield* storage("given-up", "/a")
      yield* storage("kept", "/b")
      yield* deployed
      yield* send("DELETE", `/applications/${uuid}/storages/${given}`)
      yield* deployed
      assert.deepStrictEqual(yield* volumes, [`${uuid}-given-up`, `${uuid}-kept`])
      yield* send("DELETE", `/applications/${uuid}`)
      yield* settle
      assert.deepStrictEqual(yield* volumes, [`${uuid}-given-up`])
    })
  )

  it.scoped("stay when the application is deleted without them", () =>
    Effect.gen(function* () {
      const { deployed, send, settle, storage, uuid, volumes } = yield* setUp
      yield* storage("data", "/data")
      yield* deployed
      yield* send("DELETE", `/applications/${uuid}?delete_volumes=false`)
      yield* settle
      assert.deepStrictEqual(yield* volumes, [`${uuid}-data`])
    })
  )
})
