/** Requests of several processes in the one limit that Coolify has for their user, by a budget that they share. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { Answered } from "../http/Http.ts"
import { HttpObserver } from "../http/HttpSettings.ts"
import { retryAfterMillis } from "../http/RetryAfter.ts"
import type { Grant, RequestBudget, SeenLimit } from "../state/RequestBudget.ts"
import { makeSpacingIn, unnoticedMillis, whole } from "./Spacing.ts"

/**
 * So many requests are granted before they are wanted, so that nobody waits for the budget while there are plenty; of a
 * small limit fewer, as what one process holds the others cannot send.
 */
const most = 5
const aheadOf = (limit: number | null | undefined): number =>
  Math.max(1, Math.min(most, Math.floor((limit ?? 0) / 40)))
/** A budget that does not answer by then is away: the process paces itself, as one does that shares none. */
const patience = Duration.seconds(1)
/** The same for its first answer, which takes a connection, and a key that is slow to derive. */
const firstPatience = Duration.seconds(5)
/** Before one that was away is asked again. Milliseconds. */
const rest = 5000
/** Where none are left, others may give some back, or learn that Coolify takes more. Milliseconds. */
const longestWait = 5000

/** One request that may be sent. Milliseconds of the clock of this process. */
interface Permit {
  readonly from: number
  readonly until: number
}

/**
 * @param scope at its end, what was not used is given back.
 * @param windowMillis in which Coolify counts, from the first request on.
 */
