/** What a visitor sees through the edge while an update goes wrong. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { sample } from "../reliability/Scale.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, layersOf, specOf } from "./SandboxWorld.ts"

interface Seen {
  readonly at: number
  /** `200 <release>`, another status, or why there was no answer. */
  readonly what: string
}

/** A visit to the URL, from the name server on. */
const visit = Effect.gen(function* () {
  const probe = yield* HealthProbe
  const answer = yield* Effect.either(
    probe.get({
      host: "api.example.com",
      path: "/health",
      address: undefined,
      timeout: Duration.seconds(5)
    })
  )
  const what = Either.match(answer, {
    onLeft: ({ reason }) => reason,
    onRight: ({ status, headers }) => `${status} ${headers["x-release"] ?? ""}`
  })
  return { at: yield* Clock.currentTimeMillis, what } satisfies Seen
})

/** Visits every 50 ms, and at every event of the run, so that no step goes unseen on a busy machine. */
const visitedDuring = (sandbox: SandboxHandle, broken: Spec) =>
  Effect.gen(function* () {
    const seen = yield* Ref.make<ReadonlyArray<Seen>>([])
    const layers = yield* Layer.build(layersOf(sandbox))
    const look = Effect.flatMap(visit, (one) => Ref.update(seen, (all) => [...all, one])).pipe(
      Effect.provide(layers)
    )
    const visitor = yield* Effect.fork(Effect.repeat(look, Schedule.fixed("50 millis")))
    const { result, events } = yield* applyTo(sandbox, broken, {}, () => look)
    yield* Fiber.interrupt(visitor)
    yield* look
    return { result, events, seen: (yield* Ref.get(seen)).toSorted((a, b) => a.at - b.at) }
  })

/** The good version runs; answers what it says of itself. */
const running = (sandbox: SandboxHandle, container: boolean) =>
  Effect.gen(function* () {
    const { result } = yield* applyTo(sandbox, specOf({}, { container, release: "{ header: x-release }" }))
    assert.isTrue(Either.isRight(result))
    return (yield* Effect.provide(visit, layersOf(sandbox))).what
  })

const slowEnough = { seed: { domains: ["api.example.com"] }, latency: { build: "150 millis" } } as const

// One after the other: a TLS handshake every 50 ms is work, and all of it is done in this one process.
describe("with Coolify's health check", () => {
  for (const behaviour of sample(["crash", "unhealthy", "fail-build"], 1)) {
    it.scopedLive(`an update to a version that does ${behaviour} is never seen`, () =>
      Effect.gen(function* () {
        const sandbox = yield* testSandbox(slowEnough)
        const old = yield* running(sandbox, true)
        assert.match(old, /^200 [0-9a-f]{12}$/)
        const before = yield* sandbox.world
        const { result, seen } = yield* visitedDuring(sandbox, specOf({ SANDBOX_APP: behaviour }))
        assert.strictEqual(Either.getOrThrow(Either.flip(result)).report.outcome, "rolled-back")
        assert.isAbove(seen.length, 10)
        assert.deepStrictEqual([...new Set(seen.map(({ what }) => what))], [old])
        assert.deepStrictEqual(yield* sandbox.world, before)
      })
    )
  }
})

describe("without Coolify's health check", () => {
  for (const behaviour of sample(["crash", "unhealthy"], 1)) {
    it.scopedLive(`an update to a version that does ${behaviour} leaves a gap that the plan announced`, () =>
      Effect.gen(function* () {
        const sandbox = yield* testSandbox(slowEnough)
        const old = yield* running(sandbox, false)
        const before = yield* sandbox.world
        const broken = specOf({ SANDBOX_APP: behaviour }, { container: false })
        const { result, events, seen } = yield* visitedDuring(sandbox, broken)
        assert.strictEqual(Either.getOrThrow(Either.flip(result)).report.outcome, "rolled-back")
        assert.deepStrictEqual(yield* sandbox.world, before)

        const planned = events.find(({ event }) => event._tag === "Planned")?.event
        const notes = planned?._tag === "Planned" ? planned.plan.notes.join(" ") : ""
        assert.match(notes, /the site is down until fabrik has rolled back/)

        const firstBad = seen.findIndex(({ what }) => what !== old)
        const back = seen.findIndex(({ what }, index) => index > firstBad && what === old)
        assert.isAbove(firstBad, 0)
        assert.isAbove(back, firstBad)
        // One gap: before and after it there is nothing but the old version.
        assert.deepStrictEqual([...new Set(seen.slice(back).map(({ what }) => what))], [old])
        const gap = (seen[back]?.at ?? 0) - (seen[firstBad]?.at ?? 0)
        yield* Effect.logInfo(`${behaviour} without a health check: down for about ${gap} ms`)
      })
    )
  }
})

