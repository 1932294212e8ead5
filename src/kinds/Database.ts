/** A database in a container of its own, beside the applications that use it. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import { type DatabaseEngine, databaseEngines } from "../coolify/DatabaseEngine.ts"
import { sharesFiles, sharing } from "../coolify/DatabaseFiles.ts"
import type { Database } from "../coolify/endpoints/Databases.ts"
import { isInInventory } from "../coolify/endpoints/Derived.ts"
import type { DeleteOptions } from "../coolify/endpoints/Applications.ts"
import { type Change, textOf, type UndoFailure } from "../engine/Change.ts"
import { created, createOnce } from "../engine/Creation.ts"
import { DeploymentFailedError, RefusedError } from "../engine/DeployError.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import * as Marker from "../engine/Marker.ts"
import { Pace, pollFor, pollUntil } from "../engine/Pace.ts"
import type { Change as PlanLine } from "../engine/Plan.ts"
import { leftAsItIs } from "../engine/Rollback.ts"
import { Run } from "../engine/Run.ts"
import type { Place } from "./Application.ts"
import { absentIfNotFound, awaitGone } from "./Find.ts"

/** A database that a spec asks for. */
export interface WantedDatabase {
  /** What the spec calls it. */
  readonly name: string
  /** Its name in Coolify. */
  readonly resource: string
  readonly engine: DatabaseEngine
  readonly image: string
  /** Of the mark that tells whose it is. */
  readonly key: string
}

const propsSchema = () =>
  Schema.Struct({
    /** Empty while it is being created. */
    uuid: Schema.String,
    /** Where it is created; empty for what is only started. */
    projectUuid: Schema.String,
    environment: Schema.String,
    engine: Schema.Literal(...databaseEngines),
    runs: Schema.Boolean,
    /** Of a change of it alone. */
    image: Schema.optionalWith(Schema.String, { exact: true })
  })
type DatabaseProps = ReturnType<typeof propsSchema>["Type"]

const runs = ({ status }: Pick<Database, "status">): boolean => !status.startsWith("exited")

/**
 * A database. Undoing its creation deletes it with its data, unless a deployment that may have used it has finished: what
 * that has written is nobody's to delete. Undoing a start stops it again.
 * Another image is one change with the stop before it and the start behind it, and is gone back over as one.
 */
export const database: Kind<DatabaseProps, Database, CoolifyError | UndoFailure, CoolifyClient | Run> = {
  name: "coolify/database",
  codec: codecOf(propsSchema),
  says: ({ address: { name }, before }) => {
    if (before === undefined) {
      return { what: `database ${name}`, next: `delete the database ${name} in Coolify` }
    }
    return before.image === undefined
      ? { what: `start of the database ${name}`, next: `stop the database ${name} in Coolify` }
      : {
          what: `image of the database ${name}`,
          next: `give the database ${name} the image ${before.image} in Coolify, and restart it`
        }
  },
  find: (change, known) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const { after, before } = change
      const engine = (after ?? before)?.engine ?? "postgresql"
      const uuids = before === undefined ? yield* created(known, findCreated(change)) : [before.uuid]
      const found = yield* Effect.forEach(uuids, (uuid) =>
        absentIfNotFound(coolify.databases.get(uuid, engine))
      )
      return found.flatMap((one) => one ?? [])
    }),
  fields: ({ before }) => (before === undefined ? [] : before.image === undefined ? ["status"] : ["image"]),
  holds: (field, live, change, side) => {
    const { image, runs: is } = change[side] ?? {}
    if (field === "status") return runs(live) === is
    // Whatever is on the way from the one image to the other is the change's own.
    return side === "before"
      ? live.image === image && (runs(live) || is !== true)
      : [image, change.before?.image].includes(live.image)
  },
  restore: (live, { before }) =>
    before?.image === undefined
      ? Effect.flatMap(CoolifyClient, (coolify) => coolify.databases.stop(live.uuid))
      : runAs(live, before.image, before.runs),
  remove: (live) =>
    Effect.gen(function* () {
      const { used } = yield* Run
      if (yield* Ref.get(used)) {
        return yield* leftAsItIs(
          "a version of the application has run with it and may have written to it; the next apply goes on with it"
        )
      }
      yield* removeDatabase(live, { deleteVolumes: true })
      return "undone" as const
    }),
  budget: ({ before }) =>
    before === undefined
      ? Effect.succeed(undefined)
      : Effect.map(Pace, ({ database, undoBudget }) => Duration.max(database, undoBudget)),
  late: ({ before }) => (before === undefined ? "once" : undefined)
}

