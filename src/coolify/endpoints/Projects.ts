/** Projects: what environments stand in. */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import type { Transport } from "../Transport.ts"
import { Created, text, Uuid, Whole } from "./Fields.ts"

export interface Project {
  readonly uuid: string
  /** Grows: of two, the older one has the smaller. */
  readonly id: number
  readonly name: string
  readonly description: string
}

/** Requests about projects. */
export interface Projects {
  readonly list: Effect.Effect<ReadonlyArray<Project>, CoolifyError>
  /** A new project has the environment `production`. Project names are not unique. */
  readonly create: (project: {
    readonly name: string
    readonly description: string
  }) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
  /** Refused while it has resources: wait for their deletion first. */
  readonly remove: (uuid: string) => Effect.Effect<void, CoolifyError>
}

const ProjectRows = Schema.Array(
  Schema.Struct({ uuid: Uuid, id: Whole, name: Schema.String, description: text })
)

export const makeProjects = ({ done, json }: Transport): Projects => ({
  list: json({ method: "listProjects", verb: "GET", path: "/projects" }, ProjectRows),
  create: ({ name, description }) =>
    json({ method: "createProject", verb: "POST", path: "/projects", body: { name, description } }, Created),
  remove: (uuid) => done({ method: "deleteProject", verb: "DELETE", path: "/projects/{uuid}", ids: { uuid } })
})
