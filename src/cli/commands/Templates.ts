import * as Effect from "effect/Effect"
import { templates as all } from "../../appspec/templates/Templates.ts"
import { jsonLine } from "../../ui/Json.ts"
import { padEnd, wrap } from "../../ui/Layout.ts"
import { Screen } from "../../ui/Screen.ts"
import { define } from "../CommandInfo.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"

export const templates = define({
  name: "templates",
  about: [
    "A template is a set of defaults; without a source of its own, a spec deploys the template's starter."
  ],
  config: { ...Shared.screen },
  examples: [{ line: "fabrik templates", says: "names, ports and health paths" }],
  handler: Effect.fn("command.templates")(function* ({ json }) {
    const { out } = yield* Screen
    const width = Math.max(...all.map(({ name }) => name.length))
    yield* Say.result(
      all.flatMap(({ name, description, port, healthPath }) =>
        json
          ? [jsonLine({ type: "Template", name, description, port, healthPath })]
          : wrap(
              `${description} (port ${port}, ${healthPath})`,
              out.style.columns,
              `${padEnd(name, width)}  `
            )
      )
    )
  })
})
