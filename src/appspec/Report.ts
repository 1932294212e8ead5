import { printable, type SpecProblem } from "./SpecError.ts"

/** 1-based. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** What is wrong with a value, and what to write instead. */
export interface Complaint {
  readonly message: string
  readonly hint?: string | undefined
  /** Where it stands, if not at the value. */
  readonly at?: Position
  /** Of the key, if it is another one than that of the value. */
  readonly path?: string
}

const maxProblems = 1000

/** Collects problems while a spec is read, so that all of them (of a flood, the first thousand) are told at once. */
export class Report {
  private readonly found: Array<SpecProblem>

  /** @param found what is wrong as far as it is known. */
  constructor(found: ReadonlyArray<SpecProblem> = []) {
    this.found = [...found]
  }

  /** Returns `undefined`, the reading of a value that is no good. */
  add(at: Position, path: string, { message, hint }: Complaint): undefined {
    if (!this.isFull)
      this.found.push({
        line: at.line,
        column: at.column,
        path,
        message,
        ...(hint === undefined ? {} : { hint })
      })
    return undefined
  }

  /** What another one has been told, of each place and key once. */
  addAll(other: Report): void {
    const said = new Set(this.found.map(idOf))
    for (const problem of other.found) {
      if (!said.has(idOf(problem)) && !this.isFull) this.found.push(problem)
    }
  }

  /** Nothing more is taken. */
  get isFull(): boolean {
    return this.found.length >= maxProblems
  }

  /** In file order. Of a key that stands there under a wrong name it is not told that it is missing, too. */
  get problems(): ReadonlyArray<SpecProblem> {
    const meant = new Set(this.found.flatMap(meantBy))
    return this.found
      .filter(({ message, path }) => !(meant.has(path) && message === `\`${path}\` is missing`))
      .toSorted((a, b) => a.line - b.line || a.column - b.column)
  }
}

/** The path of the key for which an unknown one is taken. */
const meantBy = ({ hint = "", message, path }: SpecProblem): ReadonlyArray<string> => {
  const [, near] = /^did you mean `([^`]+)`\?$/.exec(hint) ?? []
  if (near === undefined || !message.startsWith("unknown key ")) return []
  return [[...path.split(".").slice(0, -1), near].join(".")]
}

const idOf = ({ column, line, message }: SpecProblem): string => `${line}:${column}:${message}`

const maxQuoted = 60

const shortened = (safe: string): string =>
  safe.length > maxQuoted ? `${safe.slice(0, maxQuoted)}...` : safe

/** A word of the user's file between backticks, safe to print and cut to a length that fits a line. */
export const quote = (text: string): string => `\`${shortened(printable(text))}\``

/** A key as it may be shown, and as a part of a path: `KEY=value` written as a key keeps its value to itself. */
export const keyName = (key: string): string => shortened(printable(key.replace(/[=:\s].*$/su, "")))
