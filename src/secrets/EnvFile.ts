/**
 * The `.env` format as dotenv reads it, but strict: what cannot be understood is an error with its line, because a
 * value that is silently missed would be replaced by a generated one.
 *
 * `KEY=value`, `export KEY=value`, `# comment`, and values in single quotes or backticks (literal) or in double
 * quotes (`\n`, `\r`, `\t`, `\"` and `\\` are escapes); quoted values may span lines. No variable or command is ever
 * expanded. The last of two lines with the same key wins.
 */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

export interface EnvEntry {
  /** Counted from 1. */
  readonly line: number
  /** Left: why this one value is not usable; it matters only to who asks for it. */
  readonly value: Either.Either<Redacted.Redacted<string>, string>
}

/** Where and why the text is not a `.env` file. Never quotes the text. */
export interface EnvFileProblem {
  readonly line: number
  readonly detail: string
}

const assignment = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*/
const blankOrComment = /^[ \t]*(?:#.*)?$/
const escapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ['"', '"'],
  ["\\", "\\"]
])

/** The entries by key, or the first problem that leaves unclear which keys there are. */
export const parseEnvFile = (text: string): Either.Either<ReadonlyMap<string, EnvEntry>, EnvFileProblem> => {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/)
  const entries = new Map<string, EnvEntry>()
  for (let index = 0; index < lines.length; index++) {
    const current = lines[index] ?? ""
    const line = index + 1
    if (current.includes("\0")) return Either.left({ line, detail: "contains a NUL byte" })
    if (blankOrComment.test(current)) continue
    const match = assignment.exec(current)
    const key = match?.[1]
    if (match === null || key === undefined) return Either.left({ line, detail: "is not KEY=VALUE" })
    const rest = current.slice(match[0].length)
    const quote = rest.charAt(0)
    if (quote !== "'" && quote !== '"' && quote !== "`") {
      entries.set(key, { line, value: unquoted(rest) })
      continue
    }
    const quoted = readQuoted(quote, [rest.slice(1), ...lines.slice(index + 1)])
    if (quoted === undefined) return Either.left({ line, detail: "opens a quote that is never closed" })
    if (!/^[ \t]*(?:#.*)?$/.test(quoted.after)) {
      return Either.left({ line: line + quoted.lines, detail: "has text after the closing quote" })
    }
    if (quoted.value.includes("\0")) return Either.left({ line, detail: "contains a NUL byte" })
    entries.set(key, { line, value: Either.right(Redacted.make(quoted.value)) })
    index += quoted.lines
  }
  return Either.right(entries)
}

const unquoted = (rest: string): EnvEntry["value"] => {
  const comment = /(?:^|[ \t])#/.exec(rest)
  const value = (comment === null ? rest : rest.slice(0, comment.index)).trim()
  // dotenv cuts such a value at the `#`, Docker Compose does not: nobody can know what was meant.
  return value.includes("#") || /^#\S/.test(rest)
    ? Either.left("has a # in a value without quotes: put the value in quotes")
    : Either.right(Redacted.make(value))
}

const readQuoted = (quote: string, lines: ReadonlyArray<string>) => {
  let value = ""
  for (const [index, line] of lines.entries()) {
    for (let at = 0; at < line.length; at++) {
      const char = line.charAt(at)
      if (char === quote) return { value, lines: index, after: line.slice(at + 1) }
      const escaped = quote === '"' && char === "\\" ? escapes.get(line.charAt(at + 1)) : undefined
      value += escaped ?? char
      if (escaped !== undefined) at++
    }
    value += "\n"
  }
  return undefined
}