export const makeSharedSpacing = (
  budget: RequestBudget,
  scope: Scope.Scope,
  windowMillis: number
): Effect.Effect<Effect.Effect<Answered>> =>
  Effect.gen(function* () {
    const own = yield* makeSpacingIn(windowMillis)
    let grant: Grant | undefined
    let permits: ReadonlyArray<Permit> = []
    /** The least that an answer of this window has said is left, and when it came. */
    let least: { readonly left: number; readonly at: number } | undefined
    /** What the budget was not told yet. */
    let news: SeenLimit | undefined
    let isUrgent = false
    let isSaid = false
    let waiting = 0
    let asking: Deferred.Deferred<boolean> | undefined
    let awayUntil: number | undefined

    const take = (now: number): Permit | undefined => {
      permits = permits.filter(({ until }) => until > now)
      const [first, ...others] = permits
      permits = others
      return first
    }

    const heed = (answer: Grant, asked: number, now: number): void => {
      if (answer.window !== grant?.window) {
        permits = []
        least = undefined
        news = undefined
        isUrgent = false
        isSaid = false
      }
      grant = answer
      awayUntil = undefined
      const until = asked + answer.endsInMillis
      permits = [
        ...permits,
        ...Array.from({ length: answer.granted }, (_, index) => ({
          from: now + answer.inMillis + index * answer.everyMillis,
          until
        }))
      ]
    }

    const giveBack = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const returned = permits.filter(({ until }) => until > now).length
      permits = []
      if (grant === undefined || returned === 0 || awayUntil !== undefined) return
      const told = yield* Effect.forkDaemon(
        budget.ask({ want: 0, window: grant.window, returned, seen: undefined })
      )
      yield* Effect.ignore(Effect.timeout(Effect.interruptible(Fiber.join(told)), patience))
    })

    /** One at a time; answers `false` where the budget is away. Goes on whoever waits for it. */
    const ask: (want: number) => Effect.Effect<Deferred.Deferred<boolean>> = Effect.fnUntraced(
      function* (want) {
        if (asking !== undefined) return asking
        const answer = yield* Deferred.make<boolean>()
        asking = answer
        const asked = yield* Clock.currentTimeMillis
        const held = permits.length
        const seen = news === undefined || news.isNew ? news : { ...news, left: news.left - held }
        news = undefined
        isUrgent = false
        yield* budget.ask({ want, window: grant?.window ?? 0, returned: 0, seen }).pipe(
          Effect.flatMap((answer) =>
            Effect.gen(function* () {
              // Behind the connection that the answer came by, so that it is given back before that one ends.
              if (grant === undefined) yield* Scope.addFinalizer(scope, giveBack)
              heed(answer, asked, yield* Clock.currentTimeMillis)
              return true
            })
          ),
          Effect.catchAllCause((cause) =>
            Effect.gen(function* () {
              awayUntil = (yield* Clock.currentTimeMillis) + rest
              yield* Effect.logDebug("no budget of requests is shared for now", cause)
              return false
            })
          ),
          Effect.flatMap((there) => {
            asking = undefined
            return Effect.zipRight(
              Deferred.succeed(answer, there),
              there && isUrgent ? askOn(0) : Effect.void
            )
          }),
          Effect.forkDaemon
        )
        return answer
      }
    )

    const askOn = (want: number) => Effect.asVoid(ask(want))

    /** `undefined`: the budget is away. */
    const permit: Effect.Effect<Permit | undefined> = Effect.gen(function* () {
      waiting += 1
      for (;;) {
        const now = yield* Clock.currentTimeMillis
        const next = take(now)
        if (next !== undefined) {
          const ahead = aheadOf(grant?.limit)
          if (permits.length <= ahead / 2 && grant?.everyMillis === 0 && awayUntil === undefined) {
            yield* askOn(ahead)
          }
          return next
        }
        if (awayUntil !== undefined) {
          if (now >= awayUntil) yield* askOn(waiting)
          return undefined
        }
        const answer = yield* ask(waiting + aheadOf(grant?.limit))
        const limit = grant === undefined ? firstPatience : patience
        const there = yield* Effect.timeoutOption(Deferred.await(answer), limit)
        if (there._tag === "None") awayUntil = now + rest
        if (there._tag === "None" || !there.value) continue
        if (permits.length > 0 || grant === undefined || grant.granted > 0) continue
        yield* tell(grant, grant.endsInMillis)
        yield* Effect.sleep(Math.min(grant.endsInMillis, longestWait))
      }
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          waiting -= 1
        })
      )
    )

    const tell = Effect.fnUntraced(function* ({ left, limit }: Grant, everyMillis: number) {
      if (isSaid || limit === null || left === null || everyMillis <= unnoticedMillis) return
      isSaid = true
      const { onSpaced } = yield* HttpObserver
      yield* onSpaced({ limit, left, everyMillis: Math.round(everyMillis) })
    })

    const answeredIn =
      (window: number, sent: number): Answered =>
      (headers) =>
        Effect.gen(function* () {
          yield* own.answered(headers)
          const limit = whole(headers["x-ratelimit-limit"])
          const left = whole(headers["x-ratelimit-remaining"])
          if (limit === undefined || left === undefined || limit === 0) return
          // One that comes late tells of a window that is over.
          if (grant === undefined || window !== grant.window) return
          const now = yield* Clock.currentTimeMillis
          const endsInMillis = left === 0 ? retryAfterMillis(headers["retry-after"], now) : undefined
          const isNew = least !== undefined && sent > least.at && left > least.left
          if (least === undefined || isNew || left <= least.left) least = { left, at: now }
          news = { limit, left: least.left, isNew: isNew || news?.isNew === true, endsInMillis }
          if (!isNew && endsInMillis === undefined && grant.isBegun && grant.limit === limit) return
          if (endsInMillis !== undefined) permits = []
          isUrgent = true
          if (awayUntil === undefined && asking === undefined) yield* askOn(0)
        })

    return Effect.gen(function* () {
      const next = yield* permit
      if (next === undefined || grant === undefined) return yield* Effect.as(own.turn, own.answered)
      const { window } = grant
      const now = yield* Clock.currentTimeMillis
      const wait = next.from - now
      if (wait > 0) {
        yield* tell(grant, grant.everyMillis)
        yield* Effect.onInterrupt(Effect.sleep(wait), () =>
          Effect.sync(() => {
            permits = [...permits, next]
          })
        )
      }
      return answeredIn(window, Math.max(now, next.from))
    })
  })
