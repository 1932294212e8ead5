/** Secrets from the command line, the environment and `.env`; generated ones are kept in a directory of files. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Arr from "effect/Array"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { createHmac } from "node:crypto"
import { ownSecretNames } from "../dns/Providers.ts"
import { type EnvEntry, type EnvFile, parseEnvFile } from "./EnvFile.ts"
import { KnownSecrets } from "./KnownSecrets.ts"
import * as SecretFiles from "./SecretFiles.ts"
import { SecretGenerator } from "./SecretGenerator.ts"
import { SecretObserver } from "./SecretObserver.ts"
import { type ResolvedSecret, SecretError, type SecretRecipe, SecretStore } from "./SecretStore.ts"

export interface SecretStoreOptions {
  /** `.env` files: the first that holds a name has it. */
  readonly envFiles: ReadonlyArray<string>
  /** Whether a missing one is an error: it is when the user named it. */
  readonly envFileRequired: boolean
  /** Where generated values and the digest key are kept, e.g. `.fabrik`. */
  readonly directory: string
  /** From the command line; they win. */
  readonly given: ReadonlyMap<string, Redacted.Redacted<string>>
}

/**
 * Found is the first of: given, environment (the current `ConfigProvider`), `.env`, stored. An empty value is an
 * `EmptyValue` wherever it stands: a forgotten value must not become a generated one.
 *
 * A generated value is kept in `<directory>/secrets/<scope>/<NAME>.env`, one `NAME=value` line per file, so that two
 * runs that need the same name agree on one value without a lock.
 */
export const layer = (
  options: SecretStoreOptions
): Layer.Layer<SecretStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    SecretStore,
    Effect.gen(function* () {
      const sources = yield* makeSources(options)
      return SecretStore.of({
        find: findWith(options, sources),
        generate: generateWith(sources.generate),
        digest: (value) => Effect.map(sources.key, (key) => hmac(key, value)),
        keep: sources.keep,
        kept: sources.kept,
        forget: sources.forget
      })
    })
  )

/**
 * Reads like {@link layer} and writes nothing: what would be generated gets a throw-away value that lasts as long as
 * the layer, and without a stored key digests are made with one that nobody else has.
 */
export const layerDryRun = (
  options: SecretStoreOptions
): Layer.Layer<SecretStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    SecretStore,
    Effect.gen(function* () {
      const sources = yield* makeSources(options)
      const made = yield* Ref.make(HashMap.empty<string, Redacted.Redacted<string>>())
      const passingKey = yield* Effect.cached(Effect.flatMap(SecretGenerator, (generator) => generator.key))
      const generate: Generate = Effect.fnUntraced(function* (scope, name, recipe) {
        const generator = yield* SecretGenerator
        const fresh = yield* generator.secret(recipe)
        const id = `${scope} ${name}`
        const value = yield* Ref.modify(made, (all) =>
          Option.match(HashMap.get(all, id), {
            onSome: (earlier) => [earlier, all],
            onNone: () => [fresh, HashMap.set(all, id, fresh)]
          })
        )
        return { name, value, origin: "generated" } satisfies ResolvedSecret
      })
      return SecretStore.of({
        find: findWith(options, sources),
        generate: generateWith(generate),
        digest: Effect.fn("SecretStore.digest")(function* (value) {
          const stored = yield* sources.storedKey
          const key = Option.isSome(stored) ? stored.value : yield* passingKey
          return hmac(key, value)
        }),
        keep: () => Effect.void,
        kept: sources.kept,
        forget: () => Effect.void
      })
    })
  )

type Generate = (
  scope: string,
  name: string,
  recipe: SecretRecipe
) => Effect.Effect<ResolvedSecret, SecretError>
type Sources = Effect.Effect.Success<ReturnType<typeof makeSources>>

const findWith = (options: SecretStoreOptions, sources: Sources) =>
  Effect.fn("SecretStore.find")(function* (scope: string, names: ReadonlyArray<string>) {
    const envFiles = yield* Effect.cached(sources.envFiles)
    if (options.envFileRequired) yield* envFiles
    const find = Effect.fnUntraced(function* (name: string) {
      const given = yield* sources.given(name)
      if (Option.isSome(given)) return given
      const environment = yield* sources.environment(name)
      if (Option.isSome(environment)) return environment
      const written = yield* sources.fromEnvFiles(yield* envFiles, name)
      if (Option.isSome(written)) return written
      return yield* sources.stored(scope, name)
    })
    return yield* Effect.forEach(Arr.dedupe(names), (name) =>
      Effect.map(find(name), (secret) => ({ name, secret }))
    )
  })

