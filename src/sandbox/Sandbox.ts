/**
 * The sandbox: a Coolify API, a DNS zone API, a name server and an edge proxy on 127.0.0.1, whose state survives in
 * one directory. It runs on the real clock, as the world that it stands for does.
 */
import * as http from "node:http"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Path from "@effect/platform/Path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as CoolifyApi from "./coolify/CoolifyApi.ts"
import { CoolifyState } from "./coolify/CoolifyState.ts"
import { initialState } from "./coolify/InitialState.ts"
import type { Latency } from "./coolify/Latency.ts"
import { respond } from "./coolify/RunningContainer.ts"
import * as Control from "./Control.ts"
import { addressesOf } from "./dns/Answer.ts"
import * as DnsServer from "./dns/DnsServer.ts"
import { worldOf, Zone } from "./dns/Zone.ts"
import * as ZoneApi from "./dns/ZoneApi.ts"
import * as ZoneStore from "./dns/ZoneStore.ts"
import * as Certificates from "./edge/Certificates.ts"
import * as EdgeProxy from "./edge/EdgeProxy.ts"
import * as Faults from "./Faults.ts"
import { parseAll } from "./FaultText.ts"
import * as Gate from "./Gate.ts"
import { bindPreferred, listen, loopback } from "./Listen.ts"
import * as Lock from "./Lock.ts"
import * as RequestLog from "./RequestLog.ts"
import { SandboxError } from "./SandboxError.ts"
import type { SandboxHandle, SandboxSeed } from "./SandboxHandle.ts"
import { seedZones } from "./Seed.ts"
import { fresh, Settings } from "./Settings.ts"
import * as Stored from "./Stored.ts"

export interface SandboxOptions {
  /** Made with mode 0700 when it is not there. */
  readonly dir: string
  readonly seed?: SandboxSeed
  /** A port that is named must be had; without a name it is that of the last run if free, else any. */
  readonly ports?: Settings["ports"]
  /** Rules, or lines as FaultText reads them. */
  readonly faults?: ReadonlyArray<Faults.FaultRule | string>
  readonly latency?: Partial<Latency>
  /** What Coolify calls itself in `GET /version`. */
  readonly coolifyVersion?: string
  /** Coolify's requests a minute; 200 when absent. */
  readonly rateLimit?: number
  /** Hears of each request that one of the two APIs has answered. */
  readonly onRequest?: (entry: Gate.AnsweredRequest) => Effect.Effect<void>
}

/** A fresh sandbox has one server, this. */
const defaultServer = "localhost"

const makeDirectory = Effect.fnUntraced(function* (dir: string) {
  const fs = yield* FileSystem.FileSystem
  const path = (yield* Path.Path).resolve(dir)
  return yield* fs.makeDirectory(path, { recursive: true, mode: 0o700 }).pipe(
    Effect.zipRight(fs.chmod(path, 0o700)),
    // The lock of an application's runs goes by it, so the directory must not have two names.
    Effect.zipRight(fs.realPath(path)),
    Effect.mapError(
      (cause) => new SandboxError({ reason: "Unwritable", detail: `${path} cannot be made`, cause })
    )
  )
})

const stored = <A, I>(file: string, schema: Schema.Schema<A, I>, initial: A) =>
  Effect.mapError(
    Stored.makeFile({ file, schema, initial }),
    (error) => new SandboxError({ reason: "BadState", detail: error.message, cause: error })
  )

/** Longer than any client keeps an idle connection, so that none is cut while a request is on its way. */
const keepAliveTimeout = 120_000

const serveHttp = (app: HttpApp.Default, port: number) =>
  Effect.flatMap(NodeHttpServer.makeHandler(app), (handler) =>
    listen(http.createServer({ keepAliveTimeout }, handler), port)
  )

/** The Coolify of `dir`; its database always knows the sandbox's token. */
const startCoolify = Effect.fnUntraced(function* (file: string, token: string, options: SandboxOptions) {
  const [id = "1", secret = ""] = token.split("|")
  const seed = initialState({
    tokens: [{ id: Number(id), secret, abilities: ["read", "read:sensitive", "write", "deploy"] }]
  })
  const state = yield* stored(file, CoolifyState, seed)
  yield* state.modify((current) => [
    undefined,
    current.tokens.some((known) => `${known.id}|${known.secret}` === token)
      ? current
      : { ...current, tokens: [...current.tokens.filter((known) => known.id !== Number(id)), ...seed.tokens] }
  ])
  return yield* CoolifyApi.make({
    state,
    ...(options.latency === undefined ? {} : { latency: options.latency }),
    ...(options.coolifyVersion === undefined ? {} : { version: options.coolifyVersion }),
    ...(options.rateLimit === undefined ? {} : { rateLimit: options.rateLimit })
  })
})

