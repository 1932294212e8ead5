/** Runs of whole commands against the sandbox's Coolify without sockets, on the test's clock. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { DnsMemory, layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import type { Plan } from "../../src/engine/Plan.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { apply, type ApplyOptions } from "../../src/orchestrator/Apply.ts"
import { destroy, type DestroyOptions } from "../../src/orchestrator/Destroy.ts"
import type { Ability } from "../../src/sandbox/coolify/CoolifyState.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { layerMemory as journalsMemory, MemoryJournals } from "../../src/state/MemoryJournals.ts"
import { applyOptions, destroyOptions, server, zone } from "../orchestrator/Samples.ts"
import { probe } from "./Probe.ts"
import { atOnce, CoolifyInMemory, layerDirect } from "./CoolifyInMemory.ts"

export const layer = (
  abilities: ReadonlyArray<Ability> = ["read", "read:sensitive", "write", "deploy"],
  version?: string
) =>
  Layer.mergeAll(
    layerDirect({
      servers: [server],
      latency: atOnce,
      abilities,
      ...(version === undefined ? {} : { version })
    }),
    Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
    secretMemory({ API_KEY: "s3cret" }),
    journalsMemory
  )

/** Runs to its end on the test's clock. */
export const ended = <A, E, R>(effect: Effect.Effect<A, E, R>, healthy = true) =>
  Effect.gen(function* () {
    const fiber = yield* effect.pipe(
      Effect.provideService(HealthProbe, probe(healthy)),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust("3 hours")
    return yield* Fiber.join(fiber)
  })

export const applied = (wanted: Spec, options: Partial<ApplyOptions> = {}, healthy = true) =>
  ended(apply(wanted, { ...applyOptions, ...options }), healthy)

/** The plan alone. */
export const planned = (wanted: Spec, options: Partial<ApplyOptions> = {}) =>
  Effect.gen(function* () {
    const seen = yield* Ref.make<Plan | undefined>(undefined)
    const confirm = (plan: Plan) => Effect.as(Ref.set(seen, plan), false)
    const result = yield* applied(wanted, { ...options, confirm })
    const plan = yield* Ref.get(seen)
    return plan ?? (Either.isLeft(result) ? yield* Effect.dieMessage(result.left.message) : undefined)
  })

export const changesOf = (wanted: Spec) =>
  Effect.map(planned(wanted), (plan) =>
    (plan?.changes ?? [])
      .filter(({ action }) => action !== "unchanged")
      .map(({ kind, name }) => `${kind} ${name}`)
  )

export const destroyed = (wanted: Spec, options: Partial<DestroyOptions> = {}) =>
  ended(destroy(wanted, { ...destroyOptions, ...options }))

export const world = Effect.gen(function* () {
  const { api } = yield* CoolifyInMemory
  const { deployments: _, ...coolify } = { deployments: 0, ...(yield* api.world) }
  return { coolify, records: yield* (yield* DnsMemory).recordSets }
})

export const failed = <A, E extends { readonly message: string }>(result: Either.Either<A, E>): E =>
  Either.getOrThrow(Either.flip(result))

export const writes = Effect.flatMap(CoolifyInMemory, ({ calls }) =>
  Effect.map(calls, (all) =>
    all.filter((method) => !/^(list|get|inventory|may|served|version|logs)/.test(method))
  )
)

/**
 * An apply that is interrupted once it has sent the second request of that name, and, after it has rolled back, what its
 * journal said then: all that a killed process leaves.
 */
export const killed = (wanted: Spec, request: string) =>
  Effect.gen(function* () {
    const before = yield* world
    const journals = yield* MemoryJournals
    const fiber = yield* apply(wanted, applyOptions).pipe(
      Effect.provideService(HealthProbe, probe(true)),
      Effect.fork
    )
    yield* Effect.repeat(Effect.zipRight(TestClock.adjust("100 millis"), writes), {
      until: (all) => all.filter((method) => method === request).length === 2
    })
    const left = yield* Ref.get(journals)
    yield* Effect.zipRight(Fiber.interruptFork(fiber), TestClock.adjust("3 hours"))
    yield* Fiber.await(fiber)
    assert.deepStrictEqual(yield* world, before, "an interrupted run rolls back")
    yield* Ref.set(journals, left)
    return before
  })

/** In a world of its own. */
export const test = <E>(
  name: string,
  body: Effect.Effect<void, E, Layer.Layer.Success<ReturnType<typeof layer>> | Scope.Scope>
) => it.scoped(name, () => body.pipe(Effect.provide(layer())))

/** The outcome of what has to succeed; a failure is told with its message. */
export const ok = <A, E extends { readonly message: string }, E2, R>(
  run: Effect.Effect<Either.Either<A, E>, E2, R>
): Effect.Effect<A, E2, R> =>
  Effect.map(run, (result) => Either.getOrThrowWith(result, ({ message }) => new Error(message)))
