/**
 * The instance itself, its team, and the kinds of resources that the sandbox does not run: their lists are empty.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import * as Lookup from "./Lookup.ts"
import { refuse, reply } from "./Reply.ts"
import { action, get, type Call, type Route } from "./Route.ts"
import { timestamp } from "./Timestamp.ts"
import * as ServiceWire from "./ServiceWire.ts"
import * as StandaloneWire from "./StandaloneWire.ts"
import * as Wire from "./Wire.ts"

const member = {
  id: 0,
  name: "Root User",
  email: "root@example.com",
  email_verified_at: timestamp(0),
  created_at: timestamp(0),
  updated_at: timestamp(0)
}

const apiSwitch = ({ database }: Backend, word: "enable" | "disable"): Route => ({
  ...action(`/${word}`, "write", ({ token }: Call) =>
    database.transact((state) => {
      if (token.team_id !== 0) return Either.left(refuse(403, `You are not allowed to ${word} the API.`))
      const settings = { ...state.settings, api_enabled: word === "enable" }
      return Either.right([reply(200, { message: `API ${word}d.` }), { ...state, settings }] as const)
    })
  ),
  always: true
})

const teamRoutes: ReadonlyArray<Route> = [
  get("/teams", "read", ({ token }) => Effect.succeed(reply(200, [Wire.team(token.team_id)]))),
  ...["/team", "/teams/current"].flatMap((path) => [
    get(path, "read", ({ token }) => Effect.succeed(reply(200, Wire.team(token.team_id)))),
    get(`${path}/members`, "read", () => Effect.succeed(reply(200, [member])))
  ]),
  get("/teams/:id", "read", ({ token, param }) =>
    param("id") === String(token.team_id)
      ? Effect.succeed(reply(200, Wire.team(token.team_id)))
      : refuse(404, "Team not found.")
  ),
  get("/teams/:id/members", "read", ({ token, param }) =>
    param("id") === String(token.team_id)
      ? Effect.succeed(reply(200, [member]))
      : refuse(404, "Team not found.")
  )
]

const absent: ReadonlyArray<Route> = ["/cloud-tokens"].map((path) =>
  get(path, "read", () => Effect.succeed(reply(200, [])))
)

export const instanceRoutes = (backend: Backend): ReadonlyArray<Route> => [
  get("/health", undefined, () => Effect.succeed(reply(200, "OK"))),
  get("/version", "read", () => Effect.succeed(reply(200, backend.version))),
  get("/resources", "read", ({ token, sensitive }) =>
    backend.database.read((state) =>
      Either.right(
        reply(200, [
          ...Lookup.applications(state, token).map((placed) => ({
            ...Wire.application(placed, sensitive),
            type: "application"
          })),
          ...Lookup.services(state, token).map((placed) => ({
            id: placed.service.id,
            ...ServiceWire.listed(placed, sensitive),
            type: "service"
          })),
          ...Lookup.databases(state, token).map((placed) => ({
            id: placed.row.id,
            laravel_through_key: placed.project.id,
            ...StandaloneWire.database(placed, sensitive),
            type: `standalone-${placed.row.engine}`
          }))
        ])
      )
    )
  ),
  apiSwitch(backend, "enable"),
  apiSwitch(backend, "disable"),
  ...teamRoutes,
  ...absent
]
