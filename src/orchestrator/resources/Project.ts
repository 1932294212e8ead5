import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import { projectMark, type Desired } from "../Desired.ts"
import { absentIfNotFound, createOnce, created, type Creation } from "../Find.ts"
import * as Marker from "../Marker.ts"
import { withUndo } from "../Rollback.ts"
import { Run } from "../Run.ts"

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
  const known = yield* Ref.make<Creation>({ _tag: "Unknown" })
  const find = Effect.map(coolify.listProjects, (projects) =>
    projects.filter((project) => Marker.parse(project.description)?.run === run.id).map(({ uuid }) => uuid)
  )
  const remove = (uuid: string) =>
    absentIfNotFound(coolify.deleteProject(uuid)).pipe(
      Effect.retry({ while: (error) => error.reason === "Refused", schedule: untilEmpty })
    )
  const uuid = yield* withUndo(
    { what: `project ${name}`, next: `delete the project ${name} in Coolify` },
    createOnce(
      known,
      coolify.createProject({ name, description: projectMark(desired.owner, desired.spec, run.id) }),
      find
    ),
    Effect.gen(function* () {
      const uuids = yield* created(known, find)
      yield* Effect.forEach(uuids, remove, { discard: true })
      return uuids.length > 0 ? "undone" : "nothing"
    })
  )
  yield* run.emit({ _tag: "ResourceChanged", system: "coolify", kind: "project", name, action: "created" })
  return uuid
})

/** Creates the spec's environment in an existing project. Undo: deletes it. */
export const createEnvironment = Effect.fn("createEnvironment")(function* (
  projectUuid: string,
  desired: Desired
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const name = desired.spec.environment
  const remove = coolify.deleteEnvironment(projectUuid, name).pipe(
    Effect.retry({ while: (error) => error.reason === "Refused", schedule: untilEmpty }),
    Effect.as("undone" as const),
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => Effect.succeed("nothing" as const)
    )
  )
  yield* withUndo(
    {
      what: `environment ${name}`,
      next: `delete the environment ${name} of ${desired.spec.project} in Coolify`
    },
    coolify.createEnvironment(projectUuid, name),
    remove
  )
  yield* run.emit({
    _tag: "ResourceChanged",
    system: "coolify",
    kind: "environment",
    name,
    action: "created"
  })
})
