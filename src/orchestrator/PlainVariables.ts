/** Pure: which variables of an application a spec can hold, and which stay Coolify's. */
import * as Redacted from "effect/Redacted"
import type { ApplicationSource } from "../coolify/endpoints/Applications.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import { arrivesAsWritten, isShared } from "../coolify/VariableValue.ts"
import { isCoolifysOwn, secretNamePattern, variablePattern } from "../appspec/Limits.ts"
import { isPlainComment, isSecretComment, releaseKey } from "../kinds/VariableComment.ts"

export interface SortedVariables {
  /** Values that may stand in a file. */
  readonly plain: Readonly<Record<string, string>>
  /** Names of plain ones, made ones and fabrik's own secrets that the build reads too. */
  readonly build: ReadonlyArray<string>
  /** Names of those that look secret, or whose value cannot be read. */
  readonly secret: ReadonlyArray<string>
  /** Those of the secret ones that fabrik has written as secrets. */
  readonly own: ReadonlyArray<string>
  /** Names of those that would mean something else in a spec. */
  readonly other: ReadonlyArray<string>
}

/**
 * Anything doubtful is not plain: a variable that a spec does not name stays in Coolify as it is, and nothing is lost; a
 * secret in a file is. What fabrik wrote as plain is not in doubt: it stood in a spec, and without it there it would go.
 * @param made names of fabrik's that are made of what databases tell.
 */
export const sortVariables = (
  rows: ReadonlyArray<ObservedVariable>,
  source: ApplicationSource,
  made: ReadonlyArray<string> = []
): SortedVariables => {
  const plain = new Map<string, string>()
  const build: Array<string> = []
  const secret: Array<string> = []
  const own: Array<string> = []
  const other: Array<string> = []
  const production = rows.filter((row) => !row.isPreview && !isReserved(row.key))
  for (const row of production.toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
    const value = row.value === undefined ? undefined : Redacted.value(row.value)
    const isOurs = isPlainComment(row.comment) || isSecretComment(row.comment)
    const isBuilt = row.isBuildtime && (source._tag === "Git" || (isOurs && source._tag === "Dockerfile"))
    if (made.includes(row.key)) {
      if (isBuilt) build.push(row.key)
      continue
    }
    if (isSecretComment(row.comment)) {
      own.push(row.key)
      if (isBuilt && secretNamePattern.test(row.key)) build.push(row.key)
    }
    const twice = production.filter(({ key }) => key === row.key).length > 1
    if (!variablePattern.test(row.key) || twice) other.push(row.key)
    else if (value === undefined || row.isShownOnce || isSecretComment(row.comment)) secret.push(row.key)
    else if (!isPlainComment(row.comment) && looksSecret(row.key, value) && !isShared(value))
      secret.push(row.key)
    else if (!meansTheSame(row, value, source)) other.push(row.key)
    else {
      plain.set(row.key, value)
      if (isBuilt) build.push(row.key)
    }
  }
  return { plain: Object.fromEntries(plain), build, secret, own, other: [...new Set(other)] }
}

/** Set by Coolify, or by fabrik itself. */
const isReserved = (key: string): boolean => isCoolifysOwn(key) || key === releaseKey

/**
 * fabrik writes values literally, for the running container, and for the build of a repository where the spec names them.
 * A value that reaches the container as another one than its text says is not to be written anew.
 */
const meansTheSame = (row: ObservedVariable, value: string, source: ApplicationSource): boolean => {
  const isBuildArgument =
    row.isBuildtime &&
    !isPlainComment(row.comment) &&
    source._tag === "Dockerfile" &&
    new RegExp(`^\\s*ARG\\s+${row.key.replaceAll(".", "\\.")}\\b`, "imu").test(source.text ?? "")
  return row.isRuntime && !isBuildArgument && arrivesAsWritten(value, row)
}

const secretKey =
  /key|secret|token|pass|pwd|cred|auth|priv|salt|dsn|cert|cookie|session|signature|webhook|licen[cs]e|hash|seed|crypt|jwt/i
/** Credentials in a URL, a PEM block, or a long run of letters and digits that no word is. */
const secretValue =
  /:\/\/[^/\s]*@|-----BEGIN|(?=[A-Za-z0-9+/_=-]*\d)(?=[A-Za-z0-9+/_=-]*[A-Za-z])[A-Za-z0-9+/_=-]{20,}/

export const looksSecret = (key: string, value: string): boolean =>
  secretKey.test(key) || secretValue.test(value)

/** The same of a text in which lines may name what they hold: `password = x`. */
export const textLooksSecret = (text: string): boolean =>
  text.split("\n").some((line) => {
    const [, key = "", value = ""] = /^\W*([\w.-]+)\W*[:=]\s*(.*)$/.exec(line) ?? []
    return value === "" ? secretValue.test(line) : looksSecret(key, value)
  })
