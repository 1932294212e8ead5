/**
 * Marks for a provider whose records have no comments: a TXT record set beside each marked one, at a label of its own.
 *
 * `_fabrik-a.www.example.com TXT "v=fabrik1 h=<digest of the values> <the comment>"` says whose the A records of
 * www.example.com are. The name tells the type, as a CNAME bears nothing beside it and A and AAAA are two record sets;
 * `*.example.com` is marked at `_fabrik-a-wildcard.example.com`, which no other name is. A mark holds for the values it
 * was made for: should somebody remove the record and make another, that one is not fabrik's. So a mark may be written
 * before its record without ever claiming a stranger's; where there is one transaction, both are in it.
 */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import type { RecordSet, Zone } from "../DnsClient.ts"
import { DnsError } from "../DnsError.ts"
import { canonicalValue, recordTypes } from "../Name.ts"
import type { RecordsApi, SetChange, Standing } from "./RecordsApi.ts"

/** The types whose marks are looked for at any name; where each takes a request, others are where they are asked for. */
const usual: ReadonlyArray<string> = ["A", "AAAA", "CNAME", "TXT"]
const longestName = 253

/** Where the mark of the record set stands. */
const markName = (name: string, type: string): string =>
  name.startsWith("*.")
    ? `_fabrik-${type.toLowerCase()}-wildcard${name.slice(1)}`
    : `_fabrik-${type.toLowerCase()}.${name}`

/** Which values a mark is for: neither their order nor the TTL, which people change without taking the record over. */
const digest = ({ type, values }: RecordSet): string =>
  createHash("sha256")
    .update(
      JSON.stringify([type, [...new Set(values.map((value) => canonicalValue(type, value)))].toSorted()])
    )
    .digest("hex")
    .slice(0, 16)

const claimForm = /^v=fabrik1 h=([0-9a-f]{16}) (.*)$/su

const claimOf = (recordSet: RecordSet | undefined): ReadonlyArray<string> =>
  recordSet?.comment === undefined ? [] : [`v=fabrik1 h=${digest(recordSet)} ${recordSet.comment}`]

/** What the mark says of this record set. */
const commentIn = (mark: RecordSet | undefined, recordSet: RecordSet): string | undefined => {
  const wanted = digest(recordSet)
  const claims = mark?.values.flatMap((value) => {
    const [, made, comment] = claimForm.exec(value) ?? []
    return made === wanted && comment !== undefined ? [comment] : []
  })
  return claims?.at(0)
}

const plain = (recordSet: RecordSet): RecordSet => ({ ...recordSet, comment: undefined })

const sameText = (left: RecordSet | undefined, right: RecordSet | undefined): boolean =>
  JSON.stringify(left?.values.toSorted() ?? []) === JSON.stringify(right?.values.toSorted() ?? [])

const txtAt = <Raw>(name: string, all: ReadonlyArray<Standing<Raw>>): Standing<Raw> | undefined =>
  all.find(({ recordSet }) => recordSet.name === name && recordSet.type === "TXT")

const withComments = <Raw>(
  of: ReadonlyArray<Standing<Raw>>,
  marks: ReadonlyArray<Standing<Raw>>
): ReadonlyArray<Standing<Raw>> => {
  const texts = new Map(
    marks.flatMap(({ recordSet }) => (recordSet.type === "TXT" ? [[recordSet.name, recordSet]] : []))
  )
  return of.map((standing) => {
    const { recordSet } = standing
    const comment = commentIn(texts.get(markName(recordSet.name, recordSet.type)), recordSet)
    return { ...standing, recordSet: { ...recordSet, comment } }
  })
}

