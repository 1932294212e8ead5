/** One line for each request that an API of the sandbox has answered, oldest first, kept over restarts. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { SandboxError } from "./SandboxError.ts"

export const LoggedRequest = Schema.Struct({
  /** ISO 8601, UTC: when the answer was decided. */
  at: Schema.String,
  api: Schema.Literal("coolify", "dns"),
  method: Schema.String,
  /** With the query. */
  path: Schema.String,
  /**
   * What the API answered, also when a fault then kept the answer from arriving; 0 when a fault stopped the
   * request before the API saw it and sent no status of its own.
   */
  status: Schema.Number,
  /** The kind of the fault that struck. */
  fault: Schema.optional(Schema.String)
})
export type LoggedRequest = typeof LoggedRequest.Type

export interface RequestLog {
  /** The time of the entry is now. */
  readonly append: (entry: Omit<LoggedRequest, "at">) => Effect.Effect<void>
  readonly all: Effect.Effect<ReadonlyArray<LoggedRequest>, SandboxError>
}

const Line = Schema.parseJson(LoggedRequest)

/** Beyond this the log of earlier runs is dropped at the start. */
const maxBytes = 8 * 1024 * 1024

export const make = Effect.fn("RequestLog.make")(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const unusable = (cause: unknown) =>
    new SandboxError({ reason: "Unwritable", detail: `${file} cannot be used`, cause })
  const handle = yield* Effect.gen(function* () {
    const size = (yield* fs.exists(file)) ? (yield* fs.stat(file)).size : 0n
    return yield* fs.open(file, { flag: size > maxBytes ? "w" : "a", mode: 0o600 })
  }).pipe(Effect.mapError(unusable))
  const writing = yield* Effect.makeSemaphore(1)
  const log: RequestLog = {
    append: (entry) =>
      Effect.gen(function* () {
        const at = DateTime.formatIso(yield* DateTime.now)
        const line = yield* Schema.encode(Line)({ at, ...entry })
        yield* handle.writeAll(new TextEncoder().encode(`${line}\n`))
      }).pipe(writing.withPermits(1), Effect.uninterruptible, Effect.orDie),
    all: fs.readFileString(file).pipe(
      Effect.mapError(unusable),
      // The last line may be torn by a killed process: what is no entry is skipped.
      Effect.map((text) => Arr.filterMap(text.split("\n"), (line) => Schema.decodeOption(Line)(line)))
    )
  }
  return log
})
