import { it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { assert, describe } from "vitest"
import { listed, seconds, truncate, widthOf, wrap } from "../../src/ui/Layout.ts"

const words = FastCheck.array(FastCheck.string({ maxLength: 30 })).map((parts) => parts.join(" "))

describe("Layout", () => {
  it.prop("wraps within the columns and loses no character but blanks", [words], ([text]) => {
    const lines = wrap(text, 40, "  - ")
    for (const line of lines) assert.isAtMost(widthOf(line), 40)
    const joined = lines.map((line) => line.slice(4)).join("")
    assert.strictEqual(joined.replaceAll(/\s/gu, ""), text.replaceAll(/\s/gu, ""))
  })

  it.prop(
    "truncates within the columns",
    [FastCheck.string(), FastCheck.integer({ min: 4, max: 30 })],
    ([text, columns]) => {
      assert.isAtMost(widthOf(truncate(text, columns, "...")), columns)
    }
  )

  it("measures what a terminal shows", () => {
    assert.strictEqual(widthOf("\u001b[31mab\u001b[39m"), 2)
    assert.strictEqual(widthOf("日本"), 4)
    assert.strictEqual(widthOf("e\u0301"), 1)
  })

  it("hangs continuation lines below the text", () => {
    assert.deepStrictEqual(wrap("one two three", 16, "Note: "), ["Note: one two", "      three"])
    assert.deepStrictEqual(wrap("abcdefghij", 8), ["abcdefgh", "ij"])
  })

  it("makes no command for a CI runner of what it breaks", () => {
    assert.deepStrictEqual(wrap("12345678 ::add-mask::x", 20, "  - "), ["  - 12345678", "    : :add-mask::x"])
    assert.deepStrictEqual(wrap("abcdefgh::error::x", 8)[1], ": :error::x".slice(0, 9))
    assert.deepStrictEqual(wrap("a ::b", 40), ["a ::b"])
  })

  it("tells durations and lists as people do", () => {
    assert.strictEqual(seconds(0), "0.0 s")
    assert.strictEqual(seconds(41_234), "41.2 s")
    assert.strictEqual(seconds(59_949), "59.9 s")
    assert.strictEqual(seconds(59_950), "1 min 0 s")
    assert.strictEqual(seconds(200_000), "3 min 20 s")
    assert.strictEqual(listed([]), "")
    assert.strictEqual(listed(["a"]), "a")
    assert.strictEqual(listed(["a", "b", "c"]), "a, b and c")
  })
})
