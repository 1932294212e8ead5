/** What stands before each HTTP API of the sandbox: faults, and the log of what was asked and answered. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Faults, HttpFaultKind } from "./Faults.ts"
import type { LoggedRequest, RequestLog } from "./RequestLog.ts"

const garbage = '{"uuid": "x8k4c0 <html>'

const json = "application/json"

/** Cuts the connection. What waits for the answer ends when the server notices. */
const reset = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<never> =>
  Effect.sync(() => NodeHttpServerRequest.toIncomingMessage(request).socket.resetAndDestroy()).pipe(
    Effect.zipRight(Effect.never)
  )

/** Announces the whole body, sends half of it and hangs up; without a body, in the middle of the status line. */
const truncate = (
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse.HttpServerResponse
): Effect.Effect<never> =>
  Effect.promise(() => HttpServerResponse.toWeb(response).arrayBuffer()).pipe(
    Effect.flatMap((body) =>
      Effect.async<never>(() => {
        const { socket } = NodeHttpServerRequest.toIncomingMessage(request)
        if (body.byteLength === 0) {
          socket.end("HTTP/1.1 ")
          return
        }
        const raw = NodeHttpServerRequest.toServerResponse(request)
        raw.writeHead(response.status, { "content-type": json, "content-length": body.byteLength })
        raw.write(Buffer.from(body).subarray(0, Math.ceil(body.byteLength / 2)), () => socket.end())
      })
    )
  )

const answerOf = (kind: Extract<HttpFaultKind, { _tag: "status" }>): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(kind.body ?? JSON.stringify({ message: "Server Error" }), {
    status: kind.status,
    contentType: json,
    ...(kind.headers === undefined ? {} : { headers: kind.headers })
  })

/** What is sent in place of `response`; never, where nothing is. */
const spoil = (
  kind: HttpFaultKind,
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse.HttpServerResponse
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  switch (kind._tag) {
    case "status":
      return Effect.succeed(answerOf(kind))
    case "reset":
      return reset(request)
    case "hang":
      return Effect.never
    case "delay":
      return Effect.delay(Effect.succeed(response), kind.millis)
    case "garbage":
      return Effect.succeed(HttpServerResponse.text(garbage, { status: response.status, contentType: json }))
    case "truncate":
      return truncate(request, response)
  }
}

/** A request with its answer, for somebody who watches: neither headers nor bodies. */
export interface AnsweredRequest extends Omit<LoggedRequest, "at"> {
  /** Milliseconds since 1970: when the answer was decided. */
  readonly at: number
  /** How long that took. */
  readonly millis: number
}

/**
 * `app` behind the gate. Once a request has reached `app` its effect takes place even when the client hangs up,
 * as on a real server; `scope` is where that work lives. A `delay` before it makes the effect land late.
 */
export const make = (options: {
  readonly api: "coolify" | "dns"
  readonly app: HttpApp.Default
  readonly faults: Faults
  readonly log: RequestLog
  readonly scope: Scope.Scope
  /** Hears of each request once it is answered. */
  readonly onRequest?: ((entry: AnsweredRequest) => Effect.Effect<void>) | undefined
}): HttpApp.Default =>
  Effect.gen(function* () {
    const { api, faults } = options
    const began = yield* Clock.currentTimeMillis
    const note = Effect.fnUntraced(function* (answered: Parameters<RequestLog["append"]>[0]) {
      yield* options.log.append(answered)
      const { onRequest } = options
      if (onRequest === undefined) return
      const now = yield* Clock.currentTimeMillis
      yield* onRequest({ ...answered, at: now, millis: now - began })
    })
    const request = yield* HttpServerRequest.HttpServerRequest
    const { method, url } = request
    const rule = yield* faults.forHttp(api, method, url)
    const entry = { api, method, path: url, ...(rule === undefined ? {} : { fault: rule.kind._tag }) }

    if (rule?.effect === "before" && rule.kind._tag !== "delay") {
      const status = rule.kind._tag === "status" ? rule.kind.status : rule.kind._tag === "garbage" ? 200 : 0
      yield* note({ ...entry, status })
      return yield* spoil(rule.kind, request, HttpServerResponse.text("{}", { status: 200 }))
    }
    const lateness = rule?.effect === "before" && rule.kind._tag === "delay" ? rule.kind.millis : 0
    // Read now, so that a client that hangs up meanwhile does not take the body with it.
    yield* Effect.exit(request.text)
    const answered = yield* Effect.delay(options.app, lateness).pipe(
      Effect.tap((response) => note({ ...entry, status: response.status })),
      Effect.tapDefect((cause) =>
        Effect.zipRight(
          note({ ...entry, status: 500 }),
          Effect.logError(`the sandbox failed at ${method} ${url}`, cause)
        )
      ),
      Effect.forkIn(options.scope)
    )
    const response = yield* Fiber.join(answered)
    return rule?.effect === "after" ? yield* spoil(rule.kind, request, response) : response
  })
