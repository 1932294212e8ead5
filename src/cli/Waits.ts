/** What a command waits for outside of a run, whose view tells it otherwise: lines on stderr. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { HttpObserver } from "../http/HttpSettings.ts"
import { seconds, wrap } from "../ui/Layout.ts"
import { clean } from "../ui/Sanitize.ts"
import { leftOf, reasonOf } from "../ui/Retry.ts"
import type { Screen } from "../ui/Screen.ts"

/** Milliseconds that nobody has to be told of. */
const unnoticed = 1000

export const tellWaits = (err: Context.Tag.Service<Screen>["err"]): Context.Tag.Service<HttpObserver> => {
  const tell = (text: string) =>
    err.write(
      wrap(clean(text), err.style.columns)
        .map((line) => `${err.style.dim(line)}\n`)
        .join("")
    )
  return {
    onRetry: ({ api, delayMillis, reason }) => {
      if (delayMillis < unnoticed) return Effect.void
      return tell(`${api} ${reasonOf(reason)}; again in ${seconds(delayMillis)}`)
    },
    onAway: ({ limitMillis, why }) =>
      tell(`Coolify's API is away (${why}), waiting for it up to ${seconds(limitMillis)}`),
    onBack: ({ millis }) => tell(`Coolify's API is back after ${seconds(millis)}`),
    onSpaced: ({ everyMillis, left, limit }) =>
      tell(`Coolify allows ${limit} requests a minute, and ${leftOf(left, everyMillis)}`)
  }
}
