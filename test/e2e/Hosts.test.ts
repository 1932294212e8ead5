/** Where an application answers: nowhere, and at several names. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import * as DnsDryRun from "../../src/dns/DnsDryRun.ts"
import type { Emitted } from "../../src/engine/DeploymentEvent.ts"
import type { Plan } from "../../src/engine/Plan.ts"
import { adopt, readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { status } from "../../src/orchestrator/Status.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { Pace } from "../../src/engine/Pace.ts"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { noOrigin } from "../orchestrator/Samples.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, destroyFrom, hasty, layersOf, options, specOf } from "./SandboxWorld.ts"

/** What answers nowhere. */
const worker = (env: Readonly<Record<string, string>> = {}, settle = 0): Spec =>
  Either.getOrThrow(
    parseSpec(
      [
        "name: api",
        "domain: none",
        "server: localhost",
        "source: { image: registry.example/api:1 }",
        "env:",
        "  GREETING: hello",
        ...Object.entries(env).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`),
        `healthcheck: { settle: ${settle} }`
      ].join("\n"),
      "worker.yaml"
    )
  )

/** The same, but for where it answers. */
const at = (...domains: ReadonlyArray<string>): Spec => ({
  ...specOf({}, { container: false }),
  secrets: [],
  domains
})

const names = ["api.example.com", "www.example.org"] as const
const both = at(...names)
const start = testSandbox({ seed: { domains: [...names] } })

const applied = (sandbox: SandboxHandle, spec: Spec) =>
  Effect.gen(function* () {
    const { events, result } = yield* applyTo(sandbox, spec)
    if (Either.isLeft(result)) return assert.fail(result.left.error.message)
    const [plan] = events.flatMap(({ event }) => (event._tag === "Planned" ? [event.plan] : []))
    return { report: result.right, plan, tags: events.map(({ event }) => event._tag), events }
  })

/** It fails, tells of no leftover, and leaves the world as it was. */
const failsEqual = (sandbox: SandboxHandle, spec: Spec, ...faults: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const before = yield* sandbox.world
    yield* sandbox.faults.add(...faults)
    const { result } = yield* applyTo(sandbox, spec)
    yield* sandbox.faults.clear
    assert.isTrue(Either.isLeft(result), "it succeeds")
    const { error, report } = Either.getOrThrow(Either.flip(result))
    assert.deepStrictEqual(report.leftovers, [])
    assert.deepStrictEqual(yield* sandbox.world, before)
    return error
  })

const requestsSince = (sandbox: SandboxHandle, before: number) =>
  Effect.map(sandbox.requests, (all) => all.slice(before))

/** The marked records, by name. */
const recordsIn = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.world, ({ zones }) =>
    zones
      .flatMap(({ rrsets }) => rrsets)
      .filter(({ comments }) => comments.length > 0)
      .map(({ name }) => name.replace(/\.$/, ""))
      .toSorted()
  )

const served = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.world, ({ coolify: { applications } }) =>
    applications.map(({ columns }) => columns["fqdn"])
  )

const changed = (plan: Plan | undefined): ReadonlyArray<string> =>
  (plan?.changes ?? [])
    .filter(({ action }) => action !== "unchanged")
    .map(({ action, kind, name }) => `${action} ${kind} ${name}`)

const statusOf = (sandbox: SandboxHandle, spec: Spec) =>
  status(spec, { skipDns: false, holder: Effect.succeed(undefined) }).pipe(Effect.provide(layersOf(sandbox)))

/** Forgets what made it, and lets adopt write its spec and mark it again. */
const adopted = (sandbox: SandboxHandle) =>
  Effect.gen(function* () {
    const { applications } = yield* CoolifyClient
    const [application] = yield* applications.list
    if (application === undefined) return assert.fail("there is no application")
    yield* applications.update(application.uuid, { description: "by hand" }, application)
    const found = yield* readAdoptable({
      application: "api",
      project: undefined,
      environment: undefined,
      dns: true
    })
    yield* adopt(found, { mode: "sandbox", confirm: () => Effect.succeed(true), origin: noOrigin })
    return found
  }).pipe(
    Effect.provideServiceEffect(Pace, hasty),
    Effect.provide(layersOf(sandbox)),
    Effect.catchTag("JournalError", Effect.die)
  )

describe.concurrent("an application without a domain", () => {
  it.scopedLive("is made, kept, adopted and destroyed without a word to the DNS provider", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox()
      const before = yield* sandbox.world
      const { plan, report, tags } = yield* applied(sandbox, worker())
      assert.include(plan, { domain: null })
      assert.deepStrictEqual(plan?.domains, [])
      assert.include(plan?.notes.join(), "It has no domain")
      assert.deepStrictEqual(
        [report.outcome, report.url, tags.includes("Verified"), tags.includes("SeenRunning")],
        ["complete", null, false, true]
      )
      assert.deepStrictEqual(yield* served(sandbox), [null])

      const sent = (yield* sandbox.requests).length
      const again = yield* applied(sandbox, worker())
      assert.deepStrictEqual([again.report.outcome, again.report.url], ["unchanged", null])
      const more = yield* requestsSince(sandbox, sent)
      assert.isTrue(more.every(({ method }) => method === "GET"))

      const facts = yield* statusOf(sandbox, worker())
      assert.include(facts, { ok: true, url: null, http: null, dns: null, certificate: null })

      const { spec, text } = yield* adopted(sandbox)
      assert.include(text, "domain: none\n")
      assert.notMatch(text, /^(?:port|healthcheck|dns):/m)
      assert.deepStrictEqual([spec.domains, spec.port], [[], undefined])
      assert.deepStrictEqual(changed((yield* applied(sandbox, spec)).plan), [])

      Either.getOrThrow(yield* destroyFrom(sandbox, worker()))
      assert.deepStrictEqual(yield* sandbox.world, before)
      assert.deepStrictEqual(
        (yield* sandbox.requests).filter(({ api }) => api === "dns"),
        []
      )
    })
  )

  it.scopedLive("counts only as long as its container is seen to run", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox()
      const crash = worker({ SANDBOX_APP: "crash" }, 3)
      const error = yield* failsEqual(sandbox, crash)
      assert.include(error, { _tag: "DeploymentFailedError", reason: "CrashLoop" })
      yield* applied(sandbox, worker())
      yield* failsEqual(sandbox, crash)
      yield* failsEqual(sandbox, worker({ SANDBOX_APP: "fail-build" }))
      // Stopped by hand, it is started again.
      const [{ uuid } = { uuid: "" }] = (yield* sandbox.world).coolify.applications
      yield* Effect.provide(
        Effect.flatMap(CoolifyClient, ({ applications }) => applications.stop(uuid)),
        layersOf(sandbox)
      )
      yield* Effect.sleep("300 millis")
      assert.isFalse((yield* statusOf(sandbox, worker())).ok)
      assert.deepStrictEqual(changed((yield* applied(sandbox, worker())).plan), ["create deployment api"])
    })
  )

  it.scopedLive("loses its record when it gives its domain up, and gets one with a domain", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const before = yield* sandbox.world
      const [name] = names
      const reached = at(name)
      yield* applied(sandbox, reached)
      yield* failsEqual(sandbox, worker({ SANDBOX_APP: "fail-build" }))
      yield* failsEqual(sandbox, worker(), "dns PATCH /zones status=422")
      const { plan } = yield* applied(sandbox, worker())
      assert.include(changed(plan), `delete record ${name} A`)
      assert.deepStrictEqual([yield* recordsIn(sandbox), yield* served(sandbox)], [[], [null]])

      yield* failsEqual(sandbox, { ...reached, env: { SANDBOX_APP: "unhealthy" } })
      yield* applied(sandbox, reached)
      assert.deepStrictEqual(yield* recordsIn(sandbox), [name])
      // Destroyed with the spec that was never applied, nothing stays either.
      Either.getOrThrow(yield* destroyFrom(sandbox, worker()))
      assert.deepStrictEqual(yield* sandbox.world, before)
    })
  )

  it.scopedLive("needs no credentials of a DNS provider, unless a record may have to go", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const applyWithout = (spec: Spec) =>
        apply(spec, options).pipe(
          Effect.catchTag("JournalError", Effect.die),
          Effect.provideServiceEffect(Pace, hasty),
          Effect.provide(Layer.provideMerge(DnsDryRun.layerOffline, layersOf(sandbox))),
          Effect.either
        )
      assert.strictEqual(Either.getOrThrow(yield* applyWithout(worker())).outcome, "complete")
      yield* applied(sandbox, at(names[0]))
      const before = yield* sandbox.world
      const { error } = Either.getOrThrow(Either.flip(yield* applyWithout(worker())))
      assert.include(error, { _tag: "DnsError", reason: "BadConfig" })
      assert.include(error.message, names[0])
      assert.deepStrictEqual(yield* sandbox.world, before)
    })
  )

  it.scopedLive("is replaced by another one that was seen to run before the old one is stopped", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox()
      const made = (text: string, env = {}): Spec => ({
        ...worker(env),
        source: { _tag: "Dockerfile", text }
      })
      yield* applied(sandbox, made("FROM a"))
      yield* failsEqual(sandbox, made("FROM b", { SANDBOX_APP: "fail-build" }))
      yield* failsEqual(sandbox, made("FROM b"), "coolify POST /stop status=403")
      const { plan } = yield* applied(sandbox, made("FROM b"))
      assert.include(plan?.notes.join(), "both run for a while")
      // What could not be deleted is put away by the next apply, which tells the two by what runs.
      yield* sandbox.faults.add("coolify DELETE /applications status=403")
      yield* applied(sandbox, made("FROM c"))
      yield* sandbox.faults.clear
      assert.lengthOf((yield* sandbox.world).coolify.applications, 2)
      const last = yield* applied(sandbox, made("FROM c"))
      assert.deepStrictEqual(
        changed(last.plan).map((change) => change.replace(/ \(.*/, "")),
        ["delete application api"]
      )
      const { applications } = (yield* sandbox.world).coolify
      assert.deepStrictEqual(
        applications.map(({ columns }) => columns["dockerfile"]),
        ["FROM c"]
      )
    })
  )
})

describe.concurrent("an application with several domains", () => {
  it.scopedLive("answers at each of them, is kept, adopted and destroyed", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const before = yield* sandbox.world
      const { events, plan, report } = yield* applied(sandbox, both)
      assert.include(plan, { domain: names[0] })
      assert.deepStrictEqual(plan?.domains, names)
      assert.include(report.url, names[0])
      const urls = events.flatMap(({ event }) =>
        event._tag === "Verified" ? [new URL(event.url).hostname] : []
      )
      assert.deepStrictEqual(urls, [...names])
      assert.deepStrictEqual(yield* recordsIn(sandbox), [...names])
      assert.deepStrictEqual(yield* served(sandbox), [names.map((name) => `https://${name}`).join(",")])

      const sent = (yield* sandbox.requests).length
      assert.strictEqual((yield* applied(sandbox, both)).report.outcome, "unchanged")
      const more = yield* requestsSince(sandbox, sent)
      assert.isTrue(more.every(({ method }) => method === "GET"))

      const facts = yield* statusOf(sandbox, both)
      assert.isTrue(facts.ok)
      assert.deepStrictEqual(
        facts.others?.map(({ http, url }) => [new URL(url).hostname, http.ok]),
        [[names[1], true]]
      )

      const { spec, text } = yield* adopted(sandbox)
      assert.include(text, `domains:\n  - ${names[0]}\n  - ${names[1]}\n`)
      assert.deepStrictEqual(changed((yield* applied(sandbox, spec)).plan), [])
      Either.getOrThrow(yield* destroyFrom(sandbox, both))
      assert.deepStrictEqual(yield* sandbox.world, before)
    })
  )

  it.scopedLive("gains and loses them, and a failure at any of them restores all", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const before = yield* sandbox.world
      yield* failsEqual(sandbox, both, "dns PATCH /zones status=422 #2")
      yield* failsEqual(sandbox, both, `dns-server * ${names[1]} refuse`)
      yield* failsEqual(sandbox, at(names[0], "www.elsewhere.net"))
      yield* applied(sandbox, at(names[0]))
      yield* failsEqual(sandbox, both, "coolify POST /deploy status=403")
      yield* applied(sandbox, both)
      assert.deepStrictEqual(yield* recordsIn(sandbox), [...names])
      const { plan } = yield* applied(sandbox, at(names[1]))
      assert.include(changed(plan), `delete record ${names[0]} A`)
      assert.deepStrictEqual(yield* recordsIn(sandbox), [names[1]])
      Either.getOrThrow(yield* destroyFrom(sandbox, both))
      assert.deepStrictEqual(yield* sandbox.world, before)
    })
  )

  it.scopedLive("is refused where another application holds one of them", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, { ...at(names[1]), name: "other" })
      const error = yield* failsEqual(sandbox, both)
      assert.include(error, { _tag: "RefusedError", reason: "Held" })
      assert.include(error.message, `https://${names[1]} belongs to another application`)
    })
  )
})

