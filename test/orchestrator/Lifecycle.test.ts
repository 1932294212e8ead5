/** start, stop and restart: what is asked of Coolify, and when it counts as done. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyMemory, layerMemory } from "../support/coolify/CoolifyMemory.ts"
import type { WorldDeployment } from "../support/coolify/CoolifyWorld.ts"
import { layerOffline } from "../../src/dns/DnsDryRun.ts"
import { Progress, type DeploymentEvent } from "../../src/engine/DeploymentEvent.ts"
import { answering, layerMemory as healthMemory } from "../../src/health/MemoryHealthProbe.ts"
import { lifecycle, type LifecycleOptions } from "../../src/orchestrator/Lifecycle.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { application, domain, server, spec } from "./Samples.ts"

const ran = "5f0d2c1b5f0d2c1b5f0d2c1b5f0d2c1b5f0d2c1b"

const branch: Spec = {
  ...spec,
  source: {
    _tag: "Git",
    repository: "https://github.com/acme/api",
    branch: "main",
    commit: "HEAD",
    buildPack: "dockerfile",
    baseDirectory: "/",
    dockerfile: "/Dockerfile"
  }
}

const deployment = (commit: string, status: WorldDeployment["status"] = "finished"): WorldDeployment => ({
  uuid: `deployment-${commit}-${status}`,
  applicationUuid: "app",
  status,
  commit,
  createdAt: "2026-01-01T00:00:00Z",
  logs: [],
  logsBefore: 0,
  due: { _tag: "Polls", left: 100 },
  outcome: { status: "finished" }
})

const world = (
  of: Spec = spec,
  {
    deployments = [deployment("HEAD")],
    status = "running:healthy"
  }: { readonly deployments?: ReadonlyArray<WorldDeployment>; readonly status?: string } = {}
) =>
  Layer.mergeAll(
    layerMemory({
      servers: [server],
      world: {
        projects: [{ uuid: "p", name: "fabrik", description: "" }],
        environments: [{ projectUuid: "p", uuid: "e", name: "production" }],
        applications: [
          {
            ...application(of, { status }),
            projectUuid: "p",
            environmentName: "production",
            serverUuid: "srv",
            gone: undefined
          }
        ],
        deployments
      }
    }),
    layerOffline,
    healthMemory({
      answers: { [domain]: [answering({ status: 200, release: undefined }, { address: server.ip })] }
    }),
    journalsMemory
  )

const acted = (command: LifecycleOptions["command"], of: Spec = spec, says = true) =>
  Effect.gen(function* () {
    const events = yield* Ref.make<ReadonlyArray<DeploymentEvent>>([])
    const asked = yield* Ref.make<ReadonlyArray<string>>([])
    const confirm = (question: string) =>
      Effect.as(
        Ref.update(asked, (all) => [...all, question]),
        says
      )
    const fiber = yield* lifecycle(of, { command, mode: "sandbox", confirm }).pipe(
      Effect.provideService(Progress, {
        emit: ({ event }) => Ref.update(events, (all) => [...all, event])
      }),
      Effect.either,
      Effect.fork
    )
    yield* TestClock.adjust("2 hours")
    const result = yield* Fiber.join(fiber)
    return { result, events: yield* Ref.get(events), asked: yield* Ref.get(asked) }
  })

const outcome = ({ result }: Effect.Effect.Success<ReturnType<typeof acted>>) =>
  Either.match(result, {
    onLeft: (error) =>
      error._tag === "RunError" && "reason" in error.error
        ? `${error.report.outcome}: ${error.error.reason}`
        : error._tag,
    onRight: (report) => report.outcome
  })

const now = Effect.gen(function* () {
  const memory = yield* CoolifyMemory
  const { applications, deployments } = yield* memory.world
  const writes = (yield* memory.calls).filter((call) => /^(?:stop|restart|deploy)/.test(call))
  return { status: applications[0]?.status, newest: deployments.at(-1), writes }
})

describe("stop", () => {
  it.effect("asks, stops, and ends when nothing runs", () =>
    Effect.gen(function* () {
      const done = yield* acted("stop")
      assert.strictEqual(outcome(done), "complete")
      assert.match(done.asked.join(), /^Stop api \(api.example.com\)\?/)
      assert.deepInclude(done.events, { _tag: "SeenStopped", status: "exited:unhealthy" })
      assert.include(yield* now, { status: "exited:unhealthy" })
      assert.strictEqual(outcome(yield* acted("stop")), "unchanged")
      assert.deepStrictEqual((yield* now).writes, ["stopApplication"])
    }).pipe(Effect.provide(world()))
  )

  it.effect("does nothing where the answer is no", () =>
    Effect.gen(function* () {
      assert.strictEqual(outcome(yield* acted("stop", spec, false)), "declined")
      assert.include(yield* now, { status: "running:healthy" })
      assert.deepStrictEqual((yield* now).writes, [])
    }).pipe(Effect.provide(world()))
  )

  it.effect("says that it is not known to be stopped, when Docker still has its log", () =>
    Effect.gen(function* () {
      const client = yield* CoolifyClient
      const lazy = CoolifyClient.of({
        ...client,
        applications: { ...client.applications, stop: () => Effect.void }
      })
      const done = yield* Effect.provideService(acted("stop"), CoolifyClient, lazy)
      assert.strictEqual(outcome(done), "leftovers: StillRuns")
    }).pipe(Effect.provide(world()))
  )

  it.effect("is refused while a deployment is under way, which would start it again", () =>
    Effect.gen(function* () {
      assert.strictEqual(outcome(yield* acted("stop")), "nothing-changed: Unsettled")
      assert.deepStrictEqual((yield* now).writes, [])
    }).pipe(Effect.provide(world(spec, { deployments: [deployment("HEAD", "in_progress")] })))
  )
})

describe("start", () => {
  it.effect("asks nobody, and ends when it answers", () =>
    Effect.gen(function* () {
      const done = yield* acted("start")
      assert.strictEqual(outcome(done), "complete")
      assert.deepStrictEqual(done.asked, [])
      assert.isTrue(done.events.some(({ _tag }) => _tag === "Verified"))
      assert.include(yield* now, { status: "running:healthy" })
      assert.strictEqual(outcome(yield* acted("start")), "unchanged")
      assert.deepStrictEqual((yield* now).writes, ["restartApplication"])
    }).pipe(Effect.provide(world(spec, { status: "exited:unhealthy" })))
  )

  it.effect("is refused where nothing was ever deployed", () =>
    Effect.gen(function* () {
      assert.strictEqual(outcome(yield* acted("start")), "nothing-changed: NoRelease")
      assert.deepStrictEqual((yield* now).writes, [])
    }).pipe(Effect.provide(world(spec, { status: "exited", deployments: [deployment("HEAD", "failed")] })))
  )

  it.effect("that fails is not taken back, and told", () =>
    Effect.gen(function* () {
      yield* (yield* CoolifyMemory).outcomes([{ status: "failed" }])
      const done = yield* acted("start")
      assert.strictEqual(outcome(done), "leftovers: Failed")
      const { result } = done
      const left =
        Either.isLeft(result) && result.left._tag === "RunError" ? result.left.report.leftovers : []
      assert.deepStrictEqual(
        left.map(({ recoverable, what }) => [what, recoverable]),
        [["start of api", false]]
      )
    }).pipe(Effect.provide(world(spec, { status: "exited:unhealthy" })))
  )
})

describe("restart", () => {
  it.effect("of a branch deploys the commit that runs, not the newest", () =>
    Effect.gen(function* () {
      assert.strictEqual(outcome(yield* acted("restart", branch)), "complete")
      const { newest, writes } = yield* now
      assert.deepStrictEqual(writes, ["deployCommit"])
      assert.deepStrictEqual([newest?.commit, newest?.status], [ran, "finished"])
    }).pipe(
      // What failed last does not run.
      Effect.provide(world(branch, { deployments: [deployment(ran), deployment("e".repeat(40), "failed")] }))
    )
  )

  it.effect("warns that an image is pulled again, but not one that is named by its digest", () =>
    Effect.gen(function* () {
      const warned = (of: Spec) =>
        acted("restart", of).pipe(
          Effect.map(({ events }) =>
            events.flatMap((event) => (event._tag === "Warning" ? [event.message] : [])).join()
          ),
          Effect.provide(world(of))
        )
      assert.match(yield* warned(spec), /should nginx:1.27 mean another one by now/)
      const pinned: Spec = {
        ...spec,
        source: { _tag: "Image", name: "nginx", tag: `sha256:${"a".repeat(64)}` }
      }
      assert.strictEqual(yield* warned(pinned), "")
    })
  )
})
