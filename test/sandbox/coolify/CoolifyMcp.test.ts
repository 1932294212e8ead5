/** A Coolify client that others wrote, over a real socket: it must find nothing missing. */
import * as http from "node:http"
import * as HttpServer from "@effect/platform/HttpServer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
// The package exports only its program; its client is the part that speaks to Coolify.
import { CoolifyClient } from "../../../node_modules/@masonator/coolify-mcp/dist/lib/coolify-client.js"
import * as CoolifyApi from "../../../src/sandbox/coolify/CoolifyApi.ts"
import { initialState } from "../../../src/sandbox/coolify/InitialState.ts"
import * as Stored from "../../../src/sandbox/Stored.ts"
import * as Harness from "./Harness.ts"

const connect = Effect.gen(function* () {
  const state = yield* Stored.makeMemory(initialState({ tokens: Harness.tokens }))
  const latency = {
    queue: "5 millis",
    build: "5 millis",
    statusRefresh: "5 millis",
    deleteJob: "5 millis"
  } as const
  const api = yield* CoolifyApi.make({ state, latency })
  yield* api.seed({ servers: [{ name: "vps1", ip: "203.0.113.10" }] })
  const server = NodeHttpServer.layer(() => http.createServer(), { port: 0, host: "127.0.0.1" })
  const context = yield* Layer.build(server)
  yield* HttpServer.serveEffect(api.app).pipe(Effect.provide(context))
  const { address } = yield* Effect.provide(HttpServer.HttpServer, context)
  const port = address._tag === "TcpAddress" ? address.port : 0
  return new CoolifyClient({ baseUrl: `http://127.0.0.1:${port}`, accessToken: Harness.bearer.full })
})

class CallFailed extends Data.TaggedError("CallFailed")<{ readonly message: string }> {}

const call = <A>(run: () => Promise<A>) =>
  Effect.tryPromise({ try: run, catch: (error) => new CallFailed({ message: String(error) }) })

/** Asks until `holds`, for a bounded time. */
const eventually = <A>(run: () => Promise<A>, holds: (answer: A) => boolean) =>
  call(run).pipe(
    Effect.filterOrFail(holds, (answer) => new CallFailed({ message: `not yet: ${JSON.stringify(answer)}` })),
    Effect.retry(Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(500)))
  )

