import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Inventory } from "../coolify/endpoints/Environments.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import { createOnce, lookForEffect, unknownCreation } from "../engine/Creation.ts"
import { announce, changing, codecOf, type Kind } from "../engine/Kind.ts"
import * as Marker from "../engine/Marker.ts"
import { Owner } from "../engine/Owner.ts"
import { Run } from "../engine/Run.ts"
import { absentIfNotFound } from "./Find.ts"
import { isUsed, removeUnlessUsed } from "./Project.ts"

const propsSchema = () =>
  Schema.Struct({
    projectUuid: Schema.String,
    project: Schema.String,
    /** Of the mark of the application that it was made for. */
    key: Schema.String
  })
type EnvironmentProps = ReturnType<typeof propsSchema>["Type"]

/** No other run makes an environment of this name. */
const temporaryName = (run: string): string => `fabrik-${run}`

/** Whether an environment of this name is one that a run of fabrik has not come to give its name. */
export const isTemporary = (name: string): boolean => /^fabrik-[0-9a-f]{12}$/.test(name)

/** An environment that a run has made, under its own name or still under the run's: it goes again, unless others live in it. */
export const environment: Kind<EnvironmentProps, string, CoolifyError, CoolifyClient | Run> = {
  name: "coolify/environment",
  codec: codecOf(propsSchema),
  says: ({ address: { name }, after }) => ({
    what: `environment ${name}`,
    next: `delete the environment ${name} of ${after?.project ?? "its project"} in Coolify`
  }),
  find: ({ address: { name }, after, run }) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const there = yield* absentIfNotFound(coolify.environments.inventory(after?.projectUuid ?? "", name))
      return [temporaryName(run), ...(Marker.parse(there?.description)?.run === run ? [name] : [])]
    }),
  remove: (named, change) =>
    Effect.gen(function* () {
      const coolify = yield* CoolifyClient
      const projectUuid = change.after?.projectUuid ?? ""
      return yield* removeUnlessUsed(
        coolify.environments.remove(projectUuid, named),
        Effect.map(
          absentIfNotFound(coolify.environments.inventory(projectUuid, named)),
          (found) => found !== undefined && isUsed(found, change)
        ),
        `the environment ${change.address.name}`
      )
    })
}

/**
 * An application's environment in an existing project, made if there is none. Its name is unique there, but not whose it
 * is: so it is made under a name of this run's own and then gets its name together with our mark, in one request that
 * fails when somebody was faster. Undo: deletes what carries this run's mark, unless somebody else has moved in.
 */
export const ensureEnvironment = Effect.fn("ensureEnvironment")(function* (
  projectUuid: string,
  place: Marker.Named
) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const owner = yield* Owner
  const { environment: name, project } = place
  const environmentKey = Marker.environmentKey(owner, project, name)
  const made = {
    name,
    before: undefined,
    after: { projectUuid, project, key: Marker.applicationKey(owner, place) }
  }
  /** Takes part in what another run has just made: it may leave it to us. */
  const join = (there: Inventory) => {
    const mark = Marker.parse(there.description)
    return mark?.key === environmentKey
      ? changing(environment, { ...made, run: mark.run }, () => Effect.void)
      : Effect.void
  }
  const there = yield* absentIfNotFound(coolify.environments.inventory(projectUuid, name))
  if (there !== undefined) return yield* join(there)
  const mark = Marker.render({ key: environmentKey, run: run.id, source: undefined })
  const winner = yield* changing(environment, made, () => make(projectUuid, name, mark))
  if (winner !== undefined) return yield* join(winner)
  yield* announce({ system: "coolify", kind: "environment", name, action: "created" })
})

/** Answers the environment of somebody who was faster. */
const make = Effect.fnUntraced(function* (projectUuid: string, name: string, mark: string) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const temporary = temporaryName(run.id)
  yield* createOnce(
    yield* unknownCreation,
    coolify.environments.create(projectUuid, temporary),
    Effect.map(coolify.environments.list(projectUuid), (all) =>
      all.filter((one) => one.name === temporary).map(({ uuid }) => uuid)
    )
  )
  const named = Effect.as(
    coolify.environments.update(projectUuid, temporary, { name, description: mark }),
    undefined
  )
  return yield* named.pipe(
    Effect.catchAll((error) =>
      Effect.gen(function* () {
        const there = yield* lookAfter(projectUuid, name, error)
        if (there === undefined) return yield* error
        if (Marker.parse(there.description)?.run === run.id) return undefined
        yield* absentIfNotFound(coolify.environments.remove(projectUuid, temporary))
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
  const look = absentIfNotFound(coolify.environments.inventory(projectUuid, name))
  if (!error.outcomeUnknown) return yield* look
  return yield* lookForEffect(look, (found) => found !== undefined)
})
