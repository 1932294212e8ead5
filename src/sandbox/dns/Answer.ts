/** What an authoritative name server answers: RFC 1034 section 4.3.2, RFC 2308, RFC 4592, RFC 6891. Pure. */
import * as dnsPacket from "dns-packet"
import type * as DnsPacket from "dns-packet"
import { toAnswer } from "./Content.ts"
import { isWithin, type Zone, type ZoneRecordSet } from "./Zone.ts"

const Rcode = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5
} as const

/** What this server offers to take over UDP, and the most it sends there (no fragments). */
const udpPayloadSize = 1232

const opcodeMask = 0x7800
const maxCnames = 8

interface Section {
  readonly rcode: number
  readonly authoritative: boolean
  readonly answers: ReadonlyArray<DnsPacket.Answer>
  readonly authorities: ReadonlyArray<DnsPacket.Answer>
  readonly additionals: ReadonlyArray<DnsPacket.Answer>
}

const empty: Section = {
  rcode: Rcode.noError,
  authoritative: true,
  answers: [],
  authorities: [],
  additionals: []
}

const withoutDot = (name: string): string => (name === "." ? name : name.replace(/\.$/, ""))
const absolute = (name: string): string =>
  (name === "." || name === "" ? "." : `${withoutDot(name)}.`).toLowerCase()

/** Longest first. */
const zoneFor = (zones: ReadonlyArray<Zone>, name: string): Zone | undefined =>
  zones
    .filter((zone) => isWithin(name, zone.name))
    .toSorted((a, b) => b.name.length - a.name.length)
    .at(0)

const at = (zone: Zone, name: string): ReadonlyArray<ZoneRecordSet> =>
  zone.rrsets.filter(
    (set) => set.name.toLowerCase() === name && set.records.some((record) => !record.disabled)
  )

/** True also where only names below exist: such a name is there and has no data (RFC 8020). */
const exists = (zone: Zone, name: string): boolean =>
  zone.rrsets.some((set) => set.records.some((record) => !record.disabled) && isWithin(set.name, name))

const rendered = (set: ZoneRecordSet, owner: string, ttl = set.ttl): ReadonlyArray<DnsPacket.Answer> =>
  set.records.flatMap((record) => {
    if (record.disabled) return []
    const answer = toAnswer(withoutDot(owner), set.type, ttl, record.content)
    return "problem" in answer ? [] : [answer]
  })

/** The SOA of a negative answer: its TTL is how long the "no" may be remembered (RFC 2308 section 3). */
const negative = (zone: Zone): ReadonlyArray<DnsPacket.Answer> =>
  at(zone, zone.name.toLowerCase())
    .filter((set) => set.type === "SOA")
    .flatMap((set) => {
      const minimum = Number(set.records[0]?.content.split(/\s+/)[6] ?? set.ttl)
      return rendered(set, zone.name, Math.min(set.ttl, minimum))
    })

const ancestors = (name: string, apex: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let at = name; at !== apex && at.includes("."); at = at.slice(at.indexOf(".") + 1)) found.push(at)
  return found
}

/** The NS record set of the highest cut between the apex and `name`. */
const delegationOf = (zone: Zone, name: string): ZoneRecordSet | undefined =>
  ancestors(name, zone.name.toLowerCase())
    .toReversed()
    .flatMap((owner) => at(zone, owner).filter((set) => set.type === "NS"))
    .at(0)

/** The record sets that answer for `name`: its own, or those of the wildcard at its closest encloser. */
const matching = (zone: Zone, name: string): ReadonlyArray<ZoneRecordSet> | undefined => {
  if (exists(zone, name)) return at(zone, name)
  const apex = zone.name.toLowerCase()
  const encloser = [...ancestors(name, apex).slice(1), apex].find((owner) => exists(zone, owner)) ?? apex
  const wildcard = at(zone, `*.${encloser}`)
  return wildcard.length > 0 ? wildcard : undefined
}

/** The addresses of the names that an answer points at, as far as the zone has them. */
const glue = (zone: Zone, answers: ReadonlyArray<DnsPacket.Answer>): ReadonlyArray<DnsPacket.Answer> =>
  answers
    .flatMap((answer) => {
      if (answer.type === "NS") return [answer.data]
      if (answer.type === "MX") return [answer.data.exchange]
      return answer.type === "SRV" ? [answer.data.target] : []
    })
    .flatMap((target) => at(zone, absolute(target)))
    .filter((set) => set.type === "A" || set.type === "AAAA")
    .flatMap((set) => rendered(set, set.name))

const referral = (zone: Zone, cut: ZoneRecordSet): Section => {
  const authorities = rendered(cut, cut.name)
  return { ...empty, authoritative: false, authorities, additionals: glue(zone, authorities) }
}

