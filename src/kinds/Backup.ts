/**
 * When Coolify backs up a database of a spec. The files are data: Coolify deletes them with their schedule, so a schedule
 * that has made any is switched off and never deleted.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import { databaseEngines, hasBackups } from "../coolify/DatabaseEngine.ts"
import type { Backup, S3Storage } from "../coolify/endpoints/Backups.ts"
import type { Database } from "../coolify/endpoints/Databases.ts"
import type { UndoFailure } from "../engine/Change.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import { Pace } from "../engine/Pace.ts"
import { describe, leaveOver, leftAsItIs, undisturbed, undoRetries } from "../engine/Rollback.ts"
import type { PlannedDatabase } from "./Database.ts"
import {
  type Compared,
  differing,
  differs,
  fieldNames,
  isAs,
  line,
  nameOf,
  notesOf,
  only,
  settingsNow,
  settingsOf,
  type WantedBackup
} from "./DiffBackup.ts"
import { absentIfNotFound } from "./Find.ts"
import { orUndefined } from "./Json.ts"
import { madeDatabase } from "./MadeDatabase.ts"
import type { Given, PlannedPart } from "./Part.ts"

const settingsSchema = () =>
  Schema.Struct({
    frequency: Schema.String,
    enabled: Schema.Boolean,
    keep: Schema.Number,
    s3: orUndefined(Schema.String)
  })
const propsSchema = () =>
  Schema.Struct({
    database: Schema.String,
    engine: Schema.Literal(...databaseEngines),
    /** Empty while it is being created. */
    uuid: Schema.String,
    /** Those that were there before. */
    others: Schema.Array(Schema.String),
    settings: settingsSchema()
  })
type BackupProps = ReturnType<typeof propsSchema>["Type"]

/** A backup schedule of a database of fabrik's. */
export const backup: Kind<BackupProps, Backup, CoolifyError | UndoFailure, CoolifyClient> = {
  name: "coolify/backup",
  codec: codecOf(propsSchema),
  says: ({ address: { name } }) => ({
    what: `backups of ${name}`,
    next: `check the backups of the database ${name} in Coolify`
  }),
  find: ({ after, before }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const subject = before ?? after
      if (subject === undefined) return []
      const all = (yield* absentIfNotFound(coolify.backups.list(subject.database, subject.engine))) ?? []
      return all.filter(({ uuid }) =>
        subject.uuid === "" ? !subject.others.includes(uuid) : uuid === subject.uuid
      )
    }),
  fields: () => fieldNames,
  holds: (field, live, { after, before }, side) => {
    const settings = (side === "before" ? before : after)?.settings
    const [from, to] = [before?.settings.s3, after?.settings.s3]
    // Which storage it is Coolify does not tell: where it changes, it counts as the one that was written.
    const isMoved = field === "s3" && side === "before" && ![from, to].includes(undefined) && from !== to
    return settings !== undefined && isAs(field, live, settings) && !isMoved
  },
  edited: () => "somebody else changed them meanwhile, and they are left as they are",
  restore: ({ uuid }, { before }, fields) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      if (before === undefined) return
      yield* coolify.backups.update(before.database, uuid, only(before.settings, fields))
    }),
  remove: ({ uuid }, { after }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      if (after === undefined) return "nothing" as const
      const { database } = after
      if (((yield* absentIfNotFound(coolify.backups.runs(database, uuid))) ?? 0) > 0) {
        yield* coolify.backups.update(database, uuid, { enabled: false })
        return yield* leftAsItIs("it has made a backup already: it is switched off, and its files stay")
      }
      yield* absentIfNotFound(coolify.backups.remove(database, uuid))
      return "undone" as const
    }),
  late: () => "once"
}

/** How a release tells where a schedule of fabrik's sends its files: Coolify does not. */
const toStorage = (uuid: string, storage: Pick<S3Storage, "uuid">): string => `${uuid} ${storage.uuid}`

/**
 * The backups of a spec's databases, compared. One request for each database that has backups in the spec or may have some
 * of fabrik's, and one for the S3 storages where they matter.
 * @param given by the uuids of schedules.
 * @param options `offline`: nobody can be asked, so the storages that are named are taken to be there.
 */
