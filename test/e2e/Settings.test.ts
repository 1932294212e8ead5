import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import type { PlainSettings } from "../../src/coolify/endpoints/PlainSettings.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { isReleased } from "../../src/appspec/ShellCommand.ts"
import { sample } from "../reliability/Scale.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { adoptable, applyTo, destroyFrom, layersOf, specOf } from "./SandboxWorld.ts"

const start = testSandbox({ seed: { domains: ["api.example.com"] } })

type Said = Pick<
  Spec,
  | "autoDeploy"
  | "command"
  | "networkAliases"
  | "ports"
  | "release"
  | "resources"
  | "runOptions"
  | "stopGracePeriod"
>

const saying = (said: Said & Partial<Pick<Spec, "source" | "build">>, env = {}): Spec => ({
  ...specOf(env),
  ...said
})

const git = (buildPack: "nixpacks" | "dockerfile"): Spec["source"] => ({
  _tag: "Git",
  repository: "https://github.com/example/api",
  branch: "main",
  commit: "HEAD",
  buildPack,
  baseDirectory: "/",
  dockerfile: "/Dockerfile"
})

const applied = (sandbox: SandboxHandle, spec: Spec, options: Parameters<typeof applyTo>[2] = {}) =>
  Effect.gen(function* () {
    const { events, result } = yield* applyTo(sandbox, spec, options)
    const plan = events.flatMap(({ event }) => (event._tag === "Planned" ? [event.plan] : []))[0]
    if (Either.isLeft(result)) return assert.fail(result.left.error.message)
    const fields = plan?.changes.find(({ kind }) => kind === "application")?.fields ?? []
    return {
      report: result.right,
      plan,
      fields: Object.fromEntries(fields.map(({ after, before, field }) => [field, [before, after]]))
    }
  })

/** The only application, with its plain settings. */
const there = (sandbox: SandboxHandle) =>
  Effect.gen(function* () {
    const { applications } = yield* CoolifyClient
    const [listed] = yield* applications.list
    return yield* applications.get(listed?.uuid ?? "")
  }).pipe(Effect.provide(layersOf(sandbox)))

const plainOf = (sandbox: SandboxHandle) => Effect.map(there(sandbox), ({ plain = {} }) => plain)

const byHand = (sandbox: SandboxHandle, plain: PlainSettings) =>
  Effect.gen(function* () {
    const { applications } = yield* CoolifyClient
    const now = yield* there(sandbox)
    yield* applications.update(now.uuid, { plain }, now)
  }).pipe(Effect.provide(layersOf(sandbox)))

const writes = (sandbox: SandboxHandle) =>
  Effect.map(sandbox.requests, (all) => all.filter(({ method }) => method !== "GET").length)

const cases: ReadonlyArray<readonly [name: string, from: Spec, stored: PlainSettings, to: Spec]> = [
  [
    "resources",
    saying({ resources: { memory: "512M", cpus: "0.5" } }),
    { limits_memory: "512M", limits_cpus: "0.5" },
    saying({ resources: { memory: "1G" } })
  ],
  [
    "the command of an image",
    saying({ command: "serve --port $PORT; exit" }),
    { custom_docker_run_options: `--entrypoint 'sh -c "serve --port $$PORT; exit"'` },
    saying({ command: ["serve", "--all of it"] })
  ],
  [
    "the command and the build of a repository",
    saying({
      source: git("nixpacks"),
      command: "serve --port $PORT",
      build: { env: [], install: "npm ci", command: "npm run build" }
    }),
    {
      start_command: "sh -c 'serve --port $PORT'",
      install_command: "npm ci",
      build_command: "npm run build"
    },
    saying({ source: git("dockerfile"), command: "serve", build: { env: [], target: "prod" } })
  ],
  [
    "how it is run and replaced",
    saying({
      source: git("nixpacks"),
      networkAliases: ["api", "api.internal"],
      stopGracePeriod: 45,
      autoDeploy: false,
      runOptions: ["--init", "--cap-add=NET_ADMIN"]
    }),
    {
      custom_network_aliases: "api,api.internal",
      stop_grace_period: "45",
      is_auto_deploy_enabled: "false",
      custom_docker_run_options: "--init --cap-add=NET_ADMIN"
    },
    saying({ source: git("nixpacks"), stopGracePeriod: 5, runOptions: ["--init"] })
  ],
  [
    "the stage of an inline Dockerfile",
    saying({ source: { _tag: "Dockerfile", text: "FROM a AS b" }, build: { env: [], target: "b" } }),
    { dockerfile_target_build: "b" },
    saying({ source: { _tag: "Dockerfile", text: "FROM a AS b" }, resources: { cpus: "2" } })
  ]
]

