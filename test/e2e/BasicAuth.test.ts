import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import type { BasicAuth } from "../../src/coolify/endpoints/BasicAuth.ts"
import { basicAuth } from "../../src/kinds/BasicAuth.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { adoptable, applyTo, layersOf, specOf } from "./SandboxWorld.ts"

const start = testSandbox({ seed: { domains: ["api.example.com"] } })

/** The value that the tests' store is given for it. */
const givenPassword = "postgresql://app:p4ssw0rd-of-tests@db/app"

const asking = (username: string, secret: string, env = {}): Spec => ({
  ...specOf(env),
  basicAuth: { username, secret }
})

const applied = (sandbox: SandboxHandle, spec: Spec) =>
  Effect.gen(function* () {
    const { events, result } = yield* applyTo(sandbox, spec)
    if (Either.isLeft(result)) return assert.fail(result.left.error.message)
    const plan = events.flatMap(({ event }) => (event._tag === "Planned" ? [event.plan] : []))[0]
    const fields = plan?.changes.find(({ kind }) => kind === "application")?.fields ?? []
    return { report: result.right, events, plan, fields: fields.map(({ field }) => field) }
  })

const there = (sandbox: SandboxHandle) =>
  Effect.gen(function* () {
    const { applications } = yield* CoolifyClient
    const [listed] = yield* applications.list
    return yield* applications.get(listed?.uuid ?? "")
  }).pipe(Effect.provide(layersOf(sandbox)))

const authOf = (sandbox: SandboxHandle) =>
  Effect.map(there(sandbox), ({ basicAuth }) =>
    basicAuth === undefined
      ? undefined
      : [basicAuth.username, basicAuth.password === undefined ? "" : Redacted.value(basicAuth.password)]
  )

const byHand = (sandbox: SandboxHandle, basicAuth: BasicAuth | "off") =>
  Effect.gen(function* () {
    const { applications } = yield* CoolifyClient
    const now = yield* there(sandbox)
    yield* applications.update(now.uuid, { basicAuth }, now)
  }).pipe(Effect.provide(layersOf(sandbox)))

/** As if Coolify had not made the labels anew. */
const relabelled = (sandbox: SandboxHandle) =>
  Effect.gen(function* () {
    const { uuid } = yield* there(sandbox)
    const url = `${sandbox.apiUrl}/api/v1/applications/${uuid}`
    const labels = [
      "traefik.enable=true",
      "traefik.http.routers.a.rule=Host(`api.example.com`) && PathPrefix(`/`)",
      "traefik.http.services.a.loadbalancer.server.port=8080"
    ]
    yield* Effect.promise(() =>
      fetch(url, {
        method: "PATCH",
        headers: { authorization: `Bearer ${sandbox.token}`, "content-type": "application/json" },
        body: JSON.stringify({ custom_labels: Buffer.from(labels.join("\n")).toString("base64") })
      })
    )
  })

const visit = (sandbox: SandboxHandle, credentials?: { username: string; password: string }) =>
  Effect.gen(function* () {
    const { get } = yield* HealthProbe
    const answer = yield* get({
      host: "api.example.com",
      path: "/health",
      address: undefined,
      timeout: Duration.seconds(5),
      ...(credentials === undefined
        ? {}
        : { credentials: { ...credentials, password: Redacted.make(credentials.password) } })
    })
    return answer.status
  }).pipe(Effect.provide(layersOf(sandbox)))

const writes = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.requests, (all) => all.filter(({ method }) => method !== "GET").length)

