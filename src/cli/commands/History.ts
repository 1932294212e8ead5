import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { loadSpecs } from "../../appspec/LoadSpec.ts"
import { mainOf } from "../../appspec/ParseSpec.ts"
import { chooseRelease } from "../../orchestrator/Releases.ts"
import { define } from "../CommandInfo.ts"
import { openHistory } from "../Layers.ts"
import { releasesHere, showReleases } from "../Releases.ts"
import * as Shared from "../SharedFlags.ts"
import { sandboxOf } from "../Subject.ts"

export const history = define({
  name: "history",
  about: [
    "Lists the releases of a spec that were recorded, by this machine or, where FABRIK_STATE_URL is set, by all of the team: when, from what, and which one `fabrik rollback` would go back to. Nothing is asked of Coolify."
  ],
  config: { file: Shared.specFile, ...Shared.world, ...Shared.screen },
  examples: [
    { line: "fabrik history app.yaml", says: "what was deployed, newest first?" },
    { line: "fabrik history app.yaml --json", says: "with each spec, one JSON object a line" }
  ],
  handler: Effect.fn("command.history")(function* (flags) {
    const spec = mainOf(yield* loadSpecs(flags.file))
    const releases = yield* (yield* openHistory(sandboxOf(flags))).list(spec)
    const here = yield* releasesHere(releases, flags.sandbox)
    yield* showReleases(releases, Either.getOrUndefined(chooseRelease(here, undefined)), flags.json)
  }, Effect.scoped)
})
