/** A command that Coolify runs in an application's container over and over: one of its scheduled tasks. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { NewTask, ScheduledTask } from "../coolify/endpoints/ScheduledTasks.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import { Pace } from "../engine/Pace.ts"
import type { Change as PlanLine, FieldChange } from "../engine/Plan.ts"
import { describe, leaveOver, undisturbed, undoRetries } from "../engine/Rollback.ts"
import { absentIfNotFound } from "./Find.ts"
import type { Given, Part, PlannedPart } from "./Part.ts"

const taskSchema = () =>
  Schema.Struct({
    name: Schema.String,
    command: Schema.String,
    frequency: Schema.String,
    timeout: Schema.Number,
    enabled: Schema.Boolean
  })
const propsSchema = () =>
  Schema.Struct({
    /** The application's. */
    uuid: Schema.String,
    task: taskSchema()
  })
type ScheduleProps = ReturnType<typeof propsSchema>["Type"]

/** What may be changed of a task, and what a spec calls it. */
const names = { frequency: "cron", command: "command", timeout: "timeout", enabled: "enabled" } as const
const keys = ["frequency", "command", "timeout", "enabled"] as const
type Key = (typeof keys)[number]
const isKey = (text: string): text is Key => keys.some((key) => key === text)

const bare = ({ command, enabled, frequency, name, timeout }: NewTask): NewTask => ({
  name,
  command,
  frequency,
  timeout,
  enabled
})

const differing = (one: NewTask, other: NewTask): ReadonlyArray<Key> =>
  keys.filter((key) => one[key] !== other[key])

const only = (task: NewTask, fields: ReadonlyArray<Key>): Partial<NewTask> =>
  Object.fromEntries(fields.map((field) => [field, task[field]]))

const remove = (application: string, task: string) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    yield* absentIfNotFound(coolify.scheduledTasks.remove(application, task))
  })

/** A scheduled task of an application that was there. It takes effect at once, and so does its undo. */
export const schedule: Kind<ScheduleProps, ScheduledTask, CoolifyError, CoolifyClient> = {
  name: "coolify/schedule",
  codec: codecOf(propsSchema),
  says: ({ address: { name } }) => ({
    what: `schedule ${name}`,
    next: `check the scheduled task ${name} in Coolify`
  }),
  find: ({ after, before }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const subject = after ?? before
      if (subject === undefined) return []
      const all = (yield* absentIfNotFound(coolify.scheduledTasks.list(subject.uuid))) ?? []
      return all.filter(({ name }) => name === subject.task.name)
    }),
  fields: () => keys,
  holds: (field, live, change, side) => isKey(field) && change[side]?.task[field] === live[field],
  edited: () => "somebody else changed it meanwhile, and it is left as it is",
  restore: ({ uuid }, { before }, fields) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      if (before === undefined) return
      yield* coolify.scheduledTasks.update(before.uuid, uuid, only(before.task, fields.filter(isKey)))
    }),
  remove: ({ uuid }, { after }) =>
    Effect.gen(function* () {
      if (after !== undefined) yield* remove(after.uuid, uuid)
      return "undone" as const
    }),
  late: () => "once"
}

interface Difference {
  readonly before: ScheduledTask | undefined
  /** `undefined`: it is to go. */
  readonly after: NewTask | undefined
}

/** The schedules that a spec names. Others stay, unless fabrik has made them. */
export const schedulesOf = (wanted: ReadonlyArray<NewTask>): Part => ({
  kind: schedule.name,
  names: wanted.map(({ name }) => name),
  wanted: JSON.stringify(wanted.map(bare)),
  plan: (application, known) =>
    Effect.gen(function* () {
      // A release is noted before the first schedule is made.
      const given = known?.isNoted === true ? known : undefined
      const there = application === undefined ? [] : yield* read(application, wanted, given)
      const isWanted = ({ name }: NewTask) => wanted.some((one) => one.name === name)
      const isOurs = ({ name }: NewTask) => given?.has(name) === true
      const twice = there.find(
        (one) =>
          (isWanted(one) || isOurs(one)) &&
          there.some(({ name, uuid }) => name === one.name && uuid !== one.uuid)
      )
      if (twice !== undefined) return yield* ambiguous(twice, there)
      const missing = wanted.flatMap((after): ReadonlyArray<Difference> => {
        const before = there.find(({ name }) => name === after.name)
        return before !== undefined && differing(before, after).length === 0 ? [] : [{ before, after }]
      })
      const others = there.filter((one) => !isWanted(one)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
      const gone = others.filter(isOurs)
      return planned(application, wanted, {
        missing,
        gone,
        staying: others.filter((one) => !gone.includes(one))
      })
    })
})

/** One request more; not made where there is nothing to find, as for the many applications that have no schedule. */
const read = (application: Application, wanted: ReadonlyArray<NewTask>, given: Given | undefined) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    return wanted.length === 0 && given?.isEmpty !== false
      ? []
      : ((yield* absentIfNotFound(coolify.scheduledTasks.list(application.uuid))) ?? [])
  })

