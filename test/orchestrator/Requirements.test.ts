import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyMemory, layerMemory as coolifyMemory } from "../../src/coolify/CoolifyMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { Pace } from "../../src/engine/Pace.ts"
import { answering, layerMemory as healthMemory } from "../../src/health/MemoryHealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { isOlder, requirements } from "../../src/orchestrator/Requirements.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
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

  it("stands in the README's table with each key that needs one", () => {
    const rows = readFileSync("README.md", "utf8")
      .split("\n")
      .filter((line) => /^\| [^|]+ \| `/.test(line))
      .map((line) => line.split(" | ").map((cell) => cell.trim()))
    for (const { key, since } of requirements) {
      const row = rows.find(([, said = ""]) => new RegExp("^`" + key + "\\b").test(said))
      assert.strictEqual(`${row?.[2]}.0`, since, key)
    }
    const others = rows.filter(
      ([, said = "", version]) =>
        /^\d/.test(version ?? "") && !requirements.some(({ key }) => said.startsWith(`\`${key}`))
    )
    assert.deepStrictEqual(
      others.map(([feature]) => feature),
      ["| backups of databases", "| a database for everybody outside"]
    )
  })

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
