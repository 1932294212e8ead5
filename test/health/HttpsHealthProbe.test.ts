import { assert, describe, it } from "@effect/vitest"
import * as dnsPacket from "dns-packet"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { createSocket } from "node:dgram"
import type { IncomingMessage, RequestListener } from "node:http"
import { createServer as createHttpsServer } from "node:https"
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net"
import process from "node:process"
import { createServer as createTlsServer, TLSSocket } from "node:tls"
import { vi } from "vitest"
import { HealthProbe, type ProbeRequest } from "../../src/health/HealthProbe.ts"
import * as HttpsHealthProbe from "../../src/health/HttpsHealthProbe.ts"
import { specialAddress } from "../../src/health/SpecialAddress.ts"
import { makeAuthority, type ServerCertificate } from "./TestCertificates.ts"

const host = "app.fabrik.test"
const authority = await makeAuthority("fabrik test CA")
const good = await authority.issue({ names: [host] })

const listen = (server: Server): Effect.Effect<number, never, Scope.Scope> =>
  Effect.gen(function* () {
    const sockets = new Set<Socket>()
    server.on("connection", (socket: Socket) => {
      sockets.add(socket)
      socket.on("error", () => undefined)
      socket.on("close", () => sockets.delete(socket))
    })
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    )
    return (server.address() as AddressInfo).port
  })

const serve = (handler: RequestListener, certificate: ServerCertificate = good) =>
  Effect.suspend(() => {
    const server = createHttpsServer({ cert: certificate.cert, key: certificate.key }, handler)
    server.on("tlsClientError", () => undefined)
    return listen(server)
  })

const get = (
  port: number,
  request: Partial<ProbeRequest> = {},
  options: Partial<HttpsHealthProbe.HealthProbeOptions> = {}
) =>
  Effect.flatMap(HealthProbe, (probe) =>
    probe.get({ host, path: "/health", address: "127.0.0.1", timeout: Duration.seconds(20), ...request })
  ).pipe(Effect.provide(HttpsHealthProbe.layer({ port, ca: authority.pem, ...options })))

const failure = (port: number, request: Partial<ProbeRequest> = {}) =>
  Effect.map(Effect.flip(get(port, request)), ({ reason, detail }) => ({ reason, detail }))

