/** Specs and worlds that several suites start from. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Application } from "../../src/coolify/endpoints/Applications.ts"
import type { ObservedVariable } from "../../src/coolify/endpoints/Variables.ts"
import type { Server } from "../../src/coolify/endpoints/Servers.ts"
import type { ApplyOptions } from "../../src/orchestrator/Apply.ts"
import type { BatchOptions } from "../../src/orchestrator/Batch.ts"
import { desiredApplication, type Desired } from "../../src/orchestrator/Desired.ts"
import type { DestroyOptions } from "../../src/orchestrator/Destroy.ts"
import type { Observed } from "../../src/orchestrator/Observe.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import type { Healthcheck } from "../../src/appspec/sections/Healthcheck.ts"
import type { Pace } from "../../src/engine/Pace.ts"

const healthcheck: Healthcheck = {
  path: "/health",
  status: 200,
  timeout: Duration.seconds(5),
  interval: Duration.seconds(5),
  retries: 3,
  startPeriod: Duration.seconds(5),
  settle: Duration.zero,
  container: true,
  release: undefined
}

export const domain = "api.example.com"

export const spec: Spec = {
  name: "api",
  project: "fabrik",
  environment: "production",
  server: "vps1",
  domains: [domain],
  template: undefined,
  source: { _tag: "Image", name: "nginx", tag: "1.27" },
  build: { env: [] },
  port: 8080,
  env: { LOG_LEVEL: "info" },
  secrets: ["API_KEY"],
  secretRules: new Map(),
  volumes: [],
  databases: [],
  references: {},
  dns: { provider: undefined, ttl: undefined, proxied: false, target: undefined },
  healthcheck
}

export const server: Server = {
  uuid: "srv",
  name: "vps1",
  ip: "192.0.2.10",
  reachable: true,
  usable: true
}

/** Where no spec was read from a file. */
export const noOrigin = { file: "spec.yaml", text: "" }

/** Of runs of which nobody declines one. */
export const batchOptions: Omit<BatchOptions<unknown>, "stands"> = {
  parallelism: 10,
  keepGoing: false,
  atomic: false,
  plansOnly: false,
  showLate: () => Effect.void,
  decide: () => Effect.succeed(true)
}

export const applyOptions: ApplyOptions = {
  command: "apply",
  mode: "sandbox",
  offline: false,
  skipDns: false,
  skipDeploy: false,
  redeploy: false,
  allowDowntime: false,
  expected: undefined,
  confirm: () => Effect.succeed(true),
  timeout: Duration.minutes(30),
  origin: noOrigin
}

export const destroyOptions: DestroyOptions = {
  command: "destroy",
  mode: "sandbox",
  keepDns: false,
  deleteVolumes: true,
  confirm: () => Effect.succeed(true),
  origin: noOrigin
}

export const zone = { id: "zone", name: "example.com" }

export const firstRun = "000000000001"
export const secondRun = "000000000002"

export const empty: Observed = {
  server,
  access: undefined,
  project: undefined,
  environmentExists: false,
  application: undefined,
  foreign: undefined,
  orphans: [],
  given: () => undefined,
  parts: [],
  databases: [],
  otherDatabases: [],
  sharedDatabases: [],
  remains: [],
  siblings: [],
  former: [],
  duplicates: [],
  variables: [],
  dns: [{ name: domain, provider: "memory", comments: true, zone, recordSets: [] }]
}

export const variable = (key: string, value: string, comment: string): ObservedVariable => ({
  uuid: `row-${key}`,
  key,
  value: Redacted.make(value),
  comment,
  isPreview: false,
  isLiteral: true,
  isMultiline: false,
  isShownOnce: false,
  isRuntime: true,
  isBuildtime: false
})

export const application = (of: Spec = spec, changes: Partial<Application> = {}): Application => ({
  uuid: "app",
  status: "running:healthy",
  stopsFirst: false,
  restartCount: 0,
  ...desiredApplication("default", of, firstRun),
  ...changes
})

export const desired = (of: Spec = spec, changes: Partial<Desired> = {}): Desired => ({
  spec: of,
  owner: "default",
  run: secondRun,
  application: desiredApplication("default", of, secondRun),
  variables: [],
  secrets: [],
  held: [],
  target: { type: "A", value: server.ip },
  ...changes
})

/** Nothing to wait for, where time is not what a test is about. */
export const withoutWaits = (pace: typeof Pace.Service): typeof Pace.Service => ({
  ...pace,
  firstPoll: Duration.zero,
  settling: 0,
  confirmHealth: Duration.zero,
  confirmDns: Duration.zero
})
