/** Whatever a server answers, a call ends in a value or in a CoolifyError that repeats no secret. */
import { inspect } from "node:util"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import { HttpSettings } from "../../src/http/HttpSettings.ts"
import { dockerfileApplication, fixture, imageApplication, token, variable } from "./samples.ts"
import { size } from "../reliability/Scale.ts"

const uuid = "app000000000000000000001"
const value = "pr1v4te-v4lue"

const calls: Record<string, (client: typeof CoolifyClient.Service) => Effect.Effect<unknown, CoolifyError>> =
  {
    version: (c) => c.version,
    listServers: (c) => c.servers.list,
    listProjects: (c) => c.projects.list,
    listDeployKeys: (c) => c.sources.deployKeys,
    listGithubApps: (c) => c.sources.githubApps,
    servedDomains: (c) => c.servers.domains(uuid),
    inventory: (c) => c.environments.inventory(uuid, "production"),
    createApplication: (c) => c.applications.create(dockerfileApplication),
    getApplication: (c) => c.applications.get(uuid),
    updateApplication: (c) => c.applications.update(uuid, { port: 1 }, imageApplication),
    listVariables: (c) => c.variables.list(uuid),
    putVariables: (c) => c.variables.put(uuid, [variable("A", value)]),
    deploy: (c) => c.deployments.start(uuid, { force: false }),
    getDeployment: (c) => c.deployments.get(uuid),
    listDeployments: (c) => c.deployments.list(uuid, 10),
    logs: (c) => c.applications.logs(uuid, 10)
  }

const bodies = [
  "servers",
  "projects",
  "environment",
  "application-image",
  "envs",
  "deploy-queued",
  "deployment-finished",
  "deployments",
  "conflict-domain",
  "invalid-fields"
].map(fixture)

/** Replaces the `at`-th value inside, counted depth first. */
const replaceAt = (body: unknown, at: number, by: unknown): unknown => {
  let count = 0
  const walk = (node: unknown): unknown => {
    if (count++ === at) return by
    if (Array.isArray(node)) return node.map(walk)
    if (typeof node !== "object" || node === null) return node
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, walk(inner)]))
  }
  return walk(body)
}

const odd = FastCheck.oneof(
  FastCheck.jsonValue(),
  FastCheck.constantFrom<unknown>(
    undefined,
    null,
    "",
    0,
    -1,
    [],
    {},
    true,
    "../../x",
    value,
    token,
    `${token} ${value}`,
    { [value]: token },
    "\u0000\u001b[2J",
    "x".repeat(5_000),
    { __proto__: { uuid: "x" } },
    1e308,
    [[[[[[[[]]]]]]]]
  )
)

const text = FastCheck.oneof(
  {
    weight: 5,
    arbitrary: FastCheck.tuple(FastCheck.constantFrom(...bodies), FastCheck.nat(120), odd).map(
      ([body, at, by]) => JSON.stringify(replaceAt(body, at, by)) ?? ""
    )
  },
  { weight: 1, arbitrary: odd.map((body) => JSON.stringify(body) ?? "") },
  { weight: 1, arbitrary: FastCheck.string() },
  {
    weight: 1,
    arbitrary: FastCheck.tuple(FastCheck.constantFrom(...bodies), FastCheck.nat(500)).map(([body, end]) =>
      JSON.stringify(body).slice(0, end)
    )
  }
)

it.effect.prop(
  "a hostile answer",
  {
    status: FastCheck.constantFrom(200, 201, 204, 301, 400, 401, 403, 404, 405, 409, 418, 422, 429, 500, 503),
    text,
    after: FastCheck.constantFrom("", "0", "1", "-1", "1e9", "99999999999999", "Mon", "now", value),
    name: FastCheck.constantFrom(...Object.keys(calls))
  },
  ({ status, text, after, name }) =>
    Effect.gen(function* () {
      const http = HttpClient.make((request) =>
        Effect.succeed(
          HttpClientResponse.fromWeb(
            request,
            new Response(status === 204 ? null : text, {
              status,
              headers: { "retry-after": after, location: `https://x.example/${value}` }
            })
          )
        )
      )
      const layer = CoolifyHttp.layer({
        baseUrl: "https://coolify.example.com/api/v1",
        token: Redacted.make(token)
      }).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, http)))
      const settings = {
        headersTimeout: "1 minute",
        bodyTimeout: "1 minute",
        stallTimeout: "1 minute",
        maxBodyBytes: 1e6,
        tries: 1,
        retryBudget: 0,
        outage: 0,
        throttled: 0,
        awaits: "after-a-write"
      } as const
      const exit = yield* Effect.flatMap(CoolifyClient, (client) => calls[name]!(client)).pipe(
        Effect.provide(layer),
        Effect.provideService(HttpSettings, settings),
        Effect.exit
      )
      if (Exit.isSuccess(exit)) {
        assert.isTrue(status >= 200 && status < 300)
        return
      }
      const [error] = [...Cause.failures(exit.cause)]
      assert.isTrue(Cause.isFailType(exit.cause), Cause.pretty(exit.cause))
      assert.instanceOf(error, CoolifyError)
      if (error === undefined) return
      if (name === "putVariables") assert.notInclude(inspect(exit, { depth: 9 }), value)
      assert.notInclude(inspect(exit, { depth: 9 }) + Cause.pretty(exit.cause), token)
      assert.isBelow(error.detail.length, 1000)
      assert.notMatch(error.detail, /\p{Cc}/u)
      assert.isAtMost(error.retryAfterMillis ?? 0, 300_000)
    }),
  { fastCheck: { numRuns: size(60, 500) } }
)
