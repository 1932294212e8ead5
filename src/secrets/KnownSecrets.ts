import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

/** Is told each secret value as soon as fabrik has it, so that no output repeats it. Knows none by default. */
export class KnownSecrets extends Context.Reference<KnownSecrets>()("fabrik/secrets/KnownSecrets", {
  defaultValue: () => ({
    add: (_value: Redacted.Redacted<string>): Effect.Effect<void> => Effect.void,
    /** The value is the very result that was asked for: it is shown, whoever has added it. */
    show: (_value: Redacted.Redacted<string>): Effect.Effect<void> => Effect.void,
    /**
     * The text without them. All output goes through it in the end; who shortens a text calls it before, as of a secret
     * that is cut in two neither half is found.
     */
    hide: (text: string): string => text
  })
}) {}
