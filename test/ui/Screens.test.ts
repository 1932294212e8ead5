/** The two screens behind `Progress`, on a screen that remembers. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { assert, describe } from "vitest"
import { Progress, type DeploymentEvent } from "../../src/engine/DeploymentEvent.ts"
import * as Json from "../../src/ui/Json.ts"
import { Screen } from "../../src/ui/Screen.ts"
import { plainStyle } from "../../src/ui/Style.ts"
import * as Text from "../../src/ui/Text.ts"
import { makeLiveScreen } from "../support/LiveScreen.ts"

const recording = () => {
  const written = { out: "", err: "" }
  const stream = (name: "out" | "err") => ({
    write: (text: string) =>
      Effect.sync(() => {
        written[name] += text
      }),
    closed: Effect.never,
    style: plainStyle,
    tty: false
  })
  return { written, layer: Layer.succeed(Screen, { out: stream("out"), err: stream("err") }) }
}

const emit = (event: DeploymentEvent, at = 0) =>
  Effect.flatMap(Progress, (progress) =>
    progress.emit({ at, run: "0123456789ab", state: "DEPLOYING", event })
  )

const waiting: DeploymentEvent = { _tag: "DeploymentProgress", deployment: "d1", status: "queued" }

describe("Json", () => {
  it.effect("prints one object a line, with time, run, state and type first", () =>
    Effect.gen(function* () {
      const { written, layer } = recording()
      const events = Effect.zipRight(
        emit(waiting, 1_767_225_600_000),
        emit({ _tag: "DeploymentLog", stream: "stdout", text: "a\u001b[2J\nb\u2028c" })
      )
      yield* Effect.provide(events, Layer.provide(Json.layer(), layer))
      const [first = "", second = "", end] = written.out.split("\n")
      assert.strictEqual(end, "")
      assert.strictEqual(
        first,
        '{"at":"2026-01-01T00:00:00.000Z","run":"0123456789ab","state":"DEPLOYING","type":"DeploymentProgress","deployment":"d1","status":"queued"}'
      )
      assert.strictEqual(JSON.parse(second).text, "a\nbc")
      assert.strictEqual(written.err, "")
    })
  )
})

describe("Text", () => {
  it.effect("never rewrites a line where there is no terminal", () =>
    Effect.gen(function* () {
      const { written, layer } = recording()
      yield* Effect.provide(
        Effect.zipRight(emit(waiting), TestClock.adjust("10 seconds")),
        Layer.provide(Text.layer({ quiet: false, verbose: false }), layer)
      )
      assert.strictEqual(written.err, "      deployment is queued\n")
    })
  )

  it.effect("on a terminal ticks in lines that fit, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const { layer, terminal } = makeLiveScreen({ columns: 60, rows: 10 })
      const long: DeploymentEvent = { _tag: "UndoStarted", what: "x".repeat(100) }
      const seen = yield* Effect.provide(
        emit(long).pipe(
          Effect.zipRight(Effect.repeatN(TestClock.adjust("1 second"), 2)),
          Effect.zipRight(Effect.sync(() => terminal.screen().join("\n").trimEnd()))
        ),
        Layer.provide(Text.layer({ quiet: false, verbose: false }), layer)
      )
      assert.include(seen, " 3 s")
      assert.notInclude(seen, "\n")
      assert.deepStrictEqual(terminal.everything(), [])
    })
  )
})
