import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { Pace, paceAmong, pollFor, pollUntil } from "../../src/engine/Pace.ts"

/** Polls what is over after `end`, with reads of so long; answers when that was seen, and when each read began. */
const watch = (end: number, read: number, limit: Duration.DurationInput = "65 minutes", runs = 1) =>
  Effect.gen(function* () {
    const pace = paceAmong(yield* Pace, runs)
    const begun = yield* Clock.currentTimeMillis
    const reads: Array<number> = []
    const look = Effect.gen(function* () {
      const at = (yield* Clock.currentTimeMillis) - begun
      reads.push(at)
      yield* Effect.sleep(Duration.millis(read))
      return at >= end
    })
    const fiber = yield* pollUntil(look, (over) => over, pollFor(pace, Duration.decode(limit))).pipe(
      Effect.zipRight(Clock.currentTimeMillis),
      Effect.fork
    )
    yield* TestClock.adjust("3 hours")
    return { seen: (yield* Fiber.join(fiber)) - begun, reads }
  })

describe("polling", () => {
  it.effect("of ten runs at once leaves room for writes below 200 requests a minute", () =>
    Effect.gen(function* () {
      const { reads, seen } = yield* watch(120_000, 100, "65 minutes", 10)
      const aMinute = reads.filter((at) => at >= 60_000 && at < 120_000).length
      assert.isAtMost(10 * aMinute, 160)
      assert.isAtMost(seen - 120_000, 4_000)
    })
  )

  for (const [end, read] of [
    [0, 100],
    [17_340, 250],
    [80_000, 20]
  ] as const) {
    it.effect(
      `sees what ends after ${end} ms within a second, and asks less than a hundred times a minute`,
      () =>
        Effect.gen(function* () {
          const { reads, seen } = yield* watch(end, read)
          assert.isAtMost(seen - end, 750 + 2 * read)
          const busiest = Math.max(
            ...reads.map((from) => reads.filter((at) => at >= from && at < from + 60_000).length)
          )
          assert.isBelow(busiest, 100)
        })
    )
  }

  it.effect("asks less often for what takes long to answer", () =>
    Effect.gen(function* () {
      const { reads } = yield* watch(120_000, 2000)
      assert.isBelow(reads.length, 22)
    })
  )

  it.effect("ends with its time", () =>
    Effect.gen(function* () {
      const { seen } = yield* watch(Number.POSITIVE_INFINITY, 200, "45 seconds")
      assert.isAtLeast(seen, 45_000)
      assert.isAtMost(seen, 47_000)
    })
  )
})
