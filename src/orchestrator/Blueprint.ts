/** fabrik's own shape, for all that an application is made of: where a new kind of resource is registered. */
import * as EffectArray from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { isCompose } from "../coolify/Source.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import { filesOut, type SpecFile } from "../appspec/sections/Files.ts"
import { isSchedule, type Schedule, schedulesOut } from "../appspec/sections/Schedules.ts"
import { containerPath, mountPathOf, volumeIn } from "../appspec/sections/Volumes.ts"
import { databaseName } from "../appspec/sections/Databases.ts"
import type { Spec } from "../appspec/Spec.ts"
import type { NewTask, ScheduledTask } from "../coolify/endpoints/ScheduledTasks.ts"
import type { FileStorage } from "../coolify/endpoints/Storages.ts"
import { isOwnFile } from "../coolify/endpoints/Derived.ts"
import type { Database } from "../coolify/endpoints/Databases.ts"
import { undoable } from "../engine/Kind.ts"
import * as Marker from "../engine/Marker.ts"
import { application } from "../kinds/Application.ts"
import { backup } from "../kinds/Backup.ts"
import { basicAuth, basicAuthName } from "../kinds/BasicAuth.ts"
import { database, type PlannedDatabase, type WantedDatabase } from "../kinds/Database.ts"
import { environment } from "../kinds/Environment.ts"
import { describe, file, filesOf } from "../kinds/File.ts"
import type { Given, Part } from "../kinds/Part.ts"
import { project } from "../kinds/Project.ts"
import { publicPort } from "../kinds/PublicPort.ts"
import { record } from "../kinds/Record.ts"
import { release } from "../kinds/Release.ts"
import { schedule, schedulesOf } from "../kinds/Schedule.ts"
import { variables } from "../kinds/Variables.ts"
import { readVolumes, volume, volumesOf } from "../kinds/Volume.ts"
import { settingsKind } from "../kinds/Settings.ts"
import { textLooksSecret } from "./PlainVariables.ts"
import { readSettings, settingsPart } from "./Settings.ts"

/** What a journal can tell of, so that another run can undo it. */
export const kinds = [
  undoable(project),
  undoable(environment),
  undoable(application),
  undoable(basicAuth),
  undoable(variables),
  undoable(volume),
  undoable(schedule),
  undoable(file),
  undoable(database),
  undoable(backup),
  undoable(publicPort),
  undoable(record),
  undoable(release)
]

/** The databases that the spec asks for. */
export const databasesOf = (owner: string, spec: Spec): ReadonlyArray<WantedDatabase> =>
  spec.databases.map(({ engine, image, name }) => ({
    name,
    resource: databaseName(spec.name, name),
    engine,
    image,
    key: Marker.databaseKey(owner, spec, name)
  }))

/** Each of the spec's databases with the backups that the spec asks for. */
export const backupsOf = (spec: Spec, databases: ReadonlyArray<PlannedDatabase>) =>
  databases.map((planned) => {
    const asked = spec.databases.find(({ name }) => name === planned.wanted.name)?.backup
    const wanted =
      asked === undefined ? undefined : { frequency: asked.schedule, keep: asked.keep, s3: asked.s3 }
    return [planned, wanted] as const
  })

/** Each of the spec's databases with the port at which the spec opens it. */
export const publicPortsOf = (spec: Spec, databases: ReadonlyArray<PlannedDatabase>) =>
  databases.map(
    (planned) =>
      [planned, spec.databases.find(({ name }) => name === planned.wanted.name)?.publicPort] as const
  )

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
  volumesOf(spec.volumes.map((one) => ({ name: one.name, path: mountPathOf(one) }))),
  filesOf(spec.files ?? []),
  schedulesOf((spec.schedules ?? []).map(({ cron, ...task }) => ({ ...task, frequency: cron })))
]

/** {@link partsOf}, and what is compared only once the secrets are known. */
export const namedOf = (spec: Spec): ReadonlyArray<Pick<Part, "kind" | "names" | "wanted">> => [
  ...partsOf(spec),
  ...(spec.basicAuth === undefined
    ? []
    : [{ kind: basicAuth.name, names: [basicAuthName], wanted: JSON.stringify(spec.basicAuth) }]),
  publicPortsIn(spec)
]

