import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { maxSpecBytes, parseSpec } from "../../src/appspec/ParseSpec.ts"
import { size } from "../reliability/Scale.ts"

const testApi = readFileSync(new URL("../../fixtures/test-api.yaml", import.meta.url), "utf8")
const gitApp = readFileSync(new URL("../../fixtures/git-app.yaml", import.meta.url), "utf8")

const base = "name: a\ndomain: a.example.com\nport: 1\n"

const problems = (text: string) => {
  const result = parseSpec(text, "spec.yaml")
  assert.isTrue(Either.isLeft(result), "accepted")
  return Either.getOrThrow(Either.flip(result)).problems
}

const told = (text: string) =>
  problems(text).map(({ line, column, message }) => `${line}:${column} ${message}`)

describe("YAML that a spec may not use", () => {
  it.each([
    ["a: &x 1", "1:4 anchors (`&name`) are not supported"],
    ["&x a: 1", "1:1 anchors (`&name`) are not supported"],
    ["&x\na: 1", "1:1 anchors (`&name`) are not supported"],
    ["a:\n  - &x 1", "2:5 anchors (`&name`) are not supported"],
    ["a: &x |\n  text", "1:4 anchors (`&name`) are not supported"],
    ["a: [b, &x c]", "1:8 anchors (`&name`) are not supported"],
    ["a: *x", "1:4 aliases (`*name`) are not supported"],
    ["*x : 1", "1:1 aliases (`*name`) are not supported"],
    ["a: [*x]", "1:5 aliases (`*name`) are not supported"],
    ["a: !!str 1", "1:4 tags (`!name`) are not supported"],
    ["!x a: 1", "1:1 tags (`!name`) are not supported"],
    ["a: !!js/function |\n  x", "1:4 tags (`!name`) are not supported"],
    ["a: !<tag:yaml.org,2002:str> x", "1:4 tags (`!name`) are not supported"],
    ["%YAML 1.1\n---\na: 1", "1:1 YAML directives are not supported"],
    ["%TAG ! x\n---\na: 1", "1:1 YAML directives are not supported"],
    ["a: 1\n---\nb: 1", "2:1 only one document per file"],
    ["a: 1\n...\nb: 1", "3:1 only one document per file"],
    ["<<: { a: 1 }", "1:1 merge keys (`<<`) are not supported"],
    ["1: a", "1:1 a key must be text, not a number"],
    ["true: a", "1:1 a key must be text, not a boolean"],
    ["~: a", "1:1 a key must be text, not nothing"],
    ["? [a]\n: b", "1:3 a key must be text, not a list"],
    ["domain: {{ domain }}", "1:10 a key must be text, not a map"],
    ["a: 1\na: 2", "2:1 duplicate key `a`"],
    ['a: 1\n"a": 2', "2:1 duplicate key `a`"],
    ["a: \u0000", "1:4 control characters are not allowed"],
    ["a: \u001B[31m", "1:4 control characters are not allowed"],
    ["a: \u0085", "1:4 control characters are not allowed"],
    ["a: \uD800", "1:4 control characters are not allowed"],
    ["a: 1\rb: 2", "1:5 a carriage return without a line feed"],
    ['name: "\\uD800"', "1:7 control characters are not allowed"],
    ['"a\\0": 1', "1:1 control characters are not allowed"]
  ])("%j", (text, expected) => {
    assert.include(told(text), expected)
  })

  it("tells all of them", () => {
    const found = problems("a: &x 1\nb: *x\nc: !!str 2\n").map(({ line, column }) => [line, column])
    assert.deepStrictEqual(found, [
      [1, 4],
      [2, 4],
      [3, 4]
    ])
  })
})

