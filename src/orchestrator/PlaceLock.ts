import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

interface Exclusion {
  readonly exclusively: <A, E, R>(key: string, effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * Lets one run at a time make a project and its environments. It spares the runs of one machine a race; it is not
 * needed for a right end, as other machines do not have it.
 */
export class PlaceLock extends Context.Reference<PlaceLock>()("fabrik/orchestrator/PlaceLock", {
  defaultValue: (): Exclusion => ({ exclusively: (_, effect) => effect })
}) {}
