import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { make } from "../../src/coolify/CoolifyHttp.ts"
import { DnsError, writeErrors } from "../../src/dns/DnsError.ts"
import { makeProviderHttp } from "../../src/dns/ProviderHttp.ts"
import { journaled, RequestJournal } from "../../src/http/RequestJournal.ts"
import { JournalError } from "../../src/state/Journals.ts"
import { busy, type Script, said, scriptedClient } from "./ScriptedClient.ts"
import * as HttpClient from "@effect/platform/HttpClient"

const url = "http://127.0.0.1/zones/1"
const uuid = "app000000000000000000001"

/** What is written down and what is sent, in order. */
const traced = <A, E, R>(
  answers: ReadonlyArray<Script>,
  use: (client: HttpClient.HttpClient) => Effect.Effect<A, E, R>,
  full = false
) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const scripted = scriptedClient(answers)
    const client = HttpClient.transform(scripted.client, (sent, { method }) =>
      Effect.zipRight(
        Effect.sync(() => lines.push(method)),
        sent
      )
    )
    const fiber = yield* use(client).pipe(
      Effect.provideService(RequestJournal, {
        sending: (method, what) =>
          full
            ? new JournalError({ reason: "Unwritable", file: "journal", detail: "ENOSPC" })
            : Effect.sync(() => lines.push(`sending ${method} ${what}`)),
        answered: (_, fate) => Effect.sync(() => void lines.push(fate))
      }),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust("1 minute")
    yield* Fiber.interrupt(fiber)
    const exit = yield* Fiber.await(fiber)
    return { lines, exit }
  })

const dns = (client: HttpClient.HttpClient) =>
  makeProviderHttp({
    provider: "test",
    client,
    secrets: [Redacted.make("k3y!")],
    hide: (text) => text,
    explain: () => undefined
  })
const write = (client: HttpClient.HttpClient) => dns(client).write("put", HttpClientRequest.patch(url))

const coolify = (client: HttpClient.HttpClient) =>
  make({ baseUrl: "https://coolify.example.com/api/v1", token: Redacted.make("1|secret") }).pipe(
    Effect.provideService(HttpClient.HttpClient, client)
  )

describe("the journal of requests", () => {
  for (const [script, fate] of [
    [said(200), "done"],
    [said(422), "refused"],
    [{ code: "CERT_HAS_EXPIRED" }, "refused"],
    [said(502), "lost"],
    [{ code: "ECONNRESET" }, "lost"]
  ] as const) {
    it.effect(`has a write that nobody described, before it is sent, and what became of it: ${fate}`, () =>
      Effect.gen(function* () {
        const { lines } = yield* traced([script], write)
        assert.deepStrictEqual(lines, [`sending put ${url}`, "PATCH", fate])
      })
    )
  }

  it.effect("tells a server that answered from one that did not", () =>
    Effect.gen(function* () {
      for (const [script, fate] of [
        [said(500, "{}"), "unknown"],
        [said(504), "lost"],
        ["hang", "lost"]
      ] as const) {
        const { lines } = yield* traced([script], (client) =>
          Effect.flatMap(coolify(client), ({ projects }) => projects.remove(uuid))
        )
        assert.deepStrictEqual(lines, [
          `sending deleteProject https://coolify.example.com/api/v1/projects/${uuid}`,
          "DELETE",
          fate
        ])
      }
    })
  )

  it.effect("has one entry for a write of several requests, and for one that is sent again", () =>
    Effect.gen(function* () {
      const twice = (client: HttpClient.HttpClient) =>
        journaled(
          writeErrors("test"),
          { method: "put", what: "api.example.com A" },
          Effect.zipRight(write(client), write(client))
        )
      const { lines } = yield* traced([busy("1"), said(200), said(200)], twice)
      assert.deepStrictEqual(lines, ["sending put api.example.com A", "PATCH", "PATCH", "PATCH", "done"])
    })
  )

  it.effect("lets nothing be sent when it cannot be written", () =>
    Effect.gen(function* () {
      const { exit, lines } = yield* traced([said(200)], write, true)
      assert.deepStrictEqual(lines, [])
      if (exit._tag === "Failure" || exit.value._tag === "Right") return assert.fail("it was sent")
      assert.instanceOf(exit.value.left, DnsError)
      assert.strictEqual(exit.value.left.reason, "Unrecorded")
      assert.include(exit.value.left.detail, "ENOSPC")
    })
  )

  it.effect("has a write that was interrupted as lost, and nothing of what changes nothing", () =>
    Effect.gen(function* () {
      const short = (client: HttpClient.HttpClient) => Effect.timeout(write(client), "1 second")
      assert.deepStrictEqual((yield* traced(["hang"], short)).lines, [`sending put ${url}`, "PATCH", "lost"])
      const asking = (client: HttpClient.HttpClient) =>
        Effect.flatMap(coolify(client), ({ deployments }) => deployments.mayStart)
      assert.deepStrictEqual((yield* traced([said(404, "{}")], asking)).lines, ["POST"])
    })
  )
})