/** A resolver on loopback that knows these names. */
const resolver = (
  answers: Record<string, { readonly A?: ReadonlyArray<string>; readonly AAAA?: ReadonlyArray<string> }>
) =>
  Effect.acquireRelease(
    Effect.async<ReturnType<typeof createSocket>>((resume) => {
      const socket = createSocket("udp4")
      socket.on("message", (message, from) => {
        const query = dnsPacket.decode(message)
        const question = query.questions?.[0]
        const known = question === undefined ? undefined : answers[question.name.toLowerCase()]
        const type = question?.type
        const data = type === "A" || type === "AAAA" ? (known?.[type] ?? []) : []
        const response: dnsPacket.Packet = {
          type: "response",
          id: query.id ?? 0,
          flags: dnsPacket.RECURSION_AVAILABLE | (known === undefined ? 3 : 0),
          questions: query.questions ?? [],
          answers:
            question !== undefined && (type === "A" || type === "AAAA")
              ? data.map((address) => ({ type, name: question.name, ttl: 1, data: address }))
              : []
        }
        socket.send(dnsPacket.encode(response), from.port, from.address)
      })
      socket.bind(0, "127.0.0.1", () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.async<void>((resume) => void socket.close(() => resume(Effect.void)))
  ).pipe(Effect.map((socket) => ({ host: "127.0.0.1", port: socket.address().port })))

const distrusted = [
  [
    "expired",
    await authority.issue({ names: [host], notAfter: Date.now() - 36 * 60 * 60 * 1000 }),
    /^the certificate expired on /
  ],
  [
    "not yet valid",
    await authority.issue({ names: [host], notBefore: Date.now() + 60 * 60 * 1000 }),
    /^the certificate is not valid before /
  ],
  [
    "for another name",
    await authority.issue({ names: ["other.fabrik.test"] }),
    /^the certificate is for other names than app\.fabrik\.test$/
  ],
  [
    "self-signed",
    await authority.issue({ names: [host], selfSigned: true }),
    /^the certificate is self-signed$/
  ],
  [
    "of a foreign authority",
    await (await makeAuthority("somebody else")).issue({ names: [host] }),
    /^the certificate comes from an authority that is not trusted/
  ]
] as const

describe("HttpsHealthProbe", () => {
  it.live("asks at the address with the SNI, Host and path of the visitor", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const port = yield* serve((request, response) => {
        const { method, url, headers } = request
        const sni =
          request.socket instanceof TLSSocket ? Reflect.get(request.socket, "servername") : undefined
        seen.push({ method, url, host: headers.host, authorization: headers.authorization, sni })
        response.setHeader("X-Release", "r1").setHeader("Set-Cookie", ["a=1", "b=2"])
        response.writeHead(418).end('{"ok":true}')
      })
      const response = yield* get(port, { path: "/health?deep=1" })
      assert.deepStrictEqual(seen, [
        { method: "GET", url: "/health?deep=1", host: `${host}:${port}`, authorization: undefined, sni: host }
      ])
      assert.strictEqual(response.status, 418)
      assert.strictEqual(response.headers["x-release"], "r1")
      assert.strictEqual(response.headers["set-cookie"], "a=1, b=2")
      assert.strictEqual(response.body, '{"ok":true}')
      assert.strictEqual(response.address, "127.0.0.1")
      assert.isAtLeast(response.millis, 0)
      assert.include(response.certificate.issuer, "fabrik test CA")
      assert.isUndefined(response.certificate.problem)
      // Issued for 90 days a moment ago.
      assert.strictEqual(response.certificate.daysLeft, 89)
    }).pipe(Effect.scoped)
  )

  it.live("asks at the address itself where a proxy is set, which may not lead there", () =>
    Effect.gen(function* () {
      let proxied = 0
      const proxy = `http://127.0.0.1:${yield* listen(createTcpServer(() => void (proxied += 1)))}`
      const port = yield* serve((_, response) => void response.end())
      const variables = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"].map(
        (name) => [name, proxy] as const
      )
      for (const [name, value] of variables) vi.stubEnv(name, value)
      const response = yield* Effect.withConfigProvider(
        get(port),
        ConfigProvider.fromMap(new Map(variables))
      ).pipe(Effect.ensuring(Effect.sync(() => vi.unstubAllEnvs())))
      assert.deepStrictEqual([response.status, proxied], [200, 0])
    }).pipe(Effect.scoped)
  )

  it.live("does not follow redirects", () =>
    Effect.gen(function* () {
      let requests = 0
      const port = yield* serve((request, response) => {
        requests++
        response.writeHead(302, { location: `https://${request.headers.host}/elsewhere` }).end()
      })
      const response = yield* get(port)
      assert.strictEqual(response.status, 302)
      assert.strictEqual(requests, 1)
    }).pipe(Effect.scoped)
  )

  for (const [name, certificate, problem] of distrusted) {
    it.live(`reports a certificate that is ${name} and still reads the answer`, () =>
      Effect.gen(function* () {
        const port = yield* serve((_, response) => response.writeHead(200).end("up"), certificate)
        const response = yield* get(port)
        assert.strictEqual(response.status, 200)
        assert.strictEqual(response.body, "up")
        assert.match(response.certificate.problem ?? "", problem)
        if (name === "expired") assert.strictEqual(response.certificate.daysLeft, -2)
      }).pipe(Effect.scoped)
    )
  }

  it.live("trusts the given CA only when it is given, whatever NODE_TLS_REJECT_UNAUTHORIZED says", () =>
    Effect.gen(function* () {
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0"
        }),
        () => Effect.sync(() => delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"])
      )
      const port = yield* serve((_, response) => response.end())
      const probe = yield* Effect.provide(HealthProbe, HttpsHealthProbe.layer({ port }))
      const response = yield* probe.get({
        host,
        path: "/",
        address: "127.0.0.1",
        timeout: Duration.seconds(20)
      })
      assert.match(response.certificate.problem ?? "", /not trusted/)
    }).pipe(Effect.scoped)
  )

  for (const ca of ["", "canary", authority.pem.replace(/[A-Za-z]{20}/, "canary")]) {
    it.live(`refuses a CA that is no certificate (${ca.length} characters)`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(get(1, {}, { ca }))
        assert.strictEqual(error.reason, "Tls")
        assert.notInclude(error.detail, "canary")
      })
    )
  }

  it.live("caps the body at 64 KiB and lets go of a server that would send 100 MB", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<number>()
      const port = yield* serve((_, response) => {
        const chunk = Buffer.alloc(64 * 1024, "x")
        let sent = 0
        const pump = () => {
          while (sent < 100 * 1024 * 1024) {
            sent += chunk.length
            if (!response.write(chunk)) return void response.once("drain", pump)
          }
          response.end()
        }
        response.on("close", () => Deferred.unsafeDone(closed, Effect.succeed(sent)))
        pump()
      })
      const response = yield* get(port)
      assert.strictEqual(response.body.length, 64 * 1024)
      assert.isBelow(yield* Deferred.await(closed), 100 * 1024 * 1024)
    }).pipe(Effect.scoped)
  )

  for (const [name, handler] of [
    ["headers never come", () => undefined],
    [
      "the body never ends",
      (_: IncomingMessage, response: Parameters<RequestListener>[1]) => response.write("x")
    ]
  ] as const) {
    it.live(`gives up in time when ${name}, and closes the connection`, () =>
      Effect.gen(function* () {
        const closed = yield* Deferred.make<void>()
        const port = yield* serve((request, response) => {
          request.socket.on("close", () => Deferred.unsafeDone(closed, Effect.void))
          handler(request, response)
        })
        assert.deepStrictEqual(yield* failure(port, { timeout: Duration.millis(300) }), {
          reason: "Timeout",
          detail: `no complete answer from 127.0.0.1:${port} within 300ms`
        })
        yield* Deferred.await(closed)
      }).pipe(Effect.scoped)
    )
  }

  it.live("an interrupted probe closes its connection", () =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const closed = yield* Deferred.make<void>()
      const port = yield* serve((request) => {
        request.socket.on("close", () => Deferred.unsafeDone(closed, Effect.void))
        Deferred.unsafeDone(asked, Effect.void)
      })
      const fiber = yield* Effect.fork(get(port))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(closed)
    }).pipe(Effect.scoped)
  )

  it.live("a port without a listener refuses", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(listen(createTcpServer()))
      assert.deepStrictEqual(yield* failure(port), {
        reason: "ConnectionRefused",
        detail: `connection refused by 127.0.0.1:${port}`
      })
    })
  )

  it.live("a connection reset before, during and after the headers is Broken", () =>
    Effect.gen(function* () {
      const atOnce = yield* listen(createTcpServer((socket) => socket.resetAndDestroy()))
      const unanswered = yield* serve((request) => request.socket.destroy())
      const halfway = yield* serve((request, response) => {
        response.writeHead(200, { "content-length": "100" }).write("half", () => request.socket.destroy())
      })
      for (const port of [atOnce, unanswered, halfway]) {
        assert.deepStrictEqual(yield* failure(port), {
          reason: "Broken",
          detail: `127.0.0.1:${port} closed the connection before the answer was complete`
        })
      }
    }).pipe(Effect.scoped)
  )

  it.live("a server that speaks no TLS, and one that refuses the handshake, are Tls", () =>
    Effect.gen(function* () {
      const plain = yield* listen(
        createTcpServer((socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))
      )
      const old = createTlsServer({
        cert: good.cert,
        key: good.key,
        minVersion: "TLSv1.3",
        ciphers: "TLS_AES_128_CCM_SHA256"
      })
      old.on("tlsClientError", () => undefined)
      const picky = yield* listen(old)
      for (const port of [plain, picky]) {
        const { detail, reason } = yield* failure(port)
        assert.strictEqual(reason, "Tls")
        assert.include(detail, `no TLS session with 127.0.0.1:${port}: `)
      }
    }).pipe(Effect.scoped)
  )

  it.live("an answer that is not HTTP is Broken", () =>
    Effect.gen(function* () {
      const server = createTlsServer({ cert: good.cert, key: good.key }, (socket) => {
        socket.on("error", () => undefined)
        socket.end("220 mail.example.com ESMTP\r\n")
      })
      const port = yield* listen(server)
      const { detail, reason } = yield* failure(port)
      assert.strictEqual(reason, "Broken")
      assert.include(detail, "is not HTTP")
    }).pipe(Effect.scoped)
  )

  it.live("never sends a path or host that would split the request", () =>
    Effect.gen(function* () {
      let requests = 0
      const port = yield* serve((_, response) => {
        requests++
        response.end()
      })
      for (const request of [{ path: "/a\r\nX-Evil: 1" }, { path: "/a b" }, { host: "a\r\nX-Evil: 1" }]) {
        assert.deepStrictEqual(yield* failure(port, request), {
          reason: "Broken",
          detail: "the host or the path cannot be requested"
        })
      }
      assert.strictEqual(requests, 0)
    }).pipe(Effect.scoped)
  )

  it.live("asks by name through the given resolver", () =>
    Effect.gen(function* () {
      const server = yield* resolver({ [host]: { A: ["127.0.0.1"] } })
      const port = yield* serve((_, response) => response.end("by name"))
      const response = yield* get(port, { address: undefined }, { resolvers: [server] })
      assert.deepStrictEqual(
        [response.status, response.body, response.address],
        [200, "by name", "127.0.0.1"]
      )
      const unknown = yield* Effect.flip(
        get(port, { address: undefined, host: "no.fabrik.test" }, { resolvers: [server] })
      )
      assert.deepStrictEqual(
        [unknown.reason, unknown.detail],
        ["NameNotFound", "no.fabrik.test has no address"]
      )
    }).pipe(Effect.scoped)
  )

  it.live("does not ask what a name must not lead to, whatever the resolver says", () =>
    Effect.gen(function* () {
      let connections = 0
      const server = yield* resolver({
        [host]: { A: ["127.0.0.1"] },
        "mixed.fabrik.test": { A: ["192.0.2.1"], AAAA: ["::1"] }
      })
      const port = yield* serve((_, response) => response.end())
      const listener = createTcpServer(() => connections++)
      const other = yield* listen(listener)
      const options = { resolvers: [server], refuse: specialAddress }
      for (const [request, refused] of [
        [{ address: undefined }, "127.0.0.1 is not asked: it is this machine"],
        [{ address: undefined, host: "mixed.fabrik.test" }, "::1 is not asked: it is this machine"],
        [{ address: "127.0.0.1" }, "127.0.0.1 is not asked: it is this machine"],
        [
          { address: "169.254.169.254" },
          "169.254.169.254 is not asked: it is link-local, where clouds keep credentials"
        ]
      ] as const) {
        for (const at of [port, other]) {
          const error = yield* Effect.flip(get(at, request, options))
          assert.deepStrictEqual([error.reason, error.detail], ["Unreachable", refused])
        }
      }
      assert.strictEqual(connections, 0)
    }).pipe(Effect.scoped)
  )

  it.live("tries the other address when one does not answer", () =>
    Effect.gen(function* () {
      const server = yield* resolver({
        [host]: { A: ["127.0.0.2", "127.0.0.1"] },
        "v6.fabrik.test": { AAAA: ["::1"] }
      })
      const port = yield* serve((_, response) => response.end())
      assert.strictEqual(
        (yield* get(port, { address: undefined }, { resolvers: [server] })).address,
        "127.0.0.1"
      )
      const only = yield* Effect.flip(
        get(port, { address: undefined, host: "v6.fabrik.test" }, { resolvers: [server] })
      )
      assert.include(["ConnectionRefused", "Unreachable"], only.reason)
      assert.include(only.detail, `[::1]:${port}`)
    }).pipe(Effect.scoped)
  )

  it.live("a resolver that never answers is a Timeout, one that is no address is Broken", () =>
    Effect.gen(function* () {
      const silent = yield* Effect.acquireRelease(
        Effect.async<ReturnType<typeof createSocket>>((resume) => {
          const socket = createSocket("udp4")
          socket.bind(0, "127.0.0.1", () => resume(Effect.succeed(socket)))
        }),
        (socket) => Effect.async<void>((resume) => void socket.close(() => resume(Effect.void)))
      )
      const request = { address: undefined, timeout: Duration.millis(300) }
      const server = { host: "127.0.0.1", port: silent.address().port }
      assert.strictEqual((yield* Effect.flip(get(1, request, { resolvers: [server] }))).reason, "Timeout")
      const named = yield* Effect.flip(get(1, request, { resolvers: [{ host: "ns.fabrik.test", port: 53 }] }))
      assert.strictEqual(named.reason, "Broken")
    }).pipe(Effect.scoped)
  )

  it.live("asks the system's resolver otherwise", () =>
    Effect.gen(function* () {
      const certificate = yield* Effect.promise(() => authority.issue({ names: ["localhost"] }))
      const port = yield* serve((_, response) => response.end(), certificate)
      const response = yield* get(port, { address: undefined, host: "localhost" })
      assert.strictEqual(response.address, "127.0.0.1")
      assert.isUndefined(response.certificate.problem)
    }).pipe(Effect.scoped)
  )

  it.scopedLive("gives a password to whoever is trusted, and to nobody else", () =>
    Effect.gen(function* () {
      const seen: Array<string | undefined> = []
      const handler: RequestListener = ({ headers }, response) => {
        seen.push(headers.authorization)
        response.end()
      }
      const credentials = { username: "admin", password: Redacted.make("pässword") }
      const trusted = yield* get(yield* serve(handler), { credentials })
      assert.strictEqual(trusted.withheld, undefined)
      const header = `Basic ${Buffer.from("admin:pässword", "utf8").toString("base64")}`
      assert.deepStrictEqual(seen, [header])
      const other = yield* Effect.promise(() => authority.issue({ names: ["other.fabrik.test"] }))
      const untrusted = yield* get(yield* serve(handler, other), { credentials })
      assert.isTrue(untrusted.withheld)
      assert.deepStrictEqual(seen, [header, undefined])
    })
  )
})
