/** Answers of any size: what is not needed is read past, and what is no JSON is known at once. */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { makeCoolifyConfig } from "../../src/coolify/CoolifyConfig.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import { HttpSettings } from "../../src/http/HttpSettings.ts"
import { size } from "../reliability/Scale.ts"
import { fixture, token } from "./samples.ts"

const uuid = "app000000000000000000001"
const megabyte = 1024 * 1024

/** Sends the pieces as fast as they are taken. */
const serving = (pieces: () => Iterable<string>) =>
  Effect.acquireRelease(
    Effect.async<{ readonly origin: string; readonly sent: () => number; readonly server: Http.Server }>(
      (resume) => {
        let sent = 0
        const server = Http.createServer((request, response) => {
          request.resume()
          response.writeHead(200, { "content-type": "application/json" })
          const iterator = pieces()[Symbol.iterator]()
          const more = () => {
            while (!response.destroyed) {
              const next = iterator.next()
              if (next.done === true) return void response.end()
              sent += next.value.length
              if (!response.write(next.value)) return void response.once("drain", more)
            }
          }
          more()
        })
        server.listen(0, "127.0.0.1", () =>
          resume(
            Effect.succeed({
              origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
              sent: () => sent,
              server
            })
          )
        )
      }
    ),
    ({ server }) =>
      Effect.async<void>((closed) => {
        server.closeAllConnections()
        server.close(() => closed(Effect.void))
      })
  )

const ask = <A, E>(
  pieces: () => Iterable<string>,
  use: (client: typeof CoolifyClient.Service) => Effect.Effect<A, E>,
  settings: Partial<typeof HttpSettings.Service> = {}
) =>
  Effect.gen(function* () {
    const { origin, sent } = yield* serving(pieces)
    const config = yield* makeCoolifyConfig(origin, Redacted.make(token))
    const usual = yield* HttpSettings
    const result = yield* Effect.flatMap(CoolifyClient, use).pipe(
      Effect.provide(CoolifyHttp.layer(config)),
      Effect.provide(NodeHttpClient.layer),
      Effect.provideService(HttpSettings, { ...usual, tries: 1, ...settings }),
      Effect.either
    )
    return { result, sent: sent() }
  }).pipe(Effect.scoped)

const row = fixture("application-image") as Record<string, unknown>
const deployment = fixture("deployment-finished") as Record<string, unknown>

/** A row as big as a real one, most of it in fields that fabrik has no use for. */
const bigRow = (at: number) =>
  JSON.stringify({ ...row, name: `app-${at}`, environment_id: 1, custom_labels: "bGFiZWw=".repeat(2000) })

const list = function* (count: number, one: (at: number) => string) {
  yield "["
  for (let at = 0; at < count; at += 1) yield `${at === 0 ? "" : ","}${one(at)}`
  yield "]"
}

const logOf = (lines: number) =>
  JSON.stringify(
    Array.from({ length: lines }, (_, at) => ({
      command: null,
      output: `#${at} ${"building ".repeat(10)}`,
      type: "stdout",
      timestamp: "2026-11-26T12:00:00.000000Z",
      hidden: false,
      batch: 1
    }))
  )

