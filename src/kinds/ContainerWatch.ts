/** What Docker says of a container right now, by way of its log. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { tailLength } from "../engine/DeploymentEvent.ts"
import { Pace } from "../engine/Pace.ts"
import { Run } from "../engine/Run.ts"

/** `unknown`: it could not be asked. */
export type LiveState = "running" | "stopped" | "unknown"

export interface ContainerWatch {
  /** Asks now. One request. */
  readonly look: Effect.Effect<LiveState>
  /** The newest lines that could be had, for as long as they could: at most 30. */
  readonly lines: Effect.Effect<ReadonlyArray<string>>
  /** How often it was found stopped after it had been found running. */
  readonly falls: Effect.Effect<number>
}

interface Seen {
  readonly state: LiveState
  readonly lines: ReadonlyArray<string>
  readonly falls: number
}

/**
 * Watches the container of an application until the scope ends. Coolify's status lags by up to a minute, but
 * `GET /applications/{uuid}/logs` asks Docker at once, and answers 400 for a container that is stopped or about to be
 * restarted (measured on 4.3.11). A crashing one is up for moments only, more and more seldom: so it is asked at once,
 * again soon, and then less and less often - about ten requests in the first minute, where 200 are allowed.
 */
export const watchContainer = Effect.fn("watchContainer")(function* (applicationUuid: string) {
  const coolify = yield* CoolifyClient
  const { firstWatch } = yield* Pace
  const { logs } = yield* Run
  yield* Ref.update(logs, (before) => ({ ...before, container: [] }))
  const seen = yield* Ref.make<Seen>({ state: "unknown", lines: [], falls: 0 })
  const note = (state: LiveState, lines: ReadonlyArray<string> = []) =>
    Effect.zipRight(
      lines.length === 0 ? Effect.void : Ref.update(logs, (before) => ({ ...before, container: lines })),
      Ref.update(seen, (before) => ({
        // Not having been able to ask is no news.
        state: state === "unknown" ? before.state : state,
        lines: lines.length === 0 ? before.lines : lines,
        falls: before.falls + (before.state === "running" && state === "stopped" ? 1 : 0)
      }))
    ).pipe(Effect.as(state))
  const look = coolify.applications.logs(applicationUuid, tailLength).pipe(
    Effect.matchEffect({
      onSuccess: (text) =>
        note(
          "running",
          text.split("\n").filter((line) => line !== "")
        ),
      // Only a refusal tells of the container; everything else tells of Coolify.
      onFailure: ({ reason }) => note(reason === "Refused" ? "stopped" : "unknown")
    })
  )
  yield* look.pipe(
    Effect.repeat(
      Schedule.exponential(firstWatch, 1.5).pipe(
        Schedule.union(Schedule.spaced(Duration.times(firstWatch, 15))),
        Schedule.intersect(Schedule.recurs(1000))
      )
    ),
    Effect.forkScoped
  )
  return {
    look,
    lines: Effect.map(Ref.get(seen), ({ lines }) => lines),
    falls: Effect.map(Ref.get(seen), ({ falls }) => falls)
  } satisfies ContainerWatch
})
