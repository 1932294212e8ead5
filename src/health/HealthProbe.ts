import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ReleaseProbe } from "../appspec/sections/Healthcheck.ts"

/** What the application answers when all is well. */
export interface Expectation {
  readonly status: number
  /** `undefined`: whatever version answers is the right one. */
  readonly release: { readonly probe: ReleaseProbe; readonly expected: string } | undefined
  /** In the place of all that: the host that it redirects to, over https. */
  readonly leadsTo?: string | undefined
}

/** What a visitor answers who is asked for a password (HTTP Basic, RFC 7617). */
export interface Credentials {
  readonly username: string
  readonly password: Redacted.Redacted<string>
}

export interface ProbeRequest {
  readonly host: string
  /** Path and query, starting with `/`. */
  readonly path: string
  /** Connect to this address, with SNI and Host still `host`; `undefined`: resolve `host`. */
  readonly address: string | undefined
  readonly timeout: Duration.Duration
  /** Sent to whoever shows a certificate for `host` that is trusted, and to nobody else. */
  readonly credentials?: Credentials | undefined
  /** What the caller hopes for. It changes nothing on the wire: a dry run answers it. */
  readonly expectation?: Expectation
}

export interface Certificate {
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  /** Whole days from now (the Clock's) to `notAfter`; negative once expired. */
  readonly daysLeft: number
  /** `undefined` when the chain and the name are trusted; otherwise why not. */
  readonly problem: string | undefined
}

export interface ProbeResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** At most 64 KiB. */
  readonly body: string
  readonly certificate: Certificate
  /** The address that answered. */
  readonly address: string
  readonly millis: number
  /** The credentials stayed here: the certificate is not trusted. */
  readonly withheld?: true
}

/** There was no HTTP response to judge. */
export class ProbeError extends Schema.TaggedError<ProbeError>("fabrik/health/ProbeError")("ProbeError", {
  reason: Schema.Literal("NameNotFound", "ConnectionRefused", "Unreachable", "Timeout", "Tls", "Broken"),
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

/** One HTTPS GET as a visitor would make it; redirects are answers, never followed. */
export class HealthProbe extends Context.Tag("fabrik/health/HealthProbe")<
  HealthProbe,
  {
    /** The port of the public entrance: 443, but for a sandbox. */
    readonly port: number
    /** An untrusted certificate is a fact in the response, not an error: only without a session there is `Tls`. */
    readonly get: (request: ProbeRequest) => Effect.Effect<ProbeResponse, ProbeError>
  }
>() {}
