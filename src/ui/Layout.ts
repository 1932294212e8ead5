/** Text measured and broken for a screen of so many columns. */

/** Nothing fabrik prints is wider, however wide the terminal. */
export const maxColumns = 80

// What terminals show as a picture is as wide as an ideograph; a sign of a flag alone is a letter.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|(?![\u{1f1e6}-\u{1f1ff}])\p{Emoji_Presentation}/u
// The sign that makes a picture of a letter is counted as the column that it adds where it is heard.
const narrow = /(?!\ufe0f)[\p{Mn}\p{Me}]/u
// oxlint-disable-next-line no-control-regex
const paint = /\u001b\[[0-9;]*m/gu

/** Columns taken on a terminal; colours take none. */
export const widthOf = (text: string): number => {
  let width = 0
  for (const character of text.replace(paint, ""))
    width += narrow.test(character) ? 0 : wide.test(character) ? 2 : 1
  return width
}

/** Cuts uncoloured text to `columns`, with `ellipsis` at the end where something was cut. */
export const truncate = (text: string, columns: number, ellipsis: string): string => {
  if (widthOf(text) <= columns) return text
  const room = columns - widthOf(ellipsis)
  let width = 0
  let kept = ""
  for (const character of text) {
    width += widthOf(character)
    if (width > room) break
    kept += character
  }
  return kept.trimEnd() + ellipsis
}

/** Cuts a word that fits no line into pieces that do. */
const pieces = (word: string, columns: number): ReadonlyArray<string> => {
  const out: Array<string> = []
  let piece = ""
  for (const character of word) {
    if (piece !== "" && widthOf(piece + character) > columns) {
      out.push(piece)
      piece = ""
    }
    piece += character
  }
  return [...out, piece]
}

/**
 * Breaks uncoloured text at spaces; `first` leads the first line, blanks of the same width the others. A break makes no
 * command for a CI runner, which reads one in `::name` at the start of a line.
 */
export const wrap = (text: string, columns: number, first = ""): ReadonlyArray<string> => {
  const rest = " ".repeat(widthOf(first))
  const room = Math.max(columns - rest.length, 8)
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ").flatMap((word) => pieces(word, room))) {
    const longer = line === "" ? word : `${line} ${word}`
    if (widthOf(longer) <= room) {
      line = longer
      continue
    }
    lines.push(line)
    line = word
  }
  lines.push(line)
  return lines.map((line, index) =>
    ((index === 0 ? first : rest) + line).trimEnd().replace(/^(\s*):(?=:)/u, "$1: ")
  )
}

export const padEnd = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(columns - widthOf(text), 0))

/** `0.4 s`, `41.2 s`, `3 min 20 s`. */
export const seconds = (millis: number): string => {
  if (millis < 59_950) return `${(millis / 1000).toFixed(1)} s`
  const whole = Math.round(millis / 1000)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** `1 change`, `2 changes`. */
export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** `a`, `a and b`, `a, b and c`. */
export const listed = (items: ReadonlyArray<string>): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`
