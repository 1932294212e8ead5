import * as Effect from "effect/Effect"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { observeCoolify } from "./Observe.ts"

/**
 * Of the application, or of its project where there is none yet. Coolify itself tells a deployment's page as
 * `/project/{uuid}/environment/{uuid}/application/{uuid}/deployment/{uuid}` (recorded: deployments).
 */
export const coolifyPages = Effect.fn("coolifyPages")(function* (spec: Spec, base: string) {
  const coolify = yield* CoolifyClient
  const { application, project } = yield* observeCoolify(spec)
  if (project === undefined) return []
  const ofProject = `${base}/project/${project.uuid}`
  const environments = yield* coolify.environments.list(project.uuid)
  const environment = environments.find(({ name }) => name === spec.environment)
  if (environment === undefined || application === undefined) return [ofProject]
  const kind = (yield* coolify.services.has(application.uuid)) ? "service" : "application"
  return [`${ofProject}/environment/${environment.uuid}/${kind}/${application.uuid}`]
})
