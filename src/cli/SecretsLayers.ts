/** Where the values of secrets are looked for. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as FileSecretStore from "../secrets/FileSecretStore.ts"
import { SecretObserver } from "../secrets/SecretObserver.ts"
import type { SecretStore } from "../secrets/SecretStore.ts"
import type { SealedTexts } from "../state/SharedState.ts"
import { Screen } from "../ui/Screen.ts"
import * as Say from "./Say.ts"

export interface SecretsRequest {
  /** The file named with --env-file. */
  readonly envFile: string | undefined
  /** The spec's path: a `.env` beside it is read too. */
  readonly spec: string | undefined
  readonly given: ReadonlyMap<string, Redacted.Redacted<string>>
  /** Files that were named already as read, by whoever has this set too. */
  readonly told?: Set<string>
}

/** Where a team keeps what it has generated, and whose of that it is. */
export interface TeamSecrets {
  readonly sealed: SealedTexts
  readonly realm: string
}

/** The file that is named; else `.env` beside the spec, then in the working folder. */
export const envFilesOf = (
  { envFile, spec }: Pick<SecretsRequest, "envFile" | "spec">,
  path: Path.Path
): Pick<FileSecretStore.SecretStoreOptions, "envFiles" | "envFileRequired"> => {
  if (envFile !== undefined) return { envFiles: [envFile], envFileRequired: true }
  const beside = spec === undefined ? ".env" : path.join(path.dirname(spec), ".env")
  const isHere = path.resolve(beside) === path.resolve(".env")
  return { envFiles: isHere ? [".env"] : [beside, ".env"], envFileRequired: false }
}

/** A store of this machine, with what its team keeps. */
export const withTeam = <R>(
  local: Layer.Layer<SecretStore, never, R>,
  { realm, sealed }: TeamSecrets,
  writes: boolean
) =>
  Effect.map(
    Effect.promise(() => import("../secrets/SharedSecretStore.ts")),
    ({ layer }) => layer(local, sealed, { realm, writes })
  )

/** `known` finds secrets and generates none. */
export const secretsLayers = Effect.fn("secretsLayers")(function* (
  request: SecretsRequest,
  directory: string,
  team?: TeamSecrets
) {
  const screen = yield* Screen
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const options: FileSecretStore.SecretStoreOptions = {
    ...envFilesOf(request, path),
    directory,
    given: request.given
  }
  const services = Context.make(FileSystem.FileSystem, fs).pipe(
    Context.add(Path.Path, path),
    Context.add(SecretObserver, {
      warn: ({ file, detail }) => Effect.provideService(Say.warn(`${file} ${detail}`), Screen, screen),
      read: (file) =>
        Effect.suspend(() => {
          if (request.told?.has(file) === true) return Effect.void
          request.told?.add(file)
          return Effect.provideService(Say.hint([`Secrets are read from ${file}.`]), Screen, screen)
        })
    })
  )
  const known = Layer.provide(FileSecretStore.layerDryRun(options), Layer.succeedContext(services))
  const kept = Layer.provide(FileSecretStore.layer(options), Layer.succeedContext(services))
  return team === undefined
    ? { known, kept }
    : { known: yield* withTeam(known, team, false), kept: yield* withTeam(kept, team, true) }
})
