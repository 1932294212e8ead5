import * as Either from "effect/Either"
import { valueProblem } from "../coolify/VariableValue.ts"
import type { Field } from "./Fields.ts"
import { type Environment, interpolate } from "./Interpolate.ts"
import { isCoolifysOwn, variablePattern } from "./Limits.ts"
import { keyName, type Report } from "./Report.ts"
import type { SecretRule } from "./Spec.ts"

/** Why a name is not the user's to set. */
const owner = (name: string): string | undefined => {
  if (name === "FABRIK_RELEASE") return "fabrik sets it itself, anew with each release"
  if (isCoolifysOwn(name)) {
    return "Coolify makes the names that start with COOLIFY_, SERVICE_FQDN_, SERVICE_URL_ and SERVICE_NAME_ itself"
  }
  return name === "__proto__" ? "no program could read it safely" : undefined
}

/**
 * Reports a bad name of a variable or a secret. The text itself is shown only when it is a well-formed name: a
 * `KEY=value` in the wrong place would show its value.
 */
export const nameIsGood = (report: Report, name: string, field: Field, at: Field["keyAt"]): boolean => {
  if (!variablePattern.test(name)) {
    const hint = /[=:]/.test(name)
      ? "the name alone: a value never stands in it"
      : "letters, digits, `_` and `.`, at most 255, the first a letter or `_`"
    report.add(at, field.path, { message: "this is not the name of a variable", hint })
    return false
  }
  const reason = owner(name)
  if (reason !== undefined) {
    report.add(at, field.path, { message: `\`${name}\` is reserved`, hint: reason })
  }
  return reason === undefined
}

/** A variable of the spec, with where its value stands. */
export interface EnvEntry {
  readonly value: string
  /** Whether anything of it comes from the environment of whoever runs fabrik. */
  readonly refers: boolean
  readonly field: Field
}

/** A value that would reach the container as another one, or not at all. The tree has reported control characters. */
const refuseValue = (report: Report, field: Field, value: string): void => {
  const problem = valueProblem(value)
  if (problem === undefined || problem.kind === "Control") return
  const hint =
    problem.kind === "FinalBreak" ? "write `|-` instead of `|` for the block that it is in" : problem.hint
  report.add(field.node.at, field.path, { message: `\`${field.path}\` ${problem.what}`, hint })
}

/** The variables. Numbers and booleans are taken as they are written: `PORT: 8000` is `"8000"`. */
export const readEnv = (
  report: Report,
  field: Field,
  environment: Environment | undefined
): ReadonlyMap<string, EnvEntry> => {
  const found = new Map<string, EnvEntry>()
  const { node } = field
  if (node._tag !== "Map") {
    if (node._tag !== "Null") {
      report.add(node.at, field.path, {
        message: "`env` must be a map",
        hint: "write one `KEY: value` per line"
      })
    }
    return found
  }
  for (const { key, keyAt, node: value } of node.entries) {
    const own: Field = {
      path: variablePattern.test(key) ? `${field.path}.${key}` : `${field.path}.${keyName(key)}`,
      keyAt,
      node: value
    }
    const good = nameIsGood(report, key, own, keyAt)
    if (value._tag === "Scalar") {
      const text = interpolate(value.text, environment)
      if (Either.isLeft(text)) report.add(value.at, own.path, text.left)
      else if (good) {
        refuseValue(report, own, text.right.value)
        found.set(key, { ...text.right, field: own })
      }
    } else if (value._tag === "Null") {
      report.add(value.at, own.path, {
        message: `\`${own.path}\` has no value`,
        hint: 'write "" for an empty one; a secret goes under `secrets`'
      })
    } else {
      report.add(value.at, own.path, {
        message: `\`${own.path}\` must be text, a number, true or false`,
        hint: "put quotes around a text that contains { or ["
      })
    }
  }
  return found
}

/** A secret of the spec, with where it stands. */
export interface SecretEntry {
  /** `undefined`: a name of the list form. */
  readonly rule: SecretRule | undefined
  readonly field: Field
}

/** One name cannot be both. */
export const refuseBoth = (
  report: Report,
  env: ReadonlyMap<string, EnvEntry>,
  secrets: ReadonlyMap<string, SecretEntry>
): void => {
  for (const [name, { field: secret }] of secrets) {
    const variable = env.get(name)
    if (variable === undefined) continue
    const hint = `it is also under \`env\` (line ${variable.field.keyAt.line}): keep one`
    report.add(secret.node.at, secret.path, { message: `\`${name}\` is both a secret and a variable`, hint })
  }
}
