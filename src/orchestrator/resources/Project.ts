import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { CoolifyClient, type Inventory, type Project } from "../../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../../coolify/CoolifyError.ts"
import { projectMark, type Desired } from "../Desired.ts"
import { absentIfNotFound, createOnce, created, unknownCreation, type Creation } from "../Find.ts"
import * as Marker from "../../engine/Marker.ts"
import { furnishings, namesakes } from "../Projects.ts"
import { withUndo } from "../../engine/Rollback.ts"
import { Run } from "../../engine/Run.ts"
import type { UndoOf } from "../../engine/Undo.ts"

/** Coolify refuses to delete a project or an environment until the deletion jobs of its resources have run. */
const untilEmpty = Schedule.exponential("300 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("2 seconds")),
  Schedule.upTo("1 minute")
)

/**
 * The spec's project, made if there is none. Coolify accepts two of one name, so it is looked for before and after: of
 * several the oldest one is everybody's, which is also the one of whoever saw no other. Undo: deletes it, unless
 * somebody else has moved in.
 */
export const ensureProject = Effect.fn("ensureProject")(function* (desired: Desired) {
  const name = desired.spec.project
  const { ours, others } = yield* namesakes(name)
  const there = ours[0] ?? others[0]
  if (there !== undefined) return yield* joinProject(desired, there)
  const { known, uuid } = yield* createProject(desired)
  const [oldest] = (yield* namesakes(name)).ours
  const run = yield* Run
  if (oldest === undefined || oldest.uuid === uuid) {
    yield* run.emit({ _tag: "ResourceChanged", system: "coolify", kind: "project", name, action: "created" })
    return uuid
  }
  const coolify = yield* CoolifyClient
  yield* Effect.matchEffect(absentIfNotFound(coolify.deleteProject(uuid)), {
    onSuccess: () => Ref.set(known, { _tag: "Refused" }),
    onFailure: ({ message }) =>
      run.emit({
        _tag: "Warning",
        message: `another run made the project ${name} at the same time; ours (${uuid}) is not used and could not be deleted: ${message}`
      })
  })
  return yield* joinProject(desired, oldest)
})

const createProject = Effect.fn("createProject")(function* (desired: Desired) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const { owner, spec } = desired
  const known = yield* unknownCreation
  const undo = {
    _tag: "CreatedProject",
    name: spec.project,
    run: run.id,
    key: Marker.applicationKey(owner, spec)
  } as const
  const uuid = yield* withUndo(
    undo,
    createOnce(
      known,
      coolify.createProject({ name: spec.project, description: projectMark(owner, spec, run.id) }),
      findProjects(run.id)
    ),
    undoCreateProject(undo, known)
  )
  return { known, uuid }
})

/**
 * Takes part in a project that another run has just made. Undo: deletes it when it is empty by then, as that run may
 * have left it to us.
 */
const joinProject = Effect.fn("joinProject")(function* ({ owner, spec }: Desired, project: Project) {
  const mark = Marker.parse(project.description)
  if (mark?.key !== Marker.projectKey(owner, spec.project)) return project.uuid
  const undo = {
    _tag: "CreatedProject",
    name: spec.project,
    run: mark.run,
    key: Marker.applicationKey(owner, spec)
  } as const
  const known = yield* Ref.make<Creation>({ _tag: "Created", uuid: project.uuid })
  return yield* withUndo(undo, Effect.succeed(project.uuid), undoCreateProject(undo, known))
})

const findProjects = (run: string) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    const projects = yield* coolify.listProjects
    return projects
      .filter(({ description }) => Marker.parse(description)?.run === run)
      .map(({ uuid }) => uuid)
  })

/** Deletes the project that the run has made; it stays when others live in it by now. */
export const undoCreateProject = Effect.fn("undoCreateProject")(function* (
  undo: Pick<UndoOf<"CreatedProject">, "name" | "run" | "key">,
  known: Ref.Ref<Creation>
) {
  const coolify = yield* CoolifyClient
  const uuids = yield* created(known, findProjects(undo.run))
  const removed = yield* Effect.forEach(uuids, (uuid) =>
    removeUnlessUsed(
      coolify.deleteProject(uuid),
      Effect.map(furnishings(uuid), (rooms) => rooms.some((room) => isUsed(room, undo))),
      `the project ${undo.name}`
    )
  )
  return removed.includes(true) ? ("undone" as const) : ("nothing" as const)
})

/** Whether somebody else's things are in it. */
export const isUsed = (
  { applications, others }: Inventory,
  own: { readonly key?: string; readonly run: string }
): boolean =>
  others > 0 ||
  applications.some(({ description }) => {
    const mark = Marker.parse(description)
    return own.key === undefined ? mark?.run !== own.run : mark?.key !== own.key
  })

/** `false`: it was gone already, or stays because it is used. */
export const removeUnlessUsed = <R, R2>(
  remove: Effect.Effect<void, CoolifyError, R>,
  used: Effect.Effect<boolean, CoolifyError, R2>,
  what: string
) =>
  Effect.gen(function* () {
    const run = yield* Run
    return yield* Effect.as(remove, true).pipe(
      Effect.catchIf(
        ({ reason }) => reason === "NotFound",
        () => Effect.succeed(false)
      ),
      Effect.catchIf(
        ({ reason }) => reason === "Refused",
        (error) =>
          Effect.gen(function* () {
            if (!(yield* used)) return yield* error
            yield* run.emit({ _tag: "Warning", message: `${what} stays: others live in it by now` })
            return false
          })
      ),
      Effect.retry({ while: (error) => error.reason === "Refused", schedule: untilEmpty })
    )
  })

/** Deletes an empty project of ours beside the one in use. Nobody misses it, so there is no undo, and no failure. */
export const removeDuplicate = Effect.fn("removeDuplicate")(function* ({ name, uuid }: Project) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  yield* Effect.matchEffect(absentIfNotFound(coolify.deleteProject(uuid)), {
    onSuccess: () =>
      run.emit({
        _tag: "ResourceChanged",
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
