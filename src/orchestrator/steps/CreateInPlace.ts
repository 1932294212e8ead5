import * as Effect from "effect/Effect"
import type { CoolifyError } from "../../coolify/CoolifyError.ts"
import type { SecretError } from "../../secrets/SecretStore.ts"
import type { JournalError } from "../../state/Journals.ts"
import type { Desired } from "../Desired.ts"
import * as Marker from "../../engine/Marker.ts"
import type { Observed } from "../Observe.ts"
import { PlaceLock } from "../PlaceLock.ts"
import { createApplication, type Place } from "../../kinds/Application.ts"
import { ensureEnvironment } from "../../kinds/Environment.ts"
import { ensureProject } from "../../kinds/Project.ts"

/** Where the spec wants the application, in a project that is known. */
export const placeOf = (
  { spec }: Desired,
  { server }: Pick<Observed, "server">,
  projectUuid: string
): Place => ({ projectUuid, serverUuid: server.uuid, environmentName: spec.environment })

/**
 * Creates the application where the spec wants it, and the project and the environment if need be. Somebody who undoes
 * or destroys may take an empty place away in the moment before it is used: it is made again.
 */
export const createInPlace = Effect.fn("createInPlace")(function* (
  desired: Desired,
  observed: Pick<Observed, "environmentExists" | "project" | "server">
) {
  const { environmentExists, project } = observed
  const create = (projectUuid: string) =>
    Effect.map(
      createApplication(placeOf(desired, observed, projectUuid), desired.application, false),
      (uuid) => ({ projectUuid, uuid })
    )
  const anew = Effect.flatMap(ensurePlace(desired), create)
  const planned = project !== undefined && environmentExists ? create(project.uuid) : anew
  return yield* Effect.catchIf(planned, isGone, () => Effect.retry(anew, { while: isGone, times: 2 }))
})

const isGone = (error: CoolifyError | JournalError | SecretError): boolean =>
  error._tag === "CoolifyError" && error.reason === "NotFound"

const ensurePlace = Effect.fn("ensurePlace")(function* (desired: Desired) {
  const { exclusively } = yield* PlaceLock
  const make = Effect.tap(ensureProject(desired.spec), (projectUuid) =>
    ensureEnvironment(projectUuid, desired.spec)
  )
  return yield* exclusively(Marker.projectKey(desired.owner, desired.spec.project), make)
})
