/** `/_sandbox/...` on the Coolify API's port: how another process works with a running sandbox. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { FaultRule } from "./Faults.ts"
import { LoggedRequests, type SandboxHandle, SandboxInfo, SandboxSeed } from "./SandboxHandle.ts"
import { World } from "./SandboxWorld.ts"

export const controlPrefix = "/_sandbox/"

/** Rules, or lines as FaultText reads them. */
export const FaultsBody = Schema.Struct({ rules: Schema.Array(Schema.Union(Schema.String, FaultRule)) })

const done = HttpServerResponse.empty({ status: 204 })

const refused = (status: number, message: string) => HttpServerResponse.unsafeJson({ message }, { status })

/** The endpoint of `handle`; answers to the Coolify API's own token only. */
export const make = (handle: SandboxHandle): HttpApp.Default => {
  const routes = HttpRouter.empty.pipe(
    HttpRouter.get("/_sandbox/info", HttpServerResponse.schemaJson(SandboxInfo)(handle)),
    HttpRouter.get("/_sandbox/world", Effect.flatMap(handle.world, HttpServerResponse.schemaJson(World))),
    HttpRouter.get(
      "/_sandbox/requests",
      Effect.flatMap(handle.requests, HttpServerResponse.schemaJson(LoggedRequests))
    ),
    HttpRouter.post(
      "/_sandbox/seed",
      HttpServerRequest.schemaBodyJson(SandboxSeed).pipe(Effect.flatMap(handle.seed), Effect.as(done))
    ),
    HttpRouter.post(
      "/_sandbox/faults",
      HttpServerRequest.schemaBodyJson(FaultsBody).pipe(
        Effect.flatMap(({ rules }) => handle.faults.add(...rules)),
        Effect.as(done)
      )
    ),
    HttpRouter.post(
      "/_sandbox/faults/remove",
      HttpServerRequest.schemaBodyJson(FaultsBody).pipe(
        Effect.flatMap(({ rules }) => handle.faults.remove(...rules)),
        Effect.as(done)
      )
    ),
    HttpRouter.del("/_sandbox/faults", Effect.as(handle.faults.clear, done)),
    HttpRouter.use((handler) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) =>
        headers["authorization"] === `Bearer ${handle.token}`
          ? handler
          : Effect.succeed(refused(401, "Unauthenticated."))
      )
    )
  )
  return routes.pipe(
    Effect.catchTags({
      RouteNotFound: () => Effect.succeed(refused(404, "Not found.")),
      ParseError: () => Effect.succeed(refused(422, "the body is not as expected")),
      RequestError: () => Effect.succeed(refused(400, "the body is no JSON")),
      SandboxError: (error) => Effect.succeed(refused(422, error.detail))
    }),
    Effect.catchTag("HttpBodyError", Effect.die)
  )
}
