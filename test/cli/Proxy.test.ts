import { it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { type AddressInfo, connect, createServer as createSilentServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, describe } from "vitest"
import { proxiedFetch } from "../../src/cli/ProxiedFetch.ts"
import { proxyFor, proxySettings } from "../../src/cli/Proxy.ts"
import { makeAuthority } from "../health/TestCertificates.ts"
import { builtFabrik } from "../support/Built.ts"

const settingsOf = (env: Readonly<Record<string, string>>) =>
  Effect.runSync(
    proxySettings.pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(env)))),
      Effect.either
    )
  )

const chosen = (env: Readonly<Record<string, string>>, url: string): string | undefined => {
  const settings = Either.getOrThrow(settingsOf(env))
  return settings === undefined ? undefined : proxyFor(settings, new URL(url))?.host
}

describe("the proxy of a request", () => {
  it.each([
    [{}, "https://a.example.com", undefined],
    [{ HTTPS_PROXY: "http://p:3128" }, "https://a.example.com", "p:3128"],
    [{ https_proxy: "p:3128", HTTPS_PROXY: "http://q:1" }, "https://a.example.com", "p:3128"],
    [{ HTTPS_PROXY: "http://p:3128" }, "http://a.example.com", undefined],
    [{ HTTP_PROXY: "http://p:3128" }, "http://a.example.com", "p:3128"],
    [{ ALL_PROXY: "http://p:3128" }, "https://a.example.com", "p:3128"],
    [{ HTTPS_PROXY: " " }, "https://a.example.com", undefined]
  ] as const)("%j %s", (env, url, proxy) => {
    assert.strictEqual(chosen(env, url), proxy)
  })

  it.each([
    ["*", "https://a.example.com", true],
    ["example.com", "https://a.example.com", true],
    ["example.com", "https://example.com", true],
    [".example.com", "https://a.example.com", true],
    ["*.example.com", "https://a.example.com", true],
    ["example.com", "https://badexample.com", false],
    ["b.net, a.example.com", "https://A.example.com", true],
    ["a.example.com:443", "https://a.example.com", true],
    ["a.example.com:8443", "https://a.example.com", false],
    ["10.0.0.0/8", "https://10.1.2.3", true],
    ["10.0.0.0/8", "https://11.1.2.3", false],
    ["10.0.0.0/99", "https://10.1.2.3", false],
    ["0.0.1", "https://10.0.0.1", false],
    ["192.0.2.1", "https://192.0.2.1:8000", true],
    ["2001:db8::1", "https://[2001:db8::1]", true],
    ["2001:db8::/32", "https://[2001:db8::1]", true],
    ["", "https://localhost:8443", true],
    ["", "https://127.0.0.1", true],
    ["", "https://[::1]:9", true]
  ] as const)("NO_PROXY=%s %s", (list, url, direct) => {
    const env = { HTTPS_PROXY: "http://p:3128", NO_PROXY: list }
    assert.strictEqual(chosen(env, url), direct ? undefined : "p:3128")
  })

  it.each(["socks5://p:1080", "http://", "ftp://p", "http://hunter2@:x"])("refuses %s", (address) => {
    const settings = settingsOf({ HTTPS_PROXY: address })
    assert.isTrue(Either.isLeft(settings))
    assert.notInclude(JSON.stringify(settings), "hunter2")
  })
})

const servers: Array<Server> = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const listen = (server: Server) =>
  new Promise<number>((resolve) => {
    servers.push(server)
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })

/** A proxy that connects every host to `port` here, or answers `status`; with what it was asked. */
const proxy = async (port: number, status = 200) => {
  const asked: Array<string> = []
  const note = ({ headers, method, url }: IncomingMessage) =>
    asked.push(`${method} ${url} ${headers["proxy-authorization"] ?? ""}`.trim())
  const server = createServer((request, response) => {
    note(request)
    response.writeHead(status, { "x-by": "proxy" }).end("plain")
  })
  server.on("connect", (request, socket) => {
    note(request)
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
    const inner = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n")
      inner.pipe(socket).pipe(inner)
    })
    inner.on("error", () => socket.destroy())
    socket.on("error", () => inner.destroy())
  })
  return { asked, url: new URL(`http://user:p%40ss@127.0.0.1:${await listen(server)}`) }
}

const codeOf = (failed: unknown): unknown => (failed as { readonly code?: unknown }).code

