import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"
import {
  Progress,
  tailLength,
  type Answer,
  type DeploymentEvent,
  type Leftover,
  type Outcome,
  type RunFinished,
  type Step,
  type WayBack
} from "./DeploymentEvent.ts"
import { CurrentWork } from "../http/RequestListener.ts"
import { noJournal, openRunJournal, type RunJournal } from "./RunJournal.ts"
import type { Recorded } from "./JournalSchema.ts"
import type { Undoing } from "./Rollback.ts"
import { makeStopwatch, type Stopwatch } from "./Stopwatch.ts"
import { transition, type DeploymentState, type IllegalTransition } from "./DeploymentState.ts"

/** What became of a run's changes, as far as it has got. */
export interface Ledger {
  /** How many changes have an undo: with none, a failure has nothing to put back. */
  readonly changes: number
  /** How many undos failed that may be tried again. */
  readonly pending: number
  /** What was made, as far as that is known: of interest where it is not undone. */
  readonly standing: ReadonlyArray<{ readonly what: string; readonly made: boolean }>
  /** How many requests that can change something were sent, and not refused. */
  readonly touched: number
  readonly undone: ReadonlyArray<{ readonly what: string; readonly how: WayBack }>
  /** What a run without a way back is still to delete, in this order. */
  readonly doomed: ReadonlyArray<string>
  /** The one of them that was asked for and has not been seen to go. */
  readonly current: string | undefined
  /** What is gone for good. */
  readonly deleted: ReadonlyArray<string>
  readonly leftovers: ReadonlyArray<Leftover>
}

/** How the logs of the newest deployment end, as far as they were seen. */
interface Logs {
  readonly deployment: ReadonlyArray<string>
  /** `null`: nobody watches one. */
  readonly container: ReadonlyArray<string> | null
}

export const noLogs: Logs = { deployment: [], container: null }

/** Whether another run has changed the same since, so that nothing of it is this run's to undo any more. */
export type Overtaken =
  | { readonly _tag: "No" }
  | { readonly _tag: "Yes" }
  /** It could not be looked at. */
  | { readonly _tag: "Unseen"; readonly why: string }

/** A change of which a request may still take effect, and what undoes it then. */
export interface LateChange {
  readonly change: Recorded
  readonly undoing: Undoing
  /** It was seen and undone at least once. */
  readonly undone: boolean
}

/** One run of a command: its id, state, current step and ledger; every event passes through it. */
export class Run extends Context.Tag("fabrik/engine/Run")<
  Run,
  {
    /** 12 hex digits. It marks what the run creates and is the release id of what it deploys. */
    readonly id: string
    /** Milliseconds since the epoch. */
    readonly startedAt: number
    readonly emit: (event: DeploymentEvent) => Effect.Effect<void>
    readonly state: Effect.Effect<DeploymentState>
    readonly go: (to: DeploymentState) => Effect.Effect<void, IllegalTransition>
    readonly step: Ref.Ref<Step>
    readonly ledger: Ref.Ref<Ledger>
    /** Milliseconds that went by while the operator was asked. */
    readonly asked: Ref.Ref<number>
    /** The time in Coolify's queue, which is not the run's. */
    readonly queued: Stopwatch
    /** Applications whose running version may have been replaced or stopped. */
    readonly replaced: Ref.Ref<ReadonlySet<string>>
    readonly journal: RunJournal
    /** Looks for another run's work, says what it finds and notes it in `overtaken`. Nobody looks until it is set. */
    readonly lookForOthers: Ref.Ref<Effect.Effect<void>>
    /** As it was looked at before anything was undone. */
    readonly overtaken: Ref.Ref<Overtaken>
    /** Until when a request without an answer may still take effect, in milliseconds since the epoch. */
    readonly lateUntil: Ref.Ref<number>
    /** A deployment has finished, so that what it may have written to is not deleted by an undo. */
    readonly used: Ref.Ref<boolean>
    /** Notes that one has, durably before the next request. */
    readonly noteUsed: Effect.Effect<void>
    /** What is still looked for at the end of a rollback, the newest first. */
    readonly late: Ref.Ref<ReadonlyArray<LateChange>>
    /** Who answers once a failure is undone. Nobody looks until it is set. */
    readonly whoAnswers: Ref.Ref<Effect.Effect<ReadonlyArray<Answer>>>
    /** Whether a failure is left standing, and what then tells where Coolify shows it. */
    readonly keeps: Ref.Ref<Option.Option<Effect.Effect<ReadonlyArray<string>>>>
    /** That it failed, and nothing of it is undone. */
    readonly kept: Ref.Ref<boolean>
    /** Of `deployment` it keeps the end itself. */
    readonly logs: Ref.Ref<Logs>
  }
>() {}

const hexDigit = Effect.map(Random.nextIntBetween(0, 16), (n) => n.toString(16))

/** What a run that has rested is known by. */
export interface RunBefore {
  readonly id: string
  readonly startedAt: number
  /** Since then it has waited, which is not its time. Milliseconds since the epoch. */
  readonly restedAt: number
  /** Where it goes on. */
  readonly state: DeploymentState
}

/** A run that changes nothing. */
export const makeReadingRun = Effect.suspend(() => makeRunWith(() => Effect.succeed(noJournal)))

/** Goes on with one that changes nothing any more. */
export const resumeReadingRun = (before: RunBefore) => makeRunWith(() => Effect.succeed(noJournal), before)

/**
 * @param journal the name of the run's journal.
 * @param before the run that it is, where that has rested.
 */
export const makeRun = (journal: string, before?: RunBefore) =>
  makeRunWith((warn) => openRunJournal(journal, warn), before)

