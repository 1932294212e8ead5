import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export interface SecretWarning {
  readonly file: string
  /** One sentence without the subject: `can be read by other users; make it private: chmod 600 .env`. */
  readonly detail: string
}

/** Is told what is unsafe about a secrets file without being reason enough to stop. Drops it by default. */
export class SecretObserver extends Context.Reference<SecretObserver>()("fabrik/secrets/SecretObserver", {
  defaultValue: () => ({
    warn: (_warning: SecretWarning): Effect.Effect<void> => Effect.void,
    /** A `.env` file was read. */
    read: (_file: string): Effect.Effect<void> => Effect.void
  })
}) {}
