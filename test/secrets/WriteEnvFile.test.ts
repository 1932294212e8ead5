import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import { assert, describe, it } from "vitest"
import { parseEnvFile } from "../../src/secrets/EnvFile.ts"
import { envLine } from "../../src/secrets/WriteEnvFile.ts"

const readBack = (line: string): string | undefined => {
  const value = parseEnvFile(line).entries.get("NAME")?.value
  return value === undefined || Either.isLeft(value) ? undefined : Redacted.value(value.right)
}

describe("a line of a .env", () => {
  it.each([
    ["plain", "NAME=plain"],
    ["a b", "NAME='a b'"],
    ["$HOME #x", "NAME='$HOME #x'"],
    ["it's", 'NAME="it\'s"'],
    ["two\nlines", 'NAME="two\\nlines"'],
    ["", "NAME=''"]
  ])("for %j", (value, line) => assert.strictEqual(envLine("NAME", value), line))

  it("reads back as the value, or is none", () => {
    const signs = FastCheck.stringOf(FastCheck.constantFrom(..."a'\"`$\\{}# \n\r\t=é\0"))
    FastCheck.assert(
      FastCheck.property(signs, (value) => {
        const line = envLine("NAME", value)
        if (line === undefined) assert.include(value, "\0")
        else assert.strictEqual(readBack(`${line}\n`), value)
      }),
      { numRuns: 500 }
    )
  })
})
