import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { respond } from "../../../src/sandbox/coolify/RunningContainer.ts"
import * as Harness from "./Harness.ts"

const edge = (api: {
  containerFor: Effect.Effect.Success<ReturnType<typeof Harness.make>>["api"]["containerFor"]
}) =>
  Effect.gen(function* () {
    const container = yield* api.containerFor("a.example.com")
    if (container === undefined) return "nothing"
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const answer = respond(container, { method: "GET", path: "/", headers: {} }, now)
    return answer.kind === "refused" ? "refused" : `${answer.status} ${answer.headers["x-release"] ?? "-"}`
  })

/** One application behind a.example.com, with the health check on unless told otherwise. */
const setup = (fields: Record<string, unknown> = {}, options: Parameters<typeof Harness.make>[0] = {}) =>
  Effect.gen(function* () {
    const harness = yield* Harness.make(options)
    const uuid = yield* harness.application({
      domains: "https://a.example.com",
      health_check_enabled: true,
      ...fields
    })
    /** Deploys with these variables and waits for the end; answers how it ended. */
    const release = (env: Record<string, string>) =>
      Effect.gen(function* () {
        yield* harness.put(uuid, env)
        const deployment = yield* harness.deploy(uuid)
        yield* harness.settle
        return yield* harness.outcome(deployment)
      })
    return { ...harness, uuid, release, answer: edge(harness.api) }
  })

