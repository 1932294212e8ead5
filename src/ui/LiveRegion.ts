/** Lines at the end of a terminal that are written anew in place, below all that is written for good. */
import { widthOf } from "./Layout.ts"

export interface LiveRegion {
  /** Shows these from now on; the same again is no write. `first`: only until anything else is written or shown. */
  readonly show: (lines: ReadonlyArray<string>, first?: boolean) => void
  /** The same, with what is written next. */
  readonly aim: (lines: ReadonlyArray<string>) => void
  /** Writes text above them for good. Text without an end of line is a question: nothing is shown until its answer. */
  readonly write: (text: string, to?: (text: string) => void) => void
  /** The question has its answer, and the terminal its end of line. */
  readonly answered: () => void
  /** The terminal was used by others: what was shown stays as it is. */
  readonly forget: () => void
  /** Something was written, or shown to stay. */
  readonly isUsed: () => boolean
  /** Something is shown. */
  readonly isShown: () => boolean
}

/**
 * Clears what is below. The return ends it, as no secret begins so: a last `J` could be held back as the beginning of one,
 * and would then come behind what is written to the other stream.
 */
const clear = "\u001b[J\r"

/**
 * Each frame is one write: up to the first line, each line over the one before it, and nothing below. What was drawn in a
 * wider window is taken for broken into as many lines as it needs now, as terminals break it.
 * @param columns the width of the window by now.
 */
export const makeLiveRegion = (write: (text: string) => void, columns: () => number): LiveRegion => {
  let wanted: ReadonlyArray<string> = []
  /** What the first text brings along. */
  let aimed: ReadonlyArray<string> = []
  let drawn: ReadonlyArray<string> = []
  let drawnAt = 0
  let isAsked = false
  /** Lines were written above since the last frame: more of them wait for the next one. */
  let isFresh = false
  let isUsed = false

  /** To the beginning of the first line. */
  const up = (): string => {
    if (drawn.length === 0) return ""
    const width = Math.max(1, columns())
    const height = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / width)), 0)
    return `\r\u001b[${height}A`
  }
  const frame = (lines: ReadonlyArray<string>): string => {
    const text = lines.map((line) => `${line}\u001b[K\n`).join("")
    drawn = lines
    drawnAt = columns()
    return text
  }
  const erased = (): string => {
    const text = drawn.length === 0 ? "" : `${up()}${clear}`
    drawn = []
    return text
  }
  const isSame = (lines: ReadonlyArray<string>): boolean =>
    lines.length === drawn.length &&
    drawnAt === columns() &&
    lines.every((line, index) => line === drawn[index])

  const show = (lines: ReadonlyArray<string>, first = false): void => {
    isUsed ||= !first && lines.length > 0
    wanted = lines
    isFresh = false
    if (isAsked || isSame(lines)) return
    if (lines.length === 0) return write(erased())
    const start = drawn.length === 0 ? "\r" : up()
    const rest = drawn.length === 0 ? "" : clear
    write(start + frame(lines) + rest)
  }
  return {
    show,
    aim: (lines) => {
      wanted = lines
      aimed = lines
    },
    write: (text, to = write) => {
      if (text === "") return
      if (!isUsed) wanted = aimed
      isUsed = true
      isAsked = !text.endsWith("\n")
      const redraws = !isAsked && !isFresh && wanted.length > 0
      isFresh = true
      const before = erased()
      if (to === write) return write(before + text + (redraws ? frame(wanted) : ""))
      if (before !== "") write(before)
      to(text)
      if (redraws) write(frame(wanted))
    },
    answered: () => {
      isAsked = false
    },
    forget: () => {
      drawn = []
    },
    isUsed: () => isUsed,
    isShown: () => drawn.length > 0
  }
}
