import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** How patient the HTTP client is. Read at every call, so that a caller can narrow it for one of them. */
export class CoolifySettings extends Context.Reference<CoolifySettings>()("fabrik/coolify/CoolifySettings", {
  defaultValue: (): {
    /** From the first byte of the connection to the response's headers. */
    readonly headersTimeout: Duration.DurationInput
    /** From the headers to the last byte of the body. */
    readonly bodyTimeout: Duration.DurationInput
    /** Bytes; reading stops there. */
    readonly maxBodyBytes: number
    /** Requests at most for one call, the first included. */
    readonly tries: number
    /** All waits of one call together; a longer Retry-After is not waited for but reported. */
    readonly retryBudget: Duration.DurationInput
  } => ({
    headersTimeout: "30 seconds",
    bodyTimeout: "60 seconds",
    maxBodyBytes: 8 * 1024 * 1024,
    tries: 5,
    retryBudget: "60 seconds"
  })
}) {}

/** One request is about to be sent again. */
export interface CoolifyRetry {
  /** The CoolifyClient method. */
  readonly method: string
  /** Why the request before it failed: a `CoolifyErrorReason`. */
  readonly reason: string
  readonly delayMillis: number
  /** The number of the request that failed, from 1. */
  readonly attempt: number
}

/** Hears what the client does by itself; drops it unless somebody listens. */
export class CoolifyObserver extends Context.Reference<CoolifyObserver>()("fabrik/coolify/CoolifyObserver", {
  defaultValue: (): { readonly onRetry: (retry: CoolifyRetry) => Effect.Effect<void> } => ({
    onRetry: () => Effect.void
  })
}) {}
