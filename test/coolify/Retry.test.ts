import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import type { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import { HttpObserver, HttpSettings, type HttpRetry } from "../../src/http/HttpSettings.ts"
import { fixture, imageApplication, token } from "./samples.ts"

type Reply =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  | string

const uuid = "app000000000000000000001"
type Call = (client: typeof CoolifyClient.Service) => Effect.Effect<unknown, CoolifyError>
const get: Call = (client) => client.applications.get(uuid)
const create: Call = (client) => client.applications.create(imageApplication)
const deploy: Call = (client) => client.deployments.start(uuid, { force: false })

/**
 * Runs one call with the clock standing still but for the waits of the client; a string is the code of a failed
 * connection, and the last reply stays.
 */
const run = (
  replies: ReadonlyArray<Reply>,
  call: Call,
  settings: Partial<typeof HttpSettings.Service> = {}
) =>
  Effect.gen(function* () {
    const sentAt: Array<number> = []
    const retries: Array<HttpRetry> = []
    const said: Array<{ readonly at: number; readonly what: object }> = []
    const say = (what: object) =>
      Effect.map(Clock.currentTimeMillis, (at) => {
        said.push({ at, what })
      })
    const http = HttpClient.make((request) =>
      Effect.gen(function* () {
        const reply = replies[Math.min(sentAt.length, replies.length - 1)] ?? "ECONNREFUSED"
        sentAt.push(yield* Clock.currentTimeMillis)
        if (typeof reply === "string") {
          const cause = Object.assign(new Error(reply), { code: reply })
          return yield* new HttpClientError.RequestError({ request, reason: "Transport", cause })
        }
        return HttpClientResponse.fromWeb(
          request,
          new Response(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body ?? {}), {
            status: reply.status,
            headers: reply.headers ?? {}
          })
        )
      })
    )
    const layer = CoolifyHttp.layer({
      baseUrl: "https://coolify.example.com/api/v1",
      token: Redacted.make(token)
    }).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, http)))
    const fiber = yield* Effect.flatMap(CoolifyClient, call).pipe(
      Effect.provide(layer),
      Effect.provideService(HttpObserver, {
        onRetry: (retry) => Effect.sync(() => void retries.push(retry)),
        onAway: say,
        onBack: say,
        onSpaced: say
      }),
      Effect.provideService(HttpSettings, { ...(yield* HttpSettings), ...settings }),
      Effect.either,
      Effect.fork
    )
    // Small steps: each wait is set only after the one before is over.
    for (let step = 0; step < 1000 && Option.isNone(yield* Fiber.poll(fiber)); step += 1) {
      yield* TestClock.adjust("500 millis")
    }
    const result = yield* Fiber.join(fiber)
    return { result, sentAt, retries, said }
  })

const tooMany = (after: string): Reply => ({
  status: 429,
  body: { message: "Too Many Attempts." },
  headers: { "retry-after": after }
})
const queueFull: Reply = { status: 429, body: { message: "Deployment queue is full." } }
const good: Reply = { status: 200, body: fixture("application-image") }
const created: Reply = { status: 201, body: { uuid } }
const broken: Reply = { status: 500, body: { message: "Server Error" } }

