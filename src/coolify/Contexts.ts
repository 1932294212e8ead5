/**
 * Coolifys by name: those of fabrik's own file, and those that coolify-cli knows, whose file is only read. Its form is that
 * of coolify-cli's (`internal/config` there): `instances`, each with `name`, `fqdn`, `token` and `default`.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import * as SecretFiles from "../secrets/SecretFiles.ts"
import { SecretError } from "../secrets/SecretStore.ts"

export interface CoolifyContext {
  readonly name: string
  /** As it stands in the file. */
  readonly address: string
  readonly token: Redacted.Redacted<string>
  readonly from: "fabrik" | "coolify-cli"
}

export interface Contexts {
  /** fabrik's own first; of two with one name the other is hidden. */
  readonly all: ReadonlyArray<CoolifyContext>
  /** The one that was chosen for every command; it may be gone since. */
  readonly current: string | undefined
  /** fabrik's own file, there or not. */
  readonly file: string
  readonly cliFile: string
}

const Instance = Schema.Struct({
  name: Schema.String,
  fqdn: Schema.String,
  token: Schema.Redacted(Schema.String)
})
const Own = Schema.parseJson(
  Schema.Struct({
    instances: Schema.Array(Instance),
    current: Schema.optionalWith(Schema.String, { exact: true })
  })
)
/** Its other keys are none of fabrik's business. */
const Cli = Schema.parseJson(Schema.Struct({ instances: Schema.Array(Instance) }))

const set = (name: string) =>
  Effect.orElseSucceed(
    Effect.map(Config.option(Config.nonEmptyString(name)), Option.getOrUndefined),
    () => undefined
  )

/**
 * coolify-cli's is `~/.config/coolify/config.json`, whatever XDG_CONFIG_HOME says, and in `%APPDATA%` on Windows; fabrik's
 * is beside it, and heeds XDG_CONFIG_HOME. `undefined`: there is no home, as in some containers.
 */
const filesOf = Effect.gen(function* () {
  const path = yield* Path.Path
  const isWindows = process.platform === "win32"
  const home = yield* set(isWindows ? "USERPROFILE" : "HOME")
  const roaming = isWindows ? yield* set("APPDATA") : undefined
  const base = roaming ?? (home === undefined ? undefined : path.join(home, ".config"))
  const own = (yield* set("XDG_CONFIG_HOME")) ?? base
  if (own === undefined || base === undefined) return undefined
  return {
    file: path.join(own, "fabrik", "config.json"),
    cliFile: path.join(base, "coolify", "config.json")
  }
})

const badFile = (subject: string) =>
  new SecretError({
    reason: "BadFile",
    subject,
    detail: "is no JSON with `instances`, each with a name, a fqdn and a token"
  })

/**
 * Both files, where they are. Their mode is looked at: one that others may read is told to `onLoose`, one that they may
 * write is refused.
 */
export const readContexts = Effect.fn("readContexts")(function* (
  onLoose: (file: string, detail: string) => Effect.Effect<void>
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const files = yield* filesOf
  if (files === undefined) return undefined
  const store = SecretFiles.make(fs, path)
  const read = <A>(file: string, schema: Schema.Schema<A, string>) =>
    store
      .read(file, { loose: "warn", onLoose: (detail) => onLoose(file, detail) })
      .pipe(
        Effect.flatMap((text) =>
          Option.isNone(text)
            ? Effect.succeed(undefined)
            : Either.mapLeft(Schema.decodeEither(schema)(text.value), () => badFile(file))
        )
      )
  const own = yield* read(files.file, Own)
  const cli = yield* read(files.cliFile, Cli)
  const named = (from: CoolifyContext["from"], all: ReadonlyArray<typeof Instance.Type> = []) =>
    all.map(({ fqdn, name, token }): CoolifyContext => ({ name, address: fqdn, token, from }))
  const ours = named("fabrik", own?.instances)
  const theirs = named("coolify-cli", cli?.instances).filter(({ name }) =>
    ours.every((one) => one.name !== name)
  )
  return { ...files, all: [...ours, ...theirs], current: own?.current } satisfies Contexts
})

/** Writes fabrik's own file anew, for its owner alone to read; nobody ever reads half of it. */
export const writeContexts = Effect.fn("writeContexts")(function* ({ all, current, file }: Contexts) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const instances = all
    .filter(({ from }) => from === "fabrik")
    .map(({ address, name, token }) => ({ name, fqdn: address, token: Redacted.value(token) }))
  const text = `${JSON.stringify({ ...(current === undefined ? {} : { current }), instances }, null, 2)}\n`
  const temporary = `${file}.${yield* Effect.sync(() => randomUUID())}`
  yield* SecretFiles.make(fs, path).create(path.dirname(file), temporary, text)
  yield* fs.rename(temporary, file).pipe(
    Effect.mapError(
      ({ message }) => new SecretError({ reason: "CannotPersist", subject: file, detail: message })
    ),
    Effect.tapError(() => Effect.ignore(fs.remove(temporary)))
  )
})
