/**
 * Tags of the team and of an application (since 4.2). From TagController at 4.3.11.
 */
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import type { Application, CoolifyState } from "./CoolifyState.ts"
import { replaceRow } from "./Database.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refuse, reply } from "./Reply.ts"
import { get, remove, send, type Route } from "./Route.ts"
import * as Tags from "./Tags.ts"
import { checkKnown, isEmpty } from "./Validation.ts"
import * as Wire from "./Wire.ts"

const shown = (state: CoolifyState, application: Application) =>
  state.tags.filter((row) => application.tag_ids.includes(row.id)).map(Wire.tag)

export const tagRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
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
  ),
  get("/applications/:uuid/tags", "read", ({ param, token }) =>
    database.read((state) =>
      Lookup.application(state, token, param("uuid")).pipe(
        Either.map(({ application }) => reply(200, shown(state, application)))
      )
    )
  ),
  send("POST", "/applications/:uuid/tags", "write", ({ param, body, token }) =>
    database.transact((state, fresh) =>
      Either.gen(function* () {
        const { application } = yield* Lookup.application(state, token, param("uuid"))
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
        const [tagged, next] = Tags.attach(state, fresh, token.team_id, application, names)
        return [reply(201, shown(next, tagged)), next] as const
      })
    )
  ),
  remove("/applications/:uuid/tags/:tag", ({ param, token }) =>
    database.transact((state) =>
      Either.gen(function* () {
        const { application } = yield* Lookup.application(state, token, param("uuid"))
        const tag = state.tags.find(
          (row) => row.uuid === param("tag") && application.tag_ids.includes(row.id)
        )
        if (tag === undefined) return yield* Either.left(refuse(404, "Tag not found."))
        const detached = { ...application, tag_ids: application.tag_ids.filter((id) => id !== tag.id) }
        const next = { ...state, applications: replaceRow(state.applications, detached) }
        return [reply(200, { message: "Tag removed." }), Tags.collectTags(next, [tag.id])] as const
      })
    )
  )
]
