/** Databases that are open to the internet: what opens, moves and closes them, and what never does. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient, type CoolifyMethod } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { engineFacts } from "../../src/coolify/DatabaseEngine.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { MemoryJournals } from "../../src/state/MemoryJournals.ts"
import { status } from "../../src/orchestrator/Status.ts"
import { CoolifyInMemory } from "../support/CoolifyInMemory.ts"
import {
  applied,
  changesOf,
  destroyed,
  ended,
  failed,
  ok,
  planned,
  test,
  world,
  writes
} from "../support/DirectWorld.ts"
import { probe } from "../support/Probe.ts"
import { rollBackOpen } from "../../src/orchestrator/Recover.ts"
import { journalName } from "../../src/engine/RunJournal.ts"
import { eachCall } from "./EachCall.ts"
import { applyOptions, spec as base } from "./Samples.ts"

const open = (
  publicPort: number | undefined,
  more: Partial<Spec> = {},
  engine: Spec["databases"][number]["engine"] = "postgresql"
): Spec => ({
  ...base,
  databases: [
    {
      name: "main",
      engine,
      image: `${engineFacts[engine].image}:7`,
      ...(publicPort === undefined ? {} : { publicPort })
    }
  ],
  references: { DATABASE_URL: [{ database: "main", field: "url" }] },
  ...more
})

/** The ports at which somebody outside reaches a database. */
const reached = Effect.map(world, ({ coolify }) => coolify.databases.map(({ proxy }) => proxy))

const lines = (wanted: Spec) =>
  Effect.map(planned(wanted), (plan) => ({
    notes: (plan?.notes ?? []).join("\n"),
    deploys: plan?.changes.some(({ kind }) => kind === "deployment") ?? false,
    changes: (plan?.changes ?? [])
      .filter(({ action, kind }) => action !== "unchanged" && kind === "public port")
      .map(
        ({ action, fields, name }) =>
          `${action} ${name}: ${fields.map(({ after, before, field }) => `${field} ${before}>${after}`).join()}`
      )
  }))

/** As somebody does it in Coolify. */
const byHand = (isPublic: boolean, publicPort: number | undefined) =>
  Effect.gen(function* () {
    const { databases } = yield* CoolifyClient
    const [there] = yield* databases.list
    yield* databases.update(there?.uuid ?? "", { access: { isPublic, publicPort } })
  })

