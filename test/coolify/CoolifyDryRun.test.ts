import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { layerDryRun, layerOffline } from "../../src/coolify/CoolifyDryRun.ts"
import { CoolifyMemory, layerMemory } from "../../src/coolify/CoolifyMemory.ts"
import { PlannedWrites } from "../../src/coolify/PlannedWrites.ts"
import { coolifyClientContract } from "../contract/CoolifyClientContract.ts"
import { imageApplication, variable } from "./samples.ts"

coolifyClientContract("a dry run over memory", Layer.provide(layerDryRun, layerMemory()))
coolifyClientContract("a dry run offline", Layer.provide(layerDryRun, layerOffline({ serverName: "vps1" })))

const writes: ReadonlyArray<string> = [
  "createProject",
  "deleteProject",
  "createEnvironment",
  "updateEnvironment",
  "deleteEnvironment",
  "createApplication",
  "updateApplication",
  "deleteApplication",
  "stopApplication",
  "putVariables",
  "deleteVariable",
  "deploy",
  "cancelDeployment"
]

/** A real world with one deployed application, and a dry run over it. */
const overReal = <A, E>(
  use: (
    dry: typeof CoolifyClient.Service,
    real: { readonly client: typeof CoolifyClient.Service; readonly uuid: string; readonly project: string },
    planned: typeof PlannedWrites.Service
  ) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const client = yield* CoolifyClient
    const memory = yield* CoolifyMemory
    const project = yield* client.projects.create({ name: "p", description: "" })
    const [server] = yield* client.servers.list
    const { uuid } = yield* client.applications.create({
      ...imageApplication,
      projectUuid: project.uuid,
      serverUuid: server?.uuid ?? ""
    })
    yield* client.variables.put(uuid, [variable("A", "one-secret"), variable("B", "2")])
    yield* client.deployments.start(uuid, { force: false })
    const before = yield* memory.world
    const callsBefore = (yield* memory.calls).length
    const result = yield* Effect.gen(function* () {
      return yield* use(yield* CoolifyClient, { client, uuid, project: project.uuid }, yield* PlannedWrites)
    }).pipe(Effect.provide(layerDryRun))
    const after = yield* memory.world
    const written = (yield* memory.calls).slice(callsBefore).filter((method) => writes.includes(method))
    assert.deepStrictEqual(written, [])
    assert.deepStrictEqual({ ...after, deployments: [] }, { ...before, deployments: [] })
    return result
  }).pipe(Effect.provide(layerMemory({ deployment: { duration: "1 hour" } })))

