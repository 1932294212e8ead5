import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { JournalError, Journals, type AppendOptions, type Journal } from "./Journals.ts"
import { nextLine, read, start, type Tail } from "./JournalText.ts"

/** By how much a file grows at a time. */
const growth = 64 * 1024
/** What is left free for undoing: some hundred requests with their answers. */
const reserve = 48 * 1024
/** Far above what any run writes; a wrong file must not fill the memory. */
const maxBytes = 64 * 1024 * 1024

interface Options {
  /** They lie in its folder `journal`. */
  readonly directory: string
  /** Which world they are about; several may share a directory. */
  readonly world: string
}

/**
 * One file a journal, `<directory>/journal/<world>-<name>.ndjson`, readable by its owner alone. A world has one address
 * at a time, and may have had another: what tells its server is found under any. Room is taken before it
 * is needed: an entry overwrites what lies there already, and only making more room can fail for a full disk.
 */
export const layer = (options: Options): Layer.Layer<Journals, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    Journals,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const directory = path.join(options.directory, "journal")
      const prefix = `${createHash("sha256").update(options.world).digest("hex").slice(0, 8)}-`
      const suffix = ".ndjson"
      const files = fs.readDirectory(directory).pipe(
        Effect.catchIf(isMissing, () => Effect.succeed<ReadonlyArray<string>>([])),
        Effect.mapError(fail("Unreadable", directory, "cannot be read")),
        Effect.map((all) =>
          all.filter((file) => /^[0-9a-f]{8}-/.test(file) && file.endsWith(suffix)).toSorted()
        )
      )
      const nameOf = (file: string) => file.slice(prefix.length, -suffix.length)
      /** The file under this address; else the one under another that tells itself which Coolify it is about. */
      const find = Effect.fnUntraced(function* (name: string) {
        const own = path.join(directory, prefix + name + suffix)
        const all = yield* files
        const others = all.filter((file) => nameOf(file) === name && !file.startsWith(prefix))
        if (all.includes(prefix + name + suffix)) return own
        for (const file of others) {
          const { entries } = yield* readFile(fs, path.join(directory, file))
          if (entries.some(tellsServer)) return path.join(directory, file)
        }
        return own
      })
      return Journals.of({
        open: (name) => Effect.flatMap(find(name), (file) => openFile(fs, path, options.directory, file)),
        list: Effect.map(files, (all) => [...new Set(all.map(nameOf))])
      })
    })
  )

/** Whether an entry says for which server its run was: the same Coolify may be known by several addresses. */
const tellsServer = (entry: unknown): boolean =>
  Predicate.hasProperty(entry, "server") && Predicate.isString(entry.server)

/** An open file and how far it is filled. */
interface Opened {
  readonly handle: FileSystem.File
  readonly size: number
}

