/** A record below a cut in the zone is never seen: refused before anything is sent. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { CoolifyInMemory, atOnce, layerDirect } from "../support/CoolifyInMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import type { RecordSet } from "../../src/dns/DnsClient.ts"
import { DnsMemory, layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { layerHealthy as healthDryRun } from "../../src/health/MemoryHealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { applyTo, specOf } from "../e2e/SandboxWorld.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyOptions, server, spec, zone } from "./Samples.ts"

const world = (records: ReadonlyArray<RecordSet>) =>
  Layer.mergeAll(
    layerDirect({ servers: [server], latency: atOnce }),
    Layer.provideMerge(authoritativeMemory, dnsMemory([zone], records)),
    healthDryRun,
    secretMemory({ API_KEY: "s3cret" }),
    journalsMemory
  )

const record = (name: string, type: string, ...values: ReadonlyArray<string>): RecordSet => ({
  name,
  type,
  values,
  ttl: 300,
  proxied: false,
  comment: undefined
})

const refusalOf = (domain: string, ...records: ReadonlyArray<RecordSet>) =>
  Effect.gen(function* () {
    const result = yield* Effect.either(
      // What is not refused ends at the question.
      apply({ ...spec, domains: [domain] }, { ...applyOptions, confirm: () => Effect.succeed(false) }).pipe(
        Effect.catchTag("JournalError", Effect.die)
      )
    )
    const coolify = yield* (yield* CoolifyInMemory).api.world
    const dns = yield* DnsMemory
    const sent = [
      coolify.projects.length,
      coolify.applications.length,
      (yield* dns.calls).filter(({ method }) => method === "put").length
    ]
    if (Either.isRight(result)) return { reason: "none", detail: "", sent }
    const { error } = result.left
    return error._tag === "RefusedError"
      ? { reason: error.reason, detail: error.detail, sent }
      : { reason: error._tag, detail: error.message, sent }
  }).pipe(Effect.provide(world(records)))

const delegation = record("dev.example.com", "NS", "ns1.example.net", "ns2.example.net")

describe("a delegated part of the zone", () => {
  it.effect("is refused, with its servers, before anything is sent", () =>
    Effect.gen(function* () {
      for (const domain of ["app.dev.example.com", "a.b.dev.example.com", "dev.example.com"]) {
        const { detail, reason, sent } = yield* refusalOf(domain, delegation)
        assert.deepStrictEqual([reason, sent], ["Delegated", [0, 0, 0]], domain)
        assert.include(
          detail,
          "dev.example.com is delegated in the zone example.com to ns1.example.net, ns2.example.net"
        )
      }
    })
  )

  it.effect("names the cut nearest to the zone, and knows a DNAME", () =>
    Effect.gen(function* () {
      const lower = record("b.dev.example.com", "NS", "ns9.example.net")
      assert.match((yield* refusalOf("a.b.dev.example.com", lower, delegation)).detail, /^dev\.example\.com/)
      const dname = record("old.example.com", "DNAME", "new.example.net")
      const { detail, reason } = yield* refusalOf("app.old.example.com", dname)
      assert.strictEqual(reason, "Delegated")
      assert.match(detail, /old\.example\.com stands for new\.example\.net/)
    })
  )

  it.live("is one at a real name server too", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: [`api.${zone.name}`] } })
      yield* Effect.promise(async () => {
        const response = await fetch(`${sandbox.dnsApiUrl}/api/v1/servers/localhost/zones/${zone.name}.`, {
          method: "PATCH",
          headers: { "x-api-key": sandbox.dnsApiKey, "content-type": "application/json" },
          body: JSON.stringify({
            rrsets: [
              {
                name: `dev.${zone.name}.`,
                type: "NS",
                ttl: 300,
                changetype: "REPLACE",
                records: [{ content: "ns1.example.net.", disabled: false }]
              }
            ]
          })
        })
        assert.isTrue(response.ok, await response.text())
      })
      const { result } = yield* applyTo(sandbox, { ...specOf(), domains: [`app.dev.${zone.name}`] })
      assert.isTrue(Either.isLeft(result))
      if (Either.isRight(result)) return
      const { error } = result.left
      assert.include(error, { _tag: "RefusedError", reason: "Delegated" })
      assert.include(error.message, "ns1.example.net")
      const now = yield* sandbox.world
      assert.deepStrictEqual(now.coolify.applications, [])
    }).pipe(Effect.scoped)
  )
})

describe("what is no cut", () => {
  it.effect("stands in nobody's way", () =>
    Effect.gen(function* () {
      for (const other of [
        record("example.com", "NS", "ns1.example.net"),
        record("other.example.com", "NS", "ns1.example.net"),
        record("x.app.dev.example.com", "NS", "ns1.example.net"),
        record("dev.example.com", "A", "192.0.2.9"),
        record("app.dev.example.com", "TXT", "x")
      ]) {
        const { reason } = yield* refusalOf("app.dev.example.com", other)
        assert.strictEqual(reason, "none", `${other.type} ${other.name}`)
      }
    })
  )
})
