import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { printable } from "../support/Printable.ts"
import { parseEnvFile } from "../../src/secrets/EnvFile.ts"

const read = (text: string) => {
  return Object.fromEntries(
    Array.from(parseEnvFile(text).entries, ([key, { value }]) => [
      key,
      Either.isRight(value) ? Redacted.value(value.right) : { problem: value.left }
    ])
  )
}

const key = FastCheck.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/)
const text = FastCheck.string({ unit: printable })
const escape = (value: string) =>
  value
    .replace(/["\\$]/g, (char) => `\\${char}`)
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
    ["no expansion", "A='$HOME'\nB=`${A} $(id)`\nC='`id`'", { A: "$HOME", B: "${A} $(id)", C: "`id`" }],
    [
      "a $ that refers to nothing",
      'A=a$\nB=5$ each\nC="$5 $ $"\nD=a$!b',
      { A: "a$", B: "5$ each", C: "$5 $ $", D: "a$!b" }
    ],
    ["an escaped $ in double quotes", 'A="\\$HOME \\${A}"', { A: "$HOME ${A}" }],
    [
      "hashes of passwords",
      "A=$2y$10$Nn5b.Q9Xc1Tq\nB='$2a$12$R9h/cIPz0gi'\nC=\"$argon2id$v=19$m=65536$abc\"\nD=admin:$apr1$Ab3$xyz",
      {
        A: "$2y$10$Nn5b.Q9Xc1Tq",
        B: "$2a$12$R9h/cIPz0gi",
        C: "$argon2id$v=19$m=65536$abc",
        D: "admin:$apr1$Ab3$xyz"
      }
    ],
    [
      "what stands behind lines that are nothing",
      "2FA_SECRET=abc\nset A=0\ncanary\nSESSION=x1234567\nB=1",
      { SESSION: "x1234567", B: "1" }
    ],
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

  for (const [name, text, problems] of [
    ["an unclosed quote", 'A=1\n\nB="canary\nC=2', { B: [3, 3, "never closed"], C: [4, 3, "behind line 3"] }],
    ["text after the quote", 'A="x"canary\nB=2', { A: [1, 6, "text after the closing quote"] }],
    ["text after a quote of two lines", "A='x\ny' canary", { A: [2, 3, "text after the closing quote"] }],
    ["a NUL", "A=canary\0\nB=1", { A: [1, 3, "NUL"] }],
    ["a NUL in quotes", "A='x\ncanary\0'", { A: [1, 3, "NUL"] }],
    ["a # without quotes", "A=canary#x\nB=#fff", { A: [1, 9, "has a #"], B: [2, 3, "has a #"] }],
    [
      "references",
      'A="postgresql://${PG_USER}:canary@db/app"\nB=ab$PG_PASS\nC="x\n  $D"',
      {
        A: [1, 17, "refers to another variable"],
        B: [2, 5, "in single quotes"],
        C: [4, 3, "put a backslash before the $"]
      }
    ],
    ["commands", 'A="$(cat canary)"\nB=$(id)', { A: [1, 4, "a command"], B: [2, 3, "a command"] }],
    [
      "values over lines without quotes",
      'A=-----BEGIN KEY-----\nc2VjcmV0canary=\nB={\n  "a": "canary"\n}\nC=canary \\\n  more\nD=first\nand canary',
      {
        A: [1, 3, "go on in the next line"],
        B: [3, 3, "go on in the next line"],
        C: [6, 3, "go on in the next line"],
        D: [8, 3, "go on in the next line"]
      }
    ]
  ] as const) {
    it(`refuses ${name} at the place, each for itself, and shows nothing of it`, () => {
      const { entries } = parseEnvFile(text)
      for (const [key, [line, column, words]] of Object.entries(problems)) {
        const entry = entries.get(key) ?? assert.fail(`${key} is not there`)
        assert.deepStrictEqual([entry.line, entry.column], [line, column], key)
        const detail = Either.getOrThrow(Either.flip(entry.value))
        assert.include(detail, words)
        assert.notInclude(detail, "canary")
      }
      for (const [key, { value }] of entries) {
        if (Either.isLeft(value)) assert.property(problems, key)
      }
    })
  }

  it("tells which lines are nothing, and which names they may have meant", () => {
    const { skipped } = parseEnvFile("A=1\nSESSION: x\nexport TOKEN\nMY KEY=B\n=x\n")
    assert.deepStrictEqual(
      skipped.map(({ line, names }) => [line, [...names]]),
      [
        [2, ["SESSION"]],
        [3, ["export", "TOKEN"]],
        [4, ["MY", "KEY"]],
        [5, []]
      ]
    )
  })

  it.prop("reads back any value written in double quotes", [key, text], ([name, value]) => {
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

  it.prop("reads any text", [FastCheck.string({ unit: "binary" })], ([text]) => {
    const { entries, skipped } = parseEnvFile(text)
    for (const name of entries.keys()) assert.match(name, /^[A-Za-z_]/)
    const lines = text.split(/\r\n|\n|\r/).length
    for (const { line } of [...entries.values(), ...skipped]) assert.isTrue(line >= 1 && line <= lines)
  })

  const examples = join(import.meta.dirname, "../../../shared/data/specs/public/env-example")
  it.skipIf(!existsSync(examples))("reads public examples, of which most values are no problem", () => {
    for (const name of readdirSync(examples)) {
      const text = readFileSync(join(examples, name), "utf8")
      const { entries } = parseEnvFile(text)
      const keys = new Set(text.match(/^[A-Z][A-Z0-9_]*(?==)/gm))
      assert.isAbove(keys.size, 0, name)
      for (const key of keys) assert.isTrue(entries.has(key), `${name}: ${key}`)
    }
  })
})
