import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { CredentialsError } from "./CliError.ts"

/** How long a request without an answer is looked for: FABRIK_LATE_EFFECTS, in seconds. */
export const lateEffects = Effect.gen(function* () {
  const text = yield* Effect.orElseSucceed(Config.string("FABRIK_LATE_EFFECTS"), () => "")
  if (text === "") return {}
  if (/^\d{1,4}$/.test(text)) return { lateEffects: Duration.seconds(Number(text)) }
  return yield* new CredentialsError({
    detail: `FABRIK_LATE_EFFECTS is no number of seconds: ${text}`,
    next: "give whole seconds, e.g. FABRIK_LATE_EFFECTS=120, or unset it"
  })
})
