/** The scheduled tasks of a {@link World}'s applications, and their area of the contract in memory. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { CoolifyMethod } from "../../../src/coolify/CoolifyClient.ts"
import type { CoolifyError } from "../../../src/coolify/CoolifyError.ts"
import { findApplication, mint, notFound, step, type Step, type World } from "./CoolifyWorld.ts"
import type { NewTask, ScheduledTask, ScheduledTasks } from "../../../src/coolify/endpoints/ScheduledTasks.ts"

/** By name, as Coolify has them. */
const listTasks = (world: World, applicationUuid: string): Step<ReadonlyArray<ScheduledTask>> =>
  Either.flatMap(findApplication(world, "listScheduledTasks", applicationUuid), () =>
    step(
      world.tasks
        .filter((row) => row.applicationUuid === applicationUuid)
        .map(({ applicationUuid: _, ...row }) => row)
        .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
      world
    )
  )

const createTask = (world: World, applicationUuid: string, task: NewTask): Step<{ readonly uuid: string }> =>
  Either.flatMap(findApplication(world, "createScheduledTask", applicationUuid), () => {
    const [uuid, ready] = mint(world, "task")
    return step(
      { uuid },
      { ...ready, tasks: [...ready.tasks, { ...task, uuid, applicationUuid, container: "" }] }
    )
  })

const find = (world: World, method: string, applicationUuid: string, uuid: string) =>
  Either.flatMap(findApplication(world, method, applicationUuid), () => {
    const found = world.tasks.find((row) => row.applicationUuid === applicationUuid && row.uuid === uuid)
    return found === undefined ? notFound(method, "Scheduled task") : Either.right(found)
  })

const updateTask = (world: World, applicationUuid: string, uuid: string, to: Partial<NewTask>): Step<void> =>
  Either.flatMap(find(world, "updateScheduledTask", applicationUuid, uuid), (found) =>
    step(undefined, {
      ...world,
      tasks: world.tasks.map((row) => (row === found ? { ...row, ...to } : row))
    })
  )

const deleteTask = (world: World, applicationUuid: string, uuid: string): Step<void> =>
  Either.flatMap(find(world, "deleteScheduledTask", applicationUuid, uuid), (found) =>
    step(undefined, { ...world, tasks: world.tasks.filter((row) => row !== found) })
  )

type Call = <A>(method: CoolifyMethod, take: (world: World) => Step<A>) => Effect.Effect<A, CoolifyError>

/** The area of scheduled tasks of the contract in memory. */
export const taskArea = (call: Call): ScheduledTasks => ({
  list: (uuid) => call("listScheduledTasks", (so) => listTasks(so, uuid)),
  create: (uuid, task) => call("createScheduledTask", (so) => createTask(so, uuid, task)),
  update: (application, task, to) =>
    call("updateScheduledTask", (so) => updateTask(so, application, task, to)),
  remove: (application, task) => call("deleteScheduledTask", (so) => deleteTask(so, application, task))
})
