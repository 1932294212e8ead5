import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { makeSharedSpacing } from "../../src/coolify/SharedSpacing.ts"
import { HttpObserver } from "../../src/http/HttpSettings.ts"
import type { Ask, Grant } from "../../src/state/RequestBudget.ts"
import { StateError } from "../../src/state/StateError.ts"

const away = new StateError({ reason: "Unreachable", place: "db", detail: "is away", next: "" })

const plenty: Grant = {
  window: 1,
  granted: 0,
  inMillis: 0,
  everyMillis: 0,
  endsInMillis: 60_000,
  limit: 200,
  left: 200,
  isBegun: true
}

/** A client, whose budget answers as it is told to, and after so long. */
const client = (answer: (ask: Ask, count: number) => Effect.Effect<Grant, StateError>) =>
  Effect.gen(function* () {
    const asked: Array<Ask> = []
    const scope = yield* Scope.make()
    const said: Array<object> = []
    const turn = yield* makeSharedSpacing(
      { ask: (ask) => Effect.suspend(() => answer(ask, asked.push(ask))) },
      scope,
      60_000
    )
    let left = 200
    /** One request of 100 ms, which Coolify counts. */
    const request = Effect.gen(function* () {
      const answered = yield* turn
      left -= 1
      const remaining = String(left)
      yield* Effect.sleep("100 millis")
      yield* answered({ "x-ratelimit-limit": "200", "x-ratelimit-remaining": remaining })
    }).pipe(
      Effect.provideService(HttpObserver, {
        ...(yield* HttpObserver),
        onSpaced: (spaced) => Effect.sync(() => said.push(spaced))
      })
    )
    return { asked, scope, said, request }
  })

/** Lets the clock run until it has ended; answers after how many milliseconds. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.fork(Effect.zipRight(effect, Clock.currentTimeMillis))
    for (let step = 0; step < 10_000 && Option.isNone(yield* Fiber.poll(fiber)); step += 1) {
      yield* TestClock.adjust("50 millis")
    }
    return (yield* Fiber.join(fiber)) - began
  })

describe("requests in a shared budget", () => {
  it.effect("wait for it once, and not again while there are plenty", () =>
    Effect.gen(function* () {
      const { asked, request, said, scope } = yield* client(({ want }) =>
        Effect.delay(Effect.succeed({ ...plenty, granted: want }), "50 millis")
      )
      assert.strictEqual(yield* timed(Effect.replicateEffect(request, 50)), 50 + 50 * 100)
      assert.isAtMost(asked.length, 18)
      assert.deepStrictEqual(said, [])
      // Coolify has counted others, which the next who asks is told.
      assert.isTrue(asked.some(({ seen }) => seen !== undefined && seen.left < 200))
      const granted = asked.reduce((sum, { want }) => sum + want, 0)
      yield* timed(Scope.close(scope, Exit.void))
      assert.deepInclude(asked.at(-1), { want: 0, returned: granted - 50 }, "the rest is given back")
    })
  )

  it.effect("leave when it says, and one that is given up leaves its place to the next", () =>
    Effect.gen(function* () {
      let next = 0
      const { request, said } = yield* client(() =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          next = Math.max(next + 500, now)
          return { ...plenty, granted: 1, left: 40, everyMillis: 500, inMillis: next - now }
        })
      )
      yield* timed(request)
      const given = yield* Effect.fork(request)
      yield* TestClock.adjust("10 millis")
      yield* Fiber.interrupt(given)
      assert.isAtMost(yield* timed(request), 500)
      assert.deepStrictEqual(said, [{ limit: 200, left: 40, everyMillis: 500 }])
    })
  )

  it.effect("wait for the next window where none are left, and it is said how long", () =>
    Effect.gen(function* () {
      const { request, said } = yield* client(({ want }, count) =>
        Effect.succeed(
          count < 3
            ? { ...plenty, left: 0, endsInMillis: 9000 - (count - 1) * 5000 }
            : { ...plenty, window: 2, granted: want }
        )
      )
      assert.strictEqual(yield* timed(request), 9000 + 100)
      assert.deepStrictEqual(said, [{ limit: 200, left: 0, everyMillis: 9000 }])
    })
  )

  it.effect("do not wait for one that is away, which is asked again later", () =>
    Effect.gen(function* () {
      const { asked, request } = yield* client(({ want }, count) =>
        count < 3 ? Effect.fail(away) : Effect.succeed({ ...plenty, granted: want })
      )
      assert.strictEqual(yield* timed(Effect.replicateEffect(request, 40)), 4000)
      assert.lengthOf(asked, 1)
      yield* timed(Effect.replicateEffect(request, 100))
      assert.isAtLeast(asked.length, 4)
      assert.isTrue(asked.some(({ seen }) => seen !== undefined))
    })
  )

  it.effect("wait a second at most for one that says nothing", () =>
    Effect.gen(function* () {
      const { request } = yield* client(({ want }, count) =>
        count === 2 ? Effect.never : Effect.succeed({ ...plenty, granted: Math.min(want, 2) })
      )
      const millis = yield* timed(Effect.replicateEffect(request, 20))
      assert.isAtMost(millis, 2000 + 1000)
    })
  )

  it.effect("are none of a window that is over", () =>
    Effect.gen(function* () {
      const { asked, request } = yield* client(({ want }, count) =>
        Effect.succeed({ ...plenty, window: count, granted: want, endsInMillis: 250 })
      )
      yield* timed(request)
      yield* TestClock.adjust("1 second")
      const before = asked.length
      yield* timed(request)
      assert.isAtLeast(asked.length, before + 1)
    })
  )
})
