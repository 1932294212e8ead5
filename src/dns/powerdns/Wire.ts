/** The JSON of the PowerDNS authoritative API and the presentation form of its records. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { RecordSet } from "../DnsClient.ts"
import { canonicalValue, normalizeName } from "../Name.ts"
import { toContent } from "../records/Content.ts"
import { unquoteText } from "../Text.ts"

/**
 * An id that PowerDNS makes, safe to stand in a path: the name, with `=XX` for all but letters, digits, `.` and `-`
 * (apiZoneNameToId in pdns/ws-api.cc). `.` and `..`, which would make another path, are never one.
 */
const ZoneId = Schema.String.pipe(Schema.pattern(/^(?!\.+$)[A-Za-z0-9._=-]{1,1100}$/))

export const Zones = Schema.Array(
  Schema.Struct({ id: ZoneId, name: Schema.String, kind: Schema.optional(Schema.String) })
)

const Comment = Schema.Struct({
  content: Schema.String,
  account: Schema.optionalWith(Schema.String, { default: () => "" }),
  modified_at: Schema.optional(Schema.Number)
})

export const RrSet = Schema.Struct({
  name: Schema.String,
  type: Schema.String,
  ttl: Schema.NonNegativeInt,
  records: Schema.Array(
    Schema.Struct({
      content: Schema.String,
      disabled: Schema.optionalWith(Schema.Boolean, { default: () => false })
    })
  ),
  comments: Schema.optionalWith(Schema.Array(Comment), { default: () => [] })
})
export type RrSet = typeof RrSet.Type

export const ZoneWithRecords = Schema.Struct({ rrsets: Schema.Array(RrSet) })

export const Failure = Schema.parseJson(Schema.Struct({ error: Schema.String }))

/** The account that fabrik's comments carry; those of other accounts are kept and never shown. */
const account = "fabrik"

export const withDot = (name: string): string => `${name}.`

export const withoutDot = (name: string): string =>
  Option.getOrElse(normalizeName(name), () => name.toLowerCase().replace(/\.$/, ""))

/** A record that is kept and not served counts as there, and never as equal to a served one. */
const toValue = (type: string, { content, disabled }: RrSet["records"][number]): string =>
  (type === "TXT" ? unquoteText(content) : canonicalValue(type, content)) + (disabled ? " (disabled)" : "")

/** Comments of others. */
const Kept = Schema.parseJson(Schema.Array(Comment))

const isOurs = (comment: typeof Comment.Type): boolean => comment.account === account

const toRecordSet = (rrset: RrSet): RecordSet => {
  const others = rrset.comments.filter((comment) => !isOurs(comment))
  return {
    name: withoutDot(rrset.name),
    type: rrset.type,
    ttl: rrset.ttl,
    values: rrset.records.map((record) => toValue(rrset.type, record)),
    proxied: false,
    comment: rrset.comments.find(isOurs)?.content,
    ...(others.length === 0 ? {} : { kept: Schema.encodeSync(Kept)(others) })
  }
}

/** A record set that has comments and no records is none. */
export const toRecordSets = (rrsets: ReadonlyArray<RrSet>): ReadonlyArray<RecordSet> =>
  rrsets.filter(({ records }) => records.length > 0).map(toRecordSet)

/** @param before what stands there: comments of others are sent along, as a REPLACE drops those that are not. */
export const replacing = (wanted: RecordSet, before: RrSet | undefined) => {
  const others =
    before?.comments.filter((comment) => !isOurs(comment)) ??
    Option.getOrElse(Schema.decodeUnknownOption(Kept)(wanted.kept), () => [])
  const ours = wanted.comment === undefined ? [] : [{ content: wanted.comment, account }]
  const comments = [...ours, ...others]
  // Some backends have no comments and refuse even an empty list of them.
  const carried = comments.length === 0 && (before?.comments.length ?? 0) === 0 ? {} : { comments }
  return {
    name: withDot(wanted.name),
    type: wanted.type,
    ttl: wanted.ttl,
    changetype: "REPLACE",
    records: wanted.values.map((value) => ({ content: toContent(wanted.type, value), disabled: false })),
    ...carried
  }
}

export const deleting = ({ name, type }: RecordSet) => ({ name: withDot(name), type, changetype: "DELETE" })
