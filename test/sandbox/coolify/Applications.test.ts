import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Harness from "./Harness.ts"

const base64 = (text: string) => Buffer.from(text).toString("base64")

describe("creating an application", () => {
  it.scoped("answers uuid and domains only", () =>
    Effect.gen(function* () {
      const { send, base } = yield* Harness.make()
      const answer = yield* send("POST", "/applications/dockerimage", {
        body: { ...base, docker_registry_image_name: "nginx", domains: "HTTPS://Shop.Example.com/Path" }
      })
      assert.strictEqual(answer.status, 201)
      assert.deepStrictEqual(Object.keys(answer.json), ["uuid", "domains"])
      assert.strictEqual(answer.json.domains, "https://shop.example.com/Path")
      const shown = (yield* send("GET", `/applications/${answer.json.uuid}`)).json
      assert.deepInclude(shown, {
        build_pack: "dockerimage",
        docker_registry_image_tag: "latest",
        git_repository: "coollabsio/coolify",
        git_branch: "main",
        ports_exposes: null,
        status: "exited",
        health_check_enabled: false
      })
      assert.notProperty(shown, "id")
      assert.strictEqual(shown.environment.project.team.id, 0)
      assert.notProperty(shown.settings, "id")
      assert.notProperty(shown.settings, "created_at")
    })
  )

  it.scoped("reads a tag or digest out of the image name", () =>
    Effect.gen(function* () {
      const { send, application } = yield* Harness.make()
      const digest = "a".repeat(64)
      const cases = [
        [{ docker_registry_image_name: "host:5000/a/b:1.2" }, "host:5000/a/b", "1.2"],
        [{ docker_registry_image_name: `a/b@sha256:${digest}` }, "a/b@sha256", digest],
        [
          { docker_registry_image_name: "a/b", docker_registry_image_tag: `sha256:${digest}` },
          "a/b@sha256",
          digest
        ],
        [{ docker_registry_image_name: "a/b", docker_registry_image_tag: "v7" }, "a/b", "v7"]
      ] as const
      for (const [fields, name, tag] of cases) {
        const shown = (yield* send("GET", `/applications/${yield* application(fields)}`)).json
        assert.deepStrictEqual(
          [shown.docker_registry_image_name, shown.docker_registry_image_tag],
          [name, tag]
        )
      }
    })
  )

  it.scoped("keeps a github.com repository as owner/repo and any other as its URL", () =>
    Effect.gen(function* () {
      const { send, base } = yield* Harness.make()
      const cases = [
        ["https://github.com/acme/web", "acme/web"],
        ["https://github.com/acme/web.git", "acme/web.git"],
        ["https://git.example.com/acme/web", "https://git.example.com/acme/web"]
      ]
      for (const [git_repository, kept] of cases) {
        const body = { ...base, git_repository, git_branch: "main", build_pack: "nixpacks" }
        const { uuid } = (yield* send("POST", "/applications/public", { body })).json
        assert.strictEqual((yield* send("GET", `/applications/${uuid}`)).json.git_repository, kept)
        const envs = (yield* send("GET", `/applications/${uuid}/envs`)).json
        assert.deepStrictEqual(
          envs.map((row: { key: string; value: string }) => [row.key, row.value]),
          [
            ["NIXPACKS_NODE_VERSION", "22"],
            ["NIXPACKS_NODE_VERSION", "22"]
          ]
        )
      }
      const body = { ...base, git_repository: "acme/web", git_branch: "main", build_pack: "nixpacks" }
      assert.strictEqual((yield* send("POST", "/applications/public", { body })).status, 422)
      const pack = {
        ...base,
        git_repository: "https://github.com/a/b",
        git_branch: "main",
        build_pack: "make"
      }
      assert.deepStrictEqual(
        Object.keys((yield* send("POST", "/applications/public", { body: pack })).json.errors),
        ["build_pack"]
      )
    })
  )

  it.scoped("forces port 80 on an inline Dockerfile, which is fixed from then on and a secret", () =>
    Effect.gen(function* () {
      const { send, base } = yield* Harness.make()
      const body = { ...base, dockerfile: base64("FROM x\nEXPOSE 8000\n"), ports_exposes: "8000" }
      const { uuid } = (yield* send("POST", "/applications/dockerfile", { body })).json
      const shown = (yield* send("GET", `/applications/${uuid}`)).json
      assert.deepInclude(shown, { ports_exposes: "80", dockerfile: "FROM x\nEXPOSE 8000\n" })
      const plain = (yield* send("GET", `/applications/${uuid}`, { token: Harness.bearer.plain })).json
      for (const hidden of ["dockerfile", "custom_labels", "docker_compose_raw", "private_key_id"]) {
        assert.notProperty(plain, hidden)
      }
      const patched = yield* send("PATCH", `/applications/${uuid}`, {
        body: { dockerfile: base64("FROM y") }
      })
      assert.deepStrictEqual(patched.json.errors, { dockerfile: ["This field is not allowed."] })
      const text = yield* send("POST", "/applications/dockerfile", {
        body: { ...base, dockerfile: "FROM x" }
      })
      assert.deepStrictEqual(
        [text.status, text.json.errors],
        [422, { dockerfile: "The dockerfile should be base64 encoded." }]
      )
    })
  )

  it.scoped("generates a domain unless told not to", () =>
    Effect.gen(function* () {
      const { send, api, base, application } = yield* Harness.make()
      const uuid = yield* application({ autogenerate_domain: true })
      assert.strictEqual(
        (yield* send("GET", `/applications/${uuid}`)).json.fqdn,
        `http://${uuid}.203.0.113.10.sslip.io`
      )
      const none = yield* application()
      assert.strictEqual((yield* send("GET", `/applications/${none}`)).json.fqdn, null)
      yield* api.seed({
        servers: [{ name: "wild", ip: "203.0.113.11", wildcardDomain: "https://apps.example.com" }]
      })
      const wild = (yield* send("GET", "/servers")).json.find((row: { name: string }) => row.name === "wild")
      const body = { ...base, server_uuid: wild.uuid, docker_registry_image_name: "x", domains: "" }
      const { autogenerate_domain: _, ...generated } = body
      const made = (yield* send("POST", "/applications/dockerimage", { body: generated })).json
      assert.strictEqual(made.domains, `https://${made.uuid}.apps.example.com`)
    })
  )

  it.scoped("refuses what is missing, unknown or malformed, each in its own way", () =>
    Effect.gen(function* () {
      const { send, base } = yield* Harness.make()
      const image = { ...base, docker_registry_image_name: "nginx" }
      const post = (body: object, path = "/applications/dockerimage") => send("POST", path, { body })
      const { project_uuid: _p, ...noProject } = image
      const { environment_name: _e, ...noEnvironment } = image
      const { docker_registry_image_name: _i, ...noImage } = image
      assert.deepStrictEqual((yield* post(noProject)).json.errors, {
        project_uuid: ["The project uuid field is required."]
      })
      const environment = yield* post(noEnvironment)
      assert.strictEqual(environment.status, 422)
      assert.notProperty(environment.json, "errors")
      assert.deepStrictEqual(Object.keys((yield* post(noImage)).json.errors), ["docker_registry_image_name"])
      assert.deepStrictEqual((yield* post({ ...image, fqdn: "x" })).json.errors, {
        fqdn: ["This field is not allowed."]
      })
      assert.deepStrictEqual((yield* post({ ...image, dockerfile_target_build: "x" })).json.errors, {
        dockerfile_target_build: ["This field is not allowed."]
      })
      for (const [bad, field] of [
        [{ ports_exposes: "eighty" }, "ports_exposes"],
        [{ health_check_path: "health" }, "health_check_path"],
        [{ health_check_enabled: "yes" }, "health_check_enabled"],
        [{ redirect: "sideways" }, "redirect"],
        [{ docker_images_to_keep: 101 }, "docker_images_to_keep"],
        [{ stop_grace_period: 0 }, "stop_grace_period"],
        [{ swarm_replicas: 2 }, "swarm_replicas"],
        [{ domains: "shop.example.com" }, "0"],
        [{ tags: ["x"] }, "tags"]
      ] as const) {
        const answer = yield* post({ ...image, ...bad })
        assert.strictEqual(answer.status, 422, field)
        assert.deepStrictEqual(Object.keys(answer.json.errors), [field])
      }
      for (const [absent, message] of [
        [{ project_uuid: "nope" }, "Project not found."],
        [{ server_uuid: "nope" }, "Server not found."],
        [{ environment_name: "nope" }, "Environment not found."]
      ] as const) {
        const answer = yield* post({ ...image, ...absent })
        assert.deepStrictEqual([answer.status, answer.json.message], [404, message])
      }
      const git = {
        ...base,
        git_repository: "https://github.com/a/b",
        git_branch: "main",
        build_pack: "static"
      }
      assert.strictEqual(
        (yield* post({ ...git, github_app_uuid: "x" }, "/applications/private-github-app")).json.message,
        "Github App not found."
      )
      assert.strictEqual(
        (yield* post({ ...git, private_key_uuid: "x" }, "/applications/private-deploy-key")).json.message,
        "Private Key not found."
      )
      assert.strictEqual((yield* post({ ...image, description: "x".repeat(256) })).status, 500)
      assert.deepStrictEqual((yield* send("GET", "/applications")).json, [])
    })
  )

  it.scoped("trims strings, makes empty ones null and strips HTML from the description", () =>
    Effect.gen(function* () {
      const { send, application } = yield* Harness.make()
      const uuid = yield* application({ name: "  web  ", start_command: "   ", description: "<b>ours</b>" })
      const shown = (yield* send("GET", `/applications/${uuid}`)).json
      assert.deepInclude(shown, { name: "web", start_command: null, description: "ours" })
    })
  )
})

