/**
 * What fabrik needs of a DNS provider: read what stands at a name, and change exactly one record set under an
 * expectation of what stood there before.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { DnsError } from "./DnsError.ts"
import type { RecordType } from "./Name.ts"

export interface Zone {
  /** The provider's own id. */
  readonly id: string
  /** ASCII, lower case, no final dot. */
  readonly name: string
}

/** All records of one type at one name. */
export interface RecordSet {
  /** Absolute, ASCII, lower case, no final dot. */
  readonly name: string
  readonly type: string
  /** Seconds; `undefined`: the provider's automatic value. A read gives that as a number where it has a fixed one. */
  readonly ttl: number | undefined
  /** In the provider's order; names in values without final dot. */
  readonly values: ReadonlyArray<string>
  /** Answered by the provider's proxy instead of the values (Cloudflare). */
  readonly proxied: boolean
  /** The comment that marks its owner; `undefined`: none. */
  readonly comment: string | undefined
  /**
   * What else the provider keeps of it (tags, labels, comments of others), in the client's own words: written back where
   * the record set is made anew, and never compared. Absent: nothing.
   */
  readonly kept?: string | undefined
}

/** A record set and where it is. */
export interface ZoneRecord {
  readonly zone: Zone
  readonly recordSet: RecordSet
}

/** What must stand at the name and type for a write to happen; anything else is a `Conflict`. */
export type Expectation =
  | { readonly _tag: "Absent" }
  /** Equal in values (as a set), TTL, proxied and comment. */
  | { readonly _tag: "Exactly"; readonly recordSet: RecordSet }

export interface DnsCapabilities {
  /** The provider itself refuses a write whose expectation fails (otherwise read, write, read back). */
  readonly compareAndSet: boolean
  /** Several record sets change in one transaction. */
  readonly atomicBatch: boolean
  /** Seconds. */
  readonly minTtl: number
  /** Seconds; what a record set without a TTL is written with and then shows. Absent: it shows as `undefined`. */
  readonly automaticTtl?: number
  readonly comments: boolean
  readonly proxied: boolean
  /** What of the types that fabrik writes its API cannot. Absent: nothing. */
  readonly lacks?: ReadonlyArray<RecordType>
}

/** Who has a zone, and what can be done there. */
interface DnsAccount {
  readonly provider: string
  readonly capabilities: DnsCapabilities
}

/**
 * One DNS account, or several. Every method is interruptible and fails with a {@link DnsError}. Reads are retried; a write is sent
 * again only when it was refused for the rate limit, and is settled by reading back. Names are in normal form.
 */
export class DnsClient extends Context.Tag("fabrik/dns/DnsClient")<
  DnsClient,
  {
    readonly provider: string
    readonly capabilities: DnsCapabilities
    /** Of several accounts the one that has a zone which was found. */
    readonly accountOf?: (zone: Zone) => DnsAccount | undefined
    /** The longest zone of the account that equals `name` or is a dot-suffix of it. */
    readonly findZone: (name: string) => Effect.Effect<Zone, DnsError>
    /** {@link findZone} of each of the names, in their order: what is asked for all of them is asked once. */
    readonly findZones: (names: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Zone>, DnsError>
    /**
     * Every record set at exactly `name`, of all types (SOA and NS included at the apex).
     * @param types those of MX, SRV and CAA whose comments are asked for: where each takes a request, only theirs are read.
     */
    readonly listAt: (
      zone: Zone,
      name: string,
      types?: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<RecordSet>, DnsError>
    /** Every record set of the account, in all its zones, whose comment begins with `prefix`. */
    readonly listCommented: (prefix: string) => Effect.Effect<ReadonlyArray<ZoneRecord>, DnsError>
    /** Writes the record set if the expectation holds, reads it back, and fails otherwise. */
    readonly put: (zone: Zone, recordSet: RecordSet, expected: Expectation) => Effect.Effect<void, DnsError>
    /** Removes the record set if it still is `expected`; one that is already gone is a success. */
    readonly remove: (zone: Zone, expected: RecordSet) => Effect.Effect<void, DnsError>
  }
>() {}

/** The account of a zone that was found. */
export const accountAt = (client: DnsClient["Type"], zone: Zone): DnsAccount =>
  client.accountOf?.(zone) ?? client
