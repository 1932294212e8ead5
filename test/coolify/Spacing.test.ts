import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import { HttpObserver } from "../../src/http/HttpSettings.ts"
import { makeSpacing, type Spacing } from "../../src/coolify/Spacing.ts"

/** Requests of 100 ms against Coolify's own count: so many in the minute that begins with the first. */
const send = (
  requests: number,
  limit: number,
  options: { readonly others?: number; readonly atOnce?: number } = {}
) =>
  Effect.gen(function* () {
    const spacing = yield* makeSpacing
    const said: Array<object> = []
    const refused: Array<number> = []
    let [ends, count] = [0, 0]
    const one = Effect.gen(function* () {
      yield* spacing.turn
      const now = yield* Clock.currentTimeMillis
      if (now >= ends) [ends, count] = [now + 60_000, options.others ?? 0]
      count += 1
      if (count > limit) refused.push(now)
      const left = String(Math.max(0, limit - count))
      yield* Effect.sleep("100 millis")
      yield* spacing.answered({ "x-ratelimit-limit": String(limit), "x-ratelimit-remaining": left })
    })
    const started = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.replicateEffect(one, requests, {
      concurrency: options.atOnce ?? 1,
      discard: true
    }).pipe(
      Effect.provideService(HttpObserver, {
        ...(yield* HttpObserver),
        onSpaced: (spaced) => Effect.sync(() => said.push(spaced))
      }),
      Effect.zipRight(Clock.currentTimeMillis),
      Effect.fork
    )
    for (let step = 0; step < 5000 && Option.isNone(yield* Fiber.poll(fiber)); step += 1) {
      yield* TestClock.adjust("100 millis")
    }
    const millis = (yield* Fiber.join(fiber)) - started
    return { millis, refused, said }
  })

describe("requests of one client", () => {
  it.effect("never meet the limit, one after the other", () =>
    Effect.gen(function* () {
      const { millis, refused, said } = yield* send(240, 200)
      assert.deepStrictEqual(refused, [])
      assert.isAtMost(millis, 80_000)
      // Said once a minute, with what it comes to.
      assert.lengthOf(said, 1)
      assert.deepInclude(said[0], { limit: 200 })
    })
  )

  it.effect("never meet the limit, several at once", () =>
    Effect.gen(function* () {
      const { millis, refused } = yield* send(240, 200, { atOnce: 8 })
      assert.deepStrictEqual(refused, [])
      assert.isAtMost(millis, 80_000)
    })
  )

  it.effect("never meet it where others have used most of it", () =>
    Effect.gen(function* () {
      const { refused } = yield* send(60, 200, { others: 150 })
      assert.deepStrictEqual(refused, [])
    })
  )

  it.effect("do not wait while there is enough", () =>
    Effect.gen(function* () {
      const { millis, said } = yield* send(90, 200)
      assert.strictEqual(millis, 9000)
      assert.deepStrictEqual(said, [])
    })
  )

  it.effect("wait no longer than a refusal says, whenever others have begun the minute", () =>
    Effect.gen(function* () {
      const spacing = yield* makeSpacing
      yield* spacing.answered({ "x-ratelimit-limit": "200", "x-ratelimit-remaining": "1" })
      yield* TestClock.adjust("1 second")
      yield* spacing.turn
      yield* spacing.answered({
        "x-ratelimit-limit": "200",
        "x-ratelimit-remaining": "0",
        "retry-after": "3"
      })
      const next = yield* Effect.fork(Effect.replicateEffect(spacing.turn, 3))
      yield* TestClock.adjust("2900 millis")
      assert.isTrue(Option.isNone(yield* Fiber.poll(next)))
      yield* TestClock.adjust("100 millis")
      assert.isTrue(Option.isSome(yield* Fiber.poll(next)))
    })
  )

  it.effect(
    "are spaced by Coolify's client itself, as when it removes 109 variables in a minute that is half used",
    () =>
      Effect.gen(function* () {
        const refused: Array<number> = []
        const said: Array<object> = []
        let [ends, count] = [60_000, 100]
        const coolify = HttpClient.make((request) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            if (now >= ends) [ends, count] = [now + 60_000, 0]
            count += 1
            if (count > 200) refused.push(now)
            const left = String(Math.max(0, 200 - count))
            const headers = { "x-ratelimit-limit": "200", "x-ratelimit-remaining": left }
            return HttpClientResponse.fromWeb(request, new Response("{}", { headers }))
          })
        )
        const removal = Effect.flatMap(CoolifyClient, ({ variables }) =>
          Effect.forEach(
            Array.from({ length: 109 }, (_, at) => `env${at}`),
            (row) => variables.remove("app", row)
          )
        )
        const fiber = yield* removal.pipe(
          Effect.provide(
            CoolifyHttp.layer({ baseUrl: "https://c.example.com/api/v1", token: Redacted.make("1|x") })
          ),
          Effect.provideService(HttpClient.HttpClient, coolify),
          Effect.provideService(HttpObserver, {
            ...(yield* HttpObserver),
            onSpaced: (spaced) => Effect.sync(() => said.push(spaced))
          }),
          Effect.zipRight(Clock.currentTimeMillis),
          Effect.fork
        )
        for (let step = 0; step < 5000 && Option.isNone(yield* Fiber.poll(fiber)); step += 1) {
          yield* TestClock.adjust("500 millis")
        }
        assert.isAtMost(yield* Fiber.join(fiber), 80_000)
        assert.deepStrictEqual(refused, [])
        assert.deepInclude(said[0], { limit: 200 })
      })
  )

  it.effect("do not wait where the API counts nothing", () =>
    Effect.gen(function* () {
      const spacing = yield* makeSpacing
      yield* Effect.replicateEffect(Effect.zipRight(spacing.turn, spacing.answered({})), 500)
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
    })
  )
})

/** So many processes of one user against Coolify's count, each with several requests at once, for some minutes. */
const together = (processes: number, minutes: number, limit = 200) =>
  Effect.gen(function* () {
    let [ends, count, answered, refused] = [0, 0, 0, 0]
    const one = (spacing: Spacing) =>
      Effect.gen(function* () {
        yield* spacing.turn
        const now = yield* Clock.currentTimeMillis
        if (now >= ends) [ends, count] = [now + 60_000, 0]
        count += 1
        if (count > limit) refused += 1
        else answered += 1
        const left = Math.max(0, limit - count)
        const wait = count > limit ? { "retry-after": String(Math.ceil((ends - now) / 1000)) } : {}
        yield* Effect.sleep("100 millis")
        yield* spacing.answered({
          "x-ratelimit-limit": String(limit),
          "x-ratelimit-remaining": String(left),
          ...wait
        })
      })
    const all = yield* Effect.forEach(
      Array.from({ length: processes }),
      () =>
        Effect.flatMap(makeSpacing, (spacing) =>
          Effect.all(
            Array.from({ length: 4 }, () => Effect.forever(one(spacing))),
            { concurrency: "unbounded" }
          )
        ),
      { concurrency: "unbounded", discard: true }
    ).pipe(Effect.fork)
    for (let step = 0; step < minutes * 60 * 5; step += 1) yield* TestClock.adjust("200 millis")
    yield* Fiber.interruptFork(all)
    return { answered, refused }
  })

describe("requests of several processes of one user", () => {
  it.effect("share what Coolify allows by what each answer says is left", () =>
    Effect.gen(function* () {
      const { answered, refused } = yield* together(3, 2)
      assert.isAtLeast(answered, 0.9 * 2 * 200)
      assert.isAtMost(refused, 0.1 * answered, `${refused} refused of ${answered + refused}`)
    })
  )
})
