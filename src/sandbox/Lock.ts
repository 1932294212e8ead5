/** One sandbox at a time on a directory, by a lock that ends with its process however that ends. */
import * as crypto from "node:crypto"
import * as net from "node:net"
import * as os from "node:os"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { SandboxError } from "./SandboxError.ts"

/**
 * The address of the lock: on Linux in the abstract namespace, where the kernel frees it with the process;
 * elsewhere a socket file, of which a killed process leaves a dead one behind.
 */
const addressOf = (realDir: string): { readonly path: string; readonly isFile: boolean } => {
  const digest = crypto.createHash("sha256").update(realDir).digest("hex").slice(0, 32)
  return process.platform === "linux"
    ? { path: `\0fabrik-sandbox-${digest}`, isFile: false }
    : { path: `${os.tmpdir()}/fabrik-sandbox-${digest}.sock`, isFile: true }
}

const taken = "EADDRINUSE"

const hold = (path: string): Effect.Effect<void, string, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<net.Server, string>((resume) => {
      const server = net.createServer((socket) => socket.on("error", () => undefined).end(`${process.pid}\n`))
      server.once("error", (error) =>
        resume(Effect.fail("code" in error && typeof error.code === "string" ? error.code : error.message))
      )
      server.listen({ path }, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
  )

/** The process id that the holder tells; `undefined`: nobody is there. */
const holder = (path: string): Effect.Effect<string | undefined> =>
  Effect.async<string | undefined>((resume) => {
    const socket = net.connect({ path })
    let said = ""
    socket.on("data", (chunk) => (said += chunk.toString()))
    socket.on("end", () => resume(Effect.succeed(said.trim())))
    socket.on("error", () => resume(Effect.succeed(undefined)))
    return Effect.sync(() => socket.destroy())
  }).pipe(Effect.timeoutTo({ duration: 500, onTimeout: () => "?", onSuccess: (pid) => pid }))

/** Holds the lock of `dir`, which must exist, until the scope ends; fails at once when it is held already. */
export const acquire = Effect.fn("Lock.acquire")(function* (dir: string) {
  const fs = yield* FileSystem.FileSystem
  const real = yield* Effect.mapError(
    fs.realPath(dir),
    (cause) => new SandboxError({ reason: "Unwritable", detail: `${dir} cannot be read`, cause })
  )
  const { path, isFile } = addressOf((yield* Path.Path).resolve(real))
  const removeDeadFile = Effect.gen(function* () {
    if ((yield* holder(path)) === undefined) yield* fs.remove(path, { force: true })
  }).pipe(Effect.mapError((error) => error.message))
  yield* hold(path).pipe(
    Effect.catchIf(
      (code) => code === taken && isFile,
      () => Effect.zipRight(removeDeadFile, hold(path))
    ),
    Effect.catchAll((code) =>
      Effect.flatMap(holder(path), (pid) =>
        code === taken
          ? new SandboxError({
              reason: "Locked",
              detail: `${dir} is in use by ${pid === undefined || pid === "" ? "another process" : `process ${pid}`}; wait for it, or run \`fabrik sandbox\` and let all commands share that one`
            })
          : new SandboxError({ reason: "Unwritable", detail: `${dir} cannot be locked (${code})` })
      )
    )
  )
})
