import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { CoolifyError } from "./CoolifyError.ts"
import { CoolifyObserver, CoolifySettings } from "./CoolifySettings.ts"

/** A failed request, and whether sending it again can do no harm. */
export interface Refusal {
  readonly error: CoolifyError
  readonly retry: boolean
}

const shortestMillis = 200
const longestMillis = 10_000

/** Anywhere between the shortest wait and a ceiling that triples each time. */
const jittered = (retries: number) =>
  Random.nextIntBetween(shortestMillis, 1 + Math.min(2 * shortestMillis * 3 ** retries, longestMillis))

/**
 * Sends again what was refused without effect, a bounded number of times; a Retry-After is obeyed as long as it fits
 * into what is left of the budget.
 */
export const retryRefusals = <A, R>(method: string, request: Effect.Effect<A, Refusal, R>) =>
  Effect.gen(function* () {
    const { tries, retryBudget } = yield* CoolifySettings
    const { onRetry } = yield* CoolifyObserver
    const budget = Duration.toMillis(retryBudget)
    const schedule = Schedule.identity<Refusal>().pipe(
      Schedule.intersect(Schedule.recurs(tries - 1)),
      Schedule.intersect(Schedule.elapsed),
      Schedule.whileOutput(
        ([[refusal], elapsed]) =>
          refusal.retry && Duration.toMillis(elapsed) + (refusal.error.retryAfterMillis ?? 0) <= budget
      ),
      Schedule.modifyDelayEffect(([[refusal, retries]]) =>
        Effect.gen(function* () {
          const asked = refusal.error.retryAfterMillis
          const delayMillis = asked ?? (yield* jittered(retries))
          yield* onRetry({ method, reason: refusal.error.reason, delayMillis, attempt: retries + 1 })
          return Duration.millis(delayMillis)
        })
      )
    )
    return yield* Effect.retry(request, schedule)
  }).pipe(Effect.mapError(({ error }) => error))
