import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Emitted, type Outcome, Progress, type RunFinished } from "../engine/DeploymentEvent.ts"
import { ExitCode, ofInterrupted, ofReport, type Signal } from "./ExitCode.ts"

/** What a signal handler, which stands outside of all Effects, must know of the run. */
export interface Seen {
  /** There may be something to put back. */
  mayChange: boolean
  report: typeof RunFinished.Type | undefined
  /** The run's id, once there is one. */
  run: string | undefined
  /** What was changed, or was being changed when it was last heard of, and is not put back; by its change. */
  readonly changing: Map<string, string>
  /** What is deleted for good. */
  readonly deleted: Set<string>
  /** `stop`: the command serves until it is told to stop, which is no interruption. `end`: it just ends. */
  onSignal: "roll back" | "stop" | "end"
  /** Of a command with several runs: each of them, by what it is called. */
  readonly members: Map<string, Seen>
  /** Of all runs of the process. */
  readonly process: {
    /** What it was told to end by. */
    signal: Signal | undefined
    /** It was said that a run cannot be kept. */
    unrecorded: boolean
    /** The ids of those that are kept. */
    readonly recorded: Array<string>
    /** What is older than is kept has been removed. */
    swept: boolean
    /** Hears of everything, where the environment asks for traces. */
    telemetry?: (emitted: Emitted) => void
  }
}

/** @param whole the command's, of which it is a member. */
export const makeSeen = (whole?: Seen): Seen => ({
  mayChange: false,
  report: undefined,
  run: undefined,
  changing: new Map(),
  deleted: new Set(),
  onSignal: "roll back",
  members: new Map(),
  process: whole?.process ?? { signal: undefined, unrecorded: false, recorded: [], swept: false }
})

/** What was seen of all runs of a command. */
export const ofAll = (seen: Seen): Seen => {
  if (seen.members.size === 0) return seen
  const all = [...seen.members].map(([label, one]) => ({ label, ...one }))
  const named = (label: string, what: string) => `${label}: ${what}`
  const reports = all.flatMap(({ report }) => (report === undefined ? [] : [report]))
  return {
    ...seen,
    mayChange: all.some(({ mayChange }) => mayChange),
    report: reports.length === 0 ? undefined : together(reports),
    changing: new Map(
      all.flatMap(({ changing, label }) =>
        [...changing].map(([key, what]) => [named(label, key), named(label, what)] as const)
      )
    ),
    deleted: new Set(all.flatMap(({ deleted, label }) => [...deleted].map((what) => named(label, what))))
  }
}

/** Of what was interrupted: by a signal, or as another run of the command has failed. */
export const codeOfInterrupted = (seen: Seen): ExitCode => {
  if (seen.onSignal === "stop") return ExitCode.done
  const { changing, deleted, report } = ofAll(seen)
  if (report === undefined && changing.size + deleted.size > 0) return ExitCode.leftovers
  const { signal } = seen.process
  if (signal !== undefined) return ofInterrupted(signal, report)
  return report === undefined ? ExitCode.undone : ofReport(report)
}

/** The worst first: what became of several runs is what became of the worst. */
const outcomes = [
  "leftovers",
  "kept",
  "rolled-back",
  "nothing-changed",
  "declined",
  "pending",
  "complete",
  "planned",
  "unchanged"
] as const satisfies ReadonlyArray<Outcome>

const together = (reports: ReadonlyArray<typeof RunFinished.Type>): typeof RunFinished.Type => {
  const of = <A>(pick: (report: typeof RunFinished.Type) => ReadonlyArray<A> | undefined) =>
    reports.flatMap((report) => pick(report) ?? [])
  return {
    _tag: "RunFinished",
    outcome: outcomes.find((one) => reports.some(({ outcome }) => outcome === one)) ?? "unchanged",
    url: null,
    undone: of(({ undone }) => undone),
    removed: of(({ removed }) => removed),
    restored: of(({ restored }) => restored),
    deleted: of(({ deleted }) => deleted),
    answers: of(({ answers }) => answers),
    leftovers: of(({ leftovers }) => leftovers),
    interrupted: reports.some(({ interrupted }) => interrupted),
    millis: Math.max(...reports.map(({ millis }) => millis))
  }
}

export class Watch extends Context.Tag("fabrik/cli/Watch")<Watch, Seen>() {}

/** A change is known by its id; one that has no way back by the address of what it deletes. */
const keyOf = ({ address, id }: { readonly address?: string; readonly id?: number }): string =>
  id === undefined ? (address ?? "") : `#${id}`

const see = (seen: Seen, { event, run, state }: Emitted): void => {
  seen.run = run
  seen.mayChange =
    state === "PROVISIONING" ||
    state === "DEPLOYING" ||
    state === "ROLLING_BACK" ||
    (state === "VERIFYING" && seen.changing.size > 0)
  switch (event._tag) {
    case "ChangeStarted":
      seen.changing.set(keyOf(event), event.what)
      break
    case "ResourceChanged":
      if (event.action === "deleted" && seen.changing.delete(keyOf(event))) {
        seen.deleted.add(`${event.kind} ${event.name}`)
      }
      break
    case "UndoFinished":
      seen.changing.delete(keyOf(event))
      break
    case "RunFinished":
      seen.report = event
      break
    default:
  }
}

/** Notes what passes to the screen behind it. */
export const layer: Layer.Layer<never, never, Watch> = Layer.effect(
  Progress,
  Effect.gen(function* () {
    const seen = yield* Watch
    const { emit } = yield* Progress
    return {
      emit: (emitted: Emitted) =>
        Effect.zipRight(
          Effect.sync(() => {
            see(seen, emitted)
            seen.process.telemetry?.(emitted)
          }),
          emit(emitted)
        )
    }
  })
)
