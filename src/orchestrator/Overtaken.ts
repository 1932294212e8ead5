/**
 * No undo touches what another run has changed since. Runs on one machine take turns; those on several do not know of
 * each other, but each leaves its id in the application's release. So who stands there is looked at once before anything
 * is undone: if it is neither this run nor one that it found there, what this run has changed is another's by now.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { DeploymentFailedError, RefusedError } from "../engine/DeployError.ts"
import type { Desired } from "./Desired.ts"
import { diffApplication } from "../kinds/DiffApplication.ts"
import { diffVariables } from "../kinds/DiffVariables.ts"
import { absentIfNotFound } from "../kinds/Find.ts"
import type { RecordedChange, Unsettled } from "../engine/JournalEntry.ts"
import { withJournaledClients } from "./JournaledClients.ts"
import { Pace } from "../engine/Pace.ts"
import { record } from "../kinds/Record.ts"
import { describe, leaveOver, undisturbed, undoRetries } from "../engine/Rollback.ts"
import { makeRun, Run } from "../engine/Run.ts"
import { undoChange } from "./Recorded.ts"
import { readStandings, standingOf, type Place, type Standing } from "./Standing.ts"

/**
 * Says whose work this run may find at the application: its own, and what it has found there.
 * @param uuid the only application that counts; otherwise all that carry the mark.
 */
export const claim = Effect.fn("claim")(function* (
  place: Place,
  stood: ReadonlyArray<Standing>,
  uuid?: string
) {
  const run = yield* Run
  const { before } = run.journal
  // What an older fabrik has begun is undone as it would have undone it.
  if (before !== undefined && before.stood === undefined) return
  const runs = new Set([
    run.id,
    ...stood.map((standing) => standing.run),
    ...(before?.runs ?? []),
    ...(before?.stood ?? [])
  ])
  const context = yield* Effect.context<CoolifyClient>()
  const look = Effect.provide(lookForOthers({ place, runs, uuid }), context)
  yield* Ref.set(run.lookForOthers, Effect.provideService(look, Run, run))
})

/** Whose work may stand at an application for this run's own to be the last there. */
interface Claim {
  readonly place: Place
  /** This run and those that it goes on from, and those that had changed it last before them. */
  readonly runs: ReadonlySet<string>
  readonly uuid: string | undefined
}

/** Looks whether another run has changed the application meanwhile, and says so. Never fails. */
const lookForOthers = Effect.fn("lookForOthers")(function* ({ place, runs, uuid }: Claim) {
  const run = yield* Run
  if ((yield* Ref.get(run.overtaken))._tag !== "No") return
  const { undoBudget: duration } = yield* Pace
  yield* readStandings(place).pipe(
    Effect.retry(undoRetries),
    Effect.timeoutFail({ duration, onTimeout: () => ({ message: "it took too long" }) }),
    undisturbed,
    Effect.matchCauseEffect({
      onFailure: (cause) => Ref.set(run.overtaken, { _tag: "Unseen", why: describe(cause) }),
      onSuccess: (standings) =>
        Effect.gen(function* () {
          const standing = standings.find((one) => !runs.has(one.run) && (uuid ?? one.uuid) === one.uuid)
          if (standing === undefined) return
          yield* leaveTo(place.name, `run ${standing.run} ${doing(standing)} it meanwhile`)
        })
    })
  )
})

/** From here on nothing of the application is undone. */
const leaveTo = (name: string, why: string) =>
  Effect.gen(function* () {
    const run = yield* Run
    yield* Ref.set(run.overtaken, { _tag: "Yes" })
    yield* leaveOver({
      what: `application ${name}`,
      why: `${why}, so nothing of it is undone here`,
      next: "apply the specification that is to hold: that finds what was mixed, and puts it right",
      recoverable: false
    })
  })

const doing = ({ pending }: Standing): string => (pending ? "has begun to change" : "has changed")

/** Of what a run has changed, only a record of its own at a name that nobody answers for is in nobody's use. */
const leave = (standings: ReadonlyArray<Standing>) =>
  Effect.fnUntraced(function* (change: RecordedChange) {
    const { journal } = yield* Run
    const { address, after, before, id } = change
    const isUnused =
      address.kind === record.name &&
      before === undefined &&
      Option.exists(
        record.codec.decode(after),
        ({ comments, recordSet }) =>
          comments && standings.every(({ hosts, pending }) => !pending && !hosts.includes(recordSet.name))
      )
    return yield* isUnused ? undoChange(change) : journal.undone(id, "left")
  })

/** Refuses to go on when another run has come between what was observed and the first change. */
export const refuseOvertaken = Effect.fn("refuseOvertaken")(function* (
  place: Place,
  stood: ReadonlyArray<Standing>
) {
  yield* refuseOthers(place.name, stood, yield* readStandings(place))
})

