import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** How patient the HTTP client is. Read at every call, so that a caller can narrow it for one of them. */
export class HttpSettings extends Context.Reference<HttpSettings>()("fabrik/http/HttpSettings", {
  defaultValue: (): {
    /** From the first byte of the connection to the response's headers. */
    readonly headersTimeout: Duration.DurationInput
    /** From the headers to the last byte of the body, however steadily it comes. */
    readonly bodyTimeout: Duration.DurationInput
    /** Inside a body, from one piece to the next. */
    readonly stallTimeout: Duration.DurationInput
    /** Bytes that are kept of an answer, whatever its size; reading stops where more is needed. */
    readonly maxBodyBytes: number
    /** Requests at most for one call, the first included. */
    readonly tries: number
    /** All waits of one call together; a longer Retry-After is not waited for but reported. */
    readonly retryBudget: Duration.DurationInput
    /** How long a call is sent again beside these bounds while the API says that its limit is reached, and till when. */
    readonly throttled: Duration.DurationInput
    /** How long a request that did no harm is sent again while nobody of the API's answers. */
    readonly outage: Duration.DurationInput
    /** From when on `outage` counts: before that an API that is away is an error after `tries`. */
    readonly awaits: "after-a-write" | "always"
  } => ({
    headersTimeout: "30 seconds",
    bodyTimeout: "10 minutes",
    stallTimeout: "60 seconds",
    maxBodyBytes: 32 * 1024 * 1024,
    tries: 5,
    retryBudget: "60 seconds",
    throttled: "5 minutes",
    outage: "5 minutes",
    awaits: "after-a-write"
  })
}) {}

/** One request is about to be sent again. */
export interface HttpRetry {
  /** `Coolify`, or the DNS provider. */
  readonly api: string
  /** The method of its client. */
  readonly method: string
  /** Why the request before it failed: the reason of the API's own error. */
  readonly reason: string
  readonly delayMillis: number
  /** The number of the request that failed, from 1. */
  readonly attempt: number
}

/** Hears what the client does by itself; drops it unless somebody listens. */
export class HttpObserver extends Context.Reference<HttpObserver>()("fabrik/http/HttpObserver", {
  defaultValue: (): {
    readonly onRetry: (retry: HttpRetry) => Effect.Effect<void>
    /** Nobody of the API's answers, and the client waits: at most for so long. */
    readonly onAway: (absence: { readonly why: string; readonly limitMillis: number }) => Effect.Effect<void>
    /** It answers again, after so long. */
    readonly onBack: (absence: { readonly millis: number }) => Effect.Effect<void>
    /** The limit on requests comes near: of `limit` a minute `left` are left, and one goes out every so often; 0: the next by then. */
    readonly onSpaced: (spacing: {
      readonly limit: number
      readonly left: number
      readonly everyMillis: number
    }) => Effect.Effect<void>
  } => ({
    onRetry: () => Effect.void,
    onAway: () => Effect.void,
    onBack: () => Effect.void,
    onSpaced: () => Effect.void
  })
}) {}
