import { Buffer } from "node:buffer"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { printable } from "../support/Printable.ts"
import { makeLogReader, toLog } from "../../src/coolify/BuildLog.ts"
import type { DeploymentLogLine } from "../../src/coolify/endpoints/Deployments.ts"
import { makeSieve } from "../../src/http/JsonSieve.ts"
import { type Keep, keepOf } from "../../src/http/Keep.ts"
import { isFull, size } from "../reliability/Scale.ts"

/** What the sieve makes of a text that comes in pieces of so many bytes. */
const sift = (text: string, keep: Keep, piece = 7, longest = 1e7, texts = false) => {
  const bytes = Buffer.from(text)
  const sieve = makeSieve({
    keep,
    longest,
    ...(texts ? { texts: { field: "logs", reader: () => makeLogReader() } } : {})
  })
  for (let at = 0; at < bytes.length; at += piece) {
    const fault = sieve.push(bytes.subarray(at, at + piece))
    if (fault !== undefined) return fault
  }
  return sieve.end()
}

const kept = (...from: Parameters<typeof sift>): unknown => {
  const end = sift(...from)
  assert.isObject(end, String(end))
  return typeof end === "object" ? JSON.parse(end.json) : undefined
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The same, of a value that is in memory already. */
const pruned = (value: unknown, keep: Keep | undefined): unknown => {
  if (keep === undefined || keep === "whole") return value
  if (Array.isArray(value))
    return keep.items === undefined ? value : value.map((one) => pruned(one, keep.items))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => keep.fields.has(name) || keep.rest !== undefined)
      .map(([name, inner]) => [name, pruned(inner, keep.fields.get(name) ?? keep.rest)])
  )
}

const Row = Schema.Struct({
  uuid: Schema.String,
  size: Schema.optional(Schema.Number),
  größe: Schema.optional(Schema.Unknown),
  settings: Schema.optionalWith(Schema.Struct({ a: Schema.Boolean }), { nullable: true })
})
const Rows = Schema.Union(Schema.Array(Row), Schema.Record({ key: Schema.String, value: Row }))
const keeps: Record<string, Keep> = {
  whole: keepOf(Schema.Unknown),
  row: keepOf(Row),
  rows: keepOf(Rows),
  nested: keepOf(Schema.Struct({ rows: Rows, a: Schema.Unknown }))
}

const name = FastCheck.constantFrom(
  "uuid",
  "size",
  "größe",
  "settings",
  "rows",
  "a",
  "junk",
  "",
  "lo\\gs",
  '"'
)
const value = FastCheck.letrec<{ any: unknown }>((tie) => ({
  any: FastCheck.oneof(
    { depthSize: "small", withCrossShrink: true },
    FastCheck.oneof(
      FastCheck.string({ unit: printable }),
      FastCheck.double({ noNaN: true, noDefaultInfinity: true })
    ),
    FastCheck.constantFrom<unknown>(null, true, false, "", "\\", '"', "{[,:]}", "\u2028 \ud83d\ude00"),
    FastCheck.array(tie("any"), { maxLength: 4 }),
    FastCheck.dictionary(name, tie("any"), { maxKeys: 5, noNullPrototype: true })
  )
})).any

describe("a sieve", () => {
  it.prop(
    "keeps what was asked for, wherever the text is cut into pieces",
    [
      value,
      FastCheck.constantFrom(...Object.keys(keeps)),
      FastCheck.integer({ min: 1, max: 40 }),
      FastCheck.boolean()
    ],
    ([given, which, piece, blanks]) => {
      const keep = keeps[which] ?? "whole"
      assert.deepStrictEqual(
        kept(JSON.stringify(given, null, blanks ? " \r\n\t" : ""), keep, piece),
        JSON.parse(JSON.stringify(pruned(given, keep)))
      )
    },
    { fastCheck: { numRuns: size(60, 400) } }
  )

  it.prop(
    "takes no beginning of a text for the whole",
    [value, FastCheck.double({ min: 0, max: 0.999, noNaN: true })],
    ([given, part]) => {
      const text = JSON.stringify([given])
      const end = sift(text.slice(0, Math.floor(text.length * part)), keeps["rows"] ?? "whole")
      assert.oneOf(end, ["empty", "not-json"])
    }
  )

  it("keeps no more than it may, and needs nothing for what it drops", () => {
    const row = (junk: string) => `[{"uuid":"a","junk":"${junk}"},{"uuid":"b","junk":{"x":["${junk}"]}}]`
    const keep = keeps["rows"] ?? "whole"
    assert.deepStrictEqual(kept(row("\\".repeat(200_000)), keep, 64, 100), [{ uuid: "a" }, { uuid: "b" }])
    assert.strictEqual(sift(`[{"uuid":"${"a".repeat(101)}"}]`, keep, 7, 100), "full")
    assert.strictEqual(sift("1".repeat(101), "whole", 7, 100), "full")
  })

  it("tells what is no JSON by its first bytes", () => {
    for (const [text, fault] of [
      ["<!doctype html>", "markup"],
      ["\ufeff \n<?xml", "markup"],
      ["", "empty"],
      [" \n", "empty"],
      ["Welcome", "not-json"],
      ["aaaa", "not-json"],
      ["{} {}", "not-json"],
      ['{"uuid" 1}', "not-json"],
      ['{"uuid":1 "size":2}', "not-json"],
      ['{"uuid":1,}', "not-json"],
      ["{,}", "not-json"],
      ["{uuid:1}", "not-json"],
      ['{"uuid":1]', "not-json"]
    ] as const) {
      assert.strictEqual(sift(text, keeps["row"] ?? "whole", 1), fault, text)
    }
    assert.deepStrictEqual(kept("\ufeff[]", keeps["rows"] ?? "whole"), [])
  })
})

