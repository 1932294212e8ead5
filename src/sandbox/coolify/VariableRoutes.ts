/**
 * An application's environment variables. From ApplicationsController and Models/EnvironmentVariable.php at 4.3.11.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import type { Application, CoolifyState, Variable } from "./CoolifyState.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refuse, reply, serverError, type Refusal } from "./Reply.ts"
import { get, remove, send, type Fields, type Route } from "./Route.ts"
import { check, checkKnown, isEmpty, isTrue, text, thisIsRequired, type Rules } from "./Validation.ts"
import * as Wire from "./Wire.ts"

const rules: Rules = {
  key: {
    type: "string",
    required: true,
    max: 255,
    pattern: /^[A-Za-z_][A-Za-z0-9_.]*$/,
    words: thisIsRequired
  },
  value: { type: "string", nullable: true },
  is_preview: { type: "boolean" },
  is_literal: { type: "boolean" },
  is_multiline: { type: "boolean" },
  is_shown_once: { type: "boolean" },
  is_runtime: { type: "boolean" },
  is_buildtime: { type: "boolean" },
  comment: { type: "string", nullable: true, max: 256 }
}

const checked = (body: Fields, strict: boolean): Either.Either<void, Refusal> => {
  const errors = check(body, rules)
  if (strict) checkKnown(body, Object.keys(rules), errors)
  return isEmpty(errors) ? Either.void : Either.left(invalid(errors))
}

const value = (body: Fields) => text(body["value"]) || null
const comment = (body: Fields) => text(body["comment"]) || null

/** Adds a row; one for production brings its preview twin along when there is none. */
export const addVariable = (
  state: CoolifyState,
  fresh: Fresh,
  application: Application,
  row: Pick<Variable, "key" | "value" | "is_preview"> & Partial<Variable>
): readonly [Variable, CoolifyState] => {
  const [id, next] = takeId(state)
  const added: Variable = {
    is_literal: false,
    is_multiline: false,
    is_shown_once: false,
    is_runtime: true,
    is_buildtime: true,
    comment: null,
    ...row,
    id,
    uuid: fresh.uuid(),
    application_id: application.id,
    created_at: fresh.now,
    updated_at: fresh.now
  }
  const done = { ...next, variables: [...next.variables, added] }
  const hasTwin = state.variables.some(
    (one) => one.application_id === application.id && one.key === row.key && one.is_preview
  )
  if (row.is_preview || hasTwin) return [added, done]
  const [, twinned] = addVariable(done, fresh, application, {
    ...added,
    is_preview: true,
    is_shown_once: false
  })
  return [added, twinned]
}

const fromBody = (body: Fields) => ({
  key: text(body["key"]),
  value: value(body),
  is_preview: isTrue(body["is_preview"]),
  is_literal: isTrue(body["is_literal"]),
  is_multiline: isTrue(body["is_multiline"]),
  is_shown_once: isTrue(body["is_shown_once"]),
  is_runtime: "is_runtime" in body ? isTrue(body["is_runtime"]) : true,
  is_buildtime: "is_buildtime" in body ? isTrue(body["is_buildtime"]) : true,
  comment: comment(body)
})

/**
 * What PATCH and bulk make of a row: no value is a null value, no is_literal is false; no is_multiline or is_shown_once
 * on a row that has it writes null into a column that forbids it.
 */
const updated = (row: Variable, body: Fields, now: number): Either.Either<Variable, Refusal> => {
  const lost =
    (row.is_multiline && !("is_multiline" in body)) || (row.is_shown_once && !("is_shown_once" in body))
  if (lost) return Either.left(serverError)
  return Either.right({
    ...row,
    value: value(body),
    is_literal: isTrue(body["is_literal"]),
    is_multiline: isTrue(body["is_multiline"]),
    is_shown_once: isTrue(body["is_shown_once"]),
    is_runtime: "is_runtime" in body ? isTrue(body["is_runtime"]) : row.is_runtime,
    is_buildtime: "is_buildtime" in body ? isTrue(body["is_buildtime"]) : row.is_buildtime,
    comment: "comment" in body ? comment(body) : row.comment,
    updated_at: now
  })
}

const rowsOf = (state: CoolifyState, application: Application): ReadonlyArray<Variable> =>
  state.variables.filter((row) => row.application_id === application.id)

const matching = (rows: ReadonlyArray<Variable>, body: Fields): Variable | undefined =>
  rows.find((row) => row.key === body["key"] && row.is_preview === isTrue(body["is_preview"]))