describe("an answer", () => {
  it.live("of very many applications, 16 KB each, is the list of them", () =>
    Effect.gen(function* () {
      const count = size(600, 2_000)
      const { result, sent } = yield* ask(
        () => list(count, bigRow),
        (client) => client.applications.list
      )
      assert.isAbove(sent, 9 * megabyte)
      assert.strictEqual(result._tag, "Right")
      if (result._tag === "Left") return
      assert.lengthOf(result.right, count)
      assert.strictEqual(result.right[count - 1]?.name, `app-${count - 1}`)
    })
  )

  it.live("of very many applications in the environment of a spec, which a plan reads, is all of them", () =>
    Effect.gen(function* () {
      const count = size(600, 2_000)
      const { applications: _, ...environment } = fixture("environment") as Record<string, unknown>
      const { result, sent } = yield* ask(
        function* () {
          yield `${JSON.stringify(environment).slice(0, -1)},"applications":`
          yield* list(count, bigRow)
          yield "}"
        },
        (client) => client.environments.inventory(uuid, "production")
      )
      assert.isAbove(sent, 9 * megabyte)
      assert.strictEqual(result._tag, "Right")
      if (result._tag === "Left") return
      assert.lengthOf(result.right.applications, count)
    })
  )

  it.live("with a build log of 10 MB is the deployment with its newest lines", () =>
    Effect.gen(function* () {
      const logs = logOf(52_000)
      const { result, sent } = yield* ask(
        () => [JSON.stringify({ ...deployment, logs })],
        (client) => client.deployments.get(uuid)
      )
      assert.isAbove(sent, 10 * megabyte)
      assert.strictEqual(result._tag, "Right")
      if (result._tag === "Left") return
      const { logs: shown, logsBefore, status } = result.right
      assert.strictEqual(status, "finished")
      assert.strictEqual(logsBefore + (shown?.length ?? 0), 52_000)
      assert.isAbove(logsBefore, 0)
      assert.isTrue(shown?.at(-1)?.text.startsWith("#51999 "))
    })
  )

  it.live("of ten deployments with their build logs is ten rows", () =>
    Effect.gen(function* () {
      const one = JSON.stringify({ ...deployment, logs: logOf(5_000) })
      const { result, sent } = yield* ask(
        function* () {
          yield '{"count":10,"deployments":'
          yield* list(10, () => one)
          yield "}"
        },
        (client) => client.deployments.list(uuid, 10)
      )
      assert.isAbove(sent, 9 * megabyte)
      assert.strictEqual(result._tag, "Right")
      if (result._tag === "Left") return
      assert.lengthOf(result.right, 10)
      assert.isUndefined(result.right[0]?.logs)
    })
  )

  it.live("is read past what fabrik has no use for, and not past what it cannot keep", () =>
    Effect.gen(function* () {
      const piece = "x".repeat(megabyte)
      const withText = (field: string) =>
        function* () {
          yield `${JSON.stringify(row).slice(0, -1)},"${field}":"`
          for (let at = 0; at < 20; at += 1) yield piece
          yield '"}'
        }
      const past = yield* ask(withText("custom_labels"), (client) => client.applications.get(uuid))
      assert.strictEqual(past.result._tag, "Right")
      const stopped = yield* ask(withText("dockerfile"), (client) => client.applications.get(uuid), {
        maxBodyBytes: megabyte
      })
      assert.isBelow(stopped.sent, 15 * megabyte)
      assert.strictEqual(stopped.result._tag, "Left")
      if (stopped.result._tag === "Right") return
      assert.strictEqual(stopped.result.left.reason, "BadResponse")
      assert.include(stopped.result.left.detail, "more than fabrik can keep of one answer")
    })
  )

  it.live("that is a page of HTML is told by its first bytes", () =>
    Effect.gen(function* () {
      const page = function* () {
        yield "<!DOCTYPE html><html><title>Sign in</title>"
        for (;;) yield "x".repeat(64 * 1024)
      }
      const { result, sent } = yield* ask(page, (client) => client.applications.list)
      assert.isBelow(sent, 10 * megabyte)
      assert.strictEqual(result._tag, "Left")
      if (result._tag === "Right") return
      assert.strictEqual(result.left.reason, "BadResponse")
      assert.include(result.left.detail, "a page of HTML")
    })
  )

  it.live("that never ends has a deadline although bytes flow", () =>
    Effect.gen(function* () {
      const endless = function* () {
        yield '{"junk":"'
        for (;;) yield "x".repeat(16 * 1024)
      }
      const { result } = yield* ask(endless, (client) => client.applications.get(uuid), {
        bodyTimeout: "300 millis"
      })
      assert.strictEqual(result._tag, "Left")
      if (result._tag === "Right") return
      assert.strictEqual(result.left.reason, "Interrupted")
    })
  )
})
