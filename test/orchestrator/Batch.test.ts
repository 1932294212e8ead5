/** Several runs of one command in one world: their order, what a failure does to the others, and all or none. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { shareReads } from "../../src/coolify/SharedReads.ts"
import type { RunFinished } from "../../src/engine/DeploymentEvent.ts"
import { hasChanges } from "../../src/engine/Plan.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { type BatchMember, type BatchOptions, type End, runBatch } from "../../src/orchestrator/Batch.ts"
import { CoolifyInMemory } from "../support/CoolifyInMemory.ts"
import { test, world, writes } from "../support/DirectWorld.ts"
import { probe } from "../support/Probe.ts"
import { applyOptions, batchOptions, spec as base } from "./Samples.ts"

const named = (name: string): Spec => ({ ...base, name, domains: [`${name}.example.com`] })

interface Member extends Pick<BatchMember, "after" | "uses"> {
  readonly spec: Spec
}

const members = (...given: ReadonlyArray<readonly [name: string, ...after: ReadonlyArray<number>]>) =>
  given.map(([name, ...after]): Member => ({ spec: named(name), after, uses: [] }))

type Report = typeof RunFinished.Type

/** Applies them in one batch; the ill ones never answer. */
const applied = (
  all: ReadonlyArray<Member>,
  options: Partial<BatchOptions<Report>> & {
    readonly ill?: ReadonlyArray<string>
    readonly mode?: "dry-run"
  } = {}
) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    const { client, end } = yield* shareReads(coolify)
    const settings: BatchOptions<Report> = {
      ...batchOptions,
      stands: ({ outcome }) => outcome === "complete" || outcome === "unchanged",
      ...options,
      decide: (plans, late) => Effect.zipRight(end, options.decide?.(plans, late) ?? Effect.succeed(true))
    }
    const fiber = yield* runBatch(
      all.map(({ after, spec, uses }) => ({ after, uses, label: spec.name })),
      settings,
      (index, gate) => {
        const { spec } = all[index] ?? { spec: base }
        return apply(spec, { ...applyOptions, mode: options.mode ?? applyOptions.mode, ...gate }).pipe(
          Effect.provideService(HealthProbe, probe(options.ill?.includes(spec.name) !== true))
        )
      }
    ).pipe(Effect.provideService(CoolifyClient, client), Effect.fork)
    yield* TestClock.adjust("6 hours")
    return (yield* Fiber.join(fiber)).map(said)
  })

const said = (end: End<Report, { readonly message: string }>): string =>
  end._tag === "Ended" ? end.result.outcome : end._tag === "Failed" ? "failed" : end.why

const applications = Effect.map(world, ({ coolify }) =>
  coolify.applications.map(({ columns }) => columns["name"])
)

const calls = Effect.flatMap(CoolifyInMemory, (memory) => memory.calls)

