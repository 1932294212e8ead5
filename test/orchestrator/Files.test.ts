/** What files hold may be a secret: where it is never seen. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { Progress, type Emitted } from "../../src/engine/DeploymentEvent.ts"
import { HealthProbe, ProbeError } from "../../src/health/HealthProbe.ts"
import { answering } from "../../src/health/MemoryHealthProbe.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { layerMemory as journalsMemory, MemoryJournals } from "../../src/state/MemoryJournals.ts"
import { atOnce, CoolifyInMemory, layerDirect } from "../support/CoolifyInMemory.ts"
import { applyOptions, server, spec as base, zone } from "./Samples.ts"

const holding = (text: string): Spec => ({
  ...base,
  files: [{ path: "/etc/app.conf", from: "./app.conf", content: Redacted.make(text), losesBreak: false }]
})

const layer = Layer.mergeAll(
  layerDirect({ servers: [server], latency: atOnce }),
  Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
  secretMemory({ API_KEY: "s3cret" }),
  journalsMemory
)

describe("what a file holds", () => {
  it.effect("stands in no journal and no event, and is back when its update fails", () =>
    Effect.gen(function* () {
      const told = yield* Ref.make<ReadonlyArray<unknown>>([])
      const journals = yield* MemoryJournals
      const noteJournal = Effect.flatMap(Ref.get(journals), (all) =>
        Ref.update(told, (before) => [...before, ...all.values()])
      )
      const emit = (event: Emitted) =>
        Effect.zipRight(
          noteJournal,
          Ref.update(told, (before) => [...before, event])
        )
      const run = (spec: Spec, healthy: boolean) =>
        Effect.gen(function* () {
          const fiber = yield* apply(spec, applyOptions).pipe(
            Effect.provideService(Progress, { emit }),
            Effect.provideService(
              HealthProbe,
              HealthProbe.of({
                port: 443,
                get: (request) =>
                  healthy
                    ? Effect.succeed(
                        answering(request.expectation ?? { status: 200, release: undefined }, {
                          address: request.address ?? server.ip
                        })
                      )
                    : Effect.fail(new ProbeError({ reason: "ConnectionRefused", detail: "refused" }))
              })
            ),
            Effect.either,
            Effect.fork
          )
          yield* TestClock.adjust("3 hours")
          return yield* Fiber.join(fiber)
        })
      Either.getOrThrow(yield* run(holding("password = old-one\n\u00e9"), true))
      assert.isTrue(Either.isLeft(yield* run(holding("password = new-one"), false)))
      const { api } = yield* CoolifyInMemory
      const { containers, disk } = yield* api.world
      assert.deepStrictEqual(
        [...containers.flatMap(({ files }) => files), ...disk].map(({ content }) => content),
        ["password = old-one\n\u00e9", "password = old-one\n\u00e9"]
      )
      const all = JSON.stringify(yield* Ref.get(told))
      assert.include(all, "/etc/app.conf")
      assert.include(all, "coolify/file")
      assert.notMatch(all, /old-one|new-one/)
    }).pipe(Effect.provide(layer))
  )
})
