import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Behaviour from "../../../src/sandbox/coolify/Behaviour.ts"
import * as Domains from "../../../src/sandbox/coolify/Domains.ts"
import * as Labels from "../../../src/sandbox/coolify/Labels.ts"
import { respond, type RunningContainer } from "../../../src/sandbox/coolify/RunningContainer.ts"
import * as Harness from "./Harness.ts"

const container = (env: Record<string, string>, rest: Partial<RunningContainer> = {}): RunningContainer => ({
  applicationUuid: "a".repeat(24),
  name: "web",
  env,
  startedAt: 1000,
  behaviour: Behaviour.fromVariables(env),
  image: "nginx:1",
  portMismatch: false,
  ...rest
})
const request = { method: "GET", path: "/health", headers: {} }

describe("a deployed application", () => {
  it("says what it is and which release", () => {
    const answer = respond(container({ FABRIK_RELEASE: "r1" }), request, 1000)
    assert.deepStrictEqual(answer, {
      kind: "response",
      status: 200,
      headers: { "content-type": "application/json", "x-release": "r1" },
      body: '{"status":"ok","app":"web","release":"r1"}'
    })
    const bare = respond(container({}), { ...request, method: "HEAD" }, 1000)
    assert.deepStrictEqual(bare, {
      kind: "response",
      status: 200,
      headers: { "content-type": "application/json" },
      body: ""
    })
  })

  it("behaves as its variable SANDBOX_APP tells", () => {
    const outcome = (SANDBOX_APP: string, now = 1000) => {
      const answer = respond(container({ SANDBOX_APP, FABRIK_RELEASE: "r" }), request, now)
      return answer.kind === "refused" ? "refused" : `${answer.status} ${answer.headers["x-release"]}`
    }
    const cases: ReadonlyArray<readonly [string, string]> = [
      ["", "200 r"],
      ["ok", "200 r"],
      ["unheard of", "200 r"],
      ["slow:x", "200 r"],
      ["status:999", "200 r"],
      ["crash", "refused"],
      ["fail-build", "refused"],
      ["unhealthy", "503 r"],
      ["status:418", "418 r"],
      ["release:other", "200 other"],
      ["slow:2.5", "refused"]
    ]
    for (const [text, expected] of cases) assert.strictEqual(outcome(text), expected, text)
    assert.strictEqual(outcome("slow:2.5", 3499), "refused")
    assert.strictEqual(outcome("slow:2.5", 3500), "200 r")
    assert.strictEqual(respond(container({}, { portMismatch: true }), request, 0).kind, "refused")
  })

  it("never puts a control character into the header", () => {
    const answer = respond(container({ FABRIK_RELEASE: "a\r\nset-cookie: x" }), request, 0)
    assert.isTrue(answer.kind === "response" && /^[\x20-\x7e]*$/.test(answer.headers["x-release"] ?? ""))
  })
})

const label = FastCheck.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?$/)
const domain = FastCheck.tuple(
  FastCheck.constantFrom("http", "https", "HTTPS"),
  FastCheck.tuple(label, label).map((labels) => `${labels.join(".")}.Example.com`),
  FastCheck.option(FastCheck.integer({ min: 1000, max: 65_535 })),
  FastCheck.constantFrom("", "/", "/Api", "/v1/x")
).map(([scheme, host, port, path]) => `${scheme}://${host}${port === null ? "" : `:${port}`}${path}`)

describe("domains", () => {
  it.prop(
    "once normalised stay as they are, and every one of them becomes a route",
    [FastCheck.array(domain, { minLength: 1, maxLength: 4 })],
    ([domains]) => {
      const once = Either.getOrThrow(Domains.normalise(domains.join(" , ")))
      assert.deepStrictEqual(Either.getOrThrow(Domains.normalise(once.join(","))), once)
      const text = Labels.generate("u", { fqdn: once.join(","), ports_exposes: "80" })
      const routes = Labels.routes(text ?? "")
      for (const one of once) {
        const { hostname, pathname, port } = new URL(one)
        const route = { host: hostname, path: pathname, port: port === "" ? 80 : Number(port) }
        assert.deepInclude(routes, route)
      }
    }
  )

  it.prop("never make the parser throw", [FastCheck.string()], ([text]) => {
    const parsed = Domains.normalise(text)
    if (Either.isRight(parsed)) for (const one of parsed.right) assert.isTrue(URL.canParse(one))
  })
})

describe("seeding", () => {
  it.scoped("adds a server once and follows its address", () =>
    Effect.gen(function* () {
      const { api, send, server } = yield* Harness.make()
      yield* api.seed({ servers: [{ name: "vps1", ip: "203.0.113.99" }] })
      yield* api.seed({ servers: [{ name: "vps2", ip: "203.0.113.20", uuid: "s".repeat(24) }] })
      yield* api.seed({})
      const rows = (yield* send("GET", "/servers")).json
      assert.deepStrictEqual(
        rows.map((row: { uuid: string; ip: string }) => [row.uuid, row.ip]),
        [
          [server, "203.0.113.99"],
          ["s".repeat(24), "203.0.113.20"]
        ]
      )
    })
  )
})
