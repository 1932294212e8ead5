import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { layerDryRun, layerOffline } from "../../src/coolify/CoolifyDryRun.ts"
import { CoolifyMemory, layerMemory } from "../support/coolify/CoolifyMemory.ts"
import { eachCall } from "../orchestrator/EachCall.ts"
import { imageApplication, variable } from "./samples.ts"

const reads = /^(version|list|get|inventory|logs|servedDomains)/

describe("a dry run", () => {
  it.effect("lets reads through and no write, whatever is written", () =>
    Effect.gen(function* () {
      const client = yield* CoolifyClient
      const memory = yield* CoolifyMemory
      const project = yield* client.projects.create({ name: "p", description: "" })
      const [server] = yield* client.servers.list
      const settings = { ...imageApplication, projectUuid: project.uuid, serverUuid: server?.uuid ?? "" }
      const { uuid } = yield* client.applications.create(settings)
      yield* client.variables.put(uuid, [variable("A", "1")])
      const [row] = yield* client.variables.list(uuid)
      const storage = yield* client.storages.create(uuid, { name: "data", mountPath: "/data" })
      const before = yield* memory.world
      const passed = yield* Ref.make<ReadonlyArray<string>>([])
      const seen = eachCall(client, (method, call: Effect.Effect<unknown>) =>
        Effect.zipRight(
          Ref.update(passed, (all) => [...all, method]),
          call
        )
      )
      yield* Effect.gen(function* () {
        const dry = yield* CoolifyClient
        const found = yield* dry.applications.get(uuid)
        assert.deepStrictEqual(found, yield* client.applications.get(uuid))
        assert.lengthOf(yield* dry.variables.list(uuid), 2)
        yield* dry.projects.create({ name: "q", description: "" })
        yield* dry.projects.remove(project.uuid)
        yield* dry.environments.create(project.uuid, "staging")
        yield* dry.environments.update(project.uuid, "production", { name: "x", description: "" })
        yield* dry.environments.remove(project.uuid, "production")
        yield* dry.applications.create(settings)
        yield* dry.applications.update(uuid, { port: 9000 }, found)
        yield* dry.applications.stop(uuid)
        yield* dry.applications.remove(uuid, { deleteVolumes: true })
        yield* dry.variables.put(uuid, [variable("A", "2")])
        yield* dry.variables.remove(uuid, row?.uuid ?? "")
        assert.lengthOf((yield* dry.storages.list(uuid)).volumes, 1)
        const task = { name: "a", command: "a", frequency: "daily", timeout: 1, enabled: true }
        const backup = { frequency: "daily", enabled: true, keep: 1, s3: undefined }
        yield* dry.backups.create("database", backup)
        yield* dry.backups.update("database", "backup", { keep: 2 })
        yield* dry.backups.remove("database", "backup")
        yield* dry.scheduledTasks.create(uuid, task)
        yield* dry.scheduledTasks.update(uuid, "task", { timeout: 2 })
        yield* dry.scheduledTasks.remove(uuid, "task")
        assert.deepStrictEqual(yield* dry.scheduledTasks.list(uuid), [])
        yield* dry.storages.create(uuid, { name: "cache", mountPath: "/cache" })
        yield* dry.storages.update(uuid, storage.uuid, { mountPath: "/x" })
        yield* dry.storages.remove(uuid, storage.uuid)
        yield* dry.storages.createFile(uuid, { mountPath: "/a", content: Redacted.make("a") })
        yield* dry.storages.removeFile(uuid, { uuid: storage.uuid, type: "file", mountPath: "/a" })
        yield* dry.deployments.mayStart
        yield* dry.deployments.start(uuid, { force: true })
        yield* dry.deployments.cancel("any")
      }).pipe(Effect.provide(layerDryRun), Effect.provideService(CoolifyClient, seen))
      assert.deepStrictEqual(yield* memory.world, before)
      for (const method of yield* Ref.get(passed)) assert.match(method, reads)
    }).pipe(Effect.provide(layerMemory()))
  )

  it.effect("offline finds one usable server without an address, and nothing else", () =>
    Effect.gen(function* () {
      const client = yield* CoolifyClient
      const [server, ...others] = yield* client.servers.list
      assert.deepStrictEqual(others, [])
      assert.include(server, { name: "vps1", ip: "", usable: true })
      assert.deepStrictEqual(yield* client.projects.list, [])
      assert.strictEqual((yield* Effect.flip(client.applications.get("a"))).reason, "NotFound")
      const written = yield* Effect.flip(client.projects.create({ name: "p", description: "" }))
      assert.include(written.message, "no Coolify is configured")
    }).pipe(Effect.provide(layerOffline({ serverName: "vps1" })))
  )
})
