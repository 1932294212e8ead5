import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { respond } from "../../../src/sandbox/coolify/RunningContainer.ts"
import * as Harness from "./Harness.ts"

const base64 = (text: string) => Buffer.from(text).toString("base64")

const compose = `# for the office
services:
  web:
    image: \${IMAGE:-acme/web:1}
    environment:
      - SERVICE_FQDN_WEB_8080
      - PORT=8080
      - LEVEL=\${LEVEL:-info}
      - REQUIRED=\${REQUIRED:?must be set}
      - URL=redis://:\${SERVICE_PASSWORD_CACHE}@cache:6379/\${DB:-0}
    volumes:
      - web-data:/data
      - ./conf:/etc/conf
    healthcheck: { test: [CMD, 'true'] }
  cache:
    image: redis:7.2
    volumes: [cache-data:/data]
`

const setUp = Effect.gen(function* () {
  const harness = yield* Harness.make()
  const { base, send } = harness
  const { autogenerate_domain: _, ...place } = base
  const service = (text: string, more: Record<string, unknown> = {}) =>
    Effect.map(
      send("POST", "/services", {
        body: { ...place, name: "office", docker_compose_raw: base64(text), ...more }
      }),
      (answer): string => {
        assert.strictEqual(answer.status, 201, answer.text)
        return answer.json.uuid
      }
    )
  const put = (uuid: string, data: ReadonlyArray<Record<string, unknown>>) =>
    Effect.map(send("PATCH", `/services/${uuid}/envs/bulk`, { body: { data } }), ({ status, text }) =>
      assert.strictEqual(status, 201, text)
    )
  const get = (uuid: string) => Effect.map(send("GET", `/services/${uuid}`), ({ json }) => json)
  const act = (uuid: string, word: string) =>
    Effect.map(send("POST", `/services/${uuid}/${word}`), ({ status, text }) =>
      assert.strictEqual(status, 200, text)
    )
  const world = harness.api.world
  /** What runs, by the name of its part. */
  const running = (uuid: string) =>
    Effect.map(world, ({ containers, services }) => {
      const parts = services.find((one) => one.uuid === uuid)?.parts ?? []
      return Object.fromEntries(
        parts.flatMap((part) =>
          containers.filter((one) => one.application === part.uuid).map((one) => [part.name, one] as const)
        )
      )
    })
  return { ...harness, service, put, get, act, world, running }
})

