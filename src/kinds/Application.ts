import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Struct from "effect/Struct"
import { composeMeaning } from "../coolify/ComposeText.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type {
  Application,
  ApplicationPatch,
  ApplicationSettings,
  DeleteOptions
} from "../coolify/endpoints/Applications.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import { isPlainField, usualOf } from "../coolify/endpoints/PlainSettings.ts"
import { normaliseRepository } from "../coolify/Repository.ts"
import type { Change } from "../engine/Change.ts"
import { created, createOnce } from "../engine/Creation.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import * as Marker from "../engine/Marker.ts"
import { Run } from "../engine/Run.ts"
import { propsSchema, type ApplicationProps } from "./ApplicationSchema.ts"
import { cancelActive } from "./Deployment.ts"
import { absentIfNotFound, awaitGone } from "./Find.ts"

/** What is read of it: all, unless only its uuid is known yet. */
interface Found {
  readonly uuid: string
  readonly now: Application | undefined
}

/** What an update can put back. */
const fields = ["description", "domains", "port", "healthcheck", "source"] as const
type Field = (typeof fields)[number]
const isField = (name: string): name is Field => fields.some((field) => field === name)

/** What a change writes; each plain setting by itself. */
const writtenIn = (patch: ApplicationPatch): ReadonlyArray<string> => [
  ...fields.filter((field) => patch[field] !== undefined),
  ...Object.keys(patch.plain ?? {})
]

const valueIn = (settings: ApplicationPatch, name: string): unknown =>
  isField(name)
    ? comparable(settings)[name]
    : isPlainField(name)
      ? (settings.plain?.[name] ?? usualOf(name))
      : undefined

/** The fields named; a plain setting that nobody has set is put back by its default. */
const picked = (settings: ApplicationPatch, names: ReadonlyArray<string>): ApplicationPatch => {
  const plain = names.filter(isPlainField)
  return {
    ...Struct.pick(settings, ...names.filter(isField)),
    ...(plain.length === 0
      ? {}
      : {
          plain: Object.fromEntries(plain.map((name) => [name, settings.plain?.[name] ?? usualOf(name)]))
        })
  }
}

const settingsOf = (
  { after, before }: Change<ApplicationProps>,
  side: "before" | "after"
): ApplicationPatch => (side === "before" ? before : after)?.settings ?? {}

export const application: Kind<ApplicationProps, Found, CoolifyError, CoolifyClient | Run> = {
  name: "coolify/application",
  codec: codecOf(propsSchema),
  says: ({ address: { name }, before }) => {
    if (before === undefined) {
      return { what: `application ${name}`, next: `delete the application ${name} in Coolify` }
    }
    const { description } = before.settings
    return description === undefined
      ? { what: `settings of ${name}`, next: `check the settings of ${name} in Coolify` }
      : {
          what: `description of ${name}`,
          next: `set the description of ${name} in Coolify to what it was: ${description || "nothing"}`
        }
  },
  find: (change, known) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      if (change.before === undefined) {
        const uuids = yield* created(known, findCreated(change))
        return uuids.map((uuid) => ({ uuid, now: undefined }))
      }
      const { uuid } = change.before
      const now = yield* absentIfNotFound(coolify.applications.get(uuid))
      return now === undefined ? [] : [{ uuid, now }]
    }),
  fields: (change) => (change.before === undefined ? [] : writtenIn(settingsOf(change, "after"))),
  holds: (field, { now }, change, side) =>
    now !== undefined && same(valueIn(now, field), valueIn(settingsOf(change, side), field)),
  restore: ({ now, uuid }, change, names) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      if (now === undefined) return
      yield* coolify.applications.update(uuid, picked(settingsOf(change, "before"), names), now)
    }),
  // Its deployments are cancelled, and its volumes go with it.
  remove: ({ uuid }) => Effect.as(removeApplication(uuid, { deleteVolumes: true }), "undone"),
  late: ({ before }) => (before === undefined ? "once" : undefined)
}

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
  const { environmentName: environment, projectUuid } = place
  const after = { uuid: "", projectUuid, environment, settings: {} }
  const uuid = yield* changing(
    application,
    { name, before: undefined, after, ...(beside ? { beside: true } : {}) },
    (known) =>
      createOnce(
        known,
        coolify.applications.create({ ...place, ...settings }),
        findCreated({ after, run: run.id })
      )
  )
  yield* announce({ system: "coolify", kind: "application", name, action: "created" })
  return uuid
})

const findCreated = ({ after, run }: Pick<Change<ApplicationProps>, "after" | "run">) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    if (after === undefined) return []
    const inventory = yield* absentIfNotFound(
      coolify.environments.inventory(after.projectUuid, after.environment)
    )
    return (inventory?.applications ?? [])
      .filter(({ description }) => Marker.parse(description)?.run === run)
      .map(({ uuid }) => uuid)
  })

/** Cancels what runs, deletes, and waits until Coolify has forgotten the application. */
export const removeApplication = Effect.fn("removeApplication")(function* (
  uuid: string,
  options: DeleteOptions
) {
  const coolify = yield* CoolifyClient
  const { noteUsed } = yield* Run
  if ((yield* cancelActive(uuid)).some(({ status }) => status === "finished")) yield* noteUsed
  yield* absentIfNotFound(coolify.applications.remove(uuid, options))
  yield* awaitGone(coolify.applications.get(uuid), `the application ${uuid}`)
})

/** Changes fields. Undo: puts back those that still are as this run left them, and reports a hand edit. */
export const updateApplication = Effect.fn("updateApplication")(function* (
  before: Application,
  patch: ApplicationPatch
) {
  const coolify = yield* CoolifyClient
  const { name, uuid } = before
  const old = picked(before, writtenIn(patch))
  const props = (settings: ApplicationPatch) => ({ uuid, projectUuid: "", environment: "", settings })
  yield* changing(application, { name, before: props(old), after: props(patch) }, () =>
    coolify.applications.update(uuid, patch, before)
  )
  yield* announce({ system: "coolify", kind: "application", name, action: "updated" })
})

/**
 * Coolify rewrites the addresses of repositories and the text of compose files, and what reads one never changes; the URLs
 * of containers have no order.
 */
const comparable = (settings: ApplicationPatch): ApplicationPatch => {
  if (settings.source?._tag === "Compose") {
    return { ...settings, source: { _tag: "Compose", text: composeMeaning(settings.source.text ?? "") } }
  }
  const sorted = {
    ...settings,
    ...(settings.domains?.some((url) => url.includes("#")) === true
      ? { domains: settings.domains.toSorted() }
      : {})
  }
  if (settings.source?._tag !== "Git") return sorted
  const { access: _, repository, ...source } = settings.source
  return { ...sorted, source: { ...source, repository: normaliseRepository(repository) } }
}

const same = (a: unknown, b: unknown): boolean => Equal.equals(asData(a), asData(b))

const asData = (value: unknown): unknown =>
  Array.isArray(value)
    ? Data.array(value)
    : typeof value === "object" && value !== null
      ? Data.struct({ ...value })
      : value
