import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import type { ApplyOptions } from "../../src/orchestrator/Apply.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { sample } from "../reliability/Scale.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, specOf } from "./SandboxWorld.ts"

interface Failure {
  readonly name: string
  readonly spec: Spec
  readonly faults?: ReadonlyArray<string>
  readonly options?: Partial<ApplyOptions>
  /** The tag of the error that ends the run. */
  readonly error: string
}

const release = { release: "{ header: x-release }" }
const unchecked = { container: false }

/** A failure at every step. Each must leave the sandbox's world as it was. */
const failures: ReadonlyArray<Failure> = [
  {
    name: "the DNS provider refuses the record",
    spec: specOf(),
    faults: ["dns PATCH /zones status=422"],
    error: "DnsError"
  },
  {
    name: "the DNS provider has no rights",
    spec: specOf(),
    faults: ["dns PATCH /zones status=401"],
    error: "DnsError"
  },
  {
    name: "the record never shows on the name server",
    spec: specOf(),
    faults: ["dns-server * * refuse"],
    error: "PropagationTimeout"
  },
  {
    name: "Coolify refuses the variables with 422",
    spec: specOf(),
    faults: ["coolify PATCH /envs/bulk status=422"],
    error: "CoolifyError"
  },
  {
    name: "Coolify fails on the variables with 500",
    spec: specOf(),
    faults: ["coolify PATCH /envs/bulk status=500"],
    error: "CoolifyError"
  },
  {
    name: "the answer to the variables is lost",
    spec: specOf(),
    faults: ["coolify PATCH /envs/bulk reset after"],
    error: "CoolifyError"
  },
  {
    name: "Coolify refuses the deployment with 403",
    spec: specOf(),
    faults: ["coolify POST /deploy status=403"],
    error: "CoolifyError"
  },
  {
    name: "Coolify fails on the deployment with 500",
    spec: specOf(),
    faults: ["coolify POST /deploy status=500"],
    error: "CoolifyError"
  },
  { name: "the build fails", spec: specOf({ SANDBOX_APP: "fail-build" }), error: "DeploymentFailedError" },
  {
    name: "Coolify finds the container unhealthy",
    spec: specOf({ SANDBOX_APP: "unhealthy" }),
    error: "DeploymentFailedError"
  },
  {
    name: "the container crashes under Coolify's health check",
    spec: specOf({ SANDBOX_APP: "crash" }),
    error: "DeploymentFailedError"
  },
  {
    name: "it answers 503 and Coolify does not look",
    spec: specOf({ SANDBOX_APP: "unhealthy" }, unchecked),
    error: "UnhealthyError"
  },
  {
    name: "it crash-loops and Coolify does not look",
    spec: specOf({ SANDBOX_APP: "crash" }, unchecked),
    error: "DeploymentFailedError"
  },
  {
    name: "it answers another status",
    spec: specOf({ SANDBOX_APP: "status:302" }, unchecked),
    error: "UnhealthyError"
  },
  {
    name: "another release answers",
    spec: specOf({ SANDBOX_APP: "release:old" }, release),
    error: "UnhealthyError"
  },
  {
    name: "the time is up while it starts",
    spec: specOf({ SANDBOX_APP: "slow:60" }, { retries: 100 }),
    options: { timeout: Duration.seconds(2) },
    error: "DeadlineError"
  }
]

const createFailures: ReadonlyArray<Failure> = [
  {
    name: "Coolify refuses the project",
    spec: specOf(),
    faults: ["coolify POST /projects status=422"],
    error: "CoolifyError"
  },
  {
    name: "Coolify refuses the application with 422",
    spec: specOf(),
    faults: ["coolify POST /applications status=422"],
    error: "CoolifyError"
  },
  {
    name: "Coolify fails on the application with 500, without effect",
    spec: specOf(),
    faults: ["coolify POST /applications status=500"],
    error: "CoolifyError"
  }
]

const fails = (sandbox: SandboxHandle, failure: Failure) =>
  Effect.gen(function* () {
    const before = yield* sandbox.world
    yield* sandbox.faults.add(...(failure.faults ?? []))
    const { result, events } = yield* applyTo(sandbox, failure.spec, failure.options)
    yield* sandbox.faults.clear
    const told = events.map(({ state, event }) => `${state} ${event._tag}`).join("\n")
    if (Either.isRight(result)) return assert.fail(`it succeeded:\n${told}`)
    assert.strictEqual(result.left.error._tag, failure.error, result.left.message)
    assert.deepStrictEqual(result.left.report.leftovers, [], told)
    assert.deepStrictEqual(yield* sandbox.world, before, told)
  })

