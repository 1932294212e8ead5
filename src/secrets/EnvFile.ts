/**
 * The `.env` format as dotenv reads it, but strict: what cannot be understood is an error with its place for whoever
 * asks for that name, because a value that is silently missed would be replaced by another one. What nobody asks for
 * stops nothing.
 *
 * `KEY=value`, `export KEY=value`, `# comment`, and values in single quotes or backticks (literal) or in double
 * quotes (`\n`, `\r`, `\t`, `\"`, `\\` and `\$` are escapes); quoted values may span lines. No variable or command is
 * ever expanded: a reference is refused. The last of two lines with the same key wins.
 */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

export interface EnvEntry {
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1: of the value, or of what is wrong with it. */
  readonly column: number
  /** Left: why this one value is not usable; it matters only to who asks for it. */
  readonly value: Either.Either<Redacted.Redacted<string>, string>
}

/** A line that is no `KEY=value`. */
interface SkippedLine {
  readonly line: number
  /** The names in it, one of which it may have been meant to set. */
  readonly names: ReadonlySet<string>
}

export interface EnvFile {
  readonly entries: ReadonlyMap<string, EnvEntry>
  readonly skipped: ReadonlyArray<SkippedLine>
}

const assignment = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*/
const blankOrComment = /^[ \t]*(?:#.*)?$/
const escapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ['"', '"'],
  ["\\", "\\"],
  ["$", "$"]
])

/** Why a value is no good, and where in the text from the value on: lines from 0, columns from 0. */
interface Flaw {
  readonly detail: string
  readonly line: number
  readonly column: number
}

/** Any text is read; what is wrong with it stands at the names that it is about. */
export const parseEnvFile = (text: string): EnvFile => {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/)
  const entries = new Map<string, EnvEntry>()
  const skipped: Array<SkippedLine> = []
  let unclosed: number | undefined
  for (let index = 0; index < lines.length; index++) {
    const current = lines[index] ?? ""
    if (blankOrComment.test(current)) continue
    const match = assignment.exec(current)
    const key = match?.[1]
    if (match === null || key === undefined) {
      skipped.push({ line: index + 1, names: namesIn(current) })
      continue
    }
    const start = match[0].length
    const read = readValue(current.slice(start), lines.slice(index + 1))
    const flaw = read.flaw
    const doubt =
      unclosed === undefined
        ? undefined
        : `stands behind line ${unclosed}, which opens a quote that is never closed`
    entries.set(key, {
      line: index + 1 + (flaw?.line ?? 0),
      column: (flaw === undefined || flaw.line === 0 ? start : 0) + (flaw?.column ?? 0) + 1,
      value:
        doubt === undefined && flaw === undefined
          ? Either.right(Redacted.make(read.value))
          : Either.left(flaw?.detail ?? doubt ?? "")
    })
    if (read.isUnclosed) unclosed ??= index + 1
    index += read.lines
  }
  return { entries, skipped }
}

/** Whatever could be a name in front of the first `=` or `:`. */
const namesIn = (line: string): ReadonlySet<string> =>
  new Set(/^[^=:]*/.exec(line)?.[0].match(/[A-Za-z_][A-Za-z0-9_.]*/g) ?? [])

interface ReadValue {
  readonly value: string
  readonly flaw: Flaw | undefined
  /** How many lines below it belong to it. */
  readonly lines: number
  readonly isUnclosed: boolean
}

