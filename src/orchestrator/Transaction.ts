import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { Outcome, RunFinished } from "../engine/DeploymentEvent.ts"
import { lookForLate } from "../engine/Late.ts"
import { reportEnd, Run } from "../engine/Run.ts"
import { RunError, type StepError } from "./RunError.ts"

type Report = typeof RunFinished.Type

/**
 * Runs steps in a scope of their own: it is kept when they succeed, and its finalizers undo when they fail or are
 * interrupted. Answers with the run's last event, or fails with a RunError that carries it; an interruption stays one.
 * `url`: where the result answers.
 */
export const transaction = <R>(
  steps: Effect.Effect<Outcome, StepError, R>,
  url: string | null,
  options: { readonly verified?: boolean } = {}
) =>
  Effect.gen(function* () {
    const run = yield* Run
    const report = yield* Ref.make<Report | undefined>(undefined)
    const settled = Effect.flatMap(Ref.get(report), (end) =>
      end === undefined ? Effect.dieMessage("a run ended without a report") : Effect.succeed(end)
    )
    // Announced before the scope closes. Once the steps have ended, a success cannot become an interruption any more.
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.onExit(Effect.scoped(Effect.onExit(restore(steps), announceEnd)), (exit) =>
        Effect.flatMap(settle(exit, url, options), (end) => Ref.set(report, end))
      )
    ).pipe(
      Effect.matchEffect({
        onSuccess: () => settled,
        onFailure: (error) =>
          Effect.gen(function* () {
            return yield* new RunError({ step: yield* Ref.get(run.step), error, report: yield* settled })
          })
      })
    )
  })

/** Whether it is of the deployment that the logs tell. */
const isOfDeployment = ({ _tag }: StepError): boolean => _tag !== "RefusedError" && _tag !== "JournalError"

/** An undo takes the container away, and with it what it has said. */
const tellLogs = <E extends StepError>(cause: Cause.Cause<E>) =>
  Effect.gen(function* () {
    const run = yield* Run
    const { container, deployment } = yield* Ref.get(run.logs)
    if (!Option.exists(Cause.failureOption(cause), isOfDeployment)) return
    if (deployment.length === 0 && container === null) return
    yield* run.emit({ _tag: "LogTails", step: yield* Ref.get(run.step), deployment, container })
  })

/** What has not failed itself is undone, as is what could not be written down. */
const isToBeKept = <E extends StepError>(cause: Cause.Cause<E>) =>
  Effect.gen(function* () {
    const { keeps } = yield* Run
    if (Option.isNone(yield* Ref.get(keeps))) return false
    return Option.exists(Cause.failureOption(cause), (error: StepError) =>
      error._tag === "RefusedError" ? error.reason !== "Withdrawn" : error._tag !== "JournalError"
    )
  })

/** What stands, and where it is to be seen. */
const keptOf = Effect.gen(function* () {
  const run = yield* Run
  if (!(yield* Ref.get(run.kept))) return undefined
  const { standing } = yield* Ref.get(run.ledger)
  const made = new Set(standing.flatMap((one) => (one.made ? [one.what] : [])))
  const perhaps = new Set(standing.flatMap(({ what }) => (made.has(what) ? [] : [what])))
  const pages = yield* Effect.flatMap(
    Ref.get(run.keeps),
    Option.getOrElse(() => Effect.succeed<ReadonlyArray<string>>([]))
  )
  return { made: [...made], perhaps: [...perhaps], pages }
})

/** The decision, before anything follows from it. A failure with changes behind it rolls back; one without has nothing to undo. */
const announceEnd = <E extends StepError>(exit: Exit.Exit<Outcome, E>) =>
  Effect.gen(function* () {
    const run = yield* Run
    const { changes } = yield* Ref.get(run.ledger)
    if (Exit.isFailure(exit)) yield* tellLogs(exit.cause)
    if (Exit.isSuccess(exit)) {
      // What follows - the old version's end - has no undo.
      if (exit.value !== "declined") yield* run.journal.committed
    } else if (changes > 0 && (yield* isToBeKept(exit.cause))) {
      // The journal stays as it is, as that of a run that was killed.
      yield* Ref.set(run.kept, true)
      yield* Effect.orDie(run.go("FAILED"))
    } else if (changes > 0) {
      yield* run.journal.rollingBack
      yield* Effect.orDie(run.go("ROLLING_BACK"))
      yield* Effect.flatten(Ref.get(run.lookForOthers))
    } else {
      yield* Effect.orDie(run.go("FAILED"))
    }
  })

/** Closes the state machine once the finalizers are through, and reports. */
const settle = <E>(
  exit: Exit.Exit<Outcome, E>,
  url: string | null,
  options: { readonly verified?: boolean }
) =>
  Effect.gen(function* () {
    const run = yield* Run
    if (!Exit.isSuccess(exit)) yield* lookForLate
    const kept = yield* keptOf
    const { leftovers, pending, touched, undone } = yield* Ref.get(run.ledger)
    if (Exit.isSuccess(exit)) {
      if (exit.value !== "declined") {
        yield* run.journal.close
        yield* Effect.orDie(run.go("COMPLETE"))
      }
    } else if ((yield* run.state) === "ROLLING_BACK") {
      if (pending === 0) yield* run.journal.close
      yield* Effect.orDie(run.go(leftovers.length > 0 ? "FAILED" : "ROLLED_BACK"))
    }
    const outcome = Exit.isSuccess(exit)
      ? exit.value
      : kept !== undefined
        ? "kept"
        : leftovers.length > 0
          ? "leftovers"
          : (yield* run.state) === "ROLLED_BACK" && touched + undone.length > 0
            ? "rolled-back"
            : "nothing-changed"
    // What was not touched answers as before.
    const isUntouched = Exit.isSuccess(exit) || touched === 0 || kept !== undefined
    const seen = isUntouched ? [] : yield* Effect.flatten(Ref.get(run.whoAnswers))
    const answers = Exit.isSuccess(exit) && exit.value !== "declined" && exit.value !== "planned"
    return yield* reportEnd(outcome, answers ? url : null, {
      interrupted: Exit.isInterrupted(exit),
      answers: seen,
      ...(kept === undefined ? {} : { kept }),
      ...(answers ? options : {})
    })
  })
