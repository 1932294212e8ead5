import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Harness from "./Harness.ts"

const { bearer } = Harness

describe("the door of Coolify's API", () => {
  it.scoped("answers health and version as text", () =>
    Effect.gen(function* () {
      const { send } = yield* Harness.make()
      for (const path of ["/api/health", "/health"]) {
        const health = yield* send("GET", path, { token: null })
        assert.deepStrictEqual([health.status, health.text], [200, "OK"])
      }
      const version = yield* send("GET", "/version")
      assert.deepStrictEqual([version.status, version.text], [200, "4.3.11"])
      assert.strictEqual((yield* send("GET", "/version", { token: null })).status, 401)
    })
  )

  it.scoped("refuses a missing, wrong, malformed or expired token", () =>
    Effect.gen(function* () {
      const { send } = yield* Harness.make()
      for (const token of [null, "1|wrong", "nonsense", `99|${Harness.secret}`, bearer.expired]) {
        const answer = yield* send("GET", "/projects", { token })
        assert.strictEqual(answer.status, 401)
        assert.deepStrictEqual(answer.json, { message: "Unauthenticated." })
      }
    })
  )

  it.scoped("asks each route's own ability; none implies another, root passes", () =>
    Effect.gen(function* () {
      const { send, application } = yield* Harness.make()
      const uuid = yield* application()
      const routes = [
        ["GET", "/projects", "read"],
        ["GET", `/applications/${uuid}/logs`, "read"],
        ["POST", "/projects", "write"],
        ["PATCH", `/applications/${uuid}/envs/bulk`, "write"],
        ["DELETE", `/applications/${uuid}/envs/x`, "write"],
        ["POST", `/deploy?uuid=${uuid}`, "deploy"],
        ["POST", `/applications/${uuid}/stop`, "deploy"],
        ["POST", "/deployments/x/cancel", "deploy"]
      ] as const
      for (const [method, path, ability] of routes) {
        for (const name of ["read", "write", "deploy"] as const) {
          const answer = yield* send(method, path, { token: bearer[name] })
          if (name === ability) assert.notStrictEqual(answer.status, 403, `${method} ${path} as ${name}`)
          else {
            assert.strictEqual(answer.status, 403)
            assert.deepStrictEqual(answer.json, { message: `Missing required permissions: ${ability}` })
          }
        }
        assert.notStrictEqual((yield* send(method, path, { token: bearer.root })).status, 403)
      }
    })
  )

  it.scoped("shows another team nothing", () =>
    Effect.gen(function* () {
      const { send, application, project, server, deploy } = yield* Harness.make()
      const uuid = yield* application()
      const deployment = yield* deploy(uuid)
      const token = bearer.otherTeam
      assert.deepStrictEqual((yield* send("GET", "/projects", { token })).json, [])
      for (const path of [
        `/projects/${project}`,
        `/servers/${server}`,
        `/applications/${uuid}`,
        `/deployments/${deployment}`
      ]) {
        assert.strictEqual((yield* send("GET", path, { token })).status, 404)
      }
      assert.strictEqual((yield* send("POST", `/deploy?uuid=${uuid}`, { token })).status, 404)
      assert.strictEqual((yield* send("POST", `/deployments/${deployment}/cancel`, { token })).status, 403)
    })
  )

  it.scoped("sends every unknown route to the catch-all, even without a token", () =>
    Effect.gen(function* () {
      const { send } = yield* Harness.make()
      for (const [method, path] of [
        ["GET", "/nowhere"],
        ["POST", "/applications"],
        ["POST", "/applications/dockercompose"],
        ["POST", "/databases"],
        ["PUT", "/projects"],
        ["PATCH", "/applications/x/envs/y"],
        ["POST", "/applications/x/deploy"]
      ] as const) {
        const answer = yield* send(method, path, { token: null })
        assert.strictEqual(answer.status, 404)
        assert.deepStrictEqual(answer.json, { message: "Not found.", docs: "https://coolify.io/docs" })
      }
      const resource = yield* send("GET", "/applications/absent")
      assert.deepStrictEqual(resource.json, { message: "Application not found." })
      const changed = yield* send("PATCH", "/applications/absent", { body: { name: "x" } })
      assert.deepStrictEqual([changed.status, changed.json], [404, { message: "Application not found" }])
    })
  )

  it.scoped("answers GET on an action with 405", () =>
    Effect.gen(function* () {
      const { send } = yield* Harness.make()
      const actions = ["/deploy", "/enable", "/disable", "/servers/x/validate"].concat(
        ["applications", "services", "databases"].flatMap((kind) =>
          ["start", "stop", "restart"].map((word) => `/${kind}/x/${word}`)
        )
      )
      for (const path of actions) {
        const answer = yield* send("GET", path)
        assert.strictEqual(answer.status, 405, path)
        assert.strictEqual(answer.headers.get("allow"), "POST")
        assert.deepStrictEqual(answer.json, { message: "This endpoint has changed to a POST request." })
      }
    })
  )

  it.scoped("says no while the API is off, and lets team 0 switch it", () =>
    Effect.gen(function* () {
      const { send } = yield* Harness.make()
      assert.strictEqual((yield* send("POST", "/disable", { token: bearer.otherTeam })).status, 403)
      assert.strictEqual((yield* send("POST", "/disable")).status, 200)
      const answer = yield* send("GET", "/projects")
      assert.strictEqual(answer.status, 403)
      assert.deepStrictEqual(answer.json, { success: true, message: "API is disabled." })
      assert.strictEqual((yield* send("POST", "/enable", { token: bearer.read })).status, 403)
      assert.strictEqual((yield* send("POST", "/enable")).status, 200)
      assert.strictEqual((yield* send("GET", "/projects")).status, 200)
    })
  )

  it.scoped("lets in only the allowed addresses", () =>
    Effect.gen(function* () {
      const { send, api } = yield* Harness.make()
      const allow = (allowed_ips: string) =>
        api.state.modify((state) => [undefined, { ...state, settings: { ...state.settings, allowed_ips } }])
      yield* allow("127.0.0.1, 10.1.0.0/16, 2001:db8::/32")
      for (const from of ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::5"]) {
        assert.strictEqual((yield* send("GET", "/projects", { from })).status, 200, from)
      }
      const answer = yield* send("GET", "/projects", { from: "10.2.0.1" })
      assert.strictEqual(answer.status, 403)
      assert.deepStrictEqual(answer.json, {
        success: true,
        message: "You are not allowed to access the API."
      })
      yield* allow("0.0.0.0")
      assert.strictEqual((yield* send("GET", "/projects", { from: "10.2.0.1" })).status, 200)
    })
  )

  it.scoped("throttles by user, whatever the token, for the rest of the minute", () =>
    Effect.gen(function* () {
      const { send } = yield* Harness.make({ rateLimit: 5 })
      // The harness itself has made two requests.
      const third = yield* send("GET", "/projects", { token: bearer.read })
      assert.strictEqual(third.headers.get("x-ratelimit-limit"), "5")
      assert.strictEqual(third.headers.get("x-ratelimit-remaining"), "2")
      yield* send("GET", "/projects")
      yield* send("GET", "/projects")
      yield* TestClock.adjust("15 seconds")
      const refused = yield* send("GET", "/projects", { token: bearer.root })
      assert.strictEqual(refused.status, 429)
      assert.deepStrictEqual(refused.json, { message: "Too Many Attempts." })
      assert.strictEqual(refused.headers.get("retry-after"), "45")
      assert.strictEqual(refused.headers.get("x-ratelimit-reset"), "60")
      assert.strictEqual((yield* send("GET", "/projects", { token: bearer.otherTeam })).status, 200)
      assert.strictEqual((yield* send("GET", "/health", { token: null })).status, 200)
      const page = yield* send("GET", "/projects", { headers: { accept: "*/*" } })
      assert.include(page.headers.get("content-type") ?? "", "text/html")
      yield* TestClock.adjust("45 seconds")
      assert.strictEqual((yield* send("GET", "/projects")).status, 200)
    })
  )

  it.scoped("refuses bodies that are no JSON object", () =>
    Effect.gen(function* () {
      const { send } = yield* Harness.make()
      const cases = [
        ["{}", "Empty JSON."],
        ["[]", "Invalid JSON."],
        ["nonsense", "Invalid JSON."],
        ["", "Invalid JSON."]
      ]
      for (const [body, error] of cases) {
        const answer = yield* send("POST", "/projects", { body })
        assert.deepStrictEqual(
          [answer.status, answer.json],
          [400, { message: "Invalid request.", error }],
          body
        )
      }
      const form = yield* send("POST", "/projects", {
        body: "name=shop",
        headers: { "content-type": "application/x-www-form-urlencoded" }
      })
      assert.strictEqual(form.json.error, "Content-Type must be application/json.")
    })
  )
})
