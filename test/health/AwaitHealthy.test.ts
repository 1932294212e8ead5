import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import {
  type Attempt,
  awaitHealthy,
  type AwaitHealthyOptions,
  UnhealthyError
} from "../../src/health/AwaitHealthy.ts"
import {
  HealthProbe,
  ProbeError,
  type ProbeRequest,
  type ProbeResponse
} from "../../src/health/HealthProbe.ts"
import { layerDryRun } from "../../src/health/HealthDryRun.ts"
import { answering, layerMemory } from "../../src/health/MemoryHealthProbe.ts"
import type { Healthcheck } from "../../src/appspec/sections/Healthcheck.ts"
import { size } from "../reliability/Scale.ts"

const host = "app.example.com"
const origin = "192.0.2.1"

const healthcheck: Healthcheck = {
  path: "/health",
  status: 200,
  timeout: Duration.seconds(5),
  interval: Duration.seconds(10),
  retries: 3,
  startPeriod: Duration.zero,
  settle: Duration.zero,
  container: false,
  release: undefined
}

const ok = answering({ status: 200, release: undefined })
const status = (code: number): ProbeResponse => ({ ...ok, status: code })
const release = (id: string): ProbeResponse => ({ ...ok, headers: { "x-release": id } })
const distrusted: ProbeResponse = {
  ...ok,
  certificate: { ...ok.certificate, problem: "the certificate is self-signed" }
}
const refused = new ProbeError({ reason: "ConnectionRefused", detail: `connection refused by ${origin}:443` })
const notFound = new ProbeError({ reason: "NameNotFound", detail: `${host} has no address` })

type Answers = ReadonlyArray<ProbeResponse | ProbeError>

interface Setup {
  readonly origin?: Answers
  readonly name?: Answers
  readonly healthcheck?: Partial<Healthcheck>
  readonly options?: Partial<AwaitHealthyOptions>
  readonly probe?: Layer.Layer<HealthProbe>
}

/** Runs to the end on a virtual clock; each attempt as `second stage outcome`. */
const run = (setup: Setup) =>
  Effect.gen(function* () {
    const log = yield* Ref.make<ReadonlyArray<string>>([])
    const requests = yield* Ref.make<ReadonlyArray<ProbeRequest>>([])
    const describeOutcome = ({ outcome }: Attempt) =>
      outcome.ok ? `ok ${outcome.status}` : `${outcome.reason}${outcome.counted ? "" : " (waits)"}`
    const program = awaitHealthy({
      host,
      healthcheck: { ...healthcheck, ...setup.healthcheck },
      address: origin,
      expectedRelease: undefined,
      deadline: Duration.minutes(10),
      confirmAfter: Duration.minutes(1),
      onAttempt: (attempt) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Ref.update(log, (all) => [...all, `${now / 1000} ${attempt.stage} ${describeOutcome(attempt)}`])
        ),
      ...setup.options
    }).pipe(
      Effect.exit,
      Effect.zip(Clock.currentTimeMillis),
      Effect.provide(
        setup.probe ??
          layerMemory({
            answers: { [origin]: setup.origin ?? [ok], [host]: setup.name ?? [ok] },
            onRequest: (request) => Ref.update(requests, (all) => [...all, request])
          })
      )
    )
    const startedAt = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.fork(program)
    yield* TestClock.adjust("2 hours")
    const [exit, endedAt] = yield* Fiber.join(fiber)
    return { exit, startedAt, endedAt, log: yield* Ref.get(log), requests: yield* Ref.get(requests) }
  })

const failureOf = (exit: Exit.Exit<unknown, UnhealthyError>) =>
  Exit.match(exit, {
    onSuccess: () => assert.fail("expected a failure"),
    onFailure: (cause) => {
      assert.strictEqual(cause._tag, "Fail")
      if (cause._tag !== "Fail") throw new Error("unreachable")
      const { attempts, detail, gaveUp, reason, stage } = cause.error
      return { stage, attempts, gaveUp, reason, detail }
    }
  })