describe("a deployment", () => {
  it.scoped("fails where compose cannot read a limit, which the API takes", () =>
    Effect.gen(function* () {
      const { answer, release, send, uuid } = yield* setup()
      assert.strictEqual(yield* release({ FABRIK_RELEASE: "r1" }), "finished")
      for (const [limit, outcome] of [
        ["128X", "failed"],
        ["128M", "finished"]
      ] as const) {
        const { status } = yield* send("PATCH", `/applications/${uuid}`, { body: { limits_memory: limit } })
        assert.strictEqual(status, 200)
        assert.strictEqual(yield* release({ FABRIK_RELEASE: limit }), outcome)
      }
      assert.strictEqual(yield* answer, "200 128M")
    })
  )

  it.scoped("goes from queued over in_progress to finished, and the status follows late", () =>
    Effect.gen(function* () {
      const { send, uuid, deploy, outcome, status, answer, put } = yield* setup()
      yield* put(uuid, { FABRIK_RELEASE: "r1" })
      assert.strictEqual(yield* status(uuid), "exited")
      const deployment = yield* deploy(uuid)
      assert.match(deployment, /^[a-z0-9]{24}$/)
      assert.strictEqual(yield* outcome(deployment), "queued")
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(yield* outcome(deployment), "in_progress")
      assert.strictEqual(yield* status(uuid), "exited")
      yield* TestClock.adjust("200 millis")
      assert.strictEqual(yield* answer, "nothing")
      yield* TestClock.adjust("200 millis")
      assert.strictEqual(yield* outcome(deployment), "finished")
      assert.strictEqual(yield* status(uuid), "running:unhealthy")
      assert.strictEqual(yield* answer, "200 r1")
      yield* TestClock.adjust("200 millis")
      assert.strictEqual(yield* status(uuid), "running:healthy")

      const row = (yield* send("GET", `/deployments/${deployment}`)).json
      assert.deepInclude(row, {
        status: "finished",
        commit: "HEAD",
        is_api: true,
        server_name: "vps1",
        finished_at: "1970-01-01T00:00:00.500000Z"
      })
      assert.strictEqual(row.application.uuid, uuid)
    })
  )

  it.scoped("without a health check is finished at once, whatever the container does", () =>
    Effect.gen(function* () {
      const { status, uuid, release, answer } = yield* setup({ health_check_enabled: false })
      assert.strictEqual(yield* release({ SANDBOX_APP: "ok", FABRIK_RELEASE: "r1" }), "finished")
      assert.strictEqual(yield* status(uuid), "running:unknown")
      assert.strictEqual(yield* release({ SANDBOX_APP: "crash", FABRIK_RELEASE: "r2" }), "finished")
      assert.strictEqual(yield* status(uuid), "restarting:unknown")
      assert.strictEqual(yield* answer, "refused")
      assert.strictEqual(yield* release({ SANDBOX_APP: "unhealthy", FABRIK_RELEASE: "r3" }), "finished")
      assert.strictEqual(yield* answer, "503 r3")
      assert.strictEqual(yield* release({ SANDBOX_APP: "status:404", FABRIK_RELEASE: "r4" }), "finished")
      assert.strictEqual(yield* answer, "404 r4")
      assert.strictEqual(yield* release({ SANDBOX_APP: "release:old", FABRIK_RELEASE: "r5" }), "finished")
      assert.strictEqual(yield* answer, "200 old")
    })
  )

  it.scoped("that never gets healthy, or does not build, fails and leaves the old container", () =>
    Effect.gen(function* () {
      const { send, uuid, release, answer, status } = yield* setup()
      assert.strictEqual(yield* release({ SANDBOX_APP: "ok", FABRIK_RELEASE: "r1" }), "finished")
      for (const bad of ["crash", "unhealthy", "status:500", "slow:56", "fail-build"]) {
        assert.strictEqual(yield* release({ SANDBOX_APP: bad, FABRIK_RELEASE: "r2" }), "failed", bad)
        assert.strictEqual(yield* answer, "200 r1")
        assert.strictEqual(yield* status(uuid), "running:healthy")
      }
      const history = (yield* send("GET", `/deployments/applications/${uuid}?take=2&skip=1`)).json
      assert.strictEqual(history.count, 6)
      assert.deepStrictEqual(
        history.deployments.map((row: { status: string }) => row.status),
        ["failed", "failed"]
      )
      assert.strictEqual(
        (yield* send("GET", `/deployments/applications/${uuid}`)).json.deployments.at(-1).status,
        "finished"
      )
    })
  )

  it.scoped("that fails first leaves nothing, and the raw status exited", () =>
    Effect.gen(function* () {
      const { uuid, release, answer, status } = yield* setup()
      assert.strictEqual(yield* release({ SANDBOX_APP: "unhealthy" }), "failed")
      assert.strictEqual(yield* answer, "nothing")
      assert.strictEqual(yield* status(uuid), "exited")
    })
  )

  it.scoped("waits for a slow application, while the old one serves", () =>
    Effect.gen(function* () {
      const { uuid, put, deploy, outcome, release, answer } = yield* setup()
      yield* release({ FABRIK_RELEASE: "r1" })
      yield* put(uuid, { SANDBOX_APP: "slow:20", FABRIK_RELEASE: "r2" })
      const deployment = yield* deploy(uuid)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* outcome(deployment), "in_progress")
      assert.strictEqual(yield* answer, "200 r1")
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* outcome(deployment), "finished")
      assert.strictEqual(yield* answer, "200 r2")
    })
  )

  it.scoped("of a slow application without health check refuses until its time has come", () =>
    Effect.gen(function* () {
      const { release, answer } = yield* setup({ health_check_enabled: false })
      assert.strictEqual(yield* release({ SANDBOX_APP: "slow:20", FABRIK_RELEASE: "r1" }), "finished")
      assert.strictEqual(yield* answer, "refused")
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* answer, "200 r1")
    })
  )

  it.scoped("with host ports stops the old container first and waits for no health", () =>
    Effect.gen(function* () {
      const { release, answer } = yield* setup({ ports_mappings: "8080:8000" })
      yield* release({ FABRIK_RELEASE: "r1" })
      assert.strictEqual(yield* release({ SANDBOX_APP: "unhealthy", FABRIK_RELEASE: "r2" }), "finished")
      assert.strictEqual(yield* answer, "503 r2")
    })
  )

  it.scoped("probes an inline Dockerfile with HEALTHCHECK although the check is off", () =>
    Effect.gen(function* () {
      const { send, base, put, deploy, outcome, settle } = yield* Harness.make()
      const dockerfile = Buffer.from("FROM x\nHEALTHCHECK CMD true\n").toString("base64")
      const { uuid } = (yield* send("POST", "/applications/dockerfile", { body: { ...base, dockerfile } }))
        .json
      yield* put(uuid, { SANDBOX_APP: "unhealthy" })
      const deployment = yield* deploy(uuid)
      yield* settle
      assert.strictEqual(yield* outcome(deployment), "failed")
    })
  )

  it.scoped("takes the configuration of the moment it starts, not of the moment it was asked for", () =>
    Effect.gen(function* () {
      const { uuid, put, deploy, answer, settle } = yield* setup()
      yield* put(uuid, { FABRIK_RELEASE: "r1" })
      yield* deploy(uuid)
      yield* put(uuid, { FABRIK_RELEASE: "r2" })
      yield* TestClock.adjust("100 millis")
      yield* put(uuid, { FABRIK_RELEASE: "r3" })
      yield* settle
      assert.strictEqual(yield* answer, "200 r2")
    })
  )

  it.scoped("gives up on a container after ten restarts", () =>
    Effect.gen(function* () {
      const { uuid, release, status, send, answer } = yield* setup({ health_check_enabled: false })
      yield* release({ SANDBOX_APP: "crash" })
      yield* TestClock.adjust("90 seconds")
      assert.strictEqual(yield* status(uuid), "restarting:unknown")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* status(uuid), "exited:unhealthy")
      assert.strictEqual((yield* send("GET", `/applications/${uuid}`)).json.restart_count, 10)
      assert.strictEqual(yield* answer, "nothing")
    })
  )

  it.scoped("writes a log with hidden lines, for those who may see it", () =>
    Effect.gen(function* () {
      const { send, uuid, put, deploy, settle } = yield* setup()
      yield* put(uuid, { SECRET: "canary", SANDBOX_APP: "dance" })
      const deployment = yield* deploy(uuid)
      assert.strictEqual((yield* send("GET", `/deployments/${deployment}`)).json.logs, null)
      yield* settle
      const row = (yield* send("GET", `/deployments/${deployment}`)).json
      assert.strictEqual(row.status, "finished")
      const lines: ReadonlyArray<{ output: string; command: string | null; hidden: boolean; type: string }> =
        JSON.parse(row.logs)
      assert.isTrue(lines.some((line) => line.hidden && line.command !== null))
      const shown = lines.filter((line) => !line.hidden)
      assert.isTrue(shown.some((line) => line.type === "stderr" && line.output.includes("unknown value")))
      assert.notInclude(JSON.stringify(shown), "canary")
      assert.notInclude(JSON.stringify(shown), Buffer.from("canary").toString("base64").slice(0, 6))
      const plain = yield* send("GET", `/deployments/${deployment}`, { token: Harness.bearer.plain })
      assert.notProperty(plain.json, "logs")
    })
  )
})

