/** Settles what a run has left open that came to no end of its own. */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Unsettled } from "./JournalEntry.ts"
import { withJournaledClients } from "./JournaledClients.ts"
import { undoAll } from "./Recorded.ts"
import { makeRun, reportEnd, Run } from "./Run.ts"

/**
 * Whether there is no way forward: a rollback was decided, or an application was being replaced by another, of which
 * the marks alone do not tell which one is to stay.
 */
export const mustRollBack = ({ changes, decision }: Unsettled): boolean =>
  decision === "rolling back" ||
  (decision === "none" && changes.some(({ undo }) => undo._tag === "CreatedApplication" && undo.beside))

export interface RollBackOptions {
  readonly mode: "live" | "sandbox"
  readonly name: string
  readonly domain: string
}

/**
 * Undoes what is open in a journal, whatever process wrote it. Emits its events, the last of them `RunFinished`. A
 * second signal is needed to stop it.
 */
export const rollBackOpen = Effect.fn("rollBackOpen")(function* (journal: string, options: RollBackOptions) {
  const run = yield* makeRun(journal)
  const { before } = run.journal
  const { name, domain, mode } = options
  yield* run.emit({ _tag: "RunStarted", command: "recover", name, domain, mode })
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
    return yield* reportEnd(leftovers.length > 0 ? "leftovers" : "rolled-back", null)
  })
  return yield* withJournaledClients(Effect.uninterruptible(end)).pipe(Effect.provideService(Run, run))
}, Effect.scoped)
