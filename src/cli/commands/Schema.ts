import * as Effect from "effect/Effect"
import { specJsonSchema } from "../../appspec/JsonSchema.ts"
import { define } from "../CommandInfo.ts"
import * as Say from "../Say.ts"

export const schema = define({
  name: "schema",
  about: [
    "Editors complete and check a spec with it: a first line `# yaml-language-server: $schema=FILE` names it, as a path or an address. The package holds it too, as dist/fabrik.schema.json. What only several keys together can get wrong, `fabrik validate` tells."
  ],
  config: {},
  examples: [
    {
      line: "fabrik schema > fabrik.schema.json",
      says: "then # yaml-language-server: $schema=fabrik.schema.json"
    }
  ],
  handler: Effect.fn("command.schema")(function* () {
    yield* Say.result([JSON.stringify(specJsonSchema(), undefined, 2)])
  })
})
