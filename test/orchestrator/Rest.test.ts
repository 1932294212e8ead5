/** Runs that rest between their plan and their turn: one run each for all who hear of it, and nothing but what was shown. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { shareReads } from "../../src/coolify/SharedReads.ts"
import { type Emitted, Progress, type RunFinished } from "../../src/engine/DeploymentEvent.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { type BatchOptions, type End, runBatch, type Woken } from "../../src/orchestrator/Batch.ts"
import { isAsShown } from "../../src/orchestrator/Look.ts"
import { type Kept, type Recording, resting } from "../../src/orchestrator/Rest.ts"
import { CoolifyInMemory } from "../support/CoolifyInMemory.ts"
import { layer, test, world, writes } from "../support/DirectWorld.ts"
import { probe } from "../support/Probe.ts"
import { applyOptions, batchOptions, spec as base } from "./Samples.ts"

type Report = typeof RunFinished.Type

const named = (name: string): Spec => ({ ...base, name, domains: [`${name}.example.com`] })
const fleet = (count: number) => Array.from({ length: count }, (_, index) => named(`app-${index}`))

interface Options extends Partial<BatchOptions<Report>> {
  readonly reviewed?: boolean
  readonly ill?: ReadonlyArray<string>
}

/** What is told of each, on the screen and among the runs. */
interface Told {
  readonly screen: Map<string, Array<Emitted>>
  readonly records: Map<string, Array<Emitted>>
}

const note = (all: Map<string, Array<Emitted>>, name: string, emitted: Emitted) =>
  Effect.sync(() => void all.set(name, [...(all.get(name) ?? []), emitted]))

/** A record as the command line writes it: nothing of a run that rests, and all that it has told once it goes on. */
const recordingIn =
  (records: Told["records"], name: string): Recording<never> =>
  (run, { before = [], isKept }) =>
    Effect.gen(function* () {
      const outer = yield* Progress
      const own: Array<Emitted> = [...before]
      const emit = (emitted: Emitted) => {
        own.push(emitted)
        return outer.emit(emitted)
      }
      return yield* Effect.provideService(run, Progress, { emit }).pipe(
        Effect.ensuring(
          Effect.gen(function* () {
            if (isKept !== undefined) yield* Deferred.succeed(isKept, true)
            if (isKept === undefined || (yield* Deferred.await(isKept))) {
              for (const one of own) yield* note(records, name, one)
            }
          })
        )
      )
    })

const run = (specs: ReadonlyArray<Spec>, told: Told, { ill = [], reviewed = true, ...options }: Options) =>
  Effect.gen(function* () {
    const { client, end } = yield* shareReads(yield* CoolifyClient)
    return yield* runBatch(
      specs.map(({ name }) => ({ label: name, after: [], uses: [] })),
      {
        ...batchOptions,
        parallelism: 2,
        keepGoing: true,
        awake: 2,
        stands: ({ outcome }: Report) => outcome === "complete" || outcome === "unchanged",
        ...options,
        decide: (plans, late) => Effect.zipRight(end, options.decide?.(plans, late) ?? Effect.succeed(true))
      },
      (index, gate, woken: Woken<Kept> | undefined) => {
        const spec = specs[index] ?? base
        const { agree, confirm } = gate
        return resting((looking) => apply(spec, { ...applyOptions, agree, confirm, ...looking }), {
          gate,
          woken,
          reviewed,
          recording: recordingIn(told.records, spec.name)
        }).pipe(
          Effect.provideService(HealthProbe, probe(!ill.includes(spec.name))),
          Effect.provideService(Progress, { emit: (emitted) => note(told.screen, spec.name, emitted) })
        )
      }
    ).pipe(Effect.provideService(CoolifyClient, client))
  })

const noted = (): Told => ({ screen: new Map(), records: new Map() })

const applied = (specs: ReadonlyArray<Spec>, options: Options = {}, told = noted()) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(run(specs, told, options))
    yield* TestClock.adjust("6 hours")
    return { ends: (yield* Fiber.join(fiber)).map(said), ...told }
  })

const said = (end: End<Report, { readonly message: string }>): string =>
  end._tag === "Ended" ? end.result.outcome : end._tag === "Failed" ? end.error.message : end.why

const calls = Effect.flatMap(CoolifyInMemory, (memory) => memory.calls)

