import * as Effect from "effect/Effect"
import { jsonLine } from "../../ui/Json.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { newStateKeyName, rekeyState } from "../TeamState.ts"

export const state = define({
  name: "state",
  about: [
    "`rekey` gives the team's state another key: with the old one in FABRIK_STATE_KEY and the new one in FABRIK_STATE_NEW_KEY, all secrets in it are sealed anew, or, when anything comes between, none is. It can be run again. Stop the workers and let runs end before; then set FABRIK_STATE_KEY to the new key everywhere.",
    "`fabrik doctor` tells whether the state can be used."
  ],
  config: {
    action: Flag.oneOf("ACTION", ["rekey"], "rekey"),
    ...Shared.screen
  },
  examples: [
    {
      line: "fabrik state rekey",
      says: `with ${newStateKeyName} set to what openssl rand -base64 32 gave`
    }
  ],
  handler: Effect.fn("command.state")(function* (flags) {
    const sealed = yield* rekeyState
    if (flags.json) return yield* Say.result([jsonLine({ type: "Rekeyed", sealed })])
    yield* Say.result([`Sealed ${sealed === 1 ? "1 secret" : `${sealed} secrets`} anew.`])
    if (!flags.quiet)
      yield* Say.hint(["Set FABRIK_STATE_KEY to the new key everywhere: the old one opens nothing any more."])
  }, Effect.scoped)
})
