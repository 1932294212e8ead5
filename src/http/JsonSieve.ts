/**
 * Reads JSON as it arrives and keeps what is asked for, so that the memory for an answer does not depend on what a
 * server sends. What is kept is JSON again, for a strict parser; what is dropped is only followed to its end.
 */
import { Buffer } from "node:buffer"
import { type Frame, hashed, type Index, indexOf, isSame } from "./FieldIndex.ts"
import {
  backslash,
  byteOrderMark,
  closeBrace,
  closeBracket,
  colon,
  comma,
  inEscape,
  isBlank,
  isClosing,
  isOpening,
  isScalarStart,
  isUtf8Rest,
  lessThan,
  letterU,
  makeBytes,
  openBrace,
  openBracket,
  quote
} from "./JsonBytes.ts"
import type { Keep, KeepParts } from "./Keep.ts"
import { makeUnescape } from "./Unescape.ts"

/** Takes the inside of one JSON string, unescaped, and says in JSON what becomes of it. */
export interface TextReader {
  readonly push: (bytes: Uint8Array) => void
  /** `undefined` drops the field. */
  readonly end: () => string | undefined
}

export interface SieveOptions {
  readonly keep: Keep
  /** Bytes; with more of them to keep the sieve is `full`. */
  readonly longest: number
  /** Bytes of one text that are kept; one that is longer ends early, with `onCut`. */
  readonly longestText?: number
  readonly onCut?: () => void
  /** Hears of each element of a list at the top, and gets it instead of the result. */
  readonly onItem?: (json: Buffer) => void
  /** Reads the text of a kept field of this name. */
  readonly texts?: { readonly field: string; readonly reader: () => TextReader }
}

/** `markup`: HTML or XML. */
export type Fault = "full" | "markup" | "not-json"

export interface Sieve {
  /** `undefined` as long as all is well. Nothing may be pushed after a fault. */
  readonly push: (chunk: Uint8Array) => Fault | undefined
  /** What was kept, or what was wrong with the whole. */
  readonly end: () => { readonly json: string } | Fault | "empty"
}

/** Names longer than this are nobody's fields. */
const longestName = 256

/** What is being read: a name, the inside of a value, a text for its reader, or what stands between them. */
type Mode = "between" | "name" | "value" | "text"
type Expects = "value" | "first-value" | "name" | "first-name" | "colon" | "comma" | "nothing"

