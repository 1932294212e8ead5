/**
 * fetch through an http proxy: a tunnel (CONNECT) for https, the whole address for plain http (RFC 9110 section 7.1,
 * 9.3.6). Node's own fetch knows no proxies before Node 24.
 */
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http"
import { Agent as HttpsAgent, request as httpsRequest } from "node:https"
import { isIP, Socket } from "node:net"
import { Readable } from "node:stream"
import { connect as connectTls } from "node:tls"
import { type ProxySettings, proxyFor } from "./Proxy.ts"

type ProxyCode = "PROXY_UNREACHABLE" | "PROXY_AUTHENTICATION" | "PROXY_REFUSED"

/** A connection that did not come about, so nothing was sent: `code` and `syscall` as Node's own errors have them. */
class ProxyFailure extends Error {
  readonly code: string
  readonly syscall = "connect"
  constructor(code: ProxyCode) {
    super(code)
    this.code = code
  }
}

/** Shorter than servers keep an idle connection, so that none is used that is being closed. */
const idleMillis = 4000
const connectMillis = 15_000

const bare = (host: string): string => host.replace(/^\[|\]$/g, "")

const authorization = ({ password, username }: URL): Record<string, string> =>
  username === "" && password === ""
    ? {}
    : {
        "proxy-authorization": `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}`
      }

const throughProxy = (
  proxy: URL,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>
): ClientRequest =>
  (proxy.protocol === "https:" ? httpsRequest : httpRequest)({
    host: bare(proxy.hostname),
    port: proxy.port === "" ? (proxy.protocol === "https:" ? 443 : 80) : Number(proxy.port),
    agent: false,
    method,
    path,
    headers: { ...headers, ...authorization(proxy) }
  })

type Connected = Parameters<HttpsAgent["createConnection"]>[1]

/** Its connections are TLS sessions with the host inside of tunnels, kept for the next request for a short while. */
class TunnelAgent extends HttpsAgent {
  private readonly proxy: URL
  constructor(proxy: URL) {
    super({ keepAlive: true, timeout: idleMillis })
    this.proxy = proxy
  }

  override createConnection(options: Parameters<HttpsAgent["createConnection"]>[0], connected: Connected) {
    const host = bare(options.host ?? "")
    const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${options.port ?? 443}`
    const asked = throughProxy(this.proxy, "CONNECT", authority, { host: authority })
    // Beside an error the socket is not looked at.
    const fail = (code: ProxyCode) => connected?.(new ProxyFailure(code), new Socket())
    asked.setTimeout(connectMillis, () => asked.destroy(new Error("timeout")))
    asked.once("error", () => fail("PROXY_UNREACHABLE"))
    asked.once("connect", (response, socket, head) => {
      const status = response.statusCode ?? 0
      if (status < 200 || status > 299) {
        socket.destroy()
        return fail(status === 407 ? "PROXY_AUTHENTICATION" : "PROXY_REFUSED")
      }
      socket.setTimeout(0)
      if (head.length > 0) socket.unshift(head)
      connected?.(null, connectTls({ socket, host, servername: isIP(host) === 0 ? host : "" }))
    })
    asked.end()
    return undefined
  }
}

/** Statuses whose answer has no body (WHATWG fetch, null body status). */
const bodiless = new Set([204, 205, 304])

const toResponse = (message: IncomingMessage): Response => {
  const headers = new Headers()
  for (let at = 0; at + 1 < message.rawHeaders.length; at += 2) {
    headers.append(message.rawHeaders[at] ?? "", message.rawHeaders[at + 1] ?? "")
  }
  const status = message.statusCode ?? 0
  if (!bodiless.has(status)) return new Response(webStream(message), { status, headers })
  message.resume()
  return new Response(null, { status, headers })
}

/** Node's own form has a type that the DOM's `Response` does not take. */
const webStream = (message: Readable) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      message.on("data", (chunk: Uint8Array) => {
        controller.enqueue(new Uint8Array(chunk))
        if ((controller.desiredSize ?? 0) <= 0) message.pause()
      })
      message.once("end", () => controller.close())
      message.once("error", (error) => controller.error(error))
      // A connection that ends too soon ends without an error in older versions of Node.
      message.once("close", () => {
        if (!message.readableEnded) controller.error(new Error("the answer broke off"))
      })
    },
    pull: () => void message.resume(),
    cancel: () => void message.destroy()
  })

const bodyOf = (body: RequestInit["body"]): string | Uint8Array | undefined => {
  if (body === undefined || body === null) return undefined
  if (typeof body === "string" || body instanceof Uint8Array) return body
  throw new TypeError("a body of this kind cannot be sent through a proxy")
}

/** As the global fetch for what has no proxy; never follows a redirect through one. */
export const proxiedFetch = (settings: ProxySettings): typeof globalThis.fetch => {
  const agents = new Map<string, TunnelAgent>()
  const agentOf = (proxy: URL) => {
    const agent = agents.get(proxy.href) ?? new TunnelAgent(proxy)
    agents.set(proxy.href, agent)
    return agent
  }
  return (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const proxy = proxyFor(settings, url)
    if (proxy === undefined || input instanceof Request) return globalThis.fetch(input, init)
    return new Promise((resolve, reject) => {
      const headers = Object.fromEntries(new Headers(init.headers))
      const { method = "GET", signal } = init
      const body = bodyOf(init.body)
      const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }
      const outgoing =
        url.protocol === "https:"
          ? httpsRequest({
              agent: agentOf(proxy),
              host: bare(url.hostname),
              port: url.port === "" ? 443 : Number(url.port),
              method,
              path: `${url.pathname}${url.search}`,
              headers: { host: url.host, ...headers, ...length }
            })
          : throughProxy(proxy, method, `${url.origin}${url.pathname}${url.search}`, {
              host: url.host,
              ...headers,
              ...length
            })
      const abort = () => void outgoing.destroy(new DOMException("aborted", "AbortError"))
      if (signal?.aborted === true) abort()
      signal?.addEventListener("abort", abort, { once: true })
      outgoing.once("close", () => signal?.removeEventListener("abort", abort))
      outgoing.once("error", reject)
      outgoing.once("response", (message) => {
        try {
          resolve(toResponse(message))
        } catch (error) {
          outgoing.destroy()
          reject(error)
        }
      })
      outgoing.end(body)
    })
  }
}
