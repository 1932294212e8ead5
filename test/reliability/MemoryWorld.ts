/** A world in memory with others in it, scenarios in it, and what must hold of it after every run. */
import { assert } from "@effect/vitest"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyMemory, layerMemory as coolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { DnsMemory, layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { destroy } from "../../src/orchestrator/Destroy.ts"
import { rollBackOpen } from "../../src/orchestrator/Recover.ts"
import { journalName } from "../../src/engine/RunJournal.ts"
import { desiredApplication } from "../../src/orchestrator/Desired.ts"
import * as Marker from "../../src/engine/Marker.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import type { Schedule } from "../../src/appspec/sections/Schedules.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { FastClock } from "./FastClock.ts"
import { applyOptions, destroyOptions, server, spec as base, zone } from "../orchestrator/Samples.ts"

const task = (name: string, cron: string): Schedule => ({
  name,
  cron,
  command: `bin/${name}`,
  timeout: 300,
  enabled: true
})
const files = (texts: Readonly<Record<string, string>>): Required<Pick<Spec, "files">> => ({
  files: Object.entries(texts).map(([path, text]) => ({
    path,
    content: Redacted.make(text),
    losesBreak: false
  }))
})
const first: Spec = {
  ...base,
  env: { LOG_LEVEL: "info", GONE: "soon" },
  volumes: [{ name: "data", path: "/var/lib/app" }],
  schedules: [task("nightly", "0 3 * * *"), task("old", "daily")],
  ...files({ "/etc/app.conf": "a=1\nb=$HOME", "/etc/old.conf": "old" }),
  resources: { memory: "512M", cpus: "1" }
}
const second: Spec = {
  ...base,
  source: { _tag: "Image", name: "nginx", tag: "1.28" },
  port: 9090,
  env: { LOG_LEVEL: "debug", NEW: "yes" },
  volumes: [
    { name: "data", path: "/data" },
    { name: "logs", path: "/var/log/app" }
  ],
  schedules: [task("nightly", "0 4 * * *"), task("hourly", "hourly")],
  ...files({ "/etc/app.conf": "a=2", "/etc/new.conf": "new" }),
  resources: { memory: "1G" },
  command: "serve --port $PORT",
  dns: { ...base.dns, target: "192.0.2.77" }
}
/** With data that no failure may touch. */
const withDatabase = (of: Spec, schedule: string): Spec => ({
  ...of,
  databases: [{ name: "main", engine: "postgresql", image: "postgres:17", backup: { schedule, keep: 7 } }],
  references: { DATABASE_URL: [{ database: "main", field: "url" }] }
})
export const third: Spec = { ...second, port: 7070, env: { LOG_LEVEL: "trace" } }
const dockerfile = (text: string): Spec => ({ ...base, source: { _tag: "Dockerfile", text } })

export interface Scenario {
  readonly name: string
  /** What stands before; `undefined`: nothing. */
  readonly before: Spec | undefined
  readonly command: "apply" | "destroy"
  readonly spec: Spec
  /** Whether the run fails by itself, and so dies in its rollback too. */
  readonly healthy: boolean
  /** Whether others live in the same project and environment. */
  readonly shared?: boolean
}

export const scenarios: ReadonlyArray<Scenario> = [
  { name: "a first apply", before: undefined, command: "apply", spec: first, healthy: true },
  {
    name: "an update",
    before: withDatabase(first, "daily"),
    command: "apply",
    spec: withDatabase(second, "0 3 * * *"),
    healthy: true
  },
  {
    name: "a domain more",
    before: first,
    command: "apply",
    spec: { ...second, domains: [...base.domains, "www.example.com"] },
    healthy: true
  },
  {
    name: "a domain given up",
    before: first,
    command: "apply",
    spec: { ...second, domains: [] },
    healthy: true
  },
  {
    name: "a replacement",
    before: dockerfile("FROM a"),
    command: "apply",
    spec: dockerfile("FROM b"),
    healthy: true,
    shared: true
  },
  { name: "a first apply that fails", before: undefined, command: "apply", spec: first, healthy: false },
  {
    name: "an update that fails",
    before: withDatabase(first, "daily"),
    command: "apply",
    spec: withDatabase(second, "0 3 * * *"),
    healthy: false
  },
  {
    name: "a first apply beside others that fails",
    before: undefined,
    command: "apply",
    spec: first,
    healthy: false,
    shared: true
  },
  {
    name: "a replacement that fails",
    before: dockerfile("FROM a"),
    command: "apply",
    spec: dockerfile("FROM b"),
    healthy: false
  },
  { name: "a destroy", before: first, command: "destroy", spec: first, healthy: true }
]

export type Command = Scenario["command"] | "recover"

/** What each command does with a spec; `recover` puts back what is open. `timeout`: of an apply. */
export const carryOut = (command: Command, spec: Spec, timeout: Duration.Duration) => {
  switch (command) {
    case "apply":
      return apply(spec, { ...applyOptions, timeout })
    case "destroy":
      return destroy(spec, destroyOptions)
    case "recover":
      return rollBackOpen(journalName("default", spec), { mode: "sandbox", ...spec })
  }
}

const decoy = (name: string, type: string, comment: string | undefined) => ({
  name,
  type,
  ttl: 60,
  values: [type === "TXT" ? "keep" : "192.0.2.99"],
  proxied: false,
  comment
})

const look = Marker.render({ key: "0123456789abcdef", run: "0123456789ab", source: undefined })

/** Another owner's application in the same place. */
const neighbour = {
  ...desiredApplication("somebody else", base, "0123456789ab"),
  name: "neighbour",
  domains: ["https://neighbour.example.com"],
  uuid: "neighbour",
  status: "running:healthy",
  stopsFirst: false,
  restartCount: 0,
  projectUuid: "shared",
  environmentName: "production",
  serverUuid: server.uuid,
  gone: undefined
}
const sharedPlace = {
  projects: [{ uuid: "shared", name: base.project, description: "" }],
  environments: [{ uuid: "e", projectUuid: "shared", name: "production" }],
  applications: [neighbour]
}

export const world = ({ shared = false }: Scenario) =>
  Layer.mergeAll(
    coolifyMemory({
      servers: [server],
      world: {
        ...(shared ? sharedPlace : {}),
        projects: [
          { uuid: "other", name: "other", description: look },
          ...(shared ? sharedPlace.projects : [])
        ]
      },
      deployment: { polls: 1 },
      deletion: { polls: 1 }
    }),
    Layer.provideMerge(
      authoritativeMemory,
      dnsMemory(
        [zone],
        [decoy("_dmarc.api.example.com", "TXT", undefined), decoy("api2.example.com", "A", look)]
      )
    ),
    secretMemory({ API_KEY: "s3cret" }),
    journalsMemory
  )

export const writes = /^(create|update|delete|put|remove|deploy|cancel|stop|append)/

/** What each deployment was made of, by its uuid. */
const built = new Map<string, string>()

const settingsOf = (uuid: string) =>
  Effect.gen(function* () {
    const coolify = yield* (yield* CoolifyMemory).world
    const application = coolify.applications.find((one) => one.uuid === uuid)
    const variables = coolify.variables
      .filter((row) => row.applicationUuid === uuid && !row.isPreview)
      .map((row) => [row.key, row.value && Redacted.value(row.value)])
      .toSorted()
    return JSON.stringify([
      application?.domains,
      application?.port,
      application?.source,
      application?.plain,
      variables
    ])
  })

/** Which database it is, and its password, are random in each world. */
const anyDatabase = (text: string): string => text.replace(/:[A-Za-z0-9]{32}@[a-z0-9]{24}/, ":*@*")

/** Everything but ids of rows, the order, and which run made what. */
const snapshotWith = (twins: boolean) =>
  Effect.gen(function* () {
    const coolify = yield* (yield* CoolifyMemory).world
    const digest = coolify.databases.length === 0 ? /(?!)/ : /spec=[0-9a-f]{16}/
    const unrun = (text: string | undefined) =>
      text
        ?.replace(/\brun=[0-9a-f]{12}/, "run=*")
        .replace(/^fabrik release [0-9a-f]{12}/, "fabrik release *")
        // Of the uuid of a backup schedule.
        .replace(/%[0-9a-f]{4}\b/g, "%*")
        // It has that of the database's URL in it.
        .replace(digest, "spec=*")
    return JSON.parse(
      JSON.stringify({
        projects: coolify.projects.map(({ uuid: _, ...row }) => ({
          ...row,
          description: unrun(row.description)
        })),
        environments: coolify.environments.map(({ name }) => name),
        applications: coolify.applications.map(({ uuid: _, projectUuid: __, ...row }) => ({
          ...row,
          description: unrun(row.description)
        })),
        variables: coolify.variables
          .filter(({ isPreview }) => !isPreview || twins)
          .map(({ uuid: _, applicationUuid: __, value, ...row }) => ({
            ...row,
            value: row.key === "FABRIK_RELEASE" ? "*" : value && anyDatabase(Redacted.value(value)),
            // The digest of what is random in each world.
            comment:
              row.key === "DATABASE_URL"
                ? unrun(row.comment)?.replace(/[0-9a-f]{32} key=[0-9a-f]{8}/, "*")
                : unrun(row.comment)
          }))
          .toSorted((a, b) => (`${a.key} ${a.isPreview}` < `${b.key} ${b.isPreview}` ? -1 : 1)),
        volumes: coolify.storages
          .map(
            ({ applicationUuid, mountPath, name }) =>
              `${name.replace(`${applicationUuid}-`, "")}:${mountPath}`
          )
          .toSorted(),
        files: coolify.files
          .map(({ content, mountPath }) => `${mountPath}=${content && Redacted.value(content)}`)
          .toSorted(),
        tasks: coolify.tasks
          .map(({ applicationUuid: _, uuid: __, ...row }) => row)
          .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        backups: coolify.backups.map(({ database: _, uuid: __, ...row }) => row),
        databases: coolify.databases.map(({ engine, image, name, status }) => ({
          engine,
          image,
          name,
          status
        })),
        records: (yield* (yield* DnsMemory).recordSets)
          .map((row) => ({ ...row, comment: unrun(row.comment) }))
          .toSorted((a, b) => (`${a.name} ${a.type}` < `${b.name} ${b.type}` ? -1 : 1))
      })
    ) as unknown
  })

export const snapshot = snapshotWith(true)
/** A preview row shows what its production row was when it was made, which is nobody's concern. */
export const withoutTwins = snapshotWith(false)

/** What the application's container was made of is what its settings say. */
export const checkRunning = (at: string) =>
  Effect.gen(function* () {
    const coolify = yield* (yield* CoolifyMemory).world
    for (const { uuid, status } of coolify.applications.filter(({ uuid }) => uuid !== neighbour.uuid)) {
      const last = coolify.deployments.findLast(
        (one) => one.applicationUuid === uuid && one.status === "finished"
      )
      assert.match(status, /^running/, at)
      assert.strictEqual(built.get(last?.uuid ?? ""), yield* settingsOf(uuid), `${at}: an older version runs`)
    }
  })

export const calls = Effect.gen(function* () {
  const coolify = yield* (yield* CoolifyMemory).calls
  const dns = yield* (yield* DnsMemory).calls
  return [...coolify, ...dns.map(({ method }) => method)].filter((method) => writes.test(method)).length
})

/** A client that notes what each deployment is made of, for {@link checkRunning}. */
export const recording = Effect.gen(function* () {
  const memory = yield* CoolifyMemory
  const client = yield* CoolifyClient
  return {
    ...client,
    deployments: {
      ...client.deployments,
      start: (uuid, options) =>
        Effect.gen(function* () {
          const made = yield* Effect.provideService(settingsOf(uuid), CoolifyMemory, memory)
          const ticket = yield* client.deployments.start(uuid, options)
          if (ticket.deploymentUuid !== undefined) built.set(ticket.deploymentUuid, made)
          return ticket
        })
    }
  } satisfies Context.Tag.Service<CoolifyClient>
})

const clock = new FastClock(Date.UTC(2026, 0, 1))

/** Lets an effect live by a clock that goes when {@link pass} lets it. */
export const inFastTime = Effect.withClock(clock)

export const pass = (duration: Duration.DurationInput) => Effect.promise(() => clock.pass(duration))