const startIn = Effect.fn("Sandbox.start")(function* (options: SandboxOptions) {
  const scope = yield* Effect.scope
  const path = yield* Path.Path
  const dir = yield* makeDirectory(options.dir)
  const file = (name: string) => path.join(dir, name)
  yield* Lock.acquire(dir)

  const faults = yield* Faults.make(yield* parseAll(options.faults ?? []))
  const settings = yield* stored(file("sandbox.json"), Settings, yield* fresh)
  const { token, dnsApiKey, ports: remembered } = yield* settings.get
  const log = yield* RequestLog.make(file("requests.ndjson"))
  const zones = yield* ZoneStore.make(yield* stored(file("zones.json"), Schema.Array(Zone), []))
  const coolify = yield* startCoolify(file("coolify.json"), token, options)
  const certificates = yield* Certificates.make({
    dir,
    issued: yield* stored(file("certificates.json"), Certificates.IssuedCertificates, {}),
    isReachable: Effect.fnUntraced(function* (host: string) {
      const servers = (yield* coolify.state.get).servers.map(({ ip }) => ip)
      return addressesOf(yield* zones.all, host).some((address) => servers.includes(address))
    })
  })

  const seed = (what: SandboxSeed) =>
    Effect.zipRight(
      coolify.seed({
        ...what,
        servers: (what.servers ?? []).map((name) => ({ name, ip: loopback }))
      }),
      seedZones(zones, what)
    )
  if ((yield* coolify.state.get).servers.length === 0 && options.seed?.servers === undefined) {
    yield* seed({ servers: [defaultServer] })
  }
  yield* seed(options.seed ?? {})

  const wanted = options.ports ?? {}
  const dns = yield* bindPreferred({
    what: "the DNS server",
    wanted: wanted.dns,
    remembered: remembered.dns,
    bind: (port) =>
      DnsServer.serve(
        {
          store: zones,
          faultFor: (name, type) =>
            Effect.map(faults.forDns(type, name), (rule) => (rule === undefined ? undefined : rule.kind))
        },
        port
      )
  })
  const edge = yield* bindPreferred({
    what: "the edge proxy",
    wanted: wanted.edge,
    remembered: remembered.edge,
    bind: (port) =>
      EdgeProxy.serve(
        {
          certificates,
          ask: Effect.fnUntraced(function* (host, request) {
            const container = yield* coolify.containerFor(host, request.path.split("?")[0] ?? "/")
            if (container === undefined) return undefined
            return respond(container, request, yield* Clock.currentTimeMillis)
          })
        },
        port
      )
  })
  const gate = { faults, log, scope, onRequest: options.onRequest }
  const dnsApi = yield* bindPreferred({
    what: "the DNS zone API",
    wanted: wanted.dnsApi,
    remembered: remembered.dnsApi,
    bind: (port) =>
      serveHttp(
        Gate.make({ ...gate, api: "dns", app: ZoneApi.make({ store: zones, apiKey: dnsApiKey }) }),
        port
      )
  })

  const handleOn = (port: number): SandboxHandle => ({
    dir,
    token,
    pid: process.pid,
    apiUrl: `http://${loopback}:${port}`,
    dnsApiUrl: `http://${loopback}:${dnsApi}`,
    dnsApiKey,
    dnsServer: { host: loopback, port: dns },
    edge: { host: loopback, port: edge },
    caFile: file(Certificates.authorityFile),
    caPem: certificates.authorityPem,
    faults: {
      add: (...rules) => Effect.flatMap(parseAll(rules), faults.add),
      remove: (...rules) => Effect.flatMap(parseAll(rules), faults.remove),
      clear: faults.clear
    },
    seed,
    world: Effect.all({ coolify: coolify.world, zones: Effect.map(zones.all, worldOf) }),
    requests: log.all
  })
  const gatedCoolify = Gate.make({ ...gate, api: "coolify", app: coolify.app })
  const port = yield* bindPreferred({
    what: "the Coolify API",
    wanted: wanted.coolify,
    remembered: remembered.coolify,
    bind: Effect.fnUntraced(function* (wantedPort: number) {
      let control: HttpApp.Default | undefined
      const app: HttpApp.Default = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) =>
        control !== undefined && url.startsWith(Control.controlPrefix) ? control : gatedCoolify
      )
      const bound = yield* serveHttp(app, wantedPort)
      control = Control.make(handleOn(bound))
      return bound
    })
  })
  yield* settings.modify((current) => [
    undefined,
    { ...current, ports: { coolify: port, dnsApi, dns, edge } }
  ])
  return handleOn(port)
})

/**
 * Starts the sandbox of `options.dir`; the scope's end stops it. Fails with `Locked` where one is running on the
 * directory, `PortInUse`, `BadState`, `Unwritable` or `BadFault`, and then holds nothing.
 */
export const start = (options: SandboxOptions): Effect.Effect<SandboxHandle, SandboxError, Scope.Scope> =>
  Effect.gen(function* () {
    const own = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    return yield* startIn(options).pipe(
      Scope.extend(own),
      Effect.onError((cause) => Scope.close(own, Exit.failCause(cause)))
    )
  }).pipe(Effect.provide([NodeFileSystem.layer, Path.layer]))