describe.concurrent("an application of which one name redirects", () => {
  const redirected = (redirect: "www" | "apex"): Spec =>
    Either.getOrThrow(
      parseSpec(
        [
          "name: api",
          "domain: example.com",
          `redirect: ${redirect}`,
          "server: localhost",
          "source: { image: registry.example/api:1 }",
          "port: 8080",
          "healthcheck: { path: /health, settle: 0, interval: 1, retries: 2 }"
        ].join("\n"),
        "redirect.yaml"
      )
    )
  const led = (events: ReadonlyArray<Emitted>) =>
    events.flatMap(({ event }) =>
      event._tag === "Verified" ? [[new URL(event.url).hostname, event.leadsTo ?? null]] : []
    )

  it.scopedLive("has both names, is seen to redirect, is kept, turned round, adopted and destroyed", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["example.com"] } })
      const before = yield* sandbox.world
      const first = yield* applied(sandbox, redirected("www"))
      assert.deepStrictEqual(led(first.events), [
        ["www.example.com", null],
        ["example.com", "www.example.com"]
      ])
      assert.include(first.report.url, "https://www.example.com")
      assert.deepStrictEqual(yield* recordsIn(sandbox), ["example.com", "www.example.com"])
      const sent = (yield* sandbox.requests).length
      assert.strictEqual((yield* applied(sandbox, redirected("www"))).report.outcome, "unchanged")
      assert.isTrue((yield* requestsSince(sandbox, sent)).every(({ method }) => method === "GET"))
      assert.isTrue((yield* statusOf(sandbox, redirected("www"))).ok)

      yield* failsEqual(sandbox, redirected("apex"), "coolify POST /deploy status=403")
      yield* failsEqual(sandbox, { ...redirected("apex"), env: { SANDBOX_APP: "fail-build" } })
      const turned = yield* applied(sandbox, redirected("apex"))
      // The labels are made anew only where the domains are sent too, and only then the proxy does otherwise.
      assert.deepStrictEqual(led(turned.events), [
        ["example.com", null],
        ["www.example.com", "example.com"]
      ])
      const { spec, text } = yield* adopted(sandbox)
      assert.include(text, "domain: example.com\n")
      assert.include(text, "redirect: apex\n")
      assert.deepStrictEqual(changed((yield* applied(sandbox, spec)).plan), [])

      const { redirect: _, ...plain } = redirected("apex")
      const last = yield* applied(sandbox, plain)
      assert.deepStrictEqual(led(last.events), [
        ["example.com", null],
        ["www.example.com", null]
      ])
      Either.getOrThrow(yield* destroyFrom(sandbox, plain))
      assert.deepStrictEqual(yield* sandbox.world, before)
    })
  )
})

