/** Pure: a container's log as Coolify hands it out, the newest lines of it each time. */

export interface LogLine {
  /** When it was written, as Docker notes it; `undefined` when it was not asked for. */
  readonly at: string | undefined
  readonly text: string
}

const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)(?: (.*))?$/su

/** The lines of an answer. A Coolify that knows no timestamps leaves them out: then they are text like any other. */
export const readLog = (log: string, timed: boolean): ReadonlyArray<LogLine> => {
  const lines = log.split("\n")
  if (lines.at(-1) === "") lines.pop()
  const matches = lines.map((line) => (timed ? stamp.exec(line) : null))
  return lines.map((line, index) => {
    const match = matches[index] ?? null
    return match === null || matches.includes(null)
      ? { at: undefined, text: line }
      : { at: match[1], text: match[2] ?? "" }
  })
}

/** What of an answer had not been there before. */
export interface Continuation {
  readonly fresh: ReadonlyArray<LogLine>
  /** The answer goes on where the last one ended; otherwise it is another container's, or lines between are lost. */
  readonly continued: boolean
}

/**
 * Finds the end of `seen` in `current`. Where lines repeat so that several places fit, the one with the fewest new lines
 * is taken: no line is ever told twice.
 */
export const continueLog = (seen: ReadonlyArray<LogLine>, current: ReadonlyArray<LogLine>): Continuation => {
  if (seen.length === 0) return { fresh: current, continued: true }
  for (let end = current.length; end > 0; end--) {
    if (endsAt(seen, current, end)) return { fresh: current.slice(end), continued: true }
  }
  return { fresh: current, continued: false }
}

/** Whether `seen` ends where `end` lines of `current` have been read, as far back as both go. */
const endsAt = (seen: ReadonlyArray<LogLine>, current: ReadonlyArray<LogLine>, end: number): boolean => {
  const overlap = Math.min(end, seen.length)
  for (let back = 1; back <= overlap; back++) {
    if (!isSame(seen[seen.length - back], current[end - back])) return false
  }
  return true
}

const isSame = (a: LogLine | undefined, b: LogLine | undefined): boolean =>
  a?.text === b?.text && a?.at === b?.at
