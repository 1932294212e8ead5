/** Which version of an application runs. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { Deployment } from "../coolify/endpoints/Deployments.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import { isCompose } from "../coolify/Source.ts"
import type { Change, UndoFailure } from "../engine/Change.ts"
import type { Creation } from "../engine/Creation.ts"
import type { DeploymentFailedError } from "../engine/DeployError.ts"
import { changing, codecOf, type Kind } from "../engine/Kind.ts"
import * as Marker from "../engine/Marker.ts"
import { Pace, pollFor, pollUntil } from "../engine/Pace.ts"
import { leftAsItIs } from "../engine/Rollback.ts"
import { Run } from "../engine/Run.ts"
import { application } from "./Application.ts"
import { cancelActive, deployAndFollow, isActive, keptCommit, newestFinished } from "./Deployment.ts"

const propsSchema = () =>
  Schema.Struct({
    /** The application's. */
    uuid: Schema.String,
    state: Schema.Literal("runs", "stands still", "is being deployed", "is being stopped"),
    /** The deployment that is the newest; `null`: none, or not looked at. */
    newest: Schema.NullOr(Schema.String),
    /** The commit that runs, where the application names a branch alone; absent: not so, or Coolify does not tell. */
    commit: Schema.optional(Schema.String)
  })
type ReleaseProps = ReturnType<typeof propsSchema>["Type"]

/**
 * What runs is no state that could be written back: a deployment is cancelled, and what ran before is deployed again. That
 * comes last, once the settings and variables are back, because its change is the first of all (`keepPreviousVersion`).
 */
export const release: Kind<
  ReleaseProps,
  never,
  CoolifyError | DeploymentFailedError | UndoFailure,
  CoolifyClient | Run
> = {
  name: "coolify/release",
  codec: codecOf(propsSchema),
  says: (change) => {
    const { name } = change.address
    switch (change.after?.state) {
      case "is being deployed":
        return {
          what: `deployment of ${name}`,
          next: `cancel the deployment of ${name} in Coolify`
        }
      case "is being stopped":
        return { what: `stop of ${name}`, next: `deploy ${name} in Coolify` }
      default:
        return { what: `previous version of ${name}`, next: `deploy ${name} in Coolify` }
    }
  },
  way: ({ after }) => (after?.state === "is being deployed" ? "cancelled" : "restored"),
  find: () => Effect.succeed([]),
  undo: (change, known) =>
    change.before === undefined
      ? Effect.succeed("nothing")
      : change.after?.state === "is being deployed"
        ? undoDeploy(change.before, known)
        : change.after?.state === "is being stopped"
          ? Effect.as(countAsReplaced(change), "nothing")
          : undoReplacement(change.before),
  undoneBefore: (change) =>
    change.after?.state === "is being deployed" || change.after?.state === "is being stopped"
      ? countAsReplaced(change)
      : Effect.void,
  budget: (change) => Effect.map(Pace, ({ deployment }) => (isKept(change) ? deployment : undefined)),
  late: (change) =>
    isKept(change) ? "last" : change.after?.state === "is being deployed" ? "stirs" : undefined
}

const isKept = ({ after, before }: Pick<Change<ReleaseProps>, "after" | "before">): boolean =>
  after?.state === before?.state

/** Whether the version that ran before may no longer run. */
const setReplaced = (replaced: Ref.Ref<ReadonlySet<string>>, uuid: string, is: boolean) =>
  Ref.update(replaced, (all) =>
    is ? new Set([...all, uuid]) : new Set([...all].filter((each) => each !== uuid))
  )

/** Says that the application has to be deployed again. */
const countAsReplaced = ({ before }: Change<ReleaseProps>) =>
  Effect.flatMap(Run, ({ replaced }) =>
    before === undefined ? Effect.void : setReplaced(replaced, before.uuid, true)
  )

/**
 * To be called before any change to an existing application: undos run newest first, so that this one, the oldest,
 * redeploys only once the settings and variables are back. It does nothing while the old container still runs.
 */
