import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { CoolifyMemory, layerMemory as coolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import { DnsMemory, layerMemory as dnsMemory } from "../../src/dns/DnsMemory.ts"
import { layerMemory as authoritativeMemory } from "../../src/dns/MemoryAuthoritativeDns.ts"
import { layerHealthy as healthy } from "../../src/health/MemoryHealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { adopt, readAdoptable, type Search } from "../../src/orchestrator/Adopt.ts"
import { applicationMark } from "../../src/orchestrator/Desired.ts"
import { Progress, type Emitted } from "../../src/engine/DeploymentEvent.ts"
import * as Marker from "../../src/engine/Marker.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import {
  applyOptions,
  domain,
  noOrigin,
  application,
  firstRun,
  server,
  spec,
  variable,
  zone
} from "./Samples.ts"

const handMade = {
  ...application(spec, { description: "by hand" }),
  projectUuid: "p",
  environmentName: "production",
  serverUuid: server.uuid,
  gone: undefined
}

const world = (...applications: ReadonlyArray<typeof handMade>) =>
  Layer.mergeAll(
    coolifyMemory({
      servers: [server],
      world: {
        projects: [
          { uuid: "p", name: "fabrik", description: "" },
          { uuid: "q", name: "other", description: "" }
        ],
        environments: [
          { projectUuid: "p", uuid: "e", name: "production" },
          { projectUuid: "q", uuid: "f", name: "production" }
        ],
        applications,
        variables: [{ ...variable("GREETING", "hello", ""), applicationUuid: "app" }]
      }
    }),
    dnsMemory([zone]),
    journalsMemory,
    secretMemory()
  )

/** {@link world} on the host that Coolify runs on itself, of which it tells the address. */
const ownHost = Layer.mergeAll(
  coolifyMemory({
    servers: [{ ...server, ip: "host.docker.internal" }],
    publicAddress: server.ip,
    world: {
      projects: [{ uuid: "p", name: "fabrik", description: "" }],
      environments: [{ projectUuid: "p", uuid: "e", name: "production" }],
      applications: [handMade]
    }
  }),
  Layer.provideMerge(authoritativeMemory, dnsMemory([zone])),
  healthy,
  journalsMemory,
  secretMemory()
)

const search: Search = { application: "api", project: undefined, environment: undefined, dns: true }

const record = {
  name: domain,
  type: "A",
  ttl: 300,
  values: [server.ip],
  proxied: false,
  comment: "mine"
}

const withRecord = Effect.flatMap(DnsClient, (dns) => dns.put(zone, record, { _tag: "Absent" }))

const adopted = (confirm = true) =>
  Effect.gen(function* () {
    const events = yield* Ref.make<ReadonlyArray<Emitted>>([])
    const adoptable = yield* readAdoptable(search)
    const fiber = yield* adopt(adoptable, {
      mode: "sandbox",
      confirm: () => Effect.succeed(confirm),
      origin: noOrigin
    }).pipe(
      Effect.provideService(Progress, { emit: (event) => Ref.update(events, (all) => [...all, event]) }),
      Effect.catchTag("JournalError", Effect.die),
      Effect.catchTag("RefusedError", Effect.die),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust("1 hour")
    return { result: yield* Fiber.join(fiber), events: yield* Ref.get(events) }
  })

const descriptions = Effect.map(
  Effect.flatMap(CoolifyMemory, (memory) => memory.world),
  ({ applications }) => applications.map(({ description }) => description)
)
const comments = Effect.map(
  Effect.flatMap(DnsMemory, (memory) => memory.recordSets),
  (recordSets) => recordSets.map(({ comment }) => comment)
)

describe("readAdoptable", () => {
  it.effect("reads, and changes nothing", () =>
    Effect.gen(function* () {
      yield* withRecord
      const found = yield* readAdoptable(search)
      assert.strictEqual(found.spec.name, "api")
      assert.deepStrictEqual(found.spec.env, { GREETING: "hello" })
      assert.deepStrictEqual(found.records[0]?.recordSet, record)
      assert.deepStrictEqual(yield* descriptions, ["by hand"])
      assert.isFalse(
        (yield* (yield* CoolifyMemory).calls).some((method) => /^(put|update|create)/.test(method))
      )
    }).pipe(Effect.provide(world(handMade)))
  )

  it.effect("finds by uuid, and refuses what it does not find, or finds twice", () =>
    Effect.gen(function* () {
      const reason = (changes: Partial<Search>) =>
        Effect.map(Effect.flip(readAdoptable({ ...search, ...changes })), (error) =>
          error._tag === "RefusedError" ? error.reason : error._tag
        )
      assert.strictEqual(yield* reason({}), "Ambiguous")
      assert.strictEqual(yield* reason({ application: "nobody" }), "NotFound")
      assert.strictEqual(yield* reason({ project: "other", environment: "staging" }), "NotFound")
      const inOther = yield* readAdoptable({ ...search, project: "other" })
      assert.deepStrictEqual([inOther.application.uuid, inOther.spec.project], ["twin", "other"])
      assert.strictEqual((yield* readAdoptable({ ...search, application: "app" })).application.uuid, "app")
    }).pipe(
      Effect.provide(
        world(handMade, {
          ...handMade,
          uuid: "twin",
          projectUuid: "q",
          domains: ["https://b.example.com"]
        })
      )
    )
  )

  it.effect("refuses what another owner's fabrik made", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(readAdoptable(search))
      assert.include({ ...error }, { _tag: "RefusedError", reason: "Foreign" })
    }).pipe(Effect.provide(world({ ...handMade, description: applicationMark("somebody", spec, firstRun) })))
  )

  it.effect("goes without a zone that is not in the account", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* readAdoptable(search)).dns, [])
    }).pipe(Effect.provide(world({ ...handMade, domains: ["https://api.example.org"] })))
  )
})

