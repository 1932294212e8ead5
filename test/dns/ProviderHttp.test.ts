import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { DnsError } from "../../src/dns/DnsError.ts"
import { apiUrl, makeProviderHttp } from "../../src/dns/ProviderHttp.ts"

interface Scripted {
  readonly status: number
  readonly body: string
  readonly headers: Record<string, string>
}
type Script = Scripted | "hang" | { readonly code: string }

const said = (status: number, body = "", headers: Record<string, string> = {}): Scripted => ({
  status,
  body,
  headers
})
const done = said(200, "done")

/** A body that is there at once: one that came by a promise would let the test's clock run ahead of it. */
const response = (
  request: HttpClientRequest.HttpClientRequest,
  { status, body, headers }: Scripted,
  stream: Stream.Stream<Uint8Array> = Stream.make(new TextEncoder().encode(body))
) =>
  Object.defineProperty(
    HttpClientResponse.fromWeb(request, new Response("", { status, headers })),
    "stream",
    {
      value: stream
    }
  )

/** A client that gives one scripted answer after another, and the instants (ms) at which it was asked. */
const scripted = (...answers: ReadonlyArray<Script>) => {
  const asked: Array<number> = []
  const client = HttpClient.make((request) =>
    Effect.gen(function* () {
      const next = answers[asked.length]
      asked.push(yield* Clock.currentTimeMillis)
      if (next === undefined || next === "hang") return yield* Effect.never
      if ("status" in next) return response(request, next)
      const cause = Object.assign(new Error("x"), { cause: { code: next.code } })
      return yield* new HttpClientError.RequestError({ request, reason: "Transport", cause })
    })
  )
  const secret = Redacted.make("k3y")
  return {
    asked,
    http: makeProviderHttp({
      provider: "test",
      client,
      secret,
      hide: (text) => text,
      explain: () => undefined
    })
  }
}

const busy = (retryAfter?: string) =>
  said(429, "", retryAfter === undefined ? {} : { "retry-after": retryAfter })
const url = "http://127.0.0.1/"
const post = HttpClientRequest.post(url)

/** Runs to the end, however long that takes on the test's clock. */
const toTheEnd = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Effect.either(Fiber.join(fiber))
  })

