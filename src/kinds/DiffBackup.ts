/** Pure: the backups that a database has beside those that a spec asks for. */
import type { Backup, NewBackup, S3Storage } from "../coolify/endpoints/Backups.ts"
import type { Change as PlanLine, FieldChange } from "../engine/Plan.ts"
import type { PlannedDatabase } from "./Database.ts"

/** What a spec asks for. */
export interface WantedBackup {
  readonly frequency: string
  readonly keep: number
  /** The S3 storage by its name. */
  readonly s3: string | undefined
}

export const fieldNames = ["schedule", "keep", "s3", "enabled"] as const

/** Of the settings those that a plan calls so. */
export const only = (
  { enabled, frequency, keep, s3 }: NewBackup,
  fields: ReadonlyArray<string>
): Partial<NewBackup> => ({
  ...(fields.includes("schedule") ? { frequency } : {}),
  ...(fields.includes("keep") ? { keep } : {}),
  ...(fields.includes("s3") ? { s3 } : {}),
  ...(fields.includes("enabled") ? { enabled } : {})
})

export const isAs = (field: string, live: Backup, { enabled, frequency, keep, s3 }: NewBackup): boolean => {
  switch (field) {
    case "schedule":
      return live.frequency === frequency
    case "keep":
      return live.keep === keep
    case "s3":
      return live.savesToS3 === (s3 !== undefined)
    default:
      return live.enabled === enabled
  }
}

/** What Coolify has of one database beside what the spec asks for. */
export interface Compared {
  readonly database: PlannedDatabase
  readonly wanted: WantedBackup | undefined
  readonly storage: S3Storage | undefined
  /** All of the database's. */
  readonly there: ReadonlyArray<Backup>
  /** The one that is the spec's; `undefined`: it is to be made. */
  readonly ours: Backup | undefined
  /** Where its files were sent to by fabrik. */
  readonly told: S3Storage | undefined
}

export const settingsOf = (
  { frequency, keep }: WantedBackup,
  storage: Pick<S3Storage, "uuid"> | undefined
): NewBackup => ({ frequency, keep, enabled: true, s3: storage?.uuid })

export const settingsNow = (
  { enabled, frequency, keep }: Backup,
  storage: Pick<S3Storage, "uuid"> | undefined
): NewBackup => ({ frequency, keep, enabled, s3: storage?.uuid })

export const differing = ({ ours, storage, told, wanted }: Compared): ReadonlyArray<string> => {
  if (ours === undefined) return wanted === undefined ? [] : fieldNames
  if (wanted === undefined) return ours.enabled ? ["enabled"] : []
  const settings = settingsOf(wanted, storage)
  return fieldNames.filter(
    (field) => !isAs(field, ours, settings) || (field === "s3" && storage?.uuid !== told?.uuid)
  )
}

export const differs = (compared: Compared): boolean => differing(compared).length > 0

export const nameOf = ({ database: { wanted } }: Compared): string => wanted.resource

/** What the operator should know. */
export const notesOf = (compared: Compared): ReadonlyArray<string> => {
  const { ours, there, wanted } = compared
  const others = there.filter((one) => one !== ours)
  return [
    ...(wanted === undefined && ours?.enabled === true
      ? [
          `The database ${nameOf(compared)} is backed up no more: the schedule is switched off and not deleted, as Coolify deletes the files with it.`
        ]
      : []),
    ...others.map(
      ({ enabled, frequency }) =>
        `The database ${nameOf(compared)} has another backup schedule in Coolify (${frequency}${enabled ? "" : ", switched off"}); it stays.`
    )
  ]
}

export const line = (compared: Compared): PlanLine => {
  const { ours, storage, told: before, wanted } = compared
  const now: Readonly<Record<string, string>> =
    ours === undefined
      ? {}
      : {
          schedule: ours.frequency,
          keep: String(ours.keep),
          enabled: String(ours.enabled),
          ...(ours.savesToS3 ? { s3: before?.name ?? "another storage" } : {})
        }
  const then: Readonly<Record<string, string>> =
    wanted === undefined
      ? { enabled: "false" }
      : {
          schedule: wanted.frequency,
          keep: String(wanted.keep),
          enabled: "true",
          ...(storage === undefined ? {} : { s3: storage.name })
        }
  return {
    system: "coolify",
    kind: "backup",
    name: nameOf(compared),
    action: ours === undefined ? "create" : "update",
    fields: differing(compared)
      .filter((field) => ours !== undefined || (field !== "enabled" && then[field] !== undefined))
      .map((field): FieldChange => ({
        field,
        before: now[field] ?? null,
        after: then[field] ?? null,
        secret: false
      }))
  }
}
