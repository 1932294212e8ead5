/** What fabrik lets through arrives in the sandbox, which shares no code with it and was compared with a real Coolify. */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { printable } from "../support/Printable.ts"
import { arrivesAsWritten, mayStopDeployment, valueProblem } from "../../src/coolify/VariableValue.ts"
import * as Dotenv from "../../src/sandbox/coolify/Dotenv.ts"
import { written } from "../../src/sandbox/coolify/EnvFile.ts"
import { trimmed } from "../../src/sandbox/coolify/Trim.ts"

interface Flags {
  readonly isLiteral: boolean
  readonly isMultiline: boolean
}

/** The values of these variables in a container; `undefined`: the deployment fails. */
const arrived = (values: ReadonlyArray<string>, { isLiteral, isMultiline }: Flags) => {
  const lines = values.map((value, index) => {
    const row = { value: trimmed(value) || null, is_literal: isLiteral, is_multiline: isMultiline }
    return `V${index}=${written(row)}`
  })
  const read = Dotenv.read(["SOURCE_COMMIT=HEAD", ...lines, "PORT=80", "HOST=0.0.0.0"].join("\n"))
  return Either.isLeft(read) ? undefined : values.map((_, index) => read.right[`V${index}`])
}

const literal: Flags = { isLiteral: true, isMultiline: false }
const forms: ReadonlyArray<Flags> = [
  literal,
  { isLiteral: false, isMultiline: false },
  { isLiteral: false, isMultiline: true }
]

/** Pieces that mean something to Coolify, to Compose, to JSON or to YAML, among anything else. */
const piece = FastCheck.oneof(
  FastCheck.constantFrom(
    ..."'\"\\$#{}[]:,`|=&;<>()!*?~%@ \n\t\r",
    " #",
    "$HOME",
    "${HOME}",
    "$$",
    "${",
    "\\n",
    "\\'",
    "\r\n",
    "{{team.X}}",
    "export ",
    "V0",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\u00e9",
    "\u{1f511}",
    "\u2028"
  ),
  FastCheck.string({ unit: printable, maxLength: 3 }),
  FastCheck.string({ unit: "binary-ascii", maxLength: 3 })
)
const text = FastCheck.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""))
const json = FastCheck.tuple(
  FastCheck.oneof(
    FastCheck.dictionary(text, FastCheck.oneof(text, FastCheck.integer(), FastCheck.constant(null)), {
      maxKeys: 3
    }),
    FastCheck.array(text, { maxLength: 3 })
  ),
  FastCheck.constantFrom(undefined, 1, "\t")
).map(([value, indent]) => JSON.stringify(value, undefined, indent))
const value = FastCheck.oneof({ arbitrary: text, weight: 3 }, { arbitrary: json, weight: 2 })

describe("any value", () => {
  it.prop(
    "arrives byte for byte, beside any others, or was refused",
    [FastCheck.array(value, { minLength: 1, maxLength: 4 })],
    ([values]) => {
      const sendable = values.filter((one) => valueProblem(one) === undefined)
      assert.deepStrictEqual(arrived(sendable, literal), sendable)
    },
    { fastCheck: { numRuns: 1000 } }
  )

  it.prop(
    "that was written by somebody else is only taken over if it arrives as its text says",
    [value, FastCheck.constantFrom(...forms)],
    ([one, flags]) => {
      FastCheck.pre(arrivesAsWritten(one, flags))
      assert.deepStrictEqual(arrived([one], flags), [one])
    },
    { fastCheck: { numRuns: 600 } }
  )

  it.prop(
    "is refused for a reason: sent all the same it does not arrive, or ends in a `\\` or holds a `'` or a control character",
    [value],
    ([one]) => {
      const problem = valueProblem(one)
      FastCheck.pre(problem !== undefined && !["Backslash", "Quote", "Control"].includes(problem.kind))
      assert.notDeepEqual(arrived([one], literal), [one])
    },
    { fastCheck: { numRuns: 600 } }
  )
})

describe("a value at which Compose stops", () => {
  it.prop(
    "is known for one",
    [value, FastCheck.constantFrom(...forms)],
    ([one, flags]) => {
      FastCheck.pre(arrived([one], flags) === undefined)
      assert.isTrue(mayStopDeployment(trimmed(one), flags))
    },
    { fastCheck: { numRuns: 300 } }
  )
})

describe("a value", () => {
  const refused: ReadonlyArray<readonly [string, string]> = [
    [" ", "OnlyBlanks"],
    ["\n\t", "OnlyBlanks"],
    ["\u200b", "OnlyBlanks"],
    ["[api] ", "Blank"],
    [" a", "Blank"],
    ["\u00a0a", "Blank"],
    ["a\u200b", "Blank"],
    ["-----BEGIN KEY-----\nabc\n-----END KEY-----\n", "FinalBreak"],
    ["a\r\n", "FinalBreak"],
    ["it's", "Quote"],
    [String.raw`it\'s`, "Quote"],
    ["'quoted'", "Quote"],
    ["''", "Quote"],
    ["tail\\", "Backslash"],
    ["tail\\\\", "Backslash"],
    ['{"a":"$HOME"}', "JsonReference"],
    ['{"a":"${HOME}"}', "JsonReference"],
    ['["a$$b"]', "JsonReference"],
    ['["a #b"]', "JsonComment"],
    ['{\n "a": "b"\n}', "JsonLines"],
    [String.raw`["\ud800'"]`, "Quote"],
    ["a\0b", "Control"],
    ["a\u001b[2J", "Control"],
    ["\ud800", "Control"]
  ]
  for (const [one, kind] of refused) {
    it(`${JSON.stringify(one)} is refused: ${kind}`, () => assert.strictEqual(valueProblem(one)?.kind, kind))
  }

  it("is never shown by the reason", () => {
    for (const [one] of refused) {
      const problem = valueProblem(`SECRET${one}SECRET`) ?? valueProblem(one)
      assert.notInclude(`${problem?.what} ${problem?.hint}`, "SECRET")
    }
  })

  const table = fileURLToPath(new URL("../../../shared/data/coolify-recorded/values.tsv", import.meta.url))
  if (!existsSync(table)) process.stderr.write(`VariableValue: one test skipped, there is no ${table}\n`)
  it.skipIf(!existsSync(table))("of the measured table is sent only where literal carried it", () => {
    const lines = readFileSync(table, "utf8")
      .split("\n")
      .slice(1)
      .filter((line) => line !== "")
    const cautious = new Set(["w_bs2_end"])
    for (const cells of lines) {
      const [name = "", sent = ""] = cells.split("\t")
      const literally = cells.split("\t")[6]
      if (sent.endsWith("characters)")) continue
      const isSent = valueProblem(JSON.parse(sent) as string) === undefined
      assert.strictEqual(isSent, literally === "exact" && !cautious.has(name), name)
    }
  })
})
