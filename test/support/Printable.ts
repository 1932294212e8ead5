import * as FastCheck from "effect/FastCheck"

const among = (first: number, last: number) =>
  FastCheck.integer({ min: first, max: last }).map((point) => String.fromCodePoint(point))

/**
 * A printable character of one of several scripts, some of more than one code point or code unit. FastCheck's own
 * `grapheme` knows them all, and takes more than a second of each file that draws one.
 */
export const printable = FastCheck.oneof(
  among(0x20, 0x7e),
  among(0xa1, 0xac),
  among(0xae, 0x17f),
  among(0x391, 0x3a1),
  among(0x5d0, 0x5ea),
  among(0x3041, 0x3096),
  among(0x4e00, 0x9fff),
  among(0x1f300, 0x1f5ff),
  FastCheck.constantFrom("e\u0301", "n\u0303", "\u{1F469}\u{1F3FD}", "\u{1F1E9}\u{1F1EA}")
)