describe("ports", () => {
  const cases = [
    ["a variable PORT that differs", {}, { PORT: "9000" }, "refused"],
    ["the same PORT", {}, { PORT: "8000" }, "200 -"],
    ["a port in the domain", { domains: "https://a.example.com:3000" }, {}, "refused"],
    ["no port known", { ports_exposes: null }, { PORT: "9000" }, "200 -"]
  ] as const
  for (const [name, fields, env, expected] of cases) {
    it.scoped(`${name}: ${expected}`, () =>
      Effect.gen(function* () {
        const { release, answer } = yield* setup({ ...fields, health_check_enabled: false })
        yield* release(env)
        assert.strictEqual(yield* answer, expected)
      })
    )
  }

  it.scoped("a probe of the wrong port fails the deployment", () =>
    Effect.gen(function* () {
      const { release } = yield* setup()
      assert.strictEqual(yield* release({ PORT: "9000" }), "failed")
    })
  )

  it.scoped("stale labels keep sending to the old port until domains are sent again", () =>
    Effect.gen(function* () {
      const { send, uuid, release, answer } = yield* setup({ health_check_enabled: false })
      yield* release({})
      yield* send("PATCH", `/applications/${uuid}`, { body: { ports_exposes: "9000" } })
      yield* release({})
      assert.strictEqual(yield* answer, "refused")
      const body = { ports_exposes: "9000", domains: "https://a.example.com" }
      yield* send("PATCH", `/applications/${uuid}`, { body })
      assert.strictEqual(yield* answer, "refused")
      yield* release({})
      assert.strictEqual(yield* answer, "200 -")
    })
  )

  it.scoped("domains reach the proxy with the next deployment", () =>
    Effect.gen(function* () {
      const { api, send, uuid, release } = yield* setup()
      yield* release({})
      const body = { domains: "https://b.example.com/api" }
      yield* send("PATCH", `/applications/${uuid}`, { body })
      assert.isDefined(yield* api.containerFor("A.example.com:443"))
      assert.isUndefined(yield* api.containerFor("b.example.com", "/api/x"))
      yield* release({})
      assert.isUndefined(yield* api.containerFor("a.example.com"))
      assert.isDefined(yield* api.containerFor("b.example.com", "/api/x"))
      assert.isUndefined(yield* api.containerFor("b.example.com"))
    })
  )
})

