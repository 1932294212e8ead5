/**
 * Dynamic updates (RFC 2136), signed with TSIG (RFC 8945), to the primary server of a zone. Its prerequisites compare and
 * set: several record sets change together if all stand as they were seen. The zone is read by a transfer (RFC 5936): a
 * question would also show what a wildcard makes up. Replies without a right signature are not believed.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as DnsPacket from "dns-packet"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { DnsClient, type RecordSet, type Zone } from "../DnsClient.ts"
import { DnsError, type DnsErrorReason } from "../DnsError.ts"
import { caaFields, caaValue, canonicalValue, isCaaTag, normalizeName } from "../Name.ts"
import { clientOver } from "../records/Client.ts"
import { hostFields, normalName } from "../records/Content.ts"
import { withMarks } from "../records/Marks.ts"
import type { RecordsApi, SetChange, Standing } from "../records/RecordsApi.ts"
import { rfc2136 } from "./Provider.ts"
import { ask } from "./Stream.ts"
import { areGenuine, digests, encodeName, findTsig, sign, type TsigKey, u16, unsigned } from "./Tsig.ts"

const { capabilities, name: provider } = rfc2136

type Answer = Exclude<DnsPacket.Answer, DnsPacket.OptAnswer>

const isAnswer = (answer: DnsPacket.Answer): answer is Answer => answer.type !== "OPT"

const classes = { in: 1, none: 254, any: 255 } as const
const types = new Map([
  ["A", 1],
  ["CNAME", 5],
  ["MX", 15],
  ["TXT", 16],
  ["AAAA", 28],
  ["SRV", 33],
  ["CAA", 257]
])
const soa = 6
const transfer = 252
const opcodeUpdate = 5 << 11

const meaning = new Map<number, readonly [DnsErrorReason, string]>([
  [1, ["Invalid", "FORMERR: the name server does not understand the update"]],
  [2, ["Unavailable", "SERVFAIL: the name server has failed"]],
  [3, ["Conflict", "NXDOMAIN: the name is gone"]],
  [4, ["Invalid", "NOTIMP: the name server takes no updates"]],
  [5, ["Forbidden", "REFUSED: the name server does not allow it"]],
  [6, ["Conflict", "YXDOMAIN: there are records at the name"]],
  [7, ["Conflict", "YXRRSET: the record set exists already"]],
  [8, ["Conflict", "NXRRSET: the record set is not what was expected"]],
  [9, ["ZoneNotFound", "NOTAUTH: the name server is not the primary of the zone"]],
  [10, ["Invalid", "NOTZONE: the name is not in the zone"]]
])
const tsigErrors = new Map([
  [16, "BADSIG: the secret is wrong"],
  [17, "BADKEY: the name server does not know the key"],
  [18, "BADTIME: the clocks are too far apart"]
])

const valueOf = (answer: Answer): string => {
  switch (answer.type) {
    case "A":
    case "AAAA":
    case "CNAME":
    case "NS":
    case "PTR":
    case "DNAME":
      return canonicalValue(answer.type, answer.data)
    case "TXT":
      return Buffer.concat([answer.data].flat().map((each) => Buffer.from(each))).toString("utf8")
    case "MX":
      return canonicalValue("MX", `${answer.data.preference ?? 0} ${answer.data.exchange || "."}`)
    case "SRV": {
      const { port, priority = 0, target, weight = 0 } = answer.data
      return canonicalValue("SRV", `${priority} ${weight} ${port} ${target || "."}`)
    }
    case "CAA": {
      const { flags = 0, tag, value } = answer.data
      return canonicalValue("CAA", caaValue({ flags, tag, value }))
    }
    default:
      return JSON.stringify(answer.data)
  }
}

/** An answer on the wire, with the class and the TTL that its place in an update asks for. */
const wire = (answer: Answer, ttl: number): Buffer =>
  DnsPacket.encode({ type: "response", answers: [{ ...answer, class: "IN", ttl }] }).subarray(12)

const bare = ({ name, type }: Pick<RecordSet, "name" | "type">, cls: number): Buffer =>
  Buffer.concat([encodeName(name), u16(types.get(type) ?? 255), u16(cls), Buffer.alloc(6)])

const chunks = (text: string): Array<Buffer> => {
  const bytes = Buffer.from(text)
  return Array.from({ length: Math.max(1, Math.ceil(bytes.length / 255)) }, (_, index) =>
    bytes.subarray(index * 255, (index + 1) * 255)
  )
}

