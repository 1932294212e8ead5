/** An authoritative name server on 127.0.0.1: UDP and TCP on one port. */
import * as dgram from "node:dgram"
import * as net from "node:net"
import type * as DnsPacket from "dns-packet"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type { DnsServerFaultRule } from "../Faults.ts"
import { listen, ListenError, loopback } from "../Listen.ts"
import { answer, failureReply, malformedReply, readQuery } from "./Answer.ts"
import type { ZoneStore } from "./ZoneStore.ts"

export interface DnsServerOptions {
  readonly store: ZoneStore
  /** Asked for each question. */
  readonly faultFor: (name: string, type: string) => Effect.Effect<DnsServerFaultRule["kind"] | undefined>
}

type Transport = "udp" | "tcp"

/** The bytes to send back; `undefined`: none. */
const respond =
  (options: DnsServerOptions) =>
  (message: Buffer, transport: Transport): Effect.Effect<Buffer | undefined> =>
    Effect.gen(function* () {
      const query = readQuery(message)
      if (query === undefined) return undefined
      if (query === "malformed") return malformedReply(message)
      const question: DnsPacket.Question | undefined = query.questions?.[0]
      const fault = yield* options.faultFor(question?.name ?? "", question?.type ?? "")
      if (fault?._tag === "drop") return undefined
      if (fault?._tag === "servfail" || fault?._tag === "refuse") return failureReply(query, fault._tag)
      const zones = yield* fault === undefined ? options.store.all : options.store.before(fault.millis)
      return answer(zones, query, transport)
    })

type Respond = (message: Buffer, transport: Transport, send: (reply: Buffer) => void) => void

const bindUdp = (port: number, onMessage: Respond): Effect.Effect<number, ListenError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<dgram.Socket, ListenError>((resume) => {
      const socket = dgram.createSocket("udp4")
      socket.once("error", (error) => {
        const code = "code" in error && typeof error.code === "string" ? error.code : error.name
        resume(Effect.fail(new ListenError({ port, code })))
      })
      socket.on("message", (message, peer) =>
        // The asker may be gone: nobody is told.
        onMessage(message, "udp", (reply) => socket.send(reply, peer.port, peer.address, () => undefined))
      )
      socket.bind({ port, address: loopback }, () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.async<void>((resume) => void socket.close(() => resume(Effect.void)))
  ).pipe(Effect.map((socket) => socket.address().port))

/** Each message has two bytes of length before it (RFC 1035 section 4.2.2); several may share a connection. */
const tcpServer = (onMessage: Respond): net.Server =>
  net.createServer((socket) => {
    let pending = Buffer.alloc(0)
    socket.on("data", (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0)
        const message = pending.subarray(2, end)
        pending = pending.subarray(end)
        onMessage(message, "tcp", (reply) => {
          const length = Buffer.alloc(2)
          length.writeUInt16BE(reply.length)
          if (!socket.destroyed) socket.write(Buffer.concat([length, reply]))
        })
      }
    })
  })

/** A free UDP port may be taken on TCP: then another one is tried. */
const portTries = 20

/** Starts the server on `port` (0: any free one) and answers the port. */
export const serve = (
  options: DnsServerOptions,
  port: number
): Effect.Effect<number, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime()
    const respondTo = respond(options)
    const onMessage: Respond = (message, transport, send) => {
      Runtime.runFork(runtime)(
        Effect.map(respondTo(message, transport), (reply) => {
          if (reply !== undefined) send(reply)
        })
      )
    }
    const both = Effect.gen(function* () {
      const outer = yield* Effect.scope
      const own = yield* Scope.fork(outer, ExecutionStrategy.sequential)
      return yield* bindUdp(port, onMessage).pipe(
        Effect.flatMap((bound) => listen(tcpServer(onMessage), bound)),
        Scope.extend(own),
        Effect.onError((cause) => Scope.close(own, Exit.failCause(cause)))
      )
    })
    return yield* port === 0
      ? Effect.retry(both, {
          while: (error) => error.code === "EADDRINUSE",
          schedule: Schedule.recurs(portTries)
        })
      : both
  })
