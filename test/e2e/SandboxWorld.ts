/** The live clients aimed at a sandbox: the whole pipeline over real sockets. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { makeCoolifyConfig } from "../../src/coolify/CoolifyConfig.ts"
import * as ComposeApplications from "../../src/coolify/ComposeApplications.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import * as AuthoritativeDnsLive from "../../src/dns/AuthoritativeDnsLive.ts"
import * as PowerDns from "../../src/dns/powerdns/PowerDns.ts"
import * as HttpsHealthProbe from "../../src/health/HttpsHealthProbe.ts"
import { readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { apply, type ApplyOptions } from "../../src/orchestrator/Apply.ts"
import { Progress, type Emitted } from "../../src/engine/DeploymentEvent.ts"
import { destroy } from "../../src/orchestrator/Destroy.ts"
import { Pace } from "../../src/engine/Pace.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import * as FileSecretStore from "../../src/secrets/FileSecretStore.ts"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { applyOptions, destroyOptions } from "../orchestrator/Samples.ts"

/** @param given values of secrets. */
export const layersOf = (
  sandbox: SandboxHandle,
  given: ReadonlyMap<string, Redacted.Redacted<string>> = new Map([
    ["DATABASE_URL", Redacted.make("postgresql://app:p4ssw0rd-of-tests@db/app")]
  ])
) =>
  Layer.unwrapEffect(
    Effect.map(makeCoolifyConfig(sandbox.apiUrl, Redacted.make(sandbox.token)), (config) =>
      Layer.mergeAll(
        Layer.provide(ComposeApplications.layer, CoolifyHttp.layer(config)),
        PowerDns.layer({
          apiUrl: sandbox.dnsApiUrl,
          apiKey: Redacted.make(sandbox.dnsApiKey),
          serverName: "localhost"
        }),
        AuthoritativeDnsLive.layer({ nameServers: [sandbox.dnsServer] }),
        HttpsHealthProbe.layer({
          port: sandbox.edge.port,
          resolvers: [sandbox.dnsServer],
          ca: sandbox.caPem
        }),
        journalsMemory,
        FileSecretStore.layer({
          envFiles: [],
          envFileRequired: false,
          directory: sandbox.dir,
          given
        })
      ).pipe(
        Layer.provide(
          Layer.mergeAll(
            FetchHttpClient.layer,
            NodeFileSystem.layer,
            NodePath.layer,
            Layer.setConfigProvider(ConfigProvider.fromMap(new Map()))
          )
        )
      )
    )
  ).pipe(Layer.orDie)

export const options: ApplyOptions = { ...applyOptions, timeout: Duration.minutes(2) }

/** Polls fast and gives up soon: the sandbox takes milliseconds where the world takes minutes. */
export const hasty = Effect.map(Pace, (pace) => ({
  ...pace,
  firstPoll: Duration.millis(20),
  slowestPoll: Duration.millis(200),
  slowestFollow: Duration.millis(200),
  lateEffects: Duration.millis(500),
  statusSettle: Duration.seconds(2),
  watch: Duration.millis(40),
  firstWatch: Duration.millis(40),
  propagation: Duration.seconds(3),
  certificate: Duration.seconds(1),
  lookBack: Duration.seconds(3),
  undoBudget: Duration.seconds(10),
  queueFull: Duration.millis(100)
}))

/** Applies a spec to a sandbox, with the events it emitted; `watch` sees each of them as it comes. */
export const applyTo = (
  sandbox: SandboxHandle,
  spec: Spec,
  changes: Partial<ApplyOptions> = {},
  watch: (emitted: Emitted) => Effect.Effect<void> = () => Effect.void
) =>
  Effect.gen(function* () {
    const events = yield* Ref.make<ReadonlyArray<Emitted>>([])
    const pace = yield* hasty
    const result = yield* apply(spec, { ...options, ...changes }).pipe(
      Effect.provideService(Progress, {
        emit: (event) =>
          Effect.zipRight(
            Ref.update(events, (all) => [...all, event]),
            watch(event)
          )
      }),
      Effect.provideService(Pace, pace),
      Effect.catchTag("JournalError", Effect.die),
      Effect.provide(layersOf(sandbox)),
      Effect.either
    )
    return { result, events: yield* Ref.get(events) }
  })

/** Deletes what a spec has in a sandbox. */
export const destroyFrom = (
  sandbox: SandboxHandle,
  spec: Spec,
  changes: Partial<typeof destroyOptions> = {}
) =>
  Effect.gen(function* () {
    const pace = yield* hasty
    return yield* destroy(spec, { ...destroyOptions, ...changes }).pipe(
      Effect.catchTag("JournalError", Effect.die),
      Effect.provideService(Pace, pace),
      Effect.provide(layersOf(sandbox)),
      Effect.either
    )
  })

/** A small spec of the sandbox's kind. `health` overrides lines of the health check. */
export const specOf = (
  env: Readonly<Record<string, string>> = {},
  health: Readonly<Record<string, string | number | boolean>> = {}
): Spec =>
  Either.getOrThrow(
    parseSpec(
      [
        "name: api",
        "domain: api.example.com",
        "server: localhost",
        "source:",
        "  image: registry.example/api:1",
        "port: 8080",
        "env:",
        "  GREETING: hello",
        ...Object.entries(env).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
        "secrets: [API_KEY]",
        "healthcheck:",
        ...Object.entries({
          path: "/health",
          interval: 1,
          timeout: 5,
          retries: 2,
          startPeriod: 0,
          settle: 0,
          container: true,
          ...health
        }).map(([key, value]) => `  ${key}: ${value}`)
      ].join("\n"),
      "spec.yaml"
    )
  )

/** What `adopt` makes of the application `api` in a sandbox, without taking it over. */
export const adoptable = (sandbox: SandboxHandle) =>
  readAdoptable({ application: "api", project: undefined, environment: undefined, dns: true }).pipe(
    Effect.provide(layersOf(sandbox))
  )
