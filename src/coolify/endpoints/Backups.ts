/** When Coolify backs a database up, and where to. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import type { DatabaseEngine } from "../DatabaseEngine.ts"
import type { Transport } from "../Transport.ts"
import { Created, orElse, Uuid, Whole } from "./Fields.ts"

export interface NewBackup {
  /** Five fields of cron, or a word such as `daily`. In the time zone that the server has in Coolify. */
  readonly frequency: string
  readonly enabled: boolean
  /** How many files are kept, on the server and in S3 each; 0: all of them. */
  readonly keep: number
  /** Uuid of the S3 storage that the files are sent to as well. */
  readonly s3: string | undefined
}

/** A schedule of backups. */
export interface Backup extends Omit<NewBackup, "s3"> {
  readonly uuid: string
  /** Whether its files are sent to S3; to which storage, Coolify does not tell. */
  readonly savesToS3: boolean
}

export interface S3Storage {
  readonly uuid: string
  readonly name: string
  /** Coolify has seen that it can write there. */
  readonly usable: boolean
}

/** Requests about backups of databases: each takes effect at once. Recorded on 4.3.11, but for storages that there are. */
export interface Backups {
  /**
   * The database's own. Coolify's answer has those of other databases too, which have the same number in the table of
   * another engine; they are left out.
   */
  readonly list: (
    databaseUuid: string,
    engine: DatabaseEngine
  ) => Effect.Effect<ReadonlyArray<Backup>, CoolifyError>
  /** Coolify takes any number of them. */
  readonly create: (
    databaseUuid: string,
    backup: NewBackup
  ) => Effect.Effect<{ readonly uuid: string }, CoolifyError>
  readonly update: (
    databaseUuid: string,
    backupUuid: string,
    to: Partial<NewBackup>
  ) => Effect.Effect<void, CoolifyError>
  /** Deletes the files that it has made, too. */
  readonly remove: (databaseUuid: string, backupUuid: string) => Effect.Effect<void, CoolifyError>
  /** How often it has run, as far as that is still known. */
  readonly runs: (databaseUuid: string, backupUuid: string) => Effect.Effect<number, CoolifyError>
  /** The team's, since 4.3.0: `NotFound` on an older Coolify. */
  readonly storages: Effect.Effect<ReadonlyArray<S3Storage>, CoolifyError>
}

const BackupRows = Schema.Array(
  Schema.Struct({
    uuid: Uuid,
    database_type: Schema.String,
    frequency: Schema.String,
    enabled: Schema.Boolean,
    save_s3: orElse(Schema.Boolean, false),
    database_backup_retention_amount_locally: orElse(Whole, 0)
  })
)

const StorageRows = Schema.Array(
  Schema.Struct({ uuid: Uuid, name: Schema.String, is_usable: orElse(Schema.Boolean, false) })
)

/** Whether a row is about a database of this engine, as it names the model: `App\Models\StandalonePostgresql`. */
const isOf = (engine: DatabaseEngine, type: string): boolean =>
  type.toLowerCase().endsWith(`standalone${engine}`)

/** `save_s3` is always said of a new one: left out, it is true, without a storage (recorded). */
const bodyOf = ({ enabled, frequency, keep, ...where }: Partial<NewBackup>) => ({
  ...(frequency === undefined ? {} : { frequency }),
  ...(enabled === undefined ? {} : { enabled }),
  ...(keep === undefined
    ? {}
    : { database_backup_retention_amount_locally: keep, database_backup_retention_amount_s3: keep }),
  ...("s3" in where
    ? where.s3 === undefined
      ? { save_s3: false }
      : { save_s3: true, s3_storage_uuid: where.s3 }
    : {})
})

export const makeBackups = ({ done, json }: Transport): Backups => ({
  list: (uuid, engine) =>
    json(
      { method: "listBackups", verb: "GET", path: "/databases/{uuid}/backups", ids: { uuid } },
      BackupRows
    ).pipe(
      Effect.map((rows) =>
        rows
          .filter((row) => isOf(engine, row.database_type))
          .map((row) => ({
            uuid: row.uuid,
            frequency: row.frequency,
            enabled: row.enabled,
            keep: row.database_backup_retention_amount_locally,
            savesToS3: row.save_s3
          }))
      )
    ),
  create: (uuid, backup) =>
    json(
      {
        method: "createBackup",
        verb: "POST",
        path: "/databases/{uuid}/backups",
        ids: { uuid },
        body: bodyOf(backup)
      },
      Created
    ),
  update: (database, backup, to) =>
    done({
      method: "updateBackup",
      verb: "PATCH",
      path: "/databases/{database}/backups/{backup}",
      ids: { database, backup },
      body: bodyOf(to)
    }),
  remove: (database, backup) =>
    done({
      method: "deleteBackup",
      verb: "DELETE",
      path: "/databases/{database}/backups/{backup}",
      ids: { database, backup }
    }),
  runs: (database, backup) =>
    json(
      {
        method: "listBackupRuns",
        verb: "GET",
        path: "/databases/{database}/backups/{backup}/executions",
        ids: { database, backup }
      },
      Schema.Struct({ executions: Schema.Array(Schema.Unknown) })
    ).pipe(Effect.map(({ executions }) => executions.length)),
  storages: json({ method: "listS3Storages", verb: "GET", path: "/s3-storages" }, StorageRows).pipe(
    Effect.map((rows) => rows.map(({ is_usable: usable, ...row }) => ({ ...row, usable })))
  )
})