describe("what is sent again", () => {
  const again: ReadonlyArray<readonly [string, ReadonlyArray<Reply>, Call]> = [
    ["a read after a 5xx", [broken, broken, good], get],
    ["a read after a reset", ["ECONNRESET", "ECONNRESET", good], get],
    ["a read without a connection", ["ECONNREFUSED", "EAI_AGAIN", good], get],
    ["a read after the throttle", [tooMany("1"), tooMany("1"), good], get],
    ["a write after the throttle", [tooMany("1"), tooMany("1"), created], create],
    ["a write without a connection", ["ECONNREFUSED", "EHOSTUNREACH", created], create]
  ]
  for (const [title, replies, call] of again) {
    it.effect(title, () =>
      Effect.gen(function* () {
        const { result, sentAt, retries } = yield* run(replies, call)
        assert.strictEqual(result._tag, "Right")
        assert.lengthOf(sentAt, 3)
        assert.deepStrictEqual(
          retries.map(({ attempt }) => attempt),
          [1, 2]
        )
      })
    )
  }

  const never: ReadonlyArray<readonly [string, Reply, Call]> = [
    ["a write after a 5xx", broken, create],
    ["a write after a reset", "ECONNRESET", create],
    ["a write whose answer makes no sense", { status: 201, body: {} }, create],
    ["a deployment for which the queue has no room", queueFull, deploy],
    ["a read of what is not there", { status: 404, body: { message: "Application not found." } }, get],
    ["a read without a token", { status: 401, body: { message: "Unauthenticated." } }, get],
    ["a read that makes no sense", { status: 200, body: {} }, get],
    ["a read from a host that does not exist", "ENOTFOUND", get],
    ["a read over TLS that fails", "CERT_HAS_EXPIRED", get]
  ]
  for (const [title, reply, call] of never) {
    it.effect(`not: ${title}`, () =>
      Effect.gen(function* () {
        const { result, sentAt, retries } = yield* run([reply], call)
        assert.strictEqual(result._tag, "Left")
        assert.lengthOf(sentAt, 1)
        assert.deepStrictEqual(retries, [])
      })
    )
  }

  it.effect("five times at most, with growing and random waits", () =>
    Effect.gen(function* () {
      const { result, sentAt, retries } = yield* run([broken], get)
      assert.strictEqual(result._tag === "Left" ? result.left.reason : "", "ServerError")
      assert.lengthOf(sentAt, 5)
      assert.lengthOf(retries, 4)
      for (const [index, { method, reason, delayMillis }] of retries.entries()) {
        assert.strictEqual(method, "getApplication")
        assert.strictEqual(reason, "ServerError")
        assert.isAtLeast(delayMillis, 200)
        assert.isAtMost(delayMillis, Math.min(400 * 3 ** index, 10_000))
        assert.isAtLeast((sentAt[index + 1] ?? 0) - (sentAt[index] ?? 0), delayMillis)
      }
    })
  )

  it.effect("not before the time the API asks for", () =>
    Effect.gen(function* () {
      const { result, retries, sentAt } = yield* run([tooMany("17"), good], get)
      assert.strictEqual(result._tag, "Right")
      assert.deepStrictEqual(retries, [
        { api: "Coolify", method: "getApplication", reason: "RateLimited", delayMillis: 17_000, attempt: 1 }
      ])
      assert.isAtLeast((sentAt[1] ?? 0) - (sentAt[0] ?? 0), 17_000)
    })
  )

  it.effect("with a date, by the clock", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-08-30T09:00:00Z"))
      const { retries, sentAt } = yield* run([tooMany("Sun, 30 Aug 2026 09:00:08 GMT"), good], get)
      assert.strictEqual(
        (sentAt[0] ?? 0) + (retries[0]?.delayMillis ?? 0),
        Date.parse("2026-08-30T09:00:08Z")
      )
    })
  )

  it.effect("not at all when the API asks for more than a minute", () =>
    Effect.gen(function* () {
      const { result, sentAt } = yield* run([tooMany("61"), good], get)
      assert.strictEqual(result._tag === "Left" ? result.left.retryAfterMillis : 0, 61_000)
      assert.lengthOf(sentAt, 1)
    })
  )

  it.effect("as often as others have used the limit up, for the time that is set", () =>
    Effect.gen(function* () {
      const minute = { throttled: "1 minute" } as const
      const patient = yield* run([...Array.from({ length: 5 }, () => tooMany("11")), good], get, minute)
      assert.strictEqual(patient.result._tag, "Right")
      assert.lengthOf(patient.sentAt, 6)
      const { result, sentAt } = yield* run([tooMany("11")], get, minute)
      assert.isTrue(result._tag === "Left" && result.left.reason === "RateLimited")
      assert.lengthOf(sentAt, 6)
    })
  )

  it.effect("by who tries anything else but once", () =>
    Effect.gen(function* () {
      const { result } = yield* run([tooMany("60"), tooMany("30"), good], get, { tries: 1 })
      assert.strictEqual(result._tag, "Right")
    })
  )
})