describe("domains", () => {
  it.scoped("conflict when they are the same text but for one final slash", () =>
    Effect.gen(function* () {
      const { send, base, application } = yield* Harness.make()
      const holder = yield* application({ name: "holder", domains: "https://a.example.com" })
      const post = (domains: string, more: object = {}) =>
        send("POST", "/applications/dockerimage", {
          body: { ...base, docker_registry_image_name: "nginx", domains, ...more }
        })
      const refused = yield* post("https://b.example.com,https://a.example.com/")
      assert.strictEqual(refused.status, 409)
      assert.strictEqual(
        refused.json.message,
        "Domain conflicts detected. Use force_domain_override=true to proceed."
      )
      assert.strictEqual(refused.json.conflicts.length, 1)
      assert.deepInclude(refused.json.conflicts[0], {
        domain: "https://a.example.com/",
        resource_name: "holder",
        resource_uuid: holder,
        resource_type: "application"
      })
      assert.isString(refused.json.warning)
      assert.strictEqual((yield* post("http://a.example.com")).status, 201)
      assert.strictEqual((yield* post("https://a.example.com:8000")).status, 201)
      assert.strictEqual((yield* post("https://a.example.com/api")).status, 201)
      assert.strictEqual((yield* post("https://a.example.com", { force_domain_override: true })).status, 201)
    })
  )

  it.scoped("are checked by PATCH before its other fields, and by create after them", () =>
    Effect.gen(function* () {
      const { send, base, application } = yield* Harness.make()
      yield* application({ domains: "https://a.example.com" })
      const uuid = yield* application({ domains: "https://b.example.com" })
      const both = { domains: "https://a.example.com", unknown: 1 }
      assert.strictEqual((yield* send("PATCH", `/applications/${uuid}`, { body: both })).status, 409)
      const body = { ...base, docker_registry_image_name: "nginx", ...both }
      assert.strictEqual((yield* send("POST", "/applications/dockerimage", { body })).status, 422)
      const own = yield* send("PATCH", `/applications/${uuid}`, {
        body: { domains: "https://b.example.com/" }
      })
      assert.strictEqual(own.status, 200)
    })
  )

  it.scoped("are neither checked nor changed on a server without proxy", () =>
    Effect.gen(function* () {
      const { send, api, application, base } = yield* Harness.make()
      yield* application({ domains: "https://a.example.com" })
      yield* api.seed({ servers: [{ name: "bare", ip: "203.0.113.12", proxy: "NONE" }] })
      const bare = (yield* send("GET", "/servers")).json.find((row: { name: string }) => row.name === "bare")
      const made = yield* send("POST", "/applications/dockerimage", {
        body: {
          ...base,
          server_uuid: bare.uuid,
          docker_registry_image_name: "x",
          domains: "https://a.example.com"
        }
      })
      assert.strictEqual(made.status, 201)
      const path = `/applications/${made.json.uuid}`
      assert.strictEqual((yield* send("PATCH", path, { body: { domains: "not a url" } })).status, 200)
      assert.strictEqual((yield* send("GET", path)).json.fqdn, "https://a.example.com")
    })
  )
})

