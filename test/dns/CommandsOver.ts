/** Whole commands over any DNS layer, on a clock that goes as fast as it can; a request to a real server takes its time. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type { Spec } from "../../src/appspec/Spec.ts"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { DnsBench } from "../contract/DnsClientContract.ts"
import { eachCall } from "../orchestrator/EachCall.ts"
import { server } from "../orchestrator/Samples.ts"
import { FastClock } from "../reliability/FastClock.ts"
import { carryOut, type Command } from "../reliability/MemoryWorld.ts"
import { atOnce, layerDirect } from "../support/CoolifyInMemory.ts"
import { probe } from "../support/Probe.ts"

const timeout = Duration.minutes(10)

/** @param live whether its requests take real time. */
export const commandsOver = <R, E>(layer: Layer.Layer<DnsClient | DnsBench | R, E>, live: boolean) =>
  Effect.gen(function* () {
    const context = yield* Layer.build(
      Layer.mergeAll(
        layerDirect({ servers: [server], latency: atOnce }),
        layer,
        secretMemory({ API_KEY: "s3cret" }),
        journalsMemory
      )
    )
    let busy = 0
    const realTime = Clock.make()
    const clock = new FastClock(Date.now(), () => busy > 0)
    const inRealTime = <A, E2>(call: Effect.Effect<A, E2>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => void busy++),
        () => Effect.withClock(call, realTime),
        () => Effect.sync(() => void busy--)
      )
    const client = yield* Effect.provide(DnsClient, context)
    const dns = live ? eachCall(client, (_, call: Effect.Effect<unknown>) => inRealTime(call)) : client
    const authoritative = Layer.provide(authoritativeMemory, Layer.succeed(DnsClient, dns))
    const run = (command: Command, spec: Spec, healthy = true) =>
      Effect.gen(function* () {
        const fiber = yield* carryOut(command, spec, timeout).pipe(
          Effect.provide(authoritative),
          Effect.provideService(DnsClient, dns),
          Effect.provideService(HealthProbe, probe(healthy)),
          Effect.either,
          Effect.fork
        )
        yield* Effect.promise(() => clock.pass("1 day"))
        return yield* Fiber.join(fiber)
      }).pipe(Effect.withClock(clock), Effect.provide(context))
    return { context, run, bench: yield* Effect.provide(DnsBench, context) }
  })
