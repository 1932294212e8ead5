/**
 * Scheduled tasks of applications. From ScheduledTasksController at 4.3.11, as recorded. None is ever run: what its runs
 * came to is an empty list.
 */
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import type { CoolifyState, ScheduledTask } from "./CoolifyState.ts"
import { isFrequency } from "./Cron.ts"
import { replaceRow, takeId, type Fresh } from "./Database.ts"
import * as Lookup from "./Lookup.ts"
import { invalid, refuse, reply, type Refusal } from "./Reply.ts"
import { action, get, remove, send, type Call, type Fields, type Route } from "./Route.ts"
import { stamps } from "./Timestamp.ts"
import { check, checkKnown, isEmpty, isTrue, text, thisIsRequired, type Rules } from "./Validation.ts"

const forUpdate: Rules = {
  name: { type: "string", max: 255 },
  command: { type: "string" },
  frequency: { type: "string" },
  container: { type: "string", nullable: true },
  timeout: { type: "integer", min: 1 },
  enabled: { type: "boolean" }
}

const forCreate: Rules = {
  ...forUpdate,
  name: { type: "string", max: 255, required: true, words: thisIsRequired },
  command: { type: "string", required: true, words: thisIsRequired },
  frequency: { type: "string", required: true, words: thisIsRequired }
}

const notFound = refuse(404, "Scheduled task not found.")

const shown = ({ application_id: _, id: __, ...row }: ScheduledTask) => ({ ...row, ...stamps(row) })

const checked = (body: Fields, rules: Rules): Either.Either<void, Refusal> => {
  const errors = checkKnown(body, Object.keys(rules), check(body, rules))
  if (!isEmpty(errors)) return Either.left(invalid(errors))
  return "frequency" in body && !isFrequency(text(body["frequency"]))
    ? Either.left(invalid({ frequency: ["Invalid cron expression or frequency format."] }))
    : Either.void
}

/** What of the row the body says. */
const written = (body: Fields): Partial<ScheduledTask> => ({
  ...("name" in body ? { name: text(body["name"]) } : {}),
  ...("command" in body ? { command: text(body["command"]) } : {}),
  ...("frequency" in body ? { frequency: text(body["frequency"]) } : {}),
  ...("container" in body ? { container: text(body["container"]) || null } : {}),
  ...("timeout" in body ? { timeout: Number(body["timeout"]) } : {}),
  ...("enabled" in body ? { enabled: isTrue(body["enabled"]) } : {})
})

const tasksOf = (state: CoolifyState, { param, token }: Pick<Call, "param" | "token">) =>
  Either.map(Lookup.application(state, token, param("uuid")), ({ application }) =>
    state.tasks
      .filter((row) => row.application_id === application.id)
      .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  )

const find = (state: CoolifyState, call: Pick<Call, "param" | "token">) =>
  Either.flatMap(tasksOf(state, call), (rows) => {
    const row = rows.find(({ uuid }) => uuid === call.param("task"))
    return row === undefined ? Either.left(notFound) : Either.right(row)
  })

const create = (state: CoolifyState, fresh: Fresh, { body, param, token }: Call) =>
  Either.gen(function* () {
    const { application } = yield* Lookup.application(state, token, param("uuid"))
    yield* checked(body, forCreate)
    const [id, next] = takeId(state)
    const row: ScheduledTask = {
      id,
      uuid: fresh.uuid(),
      application_id: application.id,
      name: "",
      command: "",
      container: null,
      enabled: true,
      frequency: "",
      timeout: 300,
      created_at: fresh.now,
      updated_at: fresh.now,
      ...written(body)
    }
    return [reply(201, shown(row)), { ...next, tasks: [...next.tasks, row] }] as const
  })

const update = (state: CoolifyState, { now }: Fresh, call: Call) =>
  Either.gen(function* () {
    yield* tasksOf(state, call)
    yield* checked(call.body, forUpdate)
    const row = { ...(yield* find(state, call)), ...written(call.body), updated_at: now }
    return [reply(200, shown(row)), { ...state, tasks: replaceRow(state.tasks, row) }] as const
  })

const path = "/applications/:uuid/scheduled-tasks"

export const taskRoutes = ({ database }: Backend): ReadonlyArray<Route> => [
  get(path, "read", (call) =>
    database.read((state) => Either.map(tasksOf(state, call), (rows) => reply(200, rows.map(shown))))
  ),
  send("POST", path, "write", (call) => database.transact((state, fresh) => create(state, fresh, call))),
  send("PATCH", `${path}/:task`, "write", (call) =>
    database.transact((state, fresh) => update(state, fresh, call))
  ),
  remove(`${path}/:task`, (call) =>
    database.transact((state) =>
      Either.map(find(state, call), (row) => [
        reply(200, { message: "Scheduled task deleted." }),
        { ...state, tasks: state.tasks.filter(({ id }) => id !== row.id) }
      ])
    )
  ),
  get(`${path}/:task/executions`, "read", (call) =>
    database.read((state) => Either.map(find(state, call), () => reply(200, [])))
  ),
  action(`${path}/:task/execute`, "write", (call) =>
    database.read((state) =>
      Either.map(find(state, call), () => reply(200, { message: "Scheduled task execution queued." }))
    )
  )
]
