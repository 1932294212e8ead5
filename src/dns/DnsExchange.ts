/** One DNS question to one server over UDP, again over TCP when the answer was cut. */
import * as DnsPacket from "dns-packet"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { createSocket } from "node:dgram"
import { createConnection, isIPv6 } from "node:net"

export interface DnsServer {
  /** An IP address. */
  readonly host: string
  readonly port: number
}

export interface DnsQuestion {
  readonly name: string
  readonly type: "A" | "AAAA" | "CNAME" | "NS"
  /** Whether the server shall ask others (RD): true for resolvers only. */
  readonly recursive: boolean
  /** Whether the resolver shall leave DNSSEC unchecked (CD). */
  readonly unchecked?: boolean
}

/** `no-route`: this machine cannot reach such addresses at all, which says nothing of the server. */
export class DnsNoReply extends Data.TaggedError("DnsNoReply")<{ readonly reason: "silent" | "no-route" }> {}

export interface DnsReply {
  /** RFC 1035 and 6895: 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED. */
  readonly rcode: number
  readonly authoritative: boolean
  readonly answers: ReadonlyArray<DnsPacket.Answer>
}

const timeout = Duration.seconds(2)
/** What passes every network unfragmented (DNS flag day 2020). */
const udpPayloadSize = 1232
const noRoute = new Set(["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"])

const decode = Option.liftThrowable((buffer: Buffer) => DnsPacket.decode(buffer))

const query = (id: number, { name, type, recursive, unchecked }: DnsQuestion): DnsPacket.Packet => ({
  type: "query",
  id,
  flags:
    (recursive ? DnsPacket.RECURSION_DESIRED : 0) | (unchecked === true ? DnsPacket.CHECKING_DISABLED : 0),
  questions: [{ name, type, class: "IN" }],
  additionals: [
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
})

/** The reply to our question; `None` for anything else that comes in at the port. */
const reply = (id: number, question: DnsQuestion, buffer: Buffer): Option.Option<DnsReply | "truncated"> => {
  if (buffer.length < 12 || buffer.readUInt16BE(0) !== id || (buffer.readUInt8(2) & 0x80) === 0)
    return Option.none()
  const truncated = (buffer.readUInt8(2) & 0x02) !== 0
  const rcode = buffer.readUInt8(3) & 0x0f
  return Option.match(decode(buffer), {
    onNone: () => (truncated ? Option.some("truncated" as const) : Option.none()),
    onSome: ({ questions = [], answers = [], flag_aa }) => {
      const [asked] = questions
      // Servers that cannot read the question leave it out of their refusal.
      const ours =
        asked === undefined
          ? rcode !== 0
          : asked.type === question.type && asked.name.toLowerCase() === question.name.toLowerCase()
      if (!ours) return Option.none()
      return Option.some(truncated ? ("truncated" as const) : { rcode, authoritative: flag_aa, answers })
    }
  })
}

const silent = new DnsNoReply({ reason: "silent" })
const within = Effect.timeoutFail({ duration: timeout, onTimeout: () => silent })

type Ended<A> = Effect.Effect<A, DnsNoReply>

const overUdp = (server: DnsServer, id: number, question: DnsQuestion) =>
  Effect.async<DnsReply | "truncated", DnsNoReply>((resume) => {
    const socket = createSocket(isIPv6(server.host) ? "udp6" : "udp4")
    let open = true
    const end = (outcome: Ended<DnsReply | "truncated">) => {
      if (open) socket.close()
      open = false
      resume(outcome)
    }
    socket.on("error", ({ code = "" }: NodeJS.ErrnoException) =>
      end(Effect.fail(new DnsNoReply({ reason: noRoute.has(code) ? "no-route" : "silent" })))
    )
    socket.on("message", (buffer) => {
      const answer = reply(id, question, buffer)
      if (Option.isSome(answer)) end(Effect.succeed(answer.value))
    })
    // A connected socket takes packets from this address and port only.
    socket.connect(server.port, server.host, () => {
      if (open) socket.send(DnsPacket.encode(query(id, question)))
    })
    return Effect.sync(() => end(Effect.fail(silent)))
  }).pipe(within)

const overTcp = (server: DnsServer, id: number, question: DnsQuestion) =>
  Effect.async<DnsReply, DnsNoReply>((resume) => {
    const socket = createConnection({ host: server.host, port: server.port })
    let received = Buffer.alloc(0)
    const end = (outcome: Ended<DnsReply>) => {
      socket.destroy()
      resume(outcome)
    }
    socket.on("error", () => end(Effect.fail(silent)))
    socket.on("close", () => end(Effect.fail(silent)))
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk])
      const length = received.length < 2 ? undefined : received.readUInt16BE(0)
      if (length === undefined || received.length < length + 2) return
      const answer = reply(id, question, received.subarray(2, length + 2))
      const whole = Option.filter(answer, (each) => each !== "truncated")
      end(Option.match(whole, { onNone: () => Effect.fail(silent), onSome: (each) => Effect.succeed(each) }))
    })
    socket.on("connect", () => socket.write(DnsPacket.streamEncode(query(id, question))))
    return Effect.sync(() => end(Effect.fail(silent)))
  }).pipe(within)

/** What comes back over each transport by itself, as a network may let only one through. */
export const transports = Effect.fnUntraced(function* (server: DnsServer, question: DnsQuestion) {
  const id = yield* Random.nextIntBetween(0, 0x10000)
  return yield* Effect.all(
    {
      udp: Effect.option(overUdp(server, id, question)),
      tcp: Effect.option(overTcp(server, id, question))
    },
    { concurrency: 2 }
  )
})

/** Asks once; gives up after 2 seconds per transport. Replies with another id, source or question are passed over. */
export const exchange = Effect.fnUntraced(function* (server: DnsServer, question: DnsQuestion) {
  const id = yield* Random.nextIntBetween(0, 0x10000)
  const answer = yield* overUdp(server, id, question)
  return answer === "truncated" ? yield* overTcp(server, id, question) : answer
})
