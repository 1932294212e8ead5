import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { CoolifyMemory, layerMemory, type MemoryOptions } from "../support/coolify/CoolifyMemory.ts"
import { coolifyClientContract } from "../contract/CoolifyClientContract.ts"
import { dockerfileApplication, imageApplication, variable } from "./samples.ts"

const sources = {
  deployKeys: [{ id: 2, uuid: "key000000000000000000001", name: "acme" }],
  githubApps: [{ id: 3, uuid: "hub000000000000000000001", name: "acme" }]
}

coolifyClientContract("in memory", layerMemory({ world: sources }))
coolifyClientContract(
  "in memory, by the clock",
  layerMemory({ world: sources, deployment: { duration: "50 millis" }, deletion: { duration: "50 millis" } })
)

const inMemory = <A, E>(
  use: (
    client: typeof CoolifyClient.Service,
    memory: typeof CoolifyMemory.Service,
    uuid: string
  ) => Effect.Effect<A, E>,
  options: MemoryOptions = {},
  application = imageApplication
) =>
  Effect.gen(function* () {
    const client = yield* CoolifyClient
    const memory = yield* CoolifyMemory
    const project = yield* client.projects.create({ name: "p", description: "" })
    const [server] = yield* client.servers.list
    const { uuid } = yield* client.applications.create({
      ...application,
      projectUuid: project.uuid,
      serverUuid: server?.uuid ?? ""
    })
    return yield* use(client, memory, uuid)
  }).pipe(Effect.provide(layerMemory(options)))

const lost = new CoolifyError({
  method: "deploy",
  reason: "Interrupted",
  detail: "lost",
  outcomeUnknown: true
})

