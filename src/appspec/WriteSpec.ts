/** A spec back into YAML, through the same Schema that reads it. */
import * as Schema from "effect/Schema"
import { Document, parse, Scalar, visit } from "yaml"
import { Written } from "./Spec.ts"

/** What a spec says that says nothing: what is equal to it is not written. */
export const nothing = (): Written => Schema.decodeSync(Written)({})

/** The keys as a person would write them, without those that mean what their absence means. */
export const writeKeys = (keys: Partial<Written>): string => {
  const encoded = Schema.encodeSync(Written)({ ...nothing(), ...keys })
  const said = Object.entries(encoded).filter(([, value]) => !isEmpty(value))
  return said.length === 0 ? "" : yaml(Object.fromEntries(said))
}

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0

/**
 * The text may be printed where a CI runner reads it for commands (`::name` at the start of a line, `##name[` anywhere) or
 * where somebody reviews it: what would speak to the one or hide from the other is written as an escape.
 */
const unprintable =
  /##(?=\w*\[)|[\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu
const isUnprintable = (text: string): boolean => text.search(unprintable) !== -1 || /(?:^|\n)\s*::/.test(text)

const escaped = (found: string): string => {
  const code = found.codePointAt(found === "##" ? 1 : 0) ?? 0
  const digits = code.toString(16)
  const escape = code > 0xffff ? `\\U${digits.padStart(8, "0")}` : `\\u${digits.padStart(4, "0")}`
  return found === "##" ? `#${escape}` : escape
}

/** Lines stay lines, as a person writes them, unless a block would lose or gain blanks. */
const blockOf = (text: string): Scalar.Type => {
  // A block that keeps more than one line break at its end takes the blank lines behind it too.
  if (/[^\P{Cc}\n\t]/u.test(text) || /(?:^|\n)\s*\n$/.test(text)) return Scalar.QUOTE_DOUBLE
  const scalar = new Scalar(text)
  scalar.type = Scalar.BLOCK_LITERAL
  // One level down, as indentation is part of what can go wrong.
  const block = new Document({ map: { scalar } }).toString({ lineWidth: 0 })
  const read: unknown = parse(block)
  return JSON.stringify(read) === JSON.stringify({ map: { scalar: text } })
    ? Scalar.BLOCK_LITERAL
    : Scalar.QUOTE_DOUBLE
}

/** Any value as YAML that a spec may hold: quoted where something else would be read. */
export const yaml = (value: object): string => {
  const document = new Document(value)
  let oneLine = false
  visit(document, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value !== "string") return
      const unprintable = isUnprintable(scalar.value)
      oneLine ||= unprintable
      if (unprintable) scalar.type = Scalar.QUOTE_DOUBLE
      else if (scalar.value.includes("\n")) scalar.type = blockOf(scalar.value)
      else if (/^\s|\s$/.test(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE
    }
  })
  return document
    .toString({
      lineWidth: 0,
      ...(oneLine ? { doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER } : {})
    })
    .replace(/\n$/, "")
    .replace(unprintable, escaped)
}

/** Text from elsewhere must not end the comment that it stands in. */
export const comment = (text: string): ReadonlyArray<string> => {
  const words = text
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, " ")
    .replace(unprintable, (found) => (found === "##" ? "# #" : ""))
    .split(" ")
  const lines: Array<string> = []
  let line = "#"
  for (const word of words) {
    if (line.length + word.length > 79 && line !== "#") {
      lines.push(line)
      line = "#"
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
