/**
 * The environment variables of applications, services and databases. From their controllers and Models/EnvironmentVariable.php at 4.3.11.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import type { Backend } from "./Backend.ts"
import type { CoolifyState, Token, Variable } from "./CoolifyState.ts"
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

/** Whose variables they are. */
export interface VariableOwner {
  readonly id: number
  /** A row for production brings its preview twin along when there is none. */
  readonly hasPreviews: boolean
}

export const addVariable = (
  state: CoolifyState,
  fresh: Fresh,
  owner: VariableOwner,
  row: Pick<Variable, "key" | "value" | "is_preview"> & Partial<Variable>
): readonly [Variable, CoolifyState] => {
  const [id, next] = takeId(state)
  const added: Variable = {
    is_literal: false,
    is_multiline: false,
    is_shown_once: false,
    is_runtime: true,
    is_buildtime: true,
    is_required: false,
    comment: null,
    ...row,
    id,
    uuid: fresh.uuid(),
    application_id: owner.id,
    created_at: fresh.now,
    updated_at: fresh.now
  }
  const done = { ...next, variables: [...next.variables, added] }
  const hasTwin = state.variables.some(
    (one) => one.application_id === owner.id && one.key === row.key && one.is_preview
  )
  if (row.is_preview || hasTwin || !owner.hasPreviews) return [added, done]
  const [, twinned] = addVariable(done, fresh, owner, {
    ...added,
    is_preview: true,
    is_shown_once: false
  })
  return [added, twinned]
}

const fromBody = (owner: VariableOwner, body: Fields) => ({
  key: text(body["key"]),
  value: value(body),
  is_preview: owner.hasPreviews && isTrue(body["is_preview"]),
  is_literal: isTrue(body["is_literal"]),
  is_multiline: isTrue(body["is_multiline"]),
  is_shown_once: isTrue(body["is_shown_once"]),
  is_runtime: owner.hasPreviews && "is_runtime" in body ? isTrue(body["is_runtime"]) : true,
  is_buildtime: owner.hasPreviews && "is_buildtime" in body ? isTrue(body["is_buildtime"]) : true,
  comment: comment(body)
})

/**
 * What PATCH and bulk make of a row: no value is a null value, no is_literal is false; no is_multiline or is_shown_once
 * on a row that has it writes null into a column that forbids it.
 */
const updated = (
  owner: VariableOwner,
  row: Variable,
  body: Fields,
  now: number
): Either.Either<Variable, Refusal> => {
  if (!owner.hasPreviews) return Either.right(touched(row, updatedWithoutPreviews(row, body), now))
  const lost =
    (row.is_multiline && !("is_multiline" in body)) || (row.is_shown_once && !("is_shown_once" in body))
  if (lost) return Either.left(serverError)
  const next = {
    ...row,
    value: value(body),
    is_literal: isTrue(body["is_literal"]),
    is_multiline: isTrue(body["is_multiline"]),
    is_shown_once: isTrue(body["is_shown_once"]),
    is_runtime: "is_runtime" in body ? isTrue(body["is_runtime"]) : row.is_runtime,
    is_buildtime: "is_buildtime" in body ? isTrue(body["is_buildtime"]) : row.is_buildtime,
    comment: "comment" in body ? comment(body) : row.comment
  }
  return Either.right(touched(row, next, now))
}

/** Eloquent writes nothing, and no time either, where nothing differs (Model::performUpdate). */
const touched = (before: Variable, next: Variable, now: number): Variable =>
  Equal.equals(Data.struct(before), Data.struct(next)) ? before : { ...next, updated_at: now }

/** A flag that is not sent stays; of those for previews and for builds it takes none. */
const updatedWithoutPreviews = (row: Variable, body: Fields): Variable => {
  const flag = (name: "is_literal" | "is_multiline" | "is_shown_once") =>
    name in body ? isTrue(body[name]) : row[name]
  return {
    ...row,
    value: value(body),
    is_literal: flag("is_literal"),
    is_multiline: flag("is_multiline"),
    is_shown_once: flag("is_shown_once"),
    comment: "comment" in body ? comment(body) : row.comment
  }
}

export const variablesOf = (state: CoolifyState, owner: Pick<VariableOwner, "id">): ReadonlyArray<Variable> =>
  state.variables.filter((row) => row.application_id === owner.id)

const matching = (owner: VariableOwner, rows: ReadonlyArray<Variable>, body: Fields): Variable | undefined =>
  rows.find(
    (row) => row.key === body["key"] && row.is_preview === (owner.hasPreviews && isTrue(body["is_preview"]))
  )

const isObject = (item: unknown): item is Fields =>
  typeof item === "object" && item !== null && !Array.isArray(item)

interface Shown {
  readonly row: Variable
  readonly isNew: boolean
  readonly sent: Fields
}

const bulkAnswer = (owner: VariableOwner, { isNew, row, sent }: Shown, sensitive: boolean) => {
  if (!isNew) return Wire.variable(row, sensitive)
  if (owner.hasPreviews) return Wire.newVariable(row, sensitive)
  return Object.fromEntries(
    Object.entries(Wire.newServiceVariable(row, sensitive)).filter(
      ([name]) => name in sent || !["comment", "is_literal", "is_multiline", "is_shown_once"].includes(name)
    )
  )
}

