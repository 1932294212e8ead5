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
    const project = yield* client.createProject({ name: "p", description: "" })
    const [server] = yield* client.listServers
    const { uuid } = yield* client.createApplication({
      ...imageApplication,
      projectUuid: project.uuid,
      serverUuid: server?.uuid ?? ""
    })
    yield* client.putVariables(uuid, [variable("A", "one-secret"), variable("B", "2")])
    yield* client.deploy(uuid, { force: false })
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
        const before = yield* dry.getApplication(uuid)
        yield* dry.updateApplication(uuid, { port: 9000, domains: ["https://new.example.com"] }, before)
        const after = { ...before, port: 9000, domains: ["https://new.example.com"] }
        assert.deepStrictEqual(yield* dry.getApplication(uuid), after)
        assert.deepStrictEqual((yield* dry.inventory(project, "production")).applications, [after])
        assert.deepStrictEqual(yield* client.getApplication(uuid), before)
        assert.deepStrictEqual(yield* planned.list, [
          { method: "updateApplication", summary: "update application test-api: port, domains" }
        ])
      })
    )
  )

  it.effect("lays variables over the real ones and never shows a value", () =>
    overReal((dry, { uuid }, planned) =>
      Effect.gen(function* () {
        yield* dry.putVariables(uuid, [variable("A", "another-secret"), variable("C", "3")])
        const rows = yield* dry.listVariables(uuid)
        assert.deepStrictEqual(
          rows.map(({ key, isPreview }) => `${key}${isPreview ? "'" : ""}`),
          ["A", "B", "C", "A'", "B'", "C'"]
        )
        yield* dry.deleteVariable(uuid, rows[1]?.uuid ?? "")
        assert.lengthOf(yield* dry.listVariables(uuid), 5)
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
        const { deploymentUuid = "" } = yield* dry.deploy(uuid, { force: false })
        assert.strictEqual((yield* dry.getDeployment(deploymentUuid)).status, "finished")
        const listed = yield* dry.listDeployments(uuid, 10)
        assert.deepStrictEqual(
          listed.map(({ status }) => status),
          ["finished", "in_progress"]
        )
        assert.strictEqual((yield* dry.getApplication(uuid)).status, "running:healthy")
        yield* dry.cancelDeployment(listed[1]?.uuid ?? "")
        assert.strictEqual((yield* dry.getDeployment(listed[1]?.uuid ?? "")).status, "cancelled-by-user")
      })
    )
  )

  it.effect("deletes what is real", () =>
    overReal((dry, { uuid, project }, planned) =>
      Effect.gen(function* () {
        yield* dry.deleteApplication(uuid, { deleteVolumes: false })
        assert.strictEqual((yield* Effect.flip(dry.getApplication(uuid))).reason, "NotFound")
        assert.strictEqual((yield* Effect.flip(dry.listVariables(uuid))).reason, "NotFound")
        assert.strictEqual((yield* Effect.flip(dry.deploy(uuid, { force: true }))).reason, "NotFound")
        assert.deepStrictEqual((yield* dry.inventory(project, "production")).applications, [])
        yield* dry.deleteEnvironment(project, "production")
        assert.strictEqual((yield* Effect.flip(dry.inventory(project, "production"))).reason, "NotFound")
        yield* dry.deleteProject(project)
        assert.deepStrictEqual(yield* dry.listProjects, [])
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
        yield* Effect.flip(dry.createEnvironment(project, "production"))
        yield* Effect.flip(dry.deleteEnvironment(project, "production"))
        yield* Effect.flip(
          dry.updateApplication(uuid, { source: { _tag: "Dockerfile", text: "" } }, imageApplication)
        )
        yield* Effect.flip(dry.deleteApplication("nothing", { deleteVolumes: false }))
        yield* Effect.flip(dry.deleteVariable(uuid, "nothing"))
        yield* dry.putVariables(uuid, [])
        yield* dry.updateApplication(uuid, {}, imageApplication)
        assert.deepStrictEqual(yield* planned.list, [])
      })
    )
  )

  it.effect("adds to a real environment", () =>
    overReal((dry, { uuid, project }, planned) =>
      Effect.gen(function* () {
        const [server] = yield* dry.listServers
        const made = yield* dry.createApplication({
          ...imageApplication,
          domains: ["https://b.example.com"],
          projectUuid: project,
          serverUuid: server?.uuid ?? ""
        })
        assert.match(made.uuid, /^dryrun/)
        const { applications } = yield* dry.inventory(project, "production")
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
      const [server] = yield* client.listServers
      assert.strictEqual(server?.name, "vps7")
      assert.strictEqual(server?.ip, "")
      assert.isTrue(server?.usable)
      assert.deepStrictEqual(yield* client.listProjects, [])
      assert.strictEqual(yield* client.version, "unknown")
    }).pipe(Effect.provide(layerOffline({ serverName: "vps7" })))
  )
})