describe("fetch through a proxy", () => {
  it("opens a tunnel for https and keeps to the host's certificate", async () => {
    const { issue } = await makeAuthority("nobody's")
    const inside = createTlsServer(await issue({ names: ["coolify.example.com"] }), (_, response) =>
      response.end("in")
    )
    const { asked, url } = await proxy(await listen(inside))
    const fetch = proxiedFetch({ https: url, http: undefined, direct: [] })
    const failed = await fetch("https://coolify.example.com/api").then(
      () => assert.fail("an untrusted certificate was taken"),
      (error: unknown) => error
    )
    assert.match(String(codeOf(failed)), /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/)
    assert.deepStrictEqual(asked, [
      `CONNECT coolify.example.com:443 Basic ${Buffer.from("user:p@ss").toString("base64")}`
    ])
  })

  it("tells by a code that no tunnel came about", async () => {
    for (const [status, code] of [
      [407, "PROXY_AUTHENTICATION"],
      [403, "PROXY_REFUSED"],
      [502, "PROXY_REFUSED"]
    ] as const) {
      const { url } = await proxy(1, status)
      const fetch = proxiedFetch({ https: url, http: undefined, direct: [] })
      const failed = await fetch("https://coolify.example.com/").catch((error: unknown) => error)
      assert.strictEqual(codeOf(failed), code)
    }
    const fetch = proxiedFetch({ https: new URL("http://127.0.0.1:1"), http: undefined, direct: [] })
    const failed = await fetch("https://coolify.example.com/").catch((error: unknown) => error)
    assert.strictEqual(codeOf(failed), "PROXY_UNREACHABLE")
  })

  it("gives the proxy the whole address for plain http", async () => {
    const { asked, url } = await proxy(1)
    const fetch = proxiedFetch({ https: undefined, http: url, direct: ["direct.example.com"] })
    const response = await fetch("http://pdns.example.com:8081/a?b=c", {
      method: "PATCH",
      headers: { "x-api-key": "k" },
      body: new TextEncoder().encode("{}")
    })
    assert.deepStrictEqual(
      [response.status, response.headers.get("x-by"), await response.text()],
      [200, "proxy", "plain"]
    )
    assert.match(asked.join(), /^PATCH http:\/\/pdns\.example\.com:8081\/a\?b=c Basic /)
  })

  it("ends when it is aborted", async () => {
    const { url } = await proxy(await listen(createSilentServer()))
    const fetch = proxiedFetch({ https: url, http: undefined, direct: [] })
    const failed = await fetch("https://coolify.example.com/", { signal: AbortSignal.timeout(50) }).catch(
      (error: unknown) => error
    )
    assert.strictEqual((failed as Error).name, "AbortError")
  })
})

describe("fabrik behind a proxy", () => {
  it("reaches Coolify by a tunnel that it keeps, under a CA of one's own", async () => {
    const directory = mkdtempSync(join(tmpdir(), "fabrik-proxy-"))
    try {
      const { issue, pem } = await makeAuthority("ours")
      const ca = join(directory, "ca.pem")
      writeFileSync(ca, pem)
      const paths: Array<string> = []
      const inside = createTlsServer(await issue({ names: ["coolify.example.com"] }), (request, response) => {
        paths.push(request.url ?? "")
        response.setHeader("content-type", "application/json")
        response.end("[]")
      })
      const { asked, url } = await proxy(await listen(inside))
      const list = async (more: Readonly<Record<string, string>>) => {
        const child = spawn(process.execPath, [builtFabrik(), "list"], {
          cwd: directory,
          env: {
            PATH: process.env["PATH"],
            COOLIFY_ENDPOINT: "https://coolify.example.com",
            COOLIFY_TOKEN: "3|abcdefghijklmnop",
            HTTPS_PROXY: url.href,
            NODE_EXTRA_CA_CERTS: ca,
            ...more
          }
        })
        let text = ""
        child.stdout.on("data", (chunk) => (text += String(chunk)))
        child.stderr.on("data", (chunk) => (text += String(chunk)))
        const status = await new Promise((resolve) => child.on("close", resolve))
        return { status, text }
      }
      const through = await list({})
      assert.strictEqual(through.status, 0, through.text)
      assert.isAbove(paths.length, 1)
      assert.isAtLeast(asked.length, 1)
      assert.isBelow(asked.length, paths.length + 1)
      for (const one of asked) assert.match(one, /^CONNECT coolify\.example\.com:443 Basic /)
      asked.length = 0
      const direct = await list({ NO_PROXY: ".example.com" })
      assert.notStrictEqual(direct.status, 0)
      assert.deepStrictEqual(asked, [])
      const distrusted = await list({ NODE_EXTRA_CA_CERTS: "" })
      assert.match(distrusted.text, /NODE_EXTRA_CA_CERTS/)
      assert.notInclude(through.text + direct.text + distrusted.text, "p@ss")
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