describe("a replacement", () => {
  /** What Coolify cannot change in place. Its container has to stay up for longer than one that crashes does here. */
  const dockerfile = (text: string, env: Readonly<Record<string, string>> = {}): Spec => {
    const spec = specOf(env, { container: false, release: "{ header: x-release }" })
    return {
      ...spec,
      source: { _tag: "Dockerfile", text },
      healthcheck: { ...spec.healthcheck, settle: Duration.seconds(3) }
    }
  }

  const runningFrom = (sandbox: SandboxHandle, spec: Spec) =>
    Effect.gen(function* () {
      const { result } = yield* applyTo(sandbox, spec)
      assert.isTrue(Either.isRight(result))
      return (yield* Effect.provide(visit, layersOf(sandbox))).what
    })

  for (const behaviour of sample(["crash", "flap:0.2"], 1)) {
    it.scopedLive(`that does ${behaviour} is never seen, although Coolify does not look`, () =>
      Effect.gen(function* () {
        const sandbox = yield* testSandbox(slowEnough)
        const old = yield* runningFrom(sandbox, dockerfile("FROM a"))
        const before = yield* sandbox.world
        const broken = dockerfile("FROM b", { SANDBOX_APP: behaviour })
        const { events, result, seen } = yield* visitedDuring(sandbox, broken)
        const { report } = Either.getOrThrow(Either.flip(result))
        assert.strictEqual(report.outcome, "rolled-back", JSON.stringify(report.leftovers))
        assert.isAbove(seen.length, 10)
        assert.deepStrictEqual([...new Set(seen.map(({ what }) => what))], [old])
        assert.deepStrictEqual(yield* sandbox.world, before)
        // Nobody had to put the old version back: it was never touched.
        const undone = events.flatMap(({ event }) => (event._tag === "UndoFinished" ? [event.what] : []))
        assert.notInclude(undone.join(), "stop of")
      })
    )
  }

  it.scopedLive("that is good is seen after the old version, and nothing else between them", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox(slowEnough)
      const old = yield* runningFrom(sandbox, dockerfile("FROM a"))
      const { result, seen } = yield* visitedDuring(sandbox, dockerfile("FROM b"))
      assert.isTrue(Either.isRight(result))
      const last = seen.at(-1)?.what ?? ""
      assert.match(last, /^200 [0-9a-f]{12}$/)
      assert.notStrictEqual(last, old)
      assert.deepStrictEqual([...new Set(seen.map(({ what }) => what))], [old, last])
    })
  )

  it.scopedLive("that answers wrong is seen for no longer than it takes to put the old version back", () =>
    Effect.gen(function* () {
      const sandbox = yield* testSandbox(slowEnough)
      const old = yield* runningFrom(sandbox, dockerfile("FROM a"))
      const before = yield* sandbox.world
      const broken = dockerfile("FROM b", { SANDBOX_APP: "unhealthy" })
      const { events, result, seen } = yield* visitedDuring(sandbox, broken)
      assert.strictEqual(Either.getOrThrow(Either.flip(result)).report.outcome, "rolled-back")
      assert.deepStrictEqual(yield* sandbox.world, before)
      // The domain was asked while the old version still ran, and only then that was stopped.
      const asked = events.findIndex(({ event }) => event._tag === "HealthAttempted")
      const stopping = events.findIndex(
        ({ event }) => event._tag === "ChangeStarted" && event.what.startsWith("stop of")
      )
      assert.isAbove(asked, 0)
      assert.isAbove(stopping, asked)
      const firstBad = seen.findIndex(({ what }) => what !== old)
      assert.isAtLeast(seen[firstBad]?.at ?? 0, events[stopping]?.at ?? Number.POSITIVE_INFINITY)
      const back = seen.findIndex(({ what }, index) => index > firstBad && what === old)
      assert.isAbove(back, firstBad)
      assert.deepStrictEqual([...new Set(seen.slice(back).map(({ what }) => what))], [old])
      const gap = (seen[back]?.at ?? 0) - (seen[firstBad]?.at ?? 0)
      yield* Effect.logInfo(`a replacement that answers wrong: down for about ${gap} ms`)
    })
  )
})
