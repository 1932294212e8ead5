/** The servers' public entrance: TLS by SNI, then by Host to the container that is deployed there. */
import * as https from "node:https"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { listen } from "../Listen.ts"
import type { Certificates } from "./Certificates.ts"

interface EdgeRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

type EdgeAnswer =
  | {
      readonly kind: "response"
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
    }
  /** Nothing listens behind the router. */
  | { readonly kind: "refused" }

export interface EdgeProxyOptions {
  readonly certificates: Certificates
  /** What the container behind `host` answers; `undefined`: no router leads anywhere. */
  readonly ask: (host: string, request: EdgeRequest) => Effect.Effect<EdgeAnswer | undefined>
}

/** The texts are Traefik's. */
const noRouter = HttpServerResponse.text("404 page not found\n", { status: 404 })
const badGateway = HttpServerResponse.text("Bad Gateway", { status: 502 })

const hostOf = (header: string | undefined): string => (header ?? "").replace(/:\d+$/, "").toLowerCase()

const proxy = (options: EdgeProxyOptions) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const { method, url, headers } = request
    const answer = yield* options.ask(hostOf(headers["host"]), { method, path: url, headers })
    if (answer === undefined) return noRouter
    if (answer.kind === "refused") return badGateway
    const { "content-type": contentType, ...others } = answer.headers
    return HttpServerResponse.text(answer.body, {
      status: answer.status,
      headers: others,
      ...(contentType === undefined ? {} : { contentType })
    })
  })

/** Starts the proxy on `port` (0: any free one) and answers the port. */
export const serve = (options: EdgeProxyOptions, port: number) =>
  Effect.gen(function* () {
    const { certificates } = options
    const runtime = yield* Effect.runtime()
    const handler = yield* NodeHttpServer.makeHandler(proxy(options))
    const server = https.createServer(
      {
        key: certificates.fallback.key,
        cert: certificates.fallback.certificate,
        SNICallback: (host, callback) => {
          Runtime.runFork(runtime)(
            Effect.map(certificates.contextFor(host), (context) => callback(null, context))
          )
        }
      },
      handler
    )
    return yield* listen(server, port)
  })