const isObject = (item: unknown): item is Fields =>
  typeof item === "object" && item !== null && !Array.isArray(item)

interface Shown {
  readonly row: Variable
  readonly isNew: boolean
}

/** Not transactional: what came before a bad item stays. A key that repeats gives two rows. */
const bulk = (
  state: CoolifyState,
  fresh: Fresh,
  application: Application,
  items: ReadonlyArray<unknown>
): readonly [Either.Either<ReadonlyArray<Shown>, Refusal>, CoolifyState] => {
  const before = rowsOf(state, application)
  const done: Array<Shown> = []
  let next = state
  for (const item of items) {
    const body = isObject(item) ? item : {}
    const valid = checked(body, false)
    if (Either.isLeft(valid)) return [Either.left(valid.left), next]
    const old = matching(before, body)
    if (old === undefined) {
      const [row, added] = addVariable(next, fresh, application, fromBody(body))
      done.push({ row, isNew: true })
      next = added
      continue
    }
    const row = updated(next.variables.find((one) => one.id === old.id) ?? old, body, fresh.now)
    if (Either.isLeft(row)) return [Either.left(row.left), next]
    done.push({ row: row.right, isNew: false })
    next = { ...next, variables: replaceRow(next.variables, row.right) }
  }
  return [Either.right(done), next]
}

export const variableRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get("/applications/:uuid/envs", "read", ({ param, token, sensitive }) =>
    database.read((state) =>
      Lookup.application(state, token, param("uuid"), Lookup.notFoundOnWrite).pipe(
        Either.map(({ application }) => {
          const rows = rowsOf(state, application)
          const sorted = [...rows.filter((row) => !row.is_preview), ...rows.filter((row) => row.is_preview)]
          return reply(
            200,
            sorted.map((row) => Wire.variable(row, sensitive))
          )
        })
      )
    )
  ),
  send("POST", "/applications/:uuid/envs", "write", ({ param, body, token }) =>
    database.transact((state, fresh) =>
      Either.gen(function* () {
        const { application } = yield* Lookup.application(state, token, param("uuid"), Lookup.notFoundOnWrite)
        yield* checked(body, true)
        if (matching(rowsOf(state, application), body) !== undefined) {
          const message = "Environment variable already exists. Use PATCH request to update it."
          return yield* Either.left(refuse(409, message))
        }
        const [row, next] = addVariable(state, fresh, application, fromBody(body))
        return [reply(201, { uuid: row.uuid }), next] as const
      })
    )
  ),
  send("PATCH", "/applications/:uuid/envs/bulk", "write", ({ param, body, token, sensitive }) =>
    database
      .transact((state, fresh) =>
        Either.gen(function* () {
          const { application } = yield* Lookup.application(
            state,
            token,
            param("uuid"),
            Lookup.notFoundOnWrite
          )
          const items: unknown = body["data"]
          if (!Array.isArray(items) || items.length === 0)
            return yield* Either.left(refuse(400, "Bulk data is required."))
          return bulk(state, fresh, application, items)
        })
      )
      .pipe(
        Effect.flatten,
        Effect.map((rows) =>
          reply(
            201,
            rows.map(({ isNew, row }) => (isNew ? Wire.newVariable : Wire.variable)(row, sensitive))
          )
        )
      )
  ),
  send("PATCH", "/applications/:uuid/envs", "write", ({ param, body, token, sensitive }) =>
    database.transact((state, { now }) =>
      Either.gen(function* () {
        const { application } = yield* Lookup.application(state, token, param("uuid"), Lookup.notFoundOnWrite)
        yield* checked(body, true)
        const row = matching(rowsOf(state, application), body)
        if (row === undefined) return yield* Either.left(refuse(404, "Environment variable not found."))
        const changed = yield* updated(row, body, now)
        const variables = replaceRow(state.variables, changed)
        return [reply(201, Wire.variable(changed, sensitive)), { ...state, variables }] as const
      })
    )
  ),
  remove("/applications/:uuid/envs/:env", ({ param, token }) =>
    database.transact((state) =>
      Either.gen(function* () {
        const { application } = yield* Lookup.application(state, token, param("uuid"), Lookup.notFoundOnWrite)
        const row = rowsOf(state, application).find((one) => one.uuid === param("env"))
        if (row === undefined) return yield* Either.left(refuse(404, "Environment variable not found."))
        const variables = state.variables.filter((one) => one.id !== row.id)
        return [reply(200, { message: "Environment variable deleted." }), { ...state, variables }] as const
      })
    )
  )
]
