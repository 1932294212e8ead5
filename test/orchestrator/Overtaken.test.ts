import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { CoolifyInMemory, atOnce, layerDirect } from "../support/CoolifyInMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { DnsMemory, layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { releaseComment, releaseIn } from "../../src/kinds/VariableComment.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { layerMemory as journalsMemory, MemoryJournals } from "../../src/state/MemoryJournals.ts"
import { probe } from "../support/Probe.ts"
import { applyOptions, server, spec, zone } from "./Samples.ts"

const second: Spec = { ...spec, port: 9090, env: { LOG_LEVEL: "debug" } }
const other = "aaaaaaaaaaaa"

const world = Layer.mergeAll(
  layerDirect({ servers: [server], latency: atOnce }),
  Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
  secretMemory({ API_KEY: "s3cret" }),
  journalsMemory
)

/** A machine on which the spec is applied; `meanwhile` happens before the first look at the URL. */
const applied = (
  of: Spec,
  {
    healthy = true,
    meanwhile = Effect.void
  }: { readonly healthy?: boolean; readonly meanwhile?: Effect.Effect<void> } = {}
) =>
  Effect.gen(function* () {
    const once = yield* Effect.once(meanwhile)
    const looking = probe(healthy)
    const fiber = yield* apply(of, applyOptions).pipe(
      Effect.provideService(HealthProbe, {
        ...looking,
        get: (request) => Effect.zipRight(once, looking.get(request))
      }),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust("3 hours")
    return yield* Fiber.join(fiber)
  })

/** Another machine's run writes its release over the one that stands there. */
const takenBy = (run: string, pending: boolean) =>
  Effect.flatMap(CoolifyInMemory, ({ edit }) =>
    edit((now) => ({
      ...now,
      variables: now.variables.map((row) =>
        row.key === "FABRIK_RELEASE"
          ? { ...row, comment: releaseComment(run, "0000000000000000", pending) }
          : row
      )
    }))
  )

const state = Effect.gen(function* () {
  const { applications, variables } = yield* (yield* CoolifyInMemory).seen
  const records = yield* (yield* DnsMemory).recordSets
  const journals = yield* Ref.get(yield* MemoryJournals)
  return {
    applications: applications.map(({ port }) => port),
    release: releaseIn(variables),
    records: records.map(({ name }) => name),
    journals: journals.size
  }
})

const failed = <A, E>(result: Either.Either<A, E>): E => Either.getOrThrow(Either.flip(result))

describe("a run that another machine's has overtaken", () => {
  for (const healthy of [true, false]) {
    it.effect(
      `undoes nothing of a first apply that ${healthy ? "works" : "fails"}, and says whose it is`,
      () =>
        Effect.gen(function* () {
          const memory = yield* CoolifyInMemory
          const meanwhile = Effect.provideService(takenBy(other, true), CoolifyInMemory, memory)
          const error = failed(yield* applied(spec, { healthy, meanwhile }))
          assert.strictEqual(error._tag, "RunError")
          if (error._tag !== "RunError") return
          assert.strictEqual(error.report.outcome, "leftovers")
          assert.deepStrictEqual(error.report.undone, [])
          assert.strictEqual(error.report.leftovers.length, 1)
          assert.include(error.report.leftovers[0]?.why ?? "", other)
          if (healthy) assert.include(error.message, `run ${other} has begun to change api meanwhile`)
          const now = yield* state
          assert.deepStrictEqual(now.applications, [8080])
          assert.strictEqual(now.release?.release, other)
          assert.deepStrictEqual(now.records, ["api.example.com"])
          assert.strictEqual(now.journals, 0)
        }).pipe(Effect.provide(world))
    )
  }

  it.effect("undoes nothing of an update", () =>
    Effect.gen(function* () {
      yield* applied(spec)
      const memory = yield* CoolifyInMemory
      const meanwhile = Effect.provideService(takenBy(other, false), CoolifyInMemory, memory)
      const error = failed(yield* applied(second, { healthy: false, meanwhile }))
      if (error._tag !== "RunError") return assert.fail(error.message)
      assert.include(error.report.leftovers[0]?.why ?? "", `run ${other} has changed it meanwhile`)
      const now = yield* state
      assert.deepStrictEqual(now.applications, [9090])
      assert.strictEqual(now.release?.release, other)
    }).pipe(Effect.provide(world))
  )

  it.effect("is not confirmed with what somebody else has changed in it, nor mixed further", () =>
    Effect.gen(function* () {
      yield* applied(spec)
      const memory = yield* CoolifyInMemory
      const meanwhile = memory.edit((now) => ({
        ...now,
        applications: now.applications.map((one) => ({
          ...one,
          columns: { ...one.columns, ports_exposes: "7777" }
        }))
      }))
      const error = failed(yield* applied(second, { meanwhile }))
      if (error._tag !== "RunError") return assert.fail(error.message)
      assert.include(error.message, "port of api changed meanwhile")
      const now = yield* state
      assert.deepStrictEqual(now.applications, [7777])
      assert.isTrue(now.release?.pending)
      // Whoever applies next puts it right.
      assert.isTrue(Either.isRight(yield* applied(second)))
      assert.deepStrictEqual((yield* state).applications, [9090])
    }).pipe(Effect.provide(world))
  )

  it.effect("sends nothing when the other came between its plan and its first change", () =>
    Effect.gen(function* () {
      yield* applied(spec)
      const memory = yield* CoolifyInMemory
      const confirm = () =>
        Effect.as(Effect.provideService(takenBy(other, true), CoolifyInMemory, memory), true)
      const fiber = yield* apply(second, { ...applyOptions, confirm }).pipe(
        Effect.provideService(HealthProbe, { port: 443, get: () => Effect.never }),
        Effect.either,
        Effect.fork
      )
      yield* TestClock.adjust("1 hour")
      const error = failed(yield* Fiber.join(fiber))
      if (error._tag !== "RunError") return assert.fail(error.message)
      assert.strictEqual(error.report.outcome, "nothing-changed")
      assert.include(error.message, `run ${other} has begun to change api since it was looked at`)
      assert.deepStrictEqual((yield* state).applications, [8080])
    }).pipe(Effect.provide(world))
  )

  it.effect("leaves everything to recover while nobody can see whose it is", () =>
    Effect.gen(function* () {
      const client = yield* CoolifyClient
      const away = yield* Ref.make(false)
      const gone = new CoolifyError({
        method: "listProjects",
        reason: "Unreachable",
        detail: "no connection"
      })
      const listProjects = Effect.flatMap(Ref.get(away), (is) =>
        is ? Effect.fail(gone) : client.projects.list
      )
      const result = yield* applied(spec, { healthy: false, meanwhile: Ref.set(away, true) }).pipe(
        Effect.provideService(CoolifyClient, {
          ...client,
          projects: {
            ...client.projects,
            list: listProjects
          }
        })
      )
      const error = failed(result)
      if (error._tag !== "RunError") return assert.fail(error.message)
      assert.isTrue(error.report.leftovers.every(({ recoverable }) => recoverable))
      assert.isAtLeast(error.report.leftovers.length, 3)
      const now = yield* state
      assert.deepStrictEqual([now.applications, now.records, now.journals], [[8080], ["api.example.com"], 1])
    }).pipe(Effect.provide(world))
  )
})
