import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import type { Application } from "../../src/coolify/endpoints/Applications.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { CoolifyMemory, layerMemory } from "../support/coolify/CoolifyMemory.ts"
import { followLogs, logs } from "../../src/orchestrator/Logs.ts"
import { application, spec } from "./Samples.ts"

const place = { projectUuid: "p", environmentName: "production", serverUuid: "srv", gone: undefined }

const world = (...applications: ReadonlyArray<Application>) =>
  layerMemory({
    world: {
      projects: [{ uuid: "p", name: "fabrik", description: "" }],
      environments: [{ projectUuid: "p", uuid: "e", name: "production" }],
      applications: applications.map((one) => ({ ...one, ...place }))
    }
  })

const running = world(application())

const failure = (reason: CoolifyError["reason"]) =>
  new CoolifyError({ method: "logs", reason, detail: "scripted" })

/** A container's log that a test writes into; the client answers with its newest lines. */
const scripted = Effect.gen(function* () {
  const lines = yield* Ref.make<ReadonlyArray<string>>([])
  const trouble = yield* Ref.make<CoolifyError | undefined>(undefined)
  const looks = yield* Ref.make(0)
  const asked = yield* Ref.make<ReadonlyArray<number>>([])
  const below = yield* CoolifyClient
  const client = CoolifyClient.of({
    ...below,
    applications: {
      ...below.applications,
      logs: (_uuid, wanted) =>
        Effect.gen(function* () {
          yield* Ref.update(looks, (n) => n + 1)
          yield* Ref.update(asked, (all) => [...all, wanted])
          const error = yield* Ref.get(trouble)
          if (error !== undefined) return yield* error
          const all = yield* Ref.get(lines)
          return all
            .slice(-wanted)
            .map((line) => `${line}\n`)
            .join("")
        })
    }
  })
  const told = yield* Ref.make<ReadonlyArray<string>>([])
  const notes = yield* Ref.make<ReadonlyArray<string>>([])
  const write = (...more: ReadonlyArray<string>) => Ref.update(lines, (all) => [...all, ...more])
  const follow = (wanted = 100) =>
    followLogs(
      spec,
      { lines: wanted },
      {
        onLines: (fresh) => Ref.update(told, (all) => [...all, ...fresh.map(({ text }) => text)]),
        onNote: (note) => Ref.update(notes, (all) => [...all, note])
      }
    ).pipe(Effect.provideService(CoolifyClient, client), Effect.fork)
  return { lines, trouble, looks, asked, told, notes, write, follow }
})

describe("logs", () => {
  it.effect("answers the container's lines", () =>
    Effect.gen(function* () {
      const found = yield* logs(spec, { lines: 10, timed: true })
      assert.deepStrictEqual(found, [{ at: "1970-01-01T00:00:00.000Z", text: "api listens on 8080" }])
    }).pipe(Effect.provide(running))
  )

  it.effect("says plainly that an application does not run, is not there, or is not fabrik's", () =>
    Effect.gen(function* () {
      const refusal = (layer: Layer.Layer<CoolifyClient>) =>
        logs(spec, { lines: 10, timed: false }).pipe(Effect.flip, Effect.provide(layer))
      const stopped = yield* refusal(world(application(spec, { status: "exited:unhealthy" })))
      assert.include({ ...stopped }, { _tag: "RefusedError", reason: "NotRunning" })
      assert.include(stopped.message, "exited:unhealthy")
      assert.include({ ...(yield* refusal(world())) }, { reason: "NotFound" })
      const foreign = yield* refusal(world(application(spec, { description: "by hand" })))
      assert.include({ ...foreign }, { reason: "Foreign" })
    })
  )
})

