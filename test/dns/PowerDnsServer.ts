/** A real PowerDNS server on free loopback ports, for as long as a scope lasts. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { createSocket } from "node:dgram"
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

const schema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"
const programs = { server: "pdns_server", sqlite: "sqlite3" }
const nobody = 65534
const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`

/** `undefined`: PowerDNS can be started; otherwise why not. Installs it on first use, where that is possible. */
export const powerDnsMissing = ((): string | undefined => {
  const script = new URL("../../scripts/powerdns", import.meta.url).pathname
  const run = spawnSync(script, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] })
  if (run.status === 0) return undefined
  const reason = run.stderr?.trim().split("\n").at(-1) ?? String(run.error)
  if (process.env["CI"] === "true" || process.env["FABRIK_REQUIRE_POWERDNS"] === "1") {
    throw new Error(`PowerDNS is required here: ${reason}`)
  }
  process.stderr.write(`skipping what needs a real PowerDNS: ${reason}\n`)
  return reason
})()

export interface RunningPowerDns {
  readonly apiUrl: string
  readonly apiKey: string
  readonly dnsPort: number
  /** A call of its API, past the client under test. Answers the status and the body. */
  readonly api: (
    method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE",
    path: string,
    body?: unknown
  ) => Effect.Effect<{ readonly status: number; readonly text: string }>
}

const freeTcpPort = Effect.async<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed((address as { port: number }).port)))
  })
})

/** A port that is free for UDP and TCP alike. */
export const freeDnsPort = freeTcpPort.pipe(
  Effect.tap((port) =>
    Effect.async<void, Error>((resume) => {
      const socket = createSocket("udp4")
      socket.once("error", (error) => resume(Effect.fail(error)))
      socket.bind(port, "127.0.0.1", () => socket.close(() => resume(Effect.void)))
    })
  ),
  Effect.retry(Schedule.recurs(20))
)

const start = Effect.gen(function* () {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "fabrik-pdns-"))),
    (created) => Effect.sync(() => rmSync(created, { recursive: true, force: true }))
  )
  const [apiPort, dnsPort] = yield* Effect.all([freeTcpPort, freeDnsPort])
  const apiKey = "test-key-9f2d"
  const database = join(directory, "pdns.sqlite3")
  yield* Effect.sync(() => {
    execFileSync(programs.sqlite, [database, `.read ${schema}`], { env: { PATH: path } })
    const settings = {
      launch: "gsqlite3",
      "gsqlite3-database": database,
      "gsqlite3-pragma-journal-mode": "WAL",
      "gsqlite3-pragma-synchronous": "0",
      "local-address": "127.0.0.1",
      "local-port": dnsPort,
      "socket-dir": directory,
      api: "yes",
      "api-key": apiKey,
      webserver: "yes",
      "webserver-address": "127.0.0.1",
      "webserver-port": apiPort,
      "webserver-allow-from": "127.0.0.1",
      "write-pid": "no",
      dnsupdate: "yes",
      "allow-dnsupdate-from": "127.0.0.1/32",
      "security-poll-suffix": "",
      "cache-ttl": 0,
      "query-cache-ttl": 0,
      "negquery-cache-ttl": 0
    }
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
    writeFileSync(join(directory, "pdns.conf"), lines.join("\n"))
    if (process.getuid?.() === 0) {
      for (const each of [directory, database]) chownSync(each, nobody, nobody)
    }
  })
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(programs.server, [`--config-dir=${directory}`], {
        stdio: "ignore",
        env: { PATH: path },
        ...(process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {})
      })
    ),
    (child) =>
      Effect.async<void>((resume) => {
        if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGTERM")
      })
  )
  const apiUrl = `http://127.0.0.1:${apiPort}`
  const client = yield* HttpClient.HttpClient
  const api: RunningPowerDns["api"] = (method, path, body) =>
    HttpClientRequest.make(method)(`${apiUrl}/api/v1/servers/localhost${path}`).pipe(
      HttpClientRequest.setHeader("x-api-key", apiKey),
      body === undefined ? (request) => request : HttpClientRequest.bodyUnsafeJson(body),
      client.execute,
      Effect.flatMap((response) => Effect.map(response.text, (text) => ({ status: response.status, text }))),
      Effect.scoped,
      Effect.orDie
    )
  // To its end: a page that nobody reads can end the whole process (nodejs/undici#5360).
  yield* client.get(apiUrl).pipe(
    Effect.flatMap((response) => response.text),
    Effect.scoped,
    Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.intersect(Schedule.recurs(200)))),
    Effect.orDie
  )
  return { apiUrl, apiKey, dnsPort, api }
}).pipe(Effect.provide(FetchHttpClient.layer))

export class PowerDnsServer extends Context.Tag("fabrik/test/dns/PowerDnsServer")<
  PowerDnsServer,
  RunningPowerDns
>() {}

export const layerPowerDnsServer = Layer.scoped(PowerDnsServer, start)

/** Creates a zone with the name server `ns1.<zone>` at 127.0.0.1. */
export const createZone = Effect.fnUntraced(function* (
  zone: string,
  options: { readonly kind?: string } = {}
) {
  const { api } = yield* PowerDnsServer
  const rrsets = [{ name: `ns1.${zone}.`, type: "A", ttl: 60, records: [{ content: "127.0.0.1" }] }]
  const { status, text } = yield* api("POST", "/zones", {
    name: `${zone}.`,
    kind: options.kind ?? "Native",
    nameservers: options.kind === undefined ? [`ns1.${zone}.`] : [],
    ...(options.kind === undefined ? { rrsets } : { masters: ["127.0.0.1"] })
  })
  if (status !== 201) return yield* Effect.die(new Error(`zone ${zone}: ${status} ${text}`))
})
