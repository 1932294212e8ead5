/** The plain part of a provider: read what stands, change it. Expectations, marks and doubts are the client's. */
import type * as Effect from "effect/Effect"
import type { DnsCapabilities, RecordSet, Zone } from "../DnsClient.ts"
import type { DnsError } from "../DnsError.ts"

/** A record set that stands at the provider, with what its API needs to change it. */
export interface Standing<Raw> {
  readonly recordSet: RecordSet
  readonly raw: Raw
  /** Why fabrik could not restore it and thus does not touch it, e.g. "it is an alias of AWS". */
  readonly untouchable?: string | undefined
}

/** From what stands to what shall stand, at one name and type. At least one of them is there. */
export interface SetChange<Raw> {
  readonly before: Standing<Raw> | undefined
  readonly wanted: RecordSet | undefined
}

interface ProviderZone extends Zone {
  /** Why it cannot be written, e.g. "it is a copy: its primary is elsewhere". */
  readonly unusable?: string | undefined
}

export interface RecordsApi<Raw> {
  readonly provider: string
  readonly capabilities: DnsCapabilities
  /** As an error leaves the client: without secrets. */
  readonly told: (error: DnsError) => DnsError
  /** All zones, or at least those that can hold one of the names. */
  readonly zones: (
    method: string,
    names: ReadonlyArray<string> | undefined
  ) => Effect.Effect<ReadonlyArray<ProviderZone>, DnsError>
  /** What one request reads: all of a zone, or one name. */
  readonly reads: "zone" | "name"
  /**
   * Every record set at exactly these names.
   * @param types whose comments are asked for, beside those that are read in any case.
   */
  readonly at: (
    method: string,
    zone: Zone,
    names: ReadonlyArray<string>,
    types?: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<Standing<Raw>>, DnsError>
  readonly all: (method: string, zone: Zone) => Effect.Effect<ReadonlyArray<Standing<Raw>>, DnsError>
  /** Whether these are one transaction; others are sent one after the other. */
  readonly atomic: (changes: ReadonlyArray<SetChange<Raw>>) => boolean
  /** Sends them. What became of them is found out by reading. */
  readonly change: (
    method: string,
    zone: Zone,
    changes: ReadonlyArray<SetChange<Raw>>
  ) => Effect.Effect<void, DnsError>
  /** Makes all changes live, where the API has them wait until then. */
  readonly publish?: (method: string, zone: Zone) => Effect.Effect<void, DnsError>
  /** Takes away what a change that came to nothing may have left beside the record set. */
  readonly tidy?: (method: string, zone: Zone, name: string, type: string) => Effect.Effect<void, DnsError>
}