/** Deletes it, and waits until Coolify has forgotten it. */
export const removeDatabase = Effect.fn("removeDatabase")(function* (
  { engine, name, uuid }: Pick<Database, "engine" | "name" | "uuid">,
  options: DeleteOptions
) {
  const coolify = yield* CoolifyClient
  yield* absentIfNotFound(coolify.databases.remove(uuid, options))
  yield* awaitGone(coolify.databases.get(uuid, engine), `the database ${name}`)
})

const findCreated = ({ after, run }: Pick<Change<DatabaseProps>, "after" | "run">) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    if (after === undefined) return []
    const found = isInInventory(after.engine)
      ? ((yield* absentIfNotFound(coolify.environments.inventory(after.projectUuid, after.environment)))
          ?.databases ?? [])
      : yield* coolify.databases.list
    return found
      .filter(({ description, engine }) => engine === after.engine && Marker.parse(description)?.run === run)
      .map(({ uuid }) => uuid)
  })

/** A wanted database beside the one there is. */
export interface PlannedDatabase {
  readonly wanted: WantedDatabase
  /** `undefined`: it is to be made. */
  readonly live: Database | undefined
  readonly changes: ReadonlyArray<PlanLine>
}

/** A database that is there without the spec: nothing of it changes. */
export const sharedDatabase = (name: string, live: Database): PlannedDatabase => ({
  wanted: { name, resource: live.name, engine: live.engine, image: live.image, key: "" },
  live,
  changes: []
})

/** One of which nobody can be asked. */
export const unseenDatabase = (name: string, resource: string): PlannedDatabase => ({
  wanted: { name, resource, engine: "postgresql", image: "", key: "" },
  live: undefined,
  changes: []
})

/** @param there all that the environment has, ours or not. */
export const planDatabase = (
  wanted: WantedDatabase,
  there: ReadonlyArray<Database>
): Either.Either<PlannedDatabase, RefusedError> => {
  const { engine, image, key, name, resource } = wanted
  const ours = there.filter(({ description }) => Marker.parse(description)?.key === key)
  const [live] = ours
  const refuse = (reason: RefusedError["reason"], detail: string, next: string) =>
    Either.left(new RefusedError({ reason, detail, next }))
  if (ours.length > 1) {
    return refuse(
      "Ambiguous",
      `Coolify has ${ours.length} databases that carry the mark of ${resource}: ${ours.map(({ uuid }) => uuid).join(", ")}`,
      "delete all but the one with the data in Coolify"
    )
  }
  const line = (action: PlanLine["action"], fields: PlanLine["fields"]): PlanLine => ({
    system: "coolify",
    kind: "database",
    name: resource,
    action,
    fields
  })
  if (live === undefined) {
    const namesake = there.find((one) => one.name === resource)
    if (namesake !== undefined) {
      return refuse(
        "Foreign",
        `Coolify already has a database ${resource} there that fabrik did not make (${namesake.uuid})`,
        `call the one of the spec otherwise than ${name}, or rename that one in Coolify`
      )
    }
    const fields = [{ field: "image", before: null, after: image, secret: false }]
    return Either.right({ wanted, live, changes: [line("create", fields)] })
  }
  const starts = runs(live) ? [] : [{ field: "status", before: "exited", after: "running", secret: false }]
  if (live.engine === engine && live.image !== image && sharesFiles(engine, live.image, image)) {
    const moves = { field: "image", before: live.image, after: image, secret: false }
    return Either.right({ wanted, live, changes: [line("update", [moves, ...starts])] })
  }
  if (live.engine !== engine || live.image !== image) {
    return refuse(
      "Unrestorable",
      `the database ${resource} is ${live.image}, and the spec wants ${image}: its data may not be readable by that, and could not be put back${live.engine === engine ? ` (${sharing(engine)})` : ""}`,
      `keep ${live.image} in the spec; or add a database of another name, move the data, and then drop ${name}`
    )
  }
  return Either.right({ wanted, live, changes: starts.length === 0 ? [] : [line("update", starts)] })
}

/** Whether there is anything to do or to wait for, should the application be deployed. */
export const isUnready = ({ changes, live }: PlannedDatabase): boolean =>
  changes.length > 0 || live?.status.endsWith(":starting") === true

/** Whether it is stopped on the way to what the spec wants. */
export const isInterrupted = ({ live, wanted }: PlannedDatabase): boolean =>
  live !== undefined && live.image !== wanted.image && runs(live)

/**
 * Gives the database that is there its image and starts it, unless it comes up already, and waits until it takes
 * connections.
 */
export const wakeDatabase = (live: Database, { changes, wanted }: PlannedDatabase) =>
  live.image !== wanted.image
    ? changeImage(live, wanted.image)
    : changes.length > 0
      ? start(live)
      : awaitRunning(live)

/**
 * Makes the database and waits until it takes connections.
 * @param password known beforehand: whatever becomes of the answer, everything is known of it but the uuid.
 */
