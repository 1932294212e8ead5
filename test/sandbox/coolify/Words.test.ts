/** What a real Coolify 4.3.11 was seen to take and to say, where no recorded exchange has it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Harness from "./Harness.ts"

describe("the sandbox takes what Coolify takes", () => {
  it.scoped("numbers of a health check without bounds", () =>
    Effect.gen(function* () {
      const { application, send } = yield* Harness.make()
      const uuid = yield* application({ health_check_interval: 0 })
      for (const body of [{ health_check_retries: 0 }, { health_check_return_code: 999 }]) {
        assert.strictEqual((yield* send("PATCH", `/applications/${uuid}`, { body })).status, 200)
      }
      const query = yield* send("PATCH", `/applications/${uuid}`, {
        body: { health_check_path: "/a?b=c&d=e" }
      })
      assert.strictEqual(query.status, 422)
      assert.deepStrictEqual(query.json.errors, {
        health_check_path: ["The health check path field format is invalid."]
      })
    })
  )

  it.scoped("no variables in bulk: a refusal, not nothing", () =>
    Effect.gen(function* () {
      const { application, send } = yield* Harness.make()
      const uuid = yield* application()
      const answer = yield* send("PATCH", `/applications/${uuid}/envs/bulk`, { body: { data: [] } })
      assert.strictEqual(answer.status, 400)
      assert.deepStrictEqual(answer.json, { message: "Bulk data is required." })
    })
  )

  it.scoped("a bad domain: a list of texts", () =>
    Effect.gen(function* () {
      const { application, send } = yield* Harness.make()
      const uuid = yield* application()
      const answer = yield* send("PATCH", `/applications/${uuid}`, { body: { domains: "ftp://x" } })
      assert.strictEqual(answer.status, 422)
      assert.deepStrictEqual(answer.json.errors, ["Invalid URL: ftp://x"])
    })
  )

  it.scoped("names and descriptions in its own words, environments by their name", () =>
    Effect.gen(function* () {
      const { project, send } = yield* Harness.make()
      const errors = (body: object) =>
        Effect.map(send("POST", "/projects", { body }), ({ json }) => json.errors)
      assert.deepStrictEqual(yield* errors({ description: "d" }), { name: ["This field is required."] })
      assert.deepStrictEqual(yield* errors({ name: "ab" }), {
        name: ["The name must be at least 3 characters."]
      })
      assert.include((yield* errors({ name: "a;b;c" })).name[0], "The name may only contain letters")
      assert.include(
        (yield* errors({ name: "abc", description: "a;b" })).description[0],
        "The description may only contain letters"
      )
      const path = `/projects/${project}/environments/production`
      assert.deepStrictEqual((yield* send("DELETE", path)).json, { message: "Environment deleted." })
      assert.deepStrictEqual((yield* send("DELETE", path)).json, { message: "Environment not found." })
    })
  )

  it.scoped("the deployments of an application that is not there", () =>
    Effect.gen(function* () {
      const { application, deploy, send, settle } = yield* Harness.make()
      const uuid = yield* application()
      const deployment = yield* deploy(uuid)
      yield* settle
      assert.strictEqual(
        (yield* send("GET", "/deployments/applications/nope")).json.message,
        "Application not found"
      )
      const carried = (yield* send("GET", `/deployments/${deployment}`)).json.application
      assert.strictEqual(carried.uuid, uuid)
      for (const hidden of ["dockerfile", "docker_compose", "docker_compose_raw", "settings"]) {
        assert.notProperty(carried, hidden)
      }
    })
  )
})
