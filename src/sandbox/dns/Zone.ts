/** Zones as the sandbox keeps them. Field names are those of the PowerDNS API; names are absolute, with final dot. */
import * as Schema from "effect/Schema"

const ZoneRecord = Schema.Struct({ content: Schema.String, disabled: Schema.Boolean })

const ZoneComment = Schema.Struct({
  content: Schema.String,
  account: Schema.String,
  /** Seconds since the epoch. */
  modified_at: Schema.Number
})

export const ZoneRecordSet = Schema.Struct({
  name: Schema.String,
  type: Schema.String,
  /** Seconds. */
  ttl: Schema.Number,
  records: Schema.Array(ZoneRecord),
  comments: Schema.Array(ZoneComment)
})
export type ZoneRecordSet = typeof ZoneRecordSet.Type

export const Zone = Schema.Struct({
  name: Schema.String,
  kind: Schema.String,
  account: Schema.String,
  rrsets: Schema.Array(ZoneRecordSet)
})
export type Zone = typeof Zone.Type

/** Whether `name` is `zone` or below it; both with final dot, compared without case. */
export const isWithin = (name: string, zone: string): boolean => {
  const lower = name.toLowerCase()
  const suffix = zone.toLowerCase()
  return lower === suffix || lower.endsWith(suffix === "." ? "." : `.${suffix}`)
}

const soaOf = (zone: Zone): string | undefined =>
  zone.rrsets.find((set) => set.type === "SOA" && set.name === zone.name)?.records[0]?.content

/** The serial of the SOA; 0 without one. */
export const serialOf = (zone: Zone): number => Number(soaOf(zone)?.split(/\s+/)[2] ?? 0)

/** `YYYYMMDDnn`, or one more than the serial that stands (SOA-EDIT-API `DEFAULT`). */
export const nextSerial = (current: number, nowMillis: number): number => {
  const today = Number(new Date(nowMillis).toISOString().slice(0, 10).replaceAll("-", "")) * 100 + 1
  return current >= today ? current + 1 : today
}

const withSerial = (content: string, serial: number | string): string =>
  content
    .split(/\s+/)
    .map((field, i) => (i === 2 ? String(serial) : field))
    .join(" ")

/** The zone with its SOA's serial replaced. */
export const setSerial = (zone: Zone, serial: number): Zone => ({
  ...zone,
  rrsets: zone.rrsets.map((set) =>
    set.type === "SOA" && set.name === zone.name
      ? {
          ...set,
          records: set.records.map((record) => ({ ...record, content: withSerial(record.content, serial) }))
        }
      : set
  )
})

const single = (owner: string, type: string, ttl: number, content: string): ZoneRecordSet => ({
  name: owner,
  type,
  ttl,
  records: [{ content, disabled: false }],
  comments: []
})

/** A zone as a newly made one looks, with name servers and an address for `ns1`. */
export const newZone = (options: {
  readonly name: string
  readonly nameServerAddress: string
  readonly nowMillis: number
}): Zone => {
  const { name } = options
  const serial = nextSerial(0, options.nowMillis)
  return {
    name,
    kind: "Native",
    account: "",
    rrsets: [
      single(name, "SOA", 3600, `ns1.${name} hostmaster.${name} ${serial} 10800 3600 604800 60`),
      single(name, "NS", 3600, `ns1.${name}`),
      single(`ns1.${name}`, "A", 3600, options.nameServerAddress)
    ]
  }
}

/** What a zone holds, sorted and without what changes by itself (the serial, when a comment was written). */
export const ZoneWorld = Schema.Struct({
  name: Schema.String,
  rrsets: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      type: Schema.String,
      ttl: Schema.Number,
      records: Schema.Array(Schema.String),
      comments: Schema.Array(Schema.String)
    })
  )
})

export type ZoneWorld = typeof ZoneWorld.Type

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** All zones as {@link ZoneWorld}s: equal before and after means that nothing is left changed. */
export const worldOf = (zones: ReadonlyArray<Zone>): ReadonlyArray<ZoneWorld> =>
  zones
    .map((zone) => ({
      name: zone.name,
      rrsets: zone.rrsets
        .map((set) => ({
          name: set.name,
          type: set.type,
          ttl: set.ttl,
          records: set.records
            .map(
              ({ content, disabled }) =>
                `${disabled ? "(disabled) " : ""}${set.type === "SOA" ? withSerial(content, "*") : content}`
            )
            .toSorted(byText),
          comments: set.comments
            .map((comment) =>
              comment.account === "" ? comment.content : `${comment.account}: ${comment.content}`
            )
            .toSorted(byText)
        }))
        .toSorted((a, b) => byText(`${a.name} ${a.type}`, `${b.name} ${b.type}`))
    }))
    .toSorted((a, b) => byText(a.name, b.name))