export const keepPreviousVersion = Effect.fn("keepPreviousVersion")(function* (now: Application) {
  const { journal } = yield* Run
  const { name, status, uuid } = now
  const createdBy = Marker.parse(now.description)?.run
  // What an unfinished run has made is deleted in the end, and what it keeps is kept already.
  const isTakenCareOf = (journal.before?.changes ?? []).some(({ address, after, before, run }) => {
    if (address.kind === application.name) return before === undefined && run === createdBy
    const props = Option.all({ before: release.codec.decode(before), after: release.codec.decode(after) })
    return (
      address.kind === release.name &&
      Option.exists(props, (both) => isKept(both) && both.before.uuid === uuid)
    )
  })
  if (isTakenCareOf) return
  const state = status.startsWith("exited") ? "stands still" : "runs"
  const commit = state === "runs" ? yield* runningCommit(now) : undefined
  const kept = { uuid, state, newest: null, ...(commit === undefined ? {} : { commit }) } as const
  yield* changing(release, { name, before: kept, after: kept }, () => Effect.void)
})

/** A branch may have moved by the time that its application is deployed again: one more request, of branches alone. */
const runningCommit = Effect.fn("runningCommit")(function* ({ source, uuid }: Application) {
  if (source._tag !== "Git" || source.commit !== "HEAD") return undefined
  const coolify = yield* CoolifyClient
  return keptCommit(source, newestFinished(yield* coolify.deployments.list(uuid, 10)))
})

/** The very version, where a commit tells it. An older Coolify deploys the newest commit of the branch, which is told. */
const deployAgain = Effect.fn("deployAgain")(function* ({ commit, uuid }: ReleaseProps) {
  const { deployments } = yield* CoolifyClient
  const follow = (by?: Parameters<typeof deployAndFollow>[2]) => deployAndFollow(uuid, () => Effect.void, by)
  if (commit === undefined) return yield* follow()
  const newest = Effect.gen(function* () {
    yield* follow()
    if (newestFinished(yield* deployments.list(uuid, 10))?.commit === commit) return
    yield* leftAsItIs(
      `this Coolify cannot deploy a commit again (4.3.0 and newer can): the newest one of the branch was deployed, and ${commit.slice(0, 12)} ran before`
    )
  })
  yield* Effect.catchIf(
    follow(deployments.deployCommit(uuid, commit)),
    ({ reason }) => reason === "UnknownEndpoint",
    () => newest
  )
})

/** Lets the application run as before, or stand still as before, if its version was replaced. */
const undoReplacement = Effect.fn("undoReplacement")(function* (before: ReleaseProps) {
  const { state, uuid } = before
  const run = yield* Run
  if (!(yield* Ref.get(run.replaced)).has(uuid)) return "nothing" as const
  const coolify = yield* CoolifyClient
  const back = Effect.gen(function* () {
    if (state === "stands still") yield* coolify.applications.stop(uuid)
    else yield* deployAgain(before)
  })
  yield* Effect.catchIf(
    back,
    (error) => "reason" in error && error.reason === "NotFound",
    () => leftAsItIs("somebody else has deleted it")
  )
  return "undone" as const
})

/** Takes an application off the air. Undo: that of {@link keepPreviousVersion}, which deploys it again. */
export const stopPrevious = Effect.fn("stopPrevious")(function* ({ uuid, name }: Application) {
  const coolify = yield* CoolifyClient
  const pace = yield* Pace
  const { replaced } = yield* Run
  const before = { uuid, state: "runs", newest: null } as const
  const after = { ...before, state: "is being stopped" } as const
  yield* changing(release, { name, before, after }, () =>
    Effect.zipRight(setReplaced(replaced, uuid, true), coolify.applications.stop(uuid))
  )
  // Coolify's status may lag behind; two versions answering for a moment longer is no failure.
  yield* pollUntil(
    coolify.applications.get(uuid),
    ({ status }) => status.startsWith("exited"),
    pollFor(pace, pace.stop)
  )
})

