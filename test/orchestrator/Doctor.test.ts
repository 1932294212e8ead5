/** What `doctor` says of a world, and that it leaves it alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { type Check, checkCoolify, checkDns } from "../../src/orchestrator/Doctor.ts"
import type { Ability } from "../../src/sandbox/coolify/CoolifyState.ts"
import { applied, layer, ok, world } from "../support/DirectWorld.ts"
import { probe } from "../support/Probe.ts"
import { spec } from "./Samples.ts"

const said = (checks: ReadonlyArray<Check>) => checks.map(({ state, what }) => `${state}: ${what}`)

const coolify = (reachable = true) =>
  Effect.map(Effect.provideService(checkCoolify(), HealthProbe, probe(reachable)), said)

const allowed = (...abilities: ReadonlyArray<Ability>) => layer(abilities)

describe("doctor", () => {
  it.effect("passes what is right, and changes nothing", () =>
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const before = yield* world
      assert.deepStrictEqual(yield* coolify(), [
        "passed: it answers, and takes the token",
        "passed: its version",
        "passed: the token may see secret values",
        "passed: the token may write",
        "passed: the token may deploy",
        "passed: vps1 is usable",
        "passed: vps1 can be reached from outside"
      ])
      assert.deepStrictEqual(said(yield* checkDns([spec])), [
        "passed: memory takes the credentials",
        "passed: api.example.com is in a zone of the account",
        "passed: the name servers of example.com answer"
      ])
      assert.deepStrictEqual(yield* world, before)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("says what the token may not", () =>
    Effect.gen(function* () {
      const [, , ...checks] = yield* coolify()
      assert.deepStrictEqual(checks.slice(0, 3), [
        "unseen: the token may see secret values",
        "failed: the token may write",
        "failed: the token may deploy"
      ])
    }).pipe(Effect.provide(allowed("read")))
  )

  it.effect("warns of a token that may not see values, where there is one to see", () =>
    Effect.gen(function* () {
      yield* ok(applied(spec))
      assert.include(yield* coolify(), "warned: the token may see secret values")
    }).pipe(Effect.provide(allowed("read", "write", "deploy")))
  )

  it.effect("fails a server that nobody reaches, and a domain in nobody's zone", () =>
    Effect.gen(function* () {
      assert.include(yield* coolify(false), "failed: vps1 can be reached from outside")
      const elsewhere = { ...spec, domains: ["api.example.org"] }
      assert.deepStrictEqual(
        said(yield* checkDns([elsewhere, { ...elsewhere, dns: { ...spec.dns, none: true } }])),
        ["passed: memory takes the credentials", "failed: api.example.org is in a zone of the account"]
      )
    }).pipe(Effect.provide(layer()))
  )
})