describe("awaitHealthy", () => {
  const between = { every: Duration.millis(150), lasts: Duration.seconds(1) }

  it.effect("sees the first good answer soon, without counting what it sees between two attempts", () =>
    Effect.gen(function* () {
      const { exit, log } = yield* run({
        origin: [...Array.from({ length: 5 }, () => refused), ok],
        healthcheck: { retries: 2 },
        options: { between }
      })
      assert.deepStrictEqual(log, [
        "0 origin ConnectionRefused",
        "0.75 origin ok 200",
        "10.75 origin ok 200",
        "10.75 name ok 200"
      ])
      assert.isTrue(Exit.isSuccess(exit))
    })
  )

  it.effect("looks between two attempts only for as long as it is told", () =>
    Effect.gen(function* () {
      // The first attempt, and those at 0.15, 0.3, ... 1.05 seconds.
      const { log } = yield* run({
        origin: [...Array.from({ length: 8 }, () => refused), ok],
        options: { between }
      })
      assert.deepStrictEqual(log.slice(0, 2), ["0 origin ConnectionRefused", "10 origin ok 200"])
    })
  )

  it.effect("asks for what the world has to do no more often than the attempts", () =>
    Effect.gen(function* () {
      const { log } = yield* run({ name: [notFound, ok], options: { between } })
      assert.deepStrictEqual(log.slice(2), ["10 name NameNotFound (waits)", "20 name ok 200"])
    })
  )

  it.effect("asks twice at the origin and once by name", () =>
    Effect.gen(function* () {
      const { endedAt, exit, log, requests } = yield* run({
        name: [{ ...ok, address: "192.0.2.1", millis: 7 }],
        healthcheck: { path: "/up" }
      })
      assert.deepStrictEqual(log, ["0 origin ok 200", "10 origin ok 200", "10 name ok 200"])
      assert.deepStrictEqual(
        requests.map(({ address, path, timeout, host: name }) => [
          name,
          address,
          path,
          Duration.toMillis(timeout)
        ]),
        [
          [host, origin, "/up", 5000],
          [host, origin, "/up", 5000],
          [host, undefined, "/up", 5000]
        ]
      )
      assert.deepStrictEqual(
        exit,
        Exit.succeed({ status: 200, certificate: ok.certificate, address: origin, millis: 7, attempts: 3 })
      )
      assert.strictEqual(endedAt, 10_000)
    })
  )

  it.effect("gives up after the retries, an interval apart", () =>
    Effect.gen(function* () {
      const { exit, log } = yield* run({ origin: [refused, status(502), status(503)] })
      assert.deepStrictEqual(log, ["0 origin ConnectionRefused", "10 origin Status", "20 origin Status"])
      assert.deepStrictEqual(failureOf(exit), {
        stage: "origin",
        attempts: 3,
        gaveUp: "Retries",
        reason: "Status",
        detail: "answered 503, expected 200"
      })
    })
  )

  it.effect("failures within the start period do not count", () =>
    Effect.gen(function* () {
      const { log } = yield* run({
        origin: [refused],
        healthcheck: { startPeriod: Duration.seconds(25), retries: 2 }
      })
      assert.deepStrictEqual(log, [
        "0 origin ConnectionRefused (waits)",
        "10 origin ConnectionRefused (waits)",
        "20 origin ConnectionRefused (waits)",
        "30 origin ConnectionRefused",
        "40 origin ConnectionRefused"
      ])
    })
  )

  it.effect("an application that takes 31 minutes to start passes", () =>
    Effect.gen(function* () {
      const { endedAt, exit } = yield* run({
        origin: [...Array.from({ length: 186 }, () => refused), ok],
        healthcheck: { startPeriod: Duration.minutes(31) },
        options: { deadline: Duration.minutes(40) }
      })
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(endedAt, (31 * 60 + 10) * 1000)
    })
  )

  it.effect("a flapping application does not pass", () =>
    Effect.gen(function* () {
      const flapping = [ok, status(502), ok, status(502), ok, status(502), ok, ok]
      const { exit, log } = yield* run({ origin: flapping })
      assert.strictEqual(log.length, 6)
      assert.deepStrictEqual(failureOf(exit), {
        stage: "origin",
        attempts: 6,
        gaveUp: "Retries",
        reason: "Status",
        detail: "answered 502, expected 200"
      })
    })
  )

  it.effect("each stage has its own retries", () =>
    Effect.gen(function* () {
      const { exit } = yield* run({
        origin: [refused, refused, ok],
        name: [{ ...ok, status: 500, address: origin }, { ...ok, status: 500, address: origin }, ok]
      })
      assert.isTrue(Exit.isSuccess(exit))
    })
  )

  it.effect("waits for a late certificate beyond the retries", () =>
    Effect.gen(function* () {
      const { exit, log } = yield* run({ origin: [...Array.from({ length: 20 }, () => distrusted), ok] })
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(log[19], "190 origin Certificate (waits)")
      assert.strictEqual(log.length, 23)
    })
  )

  it.effect("a certificate that never comes fails at the deadline", () =>
    Effect.gen(function* () {
      const { endedAt, exit } = yield* run({
        origin: [distrusted],
        options: { deadline: Duration.minutes(5) }
      })
      const { attempts, ...failure } = failureOf(exit)
      assert.deepStrictEqual(failure, {
        stage: "origin",
        gaveUp: "Deadline",
        reason: "Certificate",
        detail: "the certificate is self-signed"
      })
      assert.isAtLeast(attempts, 30)
      assert.strictEqual(endedAt, 300_000)
    })
  )

  it.effect("behind a proxy only the proxy's certificate matters", () =>
    Effect.gen(function* () {
      const answers = { origin: [distrusted], name: [{ ...ok, address: "198.51.100.7" }] }
      assert.isTrue(Exit.isSuccess((yield* run({ ...answers, options: { proxied: true } })).exit))
      const direct = yield* run({ ...answers, options: { deadline: Duration.minutes(1) } })
      assert.strictEqual(failureOf(direct.exit).reason, "Certificate")
    })
  )

  it.effect("the old version does not pass for the new one", () =>
    Effect.gen(function* () {
      const probing = { release: { _tag: "Header", name: "X-Release" } } as const
      const options = { expectedRelease: "r2" }
      const passed = yield* run({
        origin: [release("r1"), release("r2")],
        name: [release("r2")],
        healthcheck: probing,
        options
      })
      assert.deepStrictEqual(passed.log, [
        "0 origin Release",
        "10 origin ok 200",
        "20 origin ok 200",
        "20 name ok 200"
      ])
      const failed = yield* run({ origin: [release("r1")], healthcheck: probing, options })
      assert.strictEqual(
        failureOf(failed.exit).detail,
        "answers with release r1, expected r2: the old version is still serving"
      )
      const unasked = yield* run({ origin: [release("r1")], options })
      assert.isTrue(Exit.isSuccess(unasked.exit))
    })
  )

  it.effect(
    "[fault 17: resolvers and proxies] waits while DNS caches do not know the name or still know the old address",
    () =>
      Effect.gen(function* () {
        const old = { ...status(404), address: "198.51.100.7" }
        const { exit, log } = yield* run({ name: [notFound, notFound, old, old, old, old, ok] })
        assert.isTrue(Exit.isSuccess(exit))
        assert.deepStrictEqual(log.slice(2, 5), [
          "10 name NameNotFound (waits)",
          "20 name NameNotFound (waits)",
          "30 name Status (waits)"
        ])
        const never = yield* run({ name: [old], options: { deadline: Duration.minutes(2) } })
        assert.strictEqual(
          failureOf(never.exit).detail,
          `answered 404, expected 200 (from 198.51.100.7 instead of ${origin})`
        )
      })
  )

  it.effect("knows an IPv6 address in any spelling", () =>
    Effect.gen(function* () {
      const { exit } = yield* run({
        probe: layerMemory({
          answers: { "2001:DB8:0::1": [ok], [host]: [{ ...status(500), address: "2001:db8::1" }] }
        }),
        options: { address: "2001:DB8:0::1" }
      })
      assert.strictEqual(failureOf(exit).gaveUp, "Retries")
    })
  )

  it.effect("without an address asks twice by name", () =>
    Effect.gen(function* () {
      const { log } = yield* run({ options: { address: undefined } })
      assert.deepStrictEqual(log, ["0 name ok 200", "10 name ok 200"])
    })
  )

  it.effect("obeys the deadline in the middle of an attempt and of a wait", () =>
    Effect.gen(function* () {
      const hanging = Layer.succeed(HealthProbe, { port: 443, get: () => Effect.never })
      const stuck = yield* run({ probe: hanging, options: { deadline: Duration.seconds(7) } })
      assert.deepStrictEqual(failureOf(stuck.exit), {
        stage: "origin",
        attempts: 0,
        gaveUp: "Deadline",
        reason: "Timeout",
        detail: "no answer within 7s"
      })
      assert.strictEqual(stuck.endedAt, 7000)
      const waiting = yield* run({ origin: [refused], options: { deadline: Duration.seconds(7) } })
      assert.deepStrictEqual([failureOf(waiting.exit).reason, waiting.log.length], ["ConnectionRefused", 1])
      const byName = Layer.succeed(HealthProbe, {
        port: 443,
        get: ({ address }) => (address === undefined ? Effect.never : Effect.succeed(ok))
      })
      const silent = yield* run({ probe: byName, options: { deadline: Duration.seconds(15) } })
      assert.deepStrictEqual(
        [failureOf(silent.exit).stage, failureOf(silent.exit).detail],
        ["name", "no answer within 15s"]
      )
      const once = yield* run({ origin: [refused, ok], options: { deadline: Duration.seconds(15) } })
      assert.match(failureOf(once.exit).detail, /twice in a row/)
    })
  )

  it.effect("the message names host, stage, attempts and reason", () =>
    Effect.sync(() => {
      const error = new UnhealthyError({
        host,
        stage: "name",
        attempts: 4,
        gaveUp: "Retries",
        reason: "Status",
        detail: "answered 503, expected 200"
      })
      assert.strictEqual(
        error.message,
        "app.example.com is not healthy by name after 4 attempts: answered 503, expected 200"
      )
    })
  )

  it.effect("a dry run never claims that anything is well", () =>
    Effect.gen(function* () {
      const { exit } = yield* run({ probe: layerDryRun })
      assert.isTrue(Exit.isFailure(exit))
    })
  )

  it.effect.prop(
    "passes only on two good answers in a row, and never asks more than the retries allow",
    {
      bits: FastCheck.array(FastCheck.boolean(), { maxLength: 20 }),
      retries: FastCheck.integer({ min: 1, max: 5 })
    },
    ({ bits, retries }) =>
      Effect.gen(function* () {
        const { exit, log } = yield* run({
          origin: [...bits.map((good) => (good ? ok : refused)), refused],
          healthcheck: { retries }
        })
        const asked = log.filter((line) => line.includes("origin")).map((line) => line.endsWith("ok 200"))
        assert.isAtMost(asked.filter((good) => !good).length, retries)
        if (Exit.isSuccess(exit)) assert.deepStrictEqual(asked.slice(-2), [true, true])
        else assert.strictEqual(asked.filter((good) => !good).length, retries)
      }),
    { fastCheck: { numRuns: size(30, 100) } }
  )
})

