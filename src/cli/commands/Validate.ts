import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { link, type Subject } from "../../appspec/Batch.ts"
import { parseWhole, readSpec } from "../../appspec/LoadSpec.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { jsonLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { renderSpecError } from "../../ui/Failure.ts"
import { Concluded } from "../CliError.ts"
import { define } from "../CommandInfo.ts"
import { ExitCode } from "../ExitCode.ts"
import * as Shared from "../SharedFlags.ts"
import { specFiles } from "../SpecFiles.ts"

export const validate = define({
  name: "validate",
  about: [
    "Names every problem with its file, line and column, and what to do about it; of several specs also what no two of them may say."
  ],
  config: {
    files: Shared.specFiles,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik validate app.yaml", says: "check one spec" },
    { line: "fabrik validate specs/", says: "check all of them: exit 4 when one is wrong" }
  ],
  handler: Effect.fn("command.validate")(function* ({ files, json, quiet }) {
    const { out, err } = yield* Screen
    const subjects: Array<Subject> = []
    const right = yield* Effect.forEach(yield* specFiles(files), (file) =>
      Effect.gen(function* () {
        const text = yield* Effect.either(readSpec(file))
        const read = yield* Effect.either(Effect.flatMap(text, (yaml) => parseWhole(yaml, file)))
        const yaml = Either.getOrElse(text, () => "")
        if (Either.isRight(read)) subjects.push(...read.right.map((spec) => ({ file, text: yaml, spec })))
        if (json) {
          const problems = Either.isLeft(read) ? read.left.problems : []
          const ok = Either.isRight(read)
          yield* out.write(jsonLine({ type: "Validated", file, ok, problems }) + "\n")
          return ok
        }
        if (Either.isLeft(read)) {
          yield* err.write(renderSpecError(read.left, err.style).join("\n") + "\n")
          return false
        }
        if (!quiet) yield* out.write(read.right.map((spec) => `${clean(file)}: ok, ${said(spec)}\n`).join(""))
        return true
      })
    )
    const clashes = Either.match(link(subjects), { onLeft: (errors) => errors, onRight: () => [] })
    for (const { file, problems } of clashes) {
      if (json) yield* out.write(jsonLine({ type: "Validated", file, ok: false, problems }) + "\n")
      else yield* err.write(renderSpecError({ file, problems }, err.style).join("\n") + "\n")
    }
    if (clashes.length > 0 || right.includes(false)) return yield* new Concluded({ code: ExitCode.usage })
  })
})

const said = ({ domains, name }: Spec): string =>
  domains.length === 0
    ? `${clean(name)} without a domain`
    : `${clean(name)} at ${domains.map((domain) => `https://${clean(domain)}`).join(", ")}`
