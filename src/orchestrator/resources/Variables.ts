import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { CoolifyClient, type ObservedVariable, type Variable } from "../../coolify/CoolifyClient.ts"
import { releaseKey, releaseOfComment } from "../Desired.ts"
import { isSame } from "../DiffVariables.ts"
import type { VariableActions } from "../Reconcile.ts"
import { absentIfNotFound } from "../Find.ts"
import { Pace } from "../../engine/Pace.ts"
import { leftAsItIs, withUndo } from "../../engine/Rollback.ts"
import { Run } from "../../engine/Run.ts"
import type { UndoOf } from "../../engine/Undo.ts"
import { keepUpdate, keptUpdate, type VariableUpdate } from "./KeptVariables.ts"

/** Writes the variables of an application that this run created: they go with it. */
export const putFreshVariables = Effect.fn("putFreshVariables")(function* (
  application: { readonly uuid: string; readonly name: string },
  actions: VariableActions
) {
  const coolify = yield* CoolifyClient
  yield* coolify.putVariables(application.uuid, actions.put)
  yield* announce(application.name, "created")
})

/** Changes the variables of an existing application. Undo: every row that still is as this run left it goes back. */
export const updateVariables = Effect.fn("updateVariables")(function* (
  { uuid, name }: { readonly uuid: string; readonly name: string },
  actions: VariableActions,
  before: ReadonlyArray<ObservedVariable>
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const kept = `${run.id}-${uuid}`
  const touched = new Set([...actions.put, ...actions.remove].map(({ key }) => key))
  const update = { ...actions, before: before.filter(({ key }) => touched.has(key)) }
  yield* keepUpdate(kept, update)
  const change = Effect.gen(function* () {
    if (actions.put.length > 0) yield* coolify.putVariables(uuid, actions.put)
    yield* removeVariables(uuid, name, actions.remove)
  })
  yield* withUndo(
    { _tag: "UpdatedVariables", uuid, name, kept },
    change,
    restoreVariables(uuid, name, update),
    yield* undoTime(update)
  )
  yield* announce(name, "updated")
})

/** The undo of {@link updateVariables} when only the secret store knows the values. */
export const undoUpdateVariables = Effect.fn("undoUpdateVariables")(function* ({
  uuid,
  name,
  kept
}: Pick<UndoOf<"UpdatedVariables">, "uuid" | "name" | "kept">) {
  const update = yield* Effect.catchIf(
    keptUpdate(kept),
    ({ reason }) => reason === "BadFile",
    // Nobody will find them later either: the rest is finished, and the operator is told what to look at.
    ({ message }) => leftAsItIs(`${message}; the variables stay as they are now`)
  )
  return yield* restoreVariables(uuid, name, update)
})

/** Requests a minute that Coolify allows unless it is told otherwise. */
const allowedPerMinute = 200
/** From so many rows on their removal is told as it goes on. */
const manyRows = 20

/** What was written may have to be removed, row by row, and within the limit on requests. */
const undoTime = ({ put }: Pick<VariableUpdate, "put">) =>
  Effect.map(Pace, ({ undoBudget }) =>
    Duration.sum(undoBudget, Duration.minutes((2 * put.length) / allowedPerMinute))
  )

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
    yield* absentIfNotFound(coolify.deleteVariable(uuid, row.uuid))
    if (rows.length < manyRows || ((index + 1) % 10 !== 0 && index + 1 < rows.length)) continue
    yield* run.emit({
      _tag: "ChangeProgress",
      what: `removing the variables of ${name}, row by row`,
      done: index + 1,
      total: rows.length
    })
  }
})

const restoreVariables = Effect.fn("restoreVariables")(function* (
  uuid: string,
  name: string,
  update: VariableUpdate
) {
  const coolify = yield* CoolifyClient
  const now = yield* absentIfNotFound(coolify.listVariables(uuid))
  if (now === undefined) return "nothing" as const
  const { put, remove, edited } = restoration(update.before, update, now)
  // One after the other: a production row brings a preview twin along, which the second request then overwrites.
  for (const rows of [put.filter((row) => !row.isPreview), put.filter((row) => row.isPreview)]) {
    if (rows.length > 0) yield* coolify.putVariables(uuid, rows)
  }
  yield* removeVariables(uuid, name, remove)
  if (edited.length > 0) {
    return yield* leftAsItIs(`${edited.join(", ")} changed meanwhile by somebody else, and left as it is`)
  }
  return put.length + remove.length > 0 ? ("undone" as const) : ("nothing" as const)
})

const announce = (name: string, action: "created" | "updated") =>
  Effect.flatMap(Run, (run) =>
    run.emit({ _tag: "ResourceChanged", system: "coolify", kind: "variables", name, action })
  )

const rowKey = (row: { readonly key: string; readonly isPreview: boolean }): string =>
  `${row.isPreview ? "preview" : "production"} ${row.key}`

interface Restoration {
  readonly put: ReadonlyArray<Variable>
  readonly remove: ReadonlyArray<ObservedVariable>
  /** Keys that somebody else changed meanwhile. */
  readonly edited: ReadonlyArray<string>
}

/** What brings the touched rows back. A created production row brought a preview twin with it: that goes as well. */
const restoration = (
  before: ReadonlyArray<ObservedVariable>,
  actions: VariableActions,
  now: ReadonlyArray<ObservedVariable>
): Restoration => {
  const old = new Map(before.map((row) => [rowKey(row), row]))
  const present = new Map(now.map((row) => [rowKey(row), row]))
  const written = new Map(actions.put.map((variable) => [variable.key, variable]))
  const put: Array<Variable> = []
  const remove: Array<ObservedVariable> = []
  const edited: Array<string> = []
  for (const [key, variable] of written) {
    const row = present.get(`production ${key}`)
    const previous = old.get(`production ${key}`)
    if (previous === undefined) {
      // The twin may be what an earlier try of this undo has left.
      const twin = old.has(`preview ${key}`) ? undefined : present.get(`preview ${key}`)
      const made = [twin, row].filter((each) => each !== undefined)
      if (made.every((each) => isSame(variable, each))) remove.push(...made)
      else edited.push(key)
    } else if (row !== undefined && !isUnchanged(previous, row)) {
      if (isSame(variable, row)) put.push(...restorable(previous))
      else edited.push(key)
    }
  }
  for (const row of actions.remove) {
    if (!present.has(rowKey(row))) put.push(...restorable(row))
  }
  return { put, remove, edited }
}

const isUnchanged = (previous: ObservedVariable, row: ObservedVariable): boolean =>
  previous.comment === row.comment &&
  previous.isBuildtime === row.isBuildtime &&
  previous.isLiteral === row.isLiteral &&
  previous.isMultiline === row.isMultiline &&
  previous.isRuntime === row.isRuntime &&
  (previous.value === undefined || row.value === undefined
    ? previous.value === row.value
    : Redacted.value(previous.value) === Redacted.value(row.value))

/** The row to write again; its value is known, as the plan was refused otherwise, or stands in its comment. */
const restorable = (row: ObservedVariable): ReadonlyArray<Variable> => {
  const release = row.key === releaseKey ? releaseOfComment(row.comment)?.release : undefined
  const value = row.value ?? (release === undefined ? undefined : Redacted.make(release))
  return value === undefined ? [] : [{ ...row, value }]
}