export const makeSieve = (options: SieveOptions): Sieve => {
  const { keep, longest, longestText = Infinity, onItem, texts } = options
  const out = makeBytes()
  const name = Buffer.alloc(longestName)
  let nameLength = 0
  let nameHash = 0
  const indexes = new Map<KeepParts, Index>()
  const textName = Buffer.from(texts?.field ?? "")
  const frames: Array<Frame> = []
  let expects: Expects = "value"
  let mode: Mode = "between"
  /** Of the value that comes next; `undefined` drops it. */
  let next: Keep | undefined = keep
  let marked = 0
  let fault: Fault | undefined

  // Of the value or name that is being read.
  let copies = false
  let depth = 0
  let inString = false
  let isScalar = false
  /** Bytes of an escape that are still to come, `inEscape` behind its backslash. */
  let escape = 0
  /** Where the chunk has its next backslash, once it was looked for. */
  let nextBackslash = -1
  let textBytes = 0
  let cut = false
  let reader: TextReader | undefined
  let unescape = makeUnescape()

  const reads = (what: Mode) => mode === what

  const begin = (frame: Frame) => {
    if (frame.begun) out.addByte(comma)
    frame.begun = true
  }

  /** The name that was read goes before its value. */
  const beginField = (frame: Frame) => {
    begin(frame)
    out.addByte(quote)
    out.add(name, 0, nameLength)
    out.addText('":')
  }

  const afterValue = () => {
    mode = "between"
    const frame = frames.at(-1)
    expects = frame === undefined ? "nothing" : "comma"
    if (onItem !== undefined && frames.length === 1 && frame?.isList === true) {
      onItem(out.view())
      out.clear()
      frame.begun = false
    }
  }

  const open = (isList: boolean, parts: KeepParts) => {
    out.addByte(isList ? openBracket : openBrace)
    if (onItem !== undefined && frames.length === 0 && isList) out.clear()
    const index = indexes.get(parts) ?? indexOf(parts)
    indexes.set(parts, index)
    frames.push({ parts, index, isList, begun: false })
    expects = isList ? "first-value" : "first-name"
  }

  const close = (byte: number) => {
    frames.pop()
    if (onItem === undefined || frames.length > 0 || byte === closeBrace) out.addByte(byte)
    afterValue()
  }

  const startValue = (byte: number): boolean => {
    const frame = frames.at(-1)
    if (!isOpening(byte) && !isScalarStart(byte)) return false
    if (frame !== undefined && next !== undefined) {
      const isText = texts !== undefined && byte === quote && !frame.isList
      if (isText && isSame(textName, name, nameLength)) {
        mode = "text"
        unescape = makeUnescape()
        reader = texts.reader()
        return true
      }
      if (frame.isList) begin(frame)
      else beginField(frame)
    }
    const isList = byte === openBracket
    if (next !== undefined && next !== "whole" && isOpening(byte)) {
      if (!isList || next.items !== undefined) {
        open(isList, next)
        return true
      }
    }
    mode = "value"
    copies = next !== undefined
    depth = isOpening(byte) ? 1 : 0
    inString = byte === quote
    isScalar = depth === 0 && !inString
    escape = 0
    textBytes = 0
    cut = false
    return true
  }

  /** Ends the value at `end` of the chunk. */
  const endValue = (chunk: Uint8Array, from: number, end: number): number => {
    if (copies && !cut) out.add(chunk, from, end)
    afterValue()
    return end
  }

  /** Reads on in a text; without a limit only its quotes and backslashes are looked for. */
  const readString = (chunk: Uint8Array, start: number): number => {
    let at = start
    while (at < chunk.length) {
      if (escape > 0) {
        escape = 0
        at += 1
      }
      const quoteAt = chunk.indexOf(quote, at)
      const end = quoteAt < 0 ? chunk.length : quoteAt
      let backslashAt = nextBackslash >= at ? nextBackslash : chunk.indexOf(backslash, at)
      if (backslashAt < 0) backslashAt = Infinity
      nextBackslash = backslashAt
      if (backslashAt < end) {
        escape = 1
        at = backslashAt + 1
      } else {
        inString = quoteAt < 0
        return inString ? end : end + 1
      }
    }
    return at
  }

  /** Reads on in a text that may end early: not inside an escape, and not inside a character. */
  const readLimited = (chunk: Uint8Array, start: number): number => {
    let escaped = escape
    let bytes = textBytes
    let at = start
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0
      if (escaped > 0) {
        escaped = escaped < inEscape ? escaped - 1 : byte === letterU ? 4 : 0
      } else if (byte === quote) {
        inString = false
        break
      } else {
        if (bytes > longestText && !isUtf8Rest(byte) && !cut) {
          out.add(chunk, start, at)
          out.addByte(quote)
          cut = true
          options.onCut?.()
        }
        if (byte === backslash) escaped = inEscape
      }
      bytes += 1
    }
    escape = escaped
    textBytes = bytes
    return Math.min(at + 1, chunk.length)
  }

  /** Reads on in a value from `start` to its end or that of the chunk. */
  const readValue = (chunk: Uint8Array, start: number): number => {
    if (inString && depth === 0) {
      const end = copies && longestText < Infinity ? readLimited(chunk, start) : readString(chunk, start)
      if (!inString) return endValue(chunk, start, end)
      if (copies && !cut) out.add(chunk, start, end)
      return end
    }
    let at = start
    while (at < chunk.length) {
      if (inString) {
        at = readString(chunk, at)
        continue
      }
      const byte = chunk[at] ?? 0
      if (isScalar) {
        if (byte === comma || isClosing(byte) || isBlank(byte)) return endValue(chunk, start, at)
      } else if (byte === quote) inString = true
      else if (isOpening(byte)) depth += 1
      else if (isClosing(byte)) {
        depth -= 1
        if (depth === 0) return endValue(chunk, start, at + 1)
      }
      at += 1
    }
    if (copies) out.add(chunk, start, at)
    return at
  }

  const readText = (chunk: Uint8Array, start: number): number => {
    const { end, isOver, plain } = unescape(chunk, start)
    reader?.push(plain)
    if (!isOver) return end
    const json = reader?.end()
    const frame = frames.at(-1)
    if (json !== undefined && frame !== undefined) {
      beginField(frame)
      out.addText(json)
    }
    reader = undefined
    afterValue()
    return end
  }

  const readName = (chunk: Uint8Array, start: number): number => {
    let at = start
    let length = nameLength
    let hash = nameHash
    for (; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0
      if (escape > 0) escape = 0
      else if (byte === backslash) escape = 1
      else if (byte === quote) break
      hash = hashed(hash, byte)
      if (length < longestName) name[length] = byte
      length += 1
    }
    nameLength = length
    nameHash = hash
    if (at === chunk.length) return at
    mode = "between"
    expects = "colon"
    next = undefined
    const frame = frames.at(-1)
    if (frame !== undefined && length <= longestName) {
      const known = frame.index.get(hash)?.find(([one]) => isSame(one, name, length))
      next = known === undefined ? frame.parts.rest : known[1]
    }
    return at + 1
  }

  /** One byte between values; `false` when it does not belong there. */
  const step = (byte: number): boolean => {
    const frame = frames.at(-1)
    switch (expects) {
      case "colon":
        expects = "value"
        return byte === colon
      case "comma":
        if (byte === comma) expects = frame?.isList === true ? "value" : "name"
        else if (byte === (frame?.isList === true ? closeBracket : closeBrace)) close(byte)
        else return false
        return true
      case "first-name":
      case "name":
        if (byte === closeBrace && expects === "first-name") {
          close(byte)
          return true
        }
        nameLength = 0
        nameHash = 0
        escape = 0
        mode = "name"
        return byte === quote
      case "first-value":
      case "value":
        if (byte === closeBracket && expects === "first-value") {
          close(byte)
          return true
        }
        if (frame?.isList === true) next = frame.parts.items
        return startValue(byte)
      case "nothing":
        return false
    }
  }

  const push = (chunk: Uint8Array): Fault | undefined => {
    let at = 0
    nextBackslash = -1
    while (at < chunk.length && fault === undefined) {
      if (reads("value")) at = readValue(chunk, at)
      else if (reads("text")) at = readText(chunk, at)
      else if (reads("name")) at = readName(chunk, at)
      else {
        const byte = chunk[at] ?? 0
        const isFirst = expects === "value" && frames.length === 0
        if (isFirst && byte === byteOrderMark[marked]) marked += 1
        else if (!isBlank(byte)) {
          if (!step(byte)) fault = isFirst && byte === lessThan ? "markup" : "not-json"
          else if (reads("value") && copies) out.addByte(byte)
        }
        at += 1
      }
      if (out.length() > longest) fault ??= "full"
    }
    return fault
  }

  return {
    push,
    end: () => {
      if (fault !== undefined) return fault
      if (mode === "value" && isScalar && frames.length === 0) afterValue()
      if (mode === "between" && expects === "nothing") return { json: out.view().toString() }
      return mode === "between" && expects === "value" && frames.length === 0 ? "empty" : "not-json"
    }
  }
}
