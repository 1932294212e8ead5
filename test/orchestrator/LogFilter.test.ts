import { assert, describe, it } from "vitest"
import { lets, missedBefore, readMoment } from "../../src/orchestrator/LogFilter.ts"

const now = Date.UTC(2026, 0, 31, 12, 0, 0)

describe("a moment", () => {
  it.each([
    ["90s", "2026-01-31T11:58:30.000Z"],
    ["10m", "2026-01-31T11:50:00.000Z"],
    ["2h", "2026-01-31T10:00:00.000Z"],
    ["3d", "2026-01-28T12:00:00.000Z"],
    ["2026-01-30", "2026-01-30T00:00:00.000Z"],
    // Without an offset it is UTC, wherever the machine stands.
    ["2026-01-30T08:15", "2026-01-30T08:15:00.000Z"],
    ["2026-01-30 08:15:30", "2026-01-30T08:15:30.000Z"],
    ["2026-01-30T08:15:30.5+02:00", "2026-01-30T06:15:30.500Z"]
  ])("%s is read", (text, expected) => {
    assert.strictEqual(new Date(readMoment(text, now) ?? 0).toISOString(), expected)
  })

  it.each(["", "10", "10 m", "-5m", "yesterday", "2026-13-01", "2026-01-30T25:00", "1.5h"])(
    "%j is none",
    (text) => assert.isUndefined(readMoment(text, now))
  )
})

describe("what the API did not give", () => {
  const at = (minute: number) => ({ at: `2026-01-31T12:0${minute}:00Z`, text: "x" })
  const minute = (number: number) => Date.parse(at(number).at)

  it("is told unless nothing older can fit", () => {
    const given = [at(1), at(2)]
    assert.match(
      missedBefore(given, { pattern: /x/u }, 2) ?? "",
      /newest 2 lines, which go back to 2026-01-31T12:01:00Z: older/
    )
    assert.isDefined(missedBefore(given, { since: minute(0) }, 2))
    assert.isDefined(missedBefore(given, { until: minute(2) }, 2))
    assert.isUndefined(missedBefore(given, { since: minute(1) }, 2))
    assert.isUndefined(missedBefore(given, { pattern: /x/u }, 3))
    // How many of the newest lines are shown was asked for, and is not told.
    assert.isUndefined(missedBefore(given, {}, 2))
  })
})

describe("a filter", () => {
  const line = { at: "2026-01-31T12:00:00.123456789Z", text: "GET /health 200" }

  it("takes both ends of its span in", () => {
    const at = Date.parse("2026-01-31T12:00:00.123Z")
    assert.isTrue(lets({ since: at, until: at }, line))
    assert.isFalse(lets({ since: at + 1 }, line))
    assert.isFalse(lets({ until: at - 1 }, line))
  })

  it("takes no line into a span whose time is not known", () => {
    assert.isFalse(lets({ since: 0 }, { ...line, at: undefined }))
    assert.isTrue(lets({}, { ...line, at: undefined }))
  })

  it("finds its pattern anywhere, each time anew", () => {
    const pattern = /HEALTH|\b200\b/u
    assert.deepStrictEqual([lets({ pattern }, line), lets({ pattern }, line)], [true, true])
    assert.isFalse(lets({ pattern: /^200/u }, line))
  })
})
