import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

interface Scripted {
  readonly status: number
  readonly body: Stream.Stream<Uint8Array>
  readonly headers: Record<string, string>
}
/** An answer, silence, or the code of a connection that failed. */
export type Script = Scripted | "hang" | { readonly code: string }

/** A body that is there at once: one that came by a promise would let the test's clock run ahead of it. */
export const said = (
  status: number,
  body: string | Stream.Stream<Uint8Array> = "",
  headers: Record<string, string> = {}
): Scripted => ({
  status,
  body: typeof body === "string" ? Stream.make(new TextEncoder().encode(body)) : body,
  headers
})

export const busy = (retryAfter?: string) =>
  said(429, "", retryAfter === undefined ? {} : { "retry-after": retryAfter })

const response = (request: HttpClientRequest.HttpClientRequest, { status, body, headers }: Scripted) =>
  Object.defineProperty(
    HttpClientResponse.fromWeb(request, new Response("", { status, headers })),
    "stream",
    { value: body }
  )

/** A client that gives one scripted answer after another, and the instants (ms) at which it was asked. */
export const scriptedClient = (answers: ReadonlyArray<Script>) => {
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
  return { asked, client }
}

/** Runs to the end, however long that takes on the test's clock. */
export const toTheEnd = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Effect.either(Fiber.join(fiber))
  })
