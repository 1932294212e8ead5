/** What several kinds look for in Coolify. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CoolifyError, type CoolifyErrorReason } from "../coolify/CoolifyError.ts"
import { Pace, pollFor, pollUntil } from "../engine/Pace.ts"

/** `undefined` where the API answers that there is no such resource. */
export const absentIfNotFound = <A, R>(
  effect: Effect.Effect<A, CoolifyError, R>
): Effect.Effect<A | undefined, CoolifyError, R> =>
  effect.pipe(
    Effect.asSome,
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeedNone
    ),
    Effect.map(Option.getOrUndefined)
  )

/** Waits until a deleted resource is gone; deletions in Coolify are jobs that run later. Fails when it stays. */
export const awaitGone = <A, R>(
  read: Effect.Effect<A, CoolifyError, R>,
  what: string
): Effect.Effect<void, CoolifyError, R> =>
  Effect.gen(function* () {
    const pace = yield* Pace
    const left = yield* pollUntil(
      absentIfNotFound(read),
      (found) => found === undefined,
      pollFor(pace, pace.undoBudget)
    )
    if (left === undefined) return
    return yield* new CoolifyError({
      method: "deleteApplication",
      reason: "Refused",
      detail: `${what} is still there ${Duration.format(pace.undoBudget)} after Coolify accepted its deletion`
    })
  })

const passing: ReadonlySet<CoolifyErrorReason> = new Set([
  "RateLimited",
  "ServerError",
  "Unreachable",
  "Interrupted",
  "BadResponse"
])

/** Whether the trouble may end by itself. */
export const isPassing = (error: CoolifyError): boolean => passing.has(error.reason)