/**
 * Deploys an existing application. Undo: cancels what is still under way. From the request on the old version counts as
 * replaced, however little is heard of the deployment, until it is seen that it is not.
 */
export const deployOver = Effect.fn("deployOver")(function* ({
  uuid,
  name
}: {
  readonly uuid: string
  readonly name: string
}) {
  const coolify = yield* CoolifyClient
  const client = yield* Effect.context<CoolifyClient>()
  const { noteUsed, replaced } = yield* Run
  const [newest] = yield* coolify.deployments.list(uuid, 1)
  const before = { uuid, state: "runs", newest: newest?.uuid ?? null } as const
  const after = { uuid, state: "is being deployed", newest: null } as const
  yield* changing(release, { name, before, after }, (known) =>
    setReplaced(replaced, uuid, true).pipe(
      Effect.zipRight(
        deployAndFollow(uuid, (deployment) =>
          deployment.status === "failed"
            ? Effect.provide(judge(replaced, uuid, deployment), client)
            : Ref.set(known, { _tag: "Created", id: deployment.uuid })
        )
      ),
      Effect.tapError((error) =>
        wasRefused(error)
          ? Effect.zipRight(setReplaced(replaced, uuid, false), Ref.set(known, { _tag: "Refused" }))
          : Effect.void
      )
    )
  )
  yield* noteUsed
})

/** A queued deployment has not begun; a failed one has removed its own container, and may have left the old one. */
const judge = (replaced: Ref.Ref<ReadonlySet<string>>, uuid: string, { status }: Deployment) =>
  Effect.gen(function* () {
    const isKept = status === "failed" && (yield* leavesOld(uuid))
    yield* setReplaced(replaced, uuid, status !== "queued" && !isKept)
  })

/**
 * Whether the old container runs on where a deployment has failed. Not of a compose file: its old containers go before the
 * new ones start (recorded: compose-app 64), and a failed one may have come so far. Nor of what stops first, for the sake of
 * a port of the server or a fixed name: its old one goes before the new image is pulled (recorded: settings 159, 319). Docker
 * is asked whether it did, as a build fails before that. What cannot be looked at is deployed again: that does no harm.
 */
const leavesOld = (uuid: string) =>
  Effect.gen(function* () {
    const { applications } = yield* CoolifyClient
    const { source, stopsFirst } = yield* applications.get(uuid)
    if (isCompose(source)) return false
    if (stopsFirst) yield* applications.logs(uuid, 1)
    return true
  }).pipe(Effect.orElseSucceed(() => false))

/** Cancels what is under way, and finds out whether it had replaced what ran before. */
const undoDeploy = Effect.fn("undoDeploy")(function* (
  { newest: newestBefore, uuid }: ReleaseProps,
  known: Creation
) {
  const { noteUsed, replaced } = yield* Run
  const coolify = yield* CoolifyClient
  // Nothing tells of a service whether it was started: unless that was turned down, it may have been.
  if (yield* coolify.services.has(uuid)) {
    if (known._tag === "Refused") return "nothing"
    yield* setReplaced(replaced, uuid, true)
    yield* noteUsed
    return "undone"
  }
  const rows = yield* cancelActive(uuid)
  const newest = rows[0]
  const isOld = (deployment: Deployment | undefined) => (deployment?.uuid ?? null) === newestBefore
  if (isOld(newest)) yield* setReplaced(replaced, uuid, false)
  const deployment = known._tag === "Created" ? rows.find((row) => row.uuid === known.id) : newest
  if (deployment !== undefined && !isOld(deployment)) {
    yield* judge(replaced, uuid, deployment)
    if (deployment.status === "finished") yield* noteUsed
  }
  return rows.some(isActive) ? ("undone" as const) : ("nothing" as const)
})

/** The request itself was turned down, so that there is no deployment. */
const wasRefused = (error: CoolifyError | DeploymentFailedError): boolean =>
  error._tag === "CoolifyError"
    ? error.method === "deploy" && !error.outcomeUnknown
    : error.reason === "QueueFull"