/** Sends a write first, as a run has that is in the middle of something. */
const afterWrite =
  (call: Call): Call =>
  (client) =>
    Effect.zipRight(client.applications.stop(uuid), call(client))

const stopping: Reply = { status: 200, body: { message: "Application stopping request queued." } }
const badGateway: Reply = { status: 502, body: "<html>Bad Gateway</html>" }

describe("an API that is away", () => {
  const absences: ReadonlyArray<readonly [string, Reply, string]> = [
    ["a proxy that answers 502", badGateway, "502"],
    ["a proxy that answers 503", { status: 503, body: { message: "Service Unavailable" } }, "503"],
    ["a proxy that knows no such host", { status: 404, body: "404 page not found" }, "404"],
    ["a connection that is refused", "ECONNREFUSED", "ECONNREFUSED"],
    ["a connection that breaks", "ECONNRESET", "ECONNRESET"]
  ]
  for (const [title, reply, why] of absences) {
    it.effect(`is waited for by a read after a write: ${title}`, () =>
      Effect.gen(function* () {
        const absence = Array.from({ length: 40 }, () => reply)
        const { result, sentAt, said } = yield* run([stopping, ...absence, good], afterWrite(get))
        assert.strictEqual(result._tag, "Right")
        assert.isAbove((sentAt.at(-1) ?? 0) - (sentAt[1] ?? 0), 30_000)
        // Said at once, and only once, and that it is over.
        assert.strictEqual(said[0]?.at, sentAt[1])
        assert.deepStrictEqual(
          said.map(({ what }) => what),
          [{ why, limitMillis: 300_000 }, { millis: (sentAt.at(-1) ?? 0) - (sentAt[1] ?? 0) }]
        )
        // Looked for often enough to be seen soon after it is back.
        for (const [index, at] of sentAt.slice(2).entries()) {
          assert.isAtMost(at - (sentAt[index + 1] ?? 0), 2500)
        }
      })
    )
  }

  it.effect("is waited for by a write that did not leave", () =>
    Effect.gen(function* () {
      const absence = Array.from({ length: 20 }, (): Reply => "ECONNREFUSED")
      const { result, sentAt } = yield* run([stopping, ...absence, created], afterWrite(create))
      assert.strictEqual(result._tag, "Right")
      assert.lengthOf(sentAt, 22)
    })
  )

  it.effect("is an error after some tries while nothing was sent", () =>
    Effect.gen(function* () {
      const { result, sentAt, said } = yield* run([badGateway], get)
      assert.strictEqual(result._tag === "Left" ? result.left.status : 0, 502)
      assert.lengthOf(sentAt, 5)
      assert.deepStrictEqual(said, [])
    })
  )

  it.effect("is waited for from the start by who puts things back", () =>
    Effect.gen(function* () {
      const absence = Array.from({ length: 20 }, () => badGateway)
      const { result } = yield* run([...absence, good], get, { awaits: "always" })
      assert.strictEqual(result._tag, "Right")
    })
  )

  it.effect("is an error in the end, which says how long it was away", () =>
    Effect.gen(function* () {
      const { result, sentAt } = yield* run([stopping, badGateway], afterWrite(get), { outage: "1 minute" })
      assert.include(result._tag === "Left" ? result.left.detail : "", "the API was away for 60 s")
      assert.isAtLeast((sentAt.at(-1) ?? 0) - (sentAt[1] ?? 0), 60_000)
    })
  )

  it.effect("is not waited for with a write whose outcome nobody knows", () =>
    Effect.gen(function* () {
      const { result, sentAt } = yield* run([stopping, badGateway], afterWrite(create))
      assert.isTrue(result._tag === "Left" && result.left.outcomeUnknown)
      assert.lengthOf(sentAt, 2)
    })
  )
})
