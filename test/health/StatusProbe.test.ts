import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { isRunning, isSettledBad, readStatus } from "../../src/health/StatusProbe.ts"

describe("StatusProbe", () => {
  for (const [status, state, health, excluded, settledBad] of [
    ["running:healthy", "running", "healthy", false, false],
    ["running:unhealthy", "running", "unhealthy", false, false],
    ["running:unknown", "running", "unknown", false, false],
    ["running:healthy:excluded", "running", "healthy", true, false],
    ["running (healthy)", "running", "healthy", false, false],
    ["running", "running", "unknown", false, false],
    ["starting:unknown", "starting", "unknown", false, false],
    ["restarting:unknown", "restarting", "unknown", false, false],
    ["paused:unknown", "paused", "unknown", false, false],
    ["degraded:unhealthy", "degraded", "unhealthy", false, true],
    ["exited", "exited", "unknown", false, true],
    ["exited:unhealthy", "exited", "unhealthy", false, true],
    ["exited:excluded", "exited", "unknown", true, true],
    ["not-running:healthy", "unknown", "healthy", false, false],
    ["", "unknown", "unknown", false, false]
  ] as const) {
    it(`reads ${JSON.stringify(status)}`, () => {
      assert.deepStrictEqual(readStatus(status), { state, health, excluded })
      assert.strictEqual(isRunning(status), state === "running")
      assert.strictEqual(isSettledBad(status), settledBad)
    })
  }

  it.prop("never takes a status for running and bad at once", [FastCheck.string()], ([status]) => {
    assert.isFalse(isRunning(status) && isSettledBad(status))
  })
})