const makeRunWith = Effect.fnUntraced(function* <E, R>(
  open: (warn: (message: string) => Effect.Effect<void>) => Effect.Effect<RunJournal, E, R>,
  before?: RunBefore
) {
  const { emit } = yield* Progress
  const now = yield* Clock.currentTimeMillis
  const id = before?.id ?? (yield* Effect.replicateEffect(hexDigit, 12)).join("")
  const startedAt = before?.startedAt ?? now
  const state = yield* Ref.make<DeploymentState>(before?.state ?? "PENDING")
  const step = yield* Ref.make<Step>("validate")
  const ledger = yield* Ref.make<Ledger>({
    changes: 0,
    pending: 0,
    standing: [],
    touched: 0,
    undone: [],
    doomed: [],
    current: undefined,
    deleted: [],
    leftovers: []
  })
  const asked = yield* Ref.make(before === undefined ? 0 : now - before.restedAt)
  const queued = yield* makeStopwatch
  const replaced = yield* Ref.make<ReadonlySet<string>>(new Set())
  const lookForOthers = yield* Ref.make<Effect.Effect<void>>(Effect.void)
  const whoAnswers = yield* Ref.make<Effect.Effect<ReadonlyArray<Answer>>>(Effect.succeed([]))
  const keeps = yield* Ref.make(Option.none<Effect.Effect<ReadonlyArray<string>>>())
  const kept = yield* Ref.make(false)
  const lateUntil = yield* Ref.make(0)
  const late = yield* Ref.make<ReadonlyArray<LateChange>>([])
  const overtaken = yield* Ref.make<Overtaken>({ _tag: "No" })
  const logs = yield* Ref.make(noLogs)
  const emitHere = (event: DeploymentEvent) =>
    Effect.gen(function* () {
      const at = yield* Clock.currentTimeMillis
      if (event._tag === "DeploymentLog") yield* Ref.update(logs, (seen) => withLog(seen, event.text))
      yield* emit({ at, run: id, state: yield* Ref.get(state), event })
    })
  const journal = yield* open((message) => emitHere({ _tag: "Warning", message }))
  const used = yield* Ref.make(journal.before?.used ?? false)
  return Run.of({
    id,
    startedAt,
    emit: emitHere,
    state: Ref.get(state),
    go: (to) =>
      Effect.gen(function* () {
        const from = yield* Ref.get(state)
        yield* Ref.set(state, yield* transition(from, to))
        yield* emitHere({ _tag: "StateChanged", from, to })
      }),
    step,
    ledger,
    asked,
    queued,
    replaced,
    lookForOthers,
    overtaken,
    lateUntil,
    late,
    whoAnswers,
    keeps,
    kept,
    logs,
    used,
    noteUsed: Effect.flatMap(Ref.getAndSet(used, true), (known) => (known ? Effect.void : journal.used)),
    journal
  })
})

const withLog = ({ container, deployment }: Logs, text: string): Logs => ({
  container,
  deployment: [...deployment, ...text.split("\n").filter((line) => line !== "")].slice(-tailLength)
})

/**
 * Runs one step: its events stand between StepStarted and StepFinished, and a failure is known to be its own.
 * @param next those that follow, where that is known.
 */
export const inStep = <A, E, R>(
  step: Step,
  effect: Effect.Effect<A, E, R>,
  next?: ReadonlyArray<Step>
): Effect.Effect<A, E, R | Run> =>
  Effect.gen(function* () {
    const run = yield* Run
    yield* Ref.set(run.step, step)
    yield* run.emit({ _tag: "StepStarted", step, ...(next === undefined ? {} : { next }) })
    const started = yield* Clock.currentTimeMillis
    const result = yield* Effect.provideService(effect, CurrentWork, { work: { run: run.id, step } })
    yield* run.emit({ _tag: "StepFinished", step, millis: (yield* Clock.currentTimeMillis) - started })
    return result
  })

/** Asks the operator. A run does not take as long as they do. */
export const asking = <A, E, R>(question: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Run> =>
  Effect.gen(function* () {
    const run = yield* Run
    const [took, answer] = yield* Effect.timed(question)
    yield* Ref.update(run.asked, (before) => before + Duration.toMillis(took))
    return answer
  })

/** Ends a run: its last event, which is also its result. `url`: where the application answers, if it does. */
export const reportEnd = Effect.fn("reportEnd")(function* (
  outcome: Outcome,
  url: string | null,
  options: {
    readonly interrupted?: boolean
    readonly verified?: boolean
    readonly answers?: ReadonlyArray<Answer>
    readonly kept?: (typeof RunFinished.Type)["kept"]
  } = {}
) {
  const run = yield* Run
  const { undone, deleted, leftovers } = yield* Ref.get(run.ledger)
  const those = (how: WayBack) => undone.filter((one) => one.how === how).map(({ what }) => what)
  const [removed, restored] = [those("removed"), those("restored")]
  const report: typeof RunFinished.Type = {
    _tag: "RunFinished",
    outcome,
    url,
    undone: undone.map(({ what }) => what),
    ...(removed.length > 0 ? { removed } : {}),
    ...(restored.length > 0 ? { restored } : {}),
    ...(deleted.length > 0 ? { deleted } : {}),
    ...(options.verified === false ? { verified: false } : {}),
    leftovers,
    ...(options.kept === undefined ? {} : { kept: options.kept }),
    ...(options.answers === undefined || options.answers.length === 0 ? {} : { answers: options.answers }),
    interrupted: options.interrupted ?? false,
    millis: (yield* Clock.currentTimeMillis) - run.startedAt - (yield* Ref.get(run.asked))
  }
  yield* run.emit(report)
  return report
})