describe("the queue", () => {
  it.scoped("skips a second deployment of the commit and answers an uuid that exists nowhere", () =>
    Effect.gen(function* () {
      const { send, uuid, deploy } = yield* setup()
      const first = yield* deploy(uuid)
      const second = yield* send("POST", "/deploy", { body: { uuid } })
      assert.strictEqual(second.status, 200)
      const [entry] = second.json.deployments
      assert.deepInclude(entry, {
        message: "Deployment already queued for this commit.",
        resource_uuid: uuid
      })
      assert.notStrictEqual(entry.deployment_uuid, first)
      assert.strictEqual((yield* send("GET", `/deployments/${entry.deployment_uuid}`)).status, 404)
      for (const path of ["start", "restart"]) {
        const answer = yield* send("POST", `/applications/${uuid}/${path}`)
        assert.deepStrictEqual(answer.json, { message: "Deployment already queued for this commit." })
      }
      const forced = yield* deploy(uuid, "&force=true")
      assert.strictEqual((yield* send("GET", `/deployments/${forced}`)).json.force_rebuild, true)
    })
  )

  it.scoped("still skips a dockerimage deployment whose tag changed meanwhile", () =>
    Effect.gen(function* () {
      const { api, send, uuid, deploy, settle } = yield* setup()
      yield* deploy(uuid)
      yield* TestClock.adjust("150 millis")
      const body = { docker_registry_image_tag: "2", instant_deploy: true }
      assert.deepStrictEqual((yield* send("PATCH", `/applications/${uuid}`, { body })).json, { uuid })
      yield* settle
      assert.strictEqual((yield* api.containerFor("a.example.com"))?.image, "ghcr.io/acme/web:1")
    })
  )

  it.scoped("does not take a git build for the same once HEAD is resolved", () =>
    Effect.gen(function* () {
      const { send, base, deploy, outcome, settle } = yield* Harness.make()
      const git = { git_repository: "https://github.com/acme/web", git_branch: "main", build_pack: "static" }
      const { uuid } = (yield* send("POST", "/applications/public", { body: { ...base, ...git } })).json
      const first = yield* deploy(uuid)
      yield* TestClock.adjust("150 millis")
      assert.match((yield* send("GET", `/deployments/${first}`)).json.commit, /^[0-9a-f]{40}$/)
      const second = yield* deploy(uuid)
      assert.strictEqual(yield* outcome(second), "queued")
      yield* TestClock.adjust("120 millis")
      assert.deepStrictEqual([yield* outcome(first), yield* outcome(second)], ["in_progress", "queued"])
      yield* settle
      assert.deepStrictEqual([yield* outcome(first), yield* outcome(second)], ["finished", "finished"])
    })
  )

  it.scoped("runs two deployments of a server at once, the rest wait; cancelling starts the next", () =>
    Effect.gen(function* () {
      const { send, application, put, deploy, outcome, settle } = yield* Harness.make()
      const deployments: Array<string> = []
      for (const name of ["one", "two", "three"]) {
        const uuid = yield* application({ name, health_check_enabled: true })
        yield* put(uuid, { SANDBOX_APP: "slow:30" })
        deployments.push(yield* deploy(uuid))
      }
      yield* TestClock.adjust("1 second")
      const outcomes = Effect.forEach(deployments, outcome)
      assert.deepStrictEqual(yield* outcomes, ["in_progress", "in_progress", "queued"])
      const listed = Object.values<{ deployment_uuid: string }>((yield* send("GET", "/deployments")).json)
      assert.sameMembers(
        listed.map((row) => row.deployment_uuid),
        deployments
      )
      const cancelled = yield* send("POST", `/deployments/${deployments[0]}/cancel`)
      assert.deepStrictEqual(cancelled.json, {
        message: "Deployment cancelled successfully.",
        deployment_uuid: deployments[0],
        status: "cancelled-by-user"
      })
      assert.deepStrictEqual(yield* outcomes, ["cancelled-by-user", "in_progress", "in_progress"])
      const again = yield* send("POST", `/deployments/${deployments[0]}/cancel`)
      assert.deepStrictEqual(
        [again.status, again.json.message],
        [400, "Deployment cannot be cancelled. Current status: cancelled-by-user"]
      )
      assert.strictEqual((yield* send("POST", "/deployments/nope/cancel")).status, 404)
      yield* TestClock.adjust("40 seconds")
      yield* settle
      assert.deepStrictEqual(yield* outcomes, ["cancelled-by-user", "finished", "finished"])
    })
  )

  it.scoped("may be listed as an object instead of an array", () =>
    Effect.gen(function* () {
      const { send, application, put, deploy, api } = yield* Harness.make()
      yield* api.state.modify((state) => [
        undefined,
        { ...state, servers: state.servers.map((row) => ({ ...row, concurrent_builds: 1 })) }
      ])
      const first = yield* application({ name: "one", health_check_enabled: true })
      yield* put(first, { SANDBOX_APP: "slow:30" })
      yield* deploy(first)
      assert.isArray((yield* send("GET", "/deployments")).json)
      yield* deploy(yield* application({ name: "two" }))
      yield* TestClock.adjust("5 seconds")
      const listed = (yield* send("GET", "/deployments")).json
      assert.isNotArray(listed)
      assert.deepStrictEqual(Object.keys(listed), ["0", "1"])
    })
  )

  it.scoped("full says so only to /deploy", () =>
    Effect.gen(function* () {
      const { send, api, application, deploy, base } = yield* Harness.make({ latency: { queue: "1 hour" } })
      yield* api.state.modify((state) => [
        undefined,
        { ...state, servers: state.servers.map((row) => ({ ...row, deployment_queue_limit: 1 })) }
      ])
      yield* deploy(yield* application({ name: "one" }))
      const uuid = yield* application({ name: "two" })
      const refused = yield* send("POST", `/deploy?uuid=${uuid}`)
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.headers.get("retry-after"), "60")
      assert.deepStrictEqual(refused.json, {
        message: "Deployment queue is full. Please wait for existing deployments to complete."
      })
      for (const word of ["start", "restart"]) {
        const answer = yield* send("POST", `/applications/${uuid}/${word}`)
        assert.strictEqual(answer.status, 200)
        assert.strictEqual((yield* send("GET", `/deployments/${answer.json.deployment_uuid}`)).status, 404)
      }
      const rollback = yield* send("POST", `/applications/${uuid}/rollback`, { body: { commit: "abc" } })
      assert.strictEqual(rollback.status, 400)
      const patch = yield* send("PATCH", `/applications/${uuid}`, { body: { instant_deploy: true } })
      assert.strictEqual(patch.status, 200)
      const body = { ...base, docker_registry_image_name: "x", instant_deploy: true }
      const made = yield* send("POST", "/applications/dockerimage", { body })
      assert.strictEqual(made.status, 201)
      for (const one of [uuid, made.json.uuid]) {
        assert.strictEqual((yield* send("GET", `/deployments/applications/${one}`)).json.count, 0)
      }
    })
  )

  it.scoped("lets instant_deploy pass beside limits, before any variable is there", () =>
    Effect.gen(function* () {
      const { send, api, base, put, settle } = yield* Harness.make()
      const body = {
        ...base,
        docker_registry_image_name: "x",
        domains: "https://a.example.com",
        instant_deploy: true
      }
      const { uuid } = (yield* send("POST", "/applications/dockerimage", {
        body,
        token: Harness.bearer.write
      })).json
      yield* put(uuid, { A: "late" })
      const started = yield* send("POST", `/applications/${uuid}/start?instant_deploy=true`)
      assert.strictEqual(started.json.message, "Deployment request queued.")
      const rows = (yield* send("GET", `/deployments/applications/${uuid}`)).json.deployments
      assert.deepStrictEqual(
        rows.map((row: { status: string }) => row.status),
        ["in_progress", "in_progress"]
      )
      yield* settle
      assert.strictEqual((yield* api.containerFor("a.example.com"))?.image, "x:latest")
    })
  )
})

