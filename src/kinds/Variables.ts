import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { ObservedVariable, Variable } from "../coolify/endpoints/Variables.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Change } from "../engine/Change.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import { Pace } from "../engine/Pace.ts"
import { Run } from "../engine/Run.ts"
import { isSame } from "./DiffVariables.ts"
import { absentIfNotFound } from "./Find.ts"
import { orUndefined } from "./Json.ts"
import { releaseKey, releaseOfComment } from "./VariableComment.ts"

const propsSchema = () =>
  Schema.Struct({
    /** The application's. */
    uuid: Schema.String,
    /** The rows of all keys that are touched. */
    rows: Schema.Array(
      Schema.Struct({
        key: Schema.String,
        value: orUndefined(Schema.Redacted(Schema.String)),
        isPreview: Schema.Boolean,
        isLiteral: Schema.Boolean,
        isMultiline: Schema.Boolean,
        isShownOnce: Schema.Boolean,
        isRuntime: Schema.Boolean,
        isBuildtime: Schema.Boolean,
        comment: Schema.String
      })
    )
  })
type VariablesProps = ReturnType<typeof propsSchema>["Type"]
type Row = VariablesProps["rows"][number]

interface Found {
  readonly uuid: string
  readonly rows: ReadonlyArray<ObservedVariable>
}

const rowKey = (row: { readonly key: string; readonly isPreview: boolean }): string =>
  `${row.isPreview ? "preview" : "production"} ${row.key}`
const keyOf = (field: string): string => field.slice(field.indexOf(" ") + 1)
const twinOf = (field: string): string => `preview ${keyOf(field)}`

const rowsOf = (props: VariablesProps | undefined): ReadonlyMap<string, Row> =>
  new Map((props?.rows ?? []).map((row) => [rowKey(row), row]))

/** The rows that a change writes or removes. A created production row brings a preview twin with it: that counts as well. */
const fieldsOf = ({ after, before }: Change<VariablesProps>): ReadonlyArray<string> => {
  const [old, written] = [rowsOf(before), rowsOf(after)]
  const all = [...new Set([...old.keys(), ...written.keys()])]
  const touched = all.filter((field) => {
    const [then, now] = [old.get(field), written.get(field)]
    return then === undefined || now === undefined || !isUnchanged(then, now)
  })
  const twins = touched
    .filter((field) => !old.has(field) && !old.has(twinOf(field)) && field !== twinOf(field))
    .map(twinOf)
  return [...touched, ...twins.filter((field) => !all.includes(field))]
}

const holds = (field: string, found: Found, change: Change<VariablesProps>, side: "before" | "after") => {
  const row = found.rows.find((one) => rowKey(one) === field)
  const want = rowsOf(change[side]).get(field)
  if (want === undefined) {
    if (row === undefined) return true
    // The twin of a row that was created has its value.
    const made = side === "after" ? rowsOf(change.after).get(`production ${keyOf(field)}`) : undefined
    return made?.value !== undefined && isSame({ ...made, value: made.value }, row)
  }
  if (row === undefined) return false
  return side === "before" || want.value === undefined
    ? isUnchanged(want, row)
    : isSame({ ...want, value: want.value }, row)
}

/** The variables of an application, row by row: their values are secrets. */
export const variables: Kind<VariablesProps, Found, CoolifyError, CoolifyClient | Run> = {
  name: "coolify/variables",
  codec: codecOf(propsSchema),
  sealed: true,
  says: ({ address: { name } }) => ({
    what: `variables of ${name}`,
    next: `check the variables of ${name} in Coolify`
  }),
  find: ({ before }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const uuid = before?.uuid ?? ""
      const rows = yield* absentIfNotFound(coolify.variables.list(uuid))
      return rows === undefined ? [] : [{ uuid, rows }]
    }),
  fields: fieldsOf,
  holds,
  edited: (fields) =>
    `${[...new Set(fields.map(keyOf))].join(", ")} changed meanwhile by somebody else, and left as it is`,
  restore: ({ rows, uuid }, change, fields) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const old = rowsOf(change.before)
      const put = fields.flatMap((field) => {
        const row = old.get(field)
        return row === undefined ? [] : restorable(row)
      })
      // As in a run the release comes last, so that nothing looks as if it had been written after it.
      put.sort((a, b) => Number(a.key === releaseKey) - Number(b.key === releaseKey))
      // One after the other: a production row brings a preview twin along, which the second request then overwrites.
      for (const some of [put.filter((row) => !row.isPreview), put.filter((row) => row.isPreview)]) {
        if (some.length > 0) yield* coolify.variables.put(uuid, some)
      }
      const gone = rows.filter((row) => fields.includes(rowKey(row)) && !old.has(rowKey(row)))
      yield* removeVariables(
        uuid,
        change.address.name,
        gone.toSorted((a, b) => Number(b.isPreview) - Number(a.isPreview))
      )
    }),
  budget: ({ after }) =>
    // What was written may have to be removed, row by row, and within the limit on requests.
    Effect.map(Pace, ({ undoBudget }) =>
      Duration.sum(undoBudget, Duration.minutes((2 * (after?.rows.length ?? 0)) / allowedPerMinute))
    )
}

