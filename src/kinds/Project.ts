import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Inventory } from "../coolify/endpoints/Environments.ts"
import type { Project } from "../coolify/endpoints/Projects.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Change } from "../engine/Change.ts"
import { created, createOnce } from "../engine/Creation.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import * as Marker from "../engine/Marker.ts"
import { Owner } from "../engine/Owner.ts"
import { Run } from "../engine/Run.ts"
import { absentIfNotFound } from "./Find.ts"
import { furnishings, namesakes } from "./Projects.ts"

/** `key`: of the mark of the application that it was made for. */
const propsSchema = () => Schema.Struct({ key: Schema.String })
type ProjectProps = ReturnType<typeof propsSchema>["Type"]

/** A project that a run has made: it goes again, unless others have moved in. */
export const project: Kind<ProjectProps, string, CoolifyError, CoolifyClient | Run> = {
  name: "coolify/project",
  codec: codecOf(propsSchema),
  says: ({ address: { name } }) => ({
    what: `project ${name}`,
    next: `delete the project ${name} in Coolify`
  }),
  find: ({ run }, known) => created(known, findProjects(run)),
  remove: (uuid, change) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      return yield* removeUnlessUsed(
        coolify.projects.remove(uuid),
        Effect.map(furnishings(uuid), (rooms) => rooms.some((room) => isUsed(room, change))),
        `the project ${change.address.name}`
      )
    }),
  late: () => "once"
}

/** Coolify refuses to delete a project or an environment until the deletion jobs of its resources have run. */
const untilEmpty = Schedule.exponential("300 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("2 seconds")),
  Schedule.upTo("1 minute")
)

/**
 * The project of an application, made if there is none. Coolify accepts two of one name, so it is looked for before and
 * after: of several the oldest one is everybody's, which is also the one of whoever saw no other. Undo: deletes it, unless
 * somebody else has moved in.
 */
export const ensureProject = Effect.fn("ensureProject")(function* (place: Marker.Named) {
  const name = place.project
  const { ours, others } = yield* namesakes(name)
  const there = ours[0] ?? others[0]
  if (there !== undefined) return yield* joinProject(place, there)
  const { known, uuid } = yield* createProject(place)
  const [oldest] = (yield* namesakes(name)).ours
  const run = yield* Run
  if (oldest === undefined || oldest.uuid === uuid) {
    yield* announce({ system: "coolify", kind: "project", name, action: "created" })
    return uuid
  }
  const coolify = yield* CoolifyClient
  yield* Effect.matchEffect(absentIfNotFound(coolify.projects.remove(uuid)), {
    onSuccess: () => Ref.set(known, { _tag: "Refused" }),
    onFailure: ({ message }) =>
      run.emit({
        _tag: "Warning",
        message: `another run made the project ${name} at the same time; ours (${uuid}) is not used and could not be deleted: ${message}`
      })
  })
  return yield* joinProject(place, oldest)
})

const createProject = Effect.fn("createProject")(function* (place: Marker.Named) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const owner = yield* Owner
  const name = place.project
  const description = Marker.render({
    key: Marker.projectKey(owner, name),
    run: run.id,
    source: undefined
  })
  const after = { key: Marker.applicationKey(owner, place) }
  return yield* changing(project, { name, before: undefined, after }, (known) =>
    Effect.map(
      createOnce(known, coolify.projects.create({ name, description }), findProjects(run.id)),
      (uuid) => ({ known, uuid })
    )
  )
})

/**
 * Takes part in a project that another run has just made. Undo: deletes it when it is empty by then, as that run may
 * have left it to us.
 */
const joinProject = Effect.fn("joinProject")(function* (place: Marker.Named, there: Project) {
  const owner = yield* Owner
  const mark = Marker.parse(there.description)
  const { uuid } = there
  if (mark?.key !== Marker.projectKey(owner, place.project)) return uuid
  const after = { key: Marker.applicationKey(owner, place) }
  return yield* changing(project, { name: place.project, run: mark.run, before: undefined, after }, (known) =>
    Effect.as(Ref.set(known, { _tag: "Created", id: uuid }), uuid)
  )
})

const findProjects = (run: string) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    const projects = yield* coolify.projects.list
    return projects
      .filter(({ description }) => Marker.parse(description)?.run === run)
      .map(({ uuid }) => uuid)
  })

/** Whether somebody else's things are in it. */
export const isUsed = ({ applications, others }: Inventory, { after }: Change<ProjectProps>): boolean =>
  others > 0 || applications.some(({ description }) => Marker.parse(description)?.key !== after?.key)

/** `nothing`: it was gone already, or stays because it is used. */
export const removeUnlessUsed = <R, R2>(
  remove: Effect.Effect<void, CoolifyError, R>,
  used: Effect.Effect<boolean, CoolifyError, R2>,
  what: string
) =>
  Effect.gen(function* () {
    const run = yield* Run
    return yield* Effect.as(remove, "undone" as const).pipe(
      Effect.catchIf(
        ({ reason }) => reason === "NotFound",
        () => Effect.succeed("nothing" as const)
      ),
      Effect.catchIf(
        ({ reason }) => reason === "Refused",
        (error) =>
          Effect.gen(function* () {
            if (!(yield* used)) return yield* error
            yield* run.emit({ _tag: "Warning", message: `${what} stays: others live in it by now` })
            return "nothing" as const
          })
      ),
      Effect.retry({ while: (error) => error.reason === "Refused", schedule: untilEmpty })
    )
  })

/** Deletes an empty project of ours beside the one in use. Nobody misses it, so there is no undo, and no failure. */
export const removeDuplicate = Effect.fn("removeDuplicate")(function* ({ name, uuid }: Project) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  yield* Effect.matchEffect(absentIfNotFound(coolify.projects.remove(uuid)), {
    onSuccess: () =>
      announce({
        system: "coolify",
        kind: "project",
        name: `${name} (${uuid}, empty)`,
        action: "deleted"
      }),
    onFailure: ({ message }) =>
      run.emit({
        _tag: "Warning",
        message: `the second project ${name} (${uuid}) could not be deleted: ${message}`
      })
  })
})
