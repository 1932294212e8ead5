/** `env`: variables whose values stand in the spec. */
import * as Either from "effect/Either"
import { valueProblem } from "../../coolify/VariableValue.ts"
import type { Check } from "../Decode.ts"
import { anyScalar, record } from "../Form.ts"
import {
  databasesOf,
  type Environment,
  interpolate,
  isReference,
  rendered,
  secretsOf,
  type TextTemplate,
  written
} from "../Interpolate.ts"
import { isCoolifysOwn, ownVariablePattern, variablePattern } from "../Limits.ts"
import { nearest } from "../Nearest.ts"
import { type Complaint, quote } from "../Report.ts"
import type { Template } from "../templates/Template.ts"

/** Why a name is not the user's to set. */
const owner = (name: string): string => {
  if (name === "FABRIK_RELEASE") return "fabrik sets it itself, anew with each release"
  return isCoolifysOwn(name)
    ? "Coolify makes the names that start with COOLIFY_, SERVICE_FQDN_, SERVICE_URL_ and SERVICE_NAME_ itself"
    : "no program could read it safely"
}

/**
 * What is wrong with the name of a variable or a secret. The text itself is shown only when it is a well-formed name: a
 * `KEY=value` in the wrong place would show its value.
 */
export const nameComplaint = (name: string): Complaint => {
  if (variablePattern.test(name)) return { message: `\`${name}\` is reserved`, hint: owner(name) }
  const hint = /[=:]/.test(name)
    ? "the name alone: a value never stands in it"
    : "letters, digits, `_` and `.`, at most 255, the first a letter or `_`"
  return { message: "this is not the name of a variable", hint }
}

const value = anyScalar({ description: "Its value, as it is written" }, ({ node, path }) =>
  node._tag === "Null"
    ? {
        message: `\`${path}\` has no value`,
        hint: 'write "" for an empty one; a secret goes under `secrets`'
      }
    : {
        message: `\`${path}\` must be text, a number, true or false`,
        hint: "put quotes around a text that contains { or ["
      }
)

export const Variables = record(ownVariablePattern, value, {
  description:
    "Variables of the application, nothing secret. `${env.NAME}` stands for the variable NAME of whoever runs fabrik, `${secrets.NAME}` for a secret and `${databases.NAME.url}` for a database of the spec, `$${` for `${`",
  value: () => ({ message: "`env` must be a map", hint: "write one `KEY: value` per line" }),
  key: nameComplaint
})

interface ReadVariables {
  readonly env: Readonly<Record<string, string>>
  /** The names whose value comes from the environment of whoever runs fabrik. */
  readonly interpolated: ReadonlyArray<string>
  /** The values that are made of secrets, or of what is known only once a database is there, by name. */
  readonly references: Readonly<Record<string, TextTemplate>>
}

/**
 * The values that are to reach the container byte for byte.
 * @param databases the names of the spec's databases.
 * @param environment what `${env.NAME}` stands for; without it such values stay as they are written.
 */
export const variablesIn = (
  given: typeof Variables.Type | undefined,
  databases: ReadonlyArray<string>,
  environment: Environment | undefined,
  check: Check
): ReadVariables => {
  const env: Array<readonly [string, string]> = []
  const references: Array<readonly [string, TextTemplate]> = []
  const interpolated: Array<string> = []
  for (const [name, text] of Object.entries(given ?? {})) {
    const field = check.at("env", name)
    const read = interpolate(text, environment)
    if (Either.isLeft(read)) {
      if (field !== undefined) check.complain(field, read.left)
      continue
    }
    const { parts, refers } = read.right
    const missing = databasesOf(parts).find((part) => !databases.includes(part.database))
    if (missing !== undefined) {
      const near = nearest(missing.database, databases)
      const hint =
        near === undefined
          ? `name it under \`databases\`: e.g. \`databases: { ${missing.database}: postgres:17 }\``
          : `did you mean \`${near}\`?`
      const message = `the spec has no database ${quote(missing.database)}`
      if (field !== undefined) check.complain(field, { message, hint })
      continue
    }
    const isMade = parts.some(isReference)
    if (isMade && name === "PORT" && field !== undefined) {
      const hint = "Coolify must know it beforehand: write the number under `port`"
      check.complain(field, { message: "`PORT` cannot come from a database or a secret", hint })
    }
    const value = rendered(parts, written)
    const problem = valueProblem(value)
    // The tree has told of control characters.
    if (problem !== undefined && problem.kind !== "Control" && field !== undefined) {
      const hint =
        problem.kind === "FinalBreak" ? "write `|-` instead of `|` for the block that it is in" : problem.hint
      check.complain(field, { message: `\`${field.path}\` ${problem.what}`, hint })
    }
    if (isMade) references.push([name, parts])
    else env.push([name, value])
    if (refers && !isMade) interpolated.push(name)
  }
  return { env: Object.fromEntries(env), interpolated, references: Object.fromEntries(references) }
}

/** Complains of a variable that is made of a secret which the spec does not name. */
export const checkSecretsOf = (
  references: ReadVariables["references"],
  secrets: ReadonlyArray<string>,
  check: Check
): void => {
  for (const [name, template] of Object.entries(references)) {
    const missing = secretsOf(template).find((secret) => !secrets.includes(secret))
    const field = check.at("env", name)
    if (missing === undefined || field === undefined) continue
    const near = nearest(missing, secrets)
    check.complain(field, {
      message: `the spec has no secret ${quote(missing)}`,
      hint:
        near === undefined
          ? `name it under \`secrets\`: e.g. \`secrets: { ${missing}: required }\``
          : `did you mean \`${near}\`?`
    })
  }
}

/** As {@link variablesIn} reads them, whatever the environment. */
export const variablesOut = ({
  env,
  references
}: Pick<ReadVariables, "env" | "references">): typeof Variables.Type => {
  const literal = (value: string) => value.replaceAll("${", () => "$${")
  return Object.fromEntries([
    ...Object.entries(env).map(([name, value]) => [name, literal(value)]),
    ...Object.entries(references).map(([name, parts]) => [
      name,
      parts.map((part) => (isReference(part) ? written(part) : literal(part))).join("")
    ])
  ])
}

/** The template's variables and the port, under those of the spec. */
export const withDefaults = (
  env: Readonly<Record<string, string>>,
  template: Template | undefined,
  port: number,
  secrets: ReadonlyArray<string>
): Readonly<Record<string, string>> => {
  const defaults = template === undefined ? [] : Object.entries({ ...template.env, PORT: String(port) })
  return { ...Object.fromEntries(defaults.filter(([name]) => !secrets.includes(name))), ...env }
}
