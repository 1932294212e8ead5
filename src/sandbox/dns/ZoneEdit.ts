/**
 * What `POST /zones` and `PATCH /zones/{zone}` of PowerDNS 4.7 do to a zone: the same order of checks and the
 * same words, as its clients show them. One PATCH is one transaction: the first refusal leaves all as it was.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { recordTypes, stored, toAnswer } from "./Content.ts"
import { isWithin, nextSerial, serialOf, setSerial, type Zone, type ZoneRecordSet } from "./Zone.ts"

/** The API's refusal: HTTP status and the text of `error`. */
export class ZoneRefusal extends Data.TaggedError("ZoneRefusal")<{
  readonly status: number
  readonly error: string
}> {}

const refuse = (error: string, status = 422): Effect.Effect<never, ZoneRefusal> =>
  Effect.fail(new ZoneRefusal({ status, error }))

const field = (object: unknown, key: string): unknown =>
  Predicate.hasProperty(object, key) ? object[key] : undefined

/** A string field, or `fallback` where the API has one. */
const text = (object: unknown, key: string, fallback?: string): Effect.Effect<string, ZoneRefusal> => {
  const value = field(object, key)
  if (typeof value === "string") return Effect.succeed(value)
  return fallback !== undefined && value === undefined
    ? Effect.succeed(fallback)
    : refuse(`Key '${key}' not present or not a String`)
}

/** Fractions are cut, digits in a string count, and what does not fit wraps around. */
const seconds = (object: unknown, key: string): Effect.Effect<number, ZoneRefusal> => {
  const value = field(object, key)
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value
  return typeof number === "number"
    ? Effect.succeed(number >>> 0)
    : refuse(`Key '${key}' not an Integer or not present`)
}

const canonicalName = (name: string): Effect.Effect<string, ZoneRefusal> => {
  if (!name.endsWith(".")) return refuse(`DNS Name '${name}' is not canonical`)
  const labels = name === "." ? [] : name.slice(0, -1).split(".")
  if (name.length > 254 || labels.some((label) => label === "" || label.length > 63)) {
    return refuse(`Unable to parse DNS Name '${name}'`)
  }
  return /^(\*\.)?[A-Za-z0-9_./-]+$/.test(name)
    ? Effect.succeed(name.toLowerCase())
    : refuse(`Name '${name}' contains unsupported characters`)
}

const readRecords = Effect.fnUntraced(function* (rrset: unknown, name: string, type: string) {
  const ttl = yield* seconds(rrset, "ttl")
  const items = field(rrset, "records")
  const records = yield* Effect.forEach(
    Array.isArray(items) ? items : [],
    Effect.fnUntraced(function* (item: unknown) {
      const content = yield* text(item, "content")
      const parsed = toAnswer(name.slice(0, -1), type, ttl, content)
      if ("problem" in parsed) return yield* refuse(`Record ${name}/${type} '${content}': ${parsed.problem}`)
      return { content: stored(type, content), disabled: field(item, "disabled") === true }
    })
  )
  const twice = records.find(
    (record, i) => records.findIndex((other) => other.content === record.content) < i
  )
  if (twice !== undefined) {
    return yield* refuse(`Duplicate record in RRset ${name} IN ${type} with content "${twice.content}"`)
  }
  if ((type === "CNAME" || type === "SOA") && records.length > 1) {
    return yield* refuse(`RRset ${name} IN ${type} has more than one record`)
  }
  return { ttl, records }
})

const readComments = (items: ReadonlyArray<unknown>, nowMillis: number) =>
  Effect.forEach(
    items,
    Effect.fnUntraced(function* (item) {
      const modified = field(item, "modified_at")
      return {
        content: yield* text(item, "content"),
        account: yield* text(item, "account"),
        modified_at: typeof modified === "number" ? modified : Math.floor(nowMillis / 1000)
      }
    })
  )

const isSame = (set: ZoneRecordSet, name: string, type: string): boolean =>
  set.name === name && set.type === type

