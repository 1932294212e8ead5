/** What compose puts in place of `${NAME}`, as a value in a spec. */
import type { Cursor } from "./Cursor.ts"
import { type Draft, literal } from "./Draft.ts"
import { isSecret, namesSecret, ruleOf, secret } from "./Plain.ts"

type Part =
  | { readonly _tag: "Text"; readonly text: string }
  | {
      readonly _tag: "Name"
      readonly name: string
      readonly operator: string
      readonly rest: ReadonlyArray<Part>
    }

/** `a${B:-${C}}$$d` in parts. Facts: compose-spec, interpolation. */
const partsOf = (text: string): ReadonlyArray<Part> => {
  const read = (from: number, isInner: boolean): readonly [ReadonlyArray<Part>, number] => {
    const parts: Array<Part> = []
    let plain = ""
    let at = from
    const flush = () => {
      if (plain !== "") parts.push({ _tag: "Text", text: plain })
      plain = ""
    }
    while (at < text.length) {
      if (isInner && text[at] === "}") break
      if (text.startsWith("$$", at)) {
        plain += "$"
        at += 2
        continue
      }
      const [whole, braced, operator = "", bare] =
        /^\$(?:\{([A-Za-z_]\w*)(:?[-?+])?|([A-Za-z_]\w*))/.exec(text.slice(at)) ?? []
      if (whole === undefined) {
        plain += text[at]
        at += 1
        continue
      }
      flush()
      at += whole.length
      if (braced === undefined) parts.push({ _tag: "Name", name: bare ?? "", operator: "", rest: [] })
      else {
        const [rest, end] = read(at, true)
        parts.push({ _tag: "Name", name: braced, operator, rest })
        at = end + 1
      }
    }
    flush()
    return [parts, at]
  }
  return read(0, false)[0]
}

export interface Scope {
  readonly draft: Draft
  /** Values of `.env` beside the file. */
  readonly given: ReadonlyMap<string, string>
  /** What a magic variable of Coolify's stands for here; `undefined`: nothing. */
  readonly magic: (name: string) => string | undefined
}

/** What stands for a name that has no value of its own: `rest`, nothing, or `undefined` where a value is missing. */
const otherwise = (operator: string, value: string | undefined): "value" | "rest" | "nothing" | "missing" => {
  const isSet = value !== undefined && (value !== "" || !operator.startsWith(":"))
  if (operator.endsWith("+")) return isSet ? "rest" : "nothing"
  if (isSet) return "value"
  return operator.endsWith("-") ? "rest" : "missing"
}

const rendered = (parts: ReadonlyArray<Part>, scope: Scope, from: Cursor): string =>
  parts
    .map((part) => {
      if (part._tag === "Text") return literal(part.text)
      const { name, operator, rest } = part
      const magic = scope.magic(name)
      if (magic !== undefined) return literal(magic)
      const known = scope.given.get(name)
      const what = otherwise(operator, known)
      if (what === "nothing") return ""
      if (what === "value" && known !== undefined && !isSecret(name, known)) return literal(known)
      if (what === "rest") {
        const value = rendered(rest, scope, from)
        if (operator.endsWith("+") || value === "" || !namesSecret(name) || !isSecret(name, value))
          return value
      }
      secret(scope.draft, name, from, ruleOf(name))
      return `\${secrets.${name}}`
    })
    .join("")

/** The text as a value of `env`; what is secret in it, or left open, is named under `secrets`. */
export const interpolated = (text: string, scope: Scope, from: Cursor): string =>
  rendered(partsOf(text), scope, from)

/** As a shell reads it, which finds the names that are `open` in its environment: those without a value, and secrets. */
export const shellLine = (text: string, given: ReadonlyMap<string, string>) => {
  const open = new Set<string>()
  const plain = (parts: ReadonlyArray<Part>): string =>
    parts
      .map((part) => {
        if (part._tag === "Text") return part.text
        const { name, operator, rest } = part
        const known = given.get(name)
        const what = otherwise(operator, known)
        if (what === "nothing") return ""
        const value = what === "rest" ? plain(rest) : what === "value" ? known : undefined
        if (value !== undefined && (operator.endsWith("+") || !isSecret(name, value))) return value
        open.add(name)
        return `\${${name}}`
      })
      .join("")
  return { line: plain(partsOf(text)), open }
}

/** The same where a spec takes no reference: `undefined` where one is needed. */
export const fixed = (text: string, given: ReadonlyMap<string, string>): string | undefined => {
  const { line, open } = shellLine(text, given)
  return open.size === 0 ? line : undefined
}