const redirect = (location: string, more: Readonly<Record<string, string>> = {}): ProbeResponse => ({
  ...ok,
  status: 302,
  headers: { location, ...more }
})

/** What is told of a redirect at the origin, with the answers to what is asked after the retries. */
const redirectOf = (first: ProbeResponse, ...then: Answers) =>
  Effect.gen(function* () {
    const { exit, requests } = yield* run({ origin: [first, first, first, ...then] })
    assert.isTrue(Exit.isFailure(exit))
    if (Exit.isSuccess(exit) || exit.cause._tag !== "Fail") throw new Error("unreachable")
    const { detail, reason, redirect: told } = exit.cause.error
    assert.strictEqual(reason, "Redirect")
    return { detail, told, paths: requests.map(({ path }) => path) }
  })

describe("a redirect in the place of an answer", () => {
  it.effect("is told with where it leads and what that answers", () =>
    Effect.gen(function* () {
      const { detail, paths, told } = yield* redirectOf(redirect("/health/"), ok)
      assert.strictEqual(detail, `answered 302, a redirect to https://${host}/health/, expected 200`)
      assert.include(told, { kind: "path", path: "/health/", endsWith: 200 })
      assert.deepStrictEqual(paths, ["/health", "/health", "/health", "/health/"])
    })
  )

  it.effect("is told as a loop when it comes back, at once or by a detour", () =>
    Effect.gen(function* () {
      const self = yield* redirectOf(redirect(`https://${host}/health`, { server: "cloudflare" }))
      assert.include(self.told, { kind: "loop", cloudflare: true })
      assert.match(self.detail, /a redirect to itself/)
      const detour = yield* redirectOf(redirect("/login"), redirect("/login/"), redirect("/health"), ok)
      assert.include(detour.told, { kind: "loop", cloudflare: false })
      assert.deepStrictEqual(detour.paths.slice(3), ["/login", "/login/"])
      const other = yield* redirectOf(redirect("/a"), redirect("/b"), redirect("/a"), ok)
      assert.include(other.told, { kind: "loop" })
      assert.deepStrictEqual(other.paths.slice(3), ["/a", "/b"])
    })
  )

  it.effect("asks nobody but the host, and not for ever", () =>
    Effect.gen(function* () {
      const elsewhere = yield* redirectOf(redirect("https://www.example.com/health"))
      assert.include(elsewhere.told, { kind: "host", host: "www.example.com" })
      const plain = yield* redirectOf(redirect(`http://${host}/health`))
      assert.include(plain.told, { kind: "insecure" })
      const out = yield* redirectOf(redirect("/a"), redirect("https://evil.example.net/"))
      assert.deepStrictEqual(out.paths.slice(3), ["/a"])
      const endless = yield* redirectOf(
        redirect("/0"),
        ...Array.from({ length: 20 }, (_, n) => redirect(`/${n + 1}`))
      )
      assert.lengthOf(endless.paths, 3 + 5)
      assert.include(endless.told, { kind: "path", path: "/0", endsWith: undefined })
      const broken = yield* redirectOf(redirect("/a"), refused)
      assert.include(broken.told, { kind: "path", endsWith: undefined })
    })
  )

  it.effect("shows no query, and nothing where there is no address", () =>
    Effect.gen(function* () {
      const { detail, paths, told } = yield* redirectOf(redirect("/login?state=hunter2"), ok)
      assert.notInclude(detail, "hunter2")
      assert.include(told, { kind: "path", path: undefined, endsWith: 200 })
      assert.strictEqual(paths.at(-1), "/login?state=hunter2")
      for (const header of ["", "http://[", "javascript:x"]) {
        assert.include((yield* redirectOf(redirect(header))).told, { kind: "nowhere" })
      }
    })
  )

  it.effect("is an answer like any other where the spec wants it", () =>
    Effect.gen(function* () {
      const { exit } = yield* run({
        origin: [redirect("/login")],
        name: [redirect("/login")],
        healthcheck: { status: 302 }
      })
      assert.isTrue(Exit.isSuccess(exit))
    })
  )
})
