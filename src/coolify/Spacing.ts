/** Spreads requests over the minute in which Coolify counts them, once they run short. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Answered } from "../http/Http.ts"
import { HttpObserver } from "../http/HttpSettings.ts"
import { retryAfterMillis } from "../http/RetryAfter.ts"

export interface Spacing {
  /** Waits until the next request is due. */
  readonly turn: Effect.Effect<void>
  /** Takes note of an answer's `x-ratelimit-limit` and `x-ratelimit-remaining`. */
  readonly answered: (headers: { readonly [name: string]: string | undefined }) => Effect.Effect<void>
}

/** Laravel counts from the first request on, for a minute (ThrottleRequests and RateLimiter, Laravel 12). */
export const windowMillis = 60_000
/** A rise of what is left by this part of the limit is a new window, not an answer that was overtaken. */
const riseOfNewWindow = 0.25
/** Below this part of the limit requests are spread. */
const scarce = 0.5
/** A wait that nobody has to be told of. */
export const unnoticedMillis = 200

interface Window {
  readonly limit: number
  readonly left: number
  /** When the client first saw it: it ends a minute later at the latest. */
  readonly since: number
  /** When the next request may leave. */
  readonly next: number
  readonly told: boolean
}

export const whole = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined

/**
 * Coolify allows 200 requests a minute unless API_RATE_LIMIT says otherwise, to all tokens of a user together, and says
 * in each answer how many are left. While more than half of them are, nothing waits; from there on, each request takes
 * its share of what is left of the minute, so that removing a hundred variables is not stopped by a 429 in the middle.
 */
export const makeSpacing: Effect.Effect<Spacing> = Effect.suspend(() => makeSpacingIn(windowMillis))

/** @param windowMillis in which the API counts, from the first request on. */
export const makeSpacingIn = Effect.fnUntraced(function* (windowMillis: number) {
  const known = yield* Ref.make<Window | undefined>(undefined)
  return {
    turn: Effect.gen(function* () {
      const { onSpaced } = yield* HttpObserver
      const now = yield* Clock.currentTimeMillis
      const { gap, limit, left, news, wait } = yield* Ref.modify(known, (window) => {
        const free = { gap: 0, limit: 0, left: 0, news: false, wait: 0 }
        if (window === undefined || now >= window.since + windowMillis) return [free, undefined]
        const taken = { ...window, left: Math.max(0, window.left - 1) }
        if (window.left > window.limit * scarce) return [free, taken]
        const gap = (window.since + windowMillis - now) / Math.max(1, window.left)
        const at = Math.max(now, window.next)
        const wait = at - now
        const news = !window.told && gap > unnoticedMillis && wait > 0
        return [
          { gap, limit: window.limit, left: window.left, news, wait },
          { ...taken, next: at + gap, told: window.told || news }
        ]
      })
      if (news) yield* onSpaced({ limit, left, everyMillis: Math.round(gap) })
      if (wait > 0) yield* Effect.sleep(wait)
    }),
    answered: (headers) =>
      Effect.gen(function* () {
        const limit = whole(headers["x-ratelimit-limit"])
        const left = whole(headers["x-ratelimit-remaining"])
        if (limit === undefined || left === undefined || limit === 0) return
        const now = yield* Clock.currentTimeMillis
        // A refusal says when the window ends, which others may have opened long before this client saw it.
        const ends = left === 0 ? retryAfterMillis(headers["retry-after"], now) : undefined
        if (ends !== undefined && ends <= windowMillis) {
          const since = now + ends - windowMillis
          return yield* Ref.set(known, { limit, left, since, next: now + ends, told: true })
        }
        yield* Ref.update(known, (window): Window => {
          const isNew =
            window === undefined ||
            now >= window.since + windowMillis ||
            left - window.left > limit * riseOfNewWindow
          return isNew
            ? { limit, left, since: now, next: now, told: false }
            : { ...window, limit, left: Math.min(left, window.left) }
        })
      })
  } satisfies Spacing
})

/** How a client of Coolify paces itself: each by what it is told itself, unless processes share what they know. */
export class Pacing extends Context.Reference<Pacing>()("fabrik/coolify/Pacing", {
  defaultValue: (): { readonly make: Effect.Effect<Effect.Effect<Answered>> } => ({
    make: Effect.map(makeSpacing, ({ answered, turn }) => Effect.as(turn, answered))
  })
}) {}
