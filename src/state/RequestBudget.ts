/** How many requests an API still takes from one of its users, shared by processes of several machines. */
import type * as Effect from "effect/Effect"
import type { StateError } from "./StateError.ts"

/** What an answer of the API has said. */
export interface SeenLimit {
  readonly limit: number
  /** Requests that the API still takes in this window, those on their way included. */
  readonly left: number
  /** It takes more than it did: what it said before was of the window before. */
  readonly isNew: boolean
  /** It refuses until then. */
  readonly endsInMillis: number | undefined
}

export interface Ask {
  /** So many requests are wanted; 0: none, this only tells. */
  readonly want: number
  /** The window that the two below are of: where another has begun since, they count for nothing. */
  readonly window: number
  /** So many of the requests that were granted will not be sent. */
  readonly returned: number
  readonly seen: SeenLimit | undefined
}

export interface Grant {
  /** Counts the windows: permits are of the one that they were granted in. */
  readonly window: number
  /** As many as wanted or fewer; 0: none are left until the window ends. */
  readonly granted: number
  /** The first may leave then. */
  readonly inMillis: number
  /** Requests that anybody sends are this far apart; 0: there are plenty, and nobody waits. */
  readonly everyMillis: number
  readonly endsInMillis: number
  /** `null`: no answer has told it yet. */
  readonly limit: number | null
  readonly left: number | null
  /** An answer has shown that the window has begun. */
  readonly isBegun: boolean
}

export interface RequestBudget {
  readonly ask: (ask: Ask) => Effect.Effect<Grant, StateError>
}