export interface VariableActions {
  readonly put: ReadonlyArray<Variable>
  /** Rows of ours that the spec no longer names, with their preview twins. */
  readonly remove: ReadonlyArray<ObservedVariable>
}

/** Writes the variables of an application that this run created: they go with it. */
export const putFreshVariables = Effect.fn("putFreshVariables")(function* (
  application: { readonly uuid: string; readonly name: string },
  actions: VariableActions
) {
  const coolify = yield* CoolifyClient
  yield* coolify.variables.put(application.uuid, actions.put)
  yield* announce({ system: "coolify", kind: "variables", name: application.name, action: "created" })
})

/** Changes the variables of an existing application. Undo: every row that still is as this run left it goes back. */
export const updateVariables = Effect.fn("updateVariables")(function* (
  ...[application, actions, observed]: Parameters<typeof changeVariables>
) {
  yield* changeVariables(application, actions, observed)
  yield* announce({ system: "coolify", kind: "variables", name: application.name, action: "updated" })
})

/** {@link updateVariables}, of what only fabrik reads: it is not told. */
export const changeVariables = Effect.fn("changeVariables")(function* (
  { uuid, name }: { readonly uuid: string; readonly name: string },
  { put, remove }: VariableActions,
  observed: ReadonlyArray<ObservedVariable>
) {
  const coolify = yield* CoolifyClient
  const touched = new Set([...put, ...remove].map(({ key }) => key))
  const rows = observed.filter(({ key }) => touched.has(key))
  const replaced = new Set([...put, ...remove].map(rowKey))
  const before = { uuid, rows }
  const after = { uuid, rows: [...put, ...rows.filter((row) => !replaced.has(rowKey(row)))] }
  yield* changing(variables, { name, before, after }, () =>
    Effect.gen(function* () {
      if (put.length > 0) yield* coolify.variables.put(uuid, put)
      yield* removeVariables(uuid, name, remove)
    })
  )
})

/** Requests a minute that Coolify allows unless it is told otherwise. */
const allowedPerMinute = 200
/** From so many rows on their removal is told as it goes on. */
const manyRows = 20

/**
 * The API has a request for many rows at once to write them, but none to remove them, and a production row leaves its
 * preview twin behind: each takes a request of its own (routes/api.php, 4.3.11).
 */
const removeVariables = Effect.fn("removeVariables")(function* (
  uuid: string,
  name: string,
  rows: ReadonlyArray<ObservedVariable>
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  for (const [index, row] of rows.entries()) {
    yield* absentIfNotFound(coolify.variables.remove(uuid, row.uuid))
    if (rows.length < manyRows || ((index + 1) % 10 !== 0 && index + 1 < rows.length)) continue
    yield* run.emit({
      _tag: "ChangeProgress",
      what: `removing the variables of ${name}, row by row`,
      done: index + 1,
      total: rows.length
    })
  }
})

const isUnchanged = (previous: Row, row: Row): boolean =>
  previous.comment === row.comment &&
  previous.isBuildtime === row.isBuildtime &&
  previous.isLiteral === row.isLiteral &&
  previous.isMultiline === row.isMultiline &&
  previous.isRuntime === row.isRuntime &&
  (previous.value === undefined || row.value === undefined
    ? previous.value === row.value
    : Redacted.value(previous.value) === Redacted.value(row.value))

/** The row to write again; its value is known, as the plan was refused otherwise, or stands in its comment. */
const restorable = (row: Row): ReadonlyArray<Variable> => {
  const release = row.key === releaseKey ? releaseOfComment(row.comment)?.release : undefined
  const value = row.value ?? (release === undefined ? undefined : Redacted.make(release))
  return value === undefined ? [] : [{ ...row, value }]
}
