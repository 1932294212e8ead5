import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { CoolifyMemory, layerMemory } from "../support/coolify/CoolifyMemory.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import type { WorldDeployment } from "../support/coolify/CoolifyWorld.ts"
import { cancel, deploymentsUnderWay } from "../../src/orchestrator/Cancel.ts"
import { application, server, spec } from "./Samples.ts"

const deployment = (uuid: string, status: WorldDeployment["status"], left: number): WorldDeployment => ({
  uuid,
  applicationUuid: "app",
  status,
  commit: "HEAD",
  createdAt: "2026-01-01T00:00:00Z",
  logs: [],
  logsBefore: 0,
  due: { _tag: "Polls", left },
  outcome: { status: "finished" }
})

const world = layerMemory({
  servers: [server],
  world: {
    projects: [{ uuid: "p", name: "fabrik", description: "" }],
    environments: [{ projectUuid: "p", uuid: "e", name: "production" }],
    applications: [
      {
        ...application(),
        projectUuid: "p",
        environmentName: "production",
        serverUuid: "srv",
        gone: undefined
      }
    ],
    deployments: [deployment("old", "finished", 0), deployment("now", "in_progress", 100)]
  }
})

const cancelled = Effect.gen(function* () {
  const found = yield* deploymentsUnderWay(spec)
  const fiber = yield* Effect.fork(cancel(found))
  yield* TestClock.adjust("5 minutes")
  return yield* Fiber.join(fiber)
})

describe("cancel", () => {
  it.effect("ends what is under way, and leaves what has ended", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* cancelled, {
        deployments: [{ uuid: "now", status: "cancelled-by-user" }],
        status: "running:healthy",
        container: "running"
      })
      const { deployments } = yield* (yield* CoolifyMemory).world
      assert.deepStrictEqual(
        deployments.map(({ status }) => status),
        ["finished", "cancelled-by-user"]
      )
      assert.deepStrictEqual((yield* deploymentsUnderWay(spec)).deployments, [])
    }).pipe(Effect.provide(world))
  )

  it.effect("sees that nothing runs, whatever Coolify says by then", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      yield* memory.failNext(
        "logs",
        new CoolifyError({ method: "logs", reason: "Refused", detail: "stopped" })
      )
      const { container, status } = yield* cancelled
      assert.deepStrictEqual([status, container], ["running:healthy", "stopped"])
      yield* memory.failNext("logs", new CoolifyError({ method: "logs", reason: "ServerError", detail: "" }))
      assert.strictEqual((yield* cancel(yield* deploymentsUnderWay(spec))).container, "unknown")
    }).pipe(Effect.provide(world))
  )

  it.effect("tells how one ended that came to its own end meanwhile", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      yield* memory.failNext(
        "cancelDeployment",
        new CoolifyError({ method: "cancelDeployment", reason: "Refused", detail: "finished" })
      )
      const found = yield* deploymentsUnderWay(spec)
      yield* memory.edit((so) => ({
        ...so,
        deployments: so.deployments.map((one) => ({ ...one, status: "finished" as const }))
      }))
      assert.deepStrictEqual((yield* cancel(found)).deployments, [{ uuid: "now", status: "finished" }])
    }).pipe(Effect.provide(world))
  )
})
