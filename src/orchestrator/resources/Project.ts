import * as Effect from "effect/Effect"
import type * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import { projectMark, type Desired } from "../Desired.ts"
import { absentIfNotFound, createOnce, created, unknownCreation, type Creation } from "../Find.ts"
import * as Marker from "../Marker.ts"
import { withUndo } from "../Rollback.ts"
import { Run } from "../Run.ts"
import type { UndoOf } from "../Undo.ts"

/** Coolify refuses to delete a project or an environment until the deletion jobs of its resources have run. */
const untilEmpty = Schedule.exponential("300 millis", 1.5).pipe(
  Schedule.union(Schedule.spaced("2 seconds")),
  Schedule.upTo("1 minute")
)

/** Creates the spec's project. Undo: deletes it. Answers its uuid. */
export const createProject = Effect.fn("createProject")(function* (desired: Desired) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const name = desired.spec.project
  const known = yield* unknownCreation
  const uuid = yield* withUndo(
    { _tag: "CreatedProject", name, run: run.id },
    createOnce(
      known,
      coolify.createProject({ name, description: projectMark(desired.owner, desired.spec, run.id) }),
      findProjects(run.id)
    ),
    undoCreateProject({ run: run.id }, known)
  )
  yield* run.emit({ _tag: "ResourceChanged", system: "coolify", kind: "project", name, action: "created" })
  return uuid
})

const findProjects = (run: string) =>
  Effect.gen(function* () {
    const coolify = yield* CoolifyClient
    const projects = yield* coolify.listProjects
    return projects
      .filter(({ description }) => Marker.parse(description)?.run === run)
      .map(({ uuid }) => uuid)
  })

/** Deletes the project that the run has made. */
export const undoCreateProject = Effect.fn("undoCreateProject")(function* (
  { run }: Pick<UndoOf<"CreatedProject">, "run">,
  known: Ref.Ref<Creation>
) {
  const coolify = yield* CoolifyClient
  const uuids = yield* created(known, findProjects(run))
  yield* Effect.forEach(
    uuids,
    (uuid) =>
      absentIfNotFound(coolify.deleteProject(uuid)).pipe(
        Effect.retry({ while: (error) => error.reason === "Refused", schedule: untilEmpty })
      ),
    { discard: true }
  )
  return uuids.length > 0 ? ("undone" as const) : ("nothing" as const)
})

/** Creates the spec's environment in an existing project. Undo: deletes it. */
export const createEnvironment = Effect.fn("createEnvironment")(function* (
  projectUuid: string,
  desired: Desired
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const { environment: name, project } = desired.spec
  const undo = { _tag: "CreatedEnvironment", projectUuid, project, name } as const
  yield* withUndo(undo, coolify.createEnvironment(projectUuid, name), undoCreateEnvironment(undo))
  yield* run.emit({
    _tag: "ResourceChanged",
    system: "coolify",
    kind: "environment",
    name,
    action: "created"
  })
})

/** Deletes the environment. */
export const undoCreateEnvironment = Effect.fn("undoCreateEnvironment")(function* ({
  projectUuid,
  name
}: Pick<UndoOf<"CreatedEnvironment">, "projectUuid" | "name">) {
  const coolify = yield* CoolifyClient
  return yield* coolify.deleteEnvironment(projectUuid, name).pipe(
    Effect.retry({ while: (error) => error.reason === "Refused", schedule: untilEmpty }),
    Effect.as("undone" as const),
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeed("nothing" as const)
    )
  )
})
