/**
 * The build log of a deployment: a JSON text inside the JSON of the answer, with every line since the beginning, in
 * every answer. Only the newest lines are kept.
 */
import { Buffer } from "node:buffer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { DeploymentLogLine } from "./endpoints/Deployments.ts"
import { type Fault, makeSieve, type TextReader } from "../http/JsonSieve.ts"

/** Bytes of all lines that are kept of one answer. */
const mostBytes = 4 * 1024 * 1024
/** Characters of one line that are shown. */
const longestLine = 64 * 1024
/** Bytes that are read of one line: what is shown, and behind it the rest of a secret that begins in it. An escaped character has six. */
const longestRead = 8 * longestLine

const Entry = Schema.Struct({
  output: Schema.optionalWith(Schema.String, { nullable: true, default: () => "" }),
  type: Schema.optionalWith(Schema.String, { nullable: true, default: () => "stdout" }),
  cut: Schema.optionalWith(Schema.Boolean, { default: () => false })
})
const Kept = Schema.Struct({ before: Schema.Int, lines: Schema.Array(Entry) })
const decodeKept = Schema.decodeUnknownOption(Kept)

const entry = new Map([
  ["output", "whole" as const],
  ["type", "whole" as const],
  ["hidden", "whole" as const]
])

/** Reads the text of a log into `{before, lines}`: its newest visible lines, and how many were before them. */
export const makeLogReader = (most = mostBytes): TextReader => {
  const lines: Array<Buffer> = []
  let first = 0
  let bytes = 0
  let wasCut = false
  let fault: Fault | undefined
  const sieve = makeSieve({
    keep: { fields: new Map(), items: { fields: entry } },
    longest: 2 * longestRead,
    longestText: longestRead,
    onCut: () => void (wasCut = true),
    onItem: (json) => {
      const isCut = wasCut
      wasCut = false
      // A quote inside a text stands behind a backslash: this can only be the field itself.
      if (json.includes('"hidden":true')) return
      const line = isCut
        ? Buffer.concat([json.subarray(0, -1), Buffer.from(',"cut":true}')])
        : Buffer.from(json)
      lines.push(line)
      bytes += line.length
      while (bytes > most && first < lines.length - 1) {
        bytes -= lines[first]?.length ?? 0
        lines[first] = nothing
        first += 1
      }
    }
  })
  return {
    push: (chunk) => {
      fault ??= sieve.push(chunk)
    },
    end: () => {
      const end = fault ?? sieve.end()
      if (end !== "empty" && (typeof end === "string" || end.json !== "")) return undefined
      return `{"before":${first},"lines":[${lines.slice(first).join(",")}]}`
    }
  }
}

const nothing = Buffer.alloc(0)

/**
 * What the reader made of a log. One that cannot be read hides nothing that a decision needs, so it counts as not
 * shown. `hide` takes the secrets out of a line before its end is cut off: half a secret would not be known as one.
 */
export const toLog = (
  log: unknown,
  hide: (text: string) => string
): { readonly before: number; readonly lines: ReadonlyArray<DeploymentLogLine> | undefined } => {
  if (log === undefined) return { before: 0, lines: undefined }
  if (log === null) return { before: 0, lines: [] }
  return Option.match(decodeKept(log), {
    onNone: () => ({ before: 0, lines: undefined }),
    onSome: ({ before, lines }) => ({
      before,
      lines: lines.map(({ cut, output, type }): DeploymentLogLine => ({
        stream: type === "stderr" ? "stderr" : "stdout",
        text: cut ? `${hide(output).slice(0, longestLine)}... (the line goes on)` : output
      }))
    })
  })
}
