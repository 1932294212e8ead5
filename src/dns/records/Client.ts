/** A DnsClient over a {@link RecordsApi}: refuses, writes, and reads back what became of it. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { flow } from "effect/Function"
import { DnsClient, type Expectation, type RecordSet, type Zone } from "../DnsClient.ts"
import { DnsError } from "../DnsError.ts"
import { canonicalValue, isWithin } from "../Name.ts"
import { chooseZone, describe, type Refusal, refusePut, refuseRemove, sameRecordSet } from "../Zone.ts"
import type { RecordsApi, Standing } from "./RecordsApi.ts"

/** Failures after which the provider alone knows what stands there. */
const doubtful = new Set<DnsError["reason"]>(["OutcomeUnknown", "Unavailable", "BadResponse", "Conflict"])

const same = (left: RecordSet | undefined, right: RecordSet | undefined): boolean =>
  left === undefined || right === undefined ? left === right : sameRecordSet(left, right)

const valuesOf = (set: RecordSet | undefined): ReadonlyArray<string> =>
  set?.values.map((value) => canonicalValue(set.type, value)) ?? []

export const clientOver = <Raw>(api: RecordsApi<Raw>): DnsClient["Type"] => {
  const { capabilities, provider } = api
  const refuse = (method: string, refusal: Refusal) => new DnsError({ provider, method, ...refusal })
  const fail = (method: string, reason: DnsError["reason"], detail: string, found?: RecordSet) =>
    new DnsError({ provider, method, reason, detail, found: found === undefined ? [] : describe(found) })

  const findZones = Effect.fn("dns.findZones")(function* (names: ReadonlyArray<string>) {
    const zones = yield* api.zones("findZone", names)
    return yield* Effect.forEach(names, (name) =>
      Effect.gen(function* () {
        const chosen = yield* Either.mapLeft(chooseZone(name, zones), (refusal) =>
          refuse("findZone", refusal)
        )
        // Taking a shorter zone instead would write where nobody asks.
        if (chosen.unusable !== undefined) {
          return yield* fail("findZone", "ZoneNotFound", `${chosen.name}: ${chosen.unusable}`)
        }
        return { id: chosen.id, name: chosen.name }
      })
    )
  })

  const listAt = (zone: Zone, name: string, types?: ReadonlyArray<string>) =>
    Effect.map(api.at("listAt", zone, [name], types), (found) => found.map(({ recordSet }) => recordSet))

  const listCommented = Effect.fn("dns.listCommented")(function* (prefix: string) {
    const method = "listCommented"
    const found = yield* Effect.forEach(
      (yield* api.zones(method, undefined)).filter(({ unusable }) => unusable === undefined),
      ({ id, name }) =>
        Effect.map(api.all(method, { id, name }), (standing) =>
          standing.flatMap(({ recordSet }) =>
            recordSet.comment?.startsWith(prefix) === true ? [{ zone: { id, name }, recordSet }] : []
          )
        ),
      { concurrency: 4 }
    )
    return found.flat()
  })

  /** As the provider will store it, so that it can be compared with what is read. */
  const stored = (recordSet: RecordSet): RecordSet => ({
    ...recordSet,
    ttl: recordSet.ttl ?? capabilities.automaticTtl
  })

  const standingAt = (method: string, zone: Zone, { name, type }: RecordSet) =>
    Effect.map(api.at(method, zone, [name], [type]), (found) =>
      found.find(({ recordSet }) => recordSet.type === type)
    )

  /** Fails, once nothing is left beside the record set. */
  const failTidily = Effect.fnUntraced(function* (
    method: string,
    zone: Zone,
    { name, type }: RecordSet,
    failure: DnsError
  ) {
    if (api.tidy === undefined) return yield* failure
    yield* Effect.mapError(api.tidy(method, zone, name, type), (error) =>
      fail(
        method,
        "OutcomeUnknown",
        `${failure.detail}; fabrik's mark of ${type} ${name} may be left: ${error.detail}`
      )
    )
    return yield* failure
  })

  /**
   * Changes a record set and decides what became of it by reading back, whether it was acknowledged or not. What was
   * wanted stands there: success. What stood before: the write's own failure. Half of it, by a failure of fabrik's own
   * requests: what stood before is put back. Anything else is somebody else's, and a `Conflict`.
   */
  const settled = Effect.fnUntraced(function* (
    method: string,
    zone: Zone,
    before: Standing<Raw> | undefined,
    wanted: RecordSet | undefined
  ) {
    const subject = wanted ?? before?.recordSet
    if (subject === undefined) return
    const old = before?.recordSet
    const changes = [{ before, wanted }]
    const publish = api.publish?.(method, zone) ?? Effect.void
    const failure = yield* Effect.zipRight(api.change(method, zone, changes), publish).pipe(
      Effect.as(undefined),
      Effect.catchAll((error) => Effect.succeed(error))
    )
    if (failure !== undefined && api.atomic(changes) && !doubtful.has(failure.reason)) return yield* failure
    const read = standingAt(method, zone, subject).pipe(
      Effect.mapError((error) => {
        if (failure?.reason === "Conflict") return failure
        const first = failure === undefined ? "the write was accepted" : failure.detail
        return fail(method, "OutcomeUnknown", `${first}; reading back failed: ${error.detail}`)
      })
    )
    const standing = yield* read
    const found = standing?.recordSet
    const back = (to: RecordSet | undefined) =>
      Effect.gen(function* () {
        yield* Effect.zipRight(api.change(method, zone, [{ before: standing, wanted: to }]), publish)
        const after = (yield* read)?.recordSet
        if (!same(after, to)) {
          return yield* fail(method, "OutcomeUnknown", "it could not be put back", after)
        }
      })
    const failBack = (failure: DnsError, why: string) =>
      Effect.zipRight(
        Effect.mapError(back(old), (error) =>
          fail(method, "OutcomeUnknown", `${failure.detail}; ${why}: ${error.detail}`, found)
        ),
        failTidily(method, zone, subject, failure)
      )
    if (same(found, wanted)) {
      if (failure === undefined) return
      // It is about what stands beside: in a whole zone, what others have changed there.
      if (failure.reason === "Conflict") return yield* failure
      // Its last request was for the mark, or to make it live.
      const rest = api.tidy?.(method, zone, subject.name, subject.type) ?? Effect.void
      return yield* Effect.catchAll(Effect.zipRight(rest, publish), (error) =>
        failBack(error, "what was written may not be live")
      )
    }
    if (same(found, old)) {
      const why = failure ?? fail(method, "Conflict", "the provider accepted the write and did not make it")
      return yield* failTidily(method, zone, subject, why)
    }
    const [now, then, next] = [valuesOf(found), valuesOf(old), valuesOf(wanted)]
    // What nobody but this run can have made: not all that it wants, for that without its mark is somebody else's.
    const isPart =
      now.every((value) => then.includes(value) || next.includes(value)) &&
      (old !== undefined || now.length < next.length)
    if (failure !== undefined && failure.reason !== "Conflict" && isPart) {
      return yield* failBack(failure, "a part of it was written, and is still there")
    }
    // Somebody else's took the place of a removed one.
    if (wanted === undefined) return
    const conflict = fail(method, "Conflict", "somebody else changed the record set at the same time", found)
    // Records of two writers stand side by side and share the visitors, so ours go away again.
    const beside = now.some((value) => !next.includes(value)) && next.every((value) => now.includes(value))
    if (found !== undefined && old === undefined && beside) {
      const theirs = found.values.filter((value) => !next.includes(canonicalValue(found.type, value)))
      yield* back({ ...found, values: theirs, comment: undefined }).pipe(
        Effect.mapError((error) =>
          fail(
            method,
            "OutcomeUnknown",
            `${conflict.detail}; fabrik's own record may still be there: ${error.detail}`,
            found
          )
        )
      )
    }
    return yield* failTidily(method, zone, subject, failure?.reason === "Conflict" ? failure : conflict)
  })

  const untouchable = (method: string, { recordSet, untouchable }: Standing<Raw>) =>
    fail(
      method,
      "Conflict",
      `fabrik could not restore ${recordSet.type} ${recordSet.name} and leaves it alone: ${untouchable}`,
      recordSet
    )

  const put = Effect.fn("dns.put")(function* (zone: Zone, recordSet: RecordSet, expected: Expectation) {
    const method = "put"
    const wanted = stored(recordSet)
    if (wanted.proxied && !capabilities.proxied) {
      return yield* fail(method, "Invalid", `${provider} has no proxy`)
    }
    if (capabilities.lacks?.some((type) => type === wanted.type) === true) {
      return yield* fail(method, "Invalid", `${provider} takes no ${wanted.type} records over its API`)
    }
    if (!isWithin(wanted.name, zone.name)) {
      return yield* fail(method, "Invalid", `${wanted.name} is not in the zone ${zone.name}`)
    }
    const standing = yield* api.at(method, zone, [wanted.name], [wanted.type])
    const expectation: Expectation =
      expected._tag === "Absent" ? expected : { _tag: "Exactly", recordSet: stored(expected.recordSet) }
    const refusal = refusePut(
      zone,
      standing.map(({ recordSet }) => recordSet),
      wanted,
      expectation
    )
    if (refusal !== undefined) return yield* refuse(method, refusal)
    const before = standing.find(({ recordSet }) => recordSet.type === wanted.type)
    if (before?.untouchable !== undefined) return yield* untouchable(method, before)
    if (same(before?.recordSet, wanted)) return
    if (
      wanted.ttl !== undefined &&
      wanted.ttl < capabilities.minTtl &&
      wanted.ttl !== before?.recordSet.ttl
    ) {
      const detail = `${provider} takes no TTL under ${capabilities.minTtl} seconds, and ${wanted.ttl} is asked for`
      return yield* fail(method, "Invalid", detail)
    }
    yield* settled(method, zone, before, wanted)
  })

  const remove = Effect.fn("dns.remove")(function* (zone: Zone, expected: RecordSet) {
    const method = "remove"
    const ours = stored(expected)
    const before = yield* standingAt(method, zone, ours)
    // A run that was killed between the two may have left the mark.
    if (before === undefined) return yield* api.tidy?.(method, zone, ours.name, ours.type) ?? Effect.void
    const refusal = refuseRemove(before.recordSet, ours)
    if (refusal !== undefined) return yield* refuse(method, refusal)
    if (before.untouchable !== undefined) return yield* untouchable(method, before)
    yield* settled(method, zone, before, undefined)
  })

  const told = Effect.mapError(api.told)
  return DnsClient.of({
    provider,
    capabilities,
    findZone: (name) =>
      findZones([name]).pipe(
        Effect.flatMap(([zone]) =>
          zone === undefined
            ? fail("findZone", "ZoneNotFound", `no zone of this account holds ${name}`)
            : Effect.succeed(zone)
        ),
        told
      ),
    findZones: flow(findZones, told),
    listAt: flow(listAt, told),
    listCommented: flow(listCommented, told),
    put: flow(put, told),
    remove: flow(remove, told)
  })
}
