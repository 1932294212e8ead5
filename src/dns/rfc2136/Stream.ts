/** One question over TCP and all messages of its answer. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { createConnection } from "node:net"
import { u16 } from "./Tsig.ts"

/** `sent`: the question may have arrived. */
export class NoAnswer extends Data.TaggedError("NoAnswer")<{
  readonly sent: boolean
  readonly detail: string
}> {}

const connectTimeout = "5 seconds"
/** From one message to the next; a big zone has many. */
const answerTimeout = "20 seconds"
/** A zone of some 300,000 records. */
const maxBytes = 64 * 1024 * 1024

/** @param isLast whether nothing follows the message, given those before it. */
export const ask = (
  server: { readonly host: string; readonly port: number },
  question: Buffer,
  isLast: (message: Buffer, before: ReadonlyArray<Buffer>) => boolean
): Effect.Effect<ReadonlyArray<Buffer>, NoAnswer> =>
  Effect.scoped(
    Effect.gen(function* () {
      const socket = yield* Effect.acquireRelease(
        Effect.sync(() => createConnection(server)),
        (opened) => Effect.sync(() => opened.destroy())
      )
      yield* Effect.async<void, NoAnswer>((resume) => {
        socket.once("connect", () => resume(Effect.void))
        socket.once("error", ({ code = "" }: NodeJS.ErrnoException) =>
          resume(new NoAnswer({ sent: false, detail: `no connection to the name server (${code})` }))
        )
      }).pipe(
        Effect.timeoutFail({
          duration: connectTimeout,
          onTimeout: () => new NoAnswer({ sent: false, detail: "no connection to the name server" })
        })
      )
      return yield* Effect.async<ReadonlyArray<Buffer>, NoAnswer>((resume) => {
        const messages: Array<Buffer> = []
        let received = Buffer.alloc(0)
        let bytes = 0
        const end = (detail: string) => resume(new NoAnswer({ sent: true, detail }))
        socket.on("error", () => end("the connection broke before the answer came"))
        socket.on("close", () => end("the name server closed the connection before the answer was complete"))
        socket.on("data", (chunk) => {
          bytes += chunk.length
          if (bytes > maxBytes) return end("the answer is too big")
          received = Buffer.concat([received, chunk])
          while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
            const length = received.readUInt16BE(0)
            const message = received.subarray(2, 2 + length)
            received = received.subarray(2 + length)
            const last = isLast(message, messages)
            messages.push(message)
            if (last) return resume(Effect.succeed(messages))
          }
        })
        socket.write(Buffer.concat([u16(question.length), question]))
      }).pipe(
        Effect.timeoutFail({
          duration: answerTimeout,
          onTimeout: () => new NoAnswer({ sent: true, detail: "the name server did not answer in time" })
        })
      )
    })
  )
