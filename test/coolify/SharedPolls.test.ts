import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { sharePolls } from "../../src/coolify/SharedPolls.ts"
import { Pace, pollFor, pollUntil } from "../../src/engine/Pace.ts"
import { isActive } from "../../src/kinds/Deployment.ts"
import { CoolifyInMemory, layerDirect } from "../support/CoolifyInMemory.ts"

const interval = Duration.millis(750)

/** Deploys so many applications at once, each followed as a run does; what was asked for, and how late each end was seen. */
const followed = (count: number) =>
  Effect.gen(function* () {
    const { api, calls } = yield* CoolifyInMemory
    const real = yield* CoolifyClient
    const polling = yield* sharePolls(interval)
    const pace = yield* Pace
    const [server] = yield* real.servers.list
    const { uuid: projectUuid } = yield* real.projects.create({ name: "acme", description: "" })
    const tickets = yield* Effect.forEach(Array.from({ length: count }), (_, index) =>
      Effect.gen(function* () {
        const { uuid } = yield* real.applications.create({
          projectUuid,
          serverUuid: server?.uuid ?? "",
          environmentName: "production",
          name: `app-${index}`,
          description: "",
          source: { _tag: "Image", name: "nginx", tag: "1.27" },
          domains: [],
          port: 80,
          healthcheck: {
            port: "80",
            enabled: false,
            path: "/",
            status: 200,
            interval: 5,
            timeout: 5,
            retries: 3,
            startPeriod: 0
          }
        })
        return (yield* real.deployments.start(uuid, { force: false })).deploymentUuid ?? ""
      })
    )
    const before = (yield* calls).length
    const heard = new Set<string>()
    const fibers = yield* Effect.forEach(tickets, (uuid) =>
      // Each run has a client of its own.
      pollUntil(
        polling(real).deployments.get(uuid),
        (seen) => {
          if (seen.status === "in_progress" && (seen.logs?.length ?? 0) > 0) heard.add(uuid)
          return !isActive(seen)
        },
        pollFor(pace, pace.deployment)
      ).pipe(
        Effect.flatMap((last) => Effect.map(Clock.currentTimeMillis, (at) => ({ last, at }))),
        Effect.fork
      )
    )
    yield* TestClock.adjust("10 minutes")
    const ends = yield* Effect.forEach(fibers, Fiber.join)
    const { deployments } = yield* api.state.get
    const late = ends.map(({ at, last }) => {
      const finished = deployments.find((one) => one.deployment_uuid === last.uuid)?.finished_at
      return at - (finished === null || finished === undefined ? 0 : Number(finished))
    })
    const asked = (yield* calls).slice(before)
    const of = (method: string) => asked.filter((one) => one === method).length
    return {
      ends: ends.map(({ last }) => last),
      heard: heard.size,
      late,
      span: Math.max(...ends.map(({ at }) => at)),
      gets: of("getDeployment"),
      lists: of("listDeploymentsUnderWay")
    }
  }).pipe(
    Effect.provide(
      layerDirect({
        servers: [{ name: "vps1", ip: "192.0.2.10" }],
        latency: { queue: "1 second", build: "20 seconds", statusRefresh: "1 second" }
      })
    )
  )

describe("the looks of several runs at their deployments", () => {
  it.effect("are one list in each interval, and two or three requests for each deployment", () =>
    Effect.gen(function* () {
      const { ends, gets, heard, late, lists, span } = yield* followed(8)
      assert.deepStrictEqual(
        ends.map(({ status }) => status),
        ends.map(() => "finished")
      )
      for (const { logs } of ends) assert.isNotEmpty(logs)
      // What each of them builds is heard while it does.
      assert.strictEqual(heard, 8)
      assert.isAtMost(lists, span / Duration.toMillis(interval) + 1)
      assert.isAtMost(gets, 3 * 8)
      for (const millis of late) assert.isAtMost(millis, 2000)
    })
  )

  it.effect("are one request each for one that is alone, whose end is seen within a second", () =>
    Effect.gen(function* () {
      const { late, lists } = yield* followed(1)
      assert.strictEqual(lists, 0)
      for (const millis of late) assert.isAtMost(millis, 1000)
    })
  )
})
