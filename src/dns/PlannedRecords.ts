import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { RecordSet, Zone } from "./DnsClient.ts"

/** One write that a dry run did not make. */
export type PlannedRecord =
  /** `before`: what it would replace. */
  | {
      readonly _tag: "Put"
      readonly zone: Zone
      readonly recordSet: RecordSet
      readonly before: RecordSet | undefined
    }
  | { readonly _tag: "Remove"; readonly zone: Zone; readonly recordSet: RecordSet }

/** The writes of a dry run so far, in their order. */
export class PlannedRecords extends Context.Tag("fabrik/dns/PlannedRecords")<
  PlannedRecords,
  { readonly list: Effect.Effect<ReadonlyArray<PlannedRecord>> }
>() {}
