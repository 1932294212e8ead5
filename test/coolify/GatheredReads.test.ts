import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { gathered } from "../../src/coolify/GatheredReads.ts"

/** Answers with the time at which it was asked for, a second later. */
const slow = (times: Ref.Ref<ReadonlyArray<number>>) =>
  Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    yield* Ref.update(times, (all) => [...all, at])
    yield* Effect.sleep("1 second")
    return at
  })

describe("reads that are gathered", () => {
  it.scoped("answer nobody with what was asked for before they asked", () =>
    Effect.gen(function* () {
      const times = yield* Ref.make<ReadonlyArray<number>>([])
      const read = yield* gathered(slow(times))
      const first = yield* Effect.fork(read)
      yield* TestClock.adjust("300 millis")
      const others = yield* Effect.forkAll([read, read, read])
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(first), 0)
      assert.deepStrictEqual(yield* Fiber.join(others), [1000, 1000, 1000])
      assert.deepStrictEqual(yield* Ref.get(times), [0, 1000])
      const later = yield* Effect.fork(read)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(later), 3300)
    })
  )

  it.scoped("go on for the others when the one goes away that asked first", () =>
    Effect.gen(function* () {
      const read = yield* gathered(slow(yield* Ref.make<ReadonlyArray<number>>([])))
      const first = yield* Effect.fork(read)
      yield* TestClock.adjust("300 millis")
      const second = yield* Effect.fork(read)
      const third = yield* Effect.fork(read)
      yield* TestClock.adjust("100 millis")
      yield* Fiber.interrupt(second)
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(third), 1000)
    })
  )

  it.scoped("fail for all who shared one, and are asked for again", () =>
    Effect.gen(function* () {
      const asked = yield* Ref.make(0)
      const read = yield* gathered(
        Effect.flatMap(
          Ref.updateAndGet(asked, (so) => so + 1),
          (so) => (so === 1 ? Effect.fail("away") : Effect.succeed(so))
        )
      )
      assert.strictEqual(yield* Effect.flip(read), "away")
      assert.strictEqual(yield* read, 2)
    })
  )
})