const replaceOne = Effect.fnUntraced(function* (
  zone: Zone,
  rrset: unknown,
  name: string,
  type: string,
  now: number
) {
  if (!isWithin(name, zone.name)) return yield* refuse(`RRset ${name} IN ${type}: Name is out of zone`)
  const newComments = field(rrset, "comments")
  const replacesRecords = Array.isArray(field(rrset, "records"))
  if (!replacesRecords && !Array.isArray(newComments)) {
    return yield* refuse(`No change for RRset ${name} IN ${type}`)
  }
  const before = zone.rrsets.find((set) => isSame(set, name, type))
  const { ttl, records } = replacesRecords
    ? yield* readRecords(rrset, name, type)
    : { ttl: before?.ttl ?? 0, records: before?.records ?? [] }
  const kept = records.length === 0 ? [] : (before?.comments ?? [])
  const comments = Array.isArray(newComments) ? yield* readComments(newComments, now) : kept
  const excluded = zone.rrsets.some(
    (set) =>
      set.name === name &&
      set.type !== type &&
      set.records.length > 0 &&
      (type === "CNAME" || set.type === "CNAME")
  )
  if (replacesRecords && excluded) {
    return yield* refuse(`RRset ${name} IN ${type}: Conflicts with pre-existing RRset`)
  }
  const others = zone.rrsets.filter((set) => !isSame(set, name, type))
  return records.length === 0 && comments.length === 0
    ? { ...zone, rrsets: others }
    : { ...zone, rrsets: [...others, { name, type, ttl, records, comments }] }
})

/**
 * The zone after `PATCH` with `body`. REPLACE without `comments` keeps those that stand, DELETE and
 * REPLACE by no records drop them;
 * DELETE of what is not there is fine.
 */
export const patchZone = Effect.fnUntraced(function* (zone: Zone, body: unknown, nowMillis: number) {
  const rrsets = field(body, "rrsets")
  if (!Array.isArray(rrsets)) return yield* refuse("No rrsets given in update request")
  const seen = new Set<string>()
  let draft = zone
  for (const rrset of rrsets) {
    const changeType = (yield* text(rrset, "changetype")).toUpperCase()
    const name = yield* canonicalName(yield* text(rrset, "name"))
    const givenType = yield* text(rrset, "type")
    const type = givenType.toUpperCase()
    if (!recordTypes.some((known) => known === type)) {
      return yield* refuse(`RRset ${name} IN ${givenType}: unknown type given`)
    }
    const key = `${name} ${type} ${changeType}`
    if (seen.has(key)) {
      return yield* refuse(`Duplicate RRset ${name} IN ${type} with changetype: ${changeType}`)
    }
    seen.add(key)
    if (changeType === "DELETE") {
      draft = { ...draft, rrsets: draft.rrsets.filter((set) => !isSame(set, name, type)) }
    } else if (changeType === "REPLACE") {
      draft = yield* replaceOne(draft, rrset, name, type, nowMillis)
    } else {
      return yield* refuse("Changetype not understood")
    }
  }
  return setSerial(draft, nextSerial(serialOf(zone), nowMillis))
})

const kinds = ["Native", "Master", "Slave"]

/** The zone that `POST /zones` with `body` makes. */
export const zoneFrom = Effect.fnUntraced(function* (body: unknown, nowMillis: number) {
  const name = yield* canonicalName(yield* text(body, "name"))
  const kind = yield* text(body, "kind")
  const given = field(body, "nameservers")
  const nameservers: ReadonlyArray<unknown> = Array.isArray(given) ? given : []
  const rrsets = field(body, "rrsets")
  for (const server of nameservers) {
    if (typeof server !== "string" || server === "")
      return yield* refuse("Nameservers must be non-empty strings")
    if (!server.endsWith(".")) return yield* refuse(`Nameserver is not canonical: '${server}'`)
  }
  const serial = nextSerial(0, nowMillis)
  const apex = (type: string, contents: ReadonlyArray<string>): ReadonlyArray<ZoneRecordSet> =>
    contents.length === 0
      ? []
      : [
          {
            name,
            type,
            ttl: 3600,
            comments: [],
            records: contents.map((content) => ({ content, disabled: false }))
          }
        ]
  const base: Zone = {
    name,
    kind: kinds.find((known) => known.toLowerCase() === kind.toLowerCase()) ?? "Native",
    account: yield* text(body, "account", ""),
    rrsets: [
      ...apex("SOA", [
        `a.misconfigured.dns.server.invalid. hostmaster.${name} ${serial} 10800 3600 604800 3600`
      ]),
      ...apex(
        "NS",
        nameservers.flatMap((server) => (typeof server === "string" ? [server] : []))
      )
    ]
  }
  if (!Array.isArray(rrsets)) return base
  const asReplacements = rrsets.map((rrset: unknown) =>
    Predicate.isRecord(rrset) ? { ...rrset, changetype: "REPLACE" } : rrset
  )
  return setSerial(yield* patchZone(base, { rrsets: asReplacements }, nowMillis), serial)
})
