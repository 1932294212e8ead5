import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Data from "effect/Data"
import type * as Ref from "effect/Ref"
import * as Struct from "effect/Struct"
import {
  CoolifyClient,
  type Application,
  type ApplicationPatch,
  type ApplicationSettings,
  type DeleteOptions
} from "../../coolify/CoolifyClient.ts"
import { normaliseRepository } from "../../coolify/Repository.ts"
import { absentIfNotFound, awaitGone, createOnce, created, unknownCreation, type Creation } from "../Find.ts"
import * as Marker from "../../engine/Marker.ts"
import { leftAsItIs, withUndo } from "../../engine/Rollback.ts"
import { Run } from "../../engine/Run.ts"
import type { UndoOf } from "../../engine/Undo.ts"
import { cancelActive } from "./Deployment.ts"

export interface Place {
  readonly projectUuid: string
  readonly serverUuid: string
  readonly environmentName: string
}

/**
 * Creates the application. Undo: cancels its deployments, deletes it with its volumes and waits until it is gone.
 * @param beside another one runs, whose place it is to take.
 */
export const createApplication = Effect.fn("createApplication")(function* (
  place: Place,
  settings: ApplicationSettings,
  beside: boolean
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const { name } = settings
  const known = yield* unknownCreation
  const undo = {
    _tag: "CreatedApplication",
    projectUuid: place.projectUuid,
    environment: place.environmentName,
    name,
    run: run.id,
    beside
  } as const
  const uuid = yield* withUndo(
    undo,
    createOnce(known, coolify.createApplication({ ...place, ...settings }), findCreated(undo)),
    undoCreateApplication(undo, known)
  )
  yield* run.emit({
    _tag: "ResourceChanged",
    system: "coolify",
    kind: "application",
    name,
    action: "created"
  })
  return uuid
})

type CreatedApplication = Pick<UndoOf<"CreatedApplication">, "projectUuid" | "environment" | "run">

const findCreated = ({ projectUuid, environment, run }: CreatedApplication) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    const inventory = yield* absentIfNotFound(coolify.inventory(projectUuid, environment))
    return (inventory?.applications ?? [])
      .filter(({ description }) => Marker.parse(description)?.run === run)
      .map(({ uuid }) => uuid)
  })

/** Deletes the application that the run has made. */
export const undoCreateApplication = Effect.fn("undoCreateApplication")(function* (
  undo: CreatedApplication,
  known: Ref.Ref<Creation>
) {
  const uuids = yield* created(known, findCreated(undo))
  yield* Effect.forEach(uuids, (uuid) => removeApplication(uuid, { deleteVolumes: true }), { discard: true })
  return uuids.length > 0 ? ("undone" as const) : ("nothing" as const)
})

/** Cancels what runs, deletes, and waits until Coolify has forgotten the application. */
export const removeApplication = Effect.fn("removeApplication")(function* (
  uuid: string,
  options: DeleteOptions
) {
  const coolify = yield* CoolifyClient
  yield* cancelActive(uuid)
  yield* absentIfNotFound(coolify.deleteApplication(uuid, options))
  yield* awaitGone(coolify.getApplication(uuid), `the application ${uuid}`)
})

/** Changes fields. Undo: puts back those that still are as this run left them, and reports a hand edit. */
export const updateApplication = Effect.fn("updateApplication")(function* (
  before: Application,
  patch: ApplicationPatch
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const { name, uuid } = before
  const undo = {
    _tag: "UpdatedApplication",
    uuid,
    name,
    before: Struct.pick(before, ...fields.filter((field) => patch[field] !== undefined)),
    patch
  } as const
  yield* withUndo(undo, coolify.updateApplication(uuid, patch, before), undoUpdateApplication(undo))
  yield* run.emit({
    _tag: "ResourceChanged",
    system: "coolify",
    kind: "application",
    name,
    action: "updated"
  })
})

/** Puts back those fields that still are as they were written. An application that is gone has none. */
export const undoUpdateApplication = Effect.fn("undoUpdateApplication")(function* ({
  uuid,
  before,
  patch
}: Pick<UndoOf<"UpdatedApplication">, "uuid" | "before" | "patch">) {
  const coolify = yield* CoolifyClient
  const now = yield* absentIfNotFound(coolify.getApplication(uuid))
  if (now === undefined) return "nothing" as const
  const { restore, edited } = restoration(before, patch, now)
  const restored = Object.keys(restore).length > 0
  if (restored) yield* coolify.updateApplication(uuid, restore, now)
  if (edited.length > 0) {
    return yield* leftAsItIs(`${edited.join(", ")} changed meanwhile by somebody else, and left as it is`)
  }
  return restored ? ("undone" as const) : ("nothing" as const)
})

/** What can be put back. */
const fields = ["description", "domains", "port", "healthcheck", "source"] as const

/** Splits a patch by what stands there now: ours (put the old value back), already old, or a hand edit. */
const restoration = (
  before: ApplicationPatch,
  patch: ApplicationPatch,
  now: ApplicationSettings
): { readonly restore: ApplicationPatch; readonly edited: ReadonlyArray<string> } => {
  type Field = (typeof fields)[number]
  const written = fields.filter((field) => patch[field] !== undefined)
  const isOld = (field: Field) => same(comparable(now)[field], comparable(before)[field])
  const isOurs = (field: Field) => same(comparable(now)[field], comparable(patch)[field])
  return {
    restore: Struct.pick(before, ...written.filter((field) => !isOld(field) && isOurs(field))),
    edited: written.filter((field) => !isOld(field) && !isOurs(field))
  }
}

/** Coolify rewrites the addresses of repositories. */
const comparable = (settings: ApplicationPatch): ApplicationPatch =>
  settings.source?._tag === "Git"
    ? {
        ...settings,
        source: { ...settings.source, repository: normaliseRepository(settings.source.repository) }
      }
    : settings

const same = (a: unknown, b: unknown): boolean => Equal.equals(asData(a), asData(b))

const asData = (value: unknown): unknown =>
  Array.isArray(value)
    ? Data.array(value)
    : typeof value === "object" && value !== null
      ? Data.struct({ ...value })
      : value