describe("/deploy", () => {
  it.scoped("takes uuids or tags, skips the unknown, and refuses both or neither", () =>
    Effect.gen(function* () {
      const { send, application } = yield* Harness.make()
      const one = yield* application({ name: "one", tags: ["blue"] })
      const two = yield* application({ name: "two", tags: ["blue"] })
      const byUuid = yield* send("POST", `/deploy?uuid=${one},unknown`)
      assert.deepStrictEqual(
        byUuid.json.deployments.map((row: { message: string; resource_uuid: string }) => [
          row.message,
          row.resource_uuid
        ]),
        [["Application one deployment queued.", one]]
      )
      const byTag = yield* send("POST", "/deploy", { body: { tag: "blue", force: true } })
      assert.deepStrictEqual(byTag.json.message, [
        "Application one deployment queued.",
        "Application two deployment queued."
      ])
      assert.deepStrictEqual(
        byTag.json.details.map((row: { resource_uuid: string }) => row.resource_uuid),
        [one, two]
      )
      const refusals = [
        ["/deploy?uuid=nope", 404, "No resources found."],
        ["/deploy?tag=nope", 404, "No resources found with this tag."],
        ["/deploy?uuid=a&tag=b", 400, "You can only use uuid or tag, not both."],
        ["/deploy", 400, "You must provide uuid or tag."]
      ] as const
      for (const [path, status, message] of refusals) {
        const answer = yield* send("POST", path)
        assert.deepStrictEqual([answer.status, answer.json], [status, { message }])
      }
    })
  )

  it.scoped("uses the pinned commit, and HEAD when it is unset", () =>
    Effect.gen(function* () {
      const { send, uuid, deploy, settle } = yield* setup({ git_commit_sha: "abc1234" })
      assert.strictEqual((yield* send("GET", `/deployments/${yield* deploy(uuid)}`)).json.commit, "abc1234")
      yield* settle
      yield* send("PATCH", `/applications/${uuid}`, { body: { git_commit_sha: "" } })
      assert.strictEqual((yield* send("GET", `/deployments/${yield* deploy(uuid)}`)).json.commit, "HEAD")
    })
  )
})

