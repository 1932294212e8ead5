import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { loadWhole } from "../../appspec/LoadSpec.ts"
import { jsonLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { renderSpecError } from "../../ui/Failure.ts"
import { Concluded } from "../CliError.ts"
import { define } from "../CommandInfo.ts"
import { ExitCode } from "../ExitCode.ts"
import * as Flag from "../Flag.ts"
import * as Shared from "../SharedFlags.ts"

export const validate = define({
  name: "validate",
  about: ["Names every problem with its file, line and column, and what to do about it."],
  config: {
    files: Flag.atLeastOne("FILE", "the path of a spec"),
    ...Shared.screen
  },
  examples: [
    { line: "fabrik validate app.yaml", says: "check one spec" },
    { line: "fabrik validate specs/*.yaml", says: "check all of them: exit 4 when one is wrong" }
  ],
  handler: Effect.fn("command.validate")(function* ({ files, json, quiet }) {
    const { out, err } = yield* Screen
    const right = yield* Effect.forEach(files, (file) =>
      Effect.gen(function* () {
        const spec = yield* Effect.either(loadWhole(file))
        if (json) {
          const problems = Either.isLeft(spec) ? spec.left.problems : []
          const ok = Either.isRight(spec)
          yield* out.write(jsonLine({ type: "Validated", file, ok, problems }) + "\n")
          return ok
        }
        if (Either.isLeft(spec)) {
          yield* err.write(renderSpecError(spec.left, err.style).join("\n") + "\n")
          return false
        }
        const { name, domains } = spec.right
        const place =
          domains.length === 0
            ? "without a domain"
            : `at ${domains.map((domain) => `https://${clean(domain)}`).join(", ")}`
        if (!quiet) yield* out.write(`${clean(file)}: ok, ${clean(name)} ${place}\n`)
        return true
      })
    )
    if (right.includes(false)) return yield* new Concluded({ code: ExitCode.usage })
  })
})