/** Without what differs from run to run: ids and how long it took. */
const facts = (all: Map<string, Array<Emitted>>) =>
  [...all]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, told]) => ({
      name,
      runs: new Set(told.map((one) => one.run)).size,
      told: told.map(({ event, state }) =>
        event._tag === "Planned"
          ? `${state} Planned`
          : JSON.stringify({ state, ...event, ...("millis" in event ? { millis: 0 } : {}) }).replaceAll(
              /\b[a-z0-9]{24}\b/g,
              "id"
            )
      )
    }))

const ofWorld = Effect.map(world, ({ coolify }) => ({
  projects: coolify.projects.length,
  applications: coolify.applications.map(({ columns }) => columns["name"]).toSorted()
}))

const label = (index: number) => `app-${index}`

describe("a batch of more runs than stay awake", () => {
  test(
    "carries out what was shown, and then reads nothing twice of what is as it should be",
    Effect.gen(function* () {
      const specs = fleet(5)
      const first = yield* applied(specs)
      assert.deepStrictEqual(
        first.ends,
        specs.map(() => "complete")
      )
      assert.lengthOf((yield* world).coolify.projects, 1)
      const [before, sent] = [(yield* calls).length, yield* writes]
      assert.deepStrictEqual(
        (yield* applied(specs)).ends,
        specs.map(() => "unchanged")
      )
      assert.deepStrictEqual(yield* writes, sent)
      const reads = (yield* calls).slice(before)
      assert.lengthOf(reads, 3 + specs.length, reads.join(" "))
    })
  )

  test(
    "asks of Coolify no more for those that rest than for the others",
    Effect.gen(function* () {
      const specs = fleet(6)
      yield* applied(specs, { awake: 6 })
      const awake = (yield* calls).length
      yield* applied(
        specs.map((one) => ({
          ...one,
          name: `again-${one.name}`,
          domains: [`again-${one.name}.example.com`]
        })),
        { awake: 0 }
      )
      assert.isAtMost((yield* calls).length - awake, awake)
    })
  )

  test(
    "refuses one that is no longer as it was shown, and sends nothing for it",
    Effect.gen(function* () {
      const specs = fleet(4)
      yield* applied(specs)
      const changed = specs.map((one) => ({ ...one, env: { ...one.env, LOG_LEVEL: "debug" } }))
      const { edit } = yield* CoolifyInMemory
      const meddle = edit((state) => ({
        ...state,
        applications: state.applications.map((one) =>
          one.columns["name"] === "app-3"
            ? { ...one, columns: { ...one.columns, ports_exposes: "9999" } }
            : one
        )
      }))
      const sent = (yield* writes).length
      const { ends, screen } = yield* applied(changed, {
        awake: 1,
        decide: () => Effect.as(meddle, true)
      })
      assert.deepStrictEqual(ends.slice(0, 3), ["complete", "complete", "complete"])
      assert.include(ends[3], "app-3 is no longer as it was when its plan was shown")
      const own = (yield* world).coolify.applications.find(({ columns }) => columns["name"] === "app-3")
      const later = (yield* writes).slice(sent).map((one) => JSON.stringify(one))
      assert.isNotEmpty(later)
      assert.isEmpty(later.filter((one) => one.includes(String(own?.columns["uuid"] ?? own?.uuid))))
      assert.strictEqual(screen.get("app-3")?.at(-1)?.event._tag, "RunFinished")
    })
  )

  test(
    "shows another plan where nobody was asked about the first, and carries that out",
    Effect.gen(function* () {
      const specs = fleet(3)
      yield* applied(specs)
      const { edit } = yield* CoolifyInMemory
      const meddle = edit((state) => ({
        ...state,
        applications: state.applications.map((one) =>
          one.columns["name"] === "app-2"
            ? { ...one, columns: { ...one.columns, ports_exposes: "9999" } }
            : one
        )
      }))
      const late: Array<number> = []
      const changed = specs.map((one) => ({ ...one, env: { ...one.env, LOG_LEVEL: "debug" } }))
      const { ends, screen } = yield* applied(changed, {
        awake: 1,
        reviewed: false,
        decide: () => Effect.as(meddle, true),
        showLate: (index) => Effect.sync(() => void late.push(index))
      })
      assert.deepStrictEqual(ends, ["complete", "complete", "complete"])
      assert.deepStrictEqual(late, [2])
      const plans = (screen.get("app-2") ?? []).flatMap(({ event }) =>
        event._tag === "Planned" ? [event.plan] : []
      )
      assert.lengthOf(plans, 2)
    })
  )

  test(
    "leaves to another run what that has changed since, though nobody was asked",
    Effect.gen(function* () {
      const specs = fleet(2)
      const here =
        yield* Effect.context<Exclude<Effect.Effect.Context<ReturnType<typeof apply>>, HealthProbe>>()
      const { ends } = yield* applied(specs, {
        awake: 0,
        reviewed: false,
        decide: () =>
          Effect.as(
            apply(named("app-1"), applyOptions).pipe(
              Effect.provideService(HealthProbe, probe(true)),
              Effect.provide(here),
              Effect.orDie
            ),
            true
          )
      })
      assert.strictEqual(ends[0], "complete")
      assert.match(ends[1] ?? "", /has changed app-1 since it was looked at/)
      assert.deepStrictEqual((yield* ofWorld).applications, ["app-0", "app-1"])
    })
  )

  test(
    "ends those that rest when the command is interrupted while it asks",
    Effect.gen(function* () {
      const told = noted()
      const asked = yield* Deferred.make<void>()
      const decide = () => Effect.zipRight(Deferred.succeed(asked, undefined), Effect.never)
      const fiber = yield* Effect.fork(run(fleet(3), told, { decide, awake: 1 }))
      yield* TestClock.adjust("1 minute")
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(fiber)
      const ends = [...told.screen.values()].map((events) => events.at(-1)?.event)
      assert.deepStrictEqual(
        ends.map((event) => event?._tag === "RunFinished" && `${event.outcome} ${event.interrupted}`),
        [0, 1, 2].map(() => "nothing-changed true")
      )
      assert.deepStrictEqual(facts(told.records), facts(told.screen))
      assert.deepStrictEqual(yield* writes, [])
    })
  )
})

