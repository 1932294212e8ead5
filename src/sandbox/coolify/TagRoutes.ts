/**
 * Tags of the team, of an application and of a service (since 4.2). From TagController at 4.3.11.
 */
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import type { CoolifyState, Token } from "./CoolifyState.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refuse, reply, type Refusal } from "./Reply.ts"
import { get, remove, send, type Route } from "./Route.ts"
import * as Tags from "./Tags.ts"
import { checkKnown, isEmpty } from "./Validation.ts"
import * as Wire from "./Wire.ts"

const shown = (state: CoolifyState, ids: ReadonlyArray<number>) =>
  state.tags.filter((row) => ids.includes(row.id)).map(Wire.tag)

/** What has tags, and how its routes find and write it. */
interface Owned {
  /** `/applications`. */
  readonly path: string
  readonly find: (state: CoolifyState, token: Token, uuid: string) => Either.Either<Tagged, Refusal>
  readonly write: (state: CoolifyState, id: number, tagIds: ReadonlyArray<number>) => CoolifyState
}

interface Tagged {
  readonly id: number
  readonly tag_ids: ReadonlyArray<number>
}

const rewritten = <A extends Tagged>(
  rows: ReadonlyArray<A>,
  id: number,
  tag_ids: ReadonlyArray<number>
): ReadonlyArray<A> => rows.map((row) => (row.id === id ? { ...row, tag_ids } : row))

const ofApplications: Owned = {
  path: "/applications",
  find: (state, token, uuid) =>
    Either.map(Lookup.application(state, token, uuid), ({ application }) => application),
  write: (state, id, tagIds) => ({ ...state, applications: rewritten(state.applications, id, tagIds) })
}

const ofServices: Owned = {
  path: "/services",
  find: (state, token, uuid) => Either.map(Lookup.service(state, token, uuid), ({ service }) => service),
  write: (state, id, tagIds) => ({ ...state, services: rewritten(state.services, id, tagIds) })
}

const routesOf = ({ database }: Backend, { find, path, write }: Owned): ReadonlyArray<Route> => [
  get(`${path}/:uuid/tags`, "read", ({ param, token }) =>
    database.read((state) =>
      Either.map(find(state, token, param("uuid")), (row) => reply(200, shown(state, row.tag_ids)))
    )
  ),
  send("POST", `${path}/:uuid/tags`, "write", ({ param, body, token }) =>
    database.transact((state, fresh) =>
      Either.gen(function* () {
        const row = yield* find(state, token, param("uuid"))
        const unknown = checkKnown(body, ["tag_name", "tag_names"], {})
        if (!isEmpty(unknown)) return yield* Either.left(invalid(unknown))
        const one: unknown = body["tag_name"]
        const many: unknown = body["tag_names"]
        if ((one === undefined) === (many === undefined)) {
          const message = "Provide either tag_name or tag_names, not both."
          return yield* Either.left(invalid({ tag_name: [message] }))
        }
        if (many !== undefined && !Array.isArray(many)) {
          return yield* Either.left(invalid({ tag_names: ["The tag names field must be an array."] }))
        }
        const raw: ReadonlyArray<unknown> = Array.isArray(many) ? many : [one]
        const names: Array<string> = []
        for (const name of raw) names.push(yield* Tags.normalise("tag_name", name))
        const [ids, next] = Tags.ensureAll(state, fresh, token.team_id, names)
        const all = [...new Set([...row.tag_ids, ...ids])]
        return [reply(201, shown(next, all)), write(next, row.id, all)] as const
      })
    )
  ),
  remove(`${path}/:uuid/tags/:tag`, ({ param, token }) =>
    database.transact((state) =>
      Either.gen(function* () {
        const row = yield* find(state, token, param("uuid"))
        const tag = state.tags.find((one) => one.uuid === param("tag") && row.tag_ids.includes(one.id))
        if (tag === undefined) return yield* Either.left(refuse(404, "Tag not found."))
        const left = row.tag_ids.filter((id) => id !== tag.id)
        const next = Tags.collectTags(write(state, row.id, left), [tag.id])
        return [reply(200, { message: "Tag removed." }), next] as const
      })
    )
  )
]

const teamRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get("/tags", "read", ({ token }) =>
    database.read((state) =>
      Either.right(reply(200, state.tags.filter((row) => row.team_id === token.team_id).map(Wire.tag)))
    )
  ),
  send("POST", "/tags", "write", ({ body, token }) =>
    database.transact((state, fresh) =>
      Either.gen(function* () {
        const name = yield* Tags.normalise("name", body["name"])
        if (state.tags.some((row) => row.team_id === token.team_id && row.name === name)) {
          return yield* Either.left(refuse(409, "Tag with this name already exists."))
        }
        const [tag, next] = Tags.ensure(state, fresh, token.team_id, name)
        return [reply(201, Wire.tag(tag)), next] as const
      })
    )
  ),
  remove("/tags/:tag", ({ param, token }) =>
    database.transact((state) =>
      Either.gen(function* () {
        const tag = state.tags.find((row) => row.uuid === param("tag") && row.team_id === token.team_id)
        if (tag === undefined) return yield* Either.left(refuse(404, "Tag not found."))
        const next = {
          ...state,
          tags: state.tags.filter((row) => row.id !== tag.id),
          applications: state.applications.map((row) => ({
            ...row,
            tag_ids: row.tag_ids.filter((id) => id !== tag.id)
          })),
          services: state.services.map((row) => ({
            ...row,
            tag_ids: row.tag_ids.filter((id) => id !== tag.id)
          }))
        }
        return [reply(200, { message: "Tag deleted." }), next] as const
      })
    )
  )
]

export const tagRoutes = (backend: Backend): ReadonlyArray<Route> => [
  ...teamRoutes(backend),
  ...[ofApplications, ofServices].flatMap((owned) => routesOf(backend, owned))
]
