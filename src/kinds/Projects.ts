/** Which projects a spec's name stands for, and what is in them. */
import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Inventory } from "../coolify/endpoints/Environments.ts"
import type { Project } from "../coolify/endpoints/Projects.ts"
import { absentIfNotFound } from "./Find.ts"
import * as Marker from "../engine/Marker.ts"
import { Owner } from "../engine/Owner.ts"

/** Older ones first: two that look at the same ones agree on the first. */
const byAge = (a: Project, b: Project): number => a.id - b.id

/** Projects of this name: those that carry our mark, and those that do not. Coolify accepts any number. */
export const namesakes = Effect.fn("namesakes")(function* (name: string) {
  const coolify = yield* CoolifyClient
  const owner = yield* Owner
  const key = Marker.projectKey(owner, name)
  const all = (yield* coolify.projects.list).filter((project) => project.name === name)
  const isOurs = ({ description }: Project) => Marker.parse(description)?.key === key
  return {
    ours: all.filter(isOurs).toSorted(byAge),
    others: all.filter((project) => !isOurs(project)).toSorted(byAge)
  }
})

export interface Furnished extends Inventory {
  readonly name: string
}

/** Every environment of a project with what is in it; none where the project is gone. */
export const furnishings = Effect.fn("furnishings")(function* (projectUuid: string) {
  const coolify = yield* CoolifyClient
  const environments = (yield* absentIfNotFound(coolify.environments.list(projectUuid))) ?? []
  const all = yield* Effect.forEach(environments, ({ name }) =>
    Effect.map(
      absentIfNotFound(coolify.environments.inventory(projectUuid, name)),
      (found): ReadonlyArray<Furnished> => (found === undefined ? [] : [{ ...found, name }])
    )
  )
  return all.flat()
})

export const isEmpty = ({ applications, others }: Inventory): boolean =>
  applications.length === 0 && others === 0
