/** An HttpClient whose server is a function, in this process and on the test's clock. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Answer } from "./Answers.ts"

interface Scripted extends Answer {
  /** Comes in the place of the body. */
  readonly stream?: Stream.Stream<Uint8Array>
}

const stream = (
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  { body, fate, stream: given }: Scripted
) => {
  if (given !== undefined) return given
  if (fate === "whole") return Stream.make(body)
  const half = Stream.make(body.subarray(0, body.length / 2))
  return fate === "broken"
    ? Stream.concat(
        half,
        Stream.fail(
          new HttpClientError.ResponseError({
            request,
            response,
            reason: "Decode",
            cause: new Error("ECONNRESET")
          })
        )
      )
    : Stream.concat(half, Stream.never)
}

export const scriptedHttp = (answer: (request: HttpClientRequest.HttpClientRequest) => Scripted) =>
  HttpClient.make((request) =>
    Effect.suspend(() => {
      const given = answer(request)
      if (given.fate === "silent") return Effect.never
      if (given.fate === "refused") {
        const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" })
        return Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause }))
      }
      const response = HttpClientResponse.fromWeb(request, new Response(null, { headers: given.headers }))
      return Effect.succeed(
        Object.defineProperties(response, {
          // A Response cannot have every status.
          status: { value: given.status },
          // At once: a body that came by a promise would let the test's clock run ahead of it.
          stream: { value: stream(request, response, given) },
          // They read to the end, however far off that is.
          text: { value: Effect.dieMessage("a body was read without a limit") },
          json: { value: Effect.dieMessage("a body was read without a limit") },
          arrayBuffer: { value: Effect.dieMessage("a body was read without a limit") }
        })
      )
    })
  )
