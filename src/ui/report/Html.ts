/** HTML in which no text can become markup. */
import { cleanLines } from "../Sanitize.ts"

/** Stands in a page as it is; made by {@link html} alone. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

const named: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** For the content of an element and for an attribute in quotes. */
const escaped = (text: string): string =>
  cleanLines(text)
    .join("\n")
    .replace(/[&<>"']/g, (character) => named[character] ?? "")

type Value = Markup | string | number | ReadonlyArray<Markup>

const written = (value: Value): string => {
  if (value instanceof Markup) return value.text
  if (typeof value === "string" || typeof value === "number") return escaped(String(value))
  return value.map(({ text }) => text).join("\n")
}

/** Values are escaped, unless they are markup. */
export const html = (parts: TemplateStringsArray, ...values: ReadonlyArray<Value>): Markup =>
  new Markup(
    parts.map((part, index) => part + (index < values.length ? written(values[index] ?? "") : "")).join("")
  )

export const nothing = new Markup("")