describe("followLogs", () => {
  it.effect("tells the newest lines first, then each new one once", () =>
    Effect.gen(function* () {
      const log = yield* scripted
      yield* log.write("a", "b", "c")
      const fiber = yield* log.follow(2)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Ref.get(log.told), ["b", "c"])
      yield* log.write("c", "d")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Ref.get(log.told), ["b", "c", "c", "d"])
      assert.deepStrictEqual(yield* Ref.get(log.notes), [])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(running))
  )

  it.effect("looks less often while it is quiet", () =>
    Effect.gen(function* () {
      const log = yield* scripted
      yield* log.write("a")
      const fiber = yield* log.follow()
      yield* TestClock.adjust("1 minute")
      const quiet = yield* Ref.get(log.looks)
      assert.isAtMost(quiet, 17)
      assert.isAtLeast(quiet, 12)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(running))
  )

  it.effect("fetches more when a burst has filled the window", () =>
    Effect.gen(function* () {
      const log = yield* scripted
      yield* log.write("first")
      const fiber = yield* log.follow()
      yield* TestClock.adjust("10 seconds")
      const burst = Array.from({ length: 500 }, (_, line) => `line ${line}`)
      yield* log.write(...burst)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Ref.get(log.told), ["first", ...burst])
      assert.include(yield* Ref.get(log.asked), 10_000)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(running))
  )

  it.effect("goes on with another container's log, and says so", () =>
    Effect.gen(function* () {
      const log = yield* scripted
      yield* log.write("old")
      const fiber = yield* log.follow()
      yield* TestClock.adjust("10 seconds")
      yield* Ref.set(log.lines, ["new"])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Ref.get(log.told), ["old", "new"])
      assert.lengthOf(yield* Ref.get(log.notes), 1)
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(running))
  )

  it.effect("outlasts a Coolify that does not answer, and notes it once", () =>
    Effect.gen(function* () {
      const log = yield* scripted
      yield* log.write("a")
      const fiber = yield* log.follow()
      yield* TestClock.adjust("10 seconds")
      yield* Ref.set(log.trouble, failure("Unreachable"))
      yield* log.write("b")
      yield* TestClock.adjust("10 minutes")
      assert.lengthOf(yield* Ref.get(log.notes), 1)
      yield* Ref.set(log.trouble, undefined)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Ref.get(log.told), ["a", "b"])
      const notes = yield* Ref.get(log.notes)
      assert.lengthOf(notes, 2)
      assert.include(notes[1], "goes on")
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(running))
  )

  it.effect("waits for an application that does not run", () =>
    Effect.gen(function* () {
      const log = yield* scripted
      yield* Ref.set(log.trouble, failure("Refused"))
      const fiber = yield* log.follow()
      yield* TestClock.adjust("1 minute")
      yield* Ref.set(log.trouble, undefined)
      yield* log.write("up")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Ref.get(log.told), ["up"])
      assert.include((yield* Ref.get(log.notes))[0], "not running")
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(running))
  )

  it.effect("ends at what waiting does not mend, and at a Coolify that never answered", () =>
    Effect.gen(function* () {
      for (const [reason, before] of [
        ["MissingAbility", "10 seconds"],
        ["Unreachable", undefined]
      ] as const) {
        const log = yield* scripted
        const fiber = yield* Effect.suspend(() => log.follow())
        if (before === undefined) yield* Ref.set(log.trouble, failure(reason))
        yield* TestClock.adjust(before ?? Duration.zero)
        yield* Ref.set(log.trouble, failure(reason))
        yield* TestClock.adjust("10 seconds")
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isFailure(exit))
      }
    }).pipe(Effect.provide(running))
  )

  it.effect("follows the application that has taken the place of another", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      const log = yield* scripted
      yield* log.write("a")
      const fiber = yield* log.follow()
      yield* TestClock.adjust("10 seconds")
      yield* memory.edit((so) => ({
        ...so,
        applications: so.applications.map((one) => ({ ...one, uuid: "app2" }))
      }))
      yield* Ref.set(log.trouble, failure("NotFound"))
      yield* TestClock.adjust("5 seconds")
      yield* Ref.set(log.trouble, undefined)
      yield* Ref.set(log.lines, ["b"])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Ref.get(log.told), ["a", "b"])
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(running))
  )
})