describe.concurrent("the settings of an application", () => {
  for (const [name, from, stored, to] of sample(cases, 1)) {
    it.scopedLive(
      `${name}: come with the first apply, go back when an update fails, are adopted and dropped`,
      () =>
        Effect.gen(function* () {
          const sandbox = yield* start
          yield* applied(sandbox, from)
          assert.deepStrictEqual(yield* plainOf(sandbox), stored)
          const before = yield* writes(sandbox)
          assert.strictEqual((yield* applied(sandbox, from)).report.outcome, "unchanged")
          assert.strictEqual(yield* writes(sandbox), before)

          const adopted = yield* adoptable(sandbox)
          const again = yield* applied(sandbox, { ...adopted.spec, secrets: from.secrets, env: from.env })
          assert.strictEqual(again.report.outcome, "unchanged", adopted.text)
          assert.notInclude(adopted.text, "Not in here")

          const world = (yield* sandbox.world).coolify.applications
          const failing = { ...to, env: { ...to.env, SANDBOX_APP: "unhealthy" } }
          const { result } = yield* applyTo(sandbox, failing)
          assert.deepStrictEqual(Either.isLeft(result) ? result.left.report.leftovers : undefined, [])
          assert.deepStrictEqual(yield* plainOf(sandbox), stored)
          assert.strictEqual((yield* sandbox.world).coolify.applications.length, world.length)

          yield* applied(sandbox, to)
          assert.notDeepEqual(yield* plainOf(sandbox), stored)
          const bare = saying({ source: to.source })
          const { fields } = yield* applied(sandbox, bare)
          const usual = (field: string) => (field === "autoDeploy" ? "true" : null)
          assert.deepStrictEqual(
            Object.entries(fields).filter(([field, [, after]]) => after !== usual(field)),
            []
          )
          assert.deepStrictEqual(yield* plainOf(sandbox), {})
          assert.strictEqual((yield* applied(sandbox, bare)).report.outcome, "unchanged")
          Either.getOrThrow(yield* destroyFrom(sandbox, bare))
          assert.deepStrictEqual((yield* sandbox.world).coolify.applications, [])
        })
    )
  }

  it.scopedLive("a command checks the health in place of HTTP, and goes back with a failed update", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const checkedBy = (command: string): Spec => {
        const spec = specOf()
        return { ...spec, healthcheck: { ...spec.healthcheck, command } }
      }
      const check = Effect.map(there(sandbox), ({ healthcheck }) => healthcheck)
      yield* applied(sandbox, checkedBy("bin/healthy"))
      assert.include(yield* check, { enabled: true, command: "bin/healthy" })
      assert.strictEqual((yield* applied(sandbox, checkedBy("bin/healthy"))).report.outcome, "unchanged")
      const { result } = yield* applyTo(sandbox, checkedBy("false"))
      assert.deepStrictEqual(Either.isLeft(result) ? result.left.report.leftovers : undefined, [])
      assert.include(yield* check, { command: "bin/healthy" })
      const adopted = yield* adoptable(sandbox)
      assert.include(adopted.text, "command: bin/healthy")
      assert.strictEqual(
        (yield* applied(sandbox, { ...checkedBy(""), healthcheck: adopted.spec.healthcheck })).report.outcome,
        "unchanged"
      )
      const { fields } = yield* applied(sandbox, specOf())
      assert.deepInclude(fields, { "healthcheck.command": ["bin/healthy", null] })
      assert.isUndefined((yield* check).command)
    })
  )

  it.scopedLive("that somebody changed are put back, and told as drift", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const spec = saying({ resources: { memory: "512M" } })
      yield* applied(sandbox, spec)
      yield* byHand(sandbox, { limits_memory: "64M" })
      const { fields, plan } = yield* applied(sandbox, spec)
      assert.deepStrictEqual(fields, { "resources.memory": ["64M", "512M"] })
      assert.include(
        plan?.changes.find(({ kind }) => kind === "application"),
        { drifted: true }
      )
      assert.deepStrictEqual(yield* plainOf(sandbox), { limits_memory: "512M" })
    })
  )

  it.scopedLive("that somebody has set and the spec does not name stay, and are told", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, specOf())
      yield* byHand(sandbox, { limits_cpus: "2", custom_docker_run_options: "--init --cap-add=NET_ADMIN" })
      const first = yield* applied(sandbox, specOf())
      assert.strictEqual(first.report.outcome, "unchanged")
      assert.include(first.plan?.notes.join(" "), "resources.cpus 2 in Coolify, which the spec does not name")
      // They share a field with the command, and stay beside it.
      yield* applied(sandbox, saying({ command: "serve" }))
      const stored = {
        limits_cpus: "2",
        custom_docker_run_options: "--init --cap-add=NET_ADMIN --entrypoint 'serve'"
      }
      assert.deepStrictEqual(yield* plainOf(sandbox), stored)
      yield* applied(sandbox, specOf())
      assert.deepStrictEqual(yield* plainOf(sandbox), {
        ...stored,
        custom_docker_run_options: "--init --cap-add=NET_ADMIN"
      })
    })
  )

  it.scopedLive("an edit during a failing update is left, and told", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, saying({ resources: { memory: "512M", cpus: "1" } }))
      const { result } = yield* applyTo(
        sandbox,
        saying({ resources: { memory: "1G", cpus: "2" } }, { SANDBOX_APP: "unhealthy" }),
        {},
        ({ event }) =>
          event._tag === "DeploymentProgress"
            ? Effect.orDie(byHand(sandbox, { limits_memory: "2G" }))
            : Effect.void
      )
      assert.include(
        Either.isLeft(result) ? result.left.report.leftovers.map(({ why }) => why).join() : "",
        "limits_memory"
      )
      assert.deepStrictEqual(yield* plainOf(sandbox), { limits_memory: "2G", limits_cpus: "1" })
    })
  )

  it.scopedLive("a release command that fails never lets the new version take over", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const releasing = (release: string): Spec => {
        const spec = saying({ command: "serve --port $PORT", release })
        return { ...spec, healthcheck: { ...spec.healthcheck, container: true, command: isReleased } }
      }
      const first = yield* applyTo(sandbox, releasing("exit 1"))
      assert.isTrue(Either.isLeft(first.result))
      assert.deepStrictEqual((yield* sandbox.world).coolify.applications, [])

      yield* applied(sandbox, releasing("bin/migrate"))
      const stored = (yield* there(sandbox)).plain
      const script = "rm -f /tmp/released; (bin/migrate) && touch /tmp/released && exec serve --port $$PORT"
      assert.deepStrictEqual(stored, { custom_docker_run_options: `--entrypoint 'sh -c "${script}"'` })
      const adopted = yield* adoptable(sandbox)
      assert.include(adopted.text, "command: serve --port $PORT\nrelease: bin/migrate\n")
      const again = yield* applied(sandbox, { ...releasing(""), release: adopted.spec.release ?? "" })
      assert.strictEqual(again.report.outcome, "unchanged")

      const { containers } = (yield* sandbox.world).coolify
      const { result } = yield* applyTo(sandbox, releasing("bin/migrate; false) && (false"))
      assert.deepStrictEqual(Either.isLeft(result) ? result.left.report.leftovers : undefined, [])
      assert.deepStrictEqual((yield* there(sandbox)).plain, stored)
      assert.deepStrictEqual((yield* sandbox.world).coolify.containers, containers, "the old one ran on")
    })
  )

  it.scopedLive("ports need a gap to be agreed to, already in the update that adds them", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      yield* applied(sandbox, specOf())
      const spec = saying({ ports: ["18080:8080"] })
      const before = yield* sandbox.world
      const { result } = yield* applyTo(sandbox, spec)
      const { error } = Either.getOrThrow(Either.flip(result))
      assert.strictEqual(error._tag === "RefusedError" && error.reason, "Downtime")
      assert.deepStrictEqual(yield* sandbox.world, before)
      yield* applied(sandbox, spec, { allowDowntime: true })
      assert.deepStrictEqual(yield* plainOf(sandbox), { ports_mappings: "18080:8080" })
      const failing = saying({ ports: ["19090:8080", "18080:8080"] }, { SANDBOX_APP: "unhealthy" })
      const failed = yield* applyTo(sandbox, failing, { allowDowntime: true })
      assert.deepStrictEqual(
        Either.isLeft(failed.result) ? failed.result.left.report.leftovers : undefined,
        []
      )
      assert.deepStrictEqual(yield* plainOf(sandbox), { ports_mappings: "18080:8080" })
      assert.strictEqual((yield* applied(sandbox, spec)).report.outcome, "unchanged")
      // Without them the new version starts beside the old one.
      yield* applied(sandbox, specOf())
      assert.deepStrictEqual(yield* plainOf(sandbox), {})
    })
  )

  it.scopedLive("an update that fails to start has stopped the old version, which runs again", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const other: Spec = {
        ...saying({ ports: ["19090:8080"] }),
        name: "other",
        domains: ["other.example.com"]
      }
      yield* applied(sandbox, other)
      const spec = saying({ ports: ["18080:8080"] })
      yield* applied(sandbox, spec)
      const running = Effect.map(sandbox.world, ({ coolify: { containers } }) =>
        containers.map(({ application, env }) => `${application} ${env["VERSION"] ?? "1"}`).toSorted()
      )
      const before = yield* running
      assert.strictEqual(before.length, 2)

      // Docker gives the port to one alone; a build that fails leaves the old one.
      for (const [taken, version] of [
        ["19090:8080", { VERSION: "2" }],
        ["18080:8080", { VERSION: "2", SANDBOX_APP: "fail-build" }]
      ] as const) {
        const to = { ...saying({ ports: [taken] }), env: version }
        const { result } = yield* applyTo(sandbox, to, { allowDowntime: true })
        const { report } = Either.getOrThrow(Either.flip(result))
        assert.deepStrictEqual([report.outcome, report.leftovers], ["rolled-back", []])
        assert.deepStrictEqual(yield* running, before)
      }
      // Two first ones, each failed one, and the one that brings back what was stopped: what runs on is left alone.
      const deployments = (yield* sandbox.requests).filter(({ path }) => path.endsWith("/deploy"))
      assert.strictEqual(deployments.length, 5)
    })
  )

  it.scopedLive("ports forbid another application beside the old one", () =>
    Effect.gen(function* () {
      const sandbox = yield* start
      const from = saying({ source: { _tag: "Dockerfile", text: "FROM a" }, ports: ["18080:8080"] })
      yield* applied(sandbox, from)
      const before = yield* writes(sandbox)
      const to: Spec = { ...from, source: { _tag: "Dockerfile", text: "FROM b" } }
      const { result } = yield* applyTo(sandbox, to, { allowDowntime: true })
      assert.include(Either.getOrThrow(Either.flip(result)).error.message, "the same host port (18080)")
      assert.strictEqual(yield* writes(sandbox), before)
    })
  )
})
