import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { layerMemory as coolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import { DnsMemory, layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { HealthProbe, ProbeError } from "../../src/health/HealthProbe.ts"
import { answering } from "../../src/health/MemoryHealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { JournalError, Journals } from "../../src/state/Journals.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { eachCall } from "./EachCall.ts"
import { applyOptions, server, spec, zone } from "./Samples.ts"

const world = Layer.mergeAll(
  coolifyMemory({ servers: [server], deployment: { polls: 1 }, deletion: { polls: 1 } }),
  Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
  secretMemory({ API_KEY: "s3cret-canary" }),
  journalsMemory
)

const writes = /^(create|update|delete|put|remove|deploy|cancel|stop)/

interface Line {
  readonly what: "request" | "answer" | "entry"
  readonly tag: string
  readonly synced: boolean
}

/** Runs an apply and notes what it writes down and what it sends, in order. */
const traced = (of: Spec, healthy: boolean, full: boolean = false) =>
  Effect.gen(function* () {
    const lines: Array<Line> = []
    const entries: Array<unknown> = []
    const note = (line: Line) => Effect.sync(() => lines.push(line))
    const traceable = <S extends object>(service: S): S =>
      eachCall(service, (tag, call: Effect.Effect<unknown>) =>
        writes.test(tag)
          ? note({ what: "request", tag, synced: false }).pipe(
              Effect.zipRight(call),
              Effect.ensuring(note({ what: "answer", tag, synced: false }))
            )
          : call
      )
    const journals = yield* Journals
    const probe = {
      port: 443,
      get: (request: { readonly expectation?: unknown; readonly address?: string | undefined }) =>
        healthy
          ? Effect.succeed(
              answering({ status: 200, release: undefined }, { address: request.address ?? server.ip })
            )
          : Effect.fail(new ProbeError({ reason: "ConnectionRefused", detail: "connection refused" }))
    }
    const fiber = yield* apply(of, applyOptions).pipe(
      Effect.provideService(CoolifyClient, traceable(yield* CoolifyClient)),
      Effect.provideService(DnsClient, traceable(yield* DnsClient)),
      Effect.provideService(HealthProbe, probe),
      Effect.provideService(Journals, {
        ...journals,
        open: (name) =>
          Effect.map(journals.open(name), (journal) => ({
            ...journal,
            append: (entry, options) =>
              full && !options.reserved
                ? Effect.fail(new JournalError({ reason: "Unwritable", file: "journal", detail: "ENOSPC" }))
                : Effect.suspend(() => {
                    const { _tag: tag } = entry as { readonly _tag: string }
                    lines.push({ what: "entry", tag, synced: options.sync })
                    entries.push(entry)
                    return journal.append(entry, options)
                  })
          }))
      }),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust("3 hours")
    return { lines, entries, result: yield* Fiber.join(fiber) }
  })

const update: Spec = { ...spec, port: 9090, env: { LOG_LEVEL: "debug" } }

describe("the journal", () => {
  it.effect("has every request on disk before it is sent, and its answer after, rollbacks included", () =>
    Effect.gen(function* () {
      let requests = 0
      for (const [of, healthy] of [
        [spec, false],
        [spec, true],
        [update, false],
        [update, true]
      ] as const) {
        const { lines } = yield* traced(of, healthy)
        // Coolify and DNS are written side by side: each request is counted against the entries before it.
        let open = 0
        for (const { what, tag, synced } of lines) {
          if (tag === "Sending" || tag === "Answered") assert.isTrue(synced, tag)
          if (tag === "Sending") open += 1
          if (what === "request") {
            requests += 1
            open -= 1
            assert.isAtLeast(open, 0, `${tag} was sent before it was written down`)
          }
        }
        const count = (wanted: string) => lines.filter(({ tag }) => tag === wanted).length
        const sent = lines.filter(({ what }) => what === "request").length
        assert.deepStrictEqual([count("Sending"), count("Answered"), open], [sent, sent, 0])
        // The undo stands there before the first request of its change.
        assert.isBelow(
          lines.findIndex(({ tag }) => tag === "Change"),
          lines.findIndex(({ tag }) => tag === "Sending")
        )
        assert.strictEqual(count(healthy ? "Committed" : "RollingBack"), 1)
        assert.strictEqual(lines.at(-1)?.tag, "Closed")
      }
      assert.isAbove(requests, 20)
    }).pipe(Effect.provide(world))
  )

  it.effect("holds no value of a secret, and none of a variable either", () =>
    Effect.gen(function* () {
      yield* traced({ ...spec, env: { LOG_LEVEL: "value-before" } }, true)
      const { entries } = yield* traced({ ...update, env: { LOG_LEVEL: "value-after" } }, false)
      const text = JSON.stringify(entries)
      assert.include(text, "API_KEY")
      for (const value of ["s3cret-canary", "value-before", "value-after"]) assert.notInclude(text, value)
    }).pipe(Effect.provide(world))
  )

  it.effect("that cannot be written lets nothing be sent", () =>
    Effect.gen(function* () {
      const { lines, result } = yield* traced(spec, true, true)
      assert.deepStrictEqual(
        lines.filter(({ what }) => what === "request"),
        []
      )
      const failure = Either.getOrThrow(Either.flip(result))
      assert.include(failure.message, "ENOSPC")
      assert.deepStrictEqual(yield* (yield* DnsMemory).recordSets, [])
    }).pipe(Effect.provide(world))
  )
})