describe("ProviderHttp", () => {
  for (const [what, header, least] of [
    ["seconds", "7", 7000],
    ["a date", "Thu, 01 Jan 1970 00:00:09 GMT", 9000],
    ["nothing", undefined, 1],
    ["nonsense", "soon", 1],
    ["a date in the past", "Thu, 01 Jan 1970 00:00:00 GMT", 1]
  ] as const) {
    it.effect(`waits before it asks again when a 429 asks for ${what}`, () =>
      Effect.gen(function* () {
        for (const call of ["read", "write"] as const) {
          yield* TestClock.setTime(0)
          const { asked, http } = scripted(busy(header), done)
          const result = yield* toTheEnd(call === "read" ? http.read("m", url) : http.write("m", post))
          assert.isTrue(result._tag === "Right")
          assert.lengthOf(asked, 2)
          assert.isAtLeast(asked[1]!, least)
          assert.isAtMost(asked[1]!, least + 1000)
        }
      })
    )
  }

  it.effect("does not wait for longer than 30 seconds", () =>
    Effect.gen(function* () {
      const { asked, http } = scripted(busy("31"))
      const result = yield* Effect.flip(http.read("m", url))
      assert.deepInclude(result, { reason: "RateLimited", retryAfterMillis: 31_000 })
      assert.lengthOf(asked, 1)
      for (const after of ["99999999999", "9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT"]) {
        const long = scripted(busy(after))
        assert.strictEqual((yield* Effect.flip(long.http.read("m", url))).retryAfterMillis, 86_400_000)
        assert.lengthOf(long.asked, 1)
      }
    })
  )

  it.effect("reads no more than 64 MiB, however much there is", () =>
    Effect.gen(function* () {
      let pieces = 0
      const endless = Stream.repeatEffect(
        Effect.sync(() => {
          pieces += 1
          return new Uint8Array(1024 * 1024)
        })
      )
      const client = HttpClient.make((request) => Effect.succeed(response(request, done, endless)))
      const http = makeProviderHttp({
        provider: "test",
        client,
        secret: Redacted.make("k3y"),
        hide: (text) => text,
        explain: () => undefined
      })
      assert.strictEqual((yield* Effect.flip(http.read("m", url))).reason, "BadResponse")
      assert.strictEqual((yield* Effect.flip(http.write("m", post))).reason, "OutcomeUnknown")
      assert.strictEqual(pieces, 2 * 65)
    })
  )

  it("lets nothing out that stands in somebody else's record and acts on a terminal, or is the key", () => {
    const { http } = scripted()
    const found = [
      "TXT a\u001B[2Jb\u202E",
      "TXT k3y",
      ...Array.from({ length: 100 }, () => `TXT ${"x".repeat(1000)}`)
    ]
    const error = new DnsError({ provider: "test", method: "m", reason: "Conflict", detail: "k3y", found })
    const told = http.told(error)
    assert.deepStrictEqual(told.found.slice(0, 2), ["TXT a [2Jb", "TXT [redacted]"])
    assert.lengthOf(told.found, 50)
    assert.isTrue(told.found.every((line) => line.length <= 300))
    assert.deepStrictEqual([told.reason, told.detail], ["Conflict", "[redacted]"])
  })

  it.effect("asks five times at most", () =>
    Effect.gen(function* () {
      const { asked, http } = scripted(...Array.from({ length: 9 }, () => busy("1")))
      const result = yield* toTheEnd(http.write("m", post))
      assert.isTrue(result._tag === "Left" && result.left.reason === "RateLimited")
      assert.lengthOf(asked, 5)
    })
  )

  it.effect("gives a request 15 seconds; only a read is repeated", () =>
    Effect.gen(function* () {
      const write = scripted("hang")
      const written = yield* toTheEnd(write.http.write("m", post))
      assert.isTrue(written._tag === "Left" && written.left.reason === "OutcomeUnknown")
      assert.lengthOf(write.asked, 1)
      const read = scripted("hang", done)
      const answer = yield* toTheEnd(read.http.read("m", url))
      assert.isTrue(answer._tag === "Right" && answer.right.text === "done")
      assert.isAtLeast(read.asked[1]! - read.asked[0]!, 15_000)
    })
  )

  it.effect("tells a write that never left from one whose outcome is unknown", () =>
    Effect.gen(function* () {
      const reason = (script: Script) =>
        Effect.map(Effect.flip(scripted(script).http.write("m", post)), (e) => e.reason)
      assert.strictEqual(yield* reason({ code: "ECONNREFUSED" }), "Unavailable")
      assert.strictEqual(yield* reason({ code: "CERT_HAS_EXPIRED" }), "Unavailable")
      assert.strictEqual(yield* reason({ code: "ECONNRESET" }), "OutcomeUnknown")
      assert.strictEqual(yield* reason(said(502)), "OutcomeUnknown")
      assert.strictEqual(yield* reason(said(503)), "OutcomeUnknown")
    })
  )

  it("takes https anywhere, and plain http only where it stays within the house", () => {
    const accepted = [
      "https://api.example.com/x/",
      "http://127.0.0.1:8081",
      "http://pdns:8081",
      "http://10.1.2.3",
      "http://[::1]:1"
    ]
    for (const url of accepted) assert.isTrue(Option.isSome(apiUrl(url)), url)
    const refused = [
      "http://api.example.com",
      "http://8.8.8.8",
      "ftp://127.0.0.1",
      "https://user:pw@example.com",
      "",
      "x"
    ]
    for (const url of refused) assert.isTrue(Option.isNone(apiUrl(url)), url)
    assert.deepStrictEqual(apiUrl("https://api.example.com/x/"), Option.some("https://api.example.com/x"))
  })
})
