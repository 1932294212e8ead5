import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { dirname, join } from "node:path"
import type { Imported, ImportedSpec } from "../../import/Input.ts"
import { loadImport } from "../../import/LoadImport.ts"
import { jsonLine } from "../../ui/Json.ts"
import { wrap } from "../../ui/Layout.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { UsageError } from "../Arguments.ts"
import { Concluded } from "../CliError.ts"
import { define } from "../CommandInfo.ts"
import { ExitCode } from "../ExitCode.ts"
import * as Flag from "../Flag.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"

export const importCommand = define({
  name: "import",
  about: [
    "Reads compose files, Coolify's one-click templates, render.yaml, fly.toml, Kamal's deploy.yml, app.json with the Procfile and heroku.yml beside it, railway.json and .env files. The spec is app.yaml, with the `processes` of a Procfile, of fly.toml, of Kamal and of Render's workers; another service has a spec of its own, named after it. No file is ever overwritten, nothing is sent, and no network is needed.",
    "Whatever no spec can say is named on stderr with its line and the reason, and in a comment of the spec: the exit code is 2 then. Values that look secret are not written into a spec."
  ],
  config: {
    file: Flag.one("FILE", "the file of the other tool"),
    output: Flag.text("output", {
      alias: "o",
      placeholder: "DIR",
      help: "write the specs into this folder [show them on stdout]"
    }),
    domain: Flag.text("domain", {
      placeholder: "HOST",
      help: "where it answers, if the file does not say so"
    }),
    git: Flag.text("git", {
      placeholder: "URL",
      help: "the repository that it is built from [the `origin` of the work tree that the file is in]"
    }),
    branch: Flag.text("branch", { placeholder: "NAME", help: "the branch of it [the work tree's, or main]" }),
    ...Shared.screen
  },
  examples: [
    { line: "fabrik import docker-compose.yml", says: "what would its spec look like?" },
    { line: "fabrik import docker-compose.yml --domain shop.example.com -o .", says: "write app.yaml" }
  ],
  handler: Effect.fn("command.import")(function* ({ file, json, quiet, ...options }) {
    const { err, out } = yield* Screen
    const imported = yield* loadImport(file, options)
    const { leftOut, notes, required, specs } = imported
    const written = options.output === undefined ? [] : yield* writeAll(options.output, imported)
    if (json) {
      const facts = { file, format: imported.format, specs, leftOut, notes, required, written }
      yield* out.write(`${jsonLine({ type: "Imported", ...facts })}\n`)
    } else if (options.output === undefined) {
      yield* out.write(specs.map(({ file, text }, index) => withName(file, text, index)).join(""))
    } else yield* Say.result(written.map((path) => clean(path)))
    const lines = [
      ...leftOut.map(({ column, file: beside, line, path, reason }) => {
        const what = path === "" ? "" : `${path}: `
        return { bold: true, text: `${beside ?? file}:${line}:${column}: ${what}${reason}` }
      }),
      ...notes.map(({ file: beside, line, text }) => ({
        bold: false,
        text: `${beside ?? file}${line === 0 ? "" : `:${line}`}: ${text}`
      }))
    ]
    if (!json && !quiet) {
      yield* err.write(
        lines
          .flatMap(({ bold, text }) => {
            const [first = "", ...rest] = wrap(clean(text), err.style.columns)
            const word = bold ? `left out: ${first}` : `note: ${first}`
            return [bold ? err.style.yellow(word) : word, ...rest.map((more) => `  ${more}`)]
          })
          .map((line) => `${line}\n`)
          .join("")
      )
    }
    if (!quiet && !json && options.output !== undefined && written[0] !== undefined) {
      const what = specs.length > 1 ? options.output : written[0]
      if (required.length > 0)
        yield* Say.hint([`Give ${shortly(required)} in \`.env\` or in the environment.`])
      yield* Say.hint([`See what \`fabrik plan ${clean(what)}\` says.`])
    }
    if (leftOut.length > 0) return yield* new Concluded({ code: ExitCode.leftOut })
  })
})

const mostNames = 6

const shortly = (names: ReadonlyArray<string>): string => {
  const shown = names.length > mostNames ? names.slice(0, mostNames - 1) : names
  const more = names.length - shown.length
  return `${shown.map(clean).join(", ")}${more === 0 ? "" : ` and ${more} more (\`secrets\` in the specs)`}`
}

/** Several specs in one stream are documents, each with the name that it would have as a file. */
const withName = (file: string, text: string, index: number): string =>
  `${index === 0 ? "" : "---\n"}${index === 0 ? "" : `# ${file}\n`}${text}`

const refused = (message: string) => new UsageError({ message, command: "import" })

/** All of them or none: nothing is overwritten. */
const writeAll = Effect.fnUntraced(function* (folder: string, { copies, specs }: Imported) {
  const fs = yield* FileSystem.FileSystem
  const target = ({ file }: ImportedSpec) => join(folder, file)
  yield* Effect.mapError(fs.makeDirectory(folder, { recursive: true }), () =>
    refused(`${folder} cannot be made a folder`)
  )
  const same = (one: ImportedSpec) =>
    Effect.map(
      Effect.orElseSucceed(fs.readFileString(target(one)), () => undefined),
      (there) => there === one.text
    )
  const missing = yield* Effect.filter(copies, (copy) => Effect.map(same(copy), (is) => !is))
  const all = [...specs, ...missing]
  for (const one of all) {
    if (yield* Effect.orElseSucceed(fs.exists(target(one)), () => true)) {
      return yield* refused(`${target(one)} exists already, and is not overwritten: name another folder`)
    }
  }
  const made: Array<string> = []
  for (const one of all) {
    yield* Effect.ignoreLogged(fs.makeDirectory(dirname(target(one)), { recursive: true }))
    yield* fs.writeFileString(target(one), one.text, { flag: "wx" }).pipe(
      Effect.tapError(() => Effect.forEach(made, (path) => Effect.either(fs.remove(path)))),
      Effect.mapError(() => refused(`${target(one)} cannot be written; nothing was`))
    )
    made.push(target(one))
  }
  return made
})