const answersFor = ({ name, type, values }: RecordSet): ReadonlyArray<Answer> =>
  [...new Map(values.map((value) => [canonicalValue(type, value), value])).values()].flatMap(
    (value): ReadonlyArray<Answer> => {
      const { host, numbers } = hostFields(canonicalValue(type, value))
      const [first = 0, weight = 0, port = 0] = numbers
      switch (type) {
        case "A":
        case "AAAA":
        case "CNAME":
          return [{ type, name, data: value }]
        case "TXT":
          return [{ type, name, data: chunks(value) }]
        case "MX":
          return [{ type, name, data: { preference: first, exchange: host } }]
        case "SRV":
          return [{ type, name, data: { priority: first, weight, port, target: host } }]
        case "CAA": {
          const { flags = 0, tag = "", value: text = "" } = caaFields(value) ?? {}
          return isCaaTag(tag) ? [{ type, name, data: { flags, tag, value: text } }] : []
        }
        default:
          return []
      }
    }
  )

const parts = ({ before, wanted }: SetChange<ReadonlyArray<Answer>>) => {
  const subject = wanted ?? before?.recordSet
  if (subject === undefined) return { prerequisites: [], updates: [] }
  const excludes = wanted?.type === "CNAME" ? [] : [bare({ name: subject.name, type: "CNAME" }, classes.none)]
  return {
    prerequisites: [
      ...(before === undefined
        ? [
            wanted?.type === "CNAME"
              ? bare({ ...subject, type: "ANY" }, classes.none)
              : bare(subject, classes.none)
          ]
        : before.raw.map((answer) => wire(answer, 0))),
      // A server would take what cannot stand beside a CNAME, and do nothing.
      ...(wanted === undefined ? [] : excludes)
    ],
    updates: [
      ...(before === undefined ? [] : [bare(subject, classes.any)]),
      ...(wanted === undefined
        ? []
        : answersFor(wanted).map((answer) => wire(answer, wanted.ttl ?? capabilities.automaticTtl ?? 300)))
    ]
  }
}

const header = (id: number, flags: number, counts: readonly [number, number, number, number]): Buffer =>
  Buffer.concat([id, flags, ...counts].map(u16))

const decode = Option.liftThrowable((message: Buffer) => {
  const tsig = findTsig(message)
  return { tsig, packet: DnsPacket.decode(tsig === undefined ? message : unsigned(message, tsig)) }
})

const rcodeOf = (message: Buffer): number => message.readUInt8(3) & 0x0f

const setsOf = (answers: ReadonlyArray<Answer>): ReadonlyArray<Standing<ReadonlyArray<Answer>>> => {
  const sets = new Map<string, Array<Answer>>()
  for (const answer of answers) {
    const key = `${answer.type} ${normalName(answer.name)}`
    sets.set(key, [...(sets.get(key) ?? []), answer])
  }
  return [...sets.values()].flatMap((members) => {
    const [first] = members
    if (first === undefined) return []
    return {
      recordSet: {
        name: normalName(first.name),
        type: first.type,
        ttl: "ttl" in first ? first.ttl : undefined,
        values: members.map(valueOf),
        proxied: false,
        comment: undefined
      },
      raw: members
    }
  })
}

const fail = (method: string, reason: DnsErrorReason, detail: string) =>
  new DnsError({ provider, method, reason, detail })

const settingsOf = (config: Rfc2136Config) =>
  Either.gen(function* () {
    const bad = (detail: string) => Either.left(fail("connect", "BadConfig", detail))
    const [, v6, host = v6 ?? "", port = "53"] =
      /^(?:\[([0-9a-f:.]+)\]|([^\s:/@]+))(?::(\d{1,5}))?$/i.exec(config.nameServer) ?? []
    if (host === "") return yield* bad("RFC2136_NAMESERVER is not an address, or one with a port")
    const zones = config.zones.split(",").map((zone) => normalizeName(zone.trim()))
    if (zones.some(Option.isNone)) return yield* bad("RFC2136_ZONES has what is no name of a zone")
    if (!digests.has(config.algorithm)) {
      return yield* bad(`RFC2136_TSIG_ALGORITHM is none of ${[...digests.keys()].join(", ")}`)
    }
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(Redacted.value(config.secret))) {
      return yield* bad("RFC2136_TSIG_SECRET is not base64")
    }
    const name = normalizeName(config.keyName)
    if (Option.isNone(name)) return yield* bad("RFC2136_TSIG_KEY is not the name of a key")
    const key: TsigKey = { name: name.value, algorithm: config.algorithm, secret: config.secret }
    return { server: { host, port: Number(port) }, zones: zones.flatMap(Option.toArray), key }
  })