describe("adopt", () => {
  it.effect("marks the application and its record, so that the spec finds them", () =>
    Effect.gen(function* () {
      yield* withRecord
      const { result, events } = yield* adopted()
      assert.strictEqual(Either.getOrThrow(result).outcome, "complete")
      const key = Marker.applicationKey("default", spec)
      const marks = [...(yield* descriptions), ...(yield* comments)]
      assert.deepStrictEqual(
        marks.map((mark) => Marker.parse(mark)?.key),
        [key, key]
      )
      assert.strictEqual(events.at(-1)?.state, "COMPLETE")
      const again = yield* adopted()
      assert.strictEqual(Either.getOrThrow(again.result).outcome, "unchanged")
    }).pipe(Effect.provide(world(handMade)))
  )

  it.effect("changes nothing when the answer is no", () =>
    Effect.gen(function* () {
      yield* withRecord
      const { result } = yield* adopted(false)
      assert.strictEqual(Either.getOrThrow(result).outcome, "declined")
      assert.deepStrictEqual([yield* descriptions, yield* comments], [["by hand"], ["mine"]])
    }).pipe(Effect.provide(world(handMade)))
  )

  it.effect("points the spec at where the record leads, and marks it there", () =>
    Effect.gen(function* () {
      const dns = yield* DnsClient
      yield* dns.put(zone, { ...record, values: ["192.0.2.77"] }, { _tag: "Absent" })
      const found = yield* readAdoptable(search)
      assert.strictEqual(found.spec.dns.target, "192.0.2.77")
      const { result } = yield* adopted()
      assert.strictEqual(Either.getOrThrow(result).outcome, "complete")
      assert.isDefined(Marker.parse((yield* comments)[0]))
    }).pipe(Effect.provide(world(handMade)))
  )

  const lost = (applied: boolean) => ({
    error: new CoolifyError({
      method: "observe",
      reason: "ServerError",
      detail: "scripted",
      outcomeUnknown: applied
    }),
    applied
  })

  for (const method of ["updateApplication", "inventory"] as const) {
    for (const applied of [true, false]) {
      it.effect(`puts both marks back when ${method} fails${applied ? " after it took effect" : ""}`, () =>
        Effect.gen(function* () {
          yield* withRecord
          const memory = yield* CoolifyMemory
          yield* memory.failNext(method, lost(applied).error, { applied })
          const { result, events } = yield* adopted()
          const error = Either.getOrThrow(Either.flip(result))
          assert.deepStrictEqual(error.report.leftovers, [])
          // A first request that was refused has changed nothing.
          const refused = method === "updateApplication" && !applied
          assert.strictEqual(error.report.outcome, refused ? "nothing-changed" : "rolled-back")
          assert.strictEqual(events.at(-1)?.state, "ROLLED_BACK")
          assert.deepStrictEqual([yield* descriptions, yield* comments], [["by hand"], ["mine"]])
        }).pipe(Effect.provide(world(handMade)))
      )
    }
  }

  it.effect("leaves a description alone that somebody changed meanwhile, and says so", () =>
    Effect.gen(function* () {
      const memory = yield* CoolifyMemory
      yield* memory.hangNext("inventory")
      const adoptable = yield* readAdoptable(search)
      const fiber = yield* Effect.fork(
        adopt(adoptable, { mode: "sandbox", confirm: () => Effect.succeed(true), origin: noOrigin })
      )
      yield* TestClock.adjust("1 second")
      yield* memory.edit((so) => ({
        ...so,
        applications: so.applications.map((one) => ({ ...one, description: "theirs" }))
      }))
      yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 hour")
      yield* Fiber.await(fiber)
      assert.deepStrictEqual(yield* descriptions, ["theirs"])
    }).pipe(Effect.provide(world(handMade)))
  )
})

it.effect("writes a spec that the next plan takes, on Coolify's own host too", () =>
  Effect.gen(function* () {
    yield* withRecord
    const {
      spec: written,
      text,
      records: [found]
    } = yield* readAdoptable(search)
    assert.isUndefined(written.dns.target)
    assert.notInclude(text, "target")
    // The record leads to the address that Coolify tells of itself.
    assert.deepStrictEqual(found?.recordSet.values, [server.ip])

    yield* adopted()
    const events = yield* Ref.make<ReadonlyArray<Emitted>>([])
    yield* apply(written, { ...applyOptions, mode: "dry-run", origin: { file: "app.yaml", text } }).pipe(
      Effect.provideService(Progress, { emit: (event) => Ref.update(events, (all) => [...all, event]) })
    )
    const [plan] = (yield* Ref.get(events)).flatMap(({ event }) =>
      event._tag === "Planned" ? [event.plan] : []
    )
    assert.deepStrictEqual(
      plan?.changes.filter(({ action, kind }) => action !== "unchanged" && kind !== "variable"),
      []
    )
  }).pipe(Effect.provide(ownHost))
)
