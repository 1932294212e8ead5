/** What is said of a line that is indented too far stands at that line. */
import * as Either from "effect/Either"
import { assert, describe, it } from "vitest"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"

const problems = (text: string) =>
  Either.getOrThrow(Either.flip(parseSpec(text, "app.yaml"))).problems.map(
    ({ column, line, message }) => `${line}:${column}: ${message}`
  )

describe("a line that is indented further than the one above it", () => {
  const deeper = "this line is indented further than the key above it, which has a value already"
  it.each([
    ["name: a\n  domain: a.example.com\n", `2:3: ${deeper}`],
    ["name: a\r\n\r\n    port: 80\r\n", `3:5: ${deeper}`],
    ["name: a: b\n", "1:7: two keys on one line"]
  ])("%j", (text, first) => {
    assert.strictEqual(problems(text)[0], first)
  })
})
