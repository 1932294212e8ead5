/** Files that are written for the user to keep: never over one that is there. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { dirname, join, relative, resolve, sep } from "node:path"
import { specJsonSchema } from "../appspec/JsonSchema.ts"
import { clean } from "../ui/Sanitize.ts"
import { NotWrittenError } from "./CliError.ts"
import * as Say from "./Say.ts"

const there = (file: string) =>
  new NotWrittenError({
    detail: `${clean(file)} is there already, and is not overwritten`,
    next: `See what \`fabrik plan ${clean(file)}\` says, or name another file with -o.`
  })

/** Before any question is asked. */
export const refuseExisting = Effect.fn("refuseExisting")(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  // A link that leads nowhere counts as well: writing through it would make a file elsewhere.
  const isThere = yield* Effect.orElseSucceed(Effect.as(fs.readLink(file), true), () => false)
  if (isThere || (yield* Effect.orElseSucceed(fs.exists(file), () => false))) return yield* there(file)
})

const packaged = "node_modules/fabrik/dist/fabrik.schema.json"
const own = ".fabrik/fabrik.schema.json"

/** Where an editor finds the schema of the spec at `file`, from there on: the package's, or a copy beside it. */
export const schemaFor = Effect.fn("schemaFor")(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const folder = dirname(resolve(file))
  for (let at = folder; ; at = dirname(at)) {
    if (yield* Effect.orElseSucceed(fs.exists(join(at, packaged)), () => false)) {
      const path = relative(folder, join(at, packaged)).split(sep).join("/")
      return path.startsWith(".") ? path : `./${path}`
    }
    if (dirname(at) === at) return `./${own}`
  }
})

/** Writes the spec, and beside it the schema where `schema` says that it is there. */
export const writeNew = Effect.fn("writeNew")(function* (file: string, text: string, schema: string) {
  const fs = yield* FileSystem.FileSystem
  const unwritable = new NotWrittenError({
    detail: `${clean(file)} cannot be written`,
    next: "Check that its folder is there, and who may write in it (ls -ld)."
  })
  yield* Effect.uninterruptible(
    Effect.gen(function* () {
      yield* Effect.mapError(fs.writeFileString(file, text, { flag: "wx" }), (error) =>
        error._tag === "SystemError" && error.reason === "AlreadyExists" ? there(file) : unwritable
      )
      if (schema !== `./${own}`) return
      const folder = join(dirname(file), dirname(own))
      yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 }).pipe(
        Effect.zipRight(
          fs.writeFileString(join(dirname(file), own), `${JSON.stringify(specJsonSchema(), undefined, 2)}\n`)
        ),
        Effect.zipRight(Effect.ignore(fs.writeFileString(join(folder, ".gitignore"), "*\n", { flag: "wx" }))),
        Effect.catchAll(() =>
          Say.warn(
            `${join(folder, "fabrik.schema.json")} cannot be written: editors will not find the schema`
          )
        )
      )
    })
  )
})