/** Not transactional: what came before a bad item stays. A key that repeats gives two rows. */
const bulk = (
  state: CoolifyState,
  fresh: Fresh,
  owner: VariableOwner,
  items: ReadonlyArray<unknown>
): readonly [Either.Either<ReadonlyArray<Shown>, Refusal>, CoolifyState] => {
  const before = variablesOf(state, owner)
  const done: Array<Shown> = []
  let next = state
  for (const item of items) {
    const body = isObject(item) ? item : {}
    const valid = checked(body, false)
    if (Either.isLeft(valid)) return [Either.left(valid.left), next]
    const old = matching(owner, before, body)
    if (old === undefined) {
      const [row, added] = addVariable(next, fresh, owner, fromBody(owner, body))
      done.push({ row, isNew: true, sent: body })
      next = added
      continue
    }
    const row = updated(owner, next.variables.find((one) => one.id === old.id) ?? old, body, fresh.now)
    if (Either.isLeft(row)) return [Either.left(row.left), next]
    done.push({ row: row.right, isNew: false, sent: body })
    next = { ...next, variables: replaceRow(next.variables, row.right) }
  }
  return [Either.right(done), next]
}

/** What has variables, and how its routes find it. */
interface Owned {
  /** `/applications`. */
  readonly path: string
  readonly find: (state: CoolifyState, token: Token, uuid: string) => Either.Either<VariableOwner, Refusal>
}

const ofApplications: Owned = {
  path: "/applications",
  find: (state, token, uuid) =>
    Either.map(Lookup.application(state, token, uuid, Lookup.notFoundOnWrite), ({ application: { id } }) => ({
      id,
      hasPreviews: true
    }))
}

/** Other fields than the known ones are no errors here. */
const ofServices: Owned = {
  path: "/services",
  find: (state, token, uuid) =>
    Either.map(Lookup.service(state, token, uuid), ({ service: { id } }) => ({ id, hasPreviews: false }))
}

const ofDatabases: Owned = {
  path: "/databases",
  find: (state, token, uuid) =>
    Either.map(Lookup.database(state, token, uuid), ({ row: { id } }) => ({ id, hasPreviews: false }))
}

const routesOf = ({ database }: Backend, { find, path }: Owned): ReadonlyArray<Route> => [
  get(`${path}/:uuid/envs`, "read", ({ param, token, sensitive }) =>
    database.read((state) =>
      Either.map(find(state, token, param("uuid")), (owner) => {
        const rows = variablesOf(state, owner)
        const sorted = [...rows.filter((row) => !row.is_preview), ...rows.filter((row) => row.is_preview)]
        return reply(
          200,
          sorted.map((row) => Wire.variable(row, sensitive))
        )
      })
    )
  ),
  send("POST", `${path}/:uuid/envs`, "write", ({ param, body, sensitive, token }) =>
    database.transact((state, fresh) =>
      Either.gen(function* () {
        const owner = yield* find(state, token, param("uuid"))
        yield* checked(body, owner.hasPreviews)
        if (matching(owner, variablesOf(state, owner), body) !== undefined) {
          const message = "Environment variable already exists. Use PATCH request to update it."
          return yield* Either.left(refuse(409, message))
        }
        const [row, next] = addVariable(state, fresh, owner, fromBody(owner, body))
        const answer = owner.hasPreviews ? { uuid: row.uuid } : Wire.newServiceVariable(row, sensitive)
        return [reply(201, answer), next] as const
      })
    )
  ),
  send("PATCH", `${path}/:uuid/envs/bulk`, "write", ({ param, body, token, sensitive }) =>
    database
      .transact((state, fresh) =>
        Either.gen(function* () {
          const owner = yield* find(state, token, param("uuid"))
          const items: unknown = body["data"]
          if (!Array.isArray(items) || items.length === 0)
            return yield* Either.left(refuse(400, "Bulk data is required."))
          const [done, next] = bulk(state, fresh, owner, items)
          const answer = Either.map(done, (rows) => rows.map((one) => bulkAnswer(owner, one, sensitive)))
          return [answer, next] as const
        })
      )
      .pipe(
        Effect.flatten,
        Effect.map((rows) => reply(201, rows))
      )
  ),
  send("PATCH", `${path}/:uuid/envs`, "write", ({ param, body, token, sensitive }) =>
    database.transact((state, { now }) =>
      Either.gen(function* () {
        const owner = yield* find(state, token, param("uuid"))
        yield* checked(body, owner.hasPreviews)
        const row = matching(owner, variablesOf(state, owner), body)
        if (row === undefined) return yield* Either.left(refuse(404, "Environment variable not found."))
        const changed = yield* updated(owner, row, body, now)
        const variables = replaceRow(state.variables, changed)
        return [reply(201, Wire.variable(changed, sensitive)), { ...state, variables }] as const
      })
    )
  ),
  remove(`${path}/:uuid/envs/:env`, ({ param, token }) =>
    database.transact((state) =>
      Either.gen(function* () {
        const owner = yield* find(state, token, param("uuid"))
        const row = variablesOf(state, owner).find((one) => one.uuid === param("env"))
        if (row === undefined) return yield* Either.left(refuse(404, "Environment variable not found."))
        const variables = state.variables.filter((one) => one.id !== row.id)
        return [reply(200, { message: "Environment variable deleted." }), { ...state, variables }] as const
      })
    )
  )
]

export const variableRoutes = (backend: Backend): ReadonlyArray<Route> =>
  [ofApplications, ofServices, ofDatabases].flatMap((owned) => routesOf(backend, owned))
