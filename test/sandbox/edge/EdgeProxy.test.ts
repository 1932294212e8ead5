import { X509Certificate } from "node:crypto"
import * as https from "node:https"
import * as tls from "node:tls"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { SandboxHandle } from "../../../src/sandbox/SandboxHandle.ts"
import { testSandbox } from "../TestSandbox.ts"

/** The TLS session that `host` gets; `authorized` against the sandbox's authority and nothing else. */
const session = (sandbox: SandboxHandle, host: string | undefined) =>
  Effect.async<{
    readonly authorized: boolean
    readonly error: string
    readonly subject: string
    readonly pem: Buffer
  }>((resume) => {
    const socket = tls.connect({
      port: sandbox.edge.port,
      host: sandbox.edge.host,
      ca: sandbox.caPem,
      rejectUnauthorized: false,
      ...(host === undefined ? {} : { servername: host })
    })
    socket.on("secureConnect", () => {
      const peer = socket.getPeerCertificate()
      resume(
        Effect.succeed({
          authorized: socket.authorized,
          error: String(socket.authorizationError),
          subject: String(peer.subject?.CN),
          pem: peer.raw
        })
      )
    })
    socket.on("error", (error) => resume(Effect.die(error)))
    return Effect.sync(() => socket.destroy())
  })

const visit = (sandbox: SandboxHandle, host: string, method = "GET", path = "/", body?: string) =>
  Effect.async<{ readonly status: number; readonly body: string; readonly headers: Record<string, unknown> }>(
    (resume) => {
      const request = https.request(
        {
          host: sandbox.edge.host,
          port: sandbox.edge.port,
          servername: host,
          method,
          path,
          headers: { host },
          rejectUnauthorized: false,
          agent: false
        },
        (response) => {
          let text = ""
          response.on("data", (chunk) => (text += String(chunk)))
          response.on("end", () =>
            resume(
              Effect.succeed({ status: response.statusCode ?? 0, body: text, headers: response.headers })
            )
          )
        }
      )
      request.on("error", (error) => resume(Effect.die(error)))
      request.end(body)
    }
  )

const post = (url: string, headers: Record<string, string>, method: string, body: unknown) =>
  Effect.promise(async () => {
    const response = await fetch(url, {
      method,
      headers: { "content-type": "application/json", accept: "application/json", ...headers },
      body: JSON.stringify(body)
    })
    const text = await response.text()
    assert.isBelow(response.status, 300, text)
    return text === "" ? undefined : JSON.parse(text)
  })

const record = (sandbox: SandboxHandle, name: string, type: string, content: string) =>
  post(
    `${sandbox.dnsApiUrl}/api/v1/servers/localhost/zones/example.com.`,
    { "x-api-key": sandbox.dnsApiKey },
    "PATCH",
    { rrsets: [{ name: `${name}.`, type, ttl: 60, changetype: "REPLACE", records: [{ content }] }] }
  )

const calling = (sandbox: SandboxHandle) => (method: string, path: string, body?: unknown) =>
  post(`${sandbox.apiUrl}/api/v1${path}`, { authorization: `Bearer ${sandbox.token}` }, method, body)

/** Where something is to be made, in a project of this name. */
const placeFor = (sandbox: SandboxHandle, name: string) =>
  Effect.gen(function* () {
    const servers = yield* Effect.promise(() =>
      fetch(`${sandbox.apiUrl}/api/v1/servers`, {
        headers: { authorization: `Bearer ${sandbox.token}` }
      }).then((response) => response.json() as Promise<ReadonlyArray<{ readonly uuid: string }>>)
    )
    const project = yield* calling(sandbox)("POST", "/projects", { name })
    return {
      project_uuid: project.uuid,
      server_uuid: servers[0]?.uuid,
      environment_name: "production"
    }
  })

/** Deploys an image under `host` and waits until it runs. */
const deploy = (sandbox: SandboxHandle, host: string, variables: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const api = calling(sandbox)
    const { uuid } = yield* api("POST", "/applications/dockerimage", {
      ...(yield* placeFor(sandbox, host)),
      docker_registry_image_name: "nginx:1",
      ports_exposes: "80",
      domains: `https://${host}`
    })
    const data = Object.entries(variables).map(([key, value]) => ({ key, value }))
    if (data.length > 0) yield* api("PATCH", `/applications/${uuid}/envs/bulk`, { data })
    yield* api("POST", `/deploy?uuid=${uuid}`, { force: false })
    yield* sandbox.world.pipe(
      Effect.delay("20 millis"),
      Effect.repeat({ until: ({ coolify }) => coolify.containers.some((one) => one.application === uuid) }),
      Effect.timeout("10 seconds")
    )
  })

const withZone = testSandbox({ seed: { zones: ["example.com"] } })

