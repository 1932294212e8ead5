import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import * as InProcess from "../../src/sandbox/InProcess.ts"
import { imageApplication } from "../coolify/samples.ts"
import { layerMemory } from "../support/CoolifyInMemory.ts"

const echo = Effect.gen(function* () {
  const { headers, method, text, url } = yield* HttpServerRequest.HttpServerRequest
  const body = yield* Effect.orDie(text)
  return HttpServerResponse.unsafeJson(
    { method, url, body, accept: headers["accept"] },
    { status: 418, headers: { "x-answer": "42" } }
  )
})

describe("the sandbox in this process", () => {
  it.scoped("carries a request and its answer as they are", () =>
    Effect.gen(function* () {
      const http = yield* InProcess.client(echo)
      const response = yield* http.execute(
        HttpClientRequest.patch("https://coolify.test/api/v1/x%2Fy?a=1").pipe(
          HttpClientRequest.setUrlParam("b", "ü"),
          HttpClientRequest.acceptJson,
          HttpClientRequest.bodyText("größer", "text/plain")
        )
      )
      assert.strictEqual(response.status, 418)
      assert.strictEqual(response.headers["x-answer"], "42")
      const text = yield* Stream.mkString(Stream.decodeText(response.stream))
      assert.deepStrictEqual(JSON.parse(text), {
        method: "PATCH",
        url: "/api/v1/x%2Fy?a=1&b=%C3%BC",
        body: "größer",
        accept: "application/json"
      })
    })
  )

  it.scoped("what has arrived takes effect although its client has gone", () =>
    Effect.gen(function* () {
      const done = yield* Ref.make(false)
      const slow = Effect.as(
        Effect.zipRight(Effect.sleep("1 second"), Ref.set(done, true)),
        HttpServerResponse.empty()
      )
      const http = yield* InProcess.client(slow)
      const asking = yield* Effect.fork(http.post("https://coolify.test/"))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(asking)
      assert.isFalse(yield* Ref.get(done))
      yield* TestClock.adjust("1 second")
      assert.isTrue(yield* Ref.get(done))
    })
  )

  it.effect("lives by the clock of who asks", () =>
    Effect.gen(function* () {
      const client = yield* CoolifyClient
      const [server] = yield* client.servers.list
      const project = yield* client.projects.create({ name: "test-api", description: "" })
      const { uuid } = yield* client.applications.create({
        ...imageApplication,
        projectUuid: project.uuid,
        serverUuid: server?.uuid ?? ""
      })
      const { deploymentUuid = "" } = yield* client.deployments.start(uuid, { force: false })
      const status = Effect.map(client.deployments.get(deploymentUuid), (found) => found.status)
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(yield* status, "queued")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* status, "in_progress")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* status, "finished")
    }).pipe(Effect.provide(layerMemory({ latency: { queue: "1 second", build: "1 minute" } })))
  )
})
