import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Project } from "../coolify/endpoints/Projects.ts"
import type { Spec } from "../appspec/Spec.ts"
import { RefusedError } from "../engine/DeployError.ts"

/** As Coolify makes them (CUID2): no name that a person gives has this form with a digit in it. */
const looksLikeUuid = (text: string): boolean => /^(?=.*\d)[a-z0-9]{24}$/.test(text)

/**
 * The spec with its project and environment by name, where they stand there by uuid: marks, locks and journals are made of
 * the names, so that both spellings mean one application. Asks Coolify only for what looks like a uuid.
 */
export const byProjectName = Effect.fn("byProjectName")(function* (written: Spec, offline: boolean) {
  if (offline || ![written.project, written.environment].some(looksLikeUuid)) return written
  const coolify = yield* CoolifyClient
  const projects = yield* coolify.projects.list
  const spec = yield* withProjectName(written, projects)
  if (!looksLikeUuid(spec.environment)) return spec
  const found = yield* Effect.forEach(
    projects.filter(({ name }) => name === spec.project),
    ({ uuid }) => coolify.environments.list(uuid)
  )
  const environments = found.flat()
  if (environments.some(({ name }) => name === spec.environment)) return spec
  const environment = environments.find(({ uuid }) => uuid === spec.environment)?.name
  if (environment === undefined) {
    return yield* new RefusedError({
      reason: "NotFound",
      detail: `the project ${spec.project} has no environment with the uuid ${spec.environment}`,
      next: "write the environment's name under `environment`"
    })
  }
  return { ...spec, environment } satisfies Spec
})

const withProjectName = Effect.fn("withProjectName")(function* (
  spec: Spec,
  projects: ReadonlyArray<Project>
) {
  if (!looksLikeUuid(spec.project) || projects.some(({ name }) => name === spec.project)) return spec
  const found = projects.find(({ uuid }) => uuid === spec.project)
  if (found === undefined) {
    return yield* new RefusedError({
      reason: "NotFound",
      detail: `Coolify has no project with the uuid ${spec.project} that this token can see`,
      next: "write the project's name under `project`, or use a token of its team"
    })
  }
  const namesakes = projects.filter(({ name }) => name === found.name)
  if (namesakes.length > 1) {
    return yield* new RefusedError({
      reason: "Ambiguous",
      detail: `Coolify has ${namesakes.length} projects named ${found.name} (${namesakes.map(({ uuid }) => uuid).join(", ")}), and fabrik knows a project by its name`,
      next: "rename all but one of them in Coolify"
    })
  }
  return { ...spec, project: found.name } satisfies Spec
})
