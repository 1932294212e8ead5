/** The contract against the sandbox's Coolify, over a real socket and in memory. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createServer } from "node:http"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { makeCoolifyConfig } from "../../src/coolify/CoolifyConfig.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import * as CoolifyApi from "../../src/sandbox/coolify/CoolifyApi.ts"
import { initialState } from "../../src/sandbox/coolify/InitialState.ts"
import { makeMemory } from "../../src/sandbox/Stored.ts"
import { coolifyClientContract } from "../contract/CoolifyClientContract.ts"
import { layerDirect, layerMemory } from "../support/CoolifyInMemory.ts"
import { dockerfileApplication, variable } from "./samples.ts"

const secret = `${"a".repeat(40)}0f0f0f0f`

const allowed = ["read", "read:sensitive", "write", "deploy"] as const

const latency = {
  queue: "5 millis",
  build: "20 millis",
  statusRefresh: "20 millis",
  deleteJob: "20 millis"
} as const

const live = (abilities: ReadonlyArray<(typeof allowed)[number]>) =>
  Layer.scoped(
    CoolifyClient,
    Effect.gen(function* () {
      const tokens = [
        { id: 1, secret, abilities: allowed },
        { id: 2, secret, abilities }
      ]
      const api = yield* CoolifyApi.make({
        state: yield* makeMemory(initialState({ tokens })),
        latency,
        rateLimit: 10_000
      })
      yield* api.seed({
        servers: [{ name: "vps1", ip: "192.0.2.10" }],
        deployKeys: ["acme"],
        githubApps: ["acme"]
      })
      const server = yield* NodeHttpServer.make(() => createServer(), { port: 0, host: "127.0.0.1" })
      yield* server.serve(api.app)
      const port = server.address._tag === "TcpAddress" ? server.address.port : 0
      const config = yield* makeCoolifyConfig(`http://127.0.0.1:${port}`, Redacted.make(`2|${secret}`))
      return yield* CoolifyHttp.make(config)
    }).pipe(Effect.orDie)
  ).pipe(Layer.provide(NodeHttpClient.layer))

coolifyClientContract("over HTTP, against the sandbox", live(allowed))
coolifyClientContract("against the sandbox in memory", layerMemory({ latency }))
coolifyClientContract("against the sandbox in memory, without HTTP", layerDirect({ latency }))

const made = Effect.gen(function* () {
  const client = yield* CoolifyClient
  const [server] = yield* client.servers.list
  const { uuid: projectUuid } = yield* client.projects.create({ name: "test-api", description: "" })
  const { uuid } = yield* client.applications.create({
    ...dockerfileApplication,
    projectUuid,
    serverUuid: server?.uuid ?? ""
  })
  return { client, uuid }
})

describe("tokens that may not do everything", () => {
  it.live("without read:sensitive, secrets are not shown", () =>
    Effect.gen(function* () {
      const { client, uuid } = yield* made
      yield* client.variables.put(uuid, [variable("A", "1", { comment: "hash" })])
      const { source, port } = yield* client.applications.get(uuid)
      assert.deepStrictEqual(source, { _tag: "Dockerfile", text: undefined })
      assert.strictEqual(port, 8000)
      const row = (yield* client.variables.list(uuid)).find(({ key }) => key === "A")
      assert.isUndefined(row?.value)
      assert.strictEqual(row?.comment, "hash")
      const { deploymentUuid = "" } = yield* client.deployments.start(uuid, { force: false })
      assert.isUndefined((yield* client.deployments.get(deploymentUuid)).logs)
    }).pipe(Effect.provide(live(["read", "write", "deploy"])))
  )

  it.live("without deploy, no deployment", () =>
    Effect.gen(function* () {
      const { client, uuid } = yield* made
      const error = yield* Effect.flip(client.deployments.start(uuid, { force: false }))
      assert.strictEqual(error.reason, "MissingAbility")
      assert.strictEqual(error.ability, "deploy")
    }).pipe(Effect.provide(live(["read", "write"])))
  )

  it.live("without write, nothing is made", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(made)
      assert.strictEqual(error.method, "createProject")
      assert.strictEqual(error.ability, "write")
      assert.isFalse(error.outcomeUnknown)
    }).pipe(Effect.provide(live(["read"])))
  )
})
