/** Scheduled tasks of applications: commands that Coolify runs in the container over and over. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import type { Transport } from "../Transport.ts"
import { Created, Uuid, Whole, text } from "./Fields.ts"

/** What a task is made with. */
export interface NewTask {
  /** Coolify takes any number of tasks of one name. */
  readonly name: string
  /** Run by `sh -c` in the container. */
  readonly command: string
  /** Five fields of cron, or a word such as `daily`. In the time zone that the server has in Coolify. */
  readonly frequency: string
  /** In seconds. */
  readonly timeout: number
  readonly enabled: boolean
}

export interface ScheduledTask extends NewTask {
  readonly uuid: string
  /** Which container it is run in, of an application that has several; empty: the only one. */
  readonly container: string
}

/**
 * Requests about scheduled tasks. Each takes effect at once, without a deployment, and the application's deletion takes its
 * tasks with it. Recorded on 4.3.11.
 */
export interface ScheduledTasks {
  readonly list: (applicationUuid: string) => Effect.Effect<ReadonlyArray<ScheduledTask>, CoolifyError>
  /** `Invalid` where the frequency is none that Coolify knows. */
  readonly create: (
    applicationUuid: string,
    task: NewTask
  ) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
  readonly update: (
    applicationUuid: string,
    taskUuid: string,
    to: Partial<NewTask>
  ) => Effect.Effect<void, CoolifyError>
  /** What Coolify noted of its runs goes with it. */
  readonly remove: (applicationUuid: string, taskUuid: string) => Effect.Effect<void, CoolifyError>
}

const TaskRows = Schema.Array(
  Schema.Struct({
    uuid: Uuid,
    name: Schema.String,
    command: Schema.String,
    frequency: Schema.String,
    timeout: Whole,
    enabled: Schema.Boolean,
    container: text
  })
)

export const makeScheduledTasks = ({ done, json }: Transport): ScheduledTasks => ({
  list: (uuid) =>
    json(
      {
        method: "listScheduledTasks",
        verb: "GET",
        path: "/applications/{uuid}/scheduled-tasks",
        ids: { uuid }
      },
      TaskRows
    ),
  create: (uuid, task) =>
    json(
      {
        method: "createScheduledTask",
        verb: "POST",
        path: "/applications/{uuid}/scheduled-tasks",
        ids: { uuid },
        body: { ...task }
      },
      Created
    ),
  update: (application, task, to) =>
    Object.keys(to).length === 0
      ? Effect.void
      : done({
          method: "updateScheduledTask",
          verb: "PATCH",
          path: "/applications/{application}/scheduled-tasks/{task}",
          ids: { application, task },
          body: { ...to }
        }),
  remove: (application, task) =>
    done({
      method: "deleteScheduledTask",
      verb: "DELETE",
      path: "/applications/{application}/scheduled-tasks/{task}",
      ids: { application, task }
    })
})
