import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { mainOf, parseSpecs } from "../../src/appspec/ParseSpec.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyMemory, layerMemory as coolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { Pace } from "../../src/engine/Pace.ts"
import { answering, layerMemory as healthMemory } from "../../src/health/MemoryHealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { isOlder, requirements } from "../../src/orchestrator/Requirements.ts"
import type { S3Storage } from "../../src/sandbox/coolify/CoolifyState.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { CoolifyInMemory } from "../support/CoolifyInMemory.ts"
import * as DirectWorld from "../support/DirectWorld.ts"
import { applyOptions, domain, server, spec as sample, withoutWaits, zone } from "./Samples.ts"

const ok = answering({ status: 200, release: undefined }, { address: server.ip })

const world = Layer.mergeAll(
  coolifyMemory({ servers: [server], deployment: { polls: 1 }, deletion: { polls: 1 } }),
  Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
  healthMemory({ answers: { [server.ip]: [ok], [domain]: [ok] } }),
  secretMemory({ API_KEY: "s3cret" }),
  journalsMemory
)

const applied = (spec: Spec, version: Effect.Effect<string>) =>
  Effect.gen(function* () {
    const client = { ...(yield* CoolifyClient), version }
    const fiber = yield* apply(spec, applyOptions).pipe(
      Effect.provideService(CoolifyClient, client),
      Effect.provideService(Pace, withoutWaits(yield* Pace)),
      Effect.catchTag("JournalError", Effect.die),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

describe("the version of Coolify", () => {
  it.each([
    ["4.3.11", "4.3.0", false],
    ["4.3.0", "4.3.0", false],
    ["4.2.9", "4.3.0", true],
    ["3.12.36", "4.0.0", true],
    ["4.0.0-beta.470", "4.0.0", true],
    ["4.10.0", "4.3.0", false],
    ["5.0.0", "4.3.0", false],
    ["nightly", "4.3.0", false]
  ])("%s is older than %s: %s", (version, than, expected) => {
    assert.strictEqual(isOlder(version, than), expected)
  })

  it.effect("refuses what it is too old for before anything is sent, and says which", () =>
    Effect.gen(function* () {
      const spec: Spec = { ...sample, stopGracePeriod: 40, volumes: [{ name: "data", path: "/data" }] }
      const refused = Either.getOrThrow(Either.flip(yield* applied(spec, Effect.succeed("4.1.2"))))
      assert.include(refused.message, "`stopGracePeriod` needs Coolify 4.2.0 or newer, and this one is 4.1.2")
      const older = Either.getOrThrow(Either.flip(yield* applied(spec, Effect.succeed("4.0.0-beta.460"))))
      assert.include(older.message, "`volumes`, `stopGracePeriod` need Coolify 4.2.0 or newer")
      assert.deepStrictEqual((yield* (yield* CoolifyMemory).world).applications, [])
      assert.isTrue(Either.isRight(yield* applied(spec, Effect.succeed("4.2.0"))))
    }).pipe(Effect.provide(world))
  )

  it.effect("is asked for by no spec that works with each", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        requirements.filter(({ isUsed }) => isUsed(sample)),
        []
      )
      assert.isTrue(Either.isRight(yield* applied(sample, Effect.die("asked"))))
    }).pipe(Effect.provide(world))
  )
})

const image = "source: { image: nginx:1.27 }\nport: 8080\ndomain: api.example.com\n"
const git = (more: string) => `source: { git: https://github.com/acme/api${more} }\ndomain: api.example.com\n`
const compose = "services: { web: { image: nginx:1.27 } }"

/** Each feature as somebody would write it, by the cell of its key. */
const samples: Readonly<Record<string, string | ReadonlyArray<string>>> = {
  "`command`": [`${image}command: serve --all\n`, `${git("")}port: 80\ncommand: serve --all\n`],
  "`release`": `${git("")}port: 80\ncommand: serve\nrelease: bin/migrate\n`,
  "`build.command`, `build.install`": `${git("")}port: 80\nbuild: { command: make, install: npm ci }\n`,
  "`build.target`": `${git(", dockerfile: Dockerfile")}port: 80\nbuild: { target: runner }\n`,
  "`resources.memory`, `resources.cpus`": `${image}resources: { memory: 512M, cpus: "0.5" }\n`,
  '`ports: ["25565:25565"]`': `${image}ports: ["25565:25565"]\n`,
  "`healthcheck.command`": `${image}healthcheck: { command: bin/healthy }\n`,
  "`volumes`": [`${image}volumes: [data:/data]\n`, `${image}volumes: [/srv/media:/media:ro]\n`],
  "`files`": `${image}files: { /etc/app.conf: { content: a } }\n`,
  "`networkAliases`": `${image}networkAliases: [api]\n`,
  "`stopGracePeriod`": `${image}stopGracePeriod: 30\n`,
  "`schedules`": `${image}schedules: { nightly: { cron: daily, command: bin/clean } }\n`,
  "`autoDeploy: false`": `${git("")}port: 80\nautoDeploy: false\n`,
  "`dns.provider: coolify`": `${image}dns: { provider: coolify }\n`,
  "`runOptions`": `${image}runOptions: [--init]\n`,
  "`processes`": `${git("")}processes: { web: { command: serve, port: 80 }, worker: { command: work } }\n`,
  "`databases`": `${image}databases: { main: postgres:17 }\n`,
  "`databases.*.backup`": `${image}databases: { main: { engine: postgres:17, backup: { schedule: daily, keep: 7 } } }\n`,
  "`databases.*.backup.s3`": `${image}databases: { main: { engine: postgres:17, backup: { schedule: daily, keep: 7, s3: away } } }\n`,
  "`databases.*.public`": `${image}databases: { main: { engine: postgres:17, public: 5433 } }\n`,
  "`source.deployKey`, `source.githubApp`": [
    "source: { git: git@github.com:acme/api.git, deployKey: acme }\nport: 80\ndomain: api.example.com\n",
    `${git(", githubApp: acme")}port: 80\n`
  ],
  "`basicAuth`": `${image}secrets: [API_KEY]\nbasicAuth: { username: guest, password: "\${secrets.API_KEY}" }\n`,
  "`source.buildPack: static`": git(", buildPack: static"),
  "`build.publish`, `build.spa`": [
    `${git("")}build: { publish: dist }\n`,
    `${git(", buildPack: static")}build: { spa: true }\n`
  ],
  "`source.compose`, `domains` as a map": `source: { compose: "${compose}" }\ndomains: { web: api.example.com }\n`,
  "`source.git` with `compose`, `domains` as a map": `source: { git: https://github.com/acme/api, compose: compose.yaml }\ndomains: { web: { host: api.example.com, port: 80 } }\n`,
  "`domains`, `redirect`": `${image.replace("domain: api.example.com", "domains: [api.example.com, www.api.example.com]")}redirect: apex\n`
}

