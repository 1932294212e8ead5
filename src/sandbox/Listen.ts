/** Listening sockets on 127.0.0.1 whose scope's end closes them at once, connections included. */
import * as net from "node:net"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { SandboxError } from "./SandboxError.ts"

export const loopback = "127.0.0.1"

/** Why a port could not be had. */
export class ListenError extends Schema.TaggedError<ListenError>("fabrik/sandbox/ListenError")(
  "ListenError",
  {
    port: Schema.Number,
    /** `EADDRINUSE`, `EACCES`, ... */
    code: Schema.String
  }
) {}

const codeOf = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : error.name

/** Listens on `port` (0: any free one) and answers the port. */
export const listen = (server: net.Server, port: number): Effect.Effect<number, ListenError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<Set<net.Socket>, ListenError>((resume) => {
      const sockets = new Set<net.Socket>()
      const onError = (error: Error) => resume(Effect.fail(new ListenError({ port, code: codeOf(error) })))
      server.on("connection", (socket) => {
        sockets.add(socket)
        socket.on("error", () => socket.destroy())
        socket.on("close", () => sockets.delete(socket))
      })
      server.once("error", onError)
      server.listen({ port, host: loopback }, () => {
        server.off("error", onError)
        resume(Effect.succeed(sockets))
      })
    }),
    (sockets) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  ).pipe(
    Effect.map(() => {
      const address = server.address()
      return typeof address === "object" && address !== null ? address.port : port
    })
  )

/**
 * Binds the port that was asked for, or fails; without one, the port of the last run if it is free, else any.
 */
export const bindPreferred = <A, R>(options: {
  /** What listens, in the operator's words: `the DNS server`. */
  readonly what: string
  readonly wanted: number | undefined
  readonly remembered: number | undefined
  readonly bind: (port: number) => Effect.Effect<A, ListenError, R>
}): Effect.Effect<A, SandboxError, R> => {
  const { wanted, remembered, bind } = options
  const fallback = remembered === undefined ? bind(0) : Effect.orElse(bind(remembered), () => bind(0))
  return Effect.mapError(
    wanted === undefined ? fallback : bind(wanted),
    (error) =>
      new SandboxError({
        reason: "PortInUse",
        detail: `${options.what} cannot listen on ${loopback}:${error.port} (${error.code})`
      })
  )
}
