import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Schedule } from "../../src/appspec/sections/Schedules.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { sample } from "../reliability/Scale.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { adoptable, applyTo, layersOf, specOf } from "./SandboxWorld.ts"

const schedule = (name: string, cron: string, more: Partial<Schedule> = {}): Schedule => ({
  name,
  cron,
  command: `bin/${name} "$HOME" | cat`,
  timeout: 300,
  enabled: true,
  ...more
})
const withSchedules = (
  schedules: ReadonlyArray<Schedule>,
  env: Readonly<Record<string, string>> = {}
): Spec => ({ ...specOf(env), ...(schedules.length === 0 ? {} : { schedules }) })

const nightly = withSchedules([schedule("nightly", "0 3 * * *")])
const start = testSandbox({ seed: { domains: ["api.example.com"] } })

const applied = (sandbox: SandboxHandle, spec: Spec) =>
  Effect.gen(function* () {
    const before = (yield* sandbox.requests).length
    const { events, result } = yield* applyTo(sandbox, spec)
    const plan = events.flatMap(({ event }) => (event._tag === "Planned" ? [event.plan] : []))[0]
    if (Either.isLeft(result)) return assert.fail(result.left.error.message)
    const requests = (yield* sandbox.requests).slice(before).filter(({ api }) => api === "coolify")
    return {
      report: result.right,
      plan,
      lines: (plan?.changes ?? [])
        .filter(({ action }) => action !== "unchanged")
        .map(({ action, kind, name }) => `${action} ${kind} ${name}`),
      writes: requests
        .filter(({ method }) => method !== "GET")
        .map(
          ({ method, path }) => `${method} ${path.replace(/^\/api\/v1/, "").replaceAll(/[a-z0-9]{24}/g, "*")}`
        ),
      asks: requests.filter(({ path }) => path.includes("scheduled-tasks")).length
    }
  })

const tasks = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.world, ({ coolify: { applications } }) =>
    applications.flatMap(({ tasks }) => tasks.map(({ frequency, name }) => `${name}: ${frequency}`))
  )

/** Does something to the only application, as somebody in Coolify. */
const byHand = <A, E>(
  sandbox: SandboxHandle,
  act: (client: typeof CoolifyClient.Service, application: string) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    const client = yield* CoolifyClient
    const [application] = yield* client.applications.list
    return yield* act(client, application?.uuid ?? "")
  }).pipe(Effect.provide(layersOf(sandbox)))

const task = (name: string) => ({ name, command: "date", frequency: "hourly", timeout: 60, enabled: true })

const comment = (sandbox: SandboxHandle) =>
  Effect.map(
    sandbox.world,
    ({ coolify: { applications } }) =>
      applications[0]?.variables.find((row) => row.key === "FABRIK_RELEASE" && !row.is_preview)?.comment
  )

