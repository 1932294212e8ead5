import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { CoolifyError } from "./CoolifyError.ts"
import { CoolifyObserver, CoolifySettings } from "./CoolifySettings.ts"
import type { Presence } from "./Presence.ts"

/** A failed request, and whether sending it again can do no harm. */
export interface Refusal {
  readonly error: CoolifyError
  readonly retry: boolean
  /** Nobody of Coolify's has answered: no connection, or a proxy that found no Coolify behind it. */
  readonly away?: boolean
}

const shortestMillis = 200
const longestMillis = 10_000
/** Between two looks for an API that is away. */
const longestLookMillis = 2000

/** Anywhere between the shortest wait and a ceiling that triples each time. */
const jittered = (retries: number, longest = longestMillis) =>
  Random.nextIntBetween(shortestMillis, 1 + Math.min(2 * shortestMillis * 3 ** retries, longest))

/**
 * Sends again what was refused without effect, a bounded number of times; a Retry-After is obeyed as long as it fits
 * into what is left of the budget. While the API is away, a client that must not give up looks for it for as long as
 * `outage` says, whatever the other bounds are: Coolify's own update takes it away for seconds to a minute.
 */
export const retryRefusals = <A, R>(
  method: string,
  request: Effect.Effect<A, Refusal, R>,
  presence: Presence
): Effect.Effect<A, CoolifyError, R> =>
  Effect.gen(function* () {
    const { tries, retryBudget, outage } = yield* CoolifySettings
    const { onRetry } = yield* CoolifyObserver
    const budget = Duration.toMillis(retryBudget)
    const limit = Duration.toMillis(outage)
    const started = yield* Clock.currentTimeMillis
    let retries = 0
    let looks = 0
    let awaySince: number | undefined
    for (;;) {
      const result = yield* Effect.either(request)
      if (result._tag === "Right") {
        yield* presence.here
        return result.right
      }
      const { away = false, error, retry } = result.left
      const now = yield* Clock.currentTimeMillis
      if (away && (yield* presence.isAwaited)) {
        awaySince ??= now
        const left = awaySince + limit - now
        if (left <= 0) return yield* afterAll(error, now - awaySince)
        yield* presence.gone(whyAway(error), left)
        yield* Effect.sleep(Math.min(yield* jittered(looks, longestLookMillis), left))
        looks += 1
        continue
      }
      if (!away) yield* presence.here
      awaySince = undefined
      const asked = error.retryAfterMillis
      if (!retry || retries >= tries - 1 || now - started + (asked ?? 0) > budget) return yield* error
      const delayMillis = asked ?? (yield* jittered(retries))
      retries += 1
      yield* onRetry({ method, reason: error.reason, delayMillis, attempt: retries })
      yield* Effect.sleep(delayMillis)
    }
  })

/** `502`, `ECONNREFUSED`, or what became of the connection. */
const whyAway = ({ detail, status }: CoolifyError): string =>
  status === undefined ? (/\(([A-Z_]+)\)$/.exec(detail)?.[1] ?? detail) : String(status)

const afterAll = (error: CoolifyError, millis: number) =>
  new CoolifyError({
    ...error,
    detail: `${error.detail}; the API was away for ${Math.round(millis / 1000)} s`
  })