const lookup = (zones: ReadonlyArray<Zone>, owner: string, type: string, hops: number): Section => {
  const name = absolute(owner)
  const zone = zoneFor(zones, name)
  if (zone === undefined) return { ...empty, rcode: Rcode.refused, authoritative: false }
  const cut = delegationOf(zone, name)
  if (cut !== undefined) return referral(zone, cut)
  const sets = matching(zone, name)
  if (sets === undefined) return { ...empty, rcode: Rcode.noSuchName, authorities: negative(zone) }
  const wanted = sets.filter((set) => type === "ANY" || set.type === type)
  if (wanted.length > 0) {
    const answers = wanted.flatMap((set) => rendered(set, owner))
    return { ...empty, answers, additionals: glue(zone, answers) }
  }
  const alias = sets.find((set) => set.type === "CNAME")
  const target = alias?.records.find((record) => !record.disabled)?.content
  if (alias === undefined || target === undefined) return { ...empty, authorities: negative(zone) }
  const own = rendered(alias, owner)
  const next = hops === 0 ? { ...empty, rcode: Rcode.refused } : lookup(zones, target, type, hops - 1)
  // Outside of our zones the chase is the asker's own business.
  if (next.rcode === Rcode.refused) return { ...empty, answers: own }
  return { ...next, authoritative: true, answers: [...own, ...next.answers] }
}

/**
 * The addresses that `name` leads to through these zones, as a resolver would find them.
 */
export const addressesOf = (zones: ReadonlyArray<Zone>, name: string): ReadonlyArray<string> =>
  ["A", "AAAA"].flatMap((type) =>
    lookup(zones, name, type, maxCnames).answers.flatMap((answer) =>
      answer.type === "A" || answer.type === "AAAA" ? [answer.data] : []
    )
  )

const reply = (query: DnsPacket.DecodedPacket, section: Section, limit: number): Buffer => {
  const opt = query.additionals?.find((extra) => extra.type === "OPT")
  const additionals: ReadonlyArray<DnsPacket.Answer> =
    opt === undefined
      ? section.additionals
      : [
          ...section.additionals,
          {
            type: "OPT",
            name: ".",
            udpPayloadSize,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: []
          }
        ]
  const flags =
    ((query.flags ?? 0) & (opcodeMask | dnsPacket.RECURSION_DESIRED)) |
    section.rcode |
    (section.authoritative ? dnsPacket.AUTHORITATIVE_ANSWER : 0)
  const packet: DnsPacket.Packet = {
    type: "response",
    id: query.id,
    flags,
    questions: query.questions,
    answers: [...section.answers],
    authorities: [...section.authorities],
    additionals: [...additionals]
  }
  const encoded = dnsPacket.encode(packet)
  if (encoded.length <= limit) return encoded
  return dnsPacket.encode({
    ...packet,
    flags: flags | dnsPacket.TRUNCATED_RESPONSE,
    answers: [],
    authorities: [],
    additionals: additionals.filter((extra) => extra.type === "OPT")
  })
}

const refusal = (rcode: number): Section => ({ ...empty, rcode, authoritative: false })

/** The most bytes a reply to `query` may have. */
const limitOf = (query: DnsPacket.DecodedPacket, transport: "udp" | "tcp"): number => {
  if (transport === "tcp") return 65_535
  const opt = query.additionals?.find((extra) => extra.type === "OPT")
  const offered = opt?.type === "OPT" ? opt.udpPayloadSize : 512
  return Math.min(Math.max(offered, 512), udpPayloadSize)
}

/** A query as far as it could be read; `undefined` is not worth an answer (no header, or itself an answer). */
export const readQuery = (message: Buffer): DnsPacket.DecodedPacket | "malformed" | undefined => {
  if (message.length < 12) return undefined
  try {
    const query = dnsPacket.decode(message)
    return query.flag_qr ? undefined : query
  } catch {
    return "malformed"
  }
}

/** FORMERR to a message of which only the id could be read. */
export const malformedReply = (message: Buffer): Buffer =>
  dnsPacket.encode({ type: "response", id: message.readUInt16BE(0), flags: Rcode.formatError })

/** The wire form of an answer without data: `server-failure` or `refused`. */
export const failureReply = (query: DnsPacket.DecodedPacket, kind: "servfail" | "refuse"): Buffer =>
  reply(query, refusal(kind === "servfail" ? Rcode.serverFailure : Rcode.refused), 65_535)

/** The wire form of the answer to `query` from `zones`. Recursion is never offered. */
export const answer = (
  zones: ReadonlyArray<Zone>,
  query: DnsPacket.DecodedPacket,
  transport: "udp" | "tcp"
): Buffer => {
  const limit = limitOf(query, transport)
  const [question, ...others] = query.questions ?? []
  if (((query.flags ?? 0) & opcodeMask) !== 0) return reply(query, refusal(Rcode.notImplemented), limit)
  if (question === undefined || others.length > 0) return reply(query, refusal(Rcode.formatError), limit)
  if (question.class !== undefined && question.class !== "IN")
    return reply(query, refusal(Rcode.refused), limit)
  if (question.type === "AXFR" || question.type === "IXFR") return reply(query, refusal(Rcode.refused), limit)
  return reply(query, lookup(zones, question.name, question.type, maxCnames), limit)
}
