/**
 * The XML that APIs answer: elements, attributes and text. No more than that is read: no DTD, no entity but the five
 * that need no declaration, so that an answer can neither grow nor reach for anything.
 */
import * as Option from "effect/Option"

export interface XmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: ReadonlyArray<XmlElement>
  /** Its own text, without that of its children. */
  readonly text: string
}

const entities = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"]
])

const decoded = (text: string): string | undefined => {
  let known = true
  const result = text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));|&/g, (_, decimal, hex, name) => {
    const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal)
    const found =
      entities.get(name) ?? (code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : undefined)
    known &&= found !== undefined
    return found ?? ""
  })
  return known ? result : undefined
}

interface Open {
  readonly name: string
  readonly attributes: Map<string, string>
  readonly children: Array<XmlElement>
  text: string
}

/** Comments and declarations, sections of plain text, tags, and the text between. */
const piece =
  /<\?[^]*?\?>|<!--[^]*?-->|<!\[CDATA\[([^]*?)\]\]>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy
const attribute = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g

/** The root element; `None`: it is no such XML. */
export const parseXml = (source: string): Option.Option<XmlElement> => {
  const root: Open = { name: "", attributes: new Map(), children: [], text: "" }
  const open: Array<Open> = [root]
  let at = 0
  for (const match of source.replace(/^\uFEFF/, "").matchAll(piece)) {
    at = match.index + match[0].length
    const [, cdata, closes, opens, attributes, empty, text] = match
    const current = open.at(-1)
    if (current === undefined) return Option.none()
    if (cdata !== undefined) current.text += cdata
    else if (text !== undefined) {
      const plain = decoded(text)
      if (plain === undefined || (current === root && plain.trim() !== "")) return Option.none()
      current.text += plain
    } else if (opens !== undefined) {
      const element: Open = { name: opens, attributes: new Map(), children: [], text: "" }
      for (const [, name = "", double, single] of (attributes ?? "").matchAll(attribute)) {
        const value = decoded(double ?? single ?? "")
        if (value === undefined) return Option.none()
        element.attributes.set(name, value)
      }
      current.children.push(element)
      if (empty !== "/") open.push(element)
    } else if (closes !== undefined) {
      if (current === root || current.name !== closes) return Option.none()
      open.pop()
    }
  }
  const complete =
    at === source.replace(/^\uFEFF/, "").length && open.length === 1 && root.children.length === 1
  return complete ? Option.fromNullable(root.children[0]) : Option.none()
}

export const childrenNamed = ({ children }: XmlElement, name: string): ReadonlyArray<XmlElement> =>
  children.filter((child) => child.name === name)

/** The first of that path; `undefined`: there is none. */
export const childAt = (
  element: XmlElement | undefined,
  ...path: ReadonlyArray<string>
): XmlElement | undefined =>
  path.reduce<XmlElement | undefined>(
    (current, name) => current?.children.find((child) => child.name === name),
    element
  )

export const escapeXml = (text: string): string =>
  text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`)