describe("certificates", () => {
  it.scopedLive("a host whose DNS leads here has one of the authority's, any other the default", () =>
    Effect.gen(function* () {
      const sandbox = yield* withZone
      const before = yield* session(sandbox, "api.example.com")
      assert.isFalse(before.authorized)
      assert.strictEqual(before.error, "DEPTH_ZERO_SELF_SIGNED_CERT")
      assert.strictEqual(before.subject, "TRAEFIK DEFAULT CERT")

      yield* record(sandbox, "api.example.com", "A", "127.0.0.1")
      const after = yield* session(sandbox, "api.example.com")
      assert.isTrue(after.authorized, after.error)
      const certificate = new X509Certificate(after.pem)
      assert.strictEqual(certificate.subjectAltName, "DNS:api.example.com")
      assert.isTrue(certificate.verify(new X509Certificate(sandbox.caPem).publicKey))
      assert.isFalse(certificate.ca)
      const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000
      assert.isTrue(days > 89 && days <= 90)

      yield* record(sandbox, "www.example.com", "CNAME", "api.example.com.")
      assert.isTrue((yield* session(sandbox, "www.example.com")).authorized)
      yield* record(sandbox, "*.wild.example.com", "A", "127.0.0.1")
      assert.isTrue((yield* session(sandbox, "X.wild.example.com")).authorized)

      yield* record(sandbox, "other.example.com", "A", "192.0.2.1")
      for (const host of ["other.example.com", "nope.example.com", "elsewhere.test", undefined]) {
        assert.strictEqual((yield* session(sandbox, host)).subject, "TRAEFIK DEFAULT CERT", host)
      }
    })
  )

  it.scopedLive("what was issued stays after the record has gone", () =>
    Effect.gen(function* () {
      const sandbox = yield* withZone
      yield* record(sandbox, "api.example.com", "A", "127.0.0.1")
      const first = yield* session(sandbox, "api.example.com")
      yield* record(sandbox, "api.example.com", "A", "192.0.2.1")
      const second = yield* session(sandbox, "api.example.com")
      assert.deepStrictEqual(second.pem, first.pem)
    })
  )

  it.scopedLive("the authority's own is one, and no server's", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox()
      const authority = new X509Certificate(sandbox.caPem)
      assert.isTrue(authority.ca)
      assert.isTrue(authority.checkIssued(authority))
      assert.isTrue(authority.verify(authority.publicKey))
      assert.include(authority.subject, "fabrik sandbox CA")
    })
  )
})

describe("routing", () => {
  it.scopedLive("by host to what is deployed; 404 without a router", () =>
    Effect.gen(function* () {
      const sandbox = yield* withZone
      yield* record(sandbox, "api.example.com", "A", "127.0.0.1")
      const missing = yield* visit(sandbox, "api.example.com")
      assert.deepInclude(missing, { status: 404, body: "404 page not found\n" })

      yield* deploy(sandbox, "api.example.com", { FABRIK_RELEASE: "r1" })
      const found = yield* visit(sandbox, "api.example.com", "GET", "/health?x=1")
      assert.strictEqual(found.status, 200)
      assert.strictEqual(found.headers["x-release"], "r1")
      assert.strictEqual(JSON.parse(found.body).status, "ok")
      const head = yield* visit(sandbox, "api.example.com", "HEAD")
      assert.deepInclude(head, { status: 200, body: "" })
      assert.strictEqual((yield* visit(sandbox, "API.example.com:443", "POST", "/", "{}")).status, 200)
      assert.strictEqual((yield* visit(sandbox, "www.example.com")).status, 404)
    })
  )

  it.scopedLive("502 where nothing listens, and the application's own errors as they are", () =>
    Effect.gen(function* () {
      const sandbox = yield* withZone
      yield* deploy(sandbox, "down.example.com", { SANDBOX_APP: "slow:3600" })
      assert.deepInclude(yield* visit(sandbox, "down.example.com"), { status: 502, body: "Bad Gateway" })
      yield* deploy(sandbox, "ill.example.com", { SANDBOX_APP: "unhealthy" })
      assert.strictEqual((yield* visit(sandbox, "ill.example.com")).status, 503)
    })
  )

  it.scopedLive("come through to the container of a service whose domain it is", () =>
    Effect.gen(function* () {
      const sandbox = yield* withZone
      const api = calling(sandbox)
      yield* record(sandbox, "office.example.com", "A", "127.0.0.1")
      const text = `services:
  web: { image: "web:1", environment: { FABRIK_RELEASE: r1, PORT: "3000" } }
  api: { image: "api:1", environment: { SANDBOX_APP: "status:418" } }
`
      const { uuid } = yield* api("POST", "/services", {
        ...(yield* placeFor(sandbox, "office")),
        name: "office",
        docker_compose_raw: Buffer.from(text).toString("base64"),
        urls: [
          { name: "web", url: "https://office.example.com:3000" },
          { name: "api", url: "https://office.example.com/api" }
        ],
        instant_deploy: true
      })
      yield* sandbox.world.pipe(
        Effect.delay("20 millis"),
        Effect.repeat({ until: ({ coolify }) => coolify.containers.length === 2 }),
        Effect.timeout("10 seconds")
      )
      assert.isTrue((yield* session(sandbox, "office.example.com")).authorized)
      const home = yield* visit(sandbox, "office.example.com")
      assert.deepStrictEqual([home.status, home.headers["x-release"]], [200, "r1"])
      assert.strictEqual((yield* visit(sandbox, "office.example.com", "GET", "/api/v1")).status, 418)
      // Coolify does not stop what it has not seen to run yet.
      yield* api("GET", `/services/${uuid}`).pipe(
        Effect.delay("20 millis"),
        Effect.repeat({ until: ({ status }) => String(status).startsWith("running") }),
        Effect.timeout("10 seconds")
      )
      yield* api("POST", `/services/${uuid}/stop`, {})
      yield* sandbox.world.pipe(
        Effect.delay("20 millis"),
        Effect.repeat({ until: ({ coolify }) => coolify.containers.length === 0 }),
        Effect.timeout("10 seconds")
      )
      assert.strictEqual((yield* visit(sandbox, "office.example.com")).status, 404)
    })
  )
})
