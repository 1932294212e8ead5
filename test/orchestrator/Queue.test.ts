/** A Coolify that builds one deployment at a time, or lets no more of them wait. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import * as Duration from "effect/Duration"
import type { Spec } from "../../src/appspec/Spec.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import type { Latency } from "../../src/sandbox/coolify/Latency.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { atOnce, CoolifyInMemory, layerDirect } from "../support/CoolifyInMemory.ts"
import { probe } from "../support/Probe.ts"
import { applyOptions, server, spec as base, zone } from "./Samples.ts"

const world = (latency: Partial<Latency>) =>
  Layer.mergeAll(
    layerDirect({ servers: [server], latency: { ...atOnce, ...latency } }),
    Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
    secretMemory({ API_KEY: "s3cret" }),
    journalsMemory
  )

const named = (name: string): Spec => ({ ...base, name, domains: [`${name}.example.com`] })

const limited = (limits: { readonly concurrent_builds?: number; readonly deployment_queue_limit?: number }) =>
  Effect.flatMap(CoolifyInMemory, ({ edit }) =>
    edit((state) => ({ ...state, servers: state.servers.map((row) => ({ ...row, ...limits })) }))
  )

/** Applied at once, each with this time for itself; how each ended, after how many seconds, and when it was first asked. */
const applied = (names: ReadonlyArray<string>, timeout: Duration.DurationInput) =>
  Effect.gen(function* () {
    const asked = yield* Ref.make<ReadonlyMap<string, number>>(new Map())
    const began = yield* Clock.currentTimeMillis
    const seconds = Effect.map(Clock.currentTimeMillis, (now) => (now - began) / 1000)
    const healthy: typeof HealthProbe.Service = {
      ...probe(true),
      get: (request) =>
        Effect.gen(function* () {
          const at = yield* seconds
          yield* Ref.update(asked, (all) =>
            all.has(request.host) ? all : new Map([...all, [request.host, at]])
          )
          return yield* probe(true).get(request)
        })
    }
    const fiber = yield* Effect.forEach(
      names,
      (name) =>
        apply(named(name), { ...applyOptions, timeout: Duration.decode(timeout) }).pipe(
          Effect.provideService(HealthProbe, healthy),
          Effect.either,
          Effect.flatMap((end) => Effect.map(seconds, (at) => ({ end, at })))
        ),
      { concurrency: "unbounded" }
    ).pipe(Effect.fork)
    yield* TestClock.adjust("15 minutes")
    return { runs: yield* Fiber.join(fiber), asked: yield* Ref.get(asked) }
  })

const outcomes = (runs: Effect.Effect.Success<ReturnType<typeof applied>>["runs"]) =>
  runs.map(({ end }) => (Either.isRight(end) ? end.right.outcome : end.left.message))

describe("a deployment in Coolify's queue", () => {
  it.effect("takes none of its run's time, nor of its health check's", () =>
    Effect.gen(function* () {
      yield* limited({ concurrent_builds: 1 })
      const { asked, runs } = yield* applied(["a", "b", "c"], "75 seconds")
      assert.deepStrictEqual(outcomes(runs), ["complete", "complete", "complete"])
      const ends = runs.map(({ at }) => at).toSorted((a, b) => a - b)
      assert.isAbove(ends[2] ?? 0, 180, "one after the other")
      const firsts = [...asked.values()].toSorted((a, b) => a - b)
      assert.lengthOf(firsts, 3)
      for (const [index, first] of firsts.entries()) {
        assert.isAtLeast(first, 60 * (index + 1), "nobody is asked before the container is there")
      }
    }).pipe(Effect.provide(world({ build: "30 seconds" })))
  )

  it.effect("is one whose time is over once it is built for so long", () =>
    Effect.gen(function* () {
      yield* limited({ concurrent_builds: 1 })
      const { runs } = yield* applied(["a"], "45 seconds")
      assert.deepStrictEqual(outcomes(runs), ["deploy: not done within 45 s"])
    }).pipe(Effect.provide(world({ build: "30 seconds" })))
  )

  it.effect("is asked for again until a full queue has room for it", () =>
    Effect.gen(function* () {
      yield* limited({ concurrent_builds: 1, deployment_queue_limit: 1 })
      const { runs } = yield* applied(["a", "b", "c", "d"], "75 seconds")
      assert.deepStrictEqual(outcomes(runs), ["complete", "complete", "complete", "complete"])
    }).pipe(Effect.provide(world({ build: "30 seconds" })))
  )
})
