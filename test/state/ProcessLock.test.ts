import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { assert, describe } from "vitest"
import { acquire } from "../../src/state/ProcessLock.ts"

/** A process that holds the lock until it is killed; `asked` is what it does with the socket of somebody who asks. */
const holderProcess = (name: string, asked = `socket.end("the other one\\n")`) =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof spawn>>((resume) => {
      const script = `
        const { createHash } = require("node:crypto"); const net = require("node:net"); const os = require("node:os")
        const digest = createHash("sha256").update(${JSON.stringify(name)}).digest("hex").slice(0, 32)
        const path = process.platform === "linux" ? "\\0fabrik-" + digest : os.tmpdir() + "/fabrik-" + digest + ".sock"
        net.createServer((socket) => ${asked}).listen({ path }, () => console.log("held"))`
      const child = spawn(process.execPath, ["-e", script])
      child.stdout.once("data", () => resume(Effect.succeed(child)))
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

describe("ProcessLock", () => {
  it.scopedLive("a second taker is told who holds it, and gets it after the scope's end", () =>
    Effect.gen(function* () {
      const name = randomUUID()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* acquire(name, "the first one")
          const error = yield* Effect.flip(acquire(name, "the second one"))
          assert.strictEqual(error._tag, "LockError")
          assert.deepInclude(error, { reason: "Held", holder: "the first one" })
        })
      )
      yield* acquire(name, "the second one")
    })
  )

  it.scopedLive("two names are two locks", () =>
    Effect.gen(function* () {
      yield* acquire(randomUUID(), "one")
      yield* acquire(randomUUID(), "two")
    })
  )

  it.scopedLive("a holder that dies while it is asked holds nothing any more", () =>
    Effect.gen(function* () {
      const name = randomUUID()
      yield* holderProcess(name, `process.kill(process.pid, "SIGKILL")`)
      yield* acquire(name, "at once")
    })
  )

  it.scopedLive("who waits gets it when the holder is killed", () =>
    Effect.gen(function* () {
      const name = randomUUID()
      const child = yield* holderProcess(name)
      const error = yield* Effect.flip(acquire(name, "impatient"))
      assert.deepInclude(error, { holder: "the other one" })
      const waiting = yield* Effect.fork(acquire(name, "patient", "1 minute"))
      child.kill("SIGKILL")
      yield* Fiber.join(waiting)
    })
  )
})