it.scopedLive("a domain that somebody added in Coolify goes off the air only if the plan says so", () =>
  Effect.gen(function* () {
    const sandbox = yield* start
    yield* applied(sandbox, at(names[0]))
    yield* Effect.gen(function* () {
      const { applications } = yield* CoolifyClient
      const [application] = yield* applications.list
      if (application === undefined) return assert.fail("there is no application")
      const domains = [
        `https://${names[0]}:8080`,
        "https://by-hand.example.com",
        "https://api.example.com/v1"
      ]
      yield* applications.update(application.uuid, { domains }, application)
    }).pipe(Effect.provide(layersOf(sandbox)))
    const { plan } = yield* applied(sandbox, at(names[0]))
    const [change] = plan?.changes.filter(({ kind }) => kind === "application") ?? []
    assert.include(change, { action: "update", drifted: true })
    assert.include(
      plan?.notes.join(),
      "https://by-hand.example.com, https://api.example.com/v1 go off the air: Coolify serves them now"
    )
    assert.deepStrictEqual(yield* served(sandbox), [`https://${names[0]}`])
    assert.notInclude((yield* applied(sandbox, at(names[0]))).plan?.notes.join(), "off the air")
  })
)

describe.concurrent("an application below a path of a host", () => {
  it.scopedLive("answers beside another one, has no record of its own, and takes none away", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const [host] = names
      const docs = { ...at(`${host}/docs`, `${host}/manual`), name: "docs" }
      yield* applied(sandbox, at(host))
      const { events } = yield* applied(sandbox, docs)
      const paths = events.flatMap(({ event }) =>
        event._tag === "Verified" ? [new URL(event.url).pathname] : []
      )
      assert.deepStrictEqual(paths, ["/docs/health", "/manual/health"])
      assert.deepStrictEqual(yield* recordsIn(sandbox), [host])
      const answering = (path: string) =>
        Effect.gen(function* () {
          const { get } = yield* HealthProbe
          const answer = yield* get({ host, path, address: undefined, timeout: Duration.seconds(5) })
          return /"app":"([a-z]+)"/.exec(answer.body)?.[1]
        }).pipe(Effect.provide(layersOf(sandbox)))
      assert.deepStrictEqual(yield* Effect.forEach(["/docs/health", "/manual/x", "/health"], answering), [
        "docs",
        "docs",
        "api"
      ])

      const before = (yield* sandbox.requests).length
      assert.strictEqual((yield* applied(sandbox, docs)).report.outcome, "unchanged")
      const more = (yield* sandbox.requests).slice(before)
      assert.deepStrictEqual(
        more.filter(({ method }) => method !== "GET"),
        []
      )
      yield* failsEqual(sandbox, { ...docs, domains: [`${host}/books`], env: { SANDBOX_APP: "unhealthy" } })
      const held = { ...at(`${host}/docs`), name: "other" }
      const { result } = yield* applyTo(sandbox, held)
      assert.include(
        Either.getOrThrow(Either.flip(result)).error.message,
        `https://${host}/docs belongs to another`
      )

      const search = { application: "docs", project: undefined, environment: undefined, dns: true }
      const written = yield* readAdoptable(search).pipe(Effect.provide(layersOf(sandbox)))
      assert.include(written.text, `domains:\n  - ${host}/docs\n  - ${host}/manual\n`)
      const again = yield* applied(sandbox, { ...written.spec, healthcheck: docs.healthcheck, env: docs.env })
      assert.strictEqual(again.report.outcome, "unchanged", written.text)

      // The host's record is the first one's, which goes, and the second one still needs it.
      Either.getOrThrow(yield* destroyFrom(sandbox, at(host)))
      assert.deepStrictEqual(yield* recordsIn(sandbox), [host])
      assert.strictEqual(yield* answering("/docs/health"), "docs")
    })
  )
})
