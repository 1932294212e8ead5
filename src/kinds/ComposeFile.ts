/** A compose file in a repository: Coolify reads it some seconds after it has made the application. */
import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { ApplicationSettings } from "../coolify/endpoints/Applications.ts"
import { unknownContainers } from "../coolify/Refusals.ts"
import { isCompose } from "../coolify/Source.ts"
import { DeploymentFailedError } from "../engine/DeployError.ts"
import { Pace, pollFor, pollUntil } from "../engine/Pace.ts"
import { Run } from "../engine/Run.ts"

/**
 * Waits until Coolify has read the file of a new application, and answers its text; `undefined`: the token may not read it, or
 * Coolify has not. Then its deployment reads it again, and tells in its log what is wrong. Whoever gives it a variable before
 * would have Coolify find one that it makes itself.
 * @param wanted a container in `domains` that the file does not have would lose its domain without a word.
 */
export const awaitComposeFile = Effect.fn("awaitComposeFile")(function* (
  uuid: string,
  wanted: Pick<ApplicationSettings, "domains" | "source">
) {
  if (wanted.source._tag !== "Git" || !isCompose(wanted.source)) return undefined
  const coolify = yield* CoolifyClient
  const pace = yield* Pace
  const found = yield* pollUntil(
    coolify.applications.get(uuid),
    ({ composeText }) => composeText !== null,
    pollFor(pace, pace.composeFile)
  )
  const { emit } = yield* Run
  if (found.composeText === null) {
    yield* emit({
      _tag: "Warning",
      message: `Coolify has not read ${wanted.source.compose} in the repository yet; its deployment tells why`
    })
  }
  const unknown = unknownContainers(wanted.domains, found)
  if (unknown !== undefined) {
    return yield* new DeploymentFailedError({ reason: "Failed", detail: unknown, deployment: null, log: [] })
  }
  return found.composeText ?? undefined
})
