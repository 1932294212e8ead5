import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** A write that was not sent. `summary` is one line without secrets. */
export interface PlannedWrite {
  /** The CoolifyClient method. */
  readonly method: string
  readonly summary: string
}

/** What a dry run would have written to Coolify, in order. */
export class PlannedWrites extends Context.Tag("fabrik/coolify/PlannedWrites")<
  PlannedWrites,
  { readonly list: Effect.Effect<ReadonlyArray<PlannedWrite>> }
>() {}
