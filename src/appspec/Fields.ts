/** Reading a map of the spec key by key: every reader reports what is wrong and answers `undefined`. */
import * as Either from "effect/Either"
import type { Range } from "./Limits.ts"
import { nearest } from "./Nearest.ts"
import { type Complaint, keyName, type Position, quote, type Report } from "./Report.ts"
import { kindOf, type Node } from "./YamlTree.ts"

/** A value of the spec, with where it stands. */
export interface Field {
  /** The key as the user wrote it, with its parents: `healthcheck.path`. */
  readonly path: string
  readonly keyAt: Position
  readonly node: Node
}

/** By canonical key. */
export type Fields = ReadonlyMap<string, Field>

/** The keys a map may have. */
export interface Shape {
  readonly keys: ReadonlyArray<string>
  /** Keys of the older form, each with the key it stands for (itself, when the reader knows it). */
  readonly aliases?: ReadonlyMap<string, string>
  /** Keys of later versions: refused, never ignored. */
  readonly later?: ReadonlyArray<string>
  /** Hints for keys that other tools put here. */
  readonly elsewhere?: ReadonlyMap<string, string>
}

const notYet: Complaint = { message: "not supported by this version yet", hint: "remove it" }

/** Said of what a later version will do. */
export const later = (report: Report, at: Position, path: string): undefined =>
  report.add(at, path, { ...notYet, message: `${quote(path)} is ${notYet.message}` })

const unknownKey = (key: string, shape: Shape): Complaint => {
  const near = nearest(key, shape.keys)
  const hint =
    shape.elsewhere?.get(key) ??
    (near === undefined ? `known keys: ${shape.keys.join(", ")}` : `did you mean \`${near}\`?`)
  return { message: `unknown key ${quote(keyName(key))}`, hint }
}

/** Both spellings of one thing are given: which of them to drop. */
export const onlyOne = (report: Report, a: Field | undefined, b: Field | undefined): Field | undefined => {
  if (a === undefined || b === undefined) return a ?? b
  const [first, second] = a.keyAt.line <= b.keyAt.line ? [a, b] : [b, a]
  report.add(second.keyAt, second.path, {
    message: `\`${first.path}\` and \`${second.path}\` say the same`,
    hint: "keep one of them"
  })
  return first
}

const noValue = "give it a value or remove the key"

const reportKind = (report: Report, field: Field, wanted: string, hint?: string): undefined =>
  field.node._tag === "Null"
    ? report.add(field.node.at, field.path, {
        message: `\`${field.path}\` has no value`,
        hint: noValue
      })
    : report.add(field.node.at, field.path, {
        message: `\`${field.path}\` must be ${wanted}, not ${kindOf(field.node)}`,
        hint
      })

/** The fields of a map; a map with nothing in it (`env:`) has none. */
export const readMap = (report: Report, field: Field, shape: Shape, hint?: string): Fields | undefined => {
  const { node, path } = field
  if (node._tag === "Null") return new Map()
  if (node._tag !== "Map") return reportKind(report, field, "a map", hint)
  const fields = new Map<string, Field>()
  for (const entry of node.entries) {
    const own: Field = {
      path: path === "" ? keyName(entry.key) : `${path}.${keyName(entry.key)}`,
      keyAt: entry.keyAt,
      node: entry.node
    }
    const key = shape.aliases?.get(entry.key) ?? entry.key
    if (shape.later?.includes(key) === true) later(report, own.keyAt, own.path)
    else if (!shape.keys.includes(key) && shape.aliases?.has(entry.key) !== true)
      report.add(own.keyAt, own.path, unknownKey(entry.key, shape))
    else fields.set(key, onlyOne(report, fields.get(key), own) ?? own)
  }
  return fields
}

/** The items of a list; a list with nothing in it (`secrets:`) has none. */
export const readList = (report: Report, field: Field, hint?: string): ReadonlyArray<Field> | undefined => {
  const { node, path } = field
  if (node._tag === "Null") return []
  if (node._tag !== "List") return reportKind(report, field, "a list", hint)
  return node.items.map((item, index) => ({ path: `${path}[${index}]`, keyAt: item.at, node: item }))
}

/** A text; an unquoted number is taken as it is written. */
const readText = (report: Report, field: Field): string | undefined => {
  const { node, path } = field
  if (node._tag !== "Scalar") return reportKind(report, field, "text")
  if (typeof node.value === "boolean") return reportKind(report, field, "text", "put quotes around it")
  return node.text === ""
    ? report.add(node.at, path, { message: `\`${path}\` is empty`, hint: noValue })
    : node.text
}

/** A text that a rule accepts, in the rule's normal form. */
export const readChecked = <A>(
  report: Report,
  field: Field,
  rule: (text: string) => Either.Either<A, Complaint>
): A | undefined => {
  const text = readText(report, field)
  return text === undefined
    ? undefined
    : Either.getOrElse(rule(text), (complaint) => report.add(field.node.at, field.path, complaint))
}

/** A text that matches `pattern`. */
export const readPattern = (
  report: Report,
  field: Field,
  pattern: RegExp,
  complaint: Complaint
): string | undefined =>
  readChecked(report, field, (text) => (pattern.test(text) ? Either.right(text) : Either.left(complaint)))

/** A whole number, quoted or not. */
export const readInteger = (report: Report, field: Field, { min, max, unit }: Range): number | undefined => {
  const { node, path } = field
  const wanted = `a whole number${unit === "" ? "" : ` of ${unit}`} from ${min} to ${max}`
  if (node._tag !== "Scalar" || typeof node.value === "boolean") return reportKind(report, field, wanted)
  const value =
    typeof node.value === "number" ? node.value : /^\d{1,9}$/.test(node.value) ? Number(node.value) : NaN
  if (Number.isInteger(value) && value >= min && value <= max) return value
  const hint =
    unit === "seconds" && /^\d+ *s/.test(node.text) ? "write the number alone: it is in seconds" : undefined
  return report.add(node.at, path, { message: `\`${path}\` must be ${wanted}`, hint })
}

export const readBoolean = (report: Report, field: Field): boolean | undefined =>
  field.node._tag === "Scalar" && typeof field.node.value === "boolean"
    ? field.node.value
    : reportKind(report, field, "true or false", "write true or false, without quotes")

/** One of a few words. */
export const readChoice = <const A extends string>(
  report: Report,
  field: Field,
  options: ReadonlyArray<A>
): A | undefined =>
  readChecked(report, field, (text) => {
    const found = options.find((option) => option === text)
    if (found !== undefined) return Either.right(found)
    const near = nearest(text, options)
    return Either.left({
      message: `unknown \`${field.path}\` ${quote(text)}`,
      hint: near === undefined ? `one of: ${options.join(", ")}` : `did you mean \`${near}\`?`
    })
  })
