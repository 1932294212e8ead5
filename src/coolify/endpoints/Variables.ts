/** The environment variables of applications and of services. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import { repeatedKey } from "../Refusals.ts"
import type { Body, Transport } from "../Transport.ts"
import { momentOf, orElse, text, Uuid } from "./Fields.ts"

export interface Variable {
  readonly key: string
  readonly value: Redacted.Redacted<string>
  readonly isPreview: boolean
  readonly isLiteral: boolean
  readonly isMultiline: boolean
  readonly isShownOnce: boolean
  readonly isRuntime: boolean
  readonly isBuildtime: boolean
  /** At most 256 characters; readable without `read:sensitive`. */
  readonly comment: string
}

/** A variable as listed; `value` is `undefined` when the token may not read it. */
export interface ObservedVariable extends Omit<Variable, "value"> {
  readonly uuid: string
  readonly value: Redacted.Redacted<string> | undefined
  /**
   * When any of it was written last, milliseconds since 1970, to the second; `undefined`: not told. A deployment does not
   * touch it (recorded: values, services 74).
   */
  readonly updatedAt?: number | undefined
}

/**
 * Requests about the variables of an application, or of a service: its compose text makes some of them by itself, none of
 * them is for previews, and it takes no notice of `isPreview`, `isRuntime` and `isBuildtime`.
 */
export interface Variables {
  /** Production rows and preview rows alike. */
  readonly list: (ownerUuid: string) => Effect.Effect<ReadonlyArray<ObservedVariable>, CoolifyError>
  /** Upserts by key and `isPreview`; never deletes. Keys must not repeat within `variables`. */
  readonly put: (ownerUuid: string, variables: ReadonlyArray<Variable>) => Effect.Effect<void, CoolifyError>
  readonly remove: (ownerUuid: string, variableUuid: string) => Effect.Effect<void, CoolifyError>
}

export const VariableRows = Schema.Array(
  Schema.Struct({
    uuid: Uuid,
    key: Schema.String,
    // Absent when the token may not read it; null is an empty value.
    value: Schema.optional(Schema.NullOr(Schema.Redacted(Schema.String))),
    is_preview: orElse(Schema.Boolean, false),
    is_literal: orElse(Schema.Boolean, false),
    is_multiline: orElse(Schema.Boolean, false),
    is_shown_once: orElse(Schema.Boolean, false),
    is_runtime: orElse(Schema.Boolean, true),
    is_buildtime: orElse(Schema.Boolean, true),
    comment: text,
    updated_at: text
  })
)

export const toVariable = (row: (typeof VariableRows.Type)[number]): ObservedVariable => ({
  uuid: row.uuid,
  key: row.key,
  value: row.value === null ? Redacted.make("") : row.value,
  isPreview: row.is_preview,
  isLiteral: row.is_literal,
  isMultiline: row.is_multiline,
  isShownOnce: row.is_shown_once,
  isRuntime: row.is_runtime,
  isBuildtime: row.is_buildtime,
  comment: row.comment,
  updatedAt: momentOf(row.updated_at)
})

/** Always every field: Coolify empties a value and clears flags that a request leaves out. */
export const variablesBody = (variables: ReadonlyArray<Variable>): Body => ({
  data: variables.map((variable) => ({
    key: variable.key,
    value: Redacted.value(variable.value),
    is_preview: variable.isPreview,
    is_literal: variable.isLiteral,
    is_multiline: variable.isMultiline,
    is_shown_once: variable.isShownOnce,
    is_runtime: variable.isRuntime,
    is_buildtime: variable.isBuildtime,
    comment: variable.comment
  }))
})

const methods = {
  applications: { list: "listVariables", put: "putVariables", remove: "deleteVariable" },
  services: { list: "listServiceVariables", put: "putServiceVariables", remove: "deleteServiceVariable" }
} as const

/** @param owners what they belong to, as the API's paths have it. */
export const makeVariables = ({ done, json }: Transport, owners: "applications" | "services"): Variables => ({
  list: (uuid) =>
    json(
      { method: methods[owners].list, verb: "GET", path: `/${owners}/{uuid}/envs`, ids: { uuid } },
      VariableRows
    ).pipe(Effect.map((rows) => rows.map(toVariable))),
  put: (uuid, variables) => {
    const repeated = repeatedKey(methods[owners].put, variables)
    if (repeated !== undefined) return Effect.fail(repeated)
    return variables.length === 0
      ? Effect.void
      : done({
          method: methods[owners].put,
          verb: "PATCH",
          path: `/${owners}/{uuid}/envs/bulk`,
          ids: { uuid },
          body: variablesBody(variables),
          secrets: variables.map(({ value }) => value),
          piecemeal: true
        })
  },
  remove: (owner, variable) =>
    done({
      method: methods[owners].remove,
      verb: "DELETE",
      path: `/${owners}/{owner}/envs/{variable}`,
      ids: { owner, variable }
    })
})
