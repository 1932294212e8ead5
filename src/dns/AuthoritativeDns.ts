/**
 * Asks every authoritative name server of a zone, and never a resolver: a resolver that is asked too early
 * remembers the "no" (RFC 2308).
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** What one name server said. */
export interface NameServerAnswer {
  /** `ns1.example.com (192.0.2.53:53)`. */
  readonly server: string
  readonly outcome:
    | "answer"
    | "no-such-name"
    | "no-data"
    | "not-authoritative"
    | "refused"
    | "server-failure"
    | "no-reply"
  /** Addresses or names, for `answer`. */
  readonly values: ReadonlyArray<string>
}

/** The name servers of the zone could not be asked, or disagree. */
export class AuthoritativeDnsError extends Schema.TaggedError<AuthoritativeDnsError>(
  "fabrik/dns/AuthoritativeDnsError"
)("AuthoritativeDnsError", {
  name: Schema.String,
  detail: Schema.String,
  reason: Schema.optionalWith(
    Schema.Literal("NoResolver", "Unresolved", "NotDelegated", "Differ", "Unwatchable"),
    { default: () => "Unresolved" }
  )
}) {
  override get message(): string {
    return `${this.name}: ${this.detail}`
  }
}

export class AuthoritativeDns extends Context.Tag("fabrik/dns/AuthoritativeDns")<
  AuthoritativeDns,
  {
    /** One round: every name server of `zone`, each asked once (RD=0, AA demanded). */
    readonly ask: (
      zone: string,
      name: string,
      type: "A" | "AAAA" | "CNAME"
    ) => Effect.Effect<ReadonlyArray<NameServerAnswer>, AuthoritativeDnsError>
    /**
     * The resolver that holds the name's DNSSEC signatures for bogus (RFC 4035, 5.5): it fails, and answers as soon as it
     * is to check none (CD). `undefined`: it answers, or none can be asked. To be called only once all name servers
     * answer right, as resolvers remember a "no".
     */
    readonly bogusAt: (name: string, type: "A" | "AAAA" | "CNAME") => Effect.Effect<string | undefined>
  }
>() {}