const generateWith = (generate: Generate) =>
  Effect.fn("SecretStore.generate")(function* (
    scope: string,
    wanted: ReadonlyArray<{ readonly name: string; readonly recipe: SecretRecipe }>
  ) {
    // All are looked at before one is generated: a run that cannot start leaves nothing behind.
    const unnamable = wanted.find(({ name }) => !variableName.test(name))
    if (unnamable !== undefined) {
      return yield* new SecretError({
        reason: "CannotPersist",
        subject: unnamable.name,
        detail: "is not a variable name: letters, digits, _ and . only, the first a letter or _"
      })
    }
    return yield* Effect.forEach(wanted, ({ name, recipe }) => generate(scope, name, recipe))
  })

const makeSources = Effect.fnUntraced(function* (options: SecretStoreOptions) {
  const path = yield* Path.Path
  const files = SecretFiles.make(yield* FileSystem.FileSystem, path)
  // Of where the store is made, not of where it is used: it is part of the store's setting.
  const observer = yield* SecretObserver
  const keyFile = path.join(options.directory, "key")
  const secretsDirectory = path.join(options.directory, "secrets")
  const fileOf = (scope: string, name: string) =>
    path.join(secretsDirectory, ...scope.split("/").map(encodeSegment), `${name}.env`)

  const given = (name: string) =>
    Option.match(Option.fromNullable(options.given.get(name)), {
      onNone: () => Effect.succeedNone,
      onSome: (value) => fromOrigin("given", "on the command line", name, value)
    })

  const environment = (name: string) =>
    Config.option(Config.string(name)).pipe(
      Effect.mapError(
        () =>
          new SecretError({
            reason: "UnreadableFile",
            subject: name,
            detail: "could not be read from the environment"
          })
      ),
      // The default provider looks names up in an object: `constructor` is a function there.
      Effect.map(Option.filter(Predicate.isString)),
      Effect.flatMap(
        Option.match({
          onNone: () => Effect.succeedNone,
          onSome: (value) =>
            Effect.zipRight(
              mayBeAsked(name),
              fromOrigin("environment", "in the environment", name, Redacted.make(value))
            )
        })
      )
    )

  const mayBeAsked = Effect.fnUntraced(function* (name: string) {
    const refused = (detail: string) => new SecretError({ reason: "NotAllowed", subject: name, detail })
    if (isOwnCredential(name)) {
      return yield* refused("is fabrik's own in the environment, and not handed to an application")
    }
    const allowed = yield* Effect.orElseSucceed(Config.option(Config.string(allowList)), () =>
      Option.some("")
    )
    if (Option.isSome(allowed) && !allowed.value.split(/[\s,]+/).includes(name)) {
      return yield* refused(`is in the environment, but not in ${allowList}`)
    }
  })

  const readEnvFile = Effect.fnUntraced(function* (file: string) {
    const text = yield* files.read(file, {
      loose: "warn",
      onLoose: (detail) => observer.warn({ file, detail })
    })
    if (Option.isNone(text)) {
      if (!options.envFileRequired) return []
      return yield* new SecretError({ reason: "UnreadableFile", subject: file, detail: "does not exist" })
    }
    const read = parseEnvFile(text.value)
    yield* observer.read(file)
    const lines = read.skipped.map(({ line }) => line)
    if (lines.length > 0) {
      const which = lines.length === 1 ? `line ${lines.join("")}` : `lines ${lines.slice(0, 20).join(", ")}`
      yield* observer.warn({
        file,
        detail: `has no NAME=value in ${which}${lines.length > 20 ? " and more" : ""}, which is passed over`
      })
    }
    return [{ file, read }]
  })
  const envFiles = Effect.map(Effect.forEach(options.envFiles, readEnvFile), (all) => all.flat())

  const fromEnvFiles = Effect.fnUntraced(function* (
    all: ReadonlyArray<{ readonly file: string; readonly read: EnvFile }>,
    name: string
  ) {
    for (const { file, read } of all) {
      const entry = read.entries.get(name)
      if (entry !== undefined) {
        const found = yield* fromOrigin("env-file", `in ${file}`, name, yield* entryValue(file, entry))
        return Option.map(found, (secret) => ({ ...secret, file }))
      }
      // Whoever wrote it so most likely meant to set it.
      const meant = read.skipped.find(({ names }) => names.has(name))
      if (meant !== undefined) {
        const detail = `names ${name}, but is not ${name}=value`
        return yield* new SecretError({ reason: "BadFile", subject: `${file}:${meant.line}`, detail })
      }
    }
    return Option.none<ResolvedSecret>()
  })

  const stored = Effect.fnUntraced(function* (scope: string, name: string) {
    // Anything else could leave the directory, and no environment can hold it.
    if (!variableName.test(name)) return Option.none<ResolvedSecret>()
    const file = fileOf(scope, name)
    const text = yield* files.read(file, { loose: "refuse", onLoose: () => Effect.void })
    if (Option.isNone(text)) return Option.none<ResolvedSecret>()
    const entry = parseEnvFile(text.value).entries.get(name)
    if (entry === undefined) {
      return yield* new SecretError({ reason: "BadFile", subject: file, detail: `does not hold ${name}` })
    }
    return yield* fromOrigin("stored", `in ${file}`, name, yield* entryValue(file, entry))
  })

  const hideFromGit = files.create(options.directory, path.join(secretsDirectory, ".gitignore"), "*\n")

  const generate: Generate = Effect.fnUntraced(function* (scope, name, recipe) {
    const generator = yield* SecretGenerator
    const value = yield* generator.secret(recipe)
    const root = options.directory
    const file = fileOf(scope, name)
    yield* hideFromGit
    const created = yield* files.create(root, file, `${name}=${Redacted.value(value)}\n`)
    // Read back even our own: only what is really in the file is ever used.
    const kept = yield* stored(scope, name)
    if (Option.isSome(kept)) return created ? { ...kept.value, origin: "generated" } : kept.value
    return yield* new SecretError({
      reason: "CannotPersist",
      subject: file,
      detail: "vanished after it was written"
    })
  })

  const readKey = Effect.gen(function* () {
    const text = yield* files.read(keyFile, { loose: "refuse", onLoose: () => Effect.void })
    if (Option.isNone(text)) return Option.none<Redacted.Redacted<string>>()
    const key = text.value.trim()
    if (/^[0-9a-f]{64}$/.test(key)) return Option.some(Redacted.make(key))
    return yield* new SecretError({ reason: "BadFile", subject: keyFile, detail: "is not 64 hex digits" })
  })

  const storedKey = Effect.tap(readKey, (key) =>
    Option.isNone(key) ? Effect.void : Effect.flatMap(KnownSecrets, (known) => known.add(key.value))
  )

  const key = Effect.gen(function* () {
    const before = yield* storedKey
    if (Option.isSome(before)) return before.value
    const generator = yield* SecretGenerator
    // Who has the key can guess weak values from their digests.
    yield* files.create(options.directory, path.join(options.directory, ".gitignore"), "*\n")
    yield* files.create(options.directory, keyFile, `${Redacted.value(yield* generator.key)}\n`)
    const after = yield* storedKey
    if (Option.isSome(after)) return after.value
    return yield* new SecretError({
      reason: "CannotPersist",
      subject: keyFile,
      detail: "vanished after it was written"
    })
  })

  /** No scope of secrets has a name with a dot. */
  const keptIn = (group: string) => path.join(secretsDirectory, ".kept", encodeSegment(group))
  const keptFile = (group: string, id: string) => path.join(keptIn(group), `${encodeSegment(id)}.json`)
  const keep = (group: string, id: string, text: Redacted.Redacted<string>) =>
    Effect.zipRight(hideFromGit, files.create(options.directory, keptFile(group, id), Redacted.value(text)))
  const kept = (group: string, id: string) =>
    Effect.map(
      files.read(keptFile(group, id), { loose: "refuse", onLoose: () => Effect.void }),
      Option.map(Redacted.make)
    )
  const forget = (group: string) => files.removeDirectory(keptIn(group))

  return { given, environment, envFiles, fromEnvFiles, stored, generate, storedKey, key, keep, kept, forget }
})

