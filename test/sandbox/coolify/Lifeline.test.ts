import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { lifeAt, millisToRestart } from "../../../src/sandbox/coolify/Lifeline.ts"
import { respond } from "../../../src/sandbox/coolify/RunningContainer.ts"
import * as Harness from "./Harness.ts"

const flap = (seconds: number) => ({ _tag: "Flap", seconds }) as const

describe("a container that exits again and again", () => {
  it("is up for its time, with pauses that double up to a minute", () => {
    const at = (now: number) => lifeAt(flap(8), 1000, 1000 + now)
    assert.deepInclude(at(7_999), { up: true, restarts: 0 })
    assert.deepInclude(at(8_000), { up: false, restarts: 0 })
    assert.deepInclude(at(8_100), { up: true, restarts: 1 })
    assert.deepInclude(at(16_100), { up: false, restarts: 1 })
    assert.deepInclude(at(16_300), { up: true, restarts: 2 })
    assert.deepEqual(at(16_300).starts, [1000, 9100, 17_300])
    const late = millisToRestart(flap(1), 20)
    assert.strictEqual(lifeAt(flap(1), 0, late - 1).up, false)
    assert.strictEqual(lifeAt(flap(1), 0, late).restarts, 20)
    assert.strictEqual(late - millisToRestart(flap(1), 19), 61_000)
  })

  it("is restarted at once after a run of ten seconds, as Docker does", () => {
    assert.strictEqual(millisToRestart(flap(10), 30), 30 * 10_100)
  })

  it("answers while it is up, and nothing listens in between", () => {
    const container = {
      applicationUuid: "a",
      name: "web",
      env: {},
      startedAt: 0,
      behaviour: flap(2),
      image: "web:1",
      portMismatch: false
    }
    const request = { method: "GET", path: "/", headers: {} }
    const kinds = [0, 1999, 2000, 2099, 2100].map((now) => respond(container, request, now).kind)
    assert.deepEqual(kinds, ["response", "response", "refused", "refused", "response"])
  })

  it.scoped("shows in what Coolify counts, and has a log only while it is up", () =>
    Effect.gen(function* () {
      const { application, put, send } = yield* Harness.make()
      const uuid = yield* application({ health_check_enabled: false })
      yield* put(uuid, { SANDBOX_APP: "flap:8" })
      yield* send("POST", `/deploy?uuid=${uuid}`)
      // Up at 300 ms: the queue, and one phase.
      yield* TestClock.adjust("1 second")
      const read = () => Effect.map(send("GET", `/applications/${uuid}`), ({ json }) => json)
      const logs = (lines = 100) => send("GET", `/applications/${uuid}/logs?lines=${lines}`)
      const first = yield* read()
      assert.deepInclude(first, {
        status: "running:unknown",
        restart_count: 0,
        last_restart_at: null,
        last_restart_type: null
      })
      assert.strictEqual((yield* logs()).status, 200)
      yield* TestClock.adjust("7350 millis")
      const down = yield* logs()
      assert.deepEqual([down.status, down.json], [400, { message: "Application is not running." }])
      yield* TestClock.adjust("3 seconds")
      const again = yield* read()
      assert.deepInclude(again, { status: "running:unknown", restart_count: 1, last_restart_type: "crash" })
      assert.match(again.last_restart_at, /^\d{4}-\d\d-\d\dT/)
      assert.lengthOf((yield* logs()).json.logs.match(/starts from/g), 2)
    })
  )
})
