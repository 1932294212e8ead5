/** The pure rules of zones and record sets: which zone holds a name, what equals what, what excludes what. */
import * as Either from "effect/Either"
import type { Expectation, RecordSet, Zone } from "./DnsClient.ts"
import type { DnsErrorReason } from "./DnsError.ts"
import { canonicalValue, isWithin, valueProblem } from "./Name.ts"

/** A refusal, in the terms of a DnsError. */
export interface Refusal {
  readonly reason: DnsErrorReason
  readonly detail: string
  readonly found: ReadonlyArray<string>
}

const refusal = (reason: DnsErrorReason, detail: string, found: ReadonlyArray<RecordSet> = []): Refusal => ({
  reason,
  detail,
  found: found.flatMap(describe)
})

/** One line per value: `A 192.0.2.1`. */
export const describe = (recordSet: RecordSet): ReadonlyArray<string> =>
  recordSet.values.map((value) => `${recordSet.type} ${value}`)

/** The longest zone that equals `name` or is a dot-suffix of it. */
export const chooseZone = <Z extends Zone>(
  name: string,
  zones: ReadonlyArray<Z>
): Either.Either<Z, Refusal> => {
  const holding = zones.filter((zone) => isWithin(name, zone.name))
  const length = Math.max(...holding.map((zone) => zone.name.length))
  const [zone, ...others] = holding.filter((candidate) => candidate.name.length === length)
  if (zone === undefined) {
    return Either.left(refusal("ZoneNotFound", `no zone of this account holds ${name}`))
  }
  return others.length === 0
    ? Either.right(zone)
    : Either.left(
        refusal("AmbiguousZone", `the zone ${zone.name} exists ${others.length + 1} times in this account`)
      )
}

const canonicalValues = (set: RecordSet): ReadonlySet<string> =>
  new Set(set.values.map((value) => canonicalValue(set.type, value)))

const sameValues = (left: RecordSet, right: RecordSet): boolean => {
  const [ours, theirs] = [canonicalValues(left), canonicalValues(right)]
  return ours.size === theirs.size && [...ours].every((value) => theirs.has(value))
}

const sameKey = (left: RecordSet, right: RecordSet): boolean =>
  left.name === right.name && left.type === right.type

/** Equal in name, type, values (as a set), TTL, proxied and comment. */
export const sameRecordSet = (left: RecordSet, right: RecordSet): boolean =>
  sameKey(left, right) &&
  sameValues(left, right) &&
  left.ttl === right.ttl &&
  left.proxied === right.proxied &&
  left.comment === right.comment

/**
 * Whether `found` serves what `wanted` asks for, whoever owns it: the comment is not looked at, and neither is the TTL
 * where `wanted` leaves it to the provider or the proxy decides it.
 */
export const satisfies = (found: RecordSet, wanted: RecordSet): boolean =>
  sameKey(found, wanted) &&
  sameValues(found, wanted) &&
  found.proxied === wanted.proxied &&
  (wanted.proxied || wanted.ttl === undefined || wanted.ttl === found.ttl)

/** The record set of that type in a listing of one name. */
export const ofType = (existing: ReadonlyArray<RecordSet>, type: string): RecordSet | undefined =>
  existing.find((recordSet) => recordSet.type === type)

/** Types that answer for addresses in the place of A and AAAA. */
const synthetic = new Set(["ALIAS", "ANAME", "LUA", "URL", "URL301", "FRAME"])
const addressing = new Set(["A", "AAAA", "CNAME"])
/** DNSSEC's own records stand beside a CNAME. */
const besideCname = new Set(["RRSIG", "NSEC", "NSEC3"])

/**
 * The record sets at the name that make it impossible to write `wanted`, or would keep it from being answered: a CNAME
 * stands alone, synthesised answers exclude written ones, and a delegation (NS without SOA) hides what is beside it.
 * @param existing everything at exactly the name, of all types.
 */
export const conflictsAt = (
  existing: ReadonlyArray<RecordSet>,
  wanted: RecordSet
): ReadonlyArray<RecordSet> => {
  const apex = ofType(existing, "SOA") !== undefined
  return existing.filter(({ type }) => {
    if (type === wanted.type || besideCname.has(type)) return false
    return (
      type === "CNAME" ||
      wanted.type === "CNAME" ||
      (addressing.has(wanted.type) && (synthetic.has(type) || (type === "NS" && !apex)))
    )
  })
}

/** Why `wanted` is not a record set that can stand in `zone`; `undefined`: it can. */
export const problemWith = (zone: Zone, wanted: RecordSet): Refusal | undefined => {
  if (!isWithin(wanted.name, zone.name)) {
    return refusal("Invalid", `${wanted.name} is not in the zone ${zone.name}`)
  }
  const problem = wanted.values
    .map((value) => valueProblem(wanted.type, value))
    .find((each) => each !== undefined)
  if (problem !== undefined) return refusal("Invalid", problem)
  if (wanted.values.length === 0) return refusal("Invalid", `no value for ${wanted.type} ${wanted.name}`)
  if (wanted.type !== "CNAME") return undefined
  if (wanted.name === zone.name) {
    return refusal(
      "Invalid",
      `a CNAME cannot stand at the apex of the zone ${zone.name}: give an address as the target`
    )
  }
  return new Set(wanted.values).size > 1
    ? refusal("Invalid", `${wanted.name} can have one CNAME only`)
    : undefined
}

/**
 * Why the expectation does not hold for what stands at the name; `undefined`: it holds.
 * @param found what stands at the name with the type in question.
 */
const unexpected = (
  subject: RecordSet,
  found: RecordSet | undefined,
  expected: Expectation
): Refusal | undefined => {
  const at = `${subject.type} ${subject.name}`
  if (expected._tag === "Absent") {
    return found === undefined ? undefined : refusal("Conflict", `${at} exists already`, [found])
  }
  if (found === undefined) return refusal("Conflict", `${at} is gone`)
  return sameRecordSet(found, expected.recordSet)
    ? undefined
    : refusal("Conflict", `${at} is not what was expected`, [found])
}

/** Every reason not to write `wanted`, in the order in which a person would want to hear it. */
export const refusePut = (
  zone: Zone,
  existing: ReadonlyArray<RecordSet>,
  wanted: RecordSet,
  expected: Expectation
): Refusal | undefined => {
  const bad = problemWith(zone, wanted)
  if (bad !== undefined) return bad
  const conflicts = conflictsAt(existing, wanted)
  return conflicts.length === 0
    ? unexpected(wanted, ofType(existing, wanted.type), expected)
    : refusal("Conflict", `${wanted.name} has records that exclude ${wanted.type}`, conflicts)
}

/** Why the record set must not be removed; `undefined`: it is what was expected, or already gone. */
export const refuseRemove = (found: RecordSet | undefined, expected: RecordSet): Refusal | undefined =>
  found === undefined ? undefined : unexpected(expected, found, { _tag: "Exactly", recordSet: expected })
