/** The bytes that JSON is made of (RFC 8259), and bytes that are collected piece by piece. */
import { Buffer } from "node:buffer"

export const quote = 0x22
export const comma = 0x2c
export const colon = 0x3a
export const backslash = 0x5c
export const letterU = 0x75
export const openBrace = 0x7b
export const closeBrace = 0x7d
export const openBracket = 0x5b
export const closeBracket = 0x5d
export const lessThan = 0x3c
/** May stand before everything, as in any UTF-8 text. */
export const byteOrderMark: ReadonlyArray<number> = [0xef, 0xbb, 0xbf]

export const isBlank = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
export const isOpening = (byte: number) => byte === openBrace || byte === openBracket
export const isClosing = (byte: number) => byte === closeBrace || byte === closeBracket
/** A quote, a minus, a digit, or the first letter of a literal. */
export const isScalarStart = (byte: number) =>
  byte === quote ||
  byte === 0x2d ||
  (byte >= 0x30 && byte <= 0x39) ||
  byte === 0x66 ||
  byte === 0x6e ||
  byte === 0x74
export const isUtf8Rest = (byte: number) => (byte & 0xc0) === 0x80

/** Behind a backslash: one byte more, or `u` and four. */
export const inEscape = 5

/** Bytes that are collected piece by piece. */
export const makeBytes = () => {
  let bytes = Buffer.alloc(1024)
  let length = 0
  const room = (more: number) => {
    if (length + more <= bytes.length) return
    const wider = Buffer.alloc(Math.max(bytes.length * 2, length + more))
    bytes.copy(wider, 0, 0, length)
    bytes = wider
  }
  return {
    length: () => length,
    clear: () => void (length = 0),
    add: (from: Uint8Array, start: number, end: number) => {
      room(end - start)
      // A view of the piece costs more than copying a short one.
      if (end - start > 64) bytes.set(from.subarray(start, end), length)
      else for (let at = start; at < end; at += 1) bytes[length + at - start] = from[at] ?? 0
      length += end - start
    },
    addByte: (byte: number) => {
      room(1)
      bytes[length] = byte
      length += 1
    },
    addText: (text: string) => {
      const size = Buffer.byteLength(text)
      room(size)
      bytes.write(text, length)
      length += size
    },
    view: () => bytes.subarray(0, length)
  }
}
