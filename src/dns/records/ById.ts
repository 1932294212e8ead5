/** The shape of APIs whose records each have an id: record sets are made of them, and changed one record at a time. */
import * as EffectArray from "effect/Array"
import * as Effect from "effect/Effect"
import type { RecordSet, Zone } from "../DnsClient.ts"
import type { DnsError } from "../DnsError.ts"
import { canonicalValue } from "../Name.ts"
import type { RecordsApi, SetChange, Standing } from "./RecordsApi.ts"

export interface IdRecord {
  readonly id: string
  /** In normal form. */
  readonly name: string
  readonly type: string
  readonly value: string
  /** Seconds; `undefined`: the provider's own. */
  readonly ttl: number | undefined
  readonly comment: string | undefined
}

type NewRecord = Omit<IdRecord, "id">

export interface RecordsById extends Pick<
  RecordsApi<never>,
  "capabilities" | "provider" | "publish" | "reads" | "told" | "zones"
> {
  readonly at: (
    method: string,
    zone: Zone,
    names: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<IdRecord>, DnsError>
  readonly all: (method: string, zone: Zone) => Effect.Effect<ReadonlyArray<IdRecord>, DnsError>
  readonly create: (method: string, zone: Zone, record: NewRecord) => Effect.Effect<void, DnsError>
  readonly update: (method: string, zone: Zone, record: IdRecord) => Effect.Effect<void, DnsError>
  readonly delete: (method: string, zone: Zone, record: IdRecord) => Effect.Effect<void, DnsError>
}

const isMixed = (records: ReadonlyArray<IdRecord>): boolean =>
  new Set(records.map(({ comment, ttl }) => JSON.stringify([ttl ?? null, comment ?? null]))).size > 1

const toStanding = (records: ReadonlyArray<IdRecord>): ReadonlyArray<Standing<ReadonlyArray<IdRecord>>> =>
  Object.values(EffectArray.groupBy(records, ({ name, type }) => `${type} ${name}`)).map((members) => {
    const [{ comment, name, ttl, type }] = members
    return {
      recordSet: { name, type, ttl, values: members.map(({ value }) => value), proxied: false, comment },
      raw: members,
      untouchable: isMixed(members)
        ? "its records differ in TTL or comment; make them alike first"
        : undefined
    }
  })

/** What is to be created, updated and deleted. A changed value takes over the record of a dropped one. */
const towards = (current: ReadonlyArray<IdRecord>, { type, values, ttl, comment, name }: RecordSet) => {
  const key = (value: string) => canonicalValue(type, value)
  const distinct = [...new Map(values.map((value) => [key(value), value])).values()]
  const kept = current.filter(({ value }) => distinct.some((each) => key(each) === key(value)))
  const free = current.filter((record) => !kept.includes(record))
  const missing = distinct.filter((value) => !kept.some((record) => key(record.value) === key(value)))
  const fields = { name, type, ttl, comment }
  return {
    updates: [
      ...kept
        .filter((record) => isMixed([record, { ...record, ...fields }]))
        .map((record) => ({ ...record, ...fields })),
      ...free
        .slice(0, missing.length)
        .map(({ id }, index) => ({ id, ...fields, value: missing[index] ?? "" }))
    ],
    creates: missing.slice(free.length).map((value) => ({ ...fields, value })),
    deletes: free.slice(missing.length)
  }
}

export const byId = (api: RecordsById): RecordsApi<ReadonlyArray<IdRecord>> => {
  const one = (
    method: string,
    zone: Zone,
    { before, wanted }: SetChange<ReadonlyArray<IdRecord>>
  ): Effect.Effect<void, DnsError> => {
    const current = before?.raw ?? []
    const { creates, deletes, updates } =
      wanted === undefined ? { creates: [], deletes: current, updates: [] } : towards(current, wanted)
    return Effect.all(
      [
        ...updates.map((record) => api.update(method, zone, record)),
        ...creates.map((record) => api.create(method, zone, record)),
        ...deletes.map((record) => api.delete(method, zone, record))
      ],
      { discard: true }
    )
  }
  return {
    ...api,
    at: (method, zone, names) =>
      Effect.map(api.at(method, zone, names), (records) =>
        toStanding(records.filter(({ name }) => names.includes(name)))
      ),
    all: (method, zone) => Effect.map(api.all(method, zone), toStanding),
    atomic: () => false,
    change: (method, zone, changes) =>
      Effect.forEach(changes, (change) => one(method, zone, change), { discard: true })
  }
}
