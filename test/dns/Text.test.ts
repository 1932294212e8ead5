import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import process from "node:process"
import { printable } from "../support/Printable.ts"
import { quoteText, unquoteText } from "../../src/dns/Text.ts"

describe("the text of a TXT value", () => {
  it.each([
    ["plain", "plain"],
    ['"a" "b"', "ab"],
    ['"a"   "b"', "ab"],
    ['"say \\"hi\\" \\\\"', 'say "hi" \\'],
    ['"\\195\\188"', "ü"],
    ['"ü😀"', "ü😀"],
    ['"\\x"', "x"],
    ['""', ""]
  ])("%s", (content, text) => assert.strictEqual(unquoteText(content), text))

  it.prop("survives being quoted", [FastCheck.string({ unit: printable, maxLength: 600 })], ([text]) =>
    assert.strictEqual(unquoteText(quoteText(text)), text)
  )

  it("is read in one pass, even when a quote is never closed", () => {
    const started = process.cpuUsage()
    unquoteText(`"${'\\"'.repeat(200_000)}`)
    assert.isBelow(process.cpuUsage(started).user / 1000, 20_000)
  })
})
