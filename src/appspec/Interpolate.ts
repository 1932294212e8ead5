/** `${env.NAME}` in a variable's value: the environment's own, of whoever runs fabrik. Nothing else is expanded. */
import * as Either from "effect/Either"
import type { Complaint } from "./Report.ts"

/** What `${env.NAME}` stands for, by name. */
export type Environment = ReadonlyMap<string, string>

/** An escaped `$${`, a whole `${...}`, or the beginning of one. */
const marks = /\$\$\{|\$\{([^}]*)\}|\$\{/g
const reference = /^env\.([A-Za-z_][A-Za-z0-9_]*)$/

/** The names that a spec's text may ask for, and perhaps more. */
export const referencedIn = (text: string): ReadonlyArray<string> => [
  ...new Set([...text.matchAll(/\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}/g)].flatMap(([, name]) => name ?? []))
]

export interface Interpolated {
  readonly value: string
  /** Whether anything of it comes from the environment. */
  readonly refers: boolean
}

/**
 * The value with all its references replaced. A lone `$` and `$NAME` stand as they are: Coolify gets them literally.
 * @param environment `undefined`: nobody needs the values, so references stay as they are written.
 */
export const interpolate = (
  text: string,
  environment: Environment | undefined
): Either.Either<Interpolated, Complaint> => {
  const complaints: Array<Complaint> = []
  let refers = false
  const value = text.replace(marks, (mark: string, inner: string | undefined) => {
    if (mark === "$${") return environment === undefined ? mark : "${"
    const name = reference.exec(inner ?? "")?.[1]
    if (name === undefined) {
      complaints.push(unclear(inner))
      return mark
    }
    refers = true
    const found = environment?.get(name)
    if (environment !== undefined && found === undefined) {
      complaints.push({
        message: `\`${name}\` is not set in the environment, which \`\${env.${name}}\` stands for`,
        hint: "set it for this run; or write `$${` where `${` is meant as it stands"
      })
    }
    return found ?? mark
  })
  const [first] = complaints
  return first === undefined ? Either.right({ value, refers }) : Either.left(first)
}

/** Shows a name and nothing else: there may be a secret behind `:-`. */
const unclear = (inner: string | undefined): Complaint => {
  const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(inner ?? "")?.[0]
  const hint =
    name === undefined
      ? "write `$${` where `${` is meant as it stands"
      : `write \`\${env.${name}}\` for the environment of whoever runs fabrik, or \`$\${\` where \`\${\` is meant as it stands`
  return { message: "`${...}` is not expanded in a spec", hint }
}