describe("a service", () => {
  it.scoped(
    "comes up by way of `exited`, each container with its variables, and is served by its domains",
    () =>
      Effect.gen(function* () {
        const { act, api, get, running, service, settle } = yield* setUp
        const uuid = yield* service(compose, {
          urls: [{ name: "web", url: "https://Web.example.com:8080,https://b.example.com/api" }]
        })
        yield* act(uuid, "start")
        const seen: Array<string> = []
        for (let n = 0; n < 40; n++) {
          const { status } = yield* get(uuid)
          if (seen.at(-1) !== status) seen.push(status)
          yield* TestClock.adjust("50 millis")
        }
        assert.deepStrictEqual(seen, ["exited", "starting:unhealthy", "exited", "running:unknown"])
        const { cache, web } = yield* running(uuid)
        assert.deepInclude(web, { image: "acme/web:1", listens: 8080, health: "healthy" })
        assert.deepInclude(web?.env, { LEVEL: "info", REQUIRED: "must be set", PORT: "8080" })
        assert.match(web?.env["URL"] ?? "", /^redis:\/\/:[a-z0-9]{32}@cache:6379\/0$/)
        assert.deepStrictEqual(web?.mounts, [
          { source: `${uuid}_web-data`, path: "/data" },
          { source: `/data/coolify/services/${uuid}/conf`, path: "/etc/conf" }
        ])
        // The `.env` reaches every container; `environment` the one that has it.
        assert.strictEqual(cache?.env["LEVEL"], "info")
        assert.isUndefined(cache?.env["PORT"])
        for (const [host, path] of [
          ["web.example.com", "/"] as const,
          ["b.example.com", "/api/x"] as const
        ]) {
          const container = yield* api.containerFor(host, path)
          assert.strictEqual(container?.name, "web")
          assert.isFalse(container?.portMismatch)
          const answer = container && respond(container, { method: "GET", path, headers: {} }, 0)
          assert.deepInclude(answer, { kind: "response", status: 200 })
        }
        assert.isUndefined(yield* api.containerFor("b.example.com", "/"))
        yield* settle
      })
  )

  it.scoped(
    "keeps its volumes through stop, start and a deletion that is told to, and loses them otherwise",
    () =>
      Effect.gen(function* () {
        const { act, get, running, send, service, settle, world } = yield* setUp
        const uuid = yield* service(compose)
        const volumes = [`${uuid}_cache-data`, `${uuid}_web-data`]
        assert.deepStrictEqual((yield* world).volumes, [])
        yield* act(uuid, "start")
        yield* settle
        assert.deepStrictEqual((yield* world).volumes, volumes)
        yield* act(uuid, "stop")
        yield* settle
        assert.strictEqual((yield* get(uuid)).status, "exited")
        assert.deepStrictEqual(yield* running(uuid), {})
        yield* act(uuid, "start")
        yield* settle
        yield* act(uuid, "restart")
        yield* settle
        assert.sameMembers(Object.keys(yield* running(uuid)), ["web", "cache"])
        assert.deepStrictEqual((yield* world).volumes, volumes)
        yield* send("DELETE", `/services/${uuid}?delete_volumes=false`)
        yield* settle
        const left = yield* world
        assert.deepStrictEqual([left.services, left.containers, left.volumes], [[], [], volumes])
        const other = yield* service(compose)
        yield* act(other, "start")
        yield* settle
        yield* send("DELETE", `/services/${other}`)
        yield* settle
        assert.deepStrictEqual((yield* world).volumes, volumes)
      })
  )

  it.scoped(
    "gets another text with the next start; what has left it is degraded, files keep their content",
    () =>
      Effect.gen(function* () {
        const { act, get, running, send, service, settle } = yield* setUp
        const text = (level: string, cache: string) => `services:
  web:
    image: acme/web:1
    environment: { LEVEL: ${level} }
    volumes:
      - type: bind
        source: ./app.conf
        target: /etc/app.conf
        content: level=${level}
  ${cache}: { image: "redis:7.2" }
`
        const uuid = yield* service(text("one", "cache"))
        yield* act(uuid, "start")
        yield* settle
        const changed = { docker_compose_raw: base64(text("two", "store")) }
        assert.strictEqual((yield* send("PATCH", `/services/${uuid}`, { body: changed })).status, 200)
        yield* settle
        assert.strictEqual((yield* running(uuid))["web"]?.env["LEVEL"], "one")
        yield* act(uuid, "restart")
        yield* settle
        const now = yield* running(uuid)
        assert.strictEqual(now["web"]?.env["LEVEL"], "two")
        assert.sameMembers(Object.keys(now), ["web", "store"])
        const { docker_compose_raw: raw, status } = yield* get(uuid)
        assert.strictEqual(status, "degraded:unhealthy")
        assert.notInclude(raw, "content")
        assert.deepStrictEqual(now["web"]?.files, [{ path: "/etc/app.conf", content: "level=one" }])
        const { file_storages: files } = (yield* send("GET", `/services/${uuid}/storages`)).json
        assert.deepStrictEqual(
          files.map((file: { readonly content: string }) => file.content),
          ["level=one"]
        )
      })
  )

  it.scoped("behaves by the `SANDBOX_APP` of each container", () =>
    Effect.gen(function* () {
      const { act, api, get, running, service, settle } = yield* setUp
      const uuid = yield* service(
        `services:
  web: { image: "a:1", environment: [SANDBOX_APP=crash], healthcheck: { test: [CMD, "true"] } }
  api: { image: "a:1", environment: [SANDBOX_APP=unhealthy], healthcheck: { test: [CMD, "true"] } }
  job: { image: "a:1", restart: "no" }
`,
        { urls: [{ name: "api", url: "https://api.example.com" }] }
      )
      yield* act(uuid, "start")
      yield* settle
      const { applications, status } = yield* get(uuid)
      assert.strictEqual(status, "degraded:unhealthy")
      assert.deepStrictEqual(
        applications.map((one: { readonly name: string; readonly status: string }) => [one.name, one.status]),
        [
          ["web", "restarting:unknown"],
          ["api", "running:unhealthy"],
          ["job", "running:unknown"]
        ]
      )
      const container = yield* api.containerFor("api.example.com")
      const answer = container && respond(container, { method: "GET", path: "/", headers: {} }, 0)
      assert.deepInclude(answer, { status: 503 })
      assert.sameMembers(Object.keys(yield* running(uuid)), ["web", "api", "job"])
    })
  )

  it.scoped("waits for what a container depends on, and goes no further where that fails", () =>
    Effect.gen(function* () {
      const { act, get, running, service, settle } = yield* setUp
      const text = (behaviour: string) => `services:
  web: { image: "a:1", depends_on: [api] }
  api: { image: "a:1", depends_on: { db: { condition: service_healthy } } }
  db: { image: "redis:7", environment: [SANDBOX_APP=${behaviour}], healthcheck: { test: [CMD, "true"] } }
  tool: { image: "a:1", profiles: [debug] }
`
      const bad = yield* service(text("unhealthy"))
      yield* act(bad, "start")
      yield* settle
      assert.deepStrictEqual(Object.keys(yield* running(bad)), ["db"])
      assert.strictEqual((yield* get(bad)).status, "degraded:unhealthy")
      const good = yield* service(text("ok"))
      yield* act(good, "start")
      yield* settle
      assert.sameMembers(Object.keys(yield* running(good)), ["web", "api", "db"])
    })
  )

  it.scoped("tells its variables of URLs only that are sent after it was made", () =>
    Effect.gen(function* () {
      const { put: _, send, service } = yield* setUp
      const urls = (url: string) => [{ name: "web", url }]
      const uuid = yield* service(compose, { urls: urls("https://a.example.com:8080") })
      const address = Effect.map(send("GET", `/services/${uuid}/envs`), ({ json }) =>
        json
          .filter((row: { readonly key: string }) => /^SERVICE_(URL|FQDN)_WEB/.test(row.key))
          .map((row: { readonly key: string; readonly value: string }) => `${row.key}=${row.value}`)
      )
      assert.match((yield* address)[1], /^SERVICE_URL_WEB=http:\/\/web-[a-z0-9]{24}\./)
      yield* send("PATCH", `/services/${uuid}`, { body: { urls: urls("https://b.example.com:8080") } })
      assert.deepStrictEqual(yield* address, [
        "SERVICE_FQDN_WEB=b.example.com",
        "SERVICE_URL_WEB=https://b.example.com",
        "SERVICE_FQDN_WEB_8080=b.example.com:8080",
        "SERVICE_URL_WEB_8080=https://b.example.com:8080"
      ])
    })
  )

  it.scoped(
    "does not come up with an image that is nowhere, none at all, or a `.env` that Compose cannot read",
    () =>
      Effect.gen(function* () {
        const { act, get, put, running, send, service, settle } = yield* setUp
        const good = "services:\n  web: { image: 'a:1' }\n"
        for (const [text, variables] of [
          ["services:\n  web: { image: 'a:missing' }\n", []],
          ["services:\n  web: { build: . }\n", []],
          ["services:\n  web: { image: 'a:1', environment: ['A=x-${B:?no B}'] }\n", []],
          [good, [{ key: "A", value: "it's", is_literal: true }]],
          [good, [{ key: "SANDBOX_APP", value: "fail-build" }]]
        ] as const) {
          const uuid = yield* service(text)
          if (variables.length > 0) yield* put(uuid, variables)
          yield* act(uuid, "start")
          yield* settle
          assert.strictEqual((yield* get(uuid)).status, "exited", text)
          assert.deepStrictEqual(yield* running(uuid), {}, text)
        }
        // What runs goes on when a new start fails.
        const uuid = yield* service(good)
        yield* act(uuid, "start")
        yield* settle
        yield* put(uuid, [{ key: "SANDBOX_APP", value: "fail-build" }])
        assert.strictEqual((yield* send("POST", `/deploy?uuid=${uuid}`)).status, 200)
        yield* settle
        assert.strictEqual((yield* get(uuid)).status, "running:unknown")
      })
  )
})