describe("a batch", () => {
  test(
    "applies all in the order of what they need, and then finds nothing to do",
    Effect.gen(function* () {
      const all = members(["web", 1], ["api", 2], ["db"])
      const order: Array<string | null> = []
      const stands = ({ outcome, url }: Report) => {
        order.push(url)
        return outcome === "complete"
      }
      assert.deepStrictEqual(yield* applied(all, { stands }), ["complete", "complete", "complete"])
      assert.deepStrictEqual(
        order,
        ["db", "api", "web"].map((name) => `https://${name}.example.com/`)
      )
      assert.lengthOf((yield* world).coolify.projects, 1)
      const before = yield* writes
      assert.deepStrictEqual(yield* applied(all), ["unchanged", "unchanged", "unchanged"])
      assert.deepStrictEqual(yield* writes, before)
    })
  )

  test(
    "reads for all plans once what they have in common",
    Effect.gen(function* () {
      const all = members(["a"], ["b"], ["c"], ["d"])
      yield* applied(all)
      const before = (yield* calls).length
      yield* applied(all)
      const reads = (yield* calls).slice(before)
      assert.lengthOf(reads, 3 + all.length, reads.join(" "))
      assert.deepStrictEqual(
        new Set(reads),
        new Set(["listServers", "listProjects", "inventory", "listVariables"])
      )
    })
  )

  test(
    "begins nothing that needs what has failed, and nothing else without being told to",
    Effect.gen(function* () {
      const all = members(["web", 1], ["api"], ["cron"])
      const ends = yield* applied(all, { ill: ["api"], parallelism: 1 })
      assert.deepStrictEqual(ends, ["needs api, which does not stand", "failed", "not begun, as api failed"])
      assert.deepStrictEqual(yield* applications, [])
    })
  )

  test(
    "goes on with the others when it is told to",
    Effect.gen(function* () {
      const all = members(["web", 1], ["api"], ["cron"])
      const ends = yield* applied(all, { ill: ["api"], parallelism: 1, keepGoing: true })
      assert.deepStrictEqual(ends, ["needs api, which does not stand", "failed", "complete"])
      assert.deepStrictEqual(yield* applications, ["cron"])
    })
  )

  test(
    "asks nothing and sends nothing when one of the plans cannot be made",
    Effect.gen(function* () {
      const all = members(["api"], ["web"])
      const bad = [...all, { spec: { ...named("cron"), server: "nowhere" }, after: [], uses: [] }]
      const why = "not begun, as cron failed"
      const decide = () => Effect.dieMessage("it was asked")
      assert.deepStrictEqual(yield* applied(bad, { decide }), [why, why, "failed"])
      assert.deepStrictEqual(yield* writes, [])
    })
  )

  test(
    "that only plans shows the plans that can be made",
    Effect.gen(function* () {
      const all = [
        { spec: { ...named("cron"), server: "nowhere" }, after: [], uses: [] },
        ...members(["web", 0])
      ]
      assert.deepStrictEqual(yield* applied(all, { plansOnly: true, mode: "dry-run" }), ["failed", "planned"])
    })
  )

  test(
    "asks once, with all plans, and a no ends all",
    Effect.gen(function* () {
      const asked = yield* Ref.make<ReadonlyArray<boolean>>([])
      const ends = yield* applied(members(["api"], ["web"]), {
        decide: (plans) =>
          Effect.as(
            Ref.set(
              asked,
              plans.map((plan) => plan !== undefined && hasChanges(plan))
            ),
            false
          )
      })
      assert.deepStrictEqual(ends, ["declined", "declined"])
      assert.deepStrictEqual(yield* Ref.get(asked), [true, true])
      assert.deepStrictEqual(yield* writes, [])
    })
  )

  test(
    "that is atomic leaves the world as it was when one fails, and keeps all when none does",
    Effect.gen(function* () {
      const all = members(["web", 1], ["api"], ["cron"])
      const before = yield* world
      assert.deepStrictEqual(yield* applied(all, { atomic: true, ill: ["web"] }), [
        "failed",
        "failed",
        "failed"
      ])
      assert.deepStrictEqual(yield* world, before)
      assert.deepStrictEqual(yield* applied(all, { atomic: true }), ["complete", "complete", "complete"])
      const stood = yield* world
      const next = all.map((one) => ({ ...one, spec: { ...one.spec, env: { LOG_LEVEL: "debug" } } }))
      assert.deepStrictEqual(yield* applied(next, { atomic: true, ill: ["cron"] }), [
        "failed",
        "failed",
        "failed"
      ])
      assert.deepStrictEqual(yield* world, stood)
    })
  )
})

describe("a database that another spec of the batch makes", () => {
  const owner = (): Member => ({
    spec: { ...named("api"), databases: [{ name: "main", engine: "postgresql", image: "postgres:17" }] },
    after: [],
    uses: []
  })
  const user = (of: number): Member => ({
    spec: {
      ...named("worker"),
      sharedDatabases: [{ name: "main", use: "api-main" }],
      references: { DATABASE_URL: [{ database: "main", field: "url" }] }
    },
    after: [of],
    uses: [{ of, database: "api-main" }]
  })

  test(
    "is there when the one that uses it is planned, which is said before the question and shown after it",
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const options: Partial<BatchOptions<Report>> = {
        decide: (plans, late) =>
          Effect.sync(() => {
            seen.push(
              plans.map((plan) => plan !== undefined),
              [...late]
            )
            return true
          }),
        showLate: (index) => Effect.sync(() => void seen.push(index))
      }
      const all = [user(1), owner()]
      assert.deepStrictEqual(yield* applied(all, options), ["complete", "complete"])
      assert.deepStrictEqual(seen, [[false, true], [0], 0])
      assert.deepStrictEqual(yield* applied(all), ["unchanged", "unchanged"])
    })
  )

  test(
    "is waited for by nobody when its own spec fails, or nothing is carried out",
    Effect.gen(function* () {
      const all = [user(1), owner()]
      const confirmed = yield* applied(all, { plansOnly: true, mode: "dry-run" })
      assert.deepStrictEqual(confirmed, ["planned once api stands, as it uses api-main", "planned"])
      assert.deepStrictEqual(yield* applied(all, { ill: ["api"] }), [
        "needs api, which does not stand",
        "failed"
      ])
    })
  )
})

describe("the permits of a batch", () => {
  it.effect("are as many as it was told, for plans and for what follows", () =>
    Effect.gen(function* () {
      const busy = yield* Ref.make(0)
      const most = yield* Ref.make(0)
      const work = Effect.gen(function* () {
        const now = yield* Ref.updateAndGet(busy, (n) => n + 1)
        yield* Ref.update(most, (n) => Math.max(n, now))
        yield* Effect.sleep("1 second")
        yield* Ref.update(busy, (n) => n - 1)
      })
      const plan = { changes: [] } as never
      const fiber = yield* runBatch(
        Array.from({ length: 20 }, (_, index) => ({ label: String(index), after: [], uses: [] })),
        { ...batchOptions, parallelism: 3, stands: () => true },
        (_, { confirm }) => work.pipe(Effect.zipRight(confirm(plan)), Effect.zipRight(work))
      ).pipe(Effect.fork)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* Ref.get(most), 3)
    })
  )
})
