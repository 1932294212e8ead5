import * as Schema from "effect/Schema"
import { doingOf } from "./Doing.ts"
import type { WriteErrors } from "../http/RequestJournal.ts"

/** The ways a DNS provider says no. */
export const DnsErrorReason = Schema.Literal(
  /** No zone of the account equals the name or is a suffix of it. */
  "ZoneNotFound",
  /** The same zone name twice in the account. */
  "AmbiguousZone",
  /** The record set is not what was expected, or another record type excludes it. */
  "Conflict",
  "Unauthorized",
  "Forbidden",
  "RateLimited",
  /** The provider refuses the content (TTL, name, value). */
  "Invalid",
  /** No connection or a server error, and nothing was changed. */
  "Unavailable",
  /** A write may have taken effect: read back. */
  "OutcomeUnknown",
  /** The answer could not be understood. */
  "BadResponse",
  /** What was to be sent could not be written down first, so it was not sent. */
  "Unrecorded",
  /** No or unusable credentials. */
  "BadConfig"
)
export type DnsErrorReason = typeof DnsErrorReason.Type

/** Why a call to a DNS provider failed. Carries no credential, header or request body. */
export class DnsError extends Schema.TaggedError<DnsError>("fabrik/dns/DnsError")("DnsError", {
  /** `cloudflare`, `powerdns`, `memory`. */
  provider: Schema.String,
  /** The DnsClient method, e.g. `put`. */
  method: Schema.String,
  reason: DnsErrorReason,
  /** What the provider said, or what went wrong, in one sentence without secrets. */
  detail: Schema.String,
  /** What stands there instead, for `Conflict`: `A 192.0.2.1`. */
  found: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  retryAfterMillis: Schema.optional(Schema.Number)
}) {
  override get message(): string {
    return `${this.provider}: could not ${doingOf(this.method)}: ${this.detail}`
  }
}

/** What the journal needs to know of them. */
export const writeErrors = (provider: string): WriteErrors<DnsError> => ({
  unrecorded: (method, detail) => new DnsError({ provider, method, reason: "Unrecorded", detail }),
  fate: ({ reason }) => (reason === "OutcomeUnknown" ? "lost" : "refused")
})
