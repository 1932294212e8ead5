/** The scheduled tasks of a {@link World}'s applications. */
import * as Either from "effect/Either"
import { findApplication, mint, notFound, step, type Step, type World } from "./CoolifyWorld.ts"
import type { NewTask, ScheduledTask } from "./endpoints/ScheduledTasks.ts"

/** By name, as Coolify has them. */
export const listTasks = (world: World, applicationUuid: string): ReadonlyArray<ScheduledTask> =>
  world.tasks
    .filter((row) => row.applicationUuid === applicationUuid)
    .map(({ applicationUuid: _, ...row }) => row)
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))

export const createTask = (
  world: World,
  applicationUuid: string,
  task: NewTask
): Step<{ readonly uuid: string }> =>
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

export const updateTask = (
  world: World,
  applicationUuid: string,
  uuid: string,
  to: Partial<NewTask>
): Step<void> =>
  Either.flatMap(find(world, "updateScheduledTask", applicationUuid, uuid), (found) =>
    step(undefined, {
      ...world,
      tasks: world.tasks.map((row) => (row === found ? { ...row, ...to } : row))
    })
  )

export const deleteTask = (world: World, applicationUuid: string, uuid: string): Step<void> =>
  Either.flatMap(find(world, "deleteScheduledTask", applicationUuid, uuid), (found) =>
    step(undefined, { ...world, tasks: world.tasks.filter((row) => row !== found) })
  )
