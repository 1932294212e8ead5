/** Applications that come up, and do not stay so, or only late. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { explain } from "../../src/ui/Explain.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, specOf } from "./SandboxWorld.ts"

const unchecked = { container: false, settle: 1 }

const failureOf = (env: Readonly<Record<string, string>>, health: Parameters<typeof specOf>[1]) =>
  Effect.gen(function* () {
    const sandbox = yield* testSandbox({ seed: { zones: ["example.com"] } })
    const before = yield* sandbox.world
    const { result } = yield* applyTo(sandbox, specOf(env, health))
    assert.deepStrictEqual(yield* sandbox.world, before)
    const error = Either.isLeft(result) ? result.left.error : undefined
    return error ?? assert.fail("it was called good")
  })

describe("an application that does not stay up", () => {
  it.scopedLive("is not called live when it exits again and again after it has answered well", () =>
    Effect.gen(function* () {
      const error = yield* failureOf({ SANDBOX_APP: "flap:1.6" }, { container: false, settle: 8 })
      assert.strictEqual(error._tag === "DeploymentFailedError" ? error.reason : error._tag, "CrashLoop")
    })
  )

  it.scopedLive("is found out behind Coolify's own health check too", () =>
    Effect.gen(function* () {
      const error = yield* failureOf({ SANDBOX_APP: "flap:1.4" }, { container: true, settle: 8 })
      assert.strictEqual(error._tag === "DeploymentFailedError" ? error.reason : error._tag, "CrashLoop")
    })
  )

  it.scopedLive(
    "is shown with its last lines when it crashes at once, though there is no log between two runs",
    () =>
      Effect.gen(function* () {
        // Time for several restarts: after one alone it is not yet known that there will be more.
        const health = { ...unchecked, retries: 6 }
        const error = yield* failureOf({ SANDBOX_APP: "crash", SANDBOX_ECHO: "GREETING" }, health)
        const { log, what } = explain(error)
        assert.include(what, "keeps restarting")
        assert.include(log, "GREETING=hello")
        assert.include(log, "fatal: cannot start, exit code 1")
      })
  )

  it.scopedLive("is told as one that does not listen yet when it takes longer than it was given", () =>
    Effect.gen(function* () {
      const error = yield* failureOf({ SANDBOX_APP: "slow:90" }, unchecked)
      const { causes, log, next, what } = explain(error)
      assert.include(what, "the proxy answered 502")
      assert.include(causes.join(), "nothing listens on port 8080")
      assert.include(next, "`healthcheck.startPeriod` (now 0)")
      assert.include(next, "`healthcheck.retries` (now 2)")
      assert.match(log.join("\n"), /api starts from registry\.example\/api:1/)
    })
  )

  it.scopedLive("is good when it stays up, after its time and hardly more", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { zones: ["example.com"] } })
      const { events, result } = yield* applyTo(sandbox, specOf({}, unchecked))
      assert.isTrue(Either.isRight(result))
      const verifying = events.find(({ event }) => event._tag === "StepStarted" && event.step === "verify")
      const verified = events.find(({ event }) => event._tag === "Verified")
      assert.isAtLeast((verified?.at ?? 0) - (verifying?.at ?? 0), 1000)
    })
  )
})
