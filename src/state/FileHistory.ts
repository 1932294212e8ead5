import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { History, HistoryError, Release, type Subject } from "./History.ts"

const kept = 20

const Line = Schema.parseJson(Release)

/**
 * One file a spec, `<directory>/history/<project>/<environment>/<name>.ndjson`, one release a line, readable by its
 * owner alone. A file is replaced as a whole, so that nobody ever reads half of one.
 */
export const layer = (options: {
  readonly directory: string
}): Layer.Layer<History, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    History,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const root = path.join(options.directory, "history")
      const fileOf = ({ project, environment, name }: Subject) =>
        `${path.join(root, fileName(project), fileName(environment), fileName(name))}.ndjson`

      const list = Effect.fn("History.list")(function* (subject: Subject) {
        const file = fileOf(subject)
        const text = yield* fs.readFileString(file).pipe(
          Effect.catchIf(isMissing, () => Effect.succeed("")),
          Effect.mapError(fail("Unreadable", file, "cannot be read"))
        )
        const lines = text.split("\n").filter((line) => line !== "")
        return yield* Effect.forEach(lines, (line) =>
          Effect.mapError(
            Schema.decode(Line)(line),
            () => new HistoryError({ reason: "BadFile", file, detail: "was changed or cut off" })
          )
        )
      })

      const record = Effect.fn("History.record")(function* (subject: Subject, release: Release) {
        const file = fileOf(subject)
        const releases = [...(yield* list(subject)), release].slice(-kept)
        const lines = yield* Effect.orDie(Effect.forEach(releases, (one) => Schema.encode(Line)(one)))
        // Of this run alone, so that two runs at a time never write into one file.
        const temporary = `${file}.${release.release}`
        yield* fs
          .makeDirectory(path.dirname(file), { recursive: true, mode: 0o700 })
          .pipe(
            Effect.zipRight(fs.writeFileString(path.join(root, ".gitignore"), "*\n")),
            Effect.zipRight(
              fs.writeFileString(temporary, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 })
            ),
            Effect.zipRight(fs.rename(temporary, file)),
            Effect.mapError(fail("Unwritable", file, "cannot be written")),
            Effect.uninterruptible
          )
      })

      return { list, record }
    })
  )

const isMissing = (error: PlatformError.PlatformError): boolean =>
  error._tag === "SystemError" && error.reason === "NotFound"

const fail =
  (reason: HistoryError["reason"], file: string, what: string) => (error: PlatformError.PlatformError) =>
    new HistoryError({
      reason,
      file,
      detail: `${what}: ${error._tag === "SystemError" ? error.reason : error.description}`
    })

/** Safe in any file system, those that know no case included; what is too long for one is told apart by its digest. */
const fileName = (text: string): string => {
  const safe = Array.from(new TextEncoder().encode(text), (byte) => {
    const character = String.fromCharCode(byte)
    return /[a-z0-9_-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`
  }).join("")
  const digest = () => createHash("sha256").update(text).digest("hex").slice(0, 16)
  return safe.length <= 120 ? safe : `${safe.slice(0, 100)}%${digest()}`
}
