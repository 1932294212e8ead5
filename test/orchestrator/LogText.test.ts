import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { continueLog, readLog, type LogLine } from "../../src/orchestrator/LogText.ts"

const untimed = (texts: ReadonlyArray<string>): ReadonlyArray<LogLine> =>
  texts.map((text) => ({ at: undefined, text }))

describe("readLog", () => {
  it("splits stamps off, and keeps empty lines", () => {
    assert.deepStrictEqual(readLog("2026-01-31T12:00:00.000000001Z a b\n2026-01-31T12:00:00Z\n", true), [
      { at: "2026-01-31T12:00:00.000000001Z", text: "a b" },
      { at: "2026-01-31T12:00:00Z", text: "" }
    ])
    assert.deepStrictEqual(readLog("a\n\nb", false), untimed(["a", "", "b"]))
    assert.deepStrictEqual(readLog("", true), [])
  })

  it("takes lines as text where stamps were not asked for, or not given", () => {
    const own = "2026-01-31T12:00:00Z of the application's own"
    assert.deepStrictEqual(readLog(own, false), untimed([own]))
    assert.deepStrictEqual(readLog(`${own}\nplain`, true), untimed([own, "plain"]))
  })
})

describe("continueLog", () => {
  const continued = (seen: ReadonlyArray<string>, current: ReadonlyArray<string>) => {
    const { fresh, continued } = continueLog(untimed(seen), untimed(current))
    return [fresh.map(({ text }) => text), continued]
  }

  it("tells what came after the last answer", () => {
    assert.deepStrictEqual(continued([], ["a", "b"]), [["a", "b"], true])
    assert.deepStrictEqual(continued(["a", "b"], ["a", "b"]), [[], true])
    assert.deepStrictEqual(continued(["a", "b", "c"], ["b", "c", "d"]), [["d"], true])
    assert.deepStrictEqual(continued(["b", "c"], ["a", "b", "c", "d"]), [["d"], true])
  })

  it("knows another container's log, and a gap", () => {
    assert.deepStrictEqual(continued(["a", "b"], ["x"]), [["x"], false])
    assert.deepStrictEqual(continued(["a", "b"], []), [[], false])
  })

  it("tells no repeated line twice", () => {
    assert.deepStrictEqual(continued(["a", "a"], ["a", "a"]), [[], true])
    assert.deepStrictEqual(continued(["a", "a"], ["a", "a", "a"]), [[], true])
  })

  it("tells stamped lines apart though their texts are the same", () => {
    const line = (second: number): LogLine => ({ at: `2026-01-31T12:00:0${second}Z`, text: "GET / 200" })
    assert.deepStrictEqual(continueLog([line(1), line(2)], [line(2), line(3), line(4)]).fresh, [
      line(3),
      line(4)
    ])
  })

  const burst = FastCheck.integer({ min: 0, max: 9 })
  it.prop(
    "tells every line of a log once and in order, as long as no burst fills the window",
    [FastCheck.array(burst, { maxLength: 30 }), FastCheck.integer({ min: 10, max: 12 })],
    ([bursts, window]) => {
      const log: Array<LogLine> = []
      const told: Array<LogLine> = []
      let seen: ReadonlyArray<LogLine> = []
      for (const size of bursts) {
        for (let line = 0; line < size; line++) log.push({ at: undefined, text: `line ${log.length}` })
        const current = log.slice(-window)
        const next = continueLog(seen, current)
        assert.isTrue(next.continued)
        told.push(...next.fresh)
        seen = current
      }
      assert.deepStrictEqual(told, log)
    }
  )

  const line = FastCheck.constantFrom("a", "b")
  it.prop(
    "never tells more lines than were written, however they repeat",
    [FastCheck.array(FastCheck.array(line, { maxLength: 4 }), { maxLength: 20 })],
    ([bursts]) => {
      const log: Array<LogLine> = []
      let told = 0
      let seen: ReadonlyArray<LogLine> = []
      for (const lines of bursts) {
        log.push(...untimed(lines))
        const current = log.slice(-5)
        told += continueLog(seen, current).fresh.length
        seen = current
      }
      assert.isAtMost(told, log.length)
    }
  )
})
