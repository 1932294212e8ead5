/** The socket at which a holder of a lock shows that it is alive: the kernel closes it with the process. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { open } from "node:fs/promises"
import * as net from "node:net"
import * as path from "node:path"

/** What `sun_path` holds on every system. */
const longest = 100

/**
 * A path by which a socket can be bound and found that is not too long, until the scope ends. `ENAMETOOLONG`: there is
 * none.
 */
export const socketPath = (file: string): Effect.Effect<string, string, Scope.Scope> => {
  if (process.platform === "win32") return Effect.fail("ENOTSUP")
  const resolved = path.resolve(file)
  if (Buffer.byteLength(resolved) <= longest) return Effect.succeed(resolved)
  if (process.platform !== "linux") return Effect.fail("ENAMETOOLONG")
  return Effect.acquireRelease(
    Effect.tryPromise({ try: () => open(path.dirname(resolved), "r"), catch: String }),
    (folder) => Effect.promise(() => folder.close())
  ).pipe(Effect.map((folder) => `/proc/self/fd/${folder.fd}/${path.basename(resolved)}`))
}

/** Listens until the scope ends, and tells whoever connects. */
export const listenAt = (address: string, says: string): Effect.Effect<void, string, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<net.Server, string>((resume) => {
      const server = net.createServer((socket) => socket.on("error", () => undefined).end(`${says}\n`))
      server.once("error", (error) =>
        resume(Effect.fail("code" in error && typeof error.code === "string" ? error.code : error.message))
      )
      server.listen({ path: address }, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
  )

/** `dead`: nobody listens there. `ending`: somebody did, and said nothing before the connection ended. */
export const ask = (address: string): Effect.Effect<"alive" | "dead" | "ending"> =>
  Effect.async<"alive" | "dead" | "ending">((resume) => {
    const socket = net.connect({ path: address })
    socket.on("data", () => resume(Effect.succeed("alive")))
    socket.on("end", () => resume(Effect.succeed("ending")))
    socket.on("error", (error) => {
      const code = "code" in error ? error.code : undefined
      const state =
        code === "ECONNREFUSED" || code === "ENOENT" ? "dead" : code === "ECONNRESET" ? "ending" : "alive"
      resume(Effect.succeed(state))
    })
    return Effect.sync(() => socket.destroy())
  }).pipe(
    // A stopped process answers nothing, and holds what it holds.
    Effect.timeoutTo({
      duration: "3 seconds",
      onTimeout: () => "alive" as const,
      onSuccess: (state) => state
    })
  )
