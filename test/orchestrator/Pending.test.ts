/** What stands when the time is up, and only the rest of the world does not know yet. */
import { assert, describe } from "@effect/vitest"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Spec } from "../../src/appspec/Spec.ts"
import { ofReport } from "../../src/cli/ExitCode.ts"
import {
  HealthProbe,
  ProbeError,
  type ProbeRequest,
  type ProbeResponse
} from "../../src/health/HealthProbe.ts"
import { answering } from "../../src/health/MemoryHealthProbe.ts"
import { apply, type ApplyOptions } from "../../src/orchestrator/Apply.ts"
import { applied, changesOf, ended, failed, ok, test, world } from "../support/DirectWorld.ts"
import { applyOptions, server, spec } from "./Samples.ts"

type Answer = (request: ProbeRequest) => Effect.Effect<ProbeResponse, ProbeError>

const well: Answer = (request) =>
  Effect.succeed(
    answering(request.expectation ?? { status: 200, release: undefined }, {
      address: request.address ?? server.ip
    })
  )
const notFound: Answer = () =>
  new ProbeError({ reason: "NameNotFound", detail: "api.example.com has no address" })
const elsewhere: Answer = (request) =>
  Effect.map(well(request), (answer) => ({ ...answer, status: 404, address: "198.51.100.9" }))
const untrusted: Answer = (request) =>
  Effect.map(well(request), (answer) => ({
    ...answer,
    certificate: { ...answer.certificate, problem: "the certificate is self-signed" }
  }))
const broken: Answer = (request) => Effect.map(well(request), (answer) => ({ ...answer, status: 500 }))

const asked = (origin: Answer, name: Answer): Context.Tag.Service<HealthProbe> => ({
  port: 443,
  get: (request) => (request.address === undefined ? name : origin)(request)
})

const run = (wanted: Spec, origin: Answer, name: Answer, options: Partial<ApplyOptions> = {}) =>
  ended(
    apply(wanted, { ...applyOptions, ...options }).pipe(
      Effect.provideService(HealthProbe, asked(origin, name))
    )
  )

describe("a run whose application is proven at the server", () => {
  for (const [title, origin, name] of [
    ["a resolver that does not know the name yet", well, notFound],
    ["a resolver that remembers the old address", well, elsewhere],
    ["a certificate that is not there yet", untrusted, untrusted]
  ] as const) {
    test(
      `is not rolled back for ${title}, and ends as pending`,
      Effect.gen(function* () {
        const first = yield* ok(run(spec, origin, name))
        assert.deepStrictEqual([first.outcome, ofReport(first)], ["pending", 12])
        assert.deepStrictEqual(yield* changesOf(spec), [], "all of it stands")
        const update = { ...spec, port: 9090 }
        assert.strictEqual((yield* ok(run(update, origin, name))).outcome, "pending")
        assert.strictEqual((yield* world).coolify.applications[0]?.columns["ports_exposes"], "9090")
        assert.strictEqual(
          (yield* ok(applied(update))).outcome,
          "unchanged",
          "and is found once it is reached"
        )
      })
    )
  }

  test(
    "is rolled back for anything else",
    Effect.gen(function* () {
      const before = yield* world
      const byName: Spec = { ...spec, dns: { ...spec.dns, target: "edge.example.net" } }
      const cases: ReadonlyArray<readonly [Answer, Answer, Partial<ApplyOptions>?, Spec?]> = [
        // Nobody has answered well anywhere.
        [broken, elsewhere],
        [notFound, notFound],
        // It leads there, and answers wrong.
        [well, broken],
        // Nobody knows the server's address, so nobody could ask there.
        [well, notFound, {}, byName],
        // Nobody has seen what the name servers say.
        [well, notFound, { skipDns: true }]
      ]
      for (const [origin, name, options, wanted = spec] of cases) {
        const error = failed(yield* run(wanted, origin, name, options))
        assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
        assert.deepStrictEqual(yield* world, before)
      }
    })
  )

  test(
    "is rolled back where a password keeps what is behind it from being seen",
    Effect.gen(function* () {
      const withheld: Answer = (request) =>
        Effect.map(untrusted(request), (answer) => ({ ...answer, withheld: true }))
      const { outcome } = Either.match(yield* run(spec, withheld, withheld), {
        onLeft: (error) => (error._tag === "RunError" ? error.report : { outcome: error._tag }),
        onRight: (report) => report
      })
      assert.strictEqual(outcome, "rolled-back")
    })
  )
})
