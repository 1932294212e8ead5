import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { CoolifyClient, type Inventory } from "../../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../../coolify/CoolifyError.ts"
import { environmentMark, type Desired } from "../Desired.ts"
import { absentIfNotFound, createOnce, lookForEffect, unknownCreation } from "../Find.ts"
import * as Marker from "../../engine/Marker.ts"
import { leftAsItIs, withUndo } from "../../engine/Rollback.ts"
import { Run } from "../../engine/Run.ts"
import type { UndoOf } from "../../engine/Undo.ts"
import { isUsed, removeUnlessUsed } from "./Project.ts"

/** No other run makes an environment of this name. */
const temporaryName = (run: string): string => `fabrik-${run}`

/** Whether an environment of this name is one that a run of fabrik has not come to give its name. */
export const isTemporary = (name: string): boolean => /^fabrik-[0-9a-f]{12}$/.test(name)

/**
 * The spec's environment in an existing project, made if there is none. Its name is unique there, but not whose it is:
 * so it is made under a name of this run's own and then gets its name together with our mark, in one request that fails
 * when somebody was faster. Undo: deletes what carries this run's mark, unless somebody else has moved in.
 */
export const ensureEnvironment = Effect.fn("ensureEnvironment")(function* (
  projectUuid: string,
  desired: Desired
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const { owner, spec } = desired
  const { environment: name, project } = spec
  const undoOf = (by: string) =>
    ({
      _tag: "CreatedEnvironment",
      projectUuid,
      project,
      name,
      run: by,
      key: Marker.applicationKey(owner, spec)
    }) as const
  /** Takes part in what another run has just made: it may leave it to us. */
  const join = (there: Inventory) => {
    const mark = Marker.parse(there.description)
    if (mark?.key !== Marker.environmentKey(owner, project, name)) return Effect.void
    const undo = undoOf(mark.run)
    return withUndo(undo, Effect.void, undoCreateEnvironment(undo))
  }
  const there = yield* absentIfNotFound(coolify.inventory(projectUuid, name))
  if (there !== undefined) return yield* join(there)
  const undo = undoOf(run.id)
  const winner = yield* withUndo(
    undo,
    make(projectUuid, name, environmentMark(owner, spec, run.id)),
    undoCreateEnvironment(undo)
  )
  if (winner !== undefined) return yield* join(winner)
  yield* run.emit({
    _tag: "ResourceChanged",
    system: "coolify",
    kind: "environment",
    name,
    action: "created"
  })
})

/** Answers the environment of somebody who was faster. */
const make = Effect.fnUntraced(function* (projectUuid: string, name: string, mark: string) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const temporary = temporaryName(run.id)
  yield* createOnce(
    yield* unknownCreation,
    coolify.createEnvironment(projectUuid, temporary),
    Effect.map(coolify.listEnvironments(projectUuid), (all) =>
      all.filter((one) => one.name === temporary).map(({ uuid }) => uuid)
    )
  )
  const named = Effect.as(
    coolify.updateEnvironment(projectUuid, temporary, { name, description: mark }),
    undefined
  )
  return yield* named.pipe(
    Effect.catchAll((error) =>
      Effect.gen(function* () {
        const there = yield* lookAfter(projectUuid, name, error)
        if (there === undefined) return yield* error
        if (Marker.parse(there.description)?.run === run.id) return undefined
        yield* absentIfNotFound(coolify.deleteEnvironment(projectUuid, temporary))
        return there
      })
    ),
    // Who was faster has undone it already.
    Effect.retry({
      while: ({ reason }) => reason === "Conflict" || reason === "ServerError",
      schedule: Schedule.recurs(5)
    })
  )
})

/** What has the name after a request that was to give it. */
const lookAfter = Effect.fnUntraced(function* (projectUuid: string, name: string, error: CoolifyError) {
  const coolify = yield* CoolifyClient
  const look = absentIfNotFound(coolify.inventory(projectUuid, name))
  if (!error.outcomeUnknown) return yield* look
  return yield* lookForEffect(look, (found) => found !== undefined)
})

/** Deletes the environment that the run has made; it stays when others live in it by now. */
export const undoCreateEnvironment = Effect.fn("undoCreateEnvironment")(function* ({
  projectUuid,
  name,
  run,
  key
}: Pick<UndoOf<"CreatedEnvironment">, "projectUuid" | "name" | "run" | "key">) {
  const coolify = yield* CoolifyClient
  const there = yield* absentIfNotFound(coolify.inventory(projectUuid, name))
  if (run === undefined) {
    if (there === undefined) return "nothing" as const
    return yield* leftAsItIs("nobody can tell any more whether the run has made it, so it stays")
  }
  const own = key === undefined ? { run } : { run, key }
  const remove = (named: string) =>
    removeUnlessUsed(
      coolify.deleteEnvironment(projectUuid, named),
      Effect.map(
        absentIfNotFound(coolify.inventory(projectUuid, named)),
        (found) => found !== undefined && isUsed(found, own)
      ),
      `the environment ${name}`
    )
  const unnamed = yield* remove(temporaryName(run))
  const named = Marker.parse(there?.description)?.run === run && (yield* remove(name))
  return unnamed || named ? ("undone" as const) : ("nothing" as const)
})
