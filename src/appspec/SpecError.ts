import * as Schema from "effect/Schema"

/** One thing wrong with a spec. Never carries the value of a variable or a secret. */
export const SpecProblem = Schema.Struct({
  /** 1-based; 0 when the file as a whole is the problem. */
  line: Schema.Number,
  /** 1-based, in UTF-16 units; 0 when the file as a whole is the problem. */
  column: Schema.Number,
  /** Dotted path of the key, e.g. `healthcheck.path`; empty for the document. */
  path: Schema.String,
  message: Schema.String,
  /** What to do about it. */
  hint: Schema.optional(Schema.String)
})
export interface SpecProblem extends Schema.Schema.Type<typeof SpecProblem> {}

const maxRendered = 100

// oxlint-disable-next-line no-control-regex -- they are what must not reach a terminal
const unprintable = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF]|\p{Cs}/gu

/** `text` without anything that could move a cursor, reorder a line or hide: such characters become `\u{..}`. */
export const printable = (text: string): string =>
  text.replace(unprintable, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)

const render = (file: string, { line, column, message, hint }: SpecProblem): string => {
  const place = line === 0 ? printable(file) : `${printable(file)}:${line}:${column}`
  return hint === undefined ? `${place}: ${message}` : `${place}: ${message}\n    ${hint}`
}

/** Everything wrong with a spec at once, in file order. */
export class SpecError extends Schema.TaggedError<SpecError>("fabrik/spec/SpecError")("SpecError", {
  /** The path as the user gave it. */
  file: Schema.String,
  problems: Schema.Array(SpecProblem)
}) {
  override get message(): string {
    const lines = this.problems.slice(0, maxRendered).map((problem) => render(this.file, problem))
    const more = this.problems.length - lines.length
    return (more > 0 ? [...lines, `... and ${more} more`] : lines).join("\n")
  }
}
