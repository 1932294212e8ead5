import * as Redacted from "effect/Redacted"
import type { ObservedVariable, Variable } from "../coolify/endpoints/Variables.ts"
import {
  digestOfComment,
  holdsValue,
  isOurComment,
  isPlainComment,
  isSecretComment,
  releaseKey
} from "./VariableComment.ts"
import type { Change } from "../engine/Plan.ts"

export interface VariableDiff {
  readonly put: ReadonlyArray<Variable>
  readonly remove: ReadonlyArray<ObservedVariable>
  readonly changes: ReadonlyArray<Change>
}

/**
 * Compares production variables by value where the token may read it, else by the digest in the comment. Rows that
 * fabrik did not write stay, unless the spec names them; preview rows are touched only when their production row goes.
 * @param held rows that the spec names and that stay as they are.
 * @param pending those whose value is known only once something else is made.
 */
export const diffVariables = (
  desired: ReadonlyArray<Variable>,
  observed: ReadonlyArray<ObservedVariable>,
  isSecret: (key: string) => boolean,
  held: ReadonlyArray<ObservedVariable>,
  pending: ReadonlyArray<{ readonly key: string; readonly secret: boolean }> = []
): VariableDiff => {
  const rows = new Map(observed.filter((row) => !row.isPreview).map((row) => [row.key, row]))
  const wanted = new Set([
    ...[...desired, ...held].map(({ key }) => key),
    ...pending.map(({ key }) => key),
    releaseKey
  ])
  const put = desired.filter((variable) => !isSame(variable, rows.get(variable.key)))
  const gone = [...rows.values()]
    .filter((row) => !wanted.has(row.key) && isOurComment(row.comment))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
  const goneKeys = new Set(gone.map((row) => row.key))
  const change = (key: string, after: Variable | undefined): Change => {
    const before = rows.get(key)
    // A value that no spec shows may be a secret: a hand-made one, or one that the spec no longer names.
    const secret =
      isSecret(key) ||
      (before !== undefined && (before.value === undefined || !isPlainComment(before.comment)))
    const build = before === undefined || after === undefined ? [] : buildField(before, after)
    const isBuildAlone =
      build.length > 0 && before !== undefined && after !== undefined && hasSameValue(after, before)
    const show = (value: Redacted.Redacted<string> | undefined) =>
      secret || value === undefined ? "set" : Redacted.value(value)
    return {
      system: "coolify",
      kind: "variable",
      name: key,
      action: before === undefined ? "create" : after === undefined ? "delete" : "update",
      fields: [
        ...(isBuildAlone
          ? []
          : [
              {
                field: "value",
                before: before === undefined ? null : show(before.value),
                after: after === undefined ? null : show(after.value),
                secret
              }
            ]),
        ...build
      ]
    }
  }
  return {
    put,
    // A production row goes after its preview twin: while it stands, the twin is known to be ours.
    remove: observed
      .filter((row) => goneKeys.has(row.key))
      .toSorted((a, b) => Number(b.isPreview) - Number(a.isPreview)),
    changes: [
      ...put.map((variable) => change(variable.key, variable)),
      ...pending.map(({ key, secret }): Change => ({
        system: "coolify",
        kind: "variable",
        name: key,
        action: rows.has(key) ? "update" : "create",
        fields: [
          { field: "value", before: rows.has(key) ? "set" : null, after: "set", secret, pending: true }
        ]
      })),
      ...gone.map((row) => change(row.key, undefined))
    ]
  }
}

/** Whether the build reads it, where that differs. */
const buildField = (before: ObservedVariable, after: Pick<Variable, "isBuildtime">): Change["fields"] => {
  const word = (isRead: boolean) => (isRead ? "read by the build" : "not read by the build")
  return before.isBuildtime === after.isBuildtime
    ? []
    : [{ field: "build", before: word(before.isBuildtime), after: word(after.isBuildtime), secret: false }]
}

/** The release is written with each deployment; here only that no build reads it any more. */
export const hiddenRelease = (row: ObservedVariable | undefined): ReadonlyArray<Change> =>
  row?.isBuildtime === true && isOurComment(row.comment)
    ? [
        {
          system: "coolify",
          kind: "variable",
          name: row.key,
          action: "update",
          fields: buildField(row, { isBuildtime: false })
        }
      ]
    : []

const hasSameValue = (variable: Variable, row: ObservedVariable): boolean =>
  row.value === undefined
    ? digestOfComment(row.comment) === digestOfComment(variable.comment)
    : holdsValue(row.value, variable.value)

/** Whether a row holds this variable, byte for byte, as far as the token can see. */
export const isSame = (variable: Variable, row: ObservedVariable | undefined): boolean =>
  row !== undefined &&
  hasSameValue(variable, row) &&
  // What becomes a secret must be marked as one, though its value stays, and the other way round.
  (isPlainComment(variable.comment) ? !isSecretComment(row.comment) : !isPlainComment(row.comment)) &&
  row.isLiteral === variable.isLiteral &&
  row.isMultiline === variable.isMultiline &&
  row.isRuntime === variable.isRuntime &&
  row.isBuildtime === variable.isBuildtime