describe("start, stop, restart, rollback", () => {
  it.scoped("stop takes the container away a little later", () =>
    Effect.gen(function* () {
      const { send, uuid, release, status, answer, settle } = yield* setup()
      yield* release({ FABRIK_RELEASE: "r1" })
      const stopped = yield* send("POST", `/applications/${uuid}/stop`)
      assert.deepStrictEqual(stopped.json, { message: "Application stopping request queued." })
      assert.strictEqual(yield* answer, "200 r1")
      yield* settle
      assert.strictEqual(yield* answer, "nothing")
      assert.strictEqual(yield* status(uuid), "exited:unhealthy")
      const started = yield* send("POST", `/applications/${uuid}/start?force=true`)
      assert.strictEqual(started.json.message, "Deployment request queued.")
      yield* settle
      assert.strictEqual(yield* answer, "200 r1")
    })
  )

  it.scoped("restart is marked, and a git image that is there is not built again", () =>
    Effect.gen(function* () {
      const { send, base, put, deploy, outcome, settle } = yield* Harness.make()
      const git = { git_repository: "https://github.com/acme/web", git_branch: "main", build_pack: "static" }
      const { uuid } = (yield* send("POST", "/applications/public", { body: { ...base, ...git } })).json
      const first = yield* deploy(uuid)
      yield* settle
      yield* put(uuid, { SANDBOX_APP: "fail-build" })
      const restarted = yield* send("POST", `/applications/${uuid}/restart`)
      assert.strictEqual(restarted.json.message, "Restart request queued.")
      yield* settle
      const row = (yield* send("GET", `/deployments/${restarted.json.deployment_uuid}`)).json
      assert.deepInclude(row, { restart_only: true, status: "finished" })
      const rebuilt = yield* deploy(uuid)
      yield* settle
      assert.deepStrictEqual([yield* outcome(first), yield* outcome(rebuilt)], ["finished", "failed"])
      const { images } = (yield* send("GET", `/applications/${uuid}/rollback-images`)).json
      assert.deepStrictEqual(
        images.map((image: { tag: string }) => image.tag),
        [row.commit]
      )
      yield* put(uuid, { SANDBOX_APP: "ok" })
      const back = yield* send("POST", `/applications/${uuid}/rollback`, { body: { commit: row.commit } })
      assert.strictEqual(back.json.message, "Rollback deployment queued.")
      yield* settle
      assert.deepInclude((yield* send("GET", `/deployments/${back.json.deployment_uuid}`)).json, {
        rollback: true,
        status: "finished",
        commit: row.commit
      })
    })
  )

  it.scoped("a deleted application takes its running deployment along", () =>
    Effect.gen(function* () {
      const { api, send, uuid, put, deploy } = yield* setup()
      yield* put(uuid, { SANDBOX_APP: "slow:20" })
      const deployment = yield* deploy(uuid)
      yield* TestClock.adjust("1 second")
      yield* send("DELETE", `/applications/${uuid}`)
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual((yield* send("GET", `/deployments/${deployment}`)).status, 404)
      assert.isUndefined(yield* api.containerFor("a.example.com"))
      const state = yield* api.state.get
      assert.deepStrictEqual(
        [state.applications, state.variables, state.deployments, state.containers, state.jobs],
        [[], [], [], [], []]
      )
    })
  )
})

describe("application logs", () => {
  it.scoped("are there while the container runs, and hold no variable", () =>
    Effect.gen(function* () {
      const { send, uuid, release } = yield* setup({ health_check_enabled: false })
      const path = `/applications/${uuid}/logs`
      const none = yield* send("GET", path)
      assert.deepStrictEqual([none.status, none.json], [400, { message: "Application is not running." }])
      yield* release({ SECRET: "canary" })
      const some = (yield* send("GET", path)).json.logs
      assert.include(some, "ghcr.io/acme/web:1")
      assert.notInclude(some, "canary")
      assert.strictEqual((yield* send("GET", `${path}?lines=1`)).json.logs.split("\n").length, 2)
      yield* release({ SANDBOX_APP: "crash" })
      assert.strictEqual((yield* send("GET", path)).status, 400)
    })
  )
})
