/** Which projects a spec's name stands for, and what is in them. */
import * as Effect from "effect/Effect"
import { CoolifyClient, type Inventory, type Project } from "../coolify/CoolifyClient.ts"
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
  const all = (yield* coolify.listProjects).filter((project) => project.name === name)
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
  const environments = (yield* absentIfNotFound(coolify.listEnvironments(projectUuid))) ?? []
  const all = yield* Effect.forEach(environments, ({ name }) =>
    Effect.map(absentIfNotFound(coolify.inventory(projectUuid, name)), (found): ReadonlyArray<Furnished> =>
      found === undefined ? [] : [{ ...found, name }]
    )
  )
  return all.flat()
})

export const isEmpty = ({ applications, others }: Inventory): boolean =>
  applications.length === 0 && others === 0