describe("broken YAML is told in place, in one problem, without the library's words", () => {
  it.each([
    ['a: "x', 1],
    ["a: 'x", 1],
    ["a: [1, 2", 1],
    ["a: {b: 1", 1],
    ["a: ]", 1],
    ["a: b: c", 1],
    ["a:\n\tb: 1", 2],
    ["a: 1\n b: 2", 2],
    ["a:\n  b: 1\n c: 2", 3],
    ["name: a\ndomain", 2],
    ["a: @x", 1],
    ["a: `x`", 1],
    ["a: % x", 1],
    ['a: "\\q"', 1],
    ['a: "x" y', 1],
    ["a: |x\n  b", 1],
    ["a: - b", 1],
    ["[a", 1]
  ])("%j", (text, line) => {
    const found = problems(text)
    assert.strictEqual(found[0]?.line, line)
    for (const { message, hint } of found) {
      assert.notMatch(`${message} ${hint}`, /flow|implicit|collection|scalar|token|resolve|YAMLParse|at \//i)
    }
  })
})

describe("bombs", () => {
  const laughs = [
    "a0: &a0 [lol, lol]",
    ...Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)
  ]

  it("a billion laughs is a list of refusals", () => {
    const found = problems(laughs.join("\n"))
    assert.strictEqual(found.length, 31 + 60)
  })

  const fill = (unit: string) => unit.repeat(Math.floor(maxSpecBytes / unit.length))
  const stairs = Array.from({ length: 350 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")

  it.each(
    ["[", "{", "- ", "? ", ": ", "a: ", "[{", "{a: ", "- [", "[#\n", "? {"].map((unit) => [
      JSON.stringify(unit),
      fill(unit)
    ])
  )("%s over and over is refused for its depth", (_, text) => {
    const found = problems(text)
    assert.isTrue(found.some(({ message }) => message === "nested more than 32 levels deep"))
  })

  it("a staircase is refused for its depth, once", () => {
    assert.deepStrictEqual(
      problems(stairs).map(({ message }) => message),
      ["nested more than 32 levels deep"]
    )
  })

  it.each(
    [
      "]",
      ",",
      "[,",
      "a: [\n",
      "---\n",
      "...\n",
      "&a ",
      "*a ",
      "! ",
      "%a\n",
      "#\n",
      "\n",
      " ",
      "\t",
      "\r",
      '"',
      "'",
      "|\n",
      "a: #\n",
      "? [\n",
      "a\n",
      "\u0000",
      "k: 1\n",
      "ä",
      "\uD83D\uDE00"
    ].map((unit) => [JSON.stringify(unit), fill(unit)])
  )("%s over and over is refused", (_, text) => {
    assert.isAbove(problems(text).length, 0)
  })

  it.each(["? ", "- ", "a: [", "[", "{"].map((unit) => [unit]))(
    "%s over and over, with a line less deep behind it, does not exhaust the stack",
    (unit) => {
      const text = `name: a\nhealthcheck:\n  ${unit.repeat(10_000)}\nenv: {}\n`
      assert.include(
        problems(text).map(({ message }) => message),
        "nested more than 32 levels deep"
      )
    }
  )

  it.each([
    ["source: { git: 'https://github.com/", "/", "x' }"],
    ["source: { image: x }\ndns: { target: '", "例", ".jp' }"]
  ])("one value that takes the square of its length to read: %s", (head, unit, tail) => {
    const left = maxSpecBytes - Buffer.byteLength(`${base}${head}${tail}`)
    const text = `${base}${head}${unit.repeat(Math.floor(left / Buffer.byteLength(unit)))}${tail}`
    const started = process.cpuUsage()
    assert.strictEqual(problems(text).length, 1)
    assert.isBelow(process.cpuUsage(started).user / 1000, 500)
  })

  it("is refused by its size before it is parsed", () => {
    for (const text of ["[".repeat(20_000_000), "ä".repeat(maxSpecBytes / 2 + 1)]) {
      const [problem, ...more] = problems(text)
      assert.deepStrictEqual(
        [problem?.line, problem?.message, more],
        [0, "the file is larger than 64 KiB", []]
      )
    }
  })

  it("exactly 64 KiB is not too large", () => {
    const text = `${testApi}\n#`
    assert.isTrue(
      Either.isRight(parseSpec(text + "x".repeat(maxSpecBytes - Buffer.byteLength(text)), "spec.yaml"))
    )
  })
})

describe("keys that JavaScript gives a meaning to", () => {
  const heads = [
    "",
    "source:\n  ",
    "env:\n  ",
    "secrets:\n  ",
    "dns:\n  ",
    "healthcheck:\n  ",
    "healthcheck:\n  release:\n    ",
    "coolify:\n  ",
    "expose:\n  ",
    "zzzzzz:\n  "
  ]
  const keys = [
    "__proto__",
    '"__proto__"',
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf"
  ]
  const cases = heads.flatMap((head) => keys.map((key) => [head, key] as const))

  it.each(cases)("%j %s", (head, key) => {
    const text = `name: a\ndomain: a.example.com\nport: 1\n${head}${key}: { polluted: yes, name: b, port: 2 }\n`
    assert.isAbove(problems(text).length, 0)
    assert.isUndefined(Object.getOwnPropertyDescriptor(Object.prototype, "polluted"))
  })

  it("a variable may be called constructor, and is an own one", () => {
    const spec = Either.getOrThrow(parseSpec(`${testApi}`.replace("LOG_LEVEL", "constructor"), "spec.yaml"))
    assert.isTrue(Object.hasOwn(spec.env, "constructor"))
    assert.strictEqual(Object.getPrototypeOf(spec.env), Object.prototype)
  })
})

describe("anything at all", () => {
  /** An answer, positions inside the text, nothing to move a cursor, and no canary. */
  const holds = (text: string) => {
    const result = parseSpec(text, "spec.yaml")
    if (Either.isRight(result)) return
    const lines = text.split("\n")
    const { message, problems: found } = result.left
    assert.isAbove(found.length, 0)
    // oxlint-disable-next-line no-control-regex -- they are what must be absent
    assert.notMatch(message, /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/)
    for (const { line, column } of found) {
      if (line === 0) continue
      assert.isAtMost(line, lines.length)
      assert.isAtLeast(column, 1)
      assert.isAtMost(column, (lines[line - 1] ?? "").length + 1)
    }
  }

  const special = FastCheck.constantFrom(
    ..."[]{},:?-&*!|>'\"%@`#\n\t \r~\\=<",
    ": ",
    "- ",
    "\n  ",
    "---\n",
    "...\n",
    "<<",
    "__proto__",
    "name: ",
    "source:\n  ",
    "\uFEFF",
    "\u0000",
    "\uD800"
  )

  it.prop(
    "bytes",
    [FastCheck.uint8Array({ maxLength: 200 })],
    ([bytes]) => holds(new TextDecoder().decode(bytes)),
    { fastCheck: { numRuns: size(150, 500) } }
  )

  it.prop(
    "characters that mean something",
    [FastCheck.array(FastCheck.oneof(special, FastCheck.string({ maxLength: 3 })), { maxLength: 60 })],
    ([pieces]) => holds(pieces.join("")),
    { fastCheck: { numRuns: size(300, 1000) } }
  )

  it.prop(
    "a good spec with pieces cut out, put in and moved",
    [
      FastCheck.constantFrom(testApi, gitApp),
      FastCheck.array(FastCheck.tuple(FastCheck.nat(700), FastCheck.nat(12), special), {
        minLength: 1,
        maxLength: 6
      })
    ],
    ([text, edits]) =>
      holds(edits.reduce((now, [at, cut, piece]) => now.slice(0, at) + piece + now.slice(at + cut), text)),
    { fastCheck: { numRuns: size(300, 1000) } }
  )
})