export const withMarks = <Raw>(api: RecordsApi<Raw>): RecordsApi<Raw> => {
  const { provider } = api

  const at = Effect.fnUntraced(function* (
    method: string,
    zone: Zone,
    names: ReadonlyArray<string>,
    types: ReadonlyArray<string> = []
  ) {
    if (api.reads === "zone") {
      const marks = names.flatMap((name) => recordTypes.map((type) => markName(name, type)))
      const all = yield* api.at(method, zone, [...names, ...marks])
      return withComments(
        all.filter(({ recordSet }) => names.includes(recordSet.name)),
        all
      )
    }
    const standing = yield* api.at(method, zone, names)
    const marks = standing.flatMap(({ recordSet: { name, type } }) =>
      usual.includes(type) || types.includes(type) ? [markName(name, type)] : []
    )
    return withComments(standing, marks.length === 0 ? [] : yield* api.at(method, zone, marks))
  })

  /** The change from the mark that stands to one with these claims; values that are no claims stay. */
  const markChange = Effect.fnUntraced(function* (
    method: string,
    zone: Zone,
    { name, type }: RecordSet,
    claims: ReadonlyArray<string>
  ) {
    const place = markName(name, type)
    const before = txtAt(place, yield* api.at(method, zone, [place]))
    const others = before?.recordSet.values.filter((value) => !claimForm.test(value)) ?? []
    const values = [...others, ...claims]
    const ttl = before === undefined ? api.capabilities.automaticTtl : before.recordSet.ttl
    const wanted: RecordSet | undefined =
      values.length === 0
        ? undefined
        : { name: place, type: "TXT", ttl, values, proxied: false, comment: undefined }
    return sameText(before?.recordSet, wanted) ? [] : [{ before, wanted }]
  })

  const mark = (method: string, zone: Zone, subject: RecordSet, claims: ReadonlyArray<string>) =>
    Effect.flatMap(markChange(method, zone, subject, claims), (changes) =>
      changes.length === 0 ? Effect.void : api.change(method, zone, changes)
    )

  const one = Effect.fnUntraced(function* (method: string, zone: Zone, { before, wanted }: SetChange<Raw>) {
    const subject = wanted ?? before?.recordSet
    if (subject === undefined) return
    const claims = claimOf(wanted)
    if (claims.length > 0 && markName(subject.name, subject.type).length > longestName) {
      const detail = `${subject.name} is too long to stand beside its mark ${markName(subject.name, subject.type)}`
      return yield* new DnsError({ provider, method, reason: "Invalid", detail })
    }
    const isSame =
      before !== undefined &&
      wanted !== undefined &&
      before.recordSet.ttl === wanted.ttl &&
      digest(before.recordSet) === digest(wanted)
    const record = isSame ? [] : [{ before, wanted: wanted === undefined ? undefined : plain(wanted) }]
    const together = [...record, ...(yield* markChange(method, zone, subject, claims))]
    if (api.atomic(together)) return yield* api.change(method, zone, together)
    // At no time does a record stand there whose mark is missing, or a mark that claims what is not fabrik's.
    if (claims.length > 0) {
      yield* mark(method, zone, subject, [...new Set([...claims, ...claimOf(before?.recordSet)])])
    }
    if (record.length > 0) yield* api.change(method, zone, record)
    yield* mark(method, zone, subject, claims)
  })

  return {
    ...api,
    capabilities: { ...api.capabilities, comments: true },
    at,
    all: (method, zone) => Effect.map(api.all(method, zone), (all) => withComments(all, all)),
    change: (method, zone, changes) =>
      Effect.forEach(changes, (change) => one(method, zone, change), { discard: true }),
    // The mark goes with its record: put where there is a comment to keep, otherwise removed.
    atomic: (changes) =>
      changes.length < 2 &&
      changes.every((one) =>
        api.atomic([one, { ...one, wanted: one.wanted?.comment === undefined ? undefined : one.wanted }])
      ),
    tidy: Effect.fnUntraced(function* (method, zone, name, type) {
      const standing = (yield* at(method, zone, [name], [type])).find(
        ({ recordSet }) => recordSet.type === type
      )
      const subject = { name, type, ttl: undefined, values: [], proxied: false, comment: undefined }
      yield* mark(method, zone, standing?.recordSet ?? subject, claimOf(standing?.recordSet))
    })
  }
}
