/** Permits for many who wait: in their order, one woken for each, and none lost with who does not want it any more. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as TestClock from "effect/TestClock"
import { makeTurn, makeTurns } from "../../src/orchestrator/Turns.ts"

describe("turns", () => {
  it.effect("are taken in the order in which they are waited for", () =>
    Effect.gen(function* () {
      const turns = yield* makeTurns(2)
      const order: Array<number> = []
      const all = Effect.forEach(
        Array.from({ length: 6 }, (_, index) => index),
        (index) =>
          Effect.gen(function* () {
            yield* turns.take
            order.push(index)
            yield* Effect.sleep("1 second")
            yield* turns.release
          }),
        { concurrency: "unbounded" }
      )
      const fiber = yield* Effect.fork(all)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(order, [0, 1])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(order, [0, 1, 2, 3])
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(order, [0, 1, 2, 3, 4, 5])
    })
  )

  it.effect(
    "go on to the next when one is interrupted that waits for it, and when it has just been given",
    () =>
      Effect.gen(function* () {
        const turns = yield* makeTurns(1)
        yield* turns.take
        const [first, second, third] = yield* Effect.all([
          Effect.fork(turns.take),
          Effect.fork(turns.take),
          Effect.fork(turns.take)
        ])
        yield* TestClock.adjust("1 millis")
        yield* Fiber.interrupt(first)
        // It is given, and interrupted before it could go on.
        yield* Effect.zipRight(turns.release, Fiber.interruptAsFork(second, FiberId.none))
        assert.isTrue(Exit.isInterrupted(yield* Fiber.await(second)))
        yield* TestClock.adjust("1 millis")
        assert.isNotNull(third.unsafePoll())
        yield* Fiber.join(third)
        yield* turns.release
        yield* turns.take
      })
  )

  it.effect("are one's own once, however often they are entered and left", () =>
    Effect.gen(function* () {
      const turns = yield* makeTurns(1)
      const turn = yield* makeTurn(turns)
      yield* turn.leave
      yield* turn.enter
      yield* turn.leave
      yield* turn.leave
      yield* turns.take
      const another = yield* Effect.fork(turns.take)
      yield* TestClock.adjust("1 minute")
      assert.isNull(another.unsafePoll())
      yield* Fiber.interrupt(another)
    })
  )
})
