/** Stands between the client and a real name server: what comes over TCP is passed on, but for updates that meet a fault. */
import * as Effect from "effect/Effect"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import type { Fault as ContractFault } from "../../contract/DnsClientContract.ts"

type Fault = Omit<ContractFault, "meanwhile"> & { readonly meanwhile: Effect.Effect<void> }

const opcodeUpdate = 5
const refused = 5

const isUpdate = (message: Buffer) => ((message.readUInt8(2) >> 3) & 15) === opcodeUpdate

/** Unsigned, as a server refuses that does not want to know the key. */
const refusal = (message: Buffer): Buffer => {
  const reply = Buffer.alloc(14)
  reply.writeUInt16BE(12)
  message.copy(reply, 2, 0, 2)
  reply.writeUInt16BE(0x8000 | (opcodeUpdate << 11) | refused, 4)
  return reply
}

/** The first message that comes, with its length. */
const firstMessage = (socket: Socket, use: (message: Buffer) => void) => {
  let received = Buffer.alloc(0)
  const take = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
    socket.off("data", take)
    use(received)
  }
  socket.on("data", take)
}

export const between = (port: number) =>
  Effect.gen(function* () {
    const faults: Array<Fault> = []
    let writes = 0
    /** The fault that this update meets. */
    const due = (): Fault | undefined => {
      writes += 1
      const [fault] = faults
      if (fault === undefined) return undefined
      if (fault.after === 0) return faults.shift()
      faults[0] = { ...fault, after: fault.after - 1 }
      return undefined
    }
    const handle = (client: Socket) => {
      client.on("error", () => undefined)
      firstMessage(client, (message) => {
        const fault = isUpdate(message.subarray(2)) ? due() : undefined
        if (fault?.how === "refused") return void client.end(refusal(message.subarray(2)))
        const ended = () =>
          void Effect.runPromise(fault?.meanwhile ?? Effect.void).then(() => client.destroy())
        if (fault?.how === "dropped") return ended()
        const server = connect(port, "127.0.0.1", () => server.write(message))
        server.on("error", () => client.destroy())
        client.on("close", () => server.destroy())
        if (fault?.how === "lost") return firstMessage(server, ended)
        server.on("data", (chunk) => client.write(chunk))
        server.on("close", () => client.end())
        client.on("data", (chunk) => server.write(chunk))
      })
    }
    const listening = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const started = createServer(handle).listen(0, "127.0.0.1", () => resume(Effect.succeed(started)))
      }),
      (started) => Effect.sync(() => started.close())
    )
    return {
      port: (listening.address() as AddressInfo).port,
      fail: (fault: Fault) => Effect.sync(() => void faults.push(fault)),
      calm: Effect.sync(() => void (faults.length = 0)),
      writes: Effect.sync(() => writes)
    }
  })
