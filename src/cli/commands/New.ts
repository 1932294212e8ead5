import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { told, writeFirst } from "../../appspec/FirstSpec.ts"
import { parseSpec } from "../../appspec/ParseSpec.ts"
import { findTemplate, templates } from "../../appspec/templates/Templates.ts"
import { jsonLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { UsageError } from "../Arguments.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { refuseExisting, schemaFor, writeNew } from "../NewFile.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"

const names = templates.map(({ name }) => name)

export const newCommand = define({
  name: "new",
  about: [
    "The spec deploys the template's starter as it is; comments show what to change. No network and no credentials are needed, and no file is ever overwritten. `fabrik init` writes a spec for an application that you have."
  ],
  config: {
    template: Flag.choice("template", names, { alias: "t", help: "what `fabrik templates` lists" }),
    output: Flag.text("output", {
      alias: "o",
      placeholder: "FILE",
      help: "write the spec here [show it on stdout]"
    }),
    name: Flag.text("name", { placeholder: "NAME", help: "what it is called [as the template]" }),
    domain: Flag.text("domain", { placeholder: "HOST", help: "where it answers [NAME.example.com]" }),
    ...Shared.screen
  },
  examples: [
    { line: "fabrik new -t node-api", says: "what does it look like?" },
    { line: "fabrik new -t node-api -o app.yaml --domain api.example.com", says: "write it" }
  ],
  handler: Effect.fn("command.new")(function* (flags) {
    const wrong = (message: string) => new UsageError({ message, command: "new" })
    if (flags.template === undefined) {
      return yield* wrong(`new needs --template: one of ${names.join(", ")}`)
    }
    const template = findTemplate(flags.template)
    if (template === undefined) return yield* wrong(`there is no template ${flags.template}`)
    const file = flags.output
    if (file !== undefined) yield* refuseExisting(file)
    const schema = file === undefined ? undefined : yield* schemaFor(file)
    const name = flags.name ?? template.name
    const text = writeFirst({
      schema,
      head: `${template.description}. It listens on port ${template.port}.${flags.domain === undefined ? " Write your own name under `domain`." : ""}`,
      name,
      domain: flags.domain ?? `${name}.example.com`,
      server: undefined,
      project: undefined,
      template: template.name,
      source: undefined,
      port: undefined,
      healthPath: template.healthPath,
      env: template.env,
      variables: [],
      secrets: []
    })
    const read = parseSpec(text, "spec")
    if (Either.isLeft(read)) {
      const [problem] = read.left.problems
      return yield* wrong(
        problem === undefined ? "no spec can be made of it" : `--${problem.path}: ${told(problem)}`
      )
    }
    const { out } = yield* Screen
    if (file !== undefined && schema !== undefined) yield* writeNew(file, text, schema)
    if (flags.json)
      yield* out.write(`${jsonLine({ type: "New", template: template.name, file: file ?? null, text })}\n`)
    else yield* file === undefined ? out.write(text) : Say.result([clean(file)])
    if (file !== undefined && !flags.quiet && !flags.json) {
      yield* Say.hint([`  fabrik apply --sandbox ${clean(file)}`, `  fabrik plan ${clean(file)}`])
    }
  })
})