/** The first look may come while the server starts anew. */
const again = Schedule.intersect(Schedule.recurs(2), Schedule.exponential("300 millis"))

const make = Effect.fnUntraced(function* (config: Rfc2136Config) {
  const { key, server, zones } = yield* settingsOf(config)

  const exchange = Effect.fnUntraced(function* (
    method: string,
    message: Buffer,
    write: boolean,
    isLast: (message: Buffer, before: ReadonlyArray<Buffer>) => boolean
  ) {
    const seconds = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const { bytes, mac } = sign(message, key, seconds)
    const doubt = write ? "OutcomeUnknown" : "BadResponse"
    const messages = yield* Effect.mapError(ask(server, bytes, isLast), ({ detail, sent }) =>
      fail(method, sent && write ? "OutcomeUnknown" : "Unavailable", detail)
    )
    const [first] = messages
    const opened = first === undefined ? Option.none() : decode(first)
    if (first === undefined || Option.isNone(opened) || first.readUInt16BE(0) !== message.readUInt16BE(0)) {
      return yield* fail(method, doubt, "the name server's answer cannot be read")
    }
    const { tsig } = opened.value
    const tsigError = tsigErrors.get(tsig?.error ?? 0)
    if (tsigError !== undefined) return yield* fail(method, "Unauthorized", tsigError)
    const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const genuine = Option.getOrElse(
      Option.liftThrowable(() => areGenuine(messages, key, mac, now))(),
      () => false
    )
    const rcode = rcodeOf(first)
    // Who does not know the key cannot sign its refusal: it is believed, as it grants nothing.
    if (!genuine && rcode === 0) {
      return yield* fail(method, doubt, "the name server's answer is not signed with the key")
    }
    const refusal = meaning.get(rcode)
    if (refusal !== undefined) return yield* fail(method, ...refusal)
    if (rcode !== 0) return yield* fail(method, doubt, `the name server answers with the code ${rcode}`)
    return messages
  })
  const id = Random.nextIntBetween(0, 0x10000)

  const all = (method: string, zone: Zone) =>
    Effect.gen(function* () {
      const question = Buffer.concat([encodeName(zone.name), u16(transfer), u16(classes.in)])
      const message = Buffer.concat([header(yield* id, 0, [1, 0, 0, 0]), question])
      const soas = (each: Buffer) =>
        Option.match(decode(each), {
          onNone: () => 0,
          onSome: ({ packet }) => (packet.answers ?? []).filter(({ type }) => type === "SOA").length
        })
      const messages = yield* exchange(method, message, false, (last, before) => {
        // A transfer begins with the SOA and ends with it.
        if (rcodeOf(last) !== 0 || (before.length === 0 && soas(last) === 0)) return true
        return [...before, last].reduce((sum, each) => sum + soas(each), 0) >= 2
      })
      const answers = messages.flatMap((each) =>
        Option.match(decode(each), {
          onNone: () => [],
          onSome: ({ packet }) => (packet.answers ?? []).filter(isAnswer)
        })
      )
      return setsOf(answers.slice(0, -1))
    }).pipe(Effect.retry({ schedule: again, while: ({ reason }) => reason === "Unavailable" }))

  const api: RecordsApi<ReadonlyArray<Answer>> = {
    provider,
    capabilities,
    told: (error) => error,
    zones: () => Effect.succeed(zones.map((name) => ({ id: name, name }))),
    reads: "zone",
    at: (method, zone, names) =>
      Effect.map(all(method, zone), (sets) => sets.filter(({ recordSet }) => names.includes(recordSet.name))),
    all,
    atomic: () => true,
    change: Effect.fnUntraced(function* (method, zone, changes) {
      const made = changes.map(parts)
      const prerequisites = made.flatMap((each) => each.prerequisites)
      const updates = made.flatMap((each) => each.updates)
      const counts = [1, prerequisites.length, updates.length, 0] as const
      const about = [encodeName(zone.name), u16(soa), u16(classes.in)]
      const message = Buffer.concat([
        header(yield* id, opcodeUpdate, counts),
        ...about,
        ...prerequisites,
        ...updates
      ])
      yield* exchange(method, message, true, () => true)
    })
  }
  return clientOver(withMarks(api))
})

interface Rfc2136Config {
  readonly nameServer: string
  readonly zones: string
  readonly keyName: string
  readonly secret: Redacted.Redacted<string>
  readonly algorithm: string
}

/** A DnsClient over zones of one primary name server. */
export const layer = (config: Rfc2136Config): Layer.Layer<DnsClient, DnsError, HttpClient.HttpClient> =>
  Layer.effect(DnsClient, make(config))
