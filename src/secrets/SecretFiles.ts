/** Files that only their owner may read, and that come into being complete or not at all. */
import type * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { randomUUID } from "node:crypto"
import { SecretError } from "./SecretStore.ts"

/** Far above any real `.env`; a wrong path must not fill the memory. */
const maxBytes = 1024 * 1024

interface ReadOptions {
  /** `refuse`: not even readable by others; `warn`: `onLoose` is told, only a world-writable file is refused. */
  readonly loose: "refuse" | "warn"
  readonly onLoose: (detail: string) => Effect.Effect<void>
}

export interface SecretFiles {
  /** The text of a regular file of ours (or root's), `None` if there is no such file. */
  readonly read: (file: string, options: ReadOptions) => Effect.Effect<Option.Option<string>, SecretError>
  /**
   * Creates the file with this text, durably, with mode 0600 in directories of mode 0700 under `root`. `false`: it
   * already exists and was left alone. Of several processes exactly one gets `true`, and none ever sees half a file.
   */
  readonly create: (root: string, file: string, text: string) => Effect.Effect<boolean, SecretError>
  /** Removes the directory with all that is in it, if there is one. */
  readonly removeDirectory: (directory: string) => Effect.Effect<void, SecretError>
}

export const make = (fs: FileSystem.FileSystem, path: Path.Path): SecretFiles => {
  // Windows has neither modes nor uids, and cannot sync a directory.
  const uid = process.geteuid?.()

  const read = Effect.fn("SecretFiles.read")(function* (file: string, options: ReadOptions) {
    const unreadable = mapPlatformError("UnreadableFile", file)
    const unsafe = (detail: string) => new SecretError({ reason: "UnsafeFile", subject: file, detail })
    const isLink = fs.readLink(file).pipe(Effect.option, Effect.map(Option.isSome))

    if (yield* isLink) return yield* unsafe("is a symbolic link: name the file itself")
    const seen = yield* fs.stat(file).pipe(Effect.asSome, optionWhenMissing, unreadable)
    if (Option.isNone(seen)) return Option.none<string>()
    // Before the open: opening a pipe would wait for its writer.
    if (seen.value.type === "Directory") {
      return yield* new SecretError({ reason: "BadFile", subject: file, detail: "is a folder, not a file" })
    }
    if (seen.value.type !== "File") return yield* unsafe("is not a regular file")
    if (seen.value.size > maxBytes) {
      return yield* new SecretError({ reason: "BadFile", subject: file, detail: "is larger than 1 MiB" })
    }

    const { bytes, info } = yield* Effect.scoped(
      Effect.gen(function* () {
        const handle = yield* fs.open(file, { flag: "r" })
        const opened = yield* handle.stat
        const content = yield* handle.readAlloc(Math.min(Number(opened.size), maxBytes))
        return { bytes: Option.getOrElse(content, () => new Uint8Array()), info: opened }
      })
    ).pipe(unreadable)

    // The platform's open cannot say O_NOFOLLOW: what was opened must be what stands at the name, and no link.
    const now = yield* fs.stat(file).pipe(unreadable)
    const same = now.dev === info.dev && Option.getOrNull(now.ino) === Option.getOrNull(info.ino)
    if (!same || (yield* isLink)) return yield* unsafe("was exchanged while it was read")

    if (uid !== undefined) {
      const owner = Option.getOrElse(info.uid, () => uid)
      if (owner !== uid && owner !== 0) {
        return yield* unsafe(`belongs to user ${owner}, not to the user that runs fabrik (${uid})`)
      }
      const fix = `make it private: chmod 600 ${file}`
      if ((info.mode & 0o002) !== 0) return yield* unsafe(`can be written by every user; ${fix}`)
      if ((info.mode & 0o077) !== 0) {
        const who = (info.mode & 0o020) !== 0 ? "written by its group" : "read by other users"
        if (options.loose === "refuse") return yield* unsafe(`can be ${who}; ${fix}`)
        yield* options.onLoose(`can be ${who}; ${fix}`)
      }
    }

    if (isUtf16(bytes)) {
      const detail = "is UTF-16 text: save it as UTF-8 (PowerShell writes UTF-16 with `>`)"
      return yield* new SecretError({ reason: "BadFile", subject: file, detail })
    }
    const text = decodeUtf8(bytes)
    if (Either.isRight(text)) return Option.some(text.right)
    return yield* new SecretError({ reason: "BadFile", subject: file, detail: "is not UTF-8 text" })
  })

  const syncDirectory = (directory: string) =>
    uid === undefined
      ? Effect.void
      : Effect.scoped(Effect.flatMap(fs.open(directory, { flag: "r" }), (handle) => handle.sync))

  // A directory is durable once its parent is synced: from the file's up to the one that holds the root.
  const syncUp = Effect.fnUntraced(function* (root: string, file: string) {
    const last = path.dirname(path.resolve(root))
    let directory = path.dirname(path.resolve(file))
    while (directory !== last && directory.length > last.length) {
      yield* syncDirectory(directory)
      directory = path.dirname(directory)
    }
    yield* syncDirectory(last)
  })

  /** What a process has left that died while it wrote: nobody writes one small file for an hour. */
  const sweep = Effect.fnUntraced(function* (directory: string) {
    const now = yield* Clock.currentTimeMillis
    for (const name of yield* fs.readDirectory(directory)) {
      if (!/^\.[0-9a-f-]{36}\.tmp$/.test(name)) continue
      const file = path.join(directory, name)
      const { mtime } = yield* fs.stat(file)
      const age = now - Option.match(mtime, { onNone: () => now, onSome: (time) => time.getTime() })
      if (age > 3_600_000) yield* fs.remove(file, { force: true })
    }
  }, Effect.ignore)

  const create = (root: string, file: string, text: string) =>
    Effect.gen(function* () {
      const directory = path.dirname(file)
      yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
      yield* sweep(directory)
      const temporary = path.join(directory, `.${yield* Effect.sync(() => randomUUID())}.tmp`)
      yield* Effect.addFinalizer(() =>
        fs
          .remove(temporary, { force: true })
          .pipe(
            Effect.catchAll((error) => Effect.logWarning(`could not remove ${temporary}: ${describe(error)}`))
          )
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const handle = yield* fs.open(temporary, { flag: "wx", mode: 0o600 })
          yield* handle.writeAll(new TextEncoder().encode(text))
          yield* handle.sync
        })
      )
      // Unlike rename, link never replaces: who comes second finds the first one's file, complete.
      const created = yield* fs.link(temporary, file).pipe(
        Effect.as(true),
        Effect.catchIf(isReason("AlreadyExists"), () => Effect.succeed(false))
      )
      yield* syncUp(root, file)
      return created
    }).pipe(
      Effect.scoped,
      Effect.uninterruptible,
      mapPlatformError("CannotPersist", file),
      Effect.withSpan("SecretFiles.create")
    )

  const removeDirectory = (directory: string) =>
    fs.remove(directory, { recursive: true, force: true }).pipe(mapPlatformError("CannotPersist", directory))

  return { read, create, removeDirectory }
}

