/**
 * A value that the sandbox keeps: in memory, or in a file that survives the process.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as SynchronizedRef from "effect/SynchronizedRef"

export interface Stored<A> {
  readonly get: Effect.Effect<A>
  /**
   * One atomic change; answers what `f` answers first. A stored file holds the change when this returns, so nothing
   * that the sandbox has answered is lost with its process. `f` is run once.
   */
  readonly modify: <B>(f: (a: A) => readonly [B, A]) => Effect.Effect<B>
}

/** The stored file cannot be used. The message names the file and the remedy, never what the file holds. */
export class StoredError extends Schema.TaggedError<StoredError>("fabrik/sandbox/StoredError")(
  "StoredError",
  {
    reason: Schema.Literal("Unreadable", "Damaged"),
    file: Schema.String,
    folder: Schema.String,
    detail: Schema.String
  }
) {
  override get message(): string {
    return `The sandbox state ${this.file} cannot be used: ${this.detail}. Delete the sandbox folder ${this.folder} to start afresh.`
  }
}

/** Keeps the value for as long as the process lives. */
export const makeMemory = Effect.fn("Stored.makeMemory")(function* <A>(initial: A) {
  const ref = yield* SynchronizedRef.make(initial)
  const stored: Stored<A> = {
    get: SynchronizedRef.get(ref),
    modify: (f) => SynchronizedRef.modify(ref, f)
  }
  return stored
})

/**
 * Keeps the value as JSON in `file` (mode 0600, in a folder made with 0700), replaced as a whole by rename. Changes made
 * while a write is under way share the next one. A write that fails is a defect: the sandbox cannot go on without its world.
 */
export const makeFile = <A, I>(options: {
  readonly file: string
  readonly schema: Schema.Schema<A, I>
  readonly initial: A
}): Effect.Effect<Stored<A>, StoredError, FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const folder = (yield* Path.Path).dirname(options.file)
    const codec = Schema.parseJson(options.schema)
    const unusable = (reason: "Unreadable" | "Damaged", detail: string) =>
      new StoredError({ reason, file: options.file, folder, detail })

    const load = Effect.gen(function* () {
      yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
      if (!(yield* fs.exists(options.file))) return undefined
      return yield* fs.readFileString(options.file)
    }).pipe(Effect.mapError((error) => unusable("Unreadable", error.message)))

    const text = yield* load
    let value = options.initial
    if (text !== undefined) {
      const decoded = Schema.decodeEither(codec)(text)
      if (Either.isLeft(decoded)) return yield* unusable("Damaged", where(decoded.left))
      value = decoded.right
    }

    const temporary = `${options.file}.tmp`
    const encode = Schema.encode(codec)
    const state = yield* SynchronizedRef.make({ value, version: 0 })
    const writing = yield* Effect.makeSemaphore(1)
    let written = text === undefined ? -1 : 0

    const flush = (version: number) =>
      writing
        .withPermits(1)(
          Effect.gen(function* () {
            if (written >= version) return
            const current = yield* SynchronizedRef.get(state)
            const json = yield* encode(current.value)
            yield* fs.writeFileString(temporary, json, { mode: 0o600 })
            yield* fs.rename(temporary, options.file)
            written = current.version
          })
        )
        .pipe(Effect.orDie)

    yield* flush(0)
    yield* Effect.addFinalizer(() =>
      Effect.flatMap(SynchronizedRef.get(state), ({ version }) => flush(version))
    )

    const stored: Stored<A> = {
      get: Effect.map(SynchronizedRef.get(state), ({ value }) => value),
      modify: (f) =>
        SynchronizedRef.modify(state, ({ value, version }) => {
          const [answer, next] = f(value)
          const changed = next === value ? version : version + 1
          return [
            { answer, version: changed },
            { value: next, version: changed }
          ]
        }).pipe(
          Effect.tap(({ version }) => flush(version)),
          Effect.map(({ answer }) => answer),
          Effect.uninterruptible
        )
    }
    return stored
  })

/** The place of the first problem, without the value found there (it may be a secret). */
const where = (error: ParseResult.ParseError): string => {
  const path = ParseResult.ArrayFormatter.formatErrorSync(error)[0]?.path ?? []
  return path.length === 0
    ? "it is not the JSON expected"
    : `\`${path.map(String).join(".")}\` is not as expected`
}