const readValue = (rest: string, below: ReadonlyArray<string>): ReadValue => {
  const quote = rest.charAt(0)
  if (quote !== "'" && quote !== '"' && quote !== "`") {
    return { value: trimmed(rest), flaw: unquotedFlaw(rest, below[0]), lines: 0, isUnclosed: false }
  }
  const quoted = readQuoted(quote, [rest.slice(1), ...below])
  if (quoted === undefined) {
    const flaw = { detail: "opens a quote that is never closed", line: 0, column: 0 }
    return { value: "", flaw, lines: 0, isUnclosed: true }
  }
  const { after, lines, reference, value } = quoted
  const flaw: Flaw | undefined = !/^[ \t]*(?:#.*)?$/.test(after.text)
    ? {
        detail: "has text after the closing quote: put the whole value between the quotes",
        line: lines,
        column: after.column + (lines === 0 ? 1 : 0)
      }
    : value.includes("\0")
      ? { detail: "contains a NUL byte", line: 0, column: 0 }
      : reference === undefined
        ? undefined
        : {
            detail: referred(
              reference.what,
              "put a backslash before the $, or write the value in single quotes"
            ),
            line: reference.line,
            column: reference.column + (reference.line === 0 ? 1 : 0)
          }
  return { value, flaw, lines, isUnclosed: false }
}

const trimmed = (rest: string): string => {
  const comment = /(?:^|[ \t])#/.exec(rest)
  return (comment === null ? rest : rest.slice(0, comment.index)).trim()
}

const unquotedFlaw = (rest: string, next: string | undefined): Flaw | undefined => {
  const value = trimmed(rest)
  const at = (detail: string, column: number): Flaw => ({ detail, line: 0, column })
  if (rest.includes("\0")) return at("contains a NUL byte", 0)
  if (goesOn(value, next)) {
    return at(
      "has a value without quotes that seems to go on in the next line: put all of it in double quotes",
      0
    )
  }
  // dotenv cuts such a value at the `#`, Docker Compose does not: nobody can know what was meant.
  if (value.includes("#") || /^#\S/.test(rest)) {
    return at("has a # in a value without quotes: put the value in quotes", Math.max(rest.indexOf("#"), 0))
  }
  const reference = findReference(value)
  return reference === undefined
    ? undefined
    : at(referred(reference.what, "put the value in single quotes"), reference.column)
}

/** Whether the line below is no line of its own but the rest of this value. */
const goesOn = (value: string, next: string | undefined): boolean => {
  if (next === undefined || blankOrComment.test(next)) return false
  const isBlock = /^-----BEGIN [^-]*-----$/.test(value) || value.endsWith("\\")
  return isBlock || (!assignment.test(next) && !/^[ \t]*[^\s=:"]+[ \t]*[=:][ \t]*[^\s=]/.test(next))
}

/** `$2y$10$...`, `$argon2id$v=19$...`: no shell's reference, but how a password's hash begins. */
const hash =
  /\$(?:2[abxy]?|[1567]|y|gy|apr1|P|H|S|argon2(?:id|i|d)|scrypt|pbkdf2[a-z0-9-]*|sha1|bcrypt-sha256)\$/

/** What a shell or Compose would put another value in for. */
const findReference = (text: string): { readonly what: string; readonly column: number } | undefined => {
  const end = hash.exec(text)?.index ?? text.length
  const match = /\$(?:\(|\{[^}]*\}?|[A-Za-z_][A-Za-z0-9_]*)/.exec(text.slice(0, end))
  return match === null ? undefined : { what: match[0], column: match.index }
}

const referred = (what: string, wayOut: string): string =>
  what.startsWith("$(")
    ? `has a command, $(...), which fabrik does not run: write its result, or, if it is meant as it stands, ${wayOut}`
    : `refers to another variable, which fabrik does not expand: write the value out, or, if the $ is meant as it stands, ${wayOut}`

const readQuoted = (quote: string, lines: ReadonlyArray<string>) => {
  let value = ""
  // The text with every escape's place taken, so that an escaped `$` begins no reference.
  let bare = ""
  for (const [index, line] of lines.entries()) {
    for (let at = 0; at < line.length; at++) {
      const char = line.charAt(at)
      if (char === quote) {
        const found = quote === '"' ? findReference(bare) : undefined
        const above = found === undefined ? [] : bare.slice(0, found.column).split("\n")
        const reference =
          found === undefined
            ? undefined
            : { what: found.what, line: above.length - 1, column: above.at(-1)?.length ?? 0 }
        return { value, lines: index, after: { text: line.slice(at + 1), column: at + 1 }, reference }
      }
      const escaped = quote === '"' && char === "\\" ? escapes.get(line.charAt(at + 1)) : undefined
      value += escaped ?? char
      bare += escaped === undefined ? char : "  "
      if (escaped !== undefined) at++
    }
    value += "\n"
    bare += "\n"
  }
  return undefined
}