export const planBackups = Effect.fn("planBackups")(function* (
  databases: ReadonlyArray<readonly [database: PlannedDatabase, wanted: WantedBackup | undefined]>,
  given: Given | undefined,
  { offline = false }: { readonly offline?: boolean }
) {
  const coolify = yield* CoolifyClient
  const isOurs = (uuid: string) => given?.isNoted === true && given.has(uuid)
  const mayHaveSome = given?.isNoted === true && !given.isEmpty
  const storages = yield* Effect.cached(listStorages)
  const compared = yield* Effect.forEach(databases, ([database, wanted]) =>
    Effect.gen(function* () {
      const { live } = database
      const there =
        live === undefined || !hasBackups(live.engine) || (wanted === undefined && !mayHaveSome)
          ? []
          : ((yield* absentIfNotFound(coolify.backups.list(live.uuid, live.engine))) ?? [])
      const storage =
        wanted?.s3 === undefined
          ? undefined
          : offline
            ? { uuid: "", name: wanted.s3, usable: true }
            : yield* findStorage(wanted.s3, yield* storages)
      const noted = there.filter(({ uuid }) => isOurs(uuid))
      if (noted.length > 1) return yield* ambiguous(database, noted)
      // One that is just so, and goes nowhere that cannot be told, may be of a run that was cut off.
      const same = (one: Backup) =>
        wanted !== undefined && fieldNames.every((field) => isAs(field, one, settingsOf(wanted, undefined)))
      const ours = noted[0] ?? there.find(same)
      const told =
        ours?.savesToS3 === true
          ? (yield* storages).find((one) => isOurs(toStorage(ours.uuid, one)))
          : undefined
      const all: Compared = { database, wanted, storage, there, ours, told }
      if (ours?.savesToS3 === true && told === undefined && differing(all).includes("s3")) {
        return yield* untold(database)
      }
      return all
    })
  )
  const relevant = compared.filter(({ ours, wanted }) => wanted !== undefined || ours !== undefined)
  const noted = yield* Ref.make<ReadonlyArray<string>>(
    relevant.flatMap(({ ours, told }) => (ours === undefined ? [] : notes(ours.uuid, told)))
  )
  const write = Effect.forEach(
    relevant.filter((one) => one.wanted !== undefined && differs(one)),
    (one) => put(one, noted),
    { discard: true }
  )
  return {
    kind: backup.name,
    timing: "after deployment",
    changes: relevant.filter(differs).map(line),
    notes: relevant.flatMap(notesOf),
    staysBehind: undefined,
    create: () => write,
    update: write,
    noted: Ref.get(noted),
    retire: relevant.flatMap(({ database: { live }, ours, wanted }) =>
      wanted !== undefined || ours?.enabled !== true || live === undefined
        ? []
        : [{ name: ours.uuid, remove: switchOff(live, ours) }]
    )
  } satisfies PlannedPart
})

/** How fabrik has a database backed up, or somebody else where there is one schedule alone; `undefined`: not at all. */
export const readBackup = Effect.fn("readBackup")(function* (
  { engine, uuid }: Pick<Database, "engine" | "uuid">,
  isOurs: (uuid: string) => boolean
) {
  const coolify = yield* CoolifyClient
  const there = (yield* coolify.backups.list(uuid, engine)).filter(({ enabled }) => enabled)
  const ours = there.find((one) => isOurs(one.uuid)) ?? (there.length === 1 ? there[0] : undefined)
  if (ours === undefined) return there.length > 0 ? ("several" as const) : undefined
  const { frequency: schedule, keep, savesToS3 } = ours
  if (!savesToS3) return { schedule, keep }
  const storages = (yield* absentIfNotFound(coolify.backups.storages)) ?? []
  const storage = storages.find((one) => isOurs(toStorage(ours.uuid, one)))
  return storage === undefined ? ("untold" as const) : { schedule, keep, s3: storage.name }
})

const notes = (uuid: string, storage: S3Storage | undefined): ReadonlyArray<string> =>
  storage === undefined ? [uuid] : [uuid, toStorage(uuid, storage)]

