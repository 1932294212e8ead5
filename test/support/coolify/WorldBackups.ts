/** The backup schedules of a {@link World}'s databases, and their area of the contract in memory. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { CoolifyMethod } from "../../../src/coolify/CoolifyClient.ts"
import type { CoolifyError } from "../../../src/coolify/CoolifyError.ts"
import { mint, notFound, refuse, step, type Step, type World } from "./CoolifyWorld.ts"
import { type DatabaseEngine, hasBackups } from "../../../src/coolify/DatabaseEngine.ts"
import type { Backup, Backups, NewBackup } from "../../../src/coolify/endpoints/Backups.ts"

const findDatabase = (world: World, method: string, uuid: string) => {
  const found = world.databases.find((row) => row.uuid === uuid)
  return found === undefined ? notFound(method, "Database") : Either.right(found)
}

const listBackups = (world: World, database: string, engine: DatabaseEngine): Step<ReadonlyArray<Backup>> =>
  Either.flatMap(findDatabase(world, "listBackups", database), (found) =>
    step(
      world.backups
        .filter((row) => row.database === database && found.engine === engine)
        .map(({ enabled, frequency, keep, s3, uuid }) => ({
          uuid,
          frequency,
          enabled,
          keep,
          savesToS3: s3 !== undefined
        })),
      world
    )
  )

const isKnown = (world: World, { s3 }: Partial<NewBackup>): boolean =>
  s3 === undefined || world.s3Storages.some(({ uuid }) => uuid === s3)

const unknownStorage = (method: string) =>
  refuse(method, "Invalid", 422, "The selected s3 storage uuid is invalid.")

const createBackup = (world: World, database: string, backup: NewBackup): Step<{ readonly uuid: string }> =>
  Either.flatMap(findDatabase(world, "createBackup", database), ({ engine }) => {
    if (!hasBackups(engine)) {
      const detail = "Scheduled backups are not supported for this database type."
      return refuse("createBackup", "Invalid", 422, detail)
    }
    if (!isKnown(world, backup)) return unknownStorage("createBackup")
    const [uuid, ready] = mint(world, "backup")
    return step({ uuid }, { ...ready, backups: [...ready.backups, { ...backup, uuid, database, runs: 0 }] })
  })

const findBackup = (world: World, method: string, database: string, uuid: string) =>
  Either.flatMap(findDatabase(world, method, database), () => {
    const found = world.backups.find((row) => row.database === database && row.uuid === uuid)
    return found === undefined ? notFound(method, "Backup configuration") : Either.right(found)
  })

const updateBackup = (world: World, database: string, uuid: string, to: Partial<NewBackup>): Step<void> =>
  Either.flatMap(findBackup(world, "updateBackup", database, uuid), (found) =>
    isKnown(world, to)
      ? step(undefined, {
          ...world,
          backups: world.backups.map((row) => (row === found ? { ...row, ...to } : row))
        })
      : unknownStorage("updateBackup")
  )

const deleteBackup = (world: World, database: string, uuid: string): Step<void> =>
  Either.flatMap(findBackup(world, "deleteBackup", database, uuid), (found) =>
    step(undefined, { ...world, backups: world.backups.filter((row) => row !== found) })
  )

const countRuns = (world: World, database: string, uuid: string): Step<number> =>
  Either.flatMap(findBackup(world, "listBackupRuns", database, uuid), ({ runs }) => step(runs, world))

type Call = <A>(method: CoolifyMethod, take: (world: World) => Step<A>) => Effect.Effect<A, CoolifyError>

/** The area of backups of the contract in memory. */
export const backupArea = (call: Call): Backups => ({
  list: (uuid, engine) => call("listBackups", (so) => listBackups(so, uuid, engine)),
  create: (uuid, backup) => call("createBackup", (so) => createBackup(so, uuid, backup)),
  update: (uuid, backup, to) => call("updateBackup", (so) => updateBackup(so, uuid, backup, to)),
  remove: (uuid, backup) => call("deleteBackup", (so) => deleteBackup(so, uuid, backup)),
  runs: (uuid, backup) => call("listBackupRuns", (so) => countRuns(so, uuid, backup)),
  storages: call("listS3Storages", (so) => step(so.s3Storages, so))
})