const succeeds = (sandbox: SandboxHandle, spec: Spec) =>
  Effect.gen(function* () {
    const { result } = yield* applyTo(sandbox, spec)
    assert.isTrue(Either.isRight(result), Either.isLeft(result) ? result.left.message : "")
  })

describe.concurrent("a first apply that fails leaves nothing behind", () => {
  for (const failure of sample([...createFailures, ...failures], 2)) {
    it.scopedLive(failure.name, () =>
      Effect.gen(function* () {
        const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
        yield* fails(sandbox, failure)
        yield* succeeds(sandbox, specOf())
      })
    )
  }
})

describe.concurrent("an update that fails brings the old version back", () => {
  const ofUpdates = failures.filter(({ faults }) => faults?.some((fault) => fault.startsWith("dns")) !== true)
  for (const failure of sample(ofUpdates, 2)) {
    it.scopedLive(failure.name, () =>
      Effect.gen(function* () {
        const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
        const running = specOf(
          { VERSION: "1", OLD: "goes away" },
          { ...release, container: failure.spec.healthcheck.container }
        )
        yield* succeeds(sandbox, running)
        yield* fails(sandbox, failure)
        yield* succeeds(sandbox, running)
      })
    )
  }
})

describe.concurrent("who answers after a failed update is told", () => {
  const answersAfter = (failing: Spec, onTheWayBack: ReadonlyArray<string> = []) =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com", "new.example.com"] } })
      const first = yield* applyTo(sandbox, specOf({}, { ...release, ...unchecked }))
      const { result } = yield* applyTo(sandbox, failing, {}, ({ event }) =>
        event._tag === "StateChanged" && event.to === "ROLLING_BACK"
          ? Effect.orDie(sandbox.faults.add(...onTheWayBack))
          : Effect.void
      )
      const failure = Either.getOrThrow(Either.flip(result))
      const url = `https://api.example.com:${sandbox.edge.port}/health`
      return {
        answers: failure.report.answers,
        outcome: failure.report.outcome,
        run: first.events[0]?.run,
        url
      }
    })

  it.scopedLive("with the release that was seen, where the failed one had replaced it", () =>
    Effect.gen(function* () {
      const seen = yield* answersAfter(specOf({ SANDBOX_APP: "crash" }, { ...release, ...unchecked }))
      assert.strictEqual(seen.outcome, "rolled-back")
      const { answers, run = assert.fail(), url } = seen
      assert.deepStrictEqual(answers, [
        { url, ok: true, status: 200, detail: "answered 200", release: run, ofThisRun: false }
      ])
    })
  )

  it.scopedLive("at the domain that it had, where the update was to move it, and without a guess", () =>
    Effect.gen(function* () {
      const moved = { ...specOf({ SANDBOX_APP: "crash" }, unchecked), domains: ["new.example.com"] }
      const { answers, url } = yield* answersAfter(moved)
      assert.deepStrictEqual(answers, [
        { url, ok: true, status: 200, detail: "answered 200", release: null, ofThisRun: false }
      ])
    })
  )

  it.scopedLive("as nobody, where the old one could not be deployed again", () =>
    Effect.gen(function* () {
      const failing = specOf({ SANDBOX_APP: "crash" }, { ...release, ...unchecked })
      const { answers = [], outcome } = yield* answersAfter(failing, ["coolify POST /deploy status=403"])
      assert.strictEqual(outcome, "leftovers")
      assert.deepStrictEqual(
        answers.map(({ ok, release: seen }) => [ok, seen]),
        [[false, null]]
      )
    })
  )
})