describe.concurrent("the schedules of an application", () => {
  it.scopedLive("come with its first apply, once it runs, and nothing is written when they are there", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const first = yield* applied(sandbox, nightly)
      assert.include(first.lines, "create schedule nightly")
      assert.isAbove(
        first.writes.indexOf("POST /applications/*/scheduled-tasks"),
        first.writes.findIndex((write) => write.startsWith("POST /deploy"))
      )
      const [made] = (yield* sandbox.world).coolify.applications[0]?.tasks ?? []
      assert.deepStrictEqual(made, {
        name: "nightly",
        command: 'bin/nightly "$HOME" | cat',
        container: null,
        enabled: true,
        frequency: "0 3 * * *",
        timeout: 300
      })
      const again = yield* applied(sandbox, nightly)
      assert.strictEqual(again.report.outcome, "unchanged")
      assert.deepStrictEqual([again.writes, again.asks], [[], 1])
    })
  )

  it.scopedLive("cost an application without any not a single request", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const spec: Spec = { ...specOf(), volumes: [{ name: "data", path: "/data" }] }
      yield* applied(sandbox, spec)
      assert.strictEqual((yield* applied(sandbox, spec)).asks, 0)
    })
  )

  it.scopedLive("are added, changed and taken away without a deployment", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, withSchedules([schedule("nightly", "0 3 * * *"), schedule("old", "daily")]))
      const { containers } = (yield* sandbox.world).coolify
      const next = withSchedules([schedule("nightly", "0 4 * * *"), schedule("new", "weekly")])
      const changed = yield* applied(sandbox, next)
      assert.sameMembers(changed.lines, [
        "delete schedule old",
        "update schedule nightly",
        "create schedule new"
      ])
      // What is fabrik's is noted before it is made, and what is gone only once it is.
      assert.deepStrictEqual(changed.writes, [
        "PATCH /applications/*/envs/bulk",
        "PATCH /applications/*/scheduled-tasks/*",
        "POST /applications/*/scheduled-tasks",
        "DELETE /applications/*/scheduled-tasks/*",
        "PATCH /applications/*/envs/bulk"
      ])
      assert.sameMembers(yield* tasks(sandbox), ["nightly: 0 4 * * *", "new: weekly"])
      assert.deepStrictEqual((yield* sandbox.world).coolify.containers, containers)
      assert.strictEqual((yield* applied(sandbox, next)).report.outcome, "unchanged")

      const none = yield* applied(sandbox, specOf())
      assert.sameMembers(none.lines, ["delete schedule nightly", "delete schedule new"])
      assert.deepStrictEqual(yield* tasks(sandbox), [])
      const last = yield* applied(sandbox, specOf())
      assert.deepStrictEqual([last.report.outcome, last.asks], ["unchanged", 0])
    })
  )

  it.scopedLive("that somebody changed are put right, and called drift, without a deployment", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, specOf())
      // This one came without a deployment, so that the release was noted anew.
      yield* applied(sandbox, nightly)
      yield* byHand(sandbox, ({ scheduledTasks }, application) =>
        Effect.flatMap(scheduledTasks.list(application), ([one]) =>
          scheduledTasks.update(application, one?.uuid ?? "", { enabled: false, command: "rm -rf /" })
        )
      )
      const { plan, writes } = yield* applied(sandbox, nightly)
      const line = plan?.changes.find(({ kind }) => kind === "schedule")
      assert.include(line, { action: "update", drifted: true })
      assert.deepStrictEqual(
        line?.fields.map(({ field }) => field),
        ["command", "enabled"]
      )
      assert.deepStrictEqual(
        writes.filter((write) => !write.includes("envs")),
        ["PATCH /applications/*/scheduled-tasks/*"]
      )
    })
  )

  it.scopedLive("that somebody made in Coolify stay, and the plan tells of them", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, nightly)
      yield* byHand(sandbox, ({ scheduledTasks }, application) =>
        scheduledTasks.create(application, task("by hand"))
      )
      const again = yield* applied(sandbox, nightly)
      assert.strictEqual(again.report.outcome, "unchanged")
      assert.include(
        again.plan?.notes.join(" "),
        "a scheduled task by hand (hourly) in Coolify that the spec does not name; it stays"
      )
      yield* applied(sandbox, specOf())
      assert.deepStrictEqual(yield* tasks(sandbox), ["by hand: hourly"])
    })
  )

  it.scopedLive("of one name are refused before anything is sent", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, nightly)
      yield* byHand(sandbox, ({ scheduledTasks }, application) =>
        scheduledTasks.create(application, task("nightly"))
      )
      const before = yield* sandbox.world
      for (const spec of [nightly, specOf()]) {
        const { result } = yield* applyTo(sandbox, spec)
        const { error } = Either.getOrThrow(Either.flip(result))
        assert.include(error.message, "2 scheduled tasks named nightly")
      }
      assert.deepStrictEqual(yield* sandbox.world, before)
    })
  )

  const failures = [
    ["the new version is unhealthy", { SANDBOX_APP: "unhealthy" }, []],
    ["a schedule cannot be added", {}, ["coolify POST /scheduled-tasks status=500 #1"]],
    ["the answer to a new schedule is lost", {}, ["coolify POST /scheduled-tasks reset after"]],
    ["a schedule cannot be changed", { NEW: "1" }, ["coolify PATCH /scheduled-tasks status=500"]],
    ["the answer to a change is lost", { NEW: "1" }, ["coolify PATCH /scheduled-tasks reset after"]],
    ["the release cannot be noted", {}, ["coolify PATCH /envs status=500"]],
    ["the answer to the note is lost", {}, ["coolify PATCH /envs reset after"]]
  ] as const
  for (const [name, env, faults] of sample(failures, 1)) {
    it.scopedLive(`are as before when an update fails as ${name}`, () =>
      Effect.gen(function* () {
        const sandbox = yield* start
        yield* applied(sandbox, withSchedules([schedule("nightly", "0 3 * * *"), schedule("old", "daily")]))
        const before = yield* sandbox.world
        yield* sandbox.faults.add(...faults)
        const spec = withSchedules([schedule("nightly", "0 4 * * *"), schedule("new", "weekly")], env)
        const { result } = yield* applyTo(sandbox, spec)
        assert.isTrue(Either.isLeft(result))
        assert.deepStrictEqual(Either.isLeft(result) ? result.left.report.leftovers : [], [])
        assert.deepStrictEqual((yield* sandbox.world).coolify.applications, before.coolify.applications)
      })
    )
  }

  it.scopedLive("that could not be taken away stay fabrik's, and go with the next apply", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, nightly)
      yield* sandbox.faults.add("coolify DELETE /scheduled-tasks status=403")
      const { report } = yield* applied(sandbox, specOf())
      assert.include(report.leftovers[0], { what: "the schedule nightly" })
      assert.match((yield* comment(sandbox)) ?? "", / has=@[0-9a-f]{4}$/)
      yield* sandbox.faults.clear
      assert.deepStrictEqual((yield* applied(sandbox, specOf())).lines, ["delete schedule nightly"])
      assert.notInclude((yield* comment(sandbox)) ?? "", "has=")
    })
  )

  it.scopedLive("are in the spec that adopt writes, which then plans nothing", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(
        sandbox,
        withSchedules([
          schedule("every quarter", "30 6 1 1,4,7,10 *", { timeout: 60, enabled: false, command: "a\nb" })
        ])
      )
      yield* byHand(sandbox, ({ scheduledTasks }, application) =>
        Effect.zipRight(
          scheduledTasks.create(application, task("cut;off")),
          scheduledTasks.create(application, task("hourly"))
        )
      )
      const { spec, text } = yield* adoptable(sandbox)
      assert.include(text, "left in Coolify as it is: scheduled task cut;off")
      assert.deepStrictEqual(
        spec.schedules?.map(({ name }) => name),
        ["every quarter", "hourly"]
      )
      const { lines } = yield* applied(sandbox, spec)
      assert.deepStrictEqual(
        lines.filter((line) => line.includes("schedule")),
        []
      )
    })
  )

  it.scopedLive("move to an application that takes another one's place", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, withSchedules([schedule("nightly", "0 3 * * *"), schedule("old", "daily")]))
      yield* applied(sandbox, { ...nightly, source: { _tag: "Dockerfile", text: "FROM a" } })
      assert.lengthOf((yield* sandbox.world).coolify.applications, 1)
      assert.deepStrictEqual(yield* tasks(sandbox), ["nightly: 0 3 * * *"])
    })
  )

  it.scopedLive("are deployed with the first release of an application that has none yet", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, specOf())
      yield* byHand(sandbox, ({ variables }, application) =>
        Effect.flatMap(variables.list(application), (rows) =>
          Effect.forEach(
            rows.filter(({ key }) => key === "FABRIK_RELEASE"),
            ({ uuid }) => variables.remove(application, uuid)
          )
        )
      )
      const { lines } = yield* applied(sandbox, nightly)
      assert.sameMembers(lines, ["create schedule nightly", "create deployment api"])
      assert.match((yield* comment(sandbox)) ?? "", / has=@[0-9a-f]{4}$/)
    })
  )
})
