/** Settles what a run has left open that came to no end of its own. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Spec } from "../appspec/Spec.ts"
import { whoAnswersNow } from "./Answers.ts"
import { HttpSettings } from "../http/HttpSettings.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { RefusedError } from "../engine/DeployError.ts"
import type { Unsettled } from "../engine/JournalEntry.ts"
import { withJournaledClients } from "./JournaledClients.ts"
import { toldDomains } from "./Desired.ts"
import { closeIfOvertaken } from "./Overtaken.ts"
import { awaitLate } from "../engine/Late.ts"
import { undoAll } from "./Recorded.ts"
import { makeRun, reportEnd, Run } from "../engine/Run.ts"
import { peek } from "../engine/RunJournal.ts"
import type { Place } from "./Standing.ts"

/**
 * Whether there is no way forward: a rollback was decided, or an application was being replaced by another, of which
 * the marks alone do not tell which one is to stay.
 */
export const mustRollBack = ({ begun, changes, decision }: Unsettled): boolean =>
  decision === "rolling back" ||
  // What it was to write stands in a file of the user's, who may adopt again.
  begun.command === "adopt" ||
  (decision === "none" && changes.some(({ beside }) => beside === true))

/** Whether a recovery goes back. What is committed has no way back: it may have deleted what it replaced. */
export const goesBack = (left: Unsettled, asked: boolean): boolean =>
  mustRollBack(left) || (asked && left.decision !== "committed")

export interface RollBackOptions extends Place {
  readonly mode: "live" | "sandbox"
  readonly domains: ReadonlyArray<string>
  /** Who answers once all is put back is looked at with it. */
  readonly spec?: Spec
}

/**
 * Undoes what is open in a journal, whatever process wrote it. Emits its events, the last of them `RunFinished`. A
 * second signal is needed to stop it.
 */
export const rollBackOpen = Effect.fn("rollBackOpen")(function* (journal: string, options: RollBackOptions) {
  const left = yield* peek(journal)
  if (left !== undefined) yield* awaitLate(left)
  const looked =
    left === undefined ? undefined : yield* Effect.either(closeIfOvertaken(journal, options, left))
  const run = yield* makeRun(journal)
  if (looked?._tag === "Left") {
    const why = looked.left.message
    if (looked.left._tag === "CoolifyError") yield* Ref.set(run.overtaken, { _tag: "Unseen", why })
    else return yield* looked.left
  }
  const { before } = run.journal
  const { name, mode } = options
  yield* run.emit({ _tag: "RunStarted", command: "recover", name, ...toldDomains(options), mode })
  const end = Effect.gen(function* () {
    if (before === undefined || before.decision === "committed" || before.decision === "closed") {
      yield* run.journal.close
      return yield* reportEnd("unchanged", null)
    }
    yield* run.journal.rollingBack
    yield* Effect.orDie(run.go("VALIDATING"))
    yield* Effect.orDie(run.go("ROLLING_BACK"))
    yield* undoAll(before)
    const { leftovers, pending } = yield* Ref.get(run.ledger)
    if (pending === 0) yield* run.journal.close
    yield* Effect.orDie(run.go(leftovers.length > 0 ? "FAILED" : "ROLLED_BACK"))
    const isChanged = before.changes.length > 0 && options.spec !== undefined
    const answers = isChanged ? yield* whoAnswersNow(options.spec, before.begun.run) : []
    return yield* reportEnd(leftovers.length > 0 ? "leftovers" : "rolled-back", null, { answers })
  })
  const settings = yield* HttpSettings
  return yield* withJournaledClients(Effect.uninterruptible(end)).pipe(
    Effect.provideService(Run, run),
    // The world is half changed from the beginning: no look at it may be given up early.
    Effect.provideService(HttpSettings, { ...settings, awaits: "always" })
  )
}, Effect.scoped)

/**
 * What was begun at one Coolify is neither gone on with nor undone at another one, which the server that it was for
 * tells: its uuid is of one Coolify and one team alone, however the address is spelt.
 */
export const refuseOtherInstance = Effect.fn("refuseOtherInstance")(function* ({ begun }: Unsettled) {
  if (begun.server === undefined) return
  const coolify = yield* CoolifyClient
  const servers = yield* coolify.servers.list
  if (servers.some(({ uuid }) => uuid === begun.server)) return
  return yield* new RefusedError({
    reason: "Unsettled",
    detail: `run ${begun.run} of ${begun.file} did not come to its end, at another Coolify or in another team: this one has no server ${begun.server}`,
    next: "run `fabrik recover` with the COOLIFY_ENDPOINT and COOLIFY_TOKEN that it began with; if that Coolify is gone, remove its file in .fabrik/journal"
  })
})
