/** What Coolify has of an application that its containers do not have. */
import * as Effect from "effect/Effect"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import { momentOf } from "../coolify/endpoints/Fields.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import { newestFinished } from "../kinds/Deployment.ts"
import { releaseKey, releaseOfComment } from "../kinds/VariableComment.ts"

export interface Undeployed {
  /** Names of variables. */
  readonly names: ReadonlyArray<string>
  /** Of a service there are no deployments: whether it was started since, nobody can say. */
  readonly isService: boolean
}

const nothing: Undeployed = { names: [], isService: false }

/**
 * The spec's variables that were written after fabrik's last run, and that no deployment has brought to the containers since.
 * A run writes its release last, so that nothing is newer unless somebody else wrote it, or `fabrik env`; only then are the
 * deployments asked for.
 */
export const findUndeployed = Effect.fn("findUndeployed")(function* (
  { env, references, secrets }: Spec,
  found: {
    readonly application: Application | undefined
    readonly variables: ReadonlyArray<ObservedVariable>
  }
) {
  const { application } = found
  const variables = found.variables.filter(({ isPreview }) => !isPreview)
  const release = variables.find(({ key }) => key === releaseKey)
  // One that is not confirmed is deployed anyway.
  const isConfirmed = release !== undefined && releaseOfComment(release.comment)?.pending === false
  if (application === undefined || !isConfirmed) return nothing
  const named = new Set([...Object.keys(env), ...Object.keys(references), ...secrets])
  const since = (moment: number | undefined) =>
    moment === undefined
      ? []
      : variables.filter(
          ({ key, updatedAt }) => named.has(key) && updatedAt !== undefined && updatedAt > moment
        )
  const written = since(release.updatedAt)
  if (written.length === 0) return nothing
  const coolify = yield* CoolifyClient
  if (yield* coolify.services.has(application.uuid)) {
    return { names: written.map(({ key }) => key), isService: true } satisfies Undeployed
  }
  const deployments = yield* coolify.deployments.list(application.uuid, 10)
  const newest = newestFinished(deployments)
  const left = newest === undefined ? written : since(momentOf(newest.createdAt))
  const names = written.filter((row) => left.includes(row)).map(({ key }) => key)
  return { names, isService: false } satisfies Undeployed
})
