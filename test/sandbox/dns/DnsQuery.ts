/** A small DNS client that shows everything of an answer: flags, rcode, all sections. */
import * as dgram from "node:dgram"
import * as net from "node:net"
import * as dnsPacket from "dns-packet"
import * as Effect from "effect/Effect"

const rcodes = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]

export interface Reply {
  readonly rcode: string
  readonly packet: dnsPacket.DecodedPacket
  /** `name ttl TYPE data`. */
  readonly answers: ReadonlyArray<string>
  readonly authorities: ReadonlyArray<string>
  readonly bytes: number
}

const shown = (answer: dnsPacket.Answer): string => {
  if (answer.type === "OPT") return `OPT ${answer.udpPayloadSize}`
  const data =
    answer.type === "TXT"
      ? [answer.data].flat().map(String).join("|")
      : answer.type === "SOA"
        ? `${answer.data.mname} min ${answer.data.minimum}`
        : typeof answer.data === "string"
          ? answer.data
          : JSON.stringify(answer.data)
  return `${answer.name} ${answer.ttl} ${answer.type} ${data}`
}

const read = (message: Buffer): Reply => {
  const packet = dnsPacket.decode(message)
  return {
    rcode: rcodes[(packet.flags ?? 0) & 15]!,
    packet,
    answers: (packet.answers ?? []).map(shown).toSorted(),
    authorities: (packet.authorities ?? []).map(shown),
    bytes: message.length
  }
}

export const question = (
  name: string,
  type: string,
  options: { readonly edns?: number; readonly rd?: boolean; readonly opcode?: number } = {}
): Buffer =>
  dnsPacket.encode({
    type: "query",
    id: 4711,
    flags: (options.rd === true ? dnsPacket.RECURSION_DESIRED : 0) | ((options.opcode ?? 0) << 11),
    questions: [{ name, type: type as dnsPacket.RecordType }],
    additionals:
      options.edns === undefined
        ? []
        : [
            {
              type: "OPT",
              name: ".",
              udpPayloadSize: options.edns,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: []
            }
          ]
  })

/** Fails with `no reply` after `patience` ms. */
export const overUdp = (port: number, message: Buffer, patience = 15_000): Effect.Effect<Reply, "no reply"> =>
  Effect.async<Reply>((resume) => {
    const socket = dgram.createSocket("udp4")
    socket.on("message", (reply) => resume(Effect.succeed(read(reply))))
    socket.send(message, port, "127.0.0.1")
    return Effect.sync(() => socket.close())
  }).pipe(Effect.timeoutFail({ duration: patience, onTimeout: () => "no reply" as const }))

/** Sends all messages over one connection, byte by byte where `split`, and reads as many replies. */
export const overTcp = (
  port: number,
  messages: ReadonlyArray<Buffer>,
  split = false
): Effect.Effect<ReadonlyArray<Reply>> =>
  Effect.async((resume) => {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true })
    let pending = Buffer.alloc(0)
    const replies: Array<Reply> = []
    socket.on("data", (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0)
        replies.push(read(pending.subarray(2, end)))
        pending = pending.subarray(end)
      }
      if (replies.length === messages.length) resume(Effect.succeed(replies))
    })
    const bytes = Buffer.concat(
      messages.flatMap((message) => [Buffer.from([message.length >> 8, message.length & 255]), message])
    )
    for (const part of split ? bytes.map((byte) => byte) : []) socket.write(Buffer.from([part]))
    if (!split) socket.write(bytes)
    return Effect.sync(() => socket.destroy())
  })
