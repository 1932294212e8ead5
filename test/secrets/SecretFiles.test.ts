import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, it } from "@effect/vitest"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { make } from "../../src/secrets/SecretFiles.ts"

it.live("what a process has left that died while it wrote goes after an hour, and nothing else does", () =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* fs.makeTempDirectoryScoped()
    const names = [
      ".01234567-0123-4123-8123-0123456789ab.tmp",
      ".11234567-0123-4123-8123-0123456789ab.tmp",
      "A.env"
    ]
    const old = Date.now() / 1000 - 7200
    for (const [index, name] of names.entries()) {
      yield* fs.writeFileString(path.join(directory, name), "A=1\n", { mode: 0o600 })
      if (index !== 1) yield* fs.utimes(path.join(directory, name), old, old)
    }
    yield* make(fs, path).create(directory, path.join(directory, "B.env"), "B=1\n")
    assert.deepStrictEqual((yield* fs.readDirectory(directory)).toSorted(), [names[1], "A.env", "B.env"])
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
)