describe.concurrent("basicAuth", () => {
  it.scopedLive("keeps out whoever has no password, goes back when an update fails, and goes", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const spec = asking("admin", "DATABASE_URL")
      const first = yield* applied(sandbox, spec)
      assert.deepStrictEqual(yield* authOf(sandbox), ["admin", givenPassword])
      assert.strictEqual(yield* visit(sandbox), 401)
      assert.strictEqual(yield* visit(sandbox, { username: "admin", password: "guess" }), 401)
      assert.strictEqual(yield* visit(sandbox, { username: "admin", password: givenPassword }), 200)
      assert.notInclude(JSON.stringify(first.events), "p4ssw0rd-of-tests")
      const [container] = (yield* sandbox.world).coolify.containers
      assert.notInclude(JSON.stringify(container?.env), "p4ssw0rd-of-tests", "it is the proxy's alone")

      const before = yield* writes(sandbox)
      const again = yield* applied(sandbox, spec)
      assert.strictEqual(again.report.outcome, "unchanged")
      assert.strictEqual(yield* writes(sandbox), before)

      // What else changes leaves it noted as it was.
      yield* applied(sandbox, asking("admin", "DATABASE_URL", { MORE: "yes" }))
      const settled = yield* applied(sandbox, asking("admin", "DATABASE_URL", { MORE: "yes" }))
      assert.strictEqual(settled.report.outcome, "unchanged")

      const world = (yield* sandbox.world).coolify.containers
      const failing = asking("root", "API_KEY", { SANDBOX_APP: "unhealthy" })
      const { result } = yield* applyTo(sandbox, failing)
      assert.deepStrictEqual(Either.isLeft(result) ? result.left.report.leftovers : undefined, [])
      assert.deepStrictEqual(yield* authOf(sandbox), ["admin", givenPassword])
      assert.strictEqual(yield* visit(sandbox, { username: "admin", password: givenPassword }), 200)
      assert.lengthOf((yield* sandbox.world).coolify.containers, world.length)

      // A variable's secret does as well, whose value nobody but the application has.
      const changed = yield* applied(sandbox, asking("admin", "API_KEY"))
      assert.deepStrictEqual(changed.fields, ["basicAuth.password"])
      assert.strictEqual(yield* visit(sandbox, { username: "admin", password: givenPassword }), 401)
      assert.strictEqual((yield* applied(sandbox, asking("admin", "API_KEY"))).report.outcome, "unchanged")

      yield* applied(sandbox, specOf())
      assert.strictEqual(yield* authOf(sandbox), undefined)
      assert.strictEqual(yield* visit(sandbox), 200)
    })
  )

  it.scopedLive("goes with an application to the one that takes its place", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const made = (text: string): Spec => ({
        ...asking("admin", "DATABASE_URL"),
        source: { _tag: "Dockerfile", text }
      })
      yield* applied(sandbox, made("FROM a"))
      const { uuid } = yield* there(sandbox)
      yield* applied(sandbox, made("FROM b"))
      assert.notStrictEqual((yield* there(sandbox)).uuid, uuid)
      assert.deepStrictEqual(yield* authOf(sandbox), ["admin", givenPassword])
      assert.strictEqual(yield* visit(sandbox), 401)
      assert.strictEqual((yield* applied(sandbox, made("FROM b"))).report.outcome, "unchanged")
    })
  )

  it.scopedLive("changed by hand is drift; what the spec does not name stays, and is told", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const spec = asking("admin", "DATABASE_URL")
      yield* applied(sandbox, spec)
      const other = { username: "admin", password: Redacted.make("somebody-else-s") }
      yield* byHand(sandbox, other)
      const { fields, plan } = yield* applied(sandbox, spec)
      assert.deepStrictEqual(fields, ["basicAuth.password"])
      assert.include(
        plan?.changes.find(({ kind }) => kind === "application"),
        { drifted: true }
      )
      assert.notInclude(JSON.stringify(plan), "somebody-else-s")
      yield* byHand(sandbox, "off")
      assert.deepStrictEqual((yield* applied(sandbox, spec)).fields, [
        "basicAuth.username",
        "basicAuth.password"
      ])
      assert.strictEqual(yield* visit(sandbox), 401)

      const plain = yield* start
      yield* applied(plain, specOf())
      yield* byHand(plain, other)
      const stays = yield* applied(plain, specOf({ MORE: "yes" }))
      assert.include(stays.plan?.notes.join(" "), "(user admin), which the spec does not name; it stays.")
      assert.deepStrictEqual(yield* authOf(plain), ["admin", "somebody-else-s"])
    })
  )

  it.scopedLive("is adopted with a name in the place of its password", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, specOf())
      yield* byHand(sandbox, { username: "guest", password: Redacted.make("set-by-hand-1") })
      // Its container gets what the proxy asks for.
      yield* applied(sandbox, specOf({ MORE: "yes" }))
      const adopted = yield* adoptable(sandbox)
      assert.include(
        adopted.text,
        "basicAuth:\n  username: guest\n  password: ${secrets.BASIC_AUTH_PASSWORD}\n"
      )
      assert.notInclude(adopted.text, "set-by-hand-1")
      const again = yield* applied(sandbox, { ...adopted.spec, secrets: ["API_KEY"] })
      assert.strictEqual(again.report.outcome, "unchanged", adopted.text)

      yield* applied(sandbox, asking("guest", "API_KEY"))
      const own = yield* adoptable(sandbox)
      assert.include(own.text, "password: ${secrets.API_KEY}\n")
      const same = yield* applied(sandbox, { ...own.spec, secrets: ["API_KEY"] })
      assert.strictEqual(same.report.outcome, "unchanged", own.text)
    })
  )

  it.scopedLive("without a value nothing is sent", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const { result } = yield* applyTo(sandbox, asking("admin", "NOWHERE"))
      assert.include(Either.getOrThrow(Either.flip(result)).error.message, "no value is given for NOWHERE")
      assert.strictEqual(yield* writes(sandbox), 0)
    })
  )

  it.scopedLive("no run succeeds while visitors get in without it", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, specOf())
      const before = (yield* sandbox.world).coolify.containers
      // Coolify's labels stay as they are, so that the next container asks nobody.
      const { result } = yield* applyTo(sandbox, asking("admin", "DATABASE_URL"), {}, ({ event }) =>
        event._tag === "StateChanged" && event.to === "DEPLOYING"
          ? Effect.orDie(relabelled(sandbox))
          : Effect.void
      )
      const { error, report } = Either.getOrThrow(Either.flip(result))
      assert.include(error.message, "answered 200, expected 401 where no password is sent (`basicAuth`)")
      assert.deepStrictEqual(report.leftovers, [])
      assert.strictEqual(yield* authOf(sandbox), undefined)
      assert.lengthOf((yield* sandbox.world).coolify.containers, before.length)
    })
  )

  it.scopedLive("what the proxy would cut is refused, and the journal never shows it", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, specOf())
      yield* byHand(sandbox, { username: "admin", password: Redacted.make("x".repeat(73)) })
      const { result } = yield* applyTo(sandbox, asking("admin", "NOWHERE"))
      const { error } = Either.getOrThrow(Either.flip(result))
      assert.include(error.message, "it has more than 72 bytes, and the proxy looks at no more")
      assert.isTrue(basicAuth.sealed)
    })
  )

  it("is refused where it holds a password, or asks nobody", () => {
    const said = (lines: ReadonlyArray<string>) =>
      Either.match(
        parseSpec(["name: api", "source: { image: nginx:1.27 }", ...lines].join("\n"), "spec.yaml"),
        {
          onLeft: ({ problems }) => problems.map(({ message }) => message),
          onRight: () => []
        }
      )
    const site = ["domain: api.example.com", "port: 80"]
    const plain = said([...site, "basicAuth: { username: a, password: hunter22 }"])
    assert.deepStrictEqual(plain, ["a password never stands in a spec"])
    assert.deepStrictEqual(said([...site, "basicAuth: { username: 'a:b', password: '${secrets.X}' }"]), [
      "this is no name for `basicAuth`"
    ])
    assert.deepStrictEqual(said(["domain: none", "basicAuth: { username: a, password: '${secrets.X}' }"]), [
      "nobody can visit what has no domain"
    ])
    assert.deepStrictEqual(
      said([
        ...site,
        "secrets: [SITE_PASSWORD]",
        "basicAuth: { username: a, password: '${secrets.SITE_PASSWORT}' }"
      ]),
      ["the spec has no secret `SITE_PASSWORT`"]
    )
  })
})