describe.concurrent("a replacement", () => {
  const dockerfile = (text: string, env: Readonly<Record<string, string>> = {}): Spec => ({
    ...specOf(env, release),
    source: { _tag: "Dockerfile", text }
  })

  it.scopedLive("takes the domain over from an application that cannot be changed in place", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
      yield* succeeds(sandbox, dockerfile("FROM a"))
      yield* succeeds(sandbox, dockerfile("FROM b"))
      const again = yield* applyTo(sandbox, dockerfile("FROM b"))
      assert.strictEqual(Either.getOrThrow(again.result).outcome, "unchanged")
      yield* succeeds(sandbox, specOf())
      const { applications } = (yield* sandbox.world).coolify
      assert.strictEqual(applications.length, 1)
    })
  )

  it.scopedLive("names the old application when it cannot be deleted in the end", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
      yield* succeeds(sandbox, dockerfile("FROM a"))
      yield* sandbox.faults.add("coolify DELETE /applications status=403")
      const { result } = yield* applyTo(sandbox, dockerfile("FROM b"))
      const { outcome, leftovers } = Either.getOrThrow(result)
      assert.strictEqual(outcome, "complete")
      assert.include(leftovers[0]?.what, "old application")
      yield* sandbox.faults.clear
      yield* succeeds(sandbox, dockerfile("FROM b"))
      const { applications } = (yield* sandbox.world).coolify
      assert.strictEqual(applications.length, 1, "the next apply puts away what the last one left")
    })
  )

  for (const [name, next, faults] of [
    ["the new one does not build", dockerfile("FROM b", { SANDBOX_APP: "fail-build" }), []],
    ["the new one is unhealthy", dockerfile("FROM b", { SANDBOX_APP: "unhealthy" }), []],
    ["another release answers in the end", dockerfile("FROM b", { SANDBOX_APP: "release:old" }), []],
    ["the domain cannot be moved", dockerfile("FROM b"), ["coolify PATCH /applications/ status=500 #3"]],
    ["the second deployment is refused", dockerfile("FROM b"), ["coolify POST /deploy status=403 #2"]],
    ["the old one cannot be stopped", dockerfile("FROM b"), ["coolify POST /stop status=403"]]
  ] as const) {
    it.scopedLive(`that fails brings the old application back when ${name}`, () =>
      Effect.gen(function* () {
        const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
        yield* succeeds(sandbox, dockerfile("FROM a"))
        const before = yield* sandbox.world
        yield* sandbox.faults.add(...faults)
        const { result } = yield* applyTo(sandbox, next)
        assert.isTrue(Either.isLeft(result))
        assert.deepStrictEqual(Either.isLeft(result) ? result.left.report.leftovers : [], [])
        assert.deepStrictEqual(yield* sandbox.world, before)
      })
    )
  }
})

describe.concurrent("another domain", () => {
  const moved = (env: Readonly<Record<string, string>> = {}): Spec => ({
    ...specOf(env),
    domains: ["new.example.com"]
  })
  const recordsOf = (sandbox: SandboxHandle) =>
    Effect.map(sandbox.world, ({ zones }) => zones.flatMap(({ rrsets }) => rrsets.map(({ name }) => name)))

  it.scopedLive("takes the old record away once the new name is verified", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
      yield* succeeds(sandbox, specOf())
      yield* succeeds(sandbox, moved())
      const names = yield* recordsOf(sandbox)
      assert.include(names, "new.example.com.")
      assert.notInclude(names, "api.example.com.")
    })
  )

  it.scopedLive("that does not become healthy leaves the old one", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
      yield* succeeds(sandbox, specOf())
      yield* fails(sandbox, {
        name: "",
        spec: moved({ SANDBOX_APP: "unhealthy" }),
        error: "DeploymentFailedError"
      })
    })
  )
})

describe.concurrent("a reviewed plan", () => {
  it.scopedLive("is refused when the world moved, and nothing is sent", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
      const { events } = yield* applyTo(sandbox, specOf(), { confirm: () => Effect.succeed(false) })
      const expected = events.flatMap(({ event }) => (event._tag === "Planned" ? [event.plan] : []))[0]
      yield* succeeds(sandbox, specOf({ LATER: "1" }))
      const before = yield* sandbox.requests
      const { result } = yield* applyTo(sandbox, specOf(), { expected })
      const error = Either.getOrThrow(Either.flip(result)).error
      assert.strictEqual(error._tag === "RefusedError" && error.reason, "Moved")
      const writes = (yield* sandbox.requests).slice(before.length).filter(({ method }) => method !== "GET")
      assert.deepStrictEqual(writes, [])
    })
  )
})

describe.concurrent("an interruption", () => {
  for (const millis of sample([5, 25, 60, 120, 250], 1)) {
    it.scopedLive(`after ${millis} ms rolls back`, () =>
      Effect.gen(function* () {
        const sandbox = yield* testSandbox({
          seed: { domains: ["api.example.com"] },
          latency: { build: "400 millis" }
        })
        const before = yield* sandbox.world
        const fiber = yield* Effect.fork(applyTo(sandbox, specOf()))
        yield* Effect.sleep(Duration.millis(millis))
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* sandbox.world, before)
      })
    )
  }
})

describe.concurrent("a lost answer does not make a duplicate", () => {
  const lost = [
    "coolify POST /projects reset after x1",
    "coolify POST /applications reset after x1",
    "coolify POST /deploy reset after x1",
    "dns PATCH /zones reset after x1"
  ]
  for (const fault of sample(lost, 1)) {
    it.scopedLive(fault, () =>
      Effect.gen(function* () {
        const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
        yield* sandbox.faults.add(fault)
        yield* succeeds(sandbox, specOf())
        const writes = (yield* sandbox.requests).filter(
          ({ method, path }) => method === "POST" && !path.includes("/deploy")
        )
        assert.deepStrictEqual(
          writes.map(({ path }) => path),
          ["/api/v1/projects", "/api/v1/applications/dockerimage"]
        )
      })
    )
  }
})
