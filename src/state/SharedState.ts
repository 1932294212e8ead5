/** State that several machines share. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { LockError } from "./FileLock.ts"
import type { History } from "./History.ts"
import type { Jobs, WorkEngine } from "./Jobs.ts"
import type { Journals } from "./Journals.ts"
import type { RequestBudget } from "./RequestBudget.ts"
import type { StateError } from "./StateError.ts"

/** Texts that nobody can read who has the state but not its key. */
export interface SealedTexts {
  /** Keeps a text under an id, unless one is there already. Answers what is kept. */
  readonly put: (
    place: string,
    id: string,
    text: Redacted.Redacted<string>
  ) => Effect.Effect<Redacted.Redacted<string>, StateError>
  /** `None`: nothing is kept there, or what is kept cannot be read. */
  readonly get: (
    place: string,
    id: string
  ) => Effect.Effect<Option.Option<Redacted.Redacted<string>>, StateError>
  /** Forgets all that is kept in the place. */
  readonly forget: (place: string) => Effect.Effect<void, StateError>
  /** A keyed digest, the same on all machines that share the state. */
  readonly digest: (text: Redacted.Redacted<string>) => Effect.Effect<string, StateError>
}

interface Holder {
  /** What it says of itself. */
  readonly says: string
  /** For how many seconds it has given no sign of life. */
  readonly silent: number
}

export interface SharedState {
  /** Reaches it, or says why not; everything else does so too when it is first used. */
  readonly ready: Effect.Effect<void, StateError>
  /** Where it is, on which PostgreSQL, and whether its tables have been made. */
  readonly about: Effect.Effect<
    { readonly place: string; readonly version: string; readonly there: boolean; readonly tls: boolean },
    StateError
  >
  /**
   * A journal is written by whoever holds the lock {@link lockOf} it.
   * @param world which Coolify they are about: its address.
   * @param servers the ids of its servers, by which it is known under another address.
   */
  readonly journals: (
    world: string,
    servers: Effect.Effect<ReadonlyArray<string>, { readonly message: string }>
  ) => typeof Journals.Service
  /** What one owner has deployed to the Coolify of this address; `undefined`: to any. */
  readonly history: (owner: string, world: string | undefined) => typeof History.Service
  /**
   * Holds the lock until the scope ends. Fails with `Held` when somebody else has it, and still has it `waitFor` later.
   * @param says what others are told of the holder: who, since when. One line without secrets.
   */
  readonly lock: (
    name: string,
    says: string,
    waitFor: Duration.DurationInput
  ) => Effect.Effect<void, LockError | StateError, Scope.Scope>
  /** Who holds it; `undefined`: nobody does. */
  readonly holder: (name: string) => Effect.Effect<Holder | undefined, StateError>
  /** Takes it away from whoever holds it: ends their connection, and lets them write no more. */
  readonly takeAway: (name: string) => Effect.Effect<void, StateError>
  readonly sealed: SealedTexts
  /**
   * @param whose requests they are: a text that names the API and the user, a token for instance. A keyed digest of it is kept.
   * @param window in which the API counts them, from the first one on.
   */
  readonly budget: (
    whose: Redacted.Redacted<string>,
    window: Duration.DurationInput
  ) => Effect.Effect<RequestBudget>
  readonly jobs: Jobs
  /** @param world whose jobs it brings about: those of another owner or another Coolify are others' to do. */
  readonly engine: (world: string) => Effect.Effect<WorkEngine>
}

/** The lock that a journal is written under. */
export const lockOf = (world: string, journal: string): string => `${world} ${journal}`
