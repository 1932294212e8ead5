/** The Model Context Protocol over the pipes of a child: JSON-RPC, one message a line. */
import { spawn } from "node:child_process"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

interface ToolResult {
  readonly isError: boolean
  /** The text parts, joined. */
  readonly text: string
  /** The text as JSON, where it is. */
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the tool says
  readonly json: any
}

export interface McpClient {
  readonly serverName: string
  readonly tools: ReadonlyArray<string>
  readonly call: (tool: string, args?: Readonly<Record<string, unknown>>) => Effect.Effect<ToolResult>
}

interface Message {
  readonly id: number
  // oxlint-disable-next-line typescript/no-explicit-any -- each method has its own
  readonly result?: any
  readonly error?: unknown
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Starts `command`, says hello and lists its tools; the scope's end kills it. */
export const connect = (
  command: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>
): Effect.Effect<McpClient, never, Scope.Scope> =>
  Effect.gen(function* () {
    const waiting = new Map<number, Deferred.Deferred<Message>>()
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(command, [...args], { env: { ...env }, stdio: ["pipe", "pipe", "inherit"] })),
      (child) =>
        Effect.async<void>((resume) => {
          child.on("exit", () => resume(Effect.void))
          child.kill("SIGKILL")
        })
    )
    let pending = ""
    child.stdout.on("data", (chunk) => {
      const lines = (pending + String(chunk)).split("\n")
      pending = lines.pop() ?? ""
      for (const line of lines) {
        const message = parsed(line) as Message | undefined
        const deferred = message === undefined ? undefined : waiting.get(message.id)
        if (message !== undefined && deferred !== undefined)
          Deferred.unsafeDone(deferred, Effect.succeed(message))
      }
    })
    let nextId = 1
    const send = (message: object) =>
      Effect.sync(() => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`))
    const request = (method: string, params: object) =>
      Effect.gen(function* () {
        const id = nextId++
        const deferred = yield* Deferred.make<Message>()
        waiting.set(id, deferred)
        yield* send({ id, method, params })
        const { result, error } = yield* Deferred.await(deferred)
        if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`)
        return result
      }).pipe(Effect.timeout("20 seconds"), Effect.orDie)

    const hello = yield* request("initialize", {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "fabrik-test", version: "1" }
    })
    yield* send({ method: "notifications/initialized" })
    const { tools } = yield* request("tools/list", {})
    const client: McpClient = {
      serverName: hello.serverInfo.name,
      tools: tools.map((tool: { readonly name: string }) => tool.name),
      call: (name, args = {}) =>
        Effect.map(request("tools/call", { name, arguments: args }), (result) => {
          const text = result.content.map((part: { readonly text?: string }) => part.text ?? "").join("\n")
          return { isError: result.isError === true, text, json: parsed(text) }
        })
    }
    return client
  })
