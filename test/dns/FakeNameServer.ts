/** A name server on loopback that answers whatever a test wants, over UDP and TCP at one port. */
import * as DnsPacket from "dns-packet"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { createSocket } from "node:dgram"
import { type AddressInfo, createServer, type Socket } from "node:net"

export interface FakeQuery {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly recursionDesired: boolean
  readonly checkingDisabled: boolean
  /** `undefined`: no EDNS. */
  readonly udpPayloadSize: number | undefined
  readonly transport: "udp" | "tcp"
  /** The asker's. */
  readonly port: number
}

/** Packets to send back, in order; raw ones as they are. */
export type Respond = (query: FakeQuery) => ReadonlyArray<DnsPacket.Packet | Buffer>

const parse = (buffer: Buffer, transport: FakeQuery["transport"], port: number): FakeQuery => {
  const { id, questions, flag_cd, flag_rd, additionals } = DnsPacket.decode(buffer)
  const opt = additionals?.find((each) => each.type === "OPT")
  return {
    id: id ?? 0,
    name: questions?.[0]?.name ?? "",
    type: questions?.[0]?.type ?? "",
    recursionDesired: flag_rd,
    checkingDisabled: flag_cd,
    udpPayloadSize: opt?.type === "OPT" ? opt.udpPayloadSize : undefined,
    transport,
    port
  }
}

const encode = (packet: DnsPacket.Packet | Buffer) =>
  Buffer.isBuffer(packet) ? packet : DnsPacket.encode(packet)

/** @param port 0: any. */
const bind = (respond: Respond, host: string, port: number, seen: Array<FakeQuery>) =>
  Effect.acquireRelease(
    Effect.async<{ readonly host: string; readonly port: number; readonly close: () => void }, Error>(
      (resume) => {
        const sockets = new Set<Socket>()
        const tcp = createServer((socket) => {
          sockets.add(socket)
          socket.on("error", () => undefined)
          socket.on("data", (chunk) => {
            const query = parse(chunk.subarray(2), "tcp", socket.remotePort ?? 0)
            seen.push(query)
            for (const packet of respond(query)) {
              const body = encode(packet)
              const length = Buffer.alloc(2)
              length.writeUInt16BE(body.length)
              // In two pieces, as a network may.
              socket.write(Buffer.concat([length, body.subarray(0, 5)]))
              socket.write(body.subarray(5))
            }
          })
        })
        tcp.once("error", (error) => resume(Effect.fail(error)))
        tcp.listen(port, host, () => {
          const bound = (tcp.address() as AddressInfo).port
          const udp = createSocket("udp4")
          udp.once("error", (error) => {
            tcp.close()
            resume(Effect.fail(error))
          })
          udp.on("message", (buffer, from) => {
            const query = parse(buffer, "udp", from.port)
            seen.push(query)
            for (const packet of respond(query)) udp.send(encode(packet), from.port, from.address)
          })
          udp.bind(bound, host, () => {
            const close = () => {
              udp.close()
              tcp.close()
              for (const socket of sockets) socket.destroy()
            }
            resume(Effect.succeed({ host, port: bound, close }))
          })
        })
      }
    ),
    ({ close }) => Effect.sync(close)
  )

/** Lasts as long as the scope. `seen` gathers every query. */
export const fakeNameServer = (
  respond: Respond,
  options: { readonly host?: string; readonly port?: number } = {}
) => {
  const seen: Array<FakeQuery> = []
  return bind(respond, options.host ?? "127.0.0.1", options.port ?? 0, seen).pipe(
    Effect.retry(Schedule.recurs(options.port === undefined ? 20 : 0)),
    Effect.orDie,
    Effect.map(({ host, port }) => ({ host, port, seen: seen as ReadonlyArray<FakeQuery> }))
  )
}

/** A reply to `query`. `rcode`: 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED. */
export const answerTo = (
  query: FakeQuery,
  options: {
    readonly answers?: ReadonlyArray<DnsPacket.Answer>
    readonly rcode?: number
    readonly authoritative?: boolean
    readonly truncated?: boolean
    readonly id?: number
    readonly name?: string
  } = {}
): DnsPacket.Packet => ({
  type: "response",
  id: options.id ?? query.id,
  flags:
    ((options.authoritative ?? true) ? DnsPacket.AUTHORITATIVE_ANSWER : 0) |
    (options.truncated ? DnsPacket.TRUNCATED_RESPONSE : 0) |
    (options.rcode ?? 0),
  questions: [{ name: options.name ?? query.name, type: query.type as DnsPacket.RecordType, class: "IN" }],
  answers: [...(options.answers ?? [])]
})

export const record = (
  name: string,
  type: "A" | "AAAA" | "CNAME" | "NS",
  data: string
): DnsPacket.Answer => ({
  name,
  type,
  class: "IN",
  ttl: 60,
  data
})
