import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { attachOrStart, serve } from "../../src/sandbox/Attach.ts"
import { start } from "../../src/sandbox/Sandbox.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { overUdp, question } from "./dns/DnsQuery.ts"
import { temporaryDirectory, testSandbox } from "./TestSandbox.ts"

const api = (sandbox: SandboxHandle, method: string, path: string, body?: unknown) =>
  Effect.promise(async () => {
    const response = await fetch(`${sandbox.apiUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${sandbox.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    return { status: response.status, text: await response.text() }
  })

const addRecord = (sandbox: SandboxHandle) =>
  Effect.promise(() =>
    fetch(`${sandbox.dnsApiUrl}/api/v1/servers/localhost/zones/example.com.`, {
      method: "PATCH",
      headers: { "x-api-key": sandbox.dnsApiKey },
      body: JSON.stringify({
        rrsets: [
          {
            name: "api.example.com.",
            type: "A",
            ttl: 60,
            changetype: "REPLACE",
            records: [{ content: "127.0.0.1" }],
            comments: [{ content: "mine", account: "fabrik" }]
          }
        ]
      })
    }).then((response) => response.status)
  )

/** A port that somebody listens on. */
const takenPort = Effect.acquireRelease(
  Effect.async<net.Server>((resume) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) => Effect.sync(() => server.close())
).pipe(Effect.map((server) => (server.address() as net.AddressInfo).port))

describe("a restart", () => {
  it.scopedLive("keeps token, keys, authority, ports, records, resources and log", () =>
    Effect.gen(function* () {
      const dir = yield* temporaryDirectory
      const [first, world, requests] = yield* Effect.scoped(
        Effect.gen(function* () {
          const sandbox = yield* testSandbox({
            dir,
            seed: { servers: ["vps1"], domains: ["api.example.com"] }
          })
          assert.strictEqual((yield* api(sandbox, "POST", "/api/v1/projects", { name: "one" })).status, 201)
          assert.strictEqual(yield* addRecord(sandbox), 204)
          return [sandbox, yield* sandbox.world, yield* sandbox.requests] as const
        })
      )
      const second = yield* testSandbox({ dir })
      for (const key of [
        "token",
        "dnsApiKey",
        "caPem",
        "apiUrl",
        "dnsApiUrl",
        "dnsServer",
        "edge",
        "caFile"
      ] as const) {
        assert.deepStrictEqual(second[key], first[key], key)
      }
      assert.deepStrictEqual(yield* second.world, world)
      assert.deepStrictEqual(yield* second.requests, requests)
      assert.strictEqual(world.coolify.projects[0]?.name, "one")
      assert.deepStrictEqual(
        requests.map(({ api, method, path, status }) => [api, method, path, status]),
        [
          ["coolify", "POST", "/api/v1/projects", 201],
          ["dns", "PATCH", "/api/v1/servers/localhost/zones/example.com.", 204]
        ]
      )
      const reply = yield* overUdp(second.dnsServer.port, question("api.example.com", "A"))
      assert.deepStrictEqual(reply.answers, ["api.example.com 60 A 127.0.0.1"])
    })
  )

  it.scopedLive("takes other ports where the old ones are taken", () =>
    Effect.gen(function* () {
      const dir = yield* temporaryDirectory
      const first = yield* Effect.scoped(testSandbox({ dir }))
      const stranger = net.createServer()
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => {
          stranger.listen(first.edge.port, "127.0.0.1", () => resume(Effect.void))
        }),
        () => Effect.sync(() => stranger.close())
      )
      const second = yield* testSandbox({ dir })
      assert.notStrictEqual(second.edge.port, first.edge.port)
      assert.strictEqual(second.apiUrl, first.apiUrl)
    })
  )

  it.scopedLive("leaves only files for their owner behind, and no open socket", () =>
    Effect.gen(function* () {
      const dir = path.join(yield* temporaryDirectory, "deep", "sandbox")
      const sandbox = yield* Effect.scoped(
        Effect.gen(function* () {
          const sandbox = yield* testSandbox({ dir, seed: { zones: ["example.com"] } })
          // fetch keeps its connection open: that must not hold up the stop.
          yield* api(sandbox, "GET", "/api/v1/projects")
          return sandbox
        })
      )
      assert.strictEqual(fs.statSync(dir).mode & 0o777, 0o700)
      const modes = fs
        .readdirSync(dir)
        .map((name) => [name, fs.statSync(path.join(dir, name)).mode & 0o777] as const)
      assert.deepStrictEqual(
        // What stands for its lock is a folder.
        modes.filter(([name, mode]) => mode !== (name === "lock" ? 0o700 : 0o600)),
        []
      )
      assert.includeMembers(
        modes.map(([name]) => name),
        ["ca-key.pem", "ca.pem", "coolify.json", "requests.ndjson", "sandbox.json", "zones.json"]
      )
      const refused = yield* Effect.async<string>((resume) => {
        net
          .connect(sandbox.edge.port, "127.0.0.1")
          .on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? "")))
          .on("connect", () => resume(Effect.succeed("connected")))
      })
      assert.strictEqual(refused, "ECONNREFUSED")
    })
  )
})

describe("seeds", () => {
  it.scopedLive("a fresh sandbox has the server localhost; named servers take its place", () =>
    Effect.gen(function* () {
      const names = (sandbox: SandboxHandle) =>
        Effect.map(api(sandbox, "GET", "/api/v1/servers"), ({ text }) =>
          JSON.parse(text).map((server: { name: string; ip: string }) => `${server.name} ${server.ip}`)
        )
      assert.deepStrictEqual(yield* names(yield* testSandbox()), ["localhost 127.0.0.1"])
      const named = yield* testSandbox({ seed: { servers: ["vps1"] } })
      assert.deepStrictEqual(yield* names(named), ["vps1 127.0.0.1"])
      yield* named.seed({ servers: ["vps1", "vps2"] })
      assert.deepStrictEqual(yield* names(named), ["vps1 127.0.0.1", "vps2 127.0.0.1"])
    })
  )

  it.scopedLive("a domain gets the zone of its last two labels, unless one holds it", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({
        seed: { zones: ["inner.example.com."], domains: ["a.inner.example.com"] }
      })
      yield* sandbox.seed({ domains: ["b.c.Example.org", "example.net", "x.example.org"] })
      yield* sandbox.seed({ zones: ["inner.example.com"] })
      const { zones } = yield* sandbox.world
      assert.deepStrictEqual(
        zones.map(({ name }) => name),
        ["example.net.", "example.org.", "inner.example.com."]
      )
      const reply = yield* overUdp(sandbox.dnsServer.port, question("ns1.example.org", "A"))
      assert.deepStrictEqual(reply.answers, ["ns1.example.org 3600 A 127.0.0.1"])
    })
  )
})

describe("refusals", () => {
  it.scopedLive("a wanted port that is taken", () =>
    Effect.gen(function* () {
      const port = yield* takenPort
      const dir = yield* temporaryDirectory
      for (const [key, what] of [
        ["coolify", "the Coolify API"],
        ["dnsApi", "the DNS zone API"],
        ["dns", "the DNS server"],
        ["edge", "the edge proxy"]
      ] as const) {
        const error = yield* Effect.flip(Effect.scoped(start({ dir, ports: { [key]: port } })))
        assert.strictEqual(error.reason, "PortInUse")
        assert.strictEqual(error.detail, `${what} cannot listen on 127.0.0.1:${port} (EADDRINUSE)`)
      }
      yield* start({ dir })
    })
  )

  it.scopedLive("a second start on the directory, until the first has ended", () =>
    Effect.gen(function* () {
      const dir = yield* temporaryDirectory
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* start({ dir })
          const error = yield* Effect.flip(start({ dir: `${dir}/../${path.basename(dir)}` }))
          assert.strictEqual(error.reason, "Locked")
          assert.include(error.detail, `process ${process.pid}`)
        })
      )
      yield* start({ dir })
    })
  )

  it.scopedLive("of two that start at once one wins", () =>
    Effect.gen(function* () {
      const dir = yield* temporaryDirectory
      const results = yield* Effect.all(
        Array.from({ length: 5 }, () => Effect.either(start({ dir }))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(results.map(({ _tag }) => _tag).toSorted(), [
        "Left",
        "Left",
        "Left",
        "Left",
        "Right"
      ])
    })
  )

  it.scopedLive("the lock ends with a killed process", () =>
    Effect.gen(function* () {
      const dir = yield* temporaryDirectory
      const program = `
        import * as Effect from "effect/Effect"
        import { start } from ${JSON.stringify(path.resolve("src/sandbox/Sandbox.ts"))}
        Effect.runPromise(Effect.scoped(Effect.zipRight(start({ dir: ${JSON.stringify(dir)} }), Effect.sync(() => console.log("up")).pipe(Effect.zipRight(Effect.never)))))
      `
      const bundle = path.join(dir, "holder.mjs")
      const { build } = yield* Effect.promise(() => import("esbuild"))
      yield* Effect.promise(() =>
        build({
          stdin: { contents: program, resolveDir: process.cwd(), loader: "ts" },
          bundle: true,
          platform: "node",
          format: "esm",
          outfile: bundle,
          logLevel: "silent",
          banner: {
            js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'
          }
        })
      )
      const child = spawn(process.execPath, [bundle], { stdio: ["ignore", "pipe", "inherit"] })
      yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGKILL")))
      yield* Effect.async<void>((resume) => void child.stdout.once("data", () => resume(Effect.void)))
      const error = yield* Effect.flip(start({ dir }))
      assert.strictEqual(error.reason, "Locked")
      assert.include(error.detail, `process ${child.pid}`)
      yield* Effect.async<void>((resume) => {
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGKILL")
      })
      yield* start({ dir })
    })
  )

  it.scopedLive("state that is damaged, or a directory that cannot be", () =>
    Effect.gen(function* () {
      const parent = yield* temporaryDirectory
      for (const name of ["sandbox.json", "zones.json", "coolify.json", "certificates.json"]) {
        const dir = path.join(parent, name.replace(".", "-"))
        yield* Effect.scoped(start({ dir }))
        fs.writeFileSync(path.join(dir, name), '{"token":"se cr et"')
        const error = yield* Effect.flip(start({ dir }))
        assert.strictEqual(error.reason, "BadState", name)
        assert.include(error.detail, name)
        assert.notInclude(error.detail, "se cr et")
      }
      const dir = path.join(parent, "ca")
      yield* Effect.scoped(start({ dir }))
      fs.writeFileSync(path.join(dir, "ca.pem"), "no certificate")
      assert.strictEqual((yield* Effect.flip(start({ dir }))).reason, "BadState")
      fs.writeFileSync(path.join(parent, "file"), "")
      const blocked = yield* Effect.flip(start({ dir: path.join(parent, "file", "sandbox") }))
      assert.strictEqual(blocked.reason, "Unwritable")
      assert.strictEqual((yield* Effect.flip(start({ dir, faults: ["nonsense"] }))).reason, "BadFault")
    })
  )
})

describe("a foreground sandbox", () => {
  /** Serves `dir` in a fiber of its own, and answers once it listens. */
  const served = (dir: string) =>
    Effect.gen(function* () {
      const ready = yield* Effect.makeLatch()
      const fiber = yield* Effect.forkScoped(serve({ dir }, () => Effect.asVoid(ready.open)))
      yield* Effect.raceFirst(ready.await, Effect.orDie(Fiber.join(fiber)))
      return fiber
    })

  it.scopedLive("is attached to: same world, seeds, faults and log; ends with itself", () =>
    Effect.gen(function* () {
      const dir = yield* temporaryDirectory
      const fiber = yield* served(dir)
      const file = path.join(dir, "server.json")
      assert.strictEqual(JSON.parse(fs.readFileSync(file, "utf8")).pid, process.pid)
      const attached = yield* attachOrStart({
        dir,
        seed: { servers: ["vps1"], domains: ["api.example.com"] }
      })
      assert.strictEqual(yield* addRecord(attached), 204)
      const world = yield* attached.world
      assert.deepStrictEqual(
        world.zones[0]?.rrsets.find(({ name }) => name === "api.example.com.")?.comments,
        ["fabrik: mine"]
      )
      const again = yield* attachOrStart({ dir, faults: ["coolify GET /servers status=503 x1"] })
      assert.deepStrictEqual(yield* again.world, world)
      assert.strictEqual((yield* api(attached, "GET", "/api/v1/servers")).status, 503)
      assert.include((yield* api(attached, "GET", "/api/v1/servers")).text, "vps1")
      const status = Effect.map(api(attached, "GET", "/api/v1/servers"), (answer) => answer.status)
      yield* attached.faults.add("coolify GET /servers status=502")
      const passing = Effect.scoped(
        Effect.zipRight(
          attachOrStart({
            dir,
            faults: ["coolify GET /projects status=503", "coolify GET /servers status=502"]
          }),
          status
        )
      )
      assert.strictEqual(yield* passing, 502)
      // Its own are gone with it, and nobody else's.
      assert.strictEqual((yield* api(attached, "GET", "/api/v1/projects")).status, 200)
      assert.strictEqual(yield* status, 502)
      yield* again.faults.add("coolify * * hang")
      yield* again.faults.clear
      const bad = yield* Effect.flip(again.faults.add("nonsense"))
      assert.include(bad.detail, "expected `<api> <method> <path> <kind>`")
      assert.deepStrictEqual(
        (yield* again.requests).map(({ method, path, status }) => `${method} ${path} ${status}`),
        [
          "PATCH /api/v1/servers/localhost/zones/example.com. 204",
          "GET /api/v1/servers 503",
          "GET /api/v1/servers 200",
          "GET /api/v1/servers 502",
          "GET /api/v1/projects 200",
          "GET /api/v1/servers 502"
        ]
      )

      yield* Fiber.interrupt(fiber)
      assert.isFalse(fs.existsSync(file))
      assert.strictEqual((yield* Effect.flip(again.world)).reason, "NoAnswer")
      const embedded = yield* attachOrStart({ dir })
      assert.deepStrictEqual(yield* embedded.world, world)
    })
  )

  it.scopedLive("that was killed leaves a file that misleads nobody", () =>
    Effect.gen(function* () {
      const dir = yield* temporaryDirectory
      const ended = yield* Effect.scoped(start({ dir }))
      const running = path.join(dir, "server.json")
      fs.writeFileSync(running, JSON.stringify({ pid: 1, apiUrl: ended.apiUrl }))
      yield* Effect.scoped(attachOrStart({ dir }))
      const other = yield* temporaryDirectory
      yield* served(other)
      const foreign = JSON.parse(fs.readFileSync(path.join(other, "server.json"), "utf8"))
      fs.writeFileSync(running, JSON.stringify(foreign))
      // Somebody answers there, but not to this directory's token.
      const sandbox = yield* attachOrStart({ dir })
      assert.notStrictEqual(sandbox.apiUrl, foreign.apiUrl)
    })
  )

  it.scopedLive("embedded ones do not share: the second is told who holds the directory", () =>
    Effect.gen(function* () {
      const dir = yield* temporaryDirectory
      yield* attachOrStart({ dir })
      const error = yield* Effect.flip(attachOrStart({ dir }))
      assert.strictEqual(error.reason, "Locked")
    })
  )
})
