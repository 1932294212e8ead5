import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as FileSecretStore from "../secrets/FileSecretStore.ts"
import { secretScope } from "../orchestrator/steps/ResolveSecrets.ts"
import { SecretStore } from "../secrets/SecretStore.ts"
import { secretNamesOf } from "../appspec/sections/BasicAuth.ts"
import type { Spec } from "../appspec/Spec.ts"
import { secretsDirectoryOf, type WorldRequest } from "./Layers.ts"
import { envFilesOf, withTeam } from "./SecretsLayers.ts"
import { teamOf } from "./TeamState.ts"
import * as Say from "./Say.ts"

/**
 * For a command that shows what others write and needs no secret itself: reads the spec's secrets where they are kept, so
 * that they are known and taken out. It goes on without them, but says so. Answers what was found.
 */
export const maskSecrets = Effect.fn("maskSecrets")(function* (
  spec: Spec,
  file: string,
  sandbox: WorldRequest["sandbox"]
) {
  const names = secretNamesOf(spec)
  const local = FileSecretStore.layerDryRun({
    ...envFilesOf({ envFile: undefined, spec: file }, yield* Path.Path),
    directory: secretsDirectoryOf(sandbox),
    given: new Map()
  })
  return yield* Effect.gen(function* () {
    const team = names.length === 0 ? undefined : yield* teamOf(sandbox)
    const store = team === undefined ? local : yield* withTeam(local, team, false)
    return yield* Effect.provide(
      Effect.flatMap(SecretStore, ({ find }) => find(secretScope(spec), names)),
      store
    )
  }).pipe(
    Effect.catchAll(({ message }) =>
      Effect.as(
        Say.warn(`the spec's secrets cannot be read, so they are not taken out of what is shown: ${message}`),
        []
      )
    )
  )
}, Effect.scoped)
