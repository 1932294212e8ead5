/**
 * How Docker Compose reads a `.env` file: dotenv/parser.go and template/template.go of compose-go 2, as in Compose 2.26.1.
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"

/** Compose gives up at once, with a text that shows what stands behind the place where it stopped understanding. */
class DotenvError extends Data.TaggedError("DotenvError")<{ readonly detail: string }> {}

export type Names = Readonly<Record<string, string>>
type Lookup = (name: string) => string | undefined

const fail = (detail: string) => Either.left(new DotenvError({ detail }))

/** Go's %q of a printable text. */
const quoted = (text: string): string => JSON.stringify(text)

const space = /^[\t\v\f\r \u0085\u00a0]+/u
const anySpace = /\s/u
const nameCharacter = /[\p{L}\p{N}_.[\]-]/u

class Reader {
  private line = 1
  private at = 0
  private readonly source: string
  private readonly lookup: Lookup
  readonly found = new Map<string, string>()

  constructor(source: string, lookup: Lookup) {
    this.source = source
    this.lookup = lookup
  }

  read(): Either.Either<Names, DotenvError> {
    while (this.startOfStatement()) {
      const done = this.statement()
      if (Either.isLeft(done)) return Either.left(done.left)
    }
    return Either.right(Object.fromEntries(this.found))
  }

  private startOfStatement(): boolean {
    while (this.at < this.source.length) {
      const character = this.source.charAt(this.at)
      if (character === "\n") this.line++
      else if (character === "#") {
        const end = this.source.indexOf("\n", this.at)
        this.at = end === -1 ? this.source.length : end
        continue
      } else if (!anySpace.test(character)) return true
      this.at++
    }
    return false
  }

  private statement(): Either.Either<void, DotenvError> {
    const rest = this.source.slice(this.at)
    const exported = /^export\s+/u.exec(rest)?.[0].length ?? 0
    const text = rest.slice(exported)
    let length = 0
    for (const character of text) {
      if ("=:\n".includes(character)) return this.assign(text.slice(0, length), character, exported + length)
      if (!space.test(character) && !nameCharacter.test(character)) {
        const [shown = ""] = text.split("\n")
        return fail(
          `line ${this.line}: unexpected character ${quoted(character)} in variable name ${quoted(shown)}`
        )
      }
      length += character.length
    }
    // A last line that is a name and nothing else says nothing.
    this.at = this.source.length
    return Either.void
  }

  private assign(name: string, ending: string, length: number): Either.Either<void, DotenvError> {
    const key = name.trimEnd()
    if (key.includes(" ")) return fail(`line ${this.line}: key cannot contain a space`)
    this.at += length + 1
    if (ending === "\n") {
      this.line++
      // A name alone takes its value from the surroundings.
      const inherited = this.lookup(key)
      if (inherited !== undefined) this.found.set(key, inherited)
      return Either.void
    }
    this.at += space.exec(this.source.slice(this.at))?.[0].length ?? 0
    return Either.map(this.value(), (value) => void this.found.set(key, value))
  }

  private value(): Either.Either<string, DotenvError> {
    const quote = this.source.charAt(this.at)
    if (quote === "'" || quote === '"') return this.quotedValue(quote)
    const end = this.source.indexOf("\n", this.at)
    const line = this.source.slice(this.at, end === -1 ? undefined : end)
    this.at = end === -1 ? this.source.length : end + 1
    this.line++
    const comment = line.indexOf(" #")
    return this.expanded((comment === -1 ? line : line.slice(0, comment)).trimEnd())
  }

  private quotedValue(quote: string): Either.Either<string, DotenvError> {
    const from = this.at
    let value = ""
    let escaped = false
    for (let at = from + 1; at < this.source.length; at++) {
      const character = this.source.charAt(at)
      if (character === "\n") this.line++
      if (escaped) {
        escaped = false
        value += character === quote ? character : `\\${character}`
      } else if (character === "\\") escaped = true
      else if (character === quote) {
        this.at = at + 1
        return quote === "'" ? Either.right(value) : this.expanded(unescaped(value))
      } else value += character
    }
    const [shown = ""] = this.source.slice(from).split("\n")
    return fail(`line ${this.line}: unterminated quoted value ${shown}`)
  }

  private expanded(text: string): Either.Either<string, DotenvError> {
    return expand(text, (name) => this.lookup(name) ?? this.found.get(name))
  }
}

const controls: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  $: "$$"
}

/** The escapes of a value in double quotes. */
const unescaped = (text: string): string =>
  text.replace(/\\([abcfnrtv$"\\])/gu, (all, character: string) => controls[character] ?? all)

/** `$$`, `$NAME` and `${NAME}` with what may stand behind the name; any other `$` is left alone. */
const reference = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{)/giu

/** A text with its references replaced, as Compose does in a `.env` file and in its own. */
export const expand = (text: string, lookup: Lookup): Either.Either<string, DotenvError> => {
  let out = ""
  let at = 0
  for (;;) {
    reference.lastIndex = at
    const match = reference.exec(text)
    if (match === null) return Either.right(out + text.slice(at))
    out += text.slice(at, match.index)
    at = match.index + match[0].length
    if (match[1] !== undefined) out += "$"
    else if (match[2] !== undefined) out += lookup(match[2]) ?? ""
    else {
      const end = closingBrace(text, match.index)
      const value = braced(text.slice(at, end === -1 ? undefined : end), lookup, end !== -1)
      if (Either.isLeft(value)) {
        return value.left.detail === "" ? fail(`invalid template: ${quoted(text)}`) : Either.left(value.left)
      }
      out += value.right
      at = end + 1
    }
  }
}

const closingBrace = (text: string, from: number): number => {
  let open = 0
  for (let at = from; at < text.length; at++) {
    if (text.startsWith("${", at)) open++
    else if (text.charAt(at) === "}" && --open === 0) return at
  }
  return -1
}

const braced = (inside: string, lookup: Lookup, closed: boolean): Either.Either<string, DotenvError> => {
  const [, name, empty, sign, rest = ""] =
    /^([_a-z][_a-z0-9]*)(?:(:?)([-?+])([\s\S]*))?$/iu.exec(inside) ?? []
  if (!closed || name === undefined) return fail("")
  const value = lookup(name)
  const there = value !== undefined && (empty !== ":" || value !== "")
  switch (sign) {
    case "-":
      return there ? Either.right(value) : expand(rest, lookup)
    case "+":
      return there ? expand(rest, lookup) : Either.right("")
    case "?":
      return there ? Either.right(value) : fail(`required variable ${name} is missing a value: ${rest}`)
    default:
      return Either.right(value ?? "")
  }
}

/** What the helper container has, in which Coolify runs Compose. */
export const helperEnvironment: Names = { HOME: "/root", HOSTNAME: "helper" }

/** What Compose replaces references in its own file with. */
export const readProject = (text: string): Either.Either<Names, DotenvError> =>
  new Reader(text, (name) => helperEnvironment[name]).read()

/**
 * What a container gets from the file. It is read twice: for the project, and then as `env_file`, where names further
 * down in it count already; the surroundings come before both.
 */
export const read = (
  text: string,
  environment: Names = helperEnvironment
): Either.Either<Names, DotenvError> =>
  Either.flatMap(new Reader(text, (name) => environment[name]).read(), (project) =>
    new Reader(text, (name) => environment[name] ?? project[name]).read()
  )