export const createDatabase = Effect.fn("createDatabase")(function* (
  place: Place,
  wanted: WantedDatabase,
  password: Redacted.Redacted<string>
) {
  const { engine, resource } = wanted
  const uuid = yield* create(place, wanted, password)
  yield* announce({ system: "coolify", kind: "database", name: resource, action: "created" })
  yield* awaitRunning({ uuid, engine, name: resource })
  return uuid
})

const create = Effect.fnUntraced(function* (
  place: Place,
  { engine, image, key, resource }: WantedDatabase,
  password: Redacted.Redacted<string>
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const { environmentName: environment, projectUuid } = place
  const after = { uuid: "", projectUuid, environment, engine, runs: true }
  const description = Marker.render({ key, run: run.id, source: undefined })
  const asked = { ...place, engine, name: resource, description, image, password }
  return yield* changing(database, { name: resource, before: undefined, after }, (known) =>
    createOnce(known, coolify.databases.create(asked), findCreated({ after, run: run.id }))
  )
})

type There = Pick<Database, "engine" | "name" | "uuid">

const unlessRefused = <A, R>(request: Effect.Effect<A, CoolifyError, R>) =>
  Effect.catchIf(
    Effect.asVoid(request),
    // Somebody was faster, or Coolify's status lags: it is so already.
    ({ reason }) => reason === "Refused",
    () => Effect.void
  )

const startNow = ({ uuid }: There) =>
  Effect.flatMap(CoolifyClient, (coolify) => unlessRefused(coolify.databases.start(uuid)))

const stopNow = ({ uuid }: There) =>
  Effect.flatMap(CoolifyClient, (coolify) => unlessRefused(coolify.databases.stop(uuid)))

const propsOf = ({ engine, uuid }: There, is: boolean, image?: string): DatabaseProps => ({
  uuid,
  projectUuid: "",
  environment: "",
  engine,
  runs: is,
  ...(image === undefined ? {} : { image })
})

/** A container keeps the image that it began with, so it is stopped and started: seen to be down in between. */
const runAs = Effect.fn("runDatabaseAs")(function* (live: Database, image: string, isToRun: boolean) {
  const coolify = yield* CoolifyClient
  const stopped = Effect.zipRight(stopNow(live), awaitStopped(live))
  if (runs(live)) yield* stopped
  if (live.image !== image) yield* coolify.databases.update(live.uuid, { image })
  if (!isToRun) return
  yield* Effect.catchIf(
    coolify.databases.start(live.uuid),
    // It comes up by an earlier request, perhaps still with the other image.
    ({ reason }) => reason === "Refused",
    () => Effect.zipRight(stopped, startNow(live))
  )
  yield* awaitRunning(live)
})

const changeImage = Effect.fn("changeImage")(function* (live: Database, image: string) {
  const { name } = live
  const change = { name, before: propsOf(live, runs(live), live.image), after: propsOf(live, true, image) }
  yield* changing(database, change, () => runAs(live, image, true))
  yield* announce({ system: "coolify", kind: "database", name, action: "updated" })
})

const start = Effect.fnUntraced(function* (live: Database) {
  const { name } = live
  yield* changing(database, { name, before: propsOf(live, false), after: propsOf(live, true) }, () =>
    startNow(live)
  )
  yield* announce({ system: "coolify", kind: "database", name, action: "updated" })
  yield* awaitRunning(live)
})

/** Its status, as Coolify tells it, is all that can be seen from outside of the server's network. */
const isReady = ({ status }: Database): boolean =>
  status === "running:healthy" || status === "running:unknown"

const awaitStopped = Effect.fn("awaitStopped")(function* ({ engine, name, uuid }: There) {
  const coolify = yield* CoolifyClient
  const pace = yield* Pace
  const isStopped = (seen: Database) => !runs(seen)
  const last = yield* pollUntil(coolify.databases.get(uuid, engine), isStopped, pollFor(pace, pace.database))
  if (isStopped(last)) return
  return yield* new DeploymentFailedError({
    reason: "DatabaseDown",
    detail: `the database ${name} does not stop: Coolify says ${last.status}`,
    deployment: null,
    log: []
  })
})

const awaitRunning = Effect.fn("awaitRunning")(function* ({ engine, name, uuid }: There) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const pace = yield* Pace
  const look = Effect.tap(coolify.databases.get(uuid, engine), (seen) =>
    run.emit({
      _tag: "DatabaseChecked",
      name,
      status: seen.status,
      ready: isReady(seen),
      address: textOf({ kind: database.name, name })
    })
  )
  const last = yield* pollUntil(look, isReady, pollFor(pace, pace.database))
  if (isReady(last)) return
  return yield* new DeploymentFailedError({
    reason: "DatabaseDown",
    detail: `the database ${name} (${last.image}) does not come up: Coolify says ${last.status}`,
    deployment: null,
    log: []
  })
})
