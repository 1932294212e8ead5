/** A lock that ends with the process that holds it, however that ends: the kernel frees it, so none is ever stale. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Duration from "effect/Duration"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { unlink } from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import process from "node:process"

/** `Held`: by somebody else, whose own words are `holder`. `Unavailable`: the system refuses (`code`). */
export class LockError extends Schema.TaggedError<LockError>("fabrik/state/LockError")("LockError", {
  reason: Schema.Literal("Held", "Unavailable"),
  /** `undefined`: it did not say. */
  holder: Schema.UndefinedOr(Schema.String),
  code: Schema.String
}) {
  override get message(): string {
    return this.reason === "Held"
      ? `held by ${this.holder ?? "another process"}`
      : `it cannot be taken (${this.code})`
  }
}

/**
 * On Linux in the abstract namespace, which is one per network namespace; elsewhere a socket file, of which a killed
 * process leaves a dead one behind.
 */
const addressOf = (name: string): { readonly path: string; readonly isFile: boolean } => {
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 32)
  return process.platform === "linux"
    ? { path: `\0fabrik-${digest}`, isFile: false }
    : { path: `${os.tmpdir()}/fabrik-${digest}.sock`, isFile: true }
}

const taken = "EADDRINUSE"

const listen = (path: string, says: string): Effect.Effect<void, string, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<net.Server, string>((resume) => {
      const server = net.createServer((socket) => socket.on("error", () => undefined).end(`${says}\n`))
      server.once("error", (error) =>
        resume(Effect.fail("code" in error && typeof error.code === "string" ? error.code : error.message))
      )
      server.listen({ path }, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
  )

/** What the holder says; `""`: nothing in time. `undefined`: nobody is there, or it has just ended. */
const ask = (path: string): Effect.Effect<string | undefined> =>
  Effect.async<string | undefined>((resume) => {
    const socket = net.connect({ path })
    let said = ""
    socket.on("data", (chunk) => {
      said = (said + chunk.toString()).slice(0, 500)
    })
    socket.on("end", () => resume(Effect.succeed(said.trim() || undefined)))
    socket.on("error", () => resume(Effect.succeed(undefined)))
    return Effect.sync(() => socket.destroy())
  }).pipe(Effect.timeoutTo({ duration: "3 seconds", onTimeout: () => "", onSuccess: (said) => said }))

const removeDeadFile = (path: string): Effect.Effect<void, string> =>
  Effect.flatMap(ask(path), (said) =>
    said === undefined
      ? Effect.async<void, string>((resume) => {
          unlink(path, (error) =>
            resume(error === null || error.code === "ENOENT" ? Effect.void : Effect.fail(String(error.code)))
          )
        })
      : Effect.fail(taken)
  )

/**
 * Holds the lock `name` until the scope ends. Fails with `Held` when another process of this machine has it, and still
 * has it `waitFor` later.
 * @param says what others are told of the holder: who, since when. One line without secrets.
 */
export const acquire = Effect.fn("ProcessLock.acquire")(function* (
  name: string,
  says: string,
  waitFor: Duration.DurationInput = 0
) {
  const { path, isFile } = addressOf(name)
  const attempt = (triesLeft: number): Effect.Effect<void, LockError, Scope.Scope> =>
    listen(path, says).pipe(
      Effect.catchIf(
        (code) => code === taken && isFile,
        () => Effect.zipRight(removeDeadFile(path), listen(path, says))
      ),
      Effect.catchAll((code) =>
        Effect.flatMap(code === taken ? ask(path) : Effect.succeed(undefined), (said) => {
          // Its holder has just ended, or will have in a moment: the kernel closes one thing after the other.
          if (code === taken && said === undefined && triesLeft > 0) {
            return Effect.delay(attempt(triesLeft - 1), "20 millis")
          }
          const holder = said === "" ? undefined : said
          return new LockError({ reason: code === taken ? "Held" : "Unavailable", holder, code })
        })
      )
    )
  yield* Effect.retry(attempt(10), {
    while: ({ reason }) => reason === "Held",
    schedule: Schedule.upTo(Schedule.spaced("200 millis"), waitFor)
  })
})
