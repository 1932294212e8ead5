import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { lateEffects } from "../../src/cli/LateEffects.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { CoolifyInMemory, atOnce, layerDirect } from "../support/CoolifyInMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { layerHealthy as healthy } from "../../src/health/MemoryHealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { Progress } from "../../src/engine/DeploymentEvent.ts"
import { Pace } from "../../src/engine/Pace.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { eachCall } from "./EachCall.ts"
import { applyOptions, server, spec, zone } from "./Samples.ts"

const second: Spec = { ...spec, port: 9090, env: { LOG_LEVEL: "debug" } }

const world = Layer.mergeAll(
  layerDirect({ servers: [server], latency: atOnce }),
  Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
  healthy,
  secretMemory({ API_KEY: "s3cret" }),
  journalsMemory
)

/** The first call of `method` is answered with the status and carried out `later`, if at all. */
const answeredFirst = (method: string, status: number, later: Duration.DurationInput | "never") =>
  Effect.gen(function* () {
    const client = yield* CoolifyClient
    const met = yield* Ref.make(false)
    const error = new CoolifyError({
      method,
      reason: status < 500 ? "Invalid" : "ServerError",
      detail: `HTTP ${status}`,
      status,
      outcomeUnknown: status >= 500
    })
    return eachCall(client, (name, call: Effect.Effect<unknown>) =>
      Effect.gen(function* () {
        if (name !== method || (yield* Ref.getAndSet(met, true))) return yield* call
        if (later !== "never") yield* Effect.forkDaemon(Effect.delay(Effect.exit(call), later))
        return yield* Effect.fail(error)
      })
    )
  })

const applied = (of: Spec) =>
  Effect.gen(function* () {
    const warnings = yield* Ref.make<ReadonlyArray<string>>([])
    const fiber = yield* apply(of, applyOptions).pipe(
      Effect.provideService(Progress, {
        emit: ({ event }) =>
          event._tag === "Warning" ? Ref.update(warnings, (all) => [...all, event.message]) : Effect.void
      }),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust("10 minutes")
    return { result: yield* Fiber.join(fiber), warnings: yield* Ref.get(warnings) }
  })

const ports = Effect.gen(function* () {
  const { applications, variables } = yield* (yield* CoolifyInMemory).seen
  const level = variables.filter(({ key, isPreview }) => key === "LOG_LEVEL" && !isPreview)
  return [applications.map(({ port }) => port), level.map(({ comment }) => comment)]
})

const failed = <A, E>(result: Either.Either<A, E>): E => Either.getOrThrow(Either.flip(result))

describe("a request that a gateway gives up on and the server carries out later", () => {
  for (const [method, later] of [
    ["updateApplication", "9 seconds"],
    ["updateApplication", "45 seconds"],
    ["putVariables", "20 seconds"],
    ["deploy", "20 seconds"]
  ] as const) {
    it.effect(`is put back although it comes ${later} late (${method})`, () =>
      Effect.gen(function* () {
        assert.isTrue(Either.isRight((yield* applied(spec)).result))
        const before = yield* ports
        const client = yield* answeredFirst(method, 504, later)
        // Should the run go on all the same, it ends here.
        const broken =
          method === "deploy"
            ? {
                ...client,
                deployments: {
                  ...client.deployments,
                  get: () => Effect.fail(new CoolifyError({ method, reason: "Forbidden", detail: "" }))
                }
              }
            : client
        const { result, warnings } = yield* Effect.provideService(applied(second), CoolifyClient, broken)
        const error = failed(result)
        if (error._tag !== "RunError") return assert.fail(error.message)
        if (method !== "deploy") {
          assert.strictEqual(error.report.outcome, "rolled-back")
          assert.isTrue(warnings.some((text) => text.includes("no answer came about")))
        }
        assert.deepStrictEqual(yield* ports, before)
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(yield* ports, before)
      }).pipe(Effect.provide(world))
    )
  }

  it.effect("is found when it was to create the application, and the run goes on", () =>
    Effect.gen(function* () {
      const client = yield* answeredFirst("createApplication", 504, "40 seconds")
      const { result } = yield* Effect.provideService(applied(spec), CoolifyClient, client)
      assert.isTrue(Either.isRight(result))
      assert.deepStrictEqual((yield* ports)[0], [8080])
    }).pipe(Effect.provide(world))
  )

  it.effect("is not waited for when it was refused", () =>
    Effect.gen(function* () {
      yield* applied(spec)
      const client = yield* answeredFirst("updateApplication", 422, "never")
      const { result, warnings } = yield* Effect.provideService(applied(second), CoolifyClient, client)
      const error = failed(result)
      if (error._tag !== "RunError") return assert.fail(error.message)
      assert.isBelow(error.report.millis, 5_000)
      assert.deepStrictEqual(warnings, [])
    }).pipe(Effect.provide(world))
  )

  it.effect("is looked for once, for a minute, when it never comes", () =>
    Effect.gen(function* () {
      yield* applied(spec)
      const client = yield* answeredFirst("updateApplication", 502, "never")
      const { result } = yield* Effect.provideService(applied(second), CoolifyClient, client)
      const error = failed(result)
      if (error._tag !== "RunError") return assert.fail(error.message)
      assert.strictEqual(error.report.outcome, "rolled-back")
      assert.isAtLeast(error.report.millis, 60_000)
      assert.isBelow(error.report.millis, 70_000)
    }).pipe(Effect.provide(world))
  )

  it.effect("is looked for as long as FABRIK_LATE_EFFECTS says, which is a number of seconds", () =>
    Effect.gen(function* () {
      const set = (text: string) =>
        Effect.withConfigProvider(
          lateEffects,
          ConfigProvider.fromMap(new Map([["FABRIK_LATE_EFFECTS", text]]))
        )
      assert.deepStrictEqual(yield* set(""), {})
      for (const text of ["2m", "-1", "1.5"]) assert.include((yield* Effect.flip(set(text))).message, text)
      yield* applied(spec)
      const before = yield* ports
      const client = yield* answeredFirst("updateApplication", 504, "100 seconds")
      const { result } = yield* applied(second).pipe(
        Effect.provideService(CoolifyClient, client),
        Effect.provideService(Pace, { ...(yield* Pace), ...(yield* set("120")) })
      )
      const error = failed(result)
      if (error._tag !== "RunError") return assert.fail(error.message)
      assert.strictEqual(error.report.outcome, "rolled-back")
      assert.isAtLeast(error.report.millis, 120_000)
      assert.deepStrictEqual(yield* ports, before)
    }).pipe(Effect.provide(world))
  )
})
