/** A language server as an editor has it: a process that speaks LSP over its stdin and stdout. */
import { spawn } from "node:child_process"
import process from "node:process"

interface Message {
  readonly id?: number | string
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export interface Place {
  readonly line: number
  readonly character: number
}

export const startServer = (program: string, settings: Readonly<Record<string, unknown>>) => {
  const child = spawn(process.execPath, [program, "--stdio"], { stdio: ["pipe", "pipe", "ignore"] })
  const answers = new Map<number, (message: Message) => void>()
  const diagnostics = new Map<
    string,
    (found: ReadonlyArray<{ readonly message: string; readonly range: { readonly start: Place } }>) => void
  >()
  let bytes = Buffer.alloc(0)
  let last = 0

  const send = (message: Message) => {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }
  const request = <A>(method: string, params: unknown) =>
    new Promise<A>((resolve, reject) => {
      const id = ++last
      answers.set(id, ({ error, result }) =>
        error === undefined ? resolve(result as A) : reject(new Error(error.message))
      )
      send({ id, method, params })
    })
  const hear = (message: Message) => {
    if (message.method === undefined) return answers.get(Number(message.id))?.(message)
    if (message.method === "textDocument/publishDiagnostics") {
      const { diagnostics: found, uri } = message.params as { uri: string; diagnostics: never }
      return diagnostics.get(uri)?.(found)
    }
    if (message.id === undefined) return
    // What it asks of the editor: its settings, one for each section; anything else it only wants to be answered.
    const items = (message.params as { items?: ReadonlyArray<{ section?: string }> } | undefined)?.items
    const result = items?.map(({ section }) => settings[section ?? ""] ?? null) ?? null
    send({ id: message.id, result })
  }
  child.stdout.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    for (;;) {
      const end = bytes.indexOf("\r\n\r\n")
      const length = Number(
        /Content-Length: (\d+)/i.exec(bytes.subarray(0, Math.max(end, 0)).toString())?.[1]
      )
      if (end === -1 || bytes.length < end + 4 + length) return
      const text = bytes.subarray(end + 4, end + 4 + length).toString()
      bytes = bytes.subarray(end + 4 + length)
      hear(JSON.parse(text))
    }
  })

  /** Opens a document, and answers what the server finds wrong in it. */
  const open = (uri: string, text: string) =>
    new Promise<ReadonlyArray<{ readonly message: string; readonly line: number }>>((resolve) => {
      diagnostics.set(uri, (found) =>
        resolve(found.map(({ message, range }) => ({ message, line: range.start.line + 1 })))
      )
      const textDocument = { uri, languageId: "yaml", version: 1, text }
      send({ method: "textDocument/didOpen", params: { textDocument } })
    })
  const complete = async (uri: string, position: Place) => {
    const found = await request<{ readonly items: ReadonlyArray<{ readonly label: string }> }>(
      "textDocument/completion",
      {
        textDocument: { uri },
        position
      }
    )
    return found.items.map(({ label }) => label)
  }
  const hover = async (uri: string, position: Place) => {
    const found = await request<{ readonly contents: { readonly value: string } } | null>(
      "textDocument/hover",
      {
        textDocument: { uri },
        position
      }
    )
    return found?.contents.value ?? ""
  }
  const begin = async (rootUri: string) => {
    await request("initialize", {
      processId: process.pid,
      rootUri,
      workspaceFolders: null,
      capabilities: { workspace: { configuration: true }, textDocument: { publishDiagnostics: {} } }
    })
    send({ method: "initialized", params: {} })
  }
  const end = () =>
    new Promise<void>((resolve) => {
      child.on("close", () => resolve())
      child.kill()
    })
  return { begin, open, complete, hover, end }
}
