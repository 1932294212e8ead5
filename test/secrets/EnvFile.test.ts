import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import { parseEnvFile } from "../../src/secrets/EnvFile.ts"

const read = (text: string) => {
  const parsed = parseEnvFile(text)
  if (Either.isLeft(parsed)) return parsed.left
  return Object.fromEntries(
    Array.from(parsed.right, ([key, { value }]) => [
      key,
      Either.isRight(value) ? Redacted.value(value.right) : { problem: value.left }
    ])
  )
}

const key = FastCheck.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/)
const printable = FastCheck.string({ unit: "grapheme" })
const escape = (value: string) =>
  value
    .replace(/["\\]/g, (char) => `\\${char}`)
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")

describe("parseEnvFile", () => {
  for (const [name, text, expected] of [
    ["plain lines", "A=1\nB=two words\n", { A: "1", B: "two words" }],
    ["a byte order mark and CRLF", "\uFEFFA=1\r\nB=2\r\n", { A: "1", B: "2" }],
    ["export, indentation and spaces around =", "  export A = 1 \n\tB=2", { A: "1", B: "2" }],
    ["comments and blank lines", "# A=0\n\n  # B\nA=1 # one\nB='2'# two", { A: "1", B: "2" }],
    ["the last of two", "A=1\nA=2", { A: "2" }],
    ["= in the value", "URL=postgres://u:p@h/db?a=b", { URL: "postgres://u:p@h/db?a=b" }],
    ["no expansion", 'A=$HOME\nB="${A} $(id) `id`"', { A: "$HOME", B: "${A} $(id) `id`" }],
    ["escapes in double quotes only", `A="a\\n\\"b\\\\\\x"\nB='a\\n'`, { A: 'a\n"b\\\\x', B: "a\\n" }],
    ["# inside quotes", "A='p#w # d'", { A: "p#w # d" }],
    [
      "several lines in quotes",
      'PEM="-----BEGIN\nx\n-----END"\nB=2',
      { PEM: "-----BEGIN\nx\n-----END", B: "2" }
    ],
    ["a quote inside a value", "A=it's\nB=that's", { A: "it's", B: "that's" }],
    ["empty values", "A=\nB=''\nC= # none", { A: "", B: "", C: "" }],
    [
      "prototype keys",
      "__proto__=x\nconstructor=y",
      Object.fromEntries([
        ["__proto__", "x"],
        ["constructor", "y"]
      ])
    ]
  ] as const) {
    it(`reads ${name}`, () => assert.deepStrictEqual(read(text), expected))
  }

  for (const [name, text, line] of [
    ["a line without =", "A=1\ncanary\nB=2", 2],
    ["a key with a space", "A canary=1", 1],
    ["a missing key", "A=1\n=canary", 2],
    ["an unclosed quote", 'A=1\n\nB="canary\nC=2', 3],
    ["text after the quote", "A='x\ny' canary", 2],
    ["a NUL", "A=1\nB=canary\0", 2],
    ["a NUL in quotes", "A='x\ncanary\0'", 1]
  ] as const) {
    it(`refuses ${name}, names the line and shows nothing of it`, () => {
      const problem = Either.getOrThrow(Either.flip(parseEnvFile(text)))
      assert.strictEqual(problem.line, line)
      assert.notInclude(JSON.stringify(problem), "canary")
    })
  }

  it("a # without quotes is a problem of its own value only", () => {
    const problem = "has a # in a value without quotes: put the value in quotes"
    assert.deepStrictEqual(read("A=pass#word\nB=#fff\nC=1"), { A: { problem }, B: { problem }, C: "1" })
  })

  it.prop("reads back any value written in double quotes", [key, printable], ([name, value]) => {
    FastCheck.pre(!value.includes("\0"))
    assert.deepStrictEqual(read(`X=1\n${name}="${escape(value)}"\nZ_=2`), {
      X: "1",
      [name]: value,
      Z_: "2",
      ...(name === "Z_" ? { Z_: "2" } : {})
    })
  })

  it.prop(
    "reads back any plain value",
    [key, FastCheck.stringMatching(/^[A-Za-z0-9./:@?&=+-]+$/)],
    ([name, value]) => {
      assert.strictEqual((read(`${name}=${value}\n`) as Record<string, string>)[name], value)
    }
  )

  it.prop(
    "answers any text with entries or one line number",
    [FastCheck.string({ unit: "binary" })],
    ([text]) => {
      const parsed = parseEnvFile(text)
      if (Either.isLeft(parsed)) assert.isAtLeast(parsed.left.line, 1)
      else for (const name of parsed.right.keys()) assert.match(name, /^[A-Za-z_]/)
    }
  )
})