const rows = readFileSync("README.md", "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, feature = "", key = "", since = ""] = line.split(/(?:^| )\| ?/).map((cell) => cell.trim())
    return key.startsWith("`") && /^(?:any|\d\.\d)$/.test(since) ? [{ feature, key, since }] : []
  })

/** The last one without it. */
const before: Readonly<Record<string, string>> = {
  any: "4.0.0-beta.400",
  "4.0": "4.0.0-beta.470",
  "4.2": "4.1.9",
  "4.3": "4.2.9",
  "4.4": "4.3.11"
}

const specIn = (text: string): Spec =>
  mainOf(
    Either.getOrThrowWith(
      parseSpecs(`name: api\nserver: ${server.name}\n${text}`, "spec.yaml"),
      (error) => new Error(`${text}: ${JSON.stringify(error)}`)
    )
  )

const storage: S3Storage = {
  id: 900,
  uuid: "s3storage000000000000000",
  team_id: 0,
  columns: { name: "away", is_usable: true },
  created_at: 0,
  updated_at: 0
}

/** A plan, and an apply, of a Coolify that says it is of that version. */
const tried = (text: string, version: string) =>
  Effect.gen(function* () {
    const spec = specIn(text)
    const { calls, edit } = yield* CoolifyInMemory
    // An older one has no such list.
    if (!isOlder(version, "4.3.0")) yield* edit((state) => ({ ...state, s3_storages: [storage] }))
    const plan = yield* DirectWorld.applied(spec, { mode: "dry-run", confirm: () => Effect.succeed(false) })
    const refused = Either.isLeft(plan) ? plan.left.message : undefined
    const wrote = yield* DirectWorld.writes
    if (refused !== undefined) {
      const applied = yield* DirectWorld.applied(spec)
      assert.strictEqual(Either.isLeft(applied) ? applied.left.message : "", refused)
      assert.deepStrictEqual(yield* DirectWorld.writes, wrote)
    }
    const asked = (yield* calls).filter((method) => method === "version")
    assert.deepStrictEqual(wrote, [])
    return { refused, asked: asked.length > 0 }
  }).pipe(Effect.provide(DirectWorld.layer(undefined, version)))

describe("the README's table of features", () => {
  it("has a row for each key that needs a version, and a sample for each row", () => {
    assert.deepStrictEqual(
      rows.map(({ key }) => key).filter((key) => !(key in samples)),
      []
    )
    const all = new Set(rows.map(({ key }) => key))
    assert.deepStrictEqual(
      Object.keys(samples).filter((key) => !all.has(key)),
      []
    )
    for (const { isUsed, key, since } of requirements) {
      const versions = rows
        .filter((row) => [samples[row.key] ?? []].flat().some((text) => isUsed(specIn(text))))
        .map((row) => `${row.since}.0`)
      assert.include(versions, since, key)
    }
  })

  it.effect.each(rows)("says which Coolify $key needs ($since)", ({ key, since }) =>
    Effect.gen(function* () {
      for (const text of [samples[key] ?? []].flat()) {
        const older = yield* tried(text, before[since] ?? "none")
        if (since === "any") {
          assert.deepStrictEqual(older, { refused: undefined, asked: false }, text)
          continue
        }
        assert.include(older.refused, `Coolify ${since}.0 or newer, and this one is ${before[since]}`)
        const named = requirements.filter(({ isUsed }) => isUsed(specIn(text)))
        for (const one of named) {
          if (`${since}.0` === one.since) assert.include(older.refused, `\`${one.key}\``)
        }
        assert.deepStrictEqual(yield* tried(text, `${since}.0`), { refused: undefined, asked: true }, text)
      }
    })
  )
})
