/** Processes of one Coolify user that share its limit of requests by the state of their team, on a real PostgreSQL. */
import * as HttpClient from "@effect/platform/HttpClient"
import { it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import { makeSharedSpacing } from "../../src/coolify/SharedSpacing.ts"
import { makeSpacingIn, Pacing } from "../../src/coolify/Spacing.ts"
import * as CoolifyApi from "../../src/sandbox/coolify/CoolifyApi.ts"
import { initialState } from "../../src/sandbox/coolify/InitialState.ts"
import * as InProcess from "../../src/sandbox/InProcess.ts"
import { makeMemory } from "../../src/sandbox/Stored.ts"
import type { Ask, Grant } from "../../src/state/RequestBudget.ts"
import { make, readSettings } from "../../src/state/postgres/Postgres.ts"
import type { SharedState } from "../../src/state/SharedState.ts"
import { postgresMissing, type RunningPostgres, startPostgres } from "../support/PostgresServer.ts"
import { isFull, note } from "./Scale.ts"

const key = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG="
const database = "state"
const missing = postgresMissing !== undefined
const secret = `${"a".repeat(40)}0f0f0f0f`
const token = Redacted.make(`1|${secret}`)
const baseUrl = "https://coolify.test/api/v1"

let postgres: RunningPostgres
beforeAll(async () => {
  if (missing) return
  postgres = await startPostgres()
  postgres.sql("postgres", `CREATE DATABASE ${database}`)
})
afterAll(async () => {
  await postgres?.stop()
})

/** A machine of the team, with a connection of its own. */
const machine = (where = database, writes = true): Effect.Effect<SharedState, never, Scope.Scope> =>
  Effect.orDie(
    Effect.flatMap(readSettings(Redacted.make(postgres.url(where)), Redacted.make(key)), (settings) =>
      make({ ...settings, writes })
    )
  )

const full = { limit: 200, window: 60_000 }
/** A minute is too long for a daily test. */
const short = { limit: 40, window: 2000 }

interface Counted {
  readonly client: HttpClient.HttpClient
  asked: number
  refused: number
}

/** The sandbox's Coolify with its limit, and what was asked of it. */
const makeCoolify = ({ limit, window }: typeof full) =>
  Effect.gen(function* () {
    const state = yield* makeMemory(initialState({ tokens: [{ id: 1, secret, abilities: ["read"] }] }))
    const api = yield* CoolifyApi.make({ state, rateLimit: limit, rateWindowMillis: window })
    const inProcess = yield* InProcess.client(api.app)
    const counted: Counted = {
      asked: 0,
      refused: 0,
      client: HttpClient.transform(inProcess, (answer) =>
        Effect.gen(function* () {
          yield* Effect.sleep("5 millis")
          const response = yield* answer
          counted.asked += 1
          if (response.status === 429) counted.refused += 1
          yield* Effect.sleep("5 millis")
          return response
        })
      )
    }
    return counted
  })

type Make = (typeof Pacing)["Service"]["make"]

/** Each of so many processes asks so often, some at once; answers how long all of it took. */
const askAll = (coolify: Counted, pacings: ReadonlyArray<Make>, each: number) =>
  Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    yield* Effect.forEach(
      pacings,
      (make) =>
        Effect.flatMap(CoolifyClient, ({ version }) =>
          Effect.replicateEffect(version, each, { concurrency: 4, discard: true })
        ).pipe(
          Effect.provide(
            CoolifyHttp.layer({ baseUrl, token }).pipe(
              Layer.provide(Layer.succeed(Pacing, { make })),
              Layer.provide(Layer.succeed(HttpClient.HttpClient, coolify.client))
            )
          )
        ),
      { concurrency: "unbounded", discard: true }
    )
    return (yield* Clock.currentTimeMillis) - began
  })

const own = (window: number): Make =>
  Effect.map(makeSpacingIn(window), ({ answered, turn }) => Effect.as(turn, answered))

const sharing = (whose: string, window: number) =>
  Effect.gen(function* () {
    const state = yield* machine()
    const budget = yield* state.budget(Redacted.make(whose), window)
    return makeSharedSpacing(budget, yield* Effect.scope, window)
  })

const times = <A, E, R>(count: number, effect: Effect.Effect<A, E, R>) =>
  Effect.replicateEffect(effect, count)

