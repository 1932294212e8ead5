/** What is sent again, and when. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { HttpObserver, HttpSettings } from "./HttpSettings.ts"

/** What this client needs to know of an API's own error. */
export interface ApiError {
  readonly reason: string
  readonly detail: string
  readonly status?: number | undefined
  /** What the API asked to wait. */
  readonly retryAfterMillis?: number | undefined
}

/** A failed request, and whether sending it again can do no harm. */
export interface Refusal<E> {
  readonly error: E
  readonly retry: boolean
  /** Nobody of the API's has answered: no connection, or a proxy that found nobody behind it. */
  readonly away: boolean
}

/** Whether an API is there, for one that is waited for while it is not. */
export interface Presence<E> {
  /** To be told when a request has changed something, or may have. */
  readonly changed: Effect.Effect<void>
  /** Whether to wait for an API that is away. */
  readonly isAwaited: Effect.Effect<boolean>
  /** A request has not reached the API, which is waited for at most for so long. */
  readonly gone: (error: E, limitMillis: number) => Effect.Effect<void>
  /** It has answered. */
  readonly here: Effect.Effect<void>
  /** The error after it was waited for in vain. */
  readonly inVain: (error: E, millis: number) => E
}

const shortestMillis = 200
const longestMillis = 10_000
/** Between two looks for an API that is away. */
const longestLookMillis = 2000

/** Anywhere between the shortest wait and a ceiling that triples each time. */
const jittered = (retries: number, longest = longestMillis) =>
  Random.nextIntBetween(shortestMillis, 1 + Math.min(2 * shortestMillis * 3 ** retries, longest))

/** Looks for an API that is away for as long as `outage` says: an update takes Coolify away for up to a minute. */
const lookedFor = <A, E, R>(
  request: Effect.Effect<A, Refusal<E>, R>,
  presence: Presence<E>
): Effect.Effect<A, Refusal<E>, R> =>
  Effect.gen(function* () {
    const limit = Duration.toMillis((yield* HttpSettings).outage)
    let since: number | undefined
    const isAwaited = (refusal: Refusal<E>) => (refusal.away ? presence.isAwaited : Effect.succeed(false))
    const hasTime = Effect.map(Clock.currentTimeMillis, (now) => since === undefined || now - since < limit)
    const looks = Schedule.identity<Refusal<E>>().pipe(
      Schedule.intersect(Schedule.forever),
      Schedule.whileInputEffect((refusal) =>
        Effect.flatMap(isAwaited(refusal), (awaited) => (awaited ? hasTime : Effect.succeed(false)))
      ),
      Schedule.modifyDelayEffect(([{ error }, look]) =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const left = (since ??= now) + limit - now
          yield* presence.gone(error, left)
          return Math.min(yield* jittered(look, longestLookMillis), left)
        })
      )
    )
    return yield* request.pipe(
      Effect.tapBoth({
        onFailure: (refusal) => (refusal.away ? Effect.void : presence.here),
        onSuccess: () => presence.here
      }),
      Effect.retry(looks),
      Effect.catchAll((refusal) =>
        Effect.gen(function* () {
          if (since === undefined || !(yield* isAwaited(refusal))) return yield* Effect.fail(refusal)
          const error = presence.inVain(refusal.error, (yield* Clock.currentTimeMillis) - since)
          return yield* Effect.fail({ error, retry: false, away: true })
        })
      )
    )
  })

interface Named {
  readonly api: string
  readonly method: string
}

/** What a limit has refused, with the time until which it holds. */
const isThrottled = ({ reason, retryAfterMillis }: ApiError): boolean =>
  reason === "RateLimited" && retryAfterMillis !== undefined

/**
 * Sends again what a limit on requests has refused, as long as it says for how long it holds. Others who use the same
 * limit may be faster each time, so neither the number of tries counts nor the time that `turn` has waited before them.
 */
const waitedFor = <A, E extends ApiError, R>(
  named: Named,
  request: Effect.Effect<A, Refusal<E>, R>
): Effect.Effect<A, Refusal<E>, R> =>
  Effect.gen(function* () {
    const { retryBudget, throttled } = yield* HttpSettings
    const { onRetry } = yield* HttpObserver
    const [longest, limit] = [Duration.toMillis(retryBudget), Duration.toMillis(throttled)]
    let since: number | undefined
    const fits = ({ error, retry }: Refusal<E>) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const wait = error.retryAfterMillis ?? 0
        return retry && isThrottled(error) && wait <= longest && now - (since ??= now) + wait < limit
      })
    const again = Schedule.identity<Refusal<E>>().pipe(
      Schedule.intersect(Schedule.forever),
      Schedule.whileInputEffect(fits),
      Schedule.modifyDelayEffect(([{ error }, retries]) =>
        Effect.gen(function* () {
          // An API that says "at once" each time is not asked as fast as it answers.
          const least = retries === 0 ? 0 : yield* jittered(retries)
          const delayMillis = Math.max(error.retryAfterMillis ?? 0, least)
          yield* onRetry({ ...named, reason: error.reason, delayMillis, attempt: retries + 1 })
          return delayMillis
        })
      )
    )
    return yield* Effect.retry(request, again)
  })

/**
 * Sends again what was refused without effect, a bounded number of times; a Retry-After is obeyed as long as it fits
 * into what is left of the budget. An API's limit and, with `presence`, an API that is away are waited for beside these
 * bounds.
 */
export const retryRefusals = <A, E extends ApiError, R>(
  named: Named,
  request: Effect.Effect<A, Refusal<E>, R>,
  presence?: Presence<E>
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const { tries, retryBudget } = yield* HttpSettings
    const { onRetry } = yield* HttpObserver
    const budget = Duration.toMillis(retryBudget)
    const started = yield* Clock.currentTimeMillis
    const fits = ({ error, retry }: Refusal<E>) =>
      Effect.map(
        Clock.currentTimeMillis,
        (now) => retry && !isThrottled(error) && now - started + (error.retryAfterMillis ?? 0) <= budget
      )
    const again = Schedule.identity<Refusal<E>>().pipe(
      Schedule.intersect(Schedule.recurs(tries - 1)),
      Schedule.whileInputEffect(fits),
      Schedule.modifyDelayEffect(([{ error }, retries]) =>
        Effect.gen(function* () {
          const delayMillis = error.retryAfterMillis ?? (yield* jittered(retries))
          yield* onRetry({ ...named, reason: error.reason, delayMillis, attempt: retries + 1 })
          return delayMillis
        })
      )
    )
    const there = presence === undefined ? request : lookedFor(request, presence)
    return yield* waitedFor(named, there).pipe(
      Effect.retry(again),
      Effect.mapError(({ error }) => error)
    )
  })
