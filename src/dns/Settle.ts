import * as Effect from "effect/Effect"
import type { RecordSet } from "./DnsClient.ts"
import { DnsError } from "./DnsError.ts"
import { describe, sameRecordSet } from "./Zone.ts"

/** Failures after which the provider alone knows what stands there. */
const doubtful = new Set<DnsError["reason"]>(["OutcomeUnknown", "Unavailable", "BadResponse", "Conflict"])

const same = (left: RecordSet | undefined, right: RecordSet | undefined): boolean =>
  left === undefined || right === undefined ? left === right : sameRecordSet(left, right)

/**
 * Decides what became of a write by reading back once, whether it was acknowledged or not: what was wanted stands
 * there: success; the state from before stands there: the write's own failure; anything else: `Conflict`.
 * @param wanted `undefined`: removed. A foreign record set that took the place of a removed one is no failure.
 */
export const settle = (
  options: {
    readonly provider: string
    readonly method: string
    readonly before: RecordSet | undefined
    readonly wanted: RecordSet | undefined
  },
  write: Effect.Effect<unknown, DnsError>,
  readBack: Effect.Effect<RecordSet | undefined, DnsError>
): Effect.Effect<void, DnsError> =>
  Effect.gen(function* () {
    const { provider, method, before, wanted } = options
    const failure = yield* write.pipe(
      Effect.as(undefined),
      Effect.catchIf(
        (error) => doubtful.has(error.reason),
        (error) => Effect.succeed(error)
      )
    )
    const found = yield* readBack.pipe(
      Effect.mapError((error) => {
        if (failure?.reason === "Conflict") return failure
        const first = failure === undefined ? "the write was accepted" : failure.detail
        const detail = `${first}; reading back failed: ${error.detail}`
        return new DnsError({ provider, method, reason: "OutcomeUnknown", detail })
      })
    )
    if (same(found, wanted)) return
    const replaced =
      wanted === undefined && before !== undefined && found !== undefined && !same(found, before)
    if (replaced) return
    if (failure !== undefined && (failure.reason === "Conflict" || same(found, before))) return yield* failure
    const detail =
      failure === undefined && same(found, before)
        ? "the provider accepted the write and did not make it"
        : "somebody else changed the record set at the same time"
    return yield* new DnsError({
      provider,
      method,
      reason: "Conflict",
      detail,
      found: found === undefined ? [] : describe(found)
    })
  })