describe("a dry run over a real world", () => {
  it.effect("shows its own updates, and only to its own reads", () =>
    overReal((dry, { client, uuid, project }, planned) =>
      Effect.gen(function* () {
        const before = yield* dry.applications.get(uuid)
        yield* dry.applications.update(uuid, { port: 9000, domains: ["https://new.example.com"] }, before)
        const after = { ...before, port: 9000, domains: ["https://new.example.com"] }
        assert.deepStrictEqual(yield* dry.applications.get(uuid), after)
        assert.deepStrictEqual((yield* dry.environments.inventory(project, "production")).applications, [
          after
        ])
        assert.deepStrictEqual(yield* client.applications.get(uuid), before)
        assert.deepStrictEqual(yield* planned.list, [
          { method: "updateApplication", summary: "update application test-api: port, domains" }
        ])
      })
    )
  )

  it.effect("lays variables over the real ones and never shows a value", () =>
    overReal((dry, { uuid }, planned) =>
      Effect.gen(function* () {
        yield* dry.variables.put(uuid, [variable("A", "another-secret"), variable("C", "3")])
        const rows = yield* dry.variables.list(uuid)
        assert.deepStrictEqual(
          rows.map(({ key, isPreview }) => `${key}${isPreview ? "'" : ""}`),
          ["A", "B", "C", "A'", "B'", "C'"]
        )
        yield* dry.variables.remove(uuid, rows[1]?.uuid ?? "")
        assert.lengthOf(yield* dry.variables.list(uuid), 5)
        assert.deepStrictEqual(yield* planned.list, [
          { method: "putVariables", summary: "set variables A, C" },
          { method: "deleteVariable", summary: "delete variable B" }
        ])
      })
    )
  )

  it.effect("deploys at once", () =>
    overReal((dry, { uuid }) =>
      Effect.gen(function* () {
        const { deploymentUuid = "" } = yield* dry.deployments.start(uuid, { force: false })
        assert.strictEqual((yield* dry.deployments.get(deploymentUuid)).status, "finished")
        const listed = yield* dry.deployments.list(uuid, 10)
        assert.deepStrictEqual(
          listed.map(({ status }) => status),
          ["finished", "in_progress"]
        )
        assert.strictEqual((yield* dry.applications.get(uuid)).status, "running:healthy")
        yield* dry.deployments.cancel(listed[1]?.uuid ?? "")
        assert.strictEqual((yield* dry.deployments.get(listed[1]?.uuid ?? "")).status, "cancelled-by-user")
      })
    )
  )

  it.effect("deletes what is real", () =>
    overReal((dry, { uuid, project }, planned) =>
      Effect.gen(function* () {
        yield* dry.applications.remove(uuid, { deleteVolumes: false })
        assert.strictEqual((yield* Effect.flip(dry.applications.get(uuid))).reason, "NotFound")
        assert.strictEqual((yield* Effect.flip(dry.variables.list(uuid))).reason, "NotFound")
        assert.strictEqual(
          (yield* Effect.flip(dry.deployments.start(uuid, { force: true }))).reason,
          "NotFound"
        )
        assert.deepStrictEqual((yield* dry.environments.inventory(project, "production")).applications, [])
        yield* dry.environments.remove(project, "production")
        assert.strictEqual(
          (yield* Effect.flip(dry.environments.inventory(project, "production"))).reason,
          "NotFound"
        )
        yield* dry.projects.remove(project)
        assert.deepStrictEqual(yield* dry.projects.list, [])
        assert.deepStrictEqual(
          (yield* planned.list).map(({ method }) => method),
          ["deleteApplication", "deleteEnvironment", "deleteProject"]
        )
      })
    )
  )

  it.effect("plans nothing that is refused", () =>
    overReal((dry, { uuid, project }, planned) =>
      Effect.gen(function* () {
        yield* Effect.flip(dry.environments.create(project, "production"))
        yield* Effect.flip(dry.environments.remove(project, "production"))
        yield* Effect.flip(
          dry.applications.update(uuid, { source: { _tag: "Dockerfile", text: "" } }, imageApplication)
        )
        yield* Effect.flip(dry.applications.remove("nothing", { deleteVolumes: false }))
        yield* Effect.flip(dry.variables.remove(uuid, "nothing"))
        yield* dry.variables.put(uuid, [])
        yield* dry.applications.update(uuid, {}, imageApplication)
        assert.deepStrictEqual(yield* planned.list, [])
      })
    )
  )

  it.effect("adds to a real environment", () =>
    overReal((dry, { uuid, project }, planned) =>
      Effect.gen(function* () {
        const [server] = yield* dry.servers.list
        const made = yield* dry.applications.create({
          ...imageApplication,
          domains: ["https://b.example.com"],
          projectUuid: project,
          serverUuid: server?.uuid ?? ""
        })
        assert.match(made.uuid, /^dryrun/)
        const { applications } = yield* dry.environments.inventory(project, "production")
        assert.deepStrictEqual(
          applications.map((one) => one.uuid),
          [uuid, made.uuid]
        )
        assert.deepStrictEqual(yield* planned.list, [
          {
            method: "createApplication",
            summary: "create application test-api from image ghcr.io/example/test-api:1.4.0"
          }
        ])
      })
    )
  )
})

describe("offline", () => {
  it.effect("has the server that is asked for, at an address nobody knows", () =>
    Effect.gen(function* () {
      const client = yield* CoolifyClient
      const [server] = yield* client.servers.list
      assert.strictEqual(server?.name, "vps7")
      assert.strictEqual(server?.ip, "")
      assert.isTrue(server?.usable)
      assert.deepStrictEqual(yield* client.projects.list, [])
      assert.strictEqual(yield* client.version, "unknown")
    }).pipe(Effect.provide(layerOffline({ serverName: "vps7" })))
  )
})