describe("a build log", () => {
  const entry = (output: string, more: object = {}) => ({
    command: null,
    output,
    type: "stdout",
    timestamp: "2026-11-26T12:00:00.000000Z",
    hidden: false,
    batch: 1,
    ...more
  })
  const keep = keepOf(Schema.Struct({ status: Schema.String, logs: Schema.optional(Schema.Unknown) }))
  /** As PHP writes it: characters outside ASCII and slashes behind a backslash. */
  const php = (from: unknown) =>
    JSON.stringify(from)
      .replaceAll("/", "\\/")
      .replaceAll(/[^\0-\x7f]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)
  const read = (entries: unknown, piece = 1000, hide = (text: string) => text) => {
    const logs = typeof entries === "string" || entries === null ? entries : php(entries)
    const { status, logs: log } = kept(
      php({ status: "finished", logs, junk: 1 }),
      keep,
      piece,
      1e7,
      true
    ) as {
      status: string
      logs: unknown
    }
    assert.strictEqual(status, "finished")
    return toLog(log, hide)
  }
  const texts = ({ lines }: ReturnType<typeof toLog>) => lines?.map(({ text }) => text)

  it.prop(
    "arrives as its visible lines",
    [
      FastCheck.array(
        FastCheck.record({
          output: FastCheck.oneof(
            FastCheck.string({ unit: printable }),
            FastCheck.constantFrom('"hidden":true', 'a\\"b', "\u001b[2J", "größer/\ud83d\ude00\n")
          ),
          hidden: FastCheck.boolean(),
          stderr: FastCheck.boolean()
        })
      ),
      FastCheck.integer({ min: 1, max: 50 })
    ],
    ([lines, piece]) => {
      const entries = lines.map(({ output, hidden, stderr }) =>
        entry(output, { hidden, type: stderr ? "stderr" : "stdout" })
      )
      assert.deepStrictEqual(read(entries, piece), {
        before: 0,
        lines: lines
          .filter(({ hidden }) => !hidden)
          .map(({ output, stderr }): DeploymentLogLine => ({
            stream: stderr ? "stderr" : "stdout",
            text: output
          }))
      })
    }
  )

  it("that is long keeps its newest lines and says how many were before them", () => {
    const entries = Array.from({ length: 60_000 }, (_, at) => [
      entry(`secret command ${at}`, { hidden: true }),
      entry(`#${at} ${"x".repeat(90)}`)
    ]).flat()
    const log = read(entries, 64 * 1024)
    assert.isAbove(log.before, 10_000)
    assert.isAbove(log.lines?.length ?? 0, 10_000)
    assert.strictEqual(log.before + (log.lines?.length ?? 0), 60_000)
    assert.strictEqual(log.lines?.[0]?.text.split(" ")[0], `#${log.before}`)
    assert.strictEqual(log.lines?.at(-1)?.text.split(" ")[0], "#59999")
  })

  it("with an endless line ends that one early, not inside a character or a secret", () => {
    const secret = "s3cret".repeat(10)
    const shown = 64 * 1024
    const fillers = ["x", "\u00e9", "\ud83d\ude00", '\\"', "\n"]
    for (const [at, filler] of fillers.entries()) {
      for (const shift of isFull ? [0, 1] : [at % 2]) {
        const before = "y".repeat(shift) + filler.repeat(Math.ceil(shown / filler.length) - 20)
        const endless = before + secret + filler.repeat(8 * shown)
        const log = read([entry("first"), entry(endless), entry("last")], 5000, (text) =>
          text.replaceAll(secret, "[redacted]")
        )
        const [first, cut = "", last] = texts(log) ?? []
        assert.deepStrictEqual([first, last], ["first", "last"])
        assert.isTrue(cut.endsWith("... (the line goes on)"))
        assert.isTrue(cut.startsWith(before.slice(0, shown - 100)))
        assert.notInclude(cut, "s3cret")
        assert.isBelow(cut.length, shown + 100)
      }
    }
  })

  it("that cannot be read is not shown, one that is not there is empty", () => {
    for (const broken of ["{not json", "[{]", "{}", '"text"', "<html>"])
      assert.isUndefined(read(broken).lines, broken)
    assert.deepStrictEqual(read("").lines, [])
    assert.deepStrictEqual(read(null).lines, [])
    assert.deepStrictEqual(read([]).lines, [])
  })
})