describe("changing an application", () => {
  it.scoped("answers the uuid, takes fields and settings, clears domains with an empty text", () =>
    Effect.gen(function* () {
      const { send, application } = yield* Harness.make()
      const uuid = yield* application({ domains: "https://a.example.com" })
      const path = `/applications/${uuid}`
      const answer = yield* send("PATCH", path, {
        body: { domains: "", health_check_enabled: true, health_check_port: 8000, is_gzip_enabled: false }
      })
      assert.deepStrictEqual([answer.status, answer.json], [200, { uuid }])
      const shown = (yield* send("GET", path)).json
      assert.deepInclude(shown, {
        fqdn: null,
        custom_labels: null,
        health_check_enabled: true,
        health_check_port: "8000"
      })
      assert.strictEqual(shown.settings.is_gzip_enabled, false)
    })
  )

  it.scoped("does not take what only a create may carry", () =>
    Effect.gen(function* () {
      const { send, application, project } = yield* Harness.make()
      const uuid = yield* application()
      for (const body of [
        { project_uuid: project },
        { tags: ["api"] },
        { autogenerate_domain: false },
        { id: 1 }
      ]) {
        const answer = yield* send("PATCH", `/applications/${uuid}`, { body })
        assert.deepStrictEqual(Object.values(answer.json.errors), [["This field is not allowed."]])
      }
      const tagged = yield* send("PATCH", `/applications/${uuid}`, {
        body: { docker_registry_image_name: "nginx:2" }
      })
      assert.strictEqual(tagged.status, 422)
      const compose = yield* send("PATCH", `/applications/${uuid}`, { body: { docker_compose_domains: [] } })
      assert.strictEqual(compose.status, 422)
    })
  )

  it.scoped("leaves the labels stale when only the port changes", () =>
    Effect.gen(function* () {
      const { send, application } = yield* Harness.make()
      const domains = "https://a.example.com"
      const uuid = yield* application({ domains, ports_exposes: "80" })
      const labels = Effect.map(send("GET", `/applications/${uuid}`), (answer) =>
        Buffer.from(answer.json.custom_labels, "base64").toString()
      )
      yield* send("PATCH", `/applications/${uuid}`, { body: { ports_exposes: "8000" } })
      assert.include(yield* labels, "server.port=80\n")
      yield* send("PATCH", `/applications/${uuid}`, { body: { domains } })
      assert.include(yield* labels, "server.port=8000\n")
      const own = base64("traefik.enable=false")
      yield* send("PATCH", `/applications/${uuid}`, { body: { custom_labels: own } })
      assert.strictEqual(yield* labels, "traefik.enable=false")
    })
  )

  it.scoped("deletes later: until then the row answers and its domain is taken", () =>
    Effect.gen(function* () {
      const { send, base, application, settle } = yield* Harness.make()
      const uuid = yield* application({ domains: "https://a.example.com" })
      const body = { ...base, docker_registry_image_name: "nginx", domains: "https://a.example.com" }
      for (const _ of [1, 2]) {
        const answer = yield* send("DELETE", `/applications/${uuid}?delete_volumes=true`)
        assert.deepStrictEqual(
          [answer.status, answer.json],
          [200, { message: "Application deletion request queued." }]
        )
      }
      assert.strictEqual((yield* send("GET", `/applications/${uuid}`)).status, 200)
      assert.strictEqual((yield* send("POST", "/applications/dockerimage", { body })).status, 409)
      yield* settle
      assert.strictEqual((yield* send("GET", `/applications/${uuid}`)).status, 404)
      assert.strictEqual((yield* send("POST", "/applications/dockerimage", { body })).status, 201)
      const again = yield* send("DELETE", `/applications/${uuid}`)
      assert.deepStrictEqual([again.status, again.json], [404, { message: "Application not found" }])
    })
  )
})