describe("the in-memory Coolify", () => {
  it.effect("fails the next call as told, before or after its effect", () =>
    inMemory((client, memory, uuid) =>
      Effect.gen(function* () {
        yield* memory.failNext("deploy", lost)
        yield* memory.failNext("deploy", lost, { applied: true })
        assert.strictEqual(yield* Effect.flip(client.deployments.start(uuid, { force: false })), lost)
        assert.lengthOf((yield* memory.world).deployments, 0)
        assert.strictEqual(yield* Effect.flip(client.deployments.start(uuid, { force: false })), lost)
        assert.lengthOf((yield* memory.world).deployments, 1)
        yield* client.deployments.start(uuid, { force: true })
        assert.lengthOf((yield* memory.world).deployments, 2)
        assert.deepStrictEqual((yield* memory.calls).slice(-3), ["deploy", "deploy", "deploy"])
      })
    )
  )

  it.effect("has a service dip to `exited` while it starts, as a real one does", () =>
    inMemory((client, memory) =>
      Effect.gen(function* () {
        const [project] = yield* client.projects.list
        const [server] = (yield* memory.world).servers
        const { uuid } = yield* client.services.create({
          projectUuid: project?.uuid ?? "",
          serverUuid: server?.uuid ?? "",
          environmentName: "production",
          name: "office",
          description: "",
          compose: "services: { web: { image: acme/web:1 } }",
          urls: []
        })
        yield* client.services.start(uuid)
        const seen = yield* Effect.all(Array.from({ length: 4 }, () => client.services.get(uuid)))
        assert.deepStrictEqual(
          seen.map(({ status }) => status),
          ["starting:unhealthy", "exited", "running:unknown", "running:unknown"]
        )
      })
    )
  )

  it.effect("hangs until it is interrupted", () =>
    inMemory((client, memory, uuid) =>
      Effect.gen(function* () {
        yield* memory.hangNext("getApplication")
        const fiber = yield* Effect.fork(client.applications.get(uuid).pipe(Effect.timeoutOption("1 minute")))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Fiber.join(fiber))._tag, "None")
        assert.strictEqual((yield* client.applications.get(uuid)).uuid, uuid)
      })
    )
  )

  it.effect("ends deployments as told", () =>
    inMemory((client, memory, uuid) =>
      Effect.gen(function* () {
        yield* memory.outcomes([
          {
            status: "failed",
            applicationStatus: "exited:unhealthy",
            logs: [{ stream: "stderr", text: "no" }]
          },
          { status: "stuck" },
          { status: "waiting" }
        ])
        const run = Effect.fnUntraced(function* () {
          const { deploymentUuid = "" } = yield* client.deployments.start(uuid, { force: true })
          const seen = [
            (yield* client.deployments.get(deploymentUuid)).status,
            (yield* client.deployments.get(deploymentUuid)).status,
            (yield* client.deployments.get(deploymentUuid)).status
          ]
          return { deploymentUuid, seen }
        })
        const failed = yield* run()
        assert.deepStrictEqual(failed.seen, ["in_progress", "failed", "failed"])
        assert.strictEqual((yield* client.applications.get(uuid)).status, "exited:unhealthy")
        const { logs } = yield* client.deployments.get(failed.deploymentUuid)
        assert.deepStrictEqual(logs, [{ stream: "stderr", text: "no" }])
        const stuck = yield* run()
        assert.deepStrictEqual(stuck.seen, ["in_progress", "in_progress", "in_progress"])
        yield* client.deployments.cancel(stuck.deploymentUuid)
        assert.strictEqual((yield* client.deployments.get(stuck.deploymentUuid)).status, "cancelled-by-user")
        assert.deepStrictEqual((yield* run()).seen, ["queued", "queued", "queued"])
        assert.deepStrictEqual((yield* run()).seen, ["in_progress", "finished", "finished"])
        assert.strictEqual((yield* client.applications.get(uuid)).status, "running:healthy")
      })
    )
  )

  it.effect("answers a duplicate with an id that exists nowhere", () =>
    inMemory((client, _, uuid) =>
      Effect.gen(function* () {
        yield* client.deployments.start(uuid, { force: false })
        const { deploymentUuid = "", message } = yield* client.deployments.start(uuid, { force: false })
        assert.strictEqual(message, "Deployment already queued for this commit.")
        assert.strictEqual((yield* Effect.flip(client.deployments.get(deploymentUuid))).reason, "NotFound")
        assert.lengthOf(yield* client.deployments.list(uuid, 10), 1)
      })
    )
  )

  it.effect("lets no more than the queue holds wait", () =>
    inMemory(
      (client, _, uuid) =>
        Effect.gen(function* () {
          yield* client.deployments.start(uuid, { force: true })
          yield* client.deployments.start(uuid, { force: true })
          assert.strictEqual(
            (yield* Effect.flip(client.deployments.start(uuid, { force: true }))).reason,
            "QueueFull"
          )
        }),
      { queueLimit: 2 }
    )
  )

  it.effect("holds a domain until the deletion is over", () =>
    inMemory(
      (client, memory, uuid) =>
        Effect.gen(function* () {
          yield* client.applications.remove(uuid, { deleteVolumes: false })
          const [{ uuid: projectUuid } = { uuid: "" }] = yield* client.projects.list
          const [{ uuid: serverUuid } = { uuid: "" }] = yield* client.servers.list
          const heir = { ...imageApplication, projectUuid, serverUuid }
          assert.strictEqual((yield* client.applications.get(uuid)).uuid, uuid)
          assert.strictEqual((yield* Effect.flip(client.applications.create(heir))).reason, "Conflict")
          assert.strictEqual((yield* Effect.flip(client.projects.remove(projectUuid))).reason, "Refused")
          yield* TestClock.adjust("30 seconds")
          yield* client.applications.create(heir)
          assert.lengthOf((yield* memory.world).applications, 1)
        }),
      { deletion: { duration: "30 seconds" } }
    )
  )

  it.effect("shows no secrets to a token that may not read them", () =>
    inMemory(
      (client, _, uuid) =>
        Effect.gen(function* () {
          yield* client.variables.put(uuid, [variable("A", "1", { comment: "c" })])
          const [row] = yield* client.variables.list(uuid)
          assert.isUndefined(row?.value)
          assert.strictEqual(row?.comment, "c")
          assert.deepStrictEqual((yield* client.applications.get(uuid)).source, {
            _tag: "Dockerfile",
            text: undefined
          })
          const { deploymentUuid = "" } = yield* client.deployments.start(uuid, { force: false })
          assert.isUndefined((yield* client.deployments.get(deploymentUuid)).logs)
        }),
      { sensitive: false },
      dockerfileApplication
    )
  )

  it.effect("is edited behind the client's back", () =>
    inMemory((client, memory, uuid) =>
      Effect.gen(function* () {
        yield* client.variables.put(uuid, [variable("A", "1")])
        yield* memory.edit((world) => ({
          ...world,
          variables: world.variables.map((row) => ({ ...row, value: Redacted.make("2") }))
        }))
        const [row] = yield* client.variables.list(uuid)
        assert.deepStrictEqual(row?.value, Redacted.make("2"))
      })
    )
  )
})
