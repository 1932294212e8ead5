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

/** With what the container sees of its files, and what the server has on its disk. */
const withFiles = Effect.gen(function* () {
  const harness = yield* setUp
  const { api, send, uuid } = harness
  const file = (fields: Record<string, unknown>) =>
    Effect.map(
      send("POST", `/applications/${uuid}/storages`, { body: { type: "file", ...fields } }),
      (answer): string => answer.json.uuid
    )
  const remove = (storage: string) => send("DELETE", `/applications/${uuid}/storages/${storage}`)
  const seen = Effect.map(api.world, ({ containers }) =>
    (containers[0]?.files ?? []).map(({ content, path }) => `${path}=${content}`)
  )
  const disk = Effect.map(api.world, (world) => world.disk.map(({ path }) => path.replace(uuid, "UUID")))
  return { ...harness, file, remove, seen, disk }
})

describe("files", () => {
  it.scoped("come to the container with the next deployment, without what Coolify trims", () =>
    Effect.gen(function* () {
      const { deployed, disk, file, mounts, seen, uuid } = yield* withFiles
      yield* file({ mount_path: "/etc/app.conf", content: "a=1\nb=$HOME\n" })
      assert.deepStrictEqual(yield* disk, ["/data/coolify/applications/UUID/etc/app.conf"])
      yield* deployed
      assert.deepStrictEqual(yield* seen, ["/etc/app.conf=a=1\nb=$HOME"])
      assert.deepStrictEqual(yield* mounts, [
        { source: `/data/coolify/applications/${uuid}/etc/app.conf`, path: "/etc/app.conf" }
      ])
    })
  )

  it.scoped("a changed content is not seen, also after a deployment; one that is made anew is", () =>
    Effect.gen(function* () {
      const { deployed, file, remove, seen, send, uuid } = yield* withFiles
      const old = yield* file({ mount_path: "/etc/app.conf", content: "old" })
      yield* deployed
      const body = { type: "file", uuid: old, content: "new" }
      const answer = yield* send("PATCH", `/applications/${uuid}/storages`, { body })
      assert.strictEqual(answer.json.content, "new")
      yield* deployed
      assert.deepStrictEqual(yield* seen, ["/etc/app.conf=old"])
      yield* remove(old)
      yield* file({ mount_path: "/etc/app.conf", content: "new" })
      assert.deepStrictEqual(yield* seen, ["/etc/app.conf=old"])
      yield* deployed
      assert.deepStrictEqual(yield* seen, ["/etc/app.conf=new"])
    })
  )

  it.scoped("the content is hidden from who may not read secrets", () =>
    Effect.gen(function* () {
      const { file, send, uuid } = yield* withFiles
      yield* file({ mount_path: "/etc/app.conf", content: "secret" })
      const read = (token: string) =>
        Effect.map(send("GET", `/applications/${uuid}/storages`, { token }), ({ text }) => text)
      assert.include(yield* read(Harness.bearer.full), "secret")
      assert.notInclude(yield* read(Harness.bearer.read), "secret")
    })
  )

  it.scoped("a directory's deletion takes what the server has there, a file's of the server does not", () =>
    Effect.gen(function* () {
      const { deployed, disk, file, remove, send, settle, uuid } = yield* withFiles
      const directory = yield* file({ is_directory: true, fs_path: "/srv/precious", mount_path: "/mnt" })
      const certificate = yield* file({ is_host_file: true, fs_path: "/srv/ca", mount_path: "/etc/ca" })
      const body = { type: "persistent", name: "x", mount_path: "/x:ro", host_path: "/srv/data" }
      const bound = yield* send("POST", `/applications/${uuid}/storages`, { body })
      yield* deployed
      assert.deepStrictEqual(yield* disk, ["/srv/ca", "/srv/data", "/srv/precious"])
      yield* remove(certificate)
      yield* remove(bound.json.uuid)
      assert.deepStrictEqual(yield* disk, ["/srv/ca", "/srv/data", "/srv/precious"])
      yield* remove(directory)
      assert.deepStrictEqual(yield* disk, ["/srv/ca", "/srv/data"])
      yield* send("DELETE", `/applications/${uuid}`)
      yield* settle
      assert.deepStrictEqual(yield* disk, ["/srv/ca", "/srv/data"])
    })
  )

  it.scoped("a directory stays when its application goes, and Coolify's own folder goes with it", () =>
    Effect.gen(function* () {
      const { disk, file, send, settle, uuid } = yield* withFiles
      yield* file({ is_directory: true, fs_path: "/srv/precious", mount_path: "/mnt" })
      yield* file({ mount_path: "/etc/app.conf", content: "a" })
      yield* send("DELETE", `/applications/${uuid}`)
      yield* settle
      assert.deepStrictEqual(yield* disk, ["/srv/precious"])
    })
  )
})

describe("volumes", () => {
  it.scoped("are read-only where the path says so, and of the server where a path is given", () =>
    Effect.gen(function* () {
      const { deployed, mounts, send, uuid, volumes } = yield* setUp
      const body = { type: "persistent", name: "x", mount_path: "/x:ro", host_path: "/srv/data" }
      yield* send("POST", `/applications/${uuid}/storages`, { body })
      yield* deployed
      assert.deepStrictEqual(yield* mounts, [{ source: "/srv/data", path: "/x", read_only: true }])
      assert.deepStrictEqual(yield* volumes, [])
    })
  )

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
