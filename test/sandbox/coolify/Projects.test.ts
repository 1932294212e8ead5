import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Harness from "./Harness.ts"

describe("servers", () => {
  it.scoped("are listed with their settings and shown in full", () =>
    Effect.gen(function* () {
      const { send, server, application } = yield* Harness.make()
      const [row] = (yield* send("GET", "/servers")).json
      assert.strictEqual(row.ip, "203.0.113.10")
      assert.deepInclude(row.settings, { concurrent_builds: 2, deployment_queue_limit: 25 })
      assert.deepInclude((yield* send("GET", `/servers/${server}`)).json, {
        uuid: server,
        unreachable_count: 0
      })
      const uuid = yield* application({
        domains: "https://shop.example.com:8000/api,http://www.example.com"
      })
      const [resource] = (yield* send("GET", `/servers/${server}/resources`)).json
      assert.deepInclude(resource, { uuid, name: "web", type: "application", status: "exited" })
      assert.deepStrictEqual((yield* send("GET", `/servers/${server}/domains`)).json, [
        { ip: "203.0.113.10", domains: ["shop.example.com", "www.example.com"] }
      ])
      const validated = yield* send("POST", `/servers/${server}/validate`)
      assert.deepStrictEqual([validated.status, validated.json], [201, { message: "Validation started." }])
    })
  )
})

describe("the domains of a server", () => {
  it.scoped("are those of all servers, Coolify's own with the address that the instance knows", () =>
    Effect.gen(function* () {
      const { api, send, server, application } = yield* Harness.make()
      assert.deepStrictEqual((yield* send("GET", `/servers/${server}/domains`)).json, [])
      yield* application({ domains: "https://shop.example.com" })
      yield* api.seed({ servers: [{ name: "own", ip: "host.docker.internal" }] })
      const own = (yield* send("GET", "/servers")).json.find(
        (row: { name: string }) => row.name === "own"
      ).uuid
      yield* application({ server_uuid: own, domains: "https://own.example.com" })
      const shop = { ip: "203.0.113.10", domains: ["shop.example.com"] }
      assert.deepStrictEqual((yield* send("GET", `/servers/${own}/domains`)).json, [
        shop,
        { ip: "host.docker.internal", domains: ["own.example.com"] }
      ])
      yield* api.state.modify((state) => [
        undefined,
        { ...state, settings: { ...state.settings, public_ipv4: "198.51.100.1" } }
      ])
      assert.deepStrictEqual((yield* send("GET", `/servers/${server}/domains`)).json, [
        shop,
        { ip: "198.51.100.1", domains: ["own.example.com"] }
      ])
    })
  )
})

describe("the end of a deployment that does not exist", () => {
  it.scoped("tells who may deploy", () =>
    Effect.gen(function* () {
      const { send } = yield* Harness.make()
      const path = `/deployments/${"0".repeat(24)}/cancel`
      assert.strictEqual((yield* send("POST", path)).status, 404)
      const refused = yield* send("POST", path, { token: Harness.bearer.write })
      assert.deepStrictEqual(
        [refused.status, refused.json],
        [403, { message: "Missing required permissions: deploy" }]
      )
    })
  )
})

