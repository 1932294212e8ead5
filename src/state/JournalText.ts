/**
 * The form of a journal: one JSON object a line, numbered, each with a checksum over itself and the one before. The
 * file is longer than its text: newlines follow, which later lines overwrite, so that they need no room of their own.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"

const Line = Schema.parseJson(
  Schema.Struct({ seq: Schema.Number, prev: Schema.String, sum: Schema.String, entry: Schema.Unknown })
)

/** Where the next line goes, and what it follows. */
export interface Tail {
  readonly seq: number
  readonly sum: string
  /** Bytes. */
  readonly end: number
}

export const start: Tail = { seq: 0, sum: "", end: 0 }

const checksum = (seq: number, prev: string, entry: unknown): string =>
  createHash("sha256")
    .update(`${seq}\n${prev}\n${JSON.stringify(entry)}`)
    .digest("hex")
    .slice(0, 16)

/** The line of an entry, with its newline, and the tail behind it. */
export const nextLine = (tail: Tail, entry: unknown): { readonly bytes: Uint8Array; readonly tail: Tail } => {
  const seq = tail.seq + 1
  const sum = checksum(seq, tail.sum, entry)
  const bytes = new TextEncoder().encode(`${JSON.stringify({ seq, prev: tail.sum, sum, entry })}\n`)
  return { bytes, tail: { seq, sum, end: tail.end + bytes.length } }
}

interface Read {
  readonly entries: ReadonlyArray<unknown>
  readonly tail: Tail
}

const parse = (bytes: Uint8Array) =>
  Option.filter(
    Schema.decodeOption(Line)(new TextDecoder().decode(bytes)),
    ({ seq, prev, sum, entry }) => sum === checksum(seq, prev, entry)
  )

/**
 * Reads what was written. A last line that is not whole was being written when the process died, and is dropped: what
 * it announced was not sent yet. One that is not whole with whole ones behind it is damage: `Left`, with its number.
 */
export const read = (bytes: Uint8Array): Either.Either<Read, number> => {
  const entries: Array<unknown> = []
  let tail = start
  let broken: number | undefined
  let from = 0
  let number = 0
  while (from < bytes.length) {
    const newline = bytes.indexOf(10, from)
    const text = bytes.subarray(from, newline === -1 ? bytes.length : newline)
    from += text.length + 1
    if (text.length === 0) continue
    number += 1
    const line = newline === -1 ? Option.none() : parse(text)
    if (Option.isNone(line)) {
      broken ??= number
      continue
    }
    const { seq, prev, sum, entry } = line.value
    if (broken !== undefined || seq !== tail.seq + 1 || prev !== tail.sum)
      return Either.left(broken ?? number)
    entries.push(entry)
    tail = { seq, sum, end: from }
  }
  return Either.right({ entries, tail })
}