/** Where it is set, a spec may have these variables of the environment and no others. */
export const allowList = "FABRIK_ENV_SECRETS"

/** What fabrik itself gets in with, which no spec may have sent to an application by naming it. */
export const isOwnCredential = (name: string): boolean =>
  /^(?:COOLIFY|FABRIK)_/.test(name) || ownSecretNames.includes(name)

const variableName = /^[A-Za-z_][A-Za-z0-9_.]*$/

/** One folder name per scope segment: no dots, no case that a file system might fold, never empty. */
const encodeSegment = (segment: string): string =>
  segment === ""
    ? "%"
    : Array.from(new TextEncoder().encode(segment), (byte) => {
        const char = String.fromCharCode(byte)
        return /[a-z0-9_-]/.test(char) ? char : `%${byte.toString(16).padStart(2, "0")}`
      }).join("")

const hmac = (key: Redacted.Redacted<string>, value: Redacted.Redacted<string>): string =>
  createHmac("sha256", Buffer.from(Redacted.value(key), "hex"))
    .update(Redacted.value(value))
    .digest("hex")

const fromOrigin = (
  origin: ResolvedSecret["origin"],
  where: string,
  name: string,
  value: Redacted.Redacted<string>
): Effect.Effect<Option.Option<ResolvedSecret>, SecretError> =>
  Redacted.value(value).trim() === ""
    ? Effect.fail(
        new SecretError({ reason: "EmptyValue", subject: name, detail: `is set but empty ${where}` })
      )
    : Effect.flatMap(KnownSecrets, (known) => known.add(value)).pipe(
        Effect.as(Option.some({ name, value, origin }))
      )

const entryValue = (file: string, { column, line, value }: EnvEntry) =>
  Either.mapLeft(
    value,
    (detail) => new SecretError({ reason: "BadFile", subject: `${file}:${line}:${column}`, detail })
  )