/** Coolify takes any number of tasks of one name, and each of them is run. */
const ambiguous = ({ name }: ScheduledTask, there: ReadonlyArray<ScheduledTask>) => {
  const all = there.filter((one) => one.name === name)
  return new RefusedError({
    reason: "Ambiguous",
    detail: `the application has ${all.length} scheduled tasks named ${name} (${all.map(({ uuid }) => uuid).join(", ")}), and each of them is run`,
    next: "delete all but one of them in Coolify, under Scheduled Tasks"
  })
}

const planned = (
  application: Application | undefined,
  wanted: ReadonlyArray<NewTask>,
  {
    gone,
    missing,
    staying
  }: {
    readonly gone: ReadonlyArray<ScheduledTask>
    readonly missing: ReadonlyArray<Difference>
    readonly staying: ReadonlyArray<ScheduledTask>
  }
): PlannedPart => ({
  kind: schedule.name,
  timing: "after deployment",
  changes: [...gone.map((before): Difference => ({ before, after: undefined })), ...missing].map(line),
  notes: staying.map(
    ({ frequency, name }) =>
      `The application has a scheduled task ${name} (${frequency}) in Coolify that the spec does not name; it stays.`
  ),
  staysBehind: undefined,
  create: ({ uuid }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      for (const task of wanted) {
        yield* coolify.scheduledTasks.create(uuid, bare(task))
        yield* announce({ system: "coolify", kind: "schedule", name: task.name, action: "created" })
      }
    }),
  update: Effect.forEach(
    missing,
    ({ after, before }) =>
      application === undefined || after === undefined ? Effect.void : write(application.uuid, before, after),
    { discard: true }
  ),
  retire:
    application === undefined
      ? []
      : gone.map((task) => ({ name: task.name, remove: retire(application, task) }))
})

/** Makes or changes one task of an application that was there. Undo: as before. */
const write = Effect.fn("writeSchedule")(function* (
  uuid: string,
  stored: ScheduledTask | undefined,
  task: NewTask
) {
  const coolify = yield* CoolifyClient
  const { name } = task
  const change = {
    name,
    before: stored === undefined ? undefined : { uuid, task: bare(stored) },
    after: { uuid, task: bare(task) }
  }
  yield* changing(schedule, change, () =>
    stored === undefined
      ? Effect.asVoid(coolify.scheduledTasks.create(uuid, bare(task)))
      : coolify.scheduledTasks.update(uuid, stored.uuid, only(task, differing(stored, task)))
  )
  const action = stored === undefined ? "created" : "updated"
  yield* announce({ system: "coolify", kind: "schedule", name, action })
})

/** Deletes a task that the spec does not name any more; `false`: it stays, which is told. */
const retire = (application: Application, { name, uuid }: ScheduledTask) =>
  Effect.gen(function* () {
    const { undoBudget } = yield* Pace
    return yield* remove(application.uuid, uuid).pipe(
      Effect.retry(undoRetries),
      Effect.timeoutFail({ duration: undoBudget, onTimeout: () => ({ message: "it took too long" }) }),
      undisturbed,
      Effect.matchCauseEffect({
        onFailure: (cause) =>
          Effect.as(
            leaveOver({
              what: `the schedule ${name}`,
              why: describe(cause),
              next: `delete the scheduled task ${name} of ${application.name} in Coolify, or apply again`,
              recoverable: false
            }),
            false
          ),
        onSuccess: () =>
          Effect.as(announce({ system: "coolify", kind: "schedule", name, action: "deleted" }), true)
      })
    )
  })

/** As Coolify makes it by itself. */
const isUsual = (key: Key, task: NewTask | undefined): boolean =>
  (key === "timeout" && task?.timeout === 300) || (key === "enabled" && task?.enabled === true)

const line = ({ after, before }: Difference): PlanLine => {
  const shown = (task: NewTask | undefined, key: Key) => (task === undefined ? null : String(task[key]))
  const fields =
    before === undefined || after === undefined
      ? keys.filter((key) => !isUsual(key, after ?? before))
      : differing(before, after)
  return {
    system: "coolify",
    kind: "schedule",
    name: (after ?? before)?.name ?? "",
    action: before === undefined ? "create" : after === undefined ? "delete" : "update",
    fields: fields.map((key): FieldChange => ({
      field: names[key],
      before: shown(before, key),
      after: shown(after, key),
      secret: false
    }))
  }
}
