/** Deadlines, limits, and what is sent again, for whatever API is behind it. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { type HttpFailure, isOutcomeUnknown, isUndecided } from "../../src/http/Failure.ts"
import { type HttpCall, makeHttp } from "../../src/http/Http.ts"
import { retryAfterMillis } from "../../src/http/RetryAfter.ts"
import { busy, type Script, said, scriptedClient, toTheEnd } from "./ScriptedClient.ts"

class TestError extends Data.TaggedError("TestError")<{
  readonly reason: string
  readonly detail: string
  readonly unknown: boolean
  readonly retryAfterMillis?: number | undefined
}> {}

const url = "http://127.0.0.1/"
const get: HttpCall = { method: "m", write: false, request: HttpClientRequest.get(url) }
const post: HttpCall = { method: "m", write: true, request: HttpClientRequest.post(url) }

const scripted = (...answers: ReadonlyArray<Script>) => {
  const { asked, client } = scriptedClient(answers)
  const http = makeHttp<TestError, HttpCall>(client, {
    api: "test",
    errors: {
      unrecorded: (_, detail) => new TestError({ reason: "Unrecorded", detail, unknown: false }),
      fate: ({ unknown }) => (unknown ? "lost" : "refused")
    },
    settings: { maxBodyBytes: 1024 * 1024 },
    failed: ({ write }, failure: HttpFailure) =>
      new TestError({
        reason: failure._tag,
        detail: "detail" in failure ? failure.detail : "",
        unknown: write && isOutcomeUnknown(failure)
      }),
    judge: ({ write }, { headers, status }, now) =>
      status < 300
        ? undefined
        : new TestError({
            reason: status === 429 ? "RateLimited" : `HTTP ${status}`,
            detail: "",
            unknown: write && isUndecided(status),
            retryAfterMillis: retryAfterMillis(headers["retry-after"], now)
          })
  })
  return { asked, http }
}

const done = said(200, '"done"')
const ask = ({ http }: ReturnType<typeof scripted>, call: HttpCall) =>
  toTheEnd(http.json(call, Schema.String))

describe("an exchange", () => {
  for (const [what, header, least, most] of [
    ["seconds", "7", 7000, 7500],
    ["a date", "Thu, 01 Jan 1970 00:00:09 GMT", 9000, 9500],
    ["nothing", undefined, 200, 401],
    ["nonsense", "soon", 200, 401],
    ["a date in the past", "Thu, 01 Jan 1970 00:00:00 GMT", 0, 1]
  ] as const) {
    it.effect(`[fault 1: rate limits] waits before it is repeated when a 429 asks for ${what}`, () =>
      Effect.gen(function* () {
        for (const call of [get, post]) {
          yield* TestClock.setTime(0)
          const it = scripted(busy(header), done)
          assert.isTrue((yield* ask(it, call))._tag === "Right")
          assert.lengthOf(it.asked, 2)
          assert.isAtLeast(it.asked[1]!, least)
          assert.isAtMost(it.asked[1]!, most)
        }
      })
    )
  }

  it.effect("is not repeated when it would have to wait for more than a minute", () =>
    Effect.gen(function* () {
      const it = scripted(busy("61"))
      const result = yield* ask(it, get)
      assert.isTrue(result._tag === "Left" && result.left.retryAfterMillis === 61_000)
      assert.lengthOf(it.asked, 1)
      for (const after of ["9999999999", "Fri, 31 Dec 9999 23:59:59 GMT"]) {
        const long = scripted(busy(after))
        const result = yield* ask(long, get)
        assert.isTrue(result._tag === "Left" && result.left.retryAfterMillis === 300_000)
        assert.lengthOf(long.asked, 1)
      }
    })
  )

  it.effect("is sent five times at most where a 429 does not say till when", () =>
    Effect.gen(function* () {
      const it = scripted(...Array.from({ length: 9 }, () => busy()))
      const result = yield* ask(it, post)
      assert.isTrue(result._tag === "Left" && result.left.reason === "RateLimited")
      assert.lengthOf(it.asked, 5)
    })
  )

  it.effect("keeps no more than it may, however much there is", () =>
    Effect.gen(function* () {
      for (const [call, prefix] of [
        [get, '"'],
        [post, '"']
      ] as const) {
        let pieces = 0
        const endless = Stream.concat(
          Stream.make(new TextEncoder().encode(prefix)),
          Stream.repeatEffect(
            Effect.sync(() => {
              pieces += 1
              return new Uint8Array(64 * 1024).fill(0x61)
            })
          )
        )
        const result = yield* ask(scripted(said(200, endless)), call)
        assert.isTrue(result._tag === "Left" && result.left.reason === "Unreadable")
        assert.isTrue(result._tag === "Left" && result.left.unknown === call.write)
        assert.isAtMost(pieces, 17)
        // A plain text, too.
        pieces = 0
        const { http } = scripted(said(200, endless))
        const text = yield* toTheEnd(http.text(call))
        assert.isTrue(text._tag === "Left" && text.left.reason === "Unreadable")
        assert.isAtMost(pieces, 17)
      }
    })
  )

  it.effect("ends when no answer comes, when it stands still, and when it does not end", () =>
    Effect.gen(function* () {
      const piece = Effect.succeed(new TextEncoder().encode(" "))
      const slow = Stream.repeatEffect(Effect.delay(piece, "10 seconds"))
      const endless = said(200, slow)
      for (const [script, detail] of [
        ["hang", "no answer within 30 s"],
        [said(200, Stream.never), "the answer stood still for 60 s"],
        [endless, "the answer was not complete within 600 s"]
      ] as const) {
        const write = scripted(script)
        const written = yield* ask(write, post)
        assert.isTrue(written._tag === "Left" && written.left.unknown)
        assert.strictEqual(written._tag === "Left" ? written.left.detail : "", detail)
        assert.lengthOf(write.asked, 1)
        const read = scripted(script, done)
        // What has taken ten minutes is not asked for again.
        const again = script !== endless
        assert.strictEqual((yield* ask(read, get))._tag, again ? "Right" : "Left")
        assert.lengthOf(read.asked, again ? 2 : 1)
      }
    })
  )

  const left: ReadonlyArray<readonly [Script, "again" | "refused" | "unknown"]> = [
    [{ code: "ECONNREFUSED" }, "again"],
    [{ code: "EAI_AGAIN" }, "again"],
    [{ code: "UND_ERR_CONNECT_TIMEOUT" }, "again"],
    [{ code: "ENOTFOUND" }, "refused"],
    [{ code: "CERT_HAS_EXPIRED" }, "refused"],
    [{ code: "PROXY_AUTHENTICATION" }, "refused"],
    [{ code: "ECONNRESET" }, "unknown"],
    [{ code: "UND_ERR_SOCKET" }, "unknown"],
    [said(302), "refused"],
    [said(409), "refused"],
    [said(500), "unknown"],
    [said(502), "unknown"],
    [said(200, "<html>"), "unknown"],
    [said(200, "12"), "unknown"]
  ]
  for (const [script, expected] of left) {
    const title =
      "status" in Object(script) ? JSON.stringify({ status: Object(script).status }) : JSON.stringify(script)
    it.effect(`of a write that gets ${title}: ${expected}`, () =>
      Effect.gen(function* () {
        const it = scripted(script, done)
        const result = yield* ask(it, post)
        assert.lengthOf(it.asked, expected === "again" ? 2 : 1)
        assert.strictEqual(result._tag, expected === "again" ? "Right" : "Left")
        if (result._tag === "Left") assert.strictEqual(result.left.unknown, expected === "unknown")
      })
    )
  }
})