const table = fileURLToPath(
  new URL("../../../../shared/data/coolify-recorded/values-service.tsv", import.meta.url)
)

const rows = !existsSync(table)
  ? []
  : readFileSync(table, "utf8")
      .split("\n")
      .slice(1)
      .filter((line) => line !== "")
      .map((line) => line.split("\t"))
      .map(([name = "", sent = "", ...arrived]) => ({ name, sent: JSON.parse(sent) as string, arrived }))

describe.skipIf(rows.length === 0)("a value that a real service was sent", () => {
  for (const [index, { isLiteral, isNamed }] of [
    { isNamed: true, isLiteral: false },
    { isNamed: true, isLiteral: true },
    { isNamed: false, isLiteral: false },
    { isNamed: false, isLiteral: true }
  ].entries()) {
    it.scoped(
      `arrives in the sandbox as there: ${isNamed ? "named" : "not named"} in the text, ${isLiteral ? "literal" : "not literal"}`,
      () =>
        Effect.gen(function* () {
          const { act, put, running, service, settle } = yield* setUp
          const tried = rows.filter(({ arrived }) => (arrived[index] ?? "") !== "")
          assert.isAbove(tried.length, 15)
          const names = isNamed ? tried.map(({ name }) => `      - V_${name}=\${V_${name}}`) : []
          const uuid = yield* service(
            ["services:", "  web:", "    image: a:1", "    environment:", "      - A=1", ...names].join("\n")
          )
          yield* put(
            uuid,
            tried.map(({ name, sent }) => ({
              key: `V_${name}`,
              value: sent,
              is_literal: isLiteral,
              // As it was sent there.
              is_multiline: name === "crlf"
            }))
          )
          yield* act(uuid, "start")
          yield* settle
          const { web } = yield* running(uuid)
          for (const { arrived, name, sent } of tried) {
            const wanted = arrived[index] === "exact" ? sent : JSON.parse(arrived[index] ?? "")
            assert.strictEqual(web?.env[`V_${name}`], wanted, name)
          }
        })
    )
  }
})
