import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Progress, type Emitted, type RunFinished } from "../orchestrator/DeploymentEvent.ts"

/** What a signal handler, which stands outside of all Effects, must know of the run. */
export interface Seen {
  /** There may be something to put back. */
  changing: boolean
  report: typeof RunFinished.Type | undefined
  /** The run's id, once there is one. */
  run: string | undefined
  /** What was changed and not put back, as far as events have told. */
  readonly changed: Set<string>
  /** `stop`: the command serves until it is told to stop, which is no interruption. `end`: it just ends. */
  onSignal: "roll back" | "stop" | "end"
}

export const makeSeen = (): Seen => ({
  changing: false,
  report: undefined,
  run: undefined,
  changed: new Set(),
  onSignal: "roll back"
})

export class Watch extends Context.Tag("fabrik/cli/Watch")<Watch, Seen>() {}

const see = (seen: Seen, { event, run, state }: Emitted): void => {
  seen.run = run
  seen.changing =
    state === "PROVISIONING" ||
    state === "DEPLOYING" ||
    state === "ROLLING_BACK" ||
    (state === "VERIFYING" && seen.changed.size > 0)
  switch (event._tag) {
    case "ResourceChanged":
      seen.changed.add(`${event.kind} ${event.name}`)
      break
    case "UndoFinished":
      seen.changed.delete(event.what)
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
          Effect.sync(() => see(seen, emitted)),
          emit(emitted)
        )
    }
  })
)
