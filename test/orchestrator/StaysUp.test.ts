import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { CoolifyMemory, layerMemory } from "../support/coolify/CoolifyMemory.ts"
import { watchContainer } from "../../src/kinds/ContainerWatch.ts"
import { staysUp, type Trouble } from "../../src/kinds/StaysUp.ts"
import { makeReadingRun, Run } from "../../src/engine/Run.ts"
import { application } from "./Samples.ts"

const world = (status = "running:unknown") =>
  layerMemory({
    world: {
      applications: [
        {
          ...application(undefined, { status }),
          projectUuid: "p",
          environmentName: "production",
          serverUuid: "srv",
          gone: undefined
        }
      ]
    }
  })

const edit = (change: { readonly status?: string; readonly restartCount?: number }) =>
  Effect.flatMap(CoolifyMemory, (memory) =>
    memory.edit((now) => ({
      ...now,
      applications: now.applications.map((one) => ({ ...one, ...change }))
    }))
  )

/** Begins to watch an application whose deployment has just ended. */
const watching = (ask?: Effect.Effect<Trouble | undefined>) =>
  Effect.gen(function* () {
    const watch = yield* watchContainer("app")
    return yield* staysUp({
      applicationUuid: "app",
      settle: Duration.seconds(10),
      since: 0,
      watch,
      ...(ask === undefined ? {} : { ask })
    })
  }).pipe(Effect.scoped, Effect.provideServiceEffect(Run, makeReadingRun), Effect.fork)

const outcome = <A, E>(fiber: Fiber.RuntimeFiber<A, E>) =>
  Effect.map(Fiber.poll(fiber), (exit) =>
    exit._tag === "None" ? "watches" : Exit.isSuccess(exit.value) ? "good" : "bad"
  )

describe("an application that has to stay up", () => {
  it.effect("is good once it has been up for the time of the spec, and no sooner", () =>
    Effect.gen(function* () {
      const fiber = yield* watching()
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* outcome(fiber), "watches")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* outcome(fiber), "good")
      const memory = yield* CoolifyMemory
      assert.isBelow((yield* memory.calls).length, 20)
    }).pipe(Effect.provide(world()))
  )

  it.effect("may exit once while it comes up; then the time begins anew", () =>
    Effect.gen(function* () {
      const fiber = yield* watching()
      yield* TestClock.adjust("4 seconds")
      yield* edit({ restartCount: 1 })
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* outcome(fiber), "watches")
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(yield* outcome(fiber), "good")
    }).pipe(Effect.provide(world()))
  )

  it.effect("has failed when it exits twice, with its last lines", () =>
    Effect.gen(function* () {
      const fiber = yield* watching()
      yield* TestClock.adjust("4 seconds")
      yield* edit({ restartCount: 1 })
      yield* TestClock.adjust("8 seconds")
      yield* edit({ restartCount: 2 })
      yield* TestClock.adjust("3 seconds")
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag === "DeploymentFailedError" ? error.reason : "", "CrashLoop")
      assert.include(error.message, "2 times")
      assert.deepEqual(error._tag === "DeploymentFailedError" ? error.log : [], ["api listens on 8080"])
    }).pipe(Effect.provide(world()))
  )

  it.effect("is not told by a count that is left of the version before", () =>
    Effect.gen(function* () {
      yield* edit({ restartCount: 7 })
      const fiber = yield* watching()
      yield* TestClock.adjust("3 seconds")
      yield* edit({ restartCount: 0 })
      yield* TestClock.adjust("8 seconds")
      assert.strictEqual(yield* outcome(fiber), "good")
    }).pipe(Effect.provide(world()))
  )

  it.effect("is found stopped by its log long before its status says so", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      const fiber = yield* watching()
      yield* TestClock.adjust("500 millis")
      const stopped = new CoolifyError({
        method: "logs",
        reason: "Refused",
        status: 400,
        detail: "Application is not running."
      })
      for (let round = 0; round < 2; round += 1) {
        yield* memory.failNext("logs", stopped)
        yield* TestClock.adjust("3 seconds")
      }
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag === "DeploymentFailedError" ? error.reason : "", "CrashLoop")
    }).pipe(Effect.provide(world()))
  )

  it.effect("has failed when something else answers in its place twice", () =>
    Effect.gen(function* () {
      let trouble: Trouble | undefined
      const fiber = yield* watching(Effect.sync(() => trouble))
      for (let round = 0; round < 2; round += 1) {
        yield* TestClock.adjust("3 seconds")
        trouble = { detail: "the proxy answered 502, expected 200", gone: true }
        yield* TestClock.adjust("1 second")
        trouble = undefined
      }
      const error = yield* Effect.flip(Fiber.join(fiber))
      assert.strictEqual(error._tag === "DeploymentFailedError" ? error.reason : "", "Unsteady")
      assert.include(error.message, "502")
    }).pipe(Effect.provide(world()))
  )

  it.effect("outlasts a Coolify that does not answer for a while", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      const away = new CoolifyError({ method: "getApplication", reason: "Unreachable", detail: "refused" })
      for (let call = 0; call < 3; call += 1) yield* memory.failNext("getApplication", away)
      const fiber = yield* watching()
      yield* TestClock.adjust("11 seconds")
      assert.strictEqual(yield* outcome(fiber), "good")
    }).pipe(Effect.provide(world()))
  )
})
