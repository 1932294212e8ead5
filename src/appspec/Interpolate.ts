/**
 * What stands for something else in a variable's value: `${env.NAME}` for the environment of whoever runs fabrik,
 * `${secrets.NAME}` for a secret and `${databases.NAME.url}` for a database of the spec. Nothing else is expanded.
 */
import * as Either from "effect/Either"
import type { Complaint } from "./Report.ts"

/** What `${env.NAME}` stands for, by name. */
export type Environment = ReadonlyMap<string, string>

/** What a variable can be told of a database. */
const databaseFields = ["url", "host", "port", "user", "password", "name"] as const
type DatabaseField = (typeof databaseFields)[number]

/** Known only once the database is there. */
export interface DatabaseReference {
  readonly database: string
  readonly field: DatabaseField
}

interface SecretReference {
  readonly secret: string
}

export type Reference = DatabaseReference | SecretReference

/** A value as its parts, in their order. */
export type TextTemplate = ReadonlyArray<string | Reference>

/** An escaped `$${`, a whole `${...}`, or the beginning of one. */
const marks = /\$\$\{|\$\{([^}]*)\}|\$\{/g
const variable = /^env\.([A-Za-z_][A-Za-z0-9_]*)$/
const secret = /^secrets\.([A-Za-z_][A-Za-z0-9_]*)$/
const database = /^databases\.([a-z][a-z0-9-]*)\.([a-z]+)$/

/** The names that a spec's text may ask for, and perhaps more. */
export const referencedIn = (text: string): ReadonlyArray<string> => [
  ...new Set([...text.matchAll(/\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}/g)].flatMap(([, name]) => name ?? []))
]

export interface Interpolated {
  readonly parts: TextTemplate
  /** Whether anything of it comes from the environment. */
  readonly refers: boolean
}

/**
 * The value with all its references to the environment replaced. A lone `$` and `$NAME` stand as they are: Coolify gets
 * them literally.
 * @param environment `undefined`: nobody needs the values, so references stay as they are written.
 */
export const interpolate = (
  text: string,
  environment: Environment | undefined
): Either.Either<Interpolated, Complaint> => {
  const parts: Array<string | Reference> = []
  let refers = false
  let end = 0
  for (const found of text.matchAll(marks)) {
    const [mark, inner] = found
    parts.push(text.slice(end, found.index))
    end = found.index + mark.length
    if (mark === "$${") {
      parts.push(environment === undefined ? mark : "${")
      continue
    }
    const [, of, field] = database.exec(inner ?? "") ?? []
    const known = databaseFields.find((one) => one === field)
    if (of !== undefined) {
      if (known === undefined) return Either.left(noField(of, field ?? ""))
      parts.push({ database: of, field: known })
      continue
    }
    const ofSecret = secret.exec(inner ?? "")?.[1]
    if (ofSecret !== undefined) {
      parts.push({ secret: ofSecret })
      continue
    }
    const name = variable.exec(inner ?? "")?.[1]
    if (name === undefined) return Either.left(unclear(inner))
    refers = true
    const value = environment?.get(name)
    if (environment !== undefined && value === undefined) {
      return Either.left({
        message: `\`${name}\` is not set in the environment, which \`\${env.${name}}\` stands for`,
        hint: "set it for this run; or write `$${` where `${` is meant as it stands"
      })
    }
    parts.push(value ?? mark)
  }
  parts.push(text.slice(end))
  return Either.right({ parts, refers })
}

/** The value with what its references stand for. */
export const rendered = (template: TextTemplate, valueOf: (reference: Reference) => string): string =>
  template.map((part) => (typeof part === "string" ? part : valueOf(part))).join("")

export const isReference = (part: string | Reference): part is Reference => typeof part !== "string"

export const databasesOf = (template: TextTemplate): ReadonlyArray<DatabaseReference> =>
  template.filter((part) => typeof part !== "string" && "database" in part)

export const secretsOf = (template: TextTemplate): ReadonlyArray<string> =>
  template.flatMap((part) => (typeof part !== "string" && "secret" in part ? [part.secret] : []))

/** Whether a value tells nothing secret: where a database is, and not how to get in. */
export const isOpen = (template: TextTemplate): boolean =>
  secretsOf(template).length === 0 &&
  databasesOf(template).every(({ field }) => field !== "url" && field !== "password")

/** As it is written. */
export const written = (reference: Reference): string =>
  "secret" in reference
    ? `\${secrets.${reference.secret}}`
    : `\${databases.${reference.database}.${reference.field}}`

const noField = (of: string, field: string): Complaint => ({
  message: `a database has no \`${field.slice(0, 20)}\``,
  hint: `one of: ${databaseFields.map((one) => `\`\${databases.${of}.${one}}\``).join(", ")}`
})

/** Shows a name and nothing else: there may be a secret behind `:-`. */
const unclear = (inner: string | undefined): Complaint => {
  const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(inner ?? "")?.[0]
  const hint =
    name === undefined
      ? "write `$${` where `${` is meant as it stands"
      : name.startsWith("SERVICE_")
        ? "Coolify fills in SERVICE_... in compose files alone: write the value itself, or `${secrets.NAME}` for a password"
        : name === "databases"
          ? "write e.g. `${databases.main.url}`, or `$${` where `${` is meant as it stands"
          : name === "secrets"
            ? "write e.g. `${secrets.API_KEY}`, or `$${` where `${` is meant as it stands"
            : `write \`\${env.${name}}\` for the environment of whoever runs fabrik, or \`$\${\` where \`\${\` is meant as it stands`
  return { message: "`${...}` is not expanded in a spec", hint }
}