const listStorages = Effect.gen(function* () {
  const coolify = yield* CoolifyClient
  const storages = yield* absentIfNotFound(coolify.backups.storages)
  return (
    storages ??
    (yield* new RefusedError({
      reason: "TooOld",
      detail: "this Coolify does not tell its S3 storages: it does from 4.3.0 on",
      next: "update Coolify, or take `s3` off the spec"
    }))
  )
})

const findStorage = (name: string, storages: ReadonlyArray<S3Storage>) => {
  const found = storages.filter((one) => one.name === name)
  const [storage] = found
  const names = storages.map((one) => one.name).join(", ")
  if (storage === undefined || found.length > 1) {
    return new RefusedError({
      reason: storage === undefined ? "NotFound" : "Ambiguous",
      detail:
        storage === undefined
          ? `Coolify has no S3 storage ${name} (it has: ${names || "none"})`
          : `Coolify has ${found.length} S3 storages named ${name}`,
      next: "name one of them in `backup.s3`, or add it in Coolify under S3 Storages"
    })
  }
  return storage.usable
    ? Effect.succeed(storage)
    : new RefusedError({
        reason: "NotFound",
        detail: `Coolify could not write to the S3 storage ${name}`,
        next: "validate it in Coolify under S3 Storages"
      })
}

const ambiguous = ({ wanted: { resource } }: PlannedDatabase, noted: ReadonlyArray<Backup>) =>
  new RefusedError({
    reason: "Ambiguous",
    detail: `the database ${resource} has ${noted.length} backup schedules of fabrik's (${noted.map(({ uuid }) => uuid).join(", ")})`,
    next: "delete all but one of them in Coolify, which deletes the files that it has made"
  })

const untold = ({ wanted: { resource } }: PlannedDatabase) =>
  new RefusedError({
    reason: "Unrestorable",
    detail: `somebody has the backups of ${resource} sent to S3, and Coolify does not tell to which storage, so a failed run could not put that back`,
    next: "switch S3 off for them in Coolify, and name the storage in the spec's `backup.s3`"
  })

/** Makes or changes the schedule of one database, which is there by now. Undo: as before, and no file is deleted. */
const put = Effect.fn("putBackup")(function* (compared: Compared, noted: Ref.Ref<ReadonlyArray<string>>) {
  const coolify = yield* CoolifyClient
  const { database, ours, storage, there, told: before, wanted } = compared
  if (wanted === undefined) return
  const { engine } = database.wanted
  const uuid = database.live?.uuid ?? (yield* madeDatabase(database))
  const settings = settingsOf(wanted, storage)
  const common = { database: uuid, engine, others: there.map((one) => one.uuid) }
  const change = {
    name: nameOf(compared),
    before:
      ours === undefined ? undefined : { ...common, uuid: ours.uuid, settings: settingsNow(ours, before) },
    after: { ...common, uuid: ours?.uuid ?? "", settings }
  }
  const own = yield* changing(backup, change, () =>
    ours === undefined
      ? Effect.map(coolify.backups.create(uuid, settings), (made) => made.uuid)
      : Effect.as(coolify.backups.update(uuid, ours.uuid, only(settings, differing(compared))), ours.uuid)
  )
  yield* Ref.update(noted, (all) => [
    ...all.filter((one) => one.split(" ")[0] !== own),
    ...notes(own, storage)
  ])
  const action = ours === undefined ? "created" : "updated"
  yield* announce({ system: "coolify", kind: "backup", name: change.name, action })
})

/** Done at the end, without an undo; `false`: it goes on, which is told. */
const switchOff = ({ name, uuid }: Pick<Database, "name" | "uuid">, ours: Backup) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    const { undoBudget } = yield* Pace
    return yield* coolify.backups.update(uuid, ours.uuid, { enabled: false }).pipe(
      Effect.retry(undoRetries),
      Effect.timeoutFail({ duration: undoBudget, onTimeout: () => ({ message: "it took too long" }) }),
      undisturbed,
      Effect.matchCauseEffect({
        onFailure: (cause) =>
          Effect.as(
            leaveOver({
              what: `the backups of ${name}`,
              why: describe(cause),
              next: `switch the backup schedule of the database ${name} off in Coolify, or apply again`,
              recoverable: false
            }),
            false
          ),
        onSuccess: () =>
          Effect.as(announce({ system: "coolify", kind: "backup", name, action: "updated" }), true)
      })
    )
  })
