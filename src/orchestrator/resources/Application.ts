import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Data from "effect/Data"
import * as Ref from "effect/Ref"
import {
  CoolifyClient,
  type Application,
  type ApplicationPatch,
  type ApplicationSettings,
  type DeleteOptions
} from "../../coolify/CoolifyClient.ts"
import { normaliseRepository } from "../../coolify/Repository.ts"
import { absentIfNotFound, awaitGone, createOnce, created, type Creation } from "../Find.ts"
import * as Marker from "../Marker.ts"
import { withUndo } from "../Rollback.ts"
import { Run } from "../Run.ts"
import { cancelActive } from "./Deployment.ts"

export interface Place {
  readonly projectUuid: string
  readonly serverUuid: string
  readonly environmentName: string
}

/** Creates the application. Undo: cancels its deployments, deletes it with its volumes and waits until it is gone. */
export const createApplication = Effect.fn("createApplication")(function* (
  place: Place,
  settings: ApplicationSettings
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const known = yield* Ref.make<Creation>({ _tag: "Unknown" })
  const find = coolify.inventory(place.projectUuid, place.environmentName).pipe(
    absentIfNotFound,
    Effect.map((inventory) =>
      (inventory?.applications ?? [])
        .filter((application) => Marker.parse(application.description)?.run === run.id)
        .map(({ uuid }) => uuid)
    )
  )
  const uuid = yield* withUndo(
    { what: `application ${settings.name}`, next: `delete the application ${settings.name} in Coolify` },
    createOnce(known, coolify.createApplication({ ...place, ...settings }), find),
    Effect.gen(function* () {
      const uuids = yield* created(known, find)
      yield* Effect.forEach(uuids, (uuid) => removeApplication(uuid, { deleteVolumes: true }), {
        discard: true
      })
      return uuids.length > 0 ? "undone" : "nothing"
    })
  )
  yield* run.emit({
    _tag: "ResourceChanged",
    system: "coolify",
    kind: "application",
    name: settings.name,
    action: "created"
  })
  return uuid
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
  const subject = {
    what: `settings of ${before.name}`,
    next: `check the settings of ${before.name} in Coolify`
  }
  yield* withUndo(
    subject,
    coolify.updateApplication(before.uuid, patch, before),
    Effect.gen(function* () {
      const now = yield* coolify.getApplication(before.uuid)
      const { restore, edited } = restoration(before, patch, now)
      if (Object.keys(restore).length > 0) yield* coolify.updateApplication(before.uuid, restore, now)
      if (edited.length > 0) {
        return yield* Effect.fail({
          message: `${edited.join(", ")} changed meanwhile by somebody else, and left as it is`
        })
      }
      return Object.keys(restore).length > 0 ? "undone" : "nothing"
    })
  )
  yield* run.emit({
    _tag: "ResourceChanged",
    system: "coolify",
    kind: "application",
    name: before.name,
    action: "updated"
  })
})

/** Splits a patch by what stands there now: ours (put the old value back), already old, or a hand edit. */
const restoration = (
  before: ApplicationSettings,
  patch: ApplicationPatch,
  now: ApplicationSettings
): { readonly restore: ApplicationPatch; readonly edited: ReadonlyArray<string> } => {
  const fields = ["domains", "port", "healthcheck", "source"] as const
  const written = fields.filter((field) => patch[field] !== undefined)
  const isOld = (field: (typeof fields)[number]) => same(comparable(now)[field], comparable(before)[field])
  const isOurs = (field: (typeof fields)[number]) => same(comparable(now)[field], comparable(patch)[field])
  const back = new Set(written.filter((field) => !isOld(field) && isOurs(field)))
  return {
    restore: {
      ...(back.has("domains") ? { domains: before.domains } : {}),
      ...(back.has("port") ? { port: before.port } : {}),
      ...(back.has("healthcheck") ? { healthcheck: before.healthcheck } : {}),
      ...(back.has("source") ? { source: before.source } : {})
    },
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