const openFile = Effect.fn("Journals.open")(function* (
  fs: FileSystem.FileSystem,
  path: Path.Path,
  root: string,
  file: string
) {
  const scope = yield* Effect.scope
  const found = yield* readFile(fs, file)
  const oneWriter = yield* Effect.makeSemaphore(1)
  let tail = found.tail
  let opened: Opened | undefined
  let broken: JournalError | undefined

  const syncDirectories = Effect.forEach(
    [path.dirname(file), root, path.dirname(path.resolve(root))],
    (directory) => Effect.scoped(Effect.flatMap(fs.open(directory, { flag: "r" }), (handle) => handle.sync)),
    { discard: true }
  ).pipe(
    // Windows cannot sync a directory.
    Effect.when(() => process.platform !== "win32")
  )

  const create = Effect.gen(function* () {
    const directory = path.dirname(file)
    yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
    yield* fs.writeFileString(path.join(directory, ".gitignore"), "*\n")
    const handle = yield* openIn(scope, fs, file, "wx+")
    opened = { handle, size: 0 }
    yield* syncDirectories
    return opened
  })

  const existing = Effect.gen(function* () {
    const handle = yield* openIn(scope, fs, file, "r+")
    const { size } = yield* handle.stat
    opened = { handle, size: Number(size) }
    return opened
  })

  const ready = Effect.suspend(() =>
    opened !== undefined ? Effect.succeed(opened) : found.exists ? existing : create
  )

  const writeAt = (handle: FileSystem.File, offset: number, bytes: Uint8Array) =>
    Effect.zipRight(handle.seek(FileSystem.Size(offset), "start"), handle.writeAll(bytes))

  const grow = Effect.fnUntraced(function* ({ handle, size }: Opened) {
    yield* writeAt(handle, size, new Uint8Array(growth).fill(10))
    yield* handle.sync
    opened = { handle, size: size + growth }
  })

  const append = (entry: unknown, { sync, reserved }: AppendOptions) =>
    Effect.gen(function* () {
      if (broken !== undefined && !reserved) return yield* broken
      const { bytes, tail: next } = nextLine(tail, entry)
      const { handle, size } = yield* ready
      if (next.end + (reserved ? 0 : reserve) > size) yield* grow({ handle, size })
      yield* writeAt(handle, tail.end, bytes)
      tail = next
      if (sync) yield* handle.sync
    }).pipe(
      Effect.catchTags({
        BadArgument: (error) => Effect.fail(fail("Unwritable", file, "cannot be written")(error)),
        SystemError: (error) => Effect.fail(fail("Unwritable", file, "cannot be written")(error))
      }),
      // After a failed sync nobody knows what the disk holds.
      Effect.tapError((error) => Effect.sync(() => (broken = error))),
      Effect.uninterruptible,
      oneWriter.withPermits(1)
    )

  const remove = fs
    .remove(file, { force: true })
    .pipe(
      Effect.zipRight(Effect.when(syncDirectories, () => opened !== undefined || found.exists)),
      Effect.mapError(fail("Unwritable", file, "cannot be removed")),
      Effect.asVoid,
      Effect.uninterruptible
    )
  return { id: path.basename(file), file, entries: found.entries, append, remove } satisfies Journal
})

/** The file's handle lives as long as the journal, not as the entry that opens it. */
const openIn = (scope: Scope.Scope, fs: FileSystem.FileSystem, file: string, flag: "wx+" | "r+") =>
  Effect.provideService(fs.open(file, { flag, mode: 0o600 }), Scope.Scope, scope)

const readFile = Effect.fnUntraced(function* (fs: FileSystem.FileSystem, file: string) {
  const none: { exists: boolean; entries: ReadonlyArray<unknown>; tail: Tail } = {
    exists: false,
    entries: [],
    tail: start
  }
  const unreadable = Effect.mapError(fail("Unreadable", file, "cannot be read"))
  const info = yield* fs.stat(file).pipe(
    Effect.asSome,
    Effect.catchIf(isMissing, () => Effect.succeedNone),
    unreadable
  )
  if (Option.isNone(info)) return none
  const { mode, size, type, uid } = info.value
  const isLink = yield* Effect.isSuccess(fs.readLink(file))
  const own = process.geteuid?.()
  const isForeign = own !== undefined && (mode & 0o022) !== 0
  if (isLink || type !== "File" || isForeign || Option.getOrElse(uid, () => own) !== own || size > maxBytes) {
    return yield* new JournalError({
      reason: "Unreadable",
      file,
      detail: "is not a file that you alone can write"
    })
  }
  const bytes = yield* unreadable(fs.readFile(file))
  const { entries, tail } = yield* Either.mapLeft(
    read(bytes),
    (line) => new JournalError({ reason: "Damaged", file, detail: `is damaged in line ${line}` })
  )
  return { exists: true, entries, tail }
})

const isMissing = (error: PlatformError.PlatformError): boolean =>
  error._tag === "SystemError" && error.reason === "NotFound"

const fail =
  (reason: JournalError["reason"], file: string, what: string) => (error: PlatformError.PlatformError) =>
    new JournalError({
      reason,
      file,
      detail: `${what}: ${error.description ?? (error._tag === "SystemError" ? error.reason : error.message)}`
    })