describe("what is told and made", () => {
  const seen = (count: number, awake: number, options: Options) =>
    Effect.gen(function* () {
      const specs = fleet(count)
      const first = yield* applied(specs.slice(0, Math.floor(count / 2)), { ...options, awake: count })
      const { ends, records, screen } = yield* applied(specs, { ...options, awake })
      return {
        first: first.ends,
        ends,
        screen: facts(screen),
        records: facts(records),
        world: yield* ofWorld
      }
    }).pipe(Effect.provide(layer()), Effect.scoped)

  it.effect.prop(
    "is the same however many stay awake",
    {
      count: FastCheck.integer({ min: 1, max: 5 }),
      awake: FastCheck.integer({ min: 0, max: 4 }),
      says: FastCheck.constantFrom("yes", "no", "ill" as const)
    },
    ({ awake, count, says }) =>
      Effect.gen(function* () {
        const options: Options = {
          parallelism: 1,
          ...(says === "no" ? { decide: () => Effect.succeed(false) } : {}),
          ...(says === "ill" ? { ill: [label(count - 1)], keepGoing: false } : {})
        }
        assert.deepStrictEqual(yield* seen(count, awake, options), yield* seen(count, count, options))
      }),
    { fastCheck: { numRuns: 8, endOnFailure: true } }
  )
})

describe("a plan is as it was shown", () => {
  const plan = (...changes: ReadonlyArray<readonly [kind: string, action: "create" | "delete"]>) => ({
    name: "api",
    domain: null,
    project: "shop",
    environment: "production",
    server: "vps1",
    basis: "observed" as const,
    changes: changes.map(([kind, action]) => ({
      system: "coolify" as const,
      kind,
      name: "api",
      action,
      fields: []
    })),
    notes: []
  })
  it("also without the project that another one has made, but with nothing more and nothing less", () => {
    const shown = plan(["project", "create"], ["environment", "create"], ["application", "create"])
    assert.isTrue(isAsShown(shown, shown))
    assert.isTrue(isAsShown(plan(["environment", "create"], ["application", "create"]), shown))
    assert.isTrue(isAsShown(plan(["application", "create"]), shown))
    assert.isFalse(isAsShown(plan(["project", "create"]), shown))
    assert.isFalse(isAsShown(shown, plan(["application", "create"])))
    assert.isFalse(isAsShown(plan(["application", "create"], ["project", "delete"]), shown))
  })
})
