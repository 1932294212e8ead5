/** The sandbox without sockets: an HttpClient whose server is an HttpApp in this process, on the Clock of who asks. */
import type * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { loopback } from "./Listen.ts"

const decoder = new TextDecoder()

const textOf = (body: HttpBody.HttpBody): Effect.Effect<string> => {
  switch (body._tag) {
    case "Empty":
      return Effect.succeed("")
    case "Uint8Array":
      return Effect.succeed(decoder.decode(body.body))
    default:
      return Effect.dieMessage(`a request in this process has no ${body._tag} for a body`)
  }
}

const streamOf = (body: HttpBody.HttpBody): Stream.Stream<Uint8Array> => {
  switch (body._tag) {
    case "Empty":
      return Stream.empty
    case "Uint8Array":
      return Stream.fromChunk(Chunk.of(body.body))
    default:
      return Stream.dieMessage(`an answer in this process has no ${body._tag} for a body`)
  }
}

/** What platform's own requests and answers are made around; all that anybody reads of them is put over it. */
const bareRequest = HttpServerRequest.fromWeb(new Request("https://in.process/"))
const bareResponse = new Response(null)

/** Bodies are there at once: what came by a promise would let a test's clock run ahead of it. */
const received = (
  { body, headers, method }: HttpClientRequest.HttpClientRequest,
  { pathname, search }: URL
): HttpServerRequest.HttpServerRequest =>
  Object.defineProperties(
    bareRequest.modify({ url: `${pathname}${search}`, headers, remoteAddress: loopback }),
    { method: { value: method }, text: { value: textOf(body) } }
  )

const answered = (
  request: HttpClientRequest.HttpClientRequest,
  { body, headers, status }: HttpServerResponse.HttpServerResponse
): HttpClientResponse.HttpClientResponse =>
  Object.defineProperties(HttpClientResponse.fromWeb(request, bareResponse), {
    status: { value: status },
    headers: { value: headers },
    stream: { value: streamOf(body) }
  })

/** The answer of `app` to a request, as it left the server. */
export const ask = (
  app: HttpApp.Default,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpServerResponse.HttpServerResponse, HttpClientError.RequestError> =>
  UrlParams.makeUrl(request.url, request.urlParams, request.hash).pipe(
    Effect.mapError((cause) => new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause })),
    Effect.flatMap((url) =>
      Effect.provideService(app, HttpServerRequest.HttpServerRequest, received(request, url))
    )
  )

/**
 * A client of `app`. As on a real server, a request that has arrived takes effect even when its client goes away: the
 * scope is where that work lives. Of an answer, status, headers and stream can be read.
 */
export const client = (app: HttpApp.Default): Effect.Effect<HttpClient.HttpClient, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) =>
    // Not `make`, whose span and AbortController for each request cost more than the sandbox's whole answer.
    HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
      Effect.flatMap((request) =>
        ask(app, request).pipe(
          Effect.interruptible,
          Effect.forkIn(scope),
          Effect.flatMap(Fiber.join),
          Effect.map((response) => answered(request, response))
        )
      ),
      Effect.succeed
    )
  )
