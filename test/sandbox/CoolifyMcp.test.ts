/** A Coolify client that knows nothing of this project, run as its users run it, works against the sandbox. */
import { fileURLToPath } from "node:url"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { connect } from "./McpClient.ts"
import { testSandbox } from "./TestSandbox.ts"

const entry = fileURLToPath(
  new URL("../../node_modules/@masonator/coolify-mcp/dist/index.js", import.meta.url)
)

it.scopedLive("coolify-mcp lists, creates, configures, deploys, reads logs and deletes", () =>
  Effect.gen(function* () {
    const sandbox = yield* testSandbox({ seed: { servers: ["vps1"] } })
    const mcp = yield* connect(process.execPath, [entry], {
      COOLIFY_BASE_URL: sandbox.apiUrl,
      COOLIFY_ACCESS_TOKEN: sandbox.token
    })
    assert.includeMembers(
      [...mcp.tools],
      ["projects", "application", "env_vars", "deploy", "application_logs"]
    )
    const done = (tool: string, args?: Readonly<Record<string, unknown>>) =>
      Effect.map(mcp.call(tool, args), (result) => {
        assert.isFalse(result.isError, `${tool}: ${result.text}`)
        assert.isFalse(result.text.startsWith("Error"), `${tool}: ${result.text}`)
        return result
      })
    const repeatedly = <A, E>(effect: Effect.Effect<A, E>, until: (a: A) => boolean) =>
      effect.pipe(Effect.delay("20 millis"), Effect.repeat({ until }), Effect.timeout("10 seconds"))
    const application = Effect.map(sandbox.world, ({ coolify }) => coolify.applications[0])
    const container = Effect.map(sandbox.world, ({ coolify }) => coolify.containers[0])

    assert.deepStrictEqual((yield* done("get_version")).json, { version: "4.3.11" })
    const [server] = (yield* done("list_servers")).json
    assert.strictEqual(server.name, "vps1")
    assert.deepStrictEqual((yield* done("projects", { action: "list" })).json, [])
    const empty = yield* sandbox.world

    const project = (yield* done("projects", { action: "create", name: "mcp" })).json.uuid
    const created = yield* done("application", {
      action: "create_dockerimage",
      project_uuid: project,
      server_uuid: server.uuid,
      environment_name: "production",
      name: "web",
      docker_registry_image_name: "nginx",
      docker_registry_image_tag: "1.27",
      ports_exposes: "80",
      domains: "https://web.example.com"
    })
    const { uuid } = created.json
    const row = yield* application
    assert.strictEqual(row?.uuid, uuid)
    assert.strictEqual(row?.project, project)
    assert.strictEqual(row?.server, server.uuid)
    assert.strictEqual(row?.columns["fqdn"], "https://web.example.com")
    assert.strictEqual(row?.columns["docker_registry_image_tag"], "1.27")

    const variables = { resource: "application", uuid }
    yield* done("env_vars", { ...variables, action: "create", key: "A", value: "1" })
    yield* done("env_vars", {
      ...variables,
      action: "bulk_update",
      data: [
        { key: "A", value: "2" },
        { key: "B", value: "x y" }
      ]
    })
    yield* done("env_vars", { ...variables, action: "update", key: "B", value: "z" })
    const listed = (yield* done("env_vars", { ...variables, action: "list" })).json
    assert.sameMembers(
      (yield* application)?.variables
        .filter((one) => !one.is_preview)
        .map((one) => `${one.key}=${one.value}`) ?? [],
      ["A=2", "B=z"]
    )
    assert.isNotEmpty(listed)
    assert.isUndefined(yield* container)

    const { text } = yield* done("deploy", { tag_or_uuid: uuid })
    const deployment = /"deployment_uuid":\s*"([a-z0-9]{24})"/.exec(text)?.[1]
    assert.isDefined(deployment, text)
    const outcome = yield* repeatedly(
      done("deployment", { action: "get", uuid: deployment }),
      ({ text }) => !/"status":\s*"(queued|in_progress)"/.test(text)
    )
    assert.match(outcome.text, /"status":\s*"finished"/)
    const running = yield* container
    assert.deepInclude(running, { application: uuid, image: "nginx:1.27", env: { A: "2", B: "z" } })
    assert.include((yield* done("application_logs", { uuid, lines: 10 })).text, "listening on port 80")
    assert.strictEqual(
      (yield* done("diagnose_app", { query: "web.example.com" })).json.application.uuid,
      uuid
    )
    assert.deepStrictEqual((yield* done("server_domains", { uuid: server.uuid })).json, [
      { ip: "127.0.0.1", domains: ["web.example.com"] }
    ])

    yield* done("application", { action: "delete", uuid })
    yield* repeatedly(application, (row) => row === undefined)
    yield* done("projects", { action: "delete", uuid: project })
    assert.deepStrictEqual(yield* sandbox.world, empty)
    const failed = (yield* sandbox.requests).filter(({ status }) => status >= 400)
    assert.deepStrictEqual(failed, [])
  })
)
