/** Coolify's API goes away in the middle of a run, as it does while Coolify updates itself, and comes back. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { HttpSettings } from "../../src/http/HttpSettings.ts"
import type { DeploymentEvent, Emitted } from "../../src/engine/DeploymentEvent.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, specOf } from "./SandboxWorld.ts"

const zone = { seed: { domains: ["api.example.com"] } } as const

/** One try and no more, so that only patience helps. */
const impatient = (outage: Duration.DurationInput) =>
  Effect.map(HttpSettings, (settings) => ({ ...settings, tries: 1, outage }))

/** Every request meets a proxy without a Coolify behind it, from an event of the run on. */
const awayFrom =
  (sandbox: SandboxHandle, isWhen: (event: DeploymentEvent) => boolean, millis: number) =>
  ({ event }: Emitted) =>
    isWhen(event)
      ? Effect.zipRight(
          sandbox.faults.add("coolify * * status=502 body=<html>Bad Gateway</html>"),
          Effect.forkDaemon(Effect.delay(sandbox.faults.clear, millis))
        ).pipe(Effect.orDie, Effect.asVoid)
      : Effect.void

const whenDeploying = (event: DeploymentEvent) =>
  event._tag === "DeploymentProgress" && event.status === "in_progress"

const whenRollingBack = (event: DeploymentEvent) =>
  event._tag === "StateChanged" && event.to === "ROLLING_BACK"

const told = (events: ReadonlyArray<Emitted>, tag: DeploymentEvent["_tag"]) =>
  events.filter(({ event }) => event._tag === tag).length

describe("an API that is away for a while", () => {
  it.scopedLive("does not end a deployment that is under way", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ ...zone, latency: { build: "300 millis" } })
      const { result, events } = yield* applyTo(
        sandbox,
        specOf(),
        {},
        awayFrom(sandbox, whenDeploying, 1500)
      ).pipe(Effect.provideServiceEffect(HttpSettings, impatient("20 seconds")))
      assert.strictEqual(Either.getOrThrow(result).outcome, "complete")
      assert.strictEqual(told(events, "ApiAway"), 1)
      assert.strictEqual(told(events, "ApiBack"), 1)
      const at = (tag: string) => events.find(({ event }) => event._tag === tag)?.at ?? 0
      const deploying = events.find(({ event }) => whenDeploying(event))?.at ?? 0
      // The next poll finds it, and it is said then.
      assert.isAtMost(at("ApiAway") - deploying, 1500)
      assert.isAbove(at("ApiBack"), at("ApiAway"))
    })
  )

  it.scopedLive("does not leave a rollback half done", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox(zone)
      assert.isTrue(Either.isRight((yield* applyTo(sandbox, specOf())).result))
      const before = yield* sandbox.world
      const { result } = yield* applyTo(
        sandbox,
        specOf({ SANDBOX_APP: "unhealthy" }),
        {},
        awayFrom(sandbox, whenRollingBack, 1500)
      ).pipe(Effect.provideServiceEffect(HttpSettings, impatient("20 seconds")))
      const { report } = Either.getOrThrow(Either.flip(result))
      assert.strictEqual(report.outcome, "rolled-back", JSON.stringify(report.leftovers))
      assert.deepStrictEqual(yield* sandbox.world, before)
    })
  )

  it.scopedLive("ends it when it does not come back, and says for how long it was looked for", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox(zone)
      const { result } = yield* applyTo(sandbox, specOf(), {}, awayFrom(sandbox, whenDeploying, 2500)).pipe(
        Effect.provideServiceEffect(HttpSettings, impatient("1 second"))
      )
      const { error } = Either.getOrThrow(Either.flip(result))
      assert.include(error.message, "the API was away for 1 s")
    })
  )
})
