/** Pure: the variables of an application whose values are not read into a spec, as its text tells of them. */
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import { isCompose } from "../coolify/Source.ts"
import { isPlainComment, isSecretComment } from "../kinds/VariableComment.ts"
import { secretNamePattern } from "../appspec/Limits.ts"
import { comment, writeKeys } from "../appspec/WriteSpec.ts"
import type { SortedVariables } from "./PlainVariables.ts"

/** Names that go into a comment; anything else in them is not shown. */
const shownNames = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name) => name.replace(/[^A-Za-z0-9_.]/g, "?"))

/** Secrets of fabrik's own are named, so that they are not taken for given up; their values stay where they are. */
export const hiddenVariables = ({ other, own, secret }: SortedVariables): ReadonlyArray<string> => {
  const named = own.filter((name) => secretNamePattern.test(name))
  const doubtful = secret.filter((name) => !named.includes(name))
  return [
    ...(other.length === 0
      ? []
      : [
          "",
          ...comment(
            `Left in Coolify as they are, because here they would mean something else: ${shownNames(other).join(", ")}.`
          )
        ]),
    ...(named.length === 0
      ? []
      : [
          "",
          ...comment("Values of secrets are not read into a file: the application keeps those that it has."),
          writeKeys({
            secrets: Object.fromEntries(named.map((name) => [name, { _tag: "Required" as const }]))
          })
        ]),
    ...(doubtful.length === 0
      ? []
      : [
          ...(named.length === 0 ? [""] : []),
          ...comment(
            "These look secret, so their values are not read into a file. They stay in Coolify as they are, until you put their values into .env and take away the `#`. Not before: a secret without a value is generated anew."
          ),
          ...(named.length === 0
            ? ["# secrets:", ...shownNames(doubtful).map((name) => `#   - ${name}`)]
            : shownNames(doubtful).map((name) => `#  ${name}: generate`))
        ])
  ]
}

const wordsOf = (text: string): ReadonlySet<string> => new Set(text.match(/[A-Za-z_][A-Za-z0-9_]*/g))

/** Coolify has made it from the text of a compose file, or for it: the text brings it again. */
export const isOfCompose = (
  { comment, key }: ObservedVariable,
  { composeText, source }: Pick<Application, "composeText" | "source">
): boolean =>
  isCompose(source) &&
  !isPlainComment(comment) &&
  !isSecretComment(comment) &&
  (key.startsWith("SERVICE_") ||
    wordsOf((source._tag === "Compose" ? source.text : composeText) ?? "").has(key))

export const composeVariables = (rows: ReadonlyArray<ObservedVariable>): ReadonlyArray<string> => {
  const names = rows.filter(({ key }) => !key.startsWith("SERVICE_")).map(({ key }) => key)
  return names.length === 0
    ? []
    : [
        "",
        ...comment(
          `The compose file names these, and their values stay in Coolify as they are: ${shownNames(names.toSorted()).join(", ")}.`
        )
      ]
}
