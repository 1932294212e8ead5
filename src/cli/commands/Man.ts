import * as Effect from "effect/Effect"
import { Screen } from "../../ui/Screen.ts"
import { AllCommands, define } from "../CommandInfo.ts"
import { renderManual } from "../Manual.ts"
import { version } from "../Version.ts"

export const man = define({
  name: "man",
  about: ["The package holds it too, as dist/fabrik.1, and `npm install -g` puts it where man finds it."],
  config: {},
  examples: [{ line: "fabrik man | man -l -", says: "read it" }],
  handler: Effect.fn("command.man")(function* () {
    const { out } = yield* Screen
    yield* out.write(renderManual(yield* yield* AllCommands, version))
  })
})
