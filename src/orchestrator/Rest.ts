/** How `apply` of many specs makes a run that rests between its plan and its turn: one run for all who hear of it. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { type DeploymentEvent, type Emitted, Progress, type RunFinished } from "../engine/DeploymentEvent.ts"
import type { apply, ApplyOptions } from "./Apply.ts"
import { type Gate, Resting, type Woken } from "./Batch.ts"
import { endAtRest, isAsShown, type Look } from "./Look.ts"

type Report = typeof RunFinished.Type
type ApplyError = Effect.Effect.Error<ReturnType<typeof apply>>

/** What is kept of it. */
export interface Kept {
  readonly look: Look
  /** What it has told. */
  readonly events: ReadonlyArray<Emitted>
}

export type Looking = Pick<ApplyOptions, "look" | "restsWith">

/** Keeps what a run tells, and how it ends. */
export interface Recording<R0> {
  <E extends ApplyError, R>(
    run: Effect.Effect<Report, E, R>,
    /** Whether anything is to be kept, once that is known; what it has told before. */
    of: { readonly isKept?: Deferred.Deferred<boolean>; readonly before?: ReadonlyArray<Emitted> }
  ): Effect.Effect<Report, E, R | R0>
}

interface RestOptions<R0> {
  readonly gate: Gate
  readonly woken: Woken<Kept> | undefined
  /** Somebody is asked about the plans. */
  readonly reviewed: boolean
  readonly recording: Recording<R0>
}

/** Makes a run that may rest, or goes on with one that has. */
export const resting = Effect.fn("resting")(function* <E extends ApplyError, R, R0>(
  run: (looking: Looking) => Effect.Effect<Report, E, R>,
  { gate: { rests }, recording, reviewed, woken }: RestOptions<R0>
) {
  if (woken !== undefined) return yield* goOn(run, woken, recording)
  if (rests === undefined) return yield* recording(run({}), {})
  const isKept = yield* Deferred.make<boolean>()
  const { emit } = yield* Progress
  const events: Array<Emitted> = []
  let look: Look | undefined
  const restsWith = (seen: Look) =>
    Effect.tap(rests(seen.plan), (does) => {
      if (does) look = { ...seen, reviewed }
      return Deferred.succeed(isKept, !does)
    })
  const report = yield* recording(run({ restsWith }), { isKept }).pipe(
    Effect.provideService(Progress, {
      emit: (emitted) =>
        Effect.suspend(() => {
          // That it rests is not told.
          if (look !== undefined) return Effect.void
          events.push(emitted)
          return emit(emitted)
        })
    })
  )
  return look === undefined ? report : new Resting<Kept>({ look, events })
})

const goOn = Effect.fnUntraced(function* <E extends ApplyError, R, R0>(
  run: (looking: Looking) => Effect.Effect<Report, E, R>,
  { how, kept: { events, look } }: Woken<Kept>,
  recording: Recording<R0>
) {
  if (how !== "goes on") return yield* recording(endAtRest(look, how), { before: events })
  if (look.idle !== undefined) return yield* recording(run({ look }), { before: events })
  const { emit } = yield* Progress
  return yield* Effect.provideService(recording(run({ look }), {}), Progress, {
    emit: toldOnce({ events, look }, emit)
  })
})

/** The second look tells what the first one has not told, and a plan where it is another one. */
const toldOnce = ({ events, look }: Kept, emit: (emitted: Emitted) => Effect.Effect<void>): typeof emit => {
  const told = new Set(events.flatMap(({ event }) => factOf(event) ?? []))
  let isThrough = false
  return (emitted) => {
    const { event } = emitted
    if (isThrough) return emit(emitted)
    isThrough = event._tag === "Planned"
    const isTold = event._tag === "Planned" ? isAsShown(event.plan, look.plan) : told.has(factOf(event) ?? "")
    return isTold ? Effect.void : emit(emitted)
  }
}

/** What is the same fact however often it is told. */
const factOf = (event: DeploymentEvent): string | undefined => {
  switch (event._tag) {
    case "RunStarted":
    case "StateChanged":
    case "StepStarted":
    case "SecretResolved":
    case "Warning":
      return JSON.stringify(event)
    case "StepFinished":
      return `${event._tag} ${event.step}`
    default:
      return undefined
  }
}
