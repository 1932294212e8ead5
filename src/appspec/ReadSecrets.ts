/** The two forms of `secrets`: a list of names, or a map that says for each what becomes of it when nobody supplies it. */
import { type Field, readChoice, readInteger, readList, readMap, type Shape } from "./Fields.ts"
import { ranges, secretKinds } from "./Limits.ts"
import { nameIsGood, type SecretEntry } from "./ReadVariables.ts"
import { keyName, type Report } from "./Report.ts"
import type { SecretKind, SecretRule } from "./Spec.ts"

type Secrets = ReadonlyMap<string, SecretEntry>

const required: SecretRule = { _tag: "Required" }
const generated = (kind: SecretKind, length: number = secretKinds[kind]): SecretRule => ({
  _tag: "Generate",
  kind,
  length
})

/** The secrets; the two lists of the older form (`required`, `generate`) mean the same as the map's two words. */
export const readSecrets = (report: Report, field: Field): Secrets => {
  const { node } = field
  if (node._tag !== "Map") return readNames(report, field, undefined)
  const isOldList = (key: string, { _tag }: Field["node"]) =>
    (key === "required" || key === "generate") && _tag !== "Scalar" && _tag !== "Map"
  const isOlder = node.entries.every(({ key, node: value }) => isOldList(key, value))
  if (isOlder) return readOlder(report, field)
  const found = new Map<string, SecretEntry>()
  for (const { key, keyAt, node: value } of node.entries) {
    const own: Field = { path: `${field.path}.${keyName(key)}`, keyAt, node: value }
    if (isOldList(key, value)) {
      report.add(keyAt, own.path, {
        message: `\`${own.path}\` is a list beside names`,
        hint: "either the two lists `required` and `generate`, or one `NAME: required` or `NAME: generate` per line"
      })
    } else if (isFree(report, key, own, keyAt)) {
      const rule = readRule(report, own)
      if (rule !== undefined) found.set(key, { rule, field: own })
    }
  }
  return found
}

/** For the spec: only names with a rule of their own. */
export const rulesOf = (secrets: Secrets): ReadonlyMap<string, SecretRule> =>
  new Map([...secrets].flatMap(([name, { rule }]) => (rule === undefined ? [] : [[name, rule] as const])))

const olderShape: Shape = { keys: ["required", "generate"] }

const readOlder = (report: Report, field: Field): Secrets => {
  const lists = readMap(report, field, olderShape) ?? new Map<string, Field>()
  const found = new Map<string, SecretEntry>()
  for (const [key, list] of lists) {
    const rule = key === "required" ? required : generated("alphanumeric")
    for (const [name, entry] of readNames(report, list, rule)) {
      const before = found.get(name)
      if (before === undefined) found.set(name, entry)
      else {
        const message = `\`${name}\` stands in both lists (line ${before.field.keyAt.line})`
        report.add(entry.field.node.at, entry.field.path, { message, hint: "remove one" })
      }
    }
  }
  return found
}

const readNames = (report: Report, field: Field, rule: SecretRule | undefined): Secrets => {
  const items = readList(report, field, "one name per line, each behind a `-`") ?? []
  const found = new Map<string, SecretEntry>()
  for (const item of items) {
    const { node, path } = item
    if (node._tag !== "Scalar" || typeof node.value !== "string") {
      const hint = "the name alone: the value comes from the environment or from .env"
      report.add(node.at, path, { message: "a secret is the name of a variable", hint })
    } else if (found.has(node.text)) {
      report.add(node.at, path, { message: `duplicate secret \`${node.text}\``, hint: "remove one" })
    } else if (isFree(report, node.text, item, node.at)) {
      found.set(node.text, { rule, field: item })
    }
  }
  return found
}

const isFree = (report: Report, name: string, field: Field, at: Field["keyAt"]): boolean => {
  if (name !== "PORT") return nameIsGood(report, name, field, at)
  const hint = "Coolify must know it: write it under `port`"
  report.add(at, field.path, { message: "`PORT` cannot be a secret", hint })
  return false
}

const ruleShape: Shape = { keys: ["generate", "length"] }

const words = "`required`, `generate`, or e.g. `{ generate: hex, length: 64 }`"

/** What stands there may be the secret itself, so it is never repeated. */
const readRule = (report: Report, field: Field): SecretRule | undefined => {
  const { node, path } = field
  if (node._tag === "Map") return readRecipe(report, field)
  if (node._tag === "Scalar" && node.value === "required") return required
  if (node._tag === "Scalar" && node.value === "generate") return generated("alphanumeric")
  return report.add(node.at, path, {
    message: `\`${path}\` must say what becomes of it when nobody supplies it: ${words}`,
    hint:
      node._tag === "Scalar"
        ? "a secret's value never stands in the spec: it comes from the environment or from .env"
        : node._tag === "List"
          ? "a list of names stands under `required` or `generate`"
          : `write \`${path.split(".").at(-1) ?? ""}: required\``
  })
}

const kinds: ReadonlyArray<SecretKind> = ["alphanumeric", "base64", "hex", "password", "uuid"]

const readRecipe = (report: Report, field: Field): SecretRule | undefined => {
  const fields = readMap(report, field, ruleShape) ?? new Map<string, Field>()
  const generate = fields.get("generate")
  const length = fields.get("length")
  if (generate === undefined) {
    return report.add(field.node.at, field.path, {
      message: `\`${field.path}\` does not say what to generate`,
      hint: `write ${words}`
    })
  }
  const kind = readChoice(report, generate, kinds)
  if (kind === undefined || length === undefined) return kind === undefined ? undefined : generated(kind)
  if (kind === "uuid") {
    return report.add(length.keyAt, length.path, {
      message: "a uuid has a length of its own",
      hint: "remove `length`"
    })
  }
  const characters = readInteger(report, length, ranges.secretLength)
  if (characters === undefined) return undefined
  if (kind === "base64" && characters % 4 !== 0) {
    return report.add(length.node.at, length.path, {
      message: `\`${length.path}\` must be a multiple of 4 for base64`,
      hint: "44 characters are 32 bytes, 88 are 64"
    })
  }
  return generated(kind, characters)
}