const publicPortsIn = (spec: Spec) => {
  const open = spec.databases.filter((one) => one.publicPort !== undefined)
  return {
    kind: publicPort.name,
    names: open.map(({ name }) => databaseName(spec.name, name)),
    wanted: JSON.stringify(open.map((one) => [one.name, one.publicPort]))
  }
}

/** What a spec says of an application's parts (`sections`), and what of them no spec can say. */
export const readParts = Effect.fn("readParts")(function* (application: Application) {
  const coolify = yield* CoolifyClient
  // The text says it all.
  if (application.source._tag === "Compose") return { sections: {}, left: [], secretFiles: [] }
  if (isCompose(application.source)) {
    const tasks = yield* coolify.scheduledTasks.list(application.uuid)
    const { left, sections } = readSettings(yield* coolify.applications.get(application.uuid))
    return {
      sections,
      left: [...left, ...tasks.map(({ name }) => `scheduled task ${name}`)],
      secretFiles: []
    }
  }
  const stored = yield* coolify.storages.list(application.uuid)
  const [unmounted, volumes] = EffectArray.partitionMap(
    readVolumes(application.uuid, stored.volumes),
    (one) => {
      const text = `${one.name}:${one.path}`
      return Either.mapLeft(volumeIn(text), () => `volume ${text}`)
    }
  )
  const { files, left, secret } = readFiles(stored.files)
  const tasks = yield* coolify.scheduledTasks.list(application.uuid)
  const [said, unsaid] = EffectArray.partition(tasks, (task) => !isSayable(task, tasks))
  const settings = readSettings(yield* coolify.applications.get(application.uuid))
  return {
    sections: {
      ...settings.sections,
      ...(volumes.length === 0 ? {} : { volumes }),
      ...filesOut(files),
      ...schedulesOut(said.map(asSchedule))
    },
    left: [...settings.left, ...unmounted, ...left, ...unsaid.map(({ name }) => `scheduled task ${name}`)],
    secretFiles: secret
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

const signs: Readonly<Record<string, string>> = {
  [settingsKind]: ".",
  [schedule.name]: "@",
  [backup.name]: "%",
  [basicAuth.name]: "!",
  [publicPort.name]: "+",
  [record.name]: "="
}
const signOf = (kind: string): string => signs[kind] ?? ""

/** Anything doubtful is not written into a spec, as with variables. */
const readFiles = (stored: ReadonlyArray<FileStorage>) => {
  const files: Array<SpecFile> = []
  const left: Array<string> = []
  const secret: Array<string> = []
  for (const one of stored) {
    const { content, mountPath: path } = one
    if (!isOwnFile(one) || !containerPath.test(path)) left.push(describe(one))
    else if (content === undefined || textLooksSecret(Redacted.value(content))) secret.push(path)
    else files.push({ path, content, losesBreak: false })
  }
  return { files, left, secret }
}

/** What a release's comment says that fabrik has given the application, of one kind. */
export const givenOf = (kind: string, noted: ReadonlyArray<string>): Given => {
  const digestsOf = (name: string) =>
    noted.flatMap((one) =>
      one.startsWith(`${shortName(kind, name)}~`) ? [one.slice(one.indexOf("~") + 1)] : []
    )
  return {
    has: (name) => noted.includes(shortName(kind, name)) || digestsOf(name).length > 0,
    isEmpty: !noted.some((one) => kindOf(one) === kind),
    isNoted: true,
    // A run that did not come to its end has left the old one beside its own.
    digest: (name) => {
      const [digest, ...more] = digestsOf(name)
      return more.length > 0 ? undefined : digest
    }
  }
}

const kindOf = (noted: string): string =>
  Object.entries(signs).find(([, sign]) => noted.startsWith(sign))?.[0] ??
  (noted.includes("~") ? file.name : volume.name)

/** The resources of a spec's parts as a release's comment notes them. */
export const notedOf = (
  spec: Spec,
  digests: ReadonlyMap<string, string> = new Map()
): ReadonlyArray<string> =>
  namedOf(spec).flatMap(({ kind, names }) =>
    names.map((name) => {
      const digest = kind === file.name || kind === basicAuth.name ? digests.get(name) : undefined
      return digest === undefined ? shortName(kind, name) : `${shortName(kind, name)}~${digest}`
    })
  )
