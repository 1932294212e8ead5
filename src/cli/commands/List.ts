import * as Effect from "effect/Effect"
import { listManaged } from "../../orchestrator/Managed.ts"
import { jsonLine } from "../../ui/Json.ts"
import { renderManaged, renderOthers } from "../../ui/ManagedView.ts"
import { Screen } from "../../ui/Screen.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { openCoolify } from "../OpenSubject.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { sandboxOf } from "../Subject.ts"

export const list = define({
  name: "list",
  about: ["Every application that carries fabrik's mark, wherever it was deployed from. Reads Coolify only."],
  config: {
    all: Flag.toggle("all", {
      alias: "a",
      help: "also what carries the mark but belongs to another owner, or was renamed or moved"
    }),
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik list", says: "name, project and environment, status, URL" },
    { line: "fabrik list --json | jq -r .name", says: "one object a line, for scripts" }
  ],
  handler: Effect.fn("command.list")(function* (flags) {
    const world = yield* openCoolify(sandboxOf(flags))
    const found = yield* Effect.provide(listManaged, world.layer)
    const shown = found.filter(({ ours }) => ours || flags.all)
    const { out } = yield* Screen
    if (flags.json) {
      return yield* Say.result(shown.map((one) => jsonLine({ type: "Managed", ...one })))
    }
    yield* Say.result(renderManaged(shown, out.style))
    const others = found.length - shown.length
    if (shown.length === 0 && !flags.quiet) {
      yield* Say.hint(["fabrik manages nothing on this Coolify. `fabrik apply` deploys a spec."])
    }
    if (others > 0 && !flags.quiet) yield* Say.hint([renderOthers(others)])
  }, Effect.scoped)
})
