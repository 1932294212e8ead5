import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Dotenv from "../../../src/sandbox/coolify/Dotenv.ts"
import { written } from "../../../src/sandbox/coolify/EnvFile.ts"
import { trimmed } from "../../../src/sandbox/coolify/Trim.ts"

const given = (text: string) =>
  Either.match(Dotenv.read(text), { onLeft: (error) => error.detail, onRight: (names) => ({ ...names }) })

describe("a .env as Compose reads it", () => {
  const cases: ReadonlyArray<readonly [string, string, unknown]> = [
    ["comments, blanks and export", "# a\n\n export A = 1 \nB: 2", { A: "1", B: "2" }],
    ["names further down", "A=$B-${C}\nB=b\nC='$B'", { A: "b-$B", B: "b", C: "$B" }],
    ["the surroundings first", "HOME=here\nA=$HOME", { HOME: "here", A: "/root" }],
    ["what stands behind a name", "A=${X:-d}${Y-e}${HOME:+f}${X+g}", { A: "def" }],
    ["a default within a default", "A=${X:-${Y:-z}}!", { A: "z!" }],
    ["a dollar that is none", "A=$ $1 $(id) a$$b 5$", { A: "$ $1 $(id) a$b 5$" }],
    ["double quotes", String.raw`A="a\n\"b\" \$HOME $HOME # c"`, { A: 'a\n"b" $HOME /root # c' }],
    [
      "single quotes",
      String.raw`A='a\n "b" $HOME # it\'s' # c` + "\nB=1",
      { A: String.raw`a\n "b" $HOME # it's`, B: "1" }
    ],
    ["a name alone", "A=1\nHOME\nNOTHING\nB=2", { A: "1", HOME: "/root", B: "2" }],
    ["a name that must be there", "A=${NOPE:?must}", "required variable NOPE is missing a value: must"],
    ["a brace that never closes", "A=${NOPE", 'invalid template: "${NOPE"'],
    ["a quote that never closes", "A=1\nB='x\\'\nC=2", String.raw`line 3: unterminated quoted value 'x\'`],
    ["text behind a quote", "A='it's'", `line 1: unexpected character "'" in variable name "s'"`]
  ]
  for (const [name, text, expected] of cases) {
    it(name, () => assert.deepStrictEqual(given(text), expected))
  }
})

describe("what Coolify writes", () => {
  it("is JSON as it is, what is literal in quotes, and anything else with escapes", () => {
    const line = (value: string | null, is_literal: boolean) =>
      written({ value, is_literal, is_multiline: false })
    assert.strictEqual(line('{"a":"$X \'"}', true), '{"a":"$X \'"}')
    assert.strictEqual(line("{{team.X}}", true), "'{{team.X}}'")
    assert.strictEqual(line("123", true), "'123'")
    assert.strictEqual(line(null, true), "''")
    assert.strictEqual(line(null, false), "")
    assert.strictEqual(line("a\\'\"\t\r\n", false), "a\\\\\\'\\\"\\t\\r\n")
  })

  it("has no blanks at the ends, seen or unseen", () => {
    for (const blank of [
      " ",
      "\n",
      "\t",
      "\u00a0",
      "\u200b",
      "\ufeff",
      "\u3000",
      "\u2028",
      "\0",
      "\u{e0020}"
    ]) {
      assert.strictEqual(trimmed(`${blank}a${blank}b${blank}${blank}`), `a${blank}b`)
      assert.strictEqual(trimmed(blank), "")
    }
    assert.strictEqual(trimmed("\u2764\ufe0f"), "\u2764\ufe0f")
  })
})
