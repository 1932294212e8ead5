/** The JSON of Cloudflare's API v4 and how its single records make up record sets. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { RecordSet } from "../DnsClient.ts"
import { caaFields, caaValue, canonicalValue, isAddressing, normalizeName } from "../Name.ts"
import { hostFields } from "../records/Content.ts"
import { quoteText, unquoteText } from "../Text.ts"

/** An id of Cloudflare's (32 hexadecimal digits), safe to stand in a path. */
const Id = Schema.String.pipe(Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/))

export const Zone = Schema.Struct({
  id: Id,
  name: Schema.String,
  status: Schema.optional(Schema.String),
  type: Schema.optional(Schema.NullOr(Schema.String))
})
export type Zone = typeof Zone.Type

export const CloudflareRecord = Schema.Struct({
  id: Id,
  name: Schema.String,
  type: Schema.String,
  content: Schema.optionalWith(Schema.String, { default: () => "" }),
  ttl: Schema.NonNegativeInt,
  proxied: Schema.optionalWith(Schema.Boolean, { default: () => false }),
  comment: Schema.optional(Schema.NullOr(Schema.String)),
  priority: Schema.optional(Schema.NullOr(Schema.Number)),
  /** The fields of an SRV or CAA record, which takes them in the place of a content. */
  data: Schema.optional(Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.Unknown }))),
  tags: Schema.optional(Schema.NullOr(Schema.Array(Schema.String))),
  settings: Schema.optional(Schema.NullOr(Schema.Record({ key: Schema.String, value: Schema.Unknown })))
})
export type CloudflareRecord = typeof CloudflareRecord.Type

/** The frame around every answer. */
export const envelope = <A, I>(result: Schema.Schema<A, I>) =>
  Schema.Struct({
    result,
    result_info: Schema.optional(
      Schema.NullOr(Schema.Struct({ total_pages: Schema.optional(Schema.Number) }))
    )
  })

/** Only the created records matter; the API echoes the other changes too. */
export const BatchResult = Schema.Struct({
  posts: Schema.optionalWith(Schema.NullOr(Schema.Array(Schema.Struct({ id: Id }))), {
    default: () => null
  })
})

/** How an answer says no, whatever its status. */
export const Refusal = Schema.Struct({
  success: Schema.Boolean,
  errors: Schema.optionalWith(
    Schema.Array(
      Schema.Struct({
        code: Schema.Number,
        message: Schema.optionalWith(Schema.String, { default: () => "" })
      })
    ),
    { default: () => [] }
  )
})

export const Failure = Schema.parseJson(Refusal)

/** The TTL that means "automatic" (300 s, or the proxy's). */
const automatic = 1

export const normalName = (wireName: string): string =>
  Option.getOrElse(normalizeName(wireName), () => wireName.toLowerCase())

export const sameName = (wireName: string, name: string): boolean => normalName(wireName) === name

const SrvData = Schema.Struct({
  priority: Schema.Number,
  weight: Schema.Number,
  port: Schema.Number,
  target: Schema.String
})
const CaaData = Schema.Struct({ flags: Schema.Number, tag: Schema.String, value: Schema.String })
const srvIn = Schema.decodeUnknownOption(SrvData)
const caaIn = Schema.decodeUnknownOption(CaaData)

const toValue = ({ type, content, data, priority }: CloudflareRecord): string => {
  if (type === "TXT") return unquoteText(content)
  const srv = type === "SRV" ? srvIn(data) : Option.none()
  if (Option.isSome(srv)) {
    const { port, priority, target, weight } = srv.value
    return canonicalValue(type, `${priority} ${weight} ${port} ${target}`)
  }
  const caa = type === "CAA" ? caaIn(data) : Option.none()
  if (Option.isSome(caa)) return canonicalValue(type, caaValue(caa.value))
  const value = canonicalValue(type, content)
  return type === "MX" && typeof priority === "number" ? `${priority} ${value}` : value
}

const ttlOf = ({ ttl }: CloudflareRecord) => (ttl === automatic ? undefined : ttl)
const commentOf = ({ comment }: CloudflareRecord) =>
  comment === null || comment === "" ? undefined : comment