describe("the client of coolify-mcp", () => {
  it.scopedLive(
    "sees servers, makes a project, deploys an application with variables, and deletes it all",
    () =>
      Effect.gen(function* () {
        const client = yield* connect
        yield* call(() => client.validateConnection())
        assert.deepStrictEqual(yield* call(() => client.getVersion()), { version: "4.3.11" })
        const [server] = yield* call(() => client.listServers())
        const server_uuid = server!.uuid
        const project = yield* call(() => client.createProject({ name: "mcp" }))
        const project_uuid = project.uuid
        yield* call(() => client.createProjectEnvironment(project_uuid, { name: "staging" }))
        const application = yield* call(() =>
          client.createApplicationDockerImage({
            project_uuid,
            server_uuid,
            environment_name: "staging",
            name: "mcp-app",
            docker_registry_image_name: "nginx",
            docker_registry_image_tag: "1.27",
            ports_exposes: "80",
            fqdn: "https://mcp.example.com"
          })
        )
        const { uuid } = application
        yield* call(() => client.createApplicationEnvVar(uuid, { key: "A", value: "1" }))
        yield* call(() => client.bulkUpdateApplicationEnvVars(uuid, { data: [{ key: "B", value: "2" }] }))
        yield* call(() => client.updateApplicationEnvVar(uuid, { key: "A", value: "3" }))
        const variables = yield* call(() => client.listApplicationEnvVars(uuid, { reveal: true }))
        assert.deepStrictEqual(
          variables.filter((row) => row.is_preview !== true).map((row) => [row.key, row.value]),
          [
            ["A", "3"],
            ["B", "2"]
          ]
        )
        yield* call(() => client.updateApplication(uuid, { health_check_enabled: true }))
        const moored = yield* call(() => client.verifyApplicationEnvironment(uuid, project_uuid, "staging"))
        assert.strictEqual(moored.verified, true)

        const answer = (yield* call(() => client.deployByTagOrUuid(uuid))) as unknown as {
          readonly deployments: ReadonlyArray<{ readonly deployment_uuid: string }>
        }
        const deployment = answer.deployments[0]!.deployment_uuid
        yield* eventually(
          () => client.getDeployment(deployment, { includeLogs: true }),
          (row) => row.status === "finished"
        )
        yield* eventually(
          () => client.getApplication(uuid),
          (row) => String(row.status) === "running:healthy"
        )
        const diagnosis = yield* call(() => client.diagnoseApplication("https://mcp.example.com"))
        assert.deepStrictEqual(diagnosis.errors ?? [], [])
        assert.deepStrictEqual(diagnosis.health, { status: "healthy", issues: [] })
        assert.include(diagnosis.logs ?? "", "nginx:1.27")
        const host = yield* call(() => client.diagnoseServer("vps1"))
        assert.deepStrictEqual(host.errors ?? [], [])
        assert.deepStrictEqual(host.domains[0]?.domains, ["mcp.example.com"])
        assert.deepStrictEqual(
          (yield* call(() => client.listResources())).map((row) => row.uuid),
          [uuid]
        )
        const contents = yield* call(() => client.projectContents(project_uuid))
        assert.deepStrictEqual([contents.applications.length, contents.services.length], [1, 0])
        yield* call(() => client.attachApplicationTags(uuid, { tag_names: ["mcp"] }))
        assert.strictEqual((yield* call(() => client.listTags())).length, 1)
        yield* call(() => client.listDeployments())
        yield* call(() => client.getCurrentTeam())
        yield* call(() => client.listPrivateKeys())

        yield* call(() => client.restartApplication(uuid))
        yield* eventually(
          () => client.listApplicationDeployments(uuid),
          ({ count, deployments }) => count === 2 && deployments.every((row) => row.status === "finished")
        )
        yield* call(() => client.stopApplication(uuid))
        yield* eventually(
          () => client.getApplication(uuid),
          (row) => row.status?.startsWith("exited") === true
        )
        yield* call(() => client.deleteApplication(uuid))
        yield* eventually(
          () => client.listApplications(),
          (rows) => rows.length === 0
        )
        yield* call(() => client.deleteProjectEnvironment(project_uuid, "staging"))
        yield* call(() => client.deleteProject(project_uuid))
        assert.deepStrictEqual(yield* call(() => client.listProjects()), [])
      })
  )

  it.scopedLive("makes a service, configures, starts and reads it, and deletes it", () =>
    Effect.gen(function* () {
      const client = yield* connect
      const [server] = yield* call(() => client.listServers())
      const project = yield* call(() => client.createProject({ name: "mcp" }))
      const { uuid } = yield* call(() =>
        client.createService({
          project_uuid: project.uuid,
          server_uuid: server!.uuid,
          environment_name: "production",
          name: "office",
          docker_compose_raw: "services:\n  web:\n    image: nginx:1.27\n  cache:\n    image: redis:7.2\n"
        })
      )
      const [web] = yield* call(() => client.listServiceApplications(uuid))
      assert.lengthOf(yield* call(() => client.listServiceDatabases(uuid)), 1)
      yield* call(() =>
        client.updateServiceApplication(uuid, String(web!.uuid), { url: "https://office.example.com" })
      )
      yield* call(() => client.createServiceEnvVar(uuid, { key: "A", value: "1" }))
      yield* call(() => client.updateServiceEnvVar(uuid, { key: "A", value: "2" }))
      yield* call(() => client.bulkUpdateServiceEnvVars(uuid, { data: [{ key: "B", value: "3" }] }))
      const variables = yield* call(() => client.listServiceEnvVars(uuid, { reveal: true }))
      assert.deepStrictEqual(
        variables.map((row) => [row.key, row.value]),
        [
          ["A", "2"],
          ["B", "3"]
        ]
      )
      yield* call(() => client.deleteServiceEnvVar(uuid, variables[1]!.uuid))
      yield* call(() => client.updateService(uuid, { description: "ours", connect_to_docker_network: true }))
      yield* call(() => client.attachServiceTags(uuid, { tag_names: ["mcp"] }))
      assert.lengthOf(yield* call(() => client.listServiceTags(uuid)), 1)

      yield* call(() => client.startService(uuid))
      const has = (status: string) =>
        eventually(
          () => client.getService(uuid),
          (row) => row.status === status
        )
      yield* has("running:unknown")
      assert.include(yield* call(() => client.getServiceLogs(uuid, "web", 10)), "nginx:1.27")
      const contents = yield* call(() => client.projectContents(project.uuid))
      assert.deepStrictEqual(
        contents.services.map((row) => row.uuid),
        [uuid]
      )
      assert.deepStrictEqual(
        (yield* call(() => client.listResources())).map((row) => row.uuid),
        [uuid]
      )
      yield* call(() => client.stopServiceApplication(uuid, String(web!.uuid)))
      yield* has("degraded:unhealthy")
      yield* call(() => client.restartService(uuid))
      yield* has("running:unknown")
      yield* call(() => client.stopService(uuid))
      yield* has("exited")
      yield* call(() => client.deleteService(uuid))
      yield* eventually(
        () => client.listServices(),
        (rows) => rows.length === 0
      )
      yield* call(() => client.deleteProject(project.uuid))
    })
  )

  it.scopedLive("makes a database, configures, starts and reads it, and deletes it", () =>
    Effect.gen(function* () {
      const client = yield* connect
      const [server] = yield* call(() => client.listServers())
      const project = yield* call(() => client.createProject({ name: "mcp" }))
      const { uuid } = yield* call(() =>
        client.createRedis({
          project_uuid: project.uuid,
          server_uuid: server!.uuid,
          environment_name: "production",
          name: "cache",
          redis_password: "first"
        })
      )
      yield* call(() => client.createDatabaseEnvVar(uuid, { key: "A", value: "1" }))
      yield* call(() => client.updateDatabaseEnvVar(uuid, { key: "REDIS_PASSWORD", value: "second" }))
      const variables = yield* call(() => client.listDatabaseEnvVars(uuid, { reveal: true }))
      assert.sameMembers(
        variables.map((row) => `${row.key}=${row.value}`),
        ["REDIS_PASSWORD=second", "REDIS_USERNAME=default", "A=1"]
      )
      yield* call(() => client.startDatabase(uuid))
      const has = (status: string) =>
        eventually(
          () => client.getDatabase(uuid, { reveal: true }),
          (row) => String(row.status) === status
        )
      const running = yield* has("running:healthy")
      assert.include(JSON.stringify(running), `redis://default:second@${uuid}:6379/0`)
      yield* call(() => client.stopDatabase(uuid))
      yield* has("exited:unhealthy")
      yield* call(() => client.deleteDatabase(uuid))
      yield* eventually(
        () => client.listDatabases(),
        (rows) => rows.length === 0
      )
      yield* call(() => client.deleteProject(project.uuid))
    })
  )

  it.scopedLive("understands the refusals", () =>
    Effect.gen(function* () {
      const client = yield* connect
      const refused = yield* Effect.flip(
        call(() => client.createApplicationDockerImage({ docker_registry_image_name: "x" } as never))
      )
      assert.include(refused.message, "project_uuid: The project uuid field is required.")
      const absent = yield* Effect.flip(call(() => client.getApplication("abcdefghijklmnopqrstuvwx")))
      assert.include(absent.message, "Application not found.")
    })
  )
})
