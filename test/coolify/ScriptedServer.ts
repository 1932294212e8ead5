import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

/** What the server does with one request. */
export type Act =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Record<string, string> }
  /** Takes the request and says nothing. */
  | "hang"
  /** Sends headers and half a body, then nothing. */
  | "hang-in-body"
  /** Closes the connection instead of answering. */
  | "reset"
  /** Announces more than it sends, then closes. */
  | "truncate"
  /** A hundred megabytes of JSON string. */
  | "flood"

export interface ScriptedServer {
  readonly origin: string
  readonly seen: ReadonlyArray<Seen>
  /** Connections that were closed by the client before the answer was complete. */
  readonly aborted: () => number
  /** Bytes of the flood that left. */
  readonly flooded: () => number
}

const flood = (response: Http.ServerResponse, count: (bytes: number) => void) => {
  const piece = Buffer.alloc(64 * 1024, "a")
  let left = 1600
  response.writeHead(200, { "content-type": "application/json" })
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= 1
      count(piece.length)
      if (!response.write(piece)) return void response.once("drain", more)
    }
    response.end()
  }
  more()
}

/** An HTTP server on a free loopback port that answers as told; texts and bytes go out as they are, others as JSON. */
export const scriptedServer = (act: (seen: Seen, index: number) => Act) =>
  Effect.acquireRelease(
    Effect.async<ScriptedServer & { readonly close: Effect.Effect<void> }>((resume) => {
      const seen: Array<Seen> = []
      let aborted = 0
      let flooded = 0
      const server = Http.createServer((request, response) => {
        const chunks: Array<Buffer> = []
        response.on("close", () => {
          if (!response.writableFinished) aborted += 1
        })
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const one = {
            method: request.method ?? "",
            path: request.url ?? "",
            headers: request.headers,
            body: Buffer.concat(chunks).toString("utf8")
          }
          seen.push(one)
          const next = act(one, seen.length - 1)
          if (next === "hang") return
          if (next === "reset") return void request.socket.destroy()
          if (next === "flood") return flood(response, (bytes) => (flooded += bytes))
          if (next === "hang-in-body") {
            response.writeHead(200, { "content-type": "application/json" })
            return void response.write('{"uuid":')
          }
          if (next === "truncate") {
            response.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
            return void response.write('{"uuid":', () => request.socket.destroy())
          }
          const ready = typeof next.body === "string" || next.body instanceof Uint8Array
          const text = ready ? next.body : JSON.stringify(next.body ?? {})
          response.writeHead(next.status, { "content-type": "application/json", ...next.headers })
          response.end(text)
        })
      })
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
            seen,
            aborted: () => aborted,
            flooded: () => flooded,
            close: Effect.async<void>((closed) => {
              server.closeAllConnections()
              server.close(() => closed(Effect.void))
            })
          })
        )
      )
    }),
    (server) => server.close
  )