describe("the public port of a database", () => {
  for (const engine of ["postgresql", "redis", "dragonfly"] as const) {
    test(
      `is opened where the spec says so, with a warning, and left alone from then on (${engine})`,
      Effect.gen(function* () {
        const wanted = open(5433, {}, engine)
        const plan = yield* lines(wanted)
        assert.deepStrictEqual(plan.changes, ["create api-main: port null>5433"])
        assert.include(
          plan.notes,
          "The database api-main will be open to the whole internet at 192.0.2.10:5433, unencrypted"
        )
        yield* ok(applied(wanted))
        assert.deepStrictEqual(yield* reached, [5433])
        const before = yield* writes
        assert.deepStrictEqual(yield* changesOf(wanted), [])
        yield* ok(applied(wanted))
        assert.deepStrictEqual(yield* writes, before)
      })
    )
  }

  test(
    "is never opened unasked, and costs a spec without one no request",
    Effect.gen(function* () {
      yield* ok(applied(open(undefined)))
      assert.deepStrictEqual(yield* reached, [null])
      assert.notInclude(yield* writes, "updateDatabase")
    })
  )

  test(
    "moves and closes without a deployment",
    Effect.gen(function* () {
      yield* ok(applied(open(undefined)))
      const added = yield* lines(open(5433))
      assert.deepStrictEqual([added.changes, added.deploys], [["create api-main: port null>5433"], false])
      yield* ok(applied(open(5433)))
      assert.deepStrictEqual(yield* reached, [5433])
      assert.deepStrictEqual((yield* lines(open(6000))).changes, ["update api-main: port 5433>6000"])
      yield* ok(applied(open(6000)))
      // A proxy does not follow the column: it was closed in between.
      assert.deepStrictEqual(yield* reached, [6000])
      assert.deepStrictEqual((yield* lines(open(undefined))).changes, ["delete api-main: port 6000>null"])
      yield* ok(applied(open(undefined)))
      assert.deepStrictEqual(yield* reached, [null])
      assert.deepStrictEqual(yield* changesOf(open(undefined)), [])
    })
  )

  test(
    "that somebody moved or closed is put right",
    Effect.gen(function* () {
      yield* ok(applied(open(5433)))
      yield* byHand(false, 5433)
      assert.deepStrictEqual((yield* lines(open(5433))).changes, ["create api-main: port null>5433"])
      yield* ok(applied(open(5433)))
      yield* byHand(true, 5999)
      assert.deepStrictEqual((yield* lines(open(5433))).changes, ["update api-main: port 5999>5433"])
      yield* ok(applied(open(5433)))
      assert.deepStrictEqual(yield* reached, [5433])
    })
  )

  test(
    "that somebody opened stays, and is told",
    Effect.gen(function* () {
      yield* ok(applied(open(undefined)))
      yield* byHand(true, 5999)
      const plan = yield* lines(open(undefined))
      assert.deepStrictEqual(plan.changes, [])
      assert.include(plan.notes, "Somebody has opened the database api-main to the whole internet")
      yield* ok(applied(open(undefined, { port: 9090 })))
      assert.deepStrictEqual(yield* reached, [5999])
    })
  )

  test(
    "is as before when the update fails at any of its calls, or in the end",
    Effect.gen(function* () {
      const failingAt = (nth: number) =>
        Effect.gen(function* () {
          const left = yield* Ref.make(nth)
          const lost = (method: CoolifyMethod) =>
            new CoolifyError({ method, reason: "ServerError", detail: "scripted", outcomeUnknown: true })
          return eachCall(yield* CoolifyClient, (name, call: Effect.Effect<unknown, CoolifyError>) =>
            name !== "updateDatabase"
              ? call
              : Effect.flatMap(
                  Ref.getAndUpdate(left, (count) => count - 1),
                  (count) => (count === 0 ? Effect.zipRight(call, lost("updateDatabase")) : call)
                )
          )
        })
      for (const [first, second] of [
        [open(undefined), open(5433)],
        [open(5433), open(6000)],
        [open(5433), open(undefined)]
      ] as const) {
        yield* ok(applied(first))
        const before = yield* world
        const deploying = { ...second, port: 9090 }
        failed(yield* applied(deploying, {}, false))
        assert.deepStrictEqual((yield* world).coolify.databases, before.coolify.databases)
        for (let nth = 0; nth < 2; nth += 1) {
          const client = yield* failingAt(nth)
          const end = yield* applied(second).pipe(Effect.provideService(CoolifyClient, client))
          // Only a move has a second one.
          if (nth === 1 && end._tag === "Right") continue
          const error = failed(end)
          assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
          assert.deepStrictEqual(yield* world, before, `${nth}`)
        }
        yield* ok(applied(first))
      }
    })
  )

  test(
    "is as before once somebody recovers a run that was killed in between",
    Effect.gen(function* () {
      yield* ok(applied(open(5433)))
      const before = yield* world
      const journals = yield* MemoryJournals
      // Its first request is answered to nobody.
      const deaf = eachCall(yield* CoolifyClient, (name, call: Effect.Effect<unknown, CoolifyError>) =>
        name === "updateDatabase" ? Effect.zipRight(call, Effect.never) : call
      )
      const fiber = yield* apply(open(6000), applyOptions).pipe(
        Effect.provideService(CoolifyClient, deaf),
        Effect.provideService(HealthProbe, probe(true)),
        Effect.fork
      )
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* reached, [null])
      const left = yield* Ref.get(journals)
      yield* Effect.zipRight(Fiber.interruptFork(fiber), TestClock.adjust("3 hours"))
      yield* Fiber.await(fiber)
      yield* Ref.set(journals, left)
      const report = yield* ok(
        ended(rollBackOpen(journalName("default", base), { mode: "sandbox", ...base }))
      )
      assert.deepStrictEqual(report.leftovers, [])
      assert.deepStrictEqual(yield* world, before)
    })
  )

  test(
    "that another database of the server has is refused before anything is sent",
    Effect.gen(function* () {
      yield* ok(applied(open(5433)))
      const so = yield* writes
      const other = open(5433, { name: "shop", domains: ["shop.example.com"] })
      assert.include(
        failed(yield* applied(other)).message,
        "the database api-main has the server's port 5433 already, which shop-main is to be reached at"
      )
      assert.deepStrictEqual(yield* writes, so)
    })
  )

  test(
    "is adopted as it is, and told by status, and by destroy where the database stays",
    Effect.gen(function* () {
      yield* ok(applied(open(5433)))
      const search = { application: "api", project: undefined, environment: undefined, dns: true }
      const { spec, text } = yield* readAdoptable(search)
      assert.include(text, "public: 5433")
      assert.deepStrictEqual(yield* changesOf(spec), [])
      const seen = yield* status(open(5433), { skipDns: true, holder: Effect.succeed(undefined) }).pipe(
        Effect.provideService(HealthProbe, probe(true))
      )
      assert.strictEqual(seen.databases?.[0]?.public, "192.0.2.10:5433")
      yield* ok(destroyed(open(5433), { deleteVolumes: false }))
      assert.deepStrictEqual(yield* reached, [5433])
      yield* ok(destroyed(open(5433), { deleteVolumes: true }))
      assert.deepStrictEqual(yield* reached, [])
      const { api } = yield* CoolifyInMemory
      assert.deepStrictEqual((yield* api.world).volumes, [])
    })
  )
})
