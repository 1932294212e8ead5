/** fabrik's own shape, for all that an application is made of: where a new kind of resource is registered. */
import * as EffectArray from "effect/Array"
import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import { isSchedule, type Schedule, schedulesOut } from "../appspec/sections/Schedules.ts"
import type { Spec } from "../appspec/Spec.ts"
import type { NewTask, ScheduledTask } from "../coolify/endpoints/ScheduledTasks.ts"
import type { Database } from "../coolify/endpoints/Databases.ts"
import { undoable } from "../engine/Kind.ts"
import * as Marker from "../engine/Marker.ts"
import { application } from "../kinds/Application.ts"
import { database, type WantedDatabase } from "../kinds/Database.ts"
import { environment } from "../kinds/Environment.ts"
import type { Part } from "../kinds/Part.ts"
import { project } from "../kinds/Project.ts"
import { record } from "../kinds/Record.ts"
import { release } from "../kinds/Release.ts"
import { schedule, schedulesOf } from "../kinds/Schedule.ts"
import { variables } from "../kinds/Variables.ts"
import { readVolumes, volume, volumesOf } from "../kinds/Volume.ts"
import { settingsKind } from "../kinds/Settings.ts"
import { readSettings, settingsPart } from "./Settings.ts"

/** What a journal can tell of, so that another run can undo it. */
export const kinds = [
  undoable(project),
  undoable(environment),
  undoable(application),
  undoable(variables),
  undoable(volume),
  undoable(schedule),
  undoable(database),
  undoable(record),
  undoable(release)
]

/** The databases that the spec asks for. */
export const databasesOf = (owner: string, spec: Spec): ReadonlyArray<WantedDatabase> =>
  spec.databases.map(({ engine, image, name }) => ({
    name,
    resource: `${spec.name}-${name}`,
    engine,
    image,
    key: Marker.databaseKey(owner, spec, name)
  }))

/** Of these databases those that fabrik has made for the spec, whether it still names them or not. */
export const ownDatabases = (
  owner: string,
  spec: Marker.Named,
  there: ReadonlyArray<Database>
): ReadonlyArray<Database> =>
  there.filter(({ description, name }) => {
    const short = name.startsWith(`${spec.name}-`) ? name.slice(spec.name.length + 1) : undefined
    return short !== undefined && Marker.parse(description)?.key === Marker.databaseKey(owner, spec, short)
  })

/** What the spec asks for beside the application and its variables. */
export const partsOf = (spec: Spec): ReadonlyArray<Part> => [
  settingsPart(spec),
  volumesOf(spec.volumes),
  schedulesOf((spec.schedules ?? []).map(({ cron, ...task }) => ({ ...task, frequency: cron })))
]

/** What a spec says of an application's parts (`sections`), and what of them no spec can say. */
export const readParts = Effect.fn("readParts")(function* (application: Application) {
  const { directories, volumes } = yield* readVolumes(application.uuid)
  const coolify = yield* CoolifyClient
  const tasks = yield* coolify.scheduledTasks.list(application.uuid)
  const [said, unsaid] = EffectArray.partition(tasks, (task) => !isSayable(task, tasks))
  const settings = readSettings(yield* coolify.applications.get(application.uuid))
  return {
    sections: {
      ...settings.sections,
      ...(volumes.length === 0 ? {} : { volumes }),
      ...schedulesOut(said.map(asSchedule))
    },
    left: [
      ...settings.left,
      ...directories.map((directory) => `volume ${directory}`),
      ...unsaid.map(({ name }) => `scheduled task ${name}`)
    ]
  }
})

const asSchedule = ({ command, enabled, frequency, name, timeout }: NewTask): Schedule => ({
  name,
  cron: frequency,
  command,
  timeout,
  enabled
})

/** Whether a spec can say a task of an application. */
const isSayable = (task: ScheduledTask, among: ReadonlyArray<ScheduledTask>): boolean =>
  task.container === "" &&
  among.filter(({ name }) => name === task.name).length === 1 &&
  isSchedule(asSchedule(task))

/** Stands for a resource in the comment of a release, which has little room; what it begins with tells the kind. */
export const shortName = (kind: string, name: string): string =>
  kind === settingsKind ? `.${name}` : `${signOf(kind)}${Marker.digest(`${kind} ${name}`).slice(0, 4)}`

const signOf = (kind: string): string => (kind === settingsKind ? "." : kind === schedule.name ? "@" : "")

/** Whether it may be a resource of the kind that a {@link shortName} stands for. */
export const mayBeOf = (kind: string, short: string): boolean =>
  (/^[^0-9a-f]/.exec(short)?.[0] ?? "") === signOf(kind)

/** The resources of a spec's parts, by {@link shortName}. */
export const namesOf = (spec: Spec): ReadonlyArray<string> =>
  partsOf(spec).flatMap(({ kind, names }) => names.map((name) => shortName(kind, name)))