describe("tags", () => {
  it.scoped("are normalised, shared, filtered by, and gone with their last application", () =>
    Effect.gen(function* () {
      const { send, application, settle } = yield* Harness.make()
      const zebra = yield* application({ name: "zebra", tags: ["<i>Fabrik</i>", " Shop "] })
      const apple = yield* application({ name: "apple" })
      yield* application({ name: "other" })
      const added = yield* send("POST", `/applications/${apple}/tags`, { body: { tag_names: ["FABRIK"] } })
      assert.deepStrictEqual([added.status, added.json.length, added.json[0].name], [201, 1, "fabrik"])
      const names = (path: string) =>
        Effect.map(send("GET", path), (answer) => answer.json.map((row: { name: string }) => row.name))
      assert.deepStrictEqual(yield* names("/applications?tag=fabrik"), ["apple", "zebra"])
      assert.deepStrictEqual(yield* names("/applications?tag=absent"), [])
      assert.deepStrictEqual(yield* names("/applications"), ["apple", "other", "zebra"])
      assert.deepStrictEqual((yield* names("/tags")).toSorted(), ["fabrik", "shop"])
      assert.notProperty((yield* send("GET", `/applications/${apple}`)).json, "tags")
      const tag = added.json[0].uuid
      assert.strictEqual((yield* send("DELETE", `/applications/${apple}/tags/${tag}`)).status, 200)
      assert.strictEqual((yield* send("DELETE", `/applications/${apple}/tags/${tag}`)).status, 404)
      assert.include(yield* names("/tags"), "fabrik")
      yield* send("DELETE", `/applications/${zebra}`)
      yield* settle
      assert.deepStrictEqual(yield* names("/tags"), [])
      for (const body of [
        { tag_name: "x" },
        { tag_name: "ab", tag_names: ["cd"] },
        { other: 1 },
        { tag_names: "ab" }
      ]) {
        assert.strictEqual((yield* send("POST", `/applications/${apple}/tags`, { body })).status, 422)
      }
      assert.strictEqual((yield* send("POST", "/tags", { body: { name: "Blue" } })).status, 201)
      assert.strictEqual((yield* send("POST", "/tags", { body: { name: "blue" } })).status, 409)
    })
  )
})
