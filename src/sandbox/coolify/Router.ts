/**
 * From an HTTP request to a route and back.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import type { Database } from "./Database.ts"
import * as Door from "./Door.ts"
import { refusal, refuse, serverError, unknownRoute, type Reply } from "./Reply.ts"
import * as RequestBody from "./RequestBody.ts"
import type { Route } from "./Route.ts"

interface Found {
  readonly route: Route
  readonly params: ReadonlyMap<string, string>
}

const decoded = (segment: string): string =>
  Either.getOrElse(Encoding.decodeUriComponent(segment), () => segment)

const match = (route: Route, path: string): Found | undefined => {
  const pattern = route.path.split("/")
  const segments = path.split("/")
  if (pattern.length !== segments.length) return undefined
  const params = new Map<string, string>()
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? ""
    if (part.startsWith(":") && segment !== "") params.set(part.slice(1), decoded(segment))
    else if (part !== segment) return undefined
  }
  return { route, params }
}

/** Earlier routes win, so a fixed path stands before one with a parameter in its place. */
const find = (routes: ReadonlyArray<Route>, method: string, path: string): Found | undefined => {
  for (const route of routes) {
    const found = route.method === method ? match(route, path) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

const wrongMethod = refusal(
  405,
  { message: "This endpoint has changed to a POST request." },
  { Allow: "POST" }
)

/** The framework's own errors come as a page unless JSON was asked for. */
const response = ({ status, body, headers = {} }: Reply, accept: string | undefined) => {
  const framework = status === 429 || status >= 500
  if (typeof body === "string") {
    return HttpServerResponse.text(body, { status, headers, contentType: "text/html; charset=utf-8" })
  }
  return framework && !/[/+]json/i.test(accept ?? "")
    ? HttpServerResponse.text(`<!DOCTYPE html><title>${status}</title>`, {
        status,
        headers,
        contentType: "text/html; charset=utf-8"
      })
    : HttpServerResponse.unsafeJson(body, { status, headers })
}

export const app = (
  routes: ReadonlyArray<Route>,
  database: Database,
  throttle: Door.Throttle,
  rateLimit: number
): HttpApp.Default => {
  const answer = (request: HttpServerRequest.HttpServerRequest) =>
    Effect.gen(function* () {
      const [full = "", search = ""] = request.url.split(/\?(.*)/s)
      const path = full === "/api/health" ? "/health" : full.replace(/^\/api\/v1(?=\/)/, "")
      const method = request.method === "HEAD" ? "GET" : request.method
      const known = full.startsWith("/api/v1/") || full === "/api/health"
      const asked = known ? find(routes, method, path) : undefined
      const posted = known && method === "GET" ? find(routes, "POST", path) : undefined
      const found = asked ?? (posted?.route.postOnly === true ? posted : undefined)
      if (found === undefined) return yield* unknownRoute
      const address = Option.getOrElse(request.remoteAddress, () => "127.0.0.1")

      const { route, params } = found
      const state = yield* database.get
      const now = yield* Clock.currentTimeMillis
      if (route.ability === undefined) {
        yield* throttle(`address ${address}`, 1000)
        const nobody = { id: 0, secret: "", user_id: 0, team_id: 0, abilities: [], expires_at: null }
        return yield* route.handle({
          param: () => "",
          query: {},
          body: {},
          token: nobody,
          sensitive: false
        })
      }
      const token = yield* Door.tokenOf(state, request.headers["authorization"], now)
      const headers = yield* throttle(`user ${token.user_id}`, rateLimit)
      const handled = Effect.gen(function* () {
        if (asked === undefined) return yield* wrongMethod
        yield* Door.admit(state, route, token, address)
        const text =
          method === "GET"
            ? ""
            : yield* Effect.mapError(request.text, () => refuse(400, "The body could not be read."))
        const body = yield* RequestBody.body(route.body ?? false, request.headers["content-type"], text)
        const sees = token.abilities.some((one) => one === "read:sensitive" || one === "root")
        return yield* route.handle({
          param: (name) => params.get(name) ?? "",
          query: RequestBody.query(search),
          body,
          token,
          sensitive: sees
        })
      })
      const outcome = yield* Effect.catchTag(handled, "Refusal", (refused) => Effect.succeed(refused.reply))
      return { ...outcome, headers: { ...headers, ...outcome.headers } }
    }).pipe(Effect.catchTag("Refusal", ({ reply }) => Effect.succeed(reply)))

  return Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const answered = yield* answer(request).pipe(
      Effect.tapDefect((cause) => Effect.logError("The sandbox's Coolify failed", cause)),
      Effect.catchAllDefect(() => Effect.succeed(serverError.reply))
    )
    return response(answered, request.headers["accept"])
  })
}