describe("projects", () => {
  it.scoped("begin with the environment production and may share a name", () =>
    Effect.gen(function* () {
      const { send, project } = yield* Harness.make()
      assert.match(project, /^[a-z0-9]{24}$/)
      const again = yield* send("POST", "/projects", { body: { name: "shop" } })
      assert.strictEqual(again.status, 201)
      assert.notStrictEqual(again.json.uuid, project)
      const shown = (yield* send("GET", `/projects/${project}`)).json
      assert.deepStrictEqual(
        shown.environments.map((row: { name: string }) => row.name),
        ["production"]
      )
      const patched = yield* send("PATCH", `/projects/${project}`, { body: { description: "ours (1)" } })
      assert.strictEqual(patched.status, 201)
      assert.strictEqual((yield* send("GET", `/projects/${project}`)).json.description, "ours (1)")
    })
  )

  it.scoped("are validated by Coolify's rules", () =>
    Effect.gen(function* () {
      const { send } = yield* Harness.make()
      const cases: ReadonlyArray<readonly [object, string]> = [
        [{ description: "x" }, "name"],
        [{ name: "ab" }, "name"],
        [{ name: "a;bc" }, "name"],
        [{ name: "x".repeat(256) }, "name"],
        [{ name: "shop", description: "no: colon" }, "description"],
        [{ name: "shop", colour: "red" }, "colour"]
      ]
      for (const [body, field] of cases) {
        const answer = yield* send("POST", "/projects", { body })
        assert.strictEqual(answer.status, 422)
        assert.strictEqual(answer.json.message, "Validation failed.")
        assert.deepStrictEqual(Object.keys(answer.json.errors), [field])
      }
      assert.strictEqual(
        (yield* send("POST", "/projects", { body: { name: "Ångström & Co, (1)" } })).status,
        201
      )
    })
  )

  it.scoped("cannot be deleted while they hold an application, whose deletion takes its time", () =>
    Effect.gen(function* () {
      const { send, project, application, settle } = yield* Harness.make()
      const uuid = yield* application()
      yield* send("DELETE", `/applications/${uuid}`)
      for (const path of [`/projects/${project}`, `/projects/${project}/environments/production`]) {
        assert.strictEqual((yield* send("DELETE", path)).status, 400)
      }
      yield* settle
      assert.strictEqual((yield* send("DELETE", `/projects/${project}`)).status, 200)
      assert.strictEqual((yield* send("GET", `/projects/${project}`)).status, 404)
    })
  )
})

describe("environments", () => {
  it.scoped("are made once, by the name as it was sent", () =>
    Effect.gen(function* () {
      const { send, project } = yield* Harness.make()
      const path = `/projects/${project}/environments`
      const made = yield* send("POST", path, { body: { name: "staging" } })
      assert.strictEqual(made.status, 201)
      assert.strictEqual((yield* send("POST", path, { body: { name: "staging" } })).status, 409)
      // The check looks for the raw name, the unique index sees the lower case one.
      assert.strictEqual((yield* send("POST", path, { body: { name: "Staging" } })).status, 500)
      yield* send("POST", path, { body: { name: "Team/QA" } })
      const names = (yield* send("GET", path)).json.map((row: { name: string }) => row.name)
      assert.deepStrictEqual(names, ["production", "staging", "team-qa"])
      assert.strictEqual((yield* send("GET", `/projects/${project}/${made.json.uuid}`)).json.name, "staging")
      const renamed = yield* send("PATCH", `${path}/staging`, { body: { name: "production" } })
      assert.strictEqual(renamed.status, 409)
      assert.strictEqual((yield* send("PATCH", `${path}/staging`, { body: { nme: "x" } })).status, 422)
      assert.strictEqual((yield* send("DELETE", `${path}/staging`)).status, 200)
      assert.strictEqual((yield* send("GET", `/projects/${project}/staging`)).status, 404)
    })
  )

  it.scoped("answer everything in them at once, without settings and secrets", () =>
    Effect.gen(function* () {
      const { send, project, application } = yield* Harness.make()
      const uuid = yield* application({ domains: "https://a.example.com" })
      const inventory = (yield* send("GET", `/projects/${project}/production`)).json
      assert.strictEqual(inventory.applications.length, 1)
      assert.deepInclude(inventory.applications[0], {
        uuid,
        fqdn: "https://a.example.com",
        status: "exited",
        docker_registry_image_tag: "1"
      })
      assert.notProperty(inventory.applications[0], "settings")
      assert.deepStrictEqual(inventory.services, [])
      const plain = (yield* send("GET", `/projects/${project}/production`, { token: Harness.bearer.plain }))
        .json
      assert.notProperty(plain.applications[0], "custom_labels")
    })
  )
})
