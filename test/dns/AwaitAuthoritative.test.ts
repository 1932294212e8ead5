import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import {
  AuthoritativeDns,
  AuthoritativeDnsError,
  type NameServerAnswer
} from "../../src/dns/AuthoritativeDns.ts"
import {
  awaitAuthoritative,
  PropagationTimeout,
  type PropagationRound
} from "../../src/dns/AwaitAuthoritative.ts"

const record = { name: "api.example.com", type: "A", values: ["192.0.2.10"], proxied: false }

const said = (server: string, outcome: NameServerAnswer["outcome"], ...values: ReadonlyArray<string>) => ({
  server,
  outcome,
  values
})
const right = [said("ns1", "answer", "192.0.2.10"), said("ns2", "answer", "192.0.2.10")]
const half = [said("ns1", "answer", "192.0.2.10"), said("ns2", "no-such-name")]
const split = [said("ns1", "answer", "192.0.2.10"), said("ns2", "answer", "198.51.100.1")]
const more = [said("ns1", "answer", "192.0.2.10", "198.51.100.1"), said("ns2", "answer", "192.0.2.10")]
const broken = "broken" as const

type Round = ReadonlyArray<NameServerAnswer> | typeof broken

/** Runs with these rounds, the last of them for ever. Gives the exit, the rounds reported and when each was asked. */
const watch = (
  rounds: ReadonlyArray<Round>,
  options: { readonly record?: typeof record; readonly deadline?: Duration.DurationInput } = {}
) =>
  Effect.gen(function* () {
    const asked: Array<{ readonly at: number; readonly type: string }> = []
    const reported: Array<PropagationRound> = []
    const dns = AuthoritativeDns.of({
      bogusAt: () => Effect.succeed(undefined),
      ask: (_zone, name, type) =>
        Effect.gen(function* () {
          const round = rounds[Math.min(asked.length, rounds.length - 1)]!
          asked.push({ at: yield* Clock.currentTimeMillis, type })
          return round === broken
            ? yield* new AuthoritativeDnsError({ name, detail: "no name servers" })
            : round
        })
    })
    const fiber = yield* awaitAuthoritative({
      zone: "example.com",
      record: options.record ?? record,
      deadline: Duration.decode(options.deadline ?? "60 seconds"),
      onRound: (round) => Effect.sync(() => void reported.push(round))
    }).pipe(Effect.provideService(AuthoritativeDns, dns), Effect.exit, Effect.fork)
    yield* TestClock.adjust("10 minutes")
    const exit = yield* Fiber.join(fiber)
    return { exit, asked, reported, goods: reported.map(({ good }) => good) }
  })

const failure = (exit: Exit.Exit<void, PropagationTimeout | AuthoritativeDnsError>) =>
  Exit.match(exit, { onFailure: Cause.squash, onSuccess: () => "no failure" })

describe("awaitAuthoritative", () => {
  it.effect("wants two good rounds running", () =>
    Effect.gen(function* () {
      const { exit, goods, asked } = yield* watch([right])
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(goods, [true, true])
      assert.deepStrictEqual(
        asked.map(({ at }) => at),
        [0, 250]
      )
    })
  )

  it.effect("[fault 16: propagation] begins anew when a server falls back", () =>
    Effect.gen(function* () {
      const { exit, goods } = yield* watch([half, right, split, right, half, right, right])
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(goods, [false, true, false, true, false, true, true])
    })
  )

  it.effect("asks at growing distances, never more than 5 seconds apart", () =>
    Effect.gen(function* () {
      const { asked } = yield* watch([half])
      const gaps = asked.slice(1).map(({ at }, index) => at - asked[index]!.at)
      assert.strictEqual(gaps[0], 250)
      assert.isTrue(gaps.every((gap, index) => index === 0 || gap >= gaps[index - 1]!))
      assert.strictEqual(gaps.at(-1), 5000)
    })
  )

  for (const [what, round] of [
    ["one that lags", half],
    ["a split brain", split],
    ["an additional value", more],
    ["a dead one", [right[0]!, said("ns2", "no-reply")]],
    ["no server at all", []]
  ] as const) {
    it.effect(`fails at the deadline with the last answers of ${what}`, () =>
      Effect.gen(function* () {
        const { exit, asked } = yield* watch([round], { deadline: "20 seconds" })
        const error = failure(exit)
        assert.instanceOf(error, PropagationTimeout)
        assert.deepStrictEqual(error.answers, round)
        assert.deepStrictEqual(error.wanted, record.values)
        assert.isAtMost(asked.at(-1)!.at, 20_000)
      })
    )
  }

  it.effect("fails at the deadline even when the good rounds never meet", () =>
    Effect.gen(function* () {
      const { exit } = yield* watch(
        Array.from({ length: 100 }, (_, index) => (index % 2 === 0 ? right : half))
      )
      assert.include(String(failure(exit)), "ns2: no-such-name")
    })
  )

  it.effect("forgives a look-up that fails now and then, not one that always does", () =>
    Effect.gen(function* () {
      const recovered = yield* watch([broken, broken, half, broken, right, right])
      assert.isTrue(Exit.isSuccess(recovered.exit))
      const lost = yield* watch([broken])
      assert.include(String(failure(lost.exit)), "no name servers")
      assert.lengthOf(lost.asked, 3)
    })
  )

  it.effect(
    "[fault 17: resolvers and proxies] takes any address for a proxied record, of whatever type",
    () =>
      Effect.gen(function* () {
        const proxied = { ...record, type: "CNAME", values: ["origin.example.net"], proxied: true }
        const edge = [said("ns1", "answer", "203.0.113.1"), said("ns2", "answer", "203.0.113.2")]
        const { exit, asked } = yield* watch([edge], { record: proxied })
        assert.isTrue(Exit.isSuccess(exit))
        assert.deepStrictEqual(
          asked.map(({ type }) => type),
          ["A", "A"]
        )
        const none = yield* watch([half], { record: proxied })
        assert.isTrue(Exit.isFailure(none.exit))
      })
  )

  it.effect("compares addresses by meaning, in any order", () =>
    Effect.gen(function* () {
      const { exit } = yield* watch([[said("ns1", "answer", "2001:db8::2", "2001:db8::1")]], {
        record: { ...record, type: "AAAA", values: ["2001:DB8::0:1", "2001:db8:0::2"] }
      })
      assert.isTrue(Exit.isSuccess(exit))
    })
  )
})
