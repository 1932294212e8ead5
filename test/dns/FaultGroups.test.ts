/** Faults of DNS providers that a whole command meets, or one provider alone. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import { chooseZone } from "../../src/dns/Zone.ts"
import { spec as base } from "../orchestrator/Samples.ts"
import { commandsOver } from "./CommandsOver.ts"
import { type Fault, layerOver, type Reply, type Speaks, TheAccount } from "./records/Account.ts"
import { digitalOceanDomains, hetznerCloud } from "./records/Emulators.ts"

const domains = ["a.example.test", "x.y.example.test"]
const spec = { ...base, domains }
const limited: Reply = { ...hetznerCloud.tooMany, headers: { "retry-after": "3600" } }
const expired: Reply = { status: 401, body: { error: { code: "unauthorized", message: "token expired" } } }

/** A zone with a record of somebody's, and commands over it. */
const setup = Effect.gen(function* () {
  const { bench, context, run } = yield* commandsOver(layerOver(hetznerCloud), false)
  const account = yield* Effect.provide(TheAccount, context)
  yield* bench.furnish("theirs.example.test")
  const before = yield* bench.everything
  /** What the writes after the first ones meet, one fault for each. */
  const meet = (after: number, ...faults: ReadonlyArray<Fault>) =>
    account.faults.push(...faults.map((fault, index) => ({ ...fault, after: index === 0 ? after : 0 })))
  return { account, before, bench, meet, run }
})

const failed = <A, E>(ended: Either.Either<A, E>): E => Either.getOrThrow(Either.flip(ended))

/** The client alone. */
const clientOver = (speaks: Speaks) =>
  Effect.gen(function* () {
    const account = yield* TheAccount
    const dns = yield* DnsClient
    const zone = yield* dns.findZone("a.example.test")
    const wanted = {
      name: "a.example.test",
      type: "A",
      ttl: 120,
      values: ["192.0.2.10"],
      proxied: false,
      comment: "ours"
    }
    return { account, put: dns.put(zone, wanted, { _tag: "Absent" }) }
  }).pipe(Effect.provide(layerOver(speaks)))

describe("a run", () => {
  it.scopedLive("[fault 1: rate limits] whose provider has had enough of it for an hour leaves nothing", () =>
    Effect.gen(function* () {
      const { before, bench, meet, run } = yield* setup
      meet(1, { instead: limited })
      const error = failed(yield* run("apply", spec))
      assert.include(error.message, "3600 requests per hour")
      assert.deepStrictEqual(yield* bench.everything, before)
    })
  )

  it.scopedLive(
    "[fault 12: foreign change before the undo] undoes through a limit and a gateway's error",
    () =>
      Effect.gen(function* () {
        const { account, before, bench, meet, run } = yield* setup
        meet(domains.length, { instead: hetznerCloud.tooMany }, { instead: { status: 503, body: "" } })
        assert.isTrue(Either.isLeft(yield* run("apply", spec, false)))
        assert.lengthOf(account.faults, 0)
        assert.deepStrictEqual(yield* bench.everything, before)
      })
  )

  it.scopedLive(
    "[fault 10: credentials] whose token expires before its rollback says what is left, and ends it later",
    () =>
      Effect.gen(function* () {
        const { account, before, bench, meet, run } = yield* setup
        meet(domains.length, ...Array.from({ length: 50 }, () => ({ instead: expired })))
        const error = failed(yield* run("apply", spec, false))
        assert.strictEqual(error._tag, "RunError")
        if (error._tag !== "RunError") return
        assert.sameMembers(
          error.report.leftovers.map(({ recoverable, what }) => `${what} ${recoverable}`),
          domains.map((domain) => `record ${domain} A true`)
        )
        account.faults.length = 0
        assert.isTrue(Either.isRight(yield* run("recover", spec)))
        assert.deepStrictEqual(yield* bench.everything, before)
      })
  )
})

describe("a write", () => {
  it.live("[fault 4: partial writes] whose action fails is none", () =>
    Effect.gen(function* () {
      const { account, put } = yield* clientOver(hetznerCloud)
      const action = {
        id: 9,
        status: "error",
        error: { code: "server_error", message: "no name server left" }
      }
      account.faults.push({ instead: { status: 201, body: { action } } })
      const error = yield* Effect.flip(put)
      assert.deepStrictEqual([error.reason, account.rows], ["Unavailable", []])
      assert.include(error.detail, "no name server left")
    })
  )

  for (const [what, after] of [
    ["record", 1],
    ["mark", 0]
  ] as const) {
    it.live(
      `[fault 7: CNAME at the name, silent no-op] of a ${what} that is confirmed and not made is noticed`,
      () =>
        Effect.gen(function* () {
          const { account, put } = yield* clientOver(digitalOceanDomains)
          account.faults.push({ after, instead: { status: 201, body: { domain_record: { id: 1 } } } })
          const ended = yield* Effect.either(put)
          assert.lengthOf(account.faults, 0)
          if (what === "mark") return assert.lengthOf(account.rows, 2)
          assert.deepStrictEqual([failed(ended).reason, account.rows], ["Conflict", []])
          assert.include(failed(ended).detail, "did not make it")
        })
    )
  }
})

it("[fault 9: zones and names] the zone is the longest of the account's, whatever a public suffix is", () => {
  const zones = ["example.co.uk", "vps1.example.co.uk", "xn--bcher-kva.de"].map((name) => ({
    id: name,
    name
  }))
  const zoneOf = (name: string) =>
    Either.getOrUndefined(Either.map(chooseZone(name, zones), (zone) => zone.name))
  assert.deepStrictEqual(
    ["a.vps1.example.co.uk", "www.example.co.uk", "notexample.co.uk", "*.xn--bcher-kva.de", "co.uk"].map(
      zoneOf
    ),
    ["vps1.example.co.uk", "example.co.uk", undefined, "xn--bcher-kva.de", undefined]
  )
})
