/**
 * What a whole fabrik in this process reaches instead of a network: the sandbox's Coolify with its limit of requests, a DNS
 * account, and containers that answer well. It stands in for src/cli/LiveLayers.ts and src/sandbox/Attach.ts.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as ComposeApplications from "../../src/coolify/ComposeApplications.ts"
import type { CoolifyConfig } from "../../src/coolify/CoolifyConfig.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import type { DnsError } from "../../src/dns/DnsError.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { layerHealthy } from "../../src/health/MemoryHealthProbe.ts"
import * as CoolifyApi from "../../src/sandbox/coolify/CoolifyApi.ts"
import { initialState } from "../../src/sandbox/coolify/InitialState.ts"
import * as InProcess from "../../src/sandbox/InProcess.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { makeMemory } from "../../src/sandbox/Stored.ts"
import { eachCall } from "../orchestrator/EachCall.ts"

export interface FleetWorld {
  readonly client: HttpClient.HttpClient
  readonly dns: Layer.Layer.Success<ReturnType<typeof dnsMemory>> extends infer A ? Layer.Layer<A> : never
  /** The requests to Coolify so far, as `GET /api/v1/servers`. */
  readonly requests: Array<string>
  /** All requests so far, as they ended. */
  readonly timeline: Array<Asked>
}

/** One request, to Coolify or to the DNS account, on the clock of the world. */
export interface Asked {
  readonly what: string
  readonly began: number
  readonly ended: number
}

export interface WorldOptions {
  /** Requests of a user that Coolify answers; it allows 200 by default. */
  readonly perMinute?: number
  /** On the way to an API and back; as from another city by default. */
  readonly roundTrip?: Duration.DurationInput
  /** Each of the two phases of a deployment. */
  readonly build?: Duration.DurationInput
}

const secret = `${"a".repeat(40)}0f0f0f0f`

export const makeWorld = ({
  build,
  perMinute = 200,
  roundTrip = "40 millis"
}: WorldOptions): Effect.Effect<FleetWorld, never, Scope.Scope> =>
  Effect.gen(function* () {
    const state = yield* makeMemory(
      initialState({ tokens: [{ id: 1, secret, abilities: ["read", "read:sensitive", "write", "deploy"] }] })
    )
    const api = yield* CoolifyApi.make({
      state,
      rateLimit: perMinute,
      ...(build === undefined ? {} : { latency: { build } })
    })
    yield* api.seed({ servers: [{ name: "vps1", ip: "192.0.2.10" }] })
    const requests: Array<string> = []
    const timeline: Array<Asked> = []
    const onTheWay = <A, E, R>(what: string, answer: Effect.Effect<A, E, R>) =>
      Effect.gen(function* () {
        const began = yield* Clock.currentTimeMillis
        yield* Effect.sleep(roundTrip)
        return yield* Effect.onExit(answer, () =>
          Effect.map(Clock.currentTimeMillis, (ended) => timeline.push({ what, began, ended }))
        )
      })
    const inProcess = yield* InProcess.client(api.app)
    const client = HttpClient.transform(inProcess, (answer, request) => {
      const what = `${request.method} ${new URL(request.url).pathname}`
      requests.push(what)
      return onTheWay(what, answer)
    })
    const dns = yield* Layer.build(dnsMemory([{ id: "1", name: "example.com" }]))
    const account = eachCall(Context.get(dns, DnsClient), (method, call: Effect.Effect<unknown, DnsError>) =>
      onTheWay(`dns ${method}`, call)
    )
    return { client, dns: Layer.succeedContext(Context.add(dns, DnsClient, account)), requests, timeline }
  })

let current: FleetWorld | undefined

/** The world that the next command meets. */
export const enter = (world: FleetWorld): void => {
  current = world
}

const here = (): FleetWorld => {
  if (current === undefined) throw new Error("there is no world yet")
  return current
}

export const attachOrStart = ({ dir }: { readonly dir: string }): Effect.Effect<SandboxHandle> =>
  Effect.succeed({
    pid: 0,
    apiUrl: "https://coolify.test",
    dnsApiUrl: "https://dns.test",
    dnsApiKey: "the key of a DNS account in memory",
    dnsServer: { host: "127.0.0.1", port: 53 },
    edge: { host: "127.0.0.1", port: 443 },
    caFile: "ca.pem",
    caPem: "",
    dir,
    token: `1|${secret}`,
    faults: { add: () => Effect.void, remove: () => Effect.void, clear: Effect.void },
    seed: () => Effect.void,
    world: Effect.dieMessage("nobody looks into it"),
    requests: Effect.dieMessage("nobody looks into it")
  })

export const http = () => Layer.sync(HttpClient.HttpClient, () => here().client)

export const coolify = (config: CoolifyConfig) =>
  ComposeApplications.layer.pipe(Layer.provide(CoolifyHttp.layer(config)), Layer.provide(http()))

export const powerDns = (_apiUrl: string, _key: Redacted.Redacted<string>) => Layer.suspend(() => here().dns)

export const authoritative = () => authoritativeMemory

export const health = () => layerHealthy