const isReason = (reason: PlatformError.SystemErrorReason) => (error: PlatformError.PlatformError) =>
  error._tag === "SystemError" && error.reason === reason

const optionWhenMissing = <A>(
  effect: Effect.Effect<Option.Option<A>, PlatformError.PlatformError>
): Effect.Effect<Option.Option<A>, PlatformError.PlatformError> =>
  Effect.catchIf(effect, isReason("NotFound"), () => Effect.succeed(Option.none()))

const describe = (error: PlatformError.PlatformError): string => error.description ?? error.message

const mapPlatformError =
  (reason: "UnreadableFile" | "CannotPersist", subject: string) =>
  <A, R>(effect: Effect.Effect<A, PlatformError.PlatformError, R>): Effect.Effect<A, SecretError, R> =>
    Effect.mapError(effect, (error) => new SecretError({ reason, subject, detail: describe(error) }))

/** By its byte order mark, or as one of its first two characters is ASCII. */
const isUtf16 = ([first = 1, second = 1, third = 1, fourth = 1]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) ||
  (first === 0xfe && second === 0xff) ||
  (first === 0 && third === 0 && second !== 0) ||
  (second === 0 && fourth === 0 && first !== 0)

const decodeUtf8 = (bytes: Uint8Array): Either.Either<string, unknown> =>
  Either.try(() => new TextDecoder("utf-8", { fatal: true }).decode(bytes))
