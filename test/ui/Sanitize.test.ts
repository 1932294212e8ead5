import { it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { assert, describe } from "vitest"
import { clean, cleanLines } from "../../src/ui/Sanitize.ts"

// oxlint-disable-next-line no-control-regex
const dangerous = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u

const bytes = FastCheck.uint8Array({ maxLength: 200 }).map((codes) =>
  Array.from(codes, (code) => String.fromCodePoint(code)).join("")
)

describe("Sanitize", () => {
  it.prop("lets no control character through, whatever the bytes", [bytes], ([text]) => {
    for (const line of [...cleanLines(text), clean(text)]) assert.notMatch(line, dangerous)
  })

  it.prop("never lets a line begin a workflow command", [bytes, FastCheck.nat(8)], ([text, at]) => {
    for (const command of ["::warning::x", "##[error]x", "##vso[task.setvariable]x", "##teamcity[x]"]) {
      const mixed = `${text.slice(0, at)}\n ${command}\r${command}${text.slice(at)}`
      for (const line of [...cleanLines(mixed), clean(mixed)]) {
        assert.notMatch(line, /^\s*::/u)
        assert.notMatch(line, /##\w*\[/u)
      }
    }
  })

  it.prop("cleans what is clean no further", [FastCheck.string()], ([text]) => {
    assert.strictEqual(clean(clean(text)), clean(text))
  })

  it("removes sequences whole, not only their escape character", () => {
    assert.strictEqual(clean("a\u001b[31mred\u001b[0m b"), "ared b")
    assert.strictEqual(clean("\u001b]0;title\u0007x"), "x")
    assert.strictEqual(clean("\u001b]8;;https://example.com\u001b\\link\u001b]8;;\u001b\\"), "link")
    assert.strictEqual(clean("\u009b2Jx"), "x")
    assert.strictEqual(clean("abc\u202egnp.exe"), "abcgnp.exe")
    assert.strictEqual(clean("tail \u001b"), "tail")
  })

  it("keeps letters of all scripts", () => {
    assert.strictEqual(clean("Grüße, 日本語, עברית, ✓"), "Grüße, 日本語, עברית, ✓")
  })

  it("makes lines of line breaks, and of the carriage return that would overwrite one", () => {
    assert.deepStrictEqual(cleanLines("a\nb\r\nc\rd"), ["a", "b", "c", "d"])
    assert.strictEqual(clean("a\n\nb"), "a b")
  })
})
