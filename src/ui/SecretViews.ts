/**
 * A text as its reader would decode it, with the way back: a secret of which only some characters are escaped, in whatever
 * case, is found where it reads as itself.
 */

/** Part of a text: from `start`, up to `end` without it. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Another reading of a text; `toText` tells where a part of it stands in the text. */
export interface View {
  readonly text: string
  readonly toText: (span: Span) => Span
}

/** The text with every match replaced; `undefined`: nothing matches. What a part of a replacement stands for is all of the match. */
export const rewritten = (
  text: string,
  pattern: RegExp,
  replacement: (match: RegExpExecArray) => string | undefined
): View | undefined => {
  // One entry for each replacement: where it stands in the view and in the text.
  const at: Array<number> = []
  const until: Array<number> = []
  const from: Array<number> = []
  const to: Array<number> = []
  let out = ""
  let copied = 0
  for (const match of text.matchAll(pattern)) {
    const put = replacement(match)
    if (put === undefined) continue
    out += text.slice(copied, match.index)
    at.push(out.length)
    from.push(match.index)
    out += put
    copied = match.index + match[0].length
    until.push(out.length)
    to.push(copied)
  }
  if (at.length === 0) return undefined
  out += text.slice(copied)
  const place = (position: number): Span => {
    let low = -1
    let high = at.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((at[middle] ?? Infinity) <= position) low = middle
      else high = middle
    }
    // An empty replacement stands nowhere: what is there comes behind it.
    if (low >= 0 && position < (until[low] ?? 0)) return { start: from[low] ?? 0, end: to[low] ?? 0 }
    const start = low < 0 ? position : (to[low] ?? 0) + (position - (until[low] ?? 0))
    return { start, end: start + 1 }
  }
  // The last character, not what is behind it: that may be in the next piece.
  return {
    text: out,
    toText: ({ start, end }) => ({ start: place(start).start, end: place(end - 1).end })
  }
}

const then = (first: View, second: View | undefined): View | undefined =>
  second && { text: second.text, toText: (span) => first.toText(second.toText(span)) }

const characterOf = (code: number): string | undefined =>
  code <= 0x10ffff ? String.fromCodePoint(code) : undefined

/** The escaped bytes of one character. */
const percentEscape =
  /%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-7](?:%[89ab][0-9a-f]){3}/giu

// Each looks for the character that its escapes begin with first: most texts have none of them.
const percentDecoded = (text: string): View | undefined =>
  text.includes("%")
    ? rewritten(text, percentEscape, ([escape]) =>
        Buffer.from(escape.replaceAll("%", ""), "hex").toString("utf8")
      )
    : undefined

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  apos: "'",
  gt: ">",
  lt: "<",
  nbsp: "\u00a0",
  quot: '"'
}

const htmlDecoded = (text: string): View | undefined =>
  text.includes("&")
    ? rewritten(
        text,
        /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|apos|gt|lt|nbsp|quot));/giu,
        ([, decimal, hex, name = ""]) =>
          decimal !== undefined
            ? characterOf(Number(decimal))
            : hex !== undefined
              ? characterOf(Number.parseInt(hex, 16))
              : entities[name.toLowerCase()]
      )
    : undefined

const letters: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }

/** The escapes of JSON, Go and shells. */
const backslashDecoded = (text: string): View | undefined =>
  text.includes("\\")
    ? rewritten(
        text,
        /\\(?:u\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|([^]))/giu,
        ([, braced, unit, byte, character = ""]) => {
          const hex = braced ?? byte
          if (hex !== undefined) return characterOf(Number.parseInt(hex, 16))
          if (unit !== undefined) return String.fromCharCode(Number.parseInt(unit, 16))
          return letters[character] ?? character
        }
      )
    : undefined

/** A shell's word, where a backslash makes any character stand for itself. */
const wordDecoded = (text: string): View | undefined =>
  text.includes("\\") ? rewritten(text, /\\([^])/gu, ([, character]) => character) : undefined

/** The two ways to write a quote within a shell's quotes, where nothing else is an escape. */
const shellDecoded = (text: string): View | undefined =>
  text.includes("''") || text.includes("\"'") ? rewritten(text, /'\\''|'"'"'/gu, () => "'") : undefined

/** How often a text may have been put into quotes of another: a log line in JSON, within an error in JSON. */
const depth = 3

/** Every other reading of the text. */
export const decodedViews = (text: string): ReadonlyArray<View> => {
  const views: Array<View> = []
  let base: View | undefined = { text, toText: (span) => span }
  for (let level = 0; base !== undefined && level <= depth; level++) {
    if (level > 0) views.push(base)
    for (const decode of [percentDecoded, htmlDecoded, shellDecoded, wordDecoded]) {
      const view = then(base, decode(base.text))
      if (view !== undefined) views.push(view)
    }
    base = then(base, backslashDecoded(base.text))
  }
  return views
}

const partialEscape =
  /(?:%(?:[c-f][0-9a-f](?:%[89ab][0-9a-f]){0,2}%?)?[0-9a-f]?|&(?:#?[0-9a-z]{0,7})|'?\\+(?:'|u\{?[0-9a-f]{0,6}|x[0-9a-f]?)?|'(?:"'?"?)?)$/iu

/** Where what may be the beginning of an escape stands at the end of a text; the text's length: nowhere. */
export const endOfWhole = (text: string): number => {
  let end = text.length
  if (!/[%&'\\]/u.test(text.slice(-64))) return end
  for (;;) {
    const at = partialEscape.exec(text.slice(Math.max(0, end - 64), end))
    if (at === null) return end
    end = Math.max(0, end - 64) + at.index
  }
}