/** Refuses to go on where now somebody else's work stands than stood there before. */
export const refuseOthers = (
  name: string,
  before: ReadonlyArray<Standing>,
  now: ReadonlyArray<Standing>
): Effect.Effect<void, RefusedError> => {
  const facts = (standings: ReadonlyArray<Standing>) =>
    standings.map(({ uuid, run, pending }) => `${uuid} ${run} ${pending}`).toSorted()
  if (Equal.equals(Data.array(facts(now)), Data.array(facts(before)))) return Effect.void
  const other = now.find(({ run }) => !before.some((one) => one.run === run))
  return new RefusedError({
    reason: "Moved",
    detail:
      other === undefined
        ? `${name} was changed by another run since it was looked at`
        : `run ${other.run} ${doing(other)} ${name} since it was looked at`,
    next: "run the command again when that one is through"
  })
}

/**
 * Whether what was verified is what this run has made: its own release, and nothing in it from another's hand. Otherwise
 * it fails, and leaves all of it as it is.
 */
export const checkOwn = Effect.fn("checkOwn")(function* (desired: Desired, uuid: string) {
  const coolify = yield* CoolifyClient
  const { spec } = desired
  const [application, variables] = yield* Effect.all(
    [absentIfNotFound(coolify.applications.get(uuid)), absentIfNotFound(coolify.variables.list(uuid))],
    { concurrency: "unbounded" }
  )
  const overtaken = (detail: string) =>
    new DeploymentFailedError({ reason: "Overtaken", detail, deployment: null, log: [] })
  if (application === undefined || variables === undefined) {
    return yield* overtaken(`${spec.name} was deleted meanwhile`)
  }
  const [standing] = standingOf(application, variables)
  if (standing !== undefined && standing.run !== desired.run) {
    return yield* overtaken(`run ${standing.run} ${doing(standing)} ${spec.name} meanwhile`)
  }
  const changed = [
    ...diffApplication(desired.application, application).changes.map(({ field }) => field),
    ...diffVariables(desired.variables, variables, () => true, desired.held ?? []).changes.map(
      ({ name }) => name
    )
  ]
  if (standing === undefined || changed.length === 0) return
  // To put back a part of what two have mixed would mix it further.
  yield* leaveTo(spec.name, `${changed.join(", ")} changed meanwhile by another's hand`)
  return yield* overtaken(`${changed.join(", ")} of ${spec.name} changed meanwhile by another's hand`)
})

/** Looks whether a journal was overtaken: another run has changed the application since, and nothing of it is undone. */
export const seeOvertaken = Effect.fn("seeOvertaken")(function* (
  place: Place,
  { begun, runs, stood, decision }: Unsettled
) {
  if (stood === undefined || decision === "closed") return undefined
  const known = new Set([...runs, ...stood])
  const standings = yield* readStandings(place)
  const other = standings.find((one) => !known.has(one.run))
  // What is committed may still have to be tidied up.
  const ended =
    decision === "committed" ? undefined : standings.find((one) => runs.includes(one.run) && !one.pending)
  // Only a destroy deletes what stood there before or was committed, and there is nothing else to its journal.
  const stoodOnce = stood.length > 0 || decision === "committed"
  const isGone = standings.length === 0 && stoodOnce && begun.command !== "destroy"
  if (other === undefined && ended === undefined && !isGone) return undefined
  const cut = `since run ${begun.run} was cut short`
  const why =
    other !== undefined
      ? `${cut}, run ${other.run} ${doing(other)} ${place.name}: what that has made of it stays`
      : ended !== undefined
        ? `run ${ended.run} had confirmed its release of ${place.name}`
        : `${cut}, ${place.name} was destroyed`
  return { standings, why }
})

/** Closes a journal that was overtaken, and says so. Answers whether it was. */
export const closeIfOvertaken = Effect.fn("closeIfOvertaken")(function* (
  journal: string,
  place: Place,
  left: Unsettled
) {
  const overtaken = yield* seeOvertaken(place, left)
  if (overtaken === undefined) return false
  const { standings, why } = overtaken
  yield* Effect.scoped(
    Effect.gen(function* () {
      const run = yield* makeRun(journal)
      const changes = (run.journal.before?.changes ?? []).filter(({ undone }) => !undone)
      yield* Effect.forEach(changes, leave(standings), { discard: true }).pipe(
        withJournaledClients,
        Effect.provideService(Run, run)
      )
      yield* run.journal.close
      yield* run.emit({
        _tag: "Warning",
        message: `${why}, nothing is undone, and the journal of ${left.begun.run} is closed`
      })
    })
  )
  return true
})