describe.skipIf(missing)("requests of several processes that share a state", () => {
  it.scopedLive(
    "are refused a fifth of the time where each paces itself, and hardly ever where they share a budget",
    () =>
      Effect.gen(function* () {
        const scale = isFull ? full : short
        // The rest of them fits into the half of a window that nobody has to wait in.
        const [processes, each] = isFull ? [12, 103] : [12, 11]
        const run = (pacings: ReadonlyArray<Make>) =>
          Effect.gen(function* () {
            const coolify = yield* makeCoolify(scale)
            const millis = yield* askAll(coolify, pacings, each)
            return { millis, asked: coolify.asked, part: coolify.refused / coolify.asked }
          })
        const [alone, together] = yield* Effect.all(
          [
            run(Array.from({ length: processes }, () => own(scale.window))),
            Effect.gen(function* () {
              const pacings = yield* times(processes, sharing("all", scale.window))
              // What Coolify allows is known from the day before.
              yield* askAll(yield* makeCoolify(scale), pacings.slice(0, 1), 1)
              yield* Effect.sleep(scale.window)
              return yield* run(pacings)
            })
          ],
          { concurrency: 2 }
        )
        assert.isAtLeast(alone.part, 0.1, "without a budget nothing is refused, and nothing is shown")
        assert.isAtMost(together.part, 0.02)
        assert.isAtMost(together.millis, alone.millis + scale.window / 10)
        note({ suite: "requests in a shared budget", runs: processes * each, invariants: "refused <= 2 %" })
      }),
    1_200_000
  )

  it.scopedLive(
    "are granted as far as Coolify's own answers say that there are any, by the server's clock",
    () =>
      Effect.gen(function* () {
        const window = 60_000
        const [one, two] = yield* times(
          2,
          Effect.flatMap(machine(), ({ budget }) => budget(Redacted.make("told"), window))
        )
        assert.isDefined(one)
        assert.isDefined(two)
        const nothing: Ask = { want: 0, window: 0, returned: 0, seen: undefined }
        const seen = { limit: 200, left: 199, isNew: false, endsInMillis: undefined }
        const facts = ({ granted, left, limit }: Grant) => ({ granted, left, limit })

        const first = yield* one.ask({ ...nothing, want: 8 })
        assert.deepStrictEqual(
          facts(first),
          { granted: 1, left: null, limit: null },
          "nobody knows the limit"
        )
        assert.isFalse(first.isBegun)
        const told = { ...nothing, window: first.window }
        const known = yield* two.ask({ ...told, want: 5, seen })
        assert.deepStrictEqual(facts(known), { granted: 5, left: 199, limit: 200 })
        assert.isTrue(known.isBegun)
        assert.closeTo(known.endsInMillis, window, 100, "it has begun with the answer, whatever came before")

        // Others have sent 80; what is left of the half that nobody waits in goes at once.
        const others = yield* one.ask({ ...told, want: 5, seen: { ...seen, left: 114 } })
        assert.deepStrictEqual(facts(others), { granted: 5, left: 114, limit: 200 })
        const back = yield* one.ask({ ...told, returned: 5 })
        assert.strictEqual(back.left, 114, "what is given back is another's")
        yield* two.ask({ ...told, want: 12 })
        const spread = yield* Effect.all(
          Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? one : two).ask({ ...told, want: 7 })),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          spread.map(({ granted }) => granted),
          spread.map(() => 1)
        )
        const [earliest = 0, ...later] = spread.map(({ inMillis }) => inMillis).toSorted((a, b) => a - b)
        assert.isAtMost(earliest, 5)
        for (const [index, at] of later.entries()) assert.closeTo(at, ((index + 1) * 59_000) / 102, 100)

        const refused = yield* two.ask({
          ...told,
          want: 1,
          seen: { ...seen, left: 0, isNew: false, endsInMillis: 700 }
        })
        assert.deepStrictEqual(facts(refused), { granted: 0, left: 0, limit: 200 })
        assert.closeTo(refused.endsInMillis, 700 + window / 60, 10, "a refusal says when it ends")
        yield* Effect.sleep(refused.endsInMillis + 1)
        const next = yield* one.ask({ ...told, want: 5, seen: { ...seen, left: 0 } })
        assert.deepStrictEqual(
          facts(next),
          { granted: 5, left: 200, limit: 200 },
          "and late news is old news"
        )
        assert.strictEqual(next.window, first.window + 1)

        // Coolify's window was another one: of two that see its end, one begins the next.
        const end = { ...told, window: next.window, seen: { ...seen, left: 150, isNew: true } }
        const [begun] = yield* Effect.all([one.ask(end), two.ask(end)], { concurrency: 2 })
        assert.deepStrictEqual([begun.window, begun.left], [next.window + 1, 150])
      })
  )

  it.scopedLive("are counted under a digest, and by nobody who only reads where nobody has counted", () =>
    Effect.gen(function* () {
      const text = `${baseUrl} ${Redacted.value(token)}`
      yield* (yield* (yield* machine()).budget(Redacted.make(text), 1000)).ask({
        want: 1,
        window: 0,
        returned: 0,
        seen: undefined
      })
      const rows = postgres.sql(database, "SELECT id FROM fabrik.request_budget")
      assert.include(
        rows,
        yield* machine().pipe(Effect.flatMap(({ sealed }) => sealed.digest(Redacted.make(text))))
      )
      postgres.sql("postgres", "CREATE DATABASE readers")
      yield* Effect.flatMap(machine("readers"), ({ ready }) => Effect.orDie(ready))
      const reader = yield* machine("readers", false)
      const budget = yield* reader.budget(Redacted.make(text), 1000)
      const failure = yield* Effect.flip(budget.ask({ want: 1, window: 0, returned: 0, seen: undefined }))
      assert.strictEqual(failure.reason, "Failed")
      assert.strictEqual(postgres.sql("readers", "SELECT to_regclass('fabrik.request_budget') IS NULL"), "t")
    })
  )

  it.scopedLive(
    "go on while the database is away, and share it again when it is back",
    () =>
      Effect.gen(function* () {
        const coolify = yield* makeCoolify({ limit: 100_000, window: 60_000 })
        const pacings = yield* times(4, sharing("away", 60_000))
        yield* askAll(coolify, pacings, 1)
        const used = () => Number(postgres.sql(database, "SELECT max(used) FROM fabrik.request_budget"))
        let millis = 0
        yield* Effect.promise(() =>
          postgres.restart(async () => {
            millis = await Effect.runPromise(askAll(coolify, pacings, 50))
          })
        )
        assert.deepStrictEqual([coolify.asked, coolify.refused], [204, 0])
        // Five seconds are waited for it at first, and not with each request.
        assert.isAtMost(millis, 10_000)
        const before = used()
        // Five seconds after it was missed it is asked for again.
        yield* Effect.repeat(askAll(coolify, pacings, 1), {
          schedule: Schedule.spaced("200 millis"),
          until: () => used() > before
        }).pipe(Effect.timeout("20 seconds"))
      }),
    60_000
  )
})