/** Tags and settings of each value that has any. */
const Kept = Schema.parseJson(
  Schema.Record({
    key: Schema.String,
    value: Schema.Struct({
      tags: Schema.optional(Schema.Array(Schema.String)),
      settings: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
    })
  })
)

const keptOf = (records: ReadonlyArray<CloudflareRecord>): { readonly kept?: string } => {
  const all = records.flatMap((record) => {
    const { settings, tags } = record
    const extra = {
      ...(tags === undefined || tags === null || tags.length === 0 ? {} : { tags }),
      ...(settings === undefined || settings === null || Object.keys(settings).length === 0
        ? {}
        : { settings })
    }
    return Object.keys(extra).length === 0 ? [] : [[toValue(record), extra] as const]
  })
  return all.length === 0 ? {} : { kept: Schema.encodeSync(Kept)(Object.fromEntries(all)) }
}

/** Records of one name, by type. Where records of a set differ, the first one speaks for all: see {@link isMixed}. */
export const toRecordSets = (
  name: string,
  records: ReadonlyArray<CloudflareRecord>
): ReadonlyArray<RecordSet> =>
  [...new Set(records.map(({ type }) => type))].flatMap((type) => {
    const members = records.filter((record) => record.type === type)
    const [first] = members
    if (first === undefined) return []
    const { proxied } = first
    return {
      name,
      type,
      ttl: ttlOf(first),
      values: members.map(toValue),
      proxied,
      comment: commentOf(first),
      ...keptOf(members)
    }
  })

/** Whether the records differ in more than their value, which a record set cannot express and thus not restore. */
export const isMixed = (records: ReadonlyArray<CloudflareRecord>): boolean =>
  new Set(records.map((record) => JSON.stringify([ttlOf(record), record.proxied, commentOf(record) ?? null])))
    .size > 1

const fields = (wanted: RecordSet) => ({
  ttl: wanted.ttl ?? automatic,
  comment: wanted.comment ?? "",
  ...(isAddressing(wanted.type) ? { proxied: wanted.proxied } : {})
})

const contentOf = (type: string, value: string) => {
  const { host, numbers } = hostFields(canonicalValue(type, value))
  const [priority, weight, port] = numbers
  switch (type) {
    case "TXT":
      return { content: quoteText(value) }
    case "MX":
      return { content: host, priority }
    case "SRV":
      return { data: { priority, weight, port, target: host } }
    case "CAA":
      return { data: caaFields(value) }
    default:
      return { content: canonicalValue(type, value) }
  }
}

/** A value may be given twice, a record may not. */
const distinct = (type: string, values: ReadonlyArray<string>) => [
  ...new Map(values.map((value) => [canonicalValue(type, value), value])).values()
]

/**
 * The changes that turn the records of one name and type into `wanted`. A PATCH keeps what it does not name (tags,
 * settings), so a changed value takes over the record of a dropped one instead of deleting it.
 */
export const batchTowards = (current: ReadonlyArray<CloudflareRecord>, wanted: RecordSet) => {
  const { type } = wanted
  const isOf = (record: CloudflareRecord) => (value: string) =>
    canonicalValue(type, value) === canonicalValue(type, toValue(record))
  const values = distinct(type, wanted.values)
  const kept = current.filter((record) => values.some(isOf(record)))
  const free = current.filter((record) => !kept.includes(record))
  const missing = values.filter((value) => !kept.some((record) => isOf(record)(value)))
  const extras = Option.getOrElse(Schema.decodeUnknownOption(Kept)(wanted.kept), (): typeof Kept.Type => ({}))
  const made = (value: string) => ({ ...fields(wanted), ...contentOf(type, value), ...extras[value] })
  return {
    deletes: free.slice(missing.length).map(({ id }) => ({ id })),
    patches: [
      ...kept
        .filter((record) => isMixed([record, { ...record, ...fields(wanted) }]))
        .map(({ id }) => ({ id, ...fields(wanted) })),
      ...free.flatMap(({ id }, index) => {
        const value = missing[index]
        return value === undefined ? [] : [{ id, ...made(value) }]
      })
    ],
    posts: missing.slice(free.length).map((value) => ({ name: wanted.name, type, ...made(value) }))
  }
}
