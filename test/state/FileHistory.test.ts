import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { layer } from "../../src/state/FileHistory.ts"
import { History, type HistoryError, type Release, type Subject } from "../../src/state/History.ts"

const subject: Subject = { project: "fabrik", environment: "production", name: "api" }

const release = (number: number): Release => ({
  release: number.toString(16).padStart(12, "0"),
  at: number,
  text: `name: api\n# ${number}\n`
})

const failureOf = <E>(effect: Effect.Effect<void, E>) => Effect.orDie(Effect.flip(effect))

const withHistory = (
  body: (
    history: typeof History.Service,
    directory: string,
    fs: FileSystem.FileSystem
  ) => Effect.Effect<void, HistoryError | PlatformError>
) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const directory = join(yield* fs.makeTempDirectoryScoped({ prefix: "fabrik-history-" }), "state")
    const history = yield* Effect.provide(History, layer({ directory }))
    yield* body(history, directory, fs)
  }).pipe(Effect.provide(NodeContext.layer))

describe("FileHistory", () => {
  it.scoped("answers what was recorded, oldest first, across processes", () =>
    withHistory((history, directory) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* history.list(subject), [])
        yield* history.record(subject, release(1))
        yield* history.record(subject, { ...release(2), backTo: release(1).release })
        const other = yield* Effect.provide(History, layer({ directory }))
        assert.deepStrictEqual(yield* other.list(subject), [
          release(1),
          { ...release(2), backTo: release(1).release }
        ])
      }).pipe(Effect.provide(NodeContext.layer))
    )
  )

  it.scoped("keeps the newest 20", () =>
    withHistory((history) =>
      Effect.gen(function* () {
        for (let number = 1; number <= 23; number++) yield* history.record(subject, release(number))
        const numbers = (yield* history.list(subject)).map(({ at }) => at)
        assert.deepStrictEqual(
          numbers,
          Array.from({ length: 20 }, (_, index) => index + 4)
        )
      })
    )
  )

  it.scoped("is for its owner's eyes, and not for git", () =>
    withHistory((history, directory, fs) =>
      Effect.gen(function* () {
        yield* history.record(subject, release(1))
        const mode = (path: string) => Effect.map(fs.stat(path), (info) => info.mode & 0o777)
        const root = join(directory, "history")
        assert.strictEqual(yield* mode(root), 0o700)
        assert.strictEqual(yield* mode(join(root, "fabrik/production")), 0o700)
        assert.strictEqual(yield* mode(join(root, "fabrik/production/api.ndjson")), 0o600)
        assert.strictEqual(yield* fs.readFileString(join(root, ".gitignore")), "*\n")
        assert.deepStrictEqual(yield* fs.readDirectory(join(root, "fabrik/production")), ["api.ndjson"])
      })
    )
  )

  it.scoped("tells specs of any place apart, and stays within its directory", () =>
    withHistory((history, directory, fs) =>
      Effect.gen(function* () {
        const projects = ["a/b", "..", ".", "A", "a", "ä".repeat(255), `${"ä".repeat(254)}a`, "%61"]
        for (const [index, project] of projects.entries()) {
          yield* history.record({ ...subject, project }, release(index))
        }
        for (const [index, project] of projects.entries()) {
          const found = yield* history.list({ ...subject, project })
          assert.deepStrictEqual(
            found.map(({ at }) => at),
            [index],
            project
          )
        }
        assert.deepStrictEqual(yield* fs.readDirectory(directory), ["history"])
        assert.lengthOf(yield* fs.readDirectory(join(directory, "history")), projects.length + 1)
      })
    )
  )

  it.scoped("says which file was changed or cannot be written, and leaves it as it is", () =>
    withHistory((history, directory, fs) =>
      Effect.gen(function* () {
        yield* history.record(subject, release(1))
        const file = join(directory, "history/fabrik/production/api.ndjson")
        yield* fs.writeFileString(file, "{}\n")
        for (const attempt of [history.list(subject), history.record(subject, release(2))]) {
          const error = yield* failureOf(Effect.asVoid(attempt))
          assert.deepStrictEqual([error.reason, error.file], ["BadFile", file])
        }
        assert.strictEqual(yield* fs.readFileString(file), "{}\n")
        yield* fs.writeFileString(join(directory, "history/other"), "in the way")
        const blocked = yield* failureOf(history.record({ ...subject, project: "other" }, release(1)))
        assert.notStrictEqual(blocked.reason, "BadFile")
      })
    )
  )
})
