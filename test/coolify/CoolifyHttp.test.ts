import { inspect } from "node:util"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { makeCoolifyConfig } from "../../src/coolify/CoolifyConfig.ts"
import type { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import { HttpSettings } from "../../src/http/HttpSettings.ts"
import {
  dockerfileApplication,
  fixture,
  gitApplication,
  imageApplication,
  token,
  variable
} from "./samples.ts"
import { type Act, type ScriptedServer, scriptedServer, type Seen } from "./ScriptedServer.ts"

type Client = typeof CoolifyClient.Service

const clients: Record<string, Layer.Layer<HttpClient.HttpClient>> = {
  node: NodeHttpClient.layer,
  undici: NodeHttpClient.layerUndici,
  fetch: FetchHttpClient.layer
}

const once = {
  headersTimeout: "10 seconds",
  bodyTimeout: "10 seconds",
  stallTimeout: "10 seconds",
  maxBodyBytes: 8 * 1024 * 1024,
  tries: 1,
  retryBudget: "1 second",
  outage: 0,
  throttled: 0,
  awaits: "after-a-write"
} as const

/** Runs one use of the client against a scripted server. */
const against = <A, E>(
  act: (seen: Seen, index: number) => Act,
  use: (client: Client, server: ScriptedServer) => Effect.Effect<A, E>,
  http: Layer.Layer<HttpClient.HttpClient> = NodeHttpClient.layer,
  settings: Partial<typeof HttpSettings.Service> = {}
) =>
  Effect.gen(function* () {
    const server = yield* scriptedServer(act)
    const config = yield* makeCoolifyConfig(server.origin, Redacted.make(token))
    return yield* Effect.flatMap(CoolifyClient, (client) => use(client, server)).pipe(
      Effect.provide(CoolifyHttp.layer(config)),
      Effect.provide(http),
      Effect.provideService(HttpSettings, { ...once, ...settings })
    )
  }).pipe(Effect.scoped)

const failure = <A>(effect: Effect.Effect<A, CoolifyError>) =>
  Effect.matchEffect(effect, {
    onFailure: Effect.succeed,
    onSuccess: () => Effect.dieMessage("it should have been refused")
  })
const uuid = "app000000000000000000001"
const say =
  (body: unknown, status = 200) =>
  () => ({ status, body })

/** Every way a value can be seen by whoever prints it. */
const printed = (value: unknown) =>
  [String(value), JSON.stringify(value), inspect(value, { depth: 20, showHidden: true })].join("\n")

interface Row {
  readonly name: string
  readonly answer: Act
  readonly call?: (client: Client) => Effect.Effect<unknown, CoolifyError>
  readonly expect: Partial<CoolifyError>
}

const get = (client: Client) => client.applications.get(uuid)
const create = (client: Client) => client.applications.create(imageApplication)
const html = { "content-type": "text/html" }

const rows: ReadonlyArray<Row> = [
  {
    name: "400 of a body that is no JSON",
    answer: { status: 400, body: { message: "Invalid request.", error: "Empty JSON." } },
    call: create,
    expect: { reason: "Invalid", detail: "Invalid request. Empty JSON.", outcomeUnknown: false }
  },
  {
    name: "400 with a business reason",
    answer: { status: 400, body: { message: "Project has resources, so it cannot be deleted." } },
    call: (client) => client.projects.remove(uuid),
    expect: { reason: "Refused", detail: "Project has resources, so it cannot be deleted.", status: 400 }
  },
  {
    name: "400 with field errors",
    answer: { status: 400, body: { message: "Bad.", errors: { uuid: ["unknown"] } } },
    expect: { reason: "Invalid", problems: [{ field: "uuid", message: "unknown" }] }
  },
  {
    name: "400 with nothing but blanks to say",
    answer: { status: 400, body: { message: " \n " } },
    expect: { reason: "Refused", detail: "HTTP 400" }
  },
  {
    name: "401 without a token that counts",
    answer: { status: 401, body: { message: "Unauthenticated." } },
    expect: { reason: "Unauthenticated", status: 401 }
  },
  {
    name: "401 of a team",
    answer: { status: 401, body: { message: "Invalid token." } },
    expect: { reason: "Unauthenticated", detail: "Invalid token." }
  },
  {
    name: "403 of a disabled API",
    answer: { status: 403, body: { success: true, message: "API is disabled." } },
    expect: { reason: "ApiDisabled" }
  },
  {
    name: "403 of an address",
    answer: { status: 403, body: { success: true, message: "You are not allowed to access the API." } },
    expect: { reason: "AddressNotAllowed" }
  },
  {
    name: "403 of a missing ability",
    answer: { status: 403, body: { message: "Missing required permissions: write" } },
    call: create,
    expect: { reason: "MissingAbility", ability: "write", outcomeUnknown: false }
  },
  {
    name: "403 of a team role",
    answer: { status: 403, body: { message: "Missing required team role." } },
    expect: { reason: "Forbidden", detail: "Missing required team role." }
  },
  {
    name: "403 of a policy",
    answer: { status: 403, body: { message: "This action is unauthorized.", error: "Unauthorized" } },
    expect: { reason: "Forbidden" }
  },
  {
    name: "403 of a firewall",
    answer: { status: 403, body: "<html>Attention Required</html>", headers: html },
    expect: {
      reason: "Blocked",
      detail: "HTTP 403, not in Coolify's words"
    }
  },
  {
    name: "404 of a resource",
    answer: { status: 404, body: { message: "Application not found." } },
    expect: { reason: "NotFound", detail: "Application not found." }
  },
  {
    name: "404 of the catch-all",
    answer: { status: 404, body: { message: "Not found.", docs: "https://coolify.io/docs" } },
    expect: {
      reason: "UnknownEndpoint",
      detail: "nothing answers GET /applications/{uuid}: another Coolify version, or not a Coolify API"
    }
  },
  {
    name: "404 in HTML",
    answer: { status: 404, body: "<html>404</html>", headers: html },
    expect: { reason: "UnknownEndpoint" }
  },
  {
    name: "405",
    answer: {
      status: 405,
      body: { message: "This endpoint has changed to a POST request." },
      headers: { allow: "POST" }
    },
    expect: { reason: "UnknownEndpoint", detail: "This endpoint has changed to a POST request." }
  },
  {
    name: "409 of a domain",
    answer: { status: 409, body: fixture("conflict-domain") },
    call: create,
    expect: {
      reason: "Conflict",
      outcomeUnknown: false,
      conflicts: [
        {
          domain: "https://test-api.example.com",
          resourceName: "old-api",
          resourceUuid: "app000000000000000000009",
          resourceType: "application"
        },
        {
          domain: "https://test-api.example.com",
          resourceName: "Coolify Instance",
          resourceUuid: null,
          resourceType: "instance"
        }
      ]
    }
  },
  {
    name: "409 of a name",
    answer: { status: 409, body: { message: "Environment with this name already exists." } },
    call: (client) => client.environments.create(uuid, "staging"),
    expect: { reason: "Conflict", conflicts: [] }
  },
  {
    name: "422 with lists by field",
    answer: { status: 422, body: fixture("invalid-fields") },
    call: create,
    expect: {
      reason: "Invalid",
      detail: "Validation failed.",
      outcomeUnknown: false,
      problems: [
        { field: "ports_exposes", message: "The ports exposes field must be a string." },
        { field: "ports_exposes", message: "The ports exposes field is required." },
        { field: "instant_deploi", message: "This field is not allowed." }
      ]
    }
  },
  {
    name: "422 with texts by field",
    answer: { status: 422, body: fixture("invalid-texts") },
    expect: { reason: "Invalid", problems: [{ field: "domains", message: "Invalid URL: htp://x" }] }
  },
  {
    name: "422 with a plain list",
    answer: { status: 422, body: fixture("invalid-list") },
    expect: {
      reason: "Invalid",
      problems: [
        { field: "", message: "Invalid URL: htp://x" },
        { field: "", message: "Invalid URL: y" }
      ]
    }
  },
  {
    name: "422 with a message alone",
    answer: { status: 422, body: { message: "You need to provide at least one of environment_name." } },
    expect: {
      reason: "Invalid",
      detail: "You need to provide at least one of environment_name.",
      problems: []
    }
  },
  {
    name: "422 of a bulk write, which may have written the items before it",
    answer: { status: 422, body: { message: "Validation failed.", errors: { "1.key": ["bad"] } } },
    call: (client) => client.variables.put(uuid, [variable("A", "1")]),
    expect: { reason: "Invalid", outcomeUnknown: true }
  },
  {
    name: "429 of the throttle",
    answer: { status: 429, body: { message: "Too Many Attempts." }, headers: { "retry-after": "17" } },
    call: create,
    expect: { reason: "RateLimited", retryAfterMillis: 17_000, outcomeUnknown: false }
  },
  {
    name: "429 without a number of seconds",
    answer: {
      status: 429,
      body: { message: "Too Many Attempts." },
      headers: { "retry-after": "soon, please" }
    },
    expect: { reason: "RateLimited", retryAfterMillis: 5_000 }
  },
  {
    name: "429 with an absurd number of seconds",
    answer: { status: 429, body: { message: "Too Many Attempts." }, headers: { "retry-after": "999999999" } },
    expect: { reason: "RateLimited", retryAfterMillis: 300_000 }
  },
  {
    name: "429 with a date gone by",
    answer: {
      status: 429,
      body: { message: "Too Many Attempts." },
      headers: { "retry-after": "Thu, 01 Jan 2015 00:00:00 GMT" }
    },
    expect: { reason: "RateLimited", retryAfterMillis: 0 }
  },
  {
    name: "429 of a full queue",
    answer: {
      status: 429,
      body: { message: "Deployment queue is full. Please wait for existing deployments to complete." },
      headers: { "retry-after": "60" }
    },
    call: (client) => client.deployments.start(uuid, { force: false }),
    expect: { reason: "QueueFull", retryAfterMillis: 60_000, outcomeUnknown: false }
  },
  {
    name: "500 of a read",
    answer: { status: 500, body: { message: "Server Error" } },
    expect: { reason: "ServerError", detail: "Server Error", outcomeUnknown: false }
  },
  {
    name: "500 of a write",
    answer: { status: 500, body: { message: "Server Error" } },
    call: create,
    expect: { reason: "ServerError", status: 500, outcomeUnknown: true }
  },
  {
    name: "502 in HTML",
    answer: { status: 502, body: "<html>Bad Gateway</html>", headers: html },
    call: create,
    expect: { reason: "ServerError", detail: "HTTP 502", outcomeUnknown: true }
  },
  {
    name: "another refusal",
    answer: { status: 413, body: "too large", headers: { "content-type": "text/plain" } },
    call: create,
    expect: { reason: "Refused", detail: "HTTP 413", outcomeUnknown: false }
  },
  {
    name: "HTML where JSON belongs",
    answer: { status: 200, body: "<!doctype html><title>Login</title>", headers: html },
    expect: {
      reason: "BadResponse",
      detail: "GET /applications/{uuid} answered 200 with a page of HTML",
      outcomeUnknown: false
    }
  },
  {
    name: "HTML where a delete is acknowledged",
    answer: { status: 200, body: "<!doctype html>", headers: html },
    call: (client) => client.applications.remove(uuid, { deleteVolumes: false }),
    expect: { reason: "BadResponse", outcomeUnknown: true }
  },
  {
    name: "JSON without a field that is needed",
    answer: { status: 200, body: { ...(fixture("application-image") as object), build_pack: undefined } },
    expect: {
      reason: "BadResponse",
      detail: "GET /applications/{uuid} answered 200 with an unusable field build_pack"
    }
  },
  {
    name: "a created thing without its id",
    answer: { status: 201, body: { domains: [] } },
    call: create,
    expect: { reason: "BadResponse", status: 201, outcomeUnknown: true }
  },
  {
    name: "an id that would change a path",
    answer: { status: 201, body: { uuid: "../../servers/x" } },
    call: create,
    expect: { reason: "BadResponse", outcomeUnknown: true }
  },
  {
    name: "a list with one bad item",
    answer: { status: 200, body: [{ uuid: "s1", name: "a", ip: "192.0.2.1", is_reachable: true }] },
    call: (client) => client.servers.list,
    expect: { reason: "BadResponse", detail: "GET /servers answered 200 with an unusable field 0.is_usable" }
  },
  {
    name: "a version that is none",
    answer: { status: 200, body: "<html></html>", headers: html },
    call: (client) => client.version,
    expect: { reason: "BadResponse" }
  },
  {
    name: "a reset before the answer to a read",
    answer: "reset",
    expect: { reason: "Interrupted", outcomeUnknown: false }
  },
  {
    name: "a reset before the answer to a write",
    answer: "reset",
    call: create,
    expect: { reason: "Interrupted", outcomeUnknown: true }
  },
  {
    name: "half an answer to a write",
    answer: "truncate",
    call: create,
    expect: { reason: "Interrupted", outcomeUnknown: true }
  },
  {
    name: "more than the size cap",
    answer: "flood",
    call: create,
    expect: { reason: "BadResponse", outcomeUnknown: true }
  }
]

for (const [http, layer] of Object.entries(clients)) {
  describe(`refusals over ${http}`, () => {
    for (const row of rows) {
      it.live(row.name, () =>
        against(
          () => row.answer,
          (client, server) =>
            Effect.gen(function* () {
              const error = yield* failure((row.call ?? get)(client))
              for (const [key, value] of Object.entries(row.expect)) {
                assert.deepStrictEqual(error[key as keyof CoolifyError], value, key)
              }
              assert.strictEqual(error._tag, "CoolifyError")
              assert.strictEqual(server.seen.length, 1)
            }),
          layer
        )
      )
    }

    it.live("stops reading what is no JSON", () =>
      against(
        () => "flood",
        (client, server) =>
          Effect.gen(function* () {
            yield* failure(client.applications.get(uuid))
            assert.isBelow(server.flooded(), 30 * 1024 * 1024)
            yield* Effect.iterate(0, {
              while: (tries) => server.aborted() === 0 && tries < 200,
              body: (tries) => Effect.as(Effect.sleep("10 millis"), tries + 1)
            })
            assert.strictEqual(server.aborted(), 1)
          }),
        layer
      )
    )

    for (const act of ["hang", "hang-in-body"] as const) {
      it.live(`${act}: the deadline ends the request`, () =>
        against(
          () => act,
          (client, server) =>
            Effect.gen(function* () {
              const read = yield* failure(client.applications.get(uuid))
              assert.strictEqual(read.reason, "Interrupted")
              assert.isFalse(read.outcomeUnknown)
              const write = yield* failure(create(client))
              assert.strictEqual(write.reason, "Interrupted")
              assert.isTrue(write.outcomeUnknown)
              yield* Effect.iterate(0, {
                while: (tries) => server.aborted() < 2 && tries < 200,
                body: (tries) => Effect.as(Effect.sleep("10 millis"), tries + 1)
              })
              assert.strictEqual(server.aborted(), 2)
            }),
          layer,
          { headersTimeout: "150 millis", bodyTimeout: "150 millis" }
        )
      )

      it.live(`${act}: an interrupt ends the request at once`, () =>
        against(
          () => act,
          (client, server) =>
            Effect.gen(function* () {
              const result = yield* client.applications.get(uuid).pipe(Effect.timeoutOption("150 millis"))
              assert.strictEqual(result._tag, "None")
              yield* Effect.iterate(0, {
                while: (tries) => server.aborted() === 0 && tries < 200,
                body: (tries) => Effect.as(Effect.sleep("10 millis"), tries + 1)
              })
              assert.strictEqual(server.aborted(), 1)
            }),
          layer,
          { headersTimeout: "1 hour", bodyTimeout: "1 hour" }
        )
      )
    }

    it.live("never follows a redirect", () =>
      Effect.gen(function* () {
        const other = yield* scriptedServer(say(fixture("application-image")))
        yield* against(
          () => ({
            status: 302,
            body: "",
            headers: { location: `${other.origin}/api/v1/applications/${uuid}` }
          }),
          (client) =>
            Effect.gen(function* () {
              const error = yield* failure(client.applications.get(uuid))
              assert.strictEqual(error.reason, "Redirected")
              assert.include(error.detail, other.origin)
            }),
          layer
        )
        assert.deepStrictEqual(other.seen, [])
      }).pipe(Effect.scoped)
    )

    it.live("nobody listens: refused before anything was sent", () =>
      Effect.gen(function* () {
        const gone = yield* Effect.scoped(scriptedServer(say({})))
        const config = yield* makeCoolifyConfig(gone.origin, Redacted.make(token))
        const error = yield* Effect.flatMap(CoolifyClient, (client) => failure(create(client))).pipe(
          Effect.provide(CoolifyHttp.layer(config)),
          Effect.provide(layer),
          Effect.provideService(HttpSettings, { ...once, tries: 2 })
        )
        assert.strictEqual(error.reason, "Unreachable")
        assert.isFalse(error.outcomeUnknown)
      })
    )

    it.live("TLS that fails is not tried again", () =>
      Effect.gen(function* () {
        const server = yield* scriptedServer(say({}))
        const config = yield* makeCoolifyConfig(
          server.origin.replace("http:", "https:"),
          Redacted.make(token)
        )
        const error = yield* Effect.flatMap(CoolifyClient, (client) => failure(get(client))).pipe(
          Effect.provide(CoolifyHttp.layer(config)),
          Effect.provide(layer),
          Effect.provideService(HttpSettings, { ...once, tries: 5, retryBudget: "1 hour" })
        )
        assert.strictEqual(error.reason, "Unreachable")
        assert.include(error.detail, "speaks no TLS")
      }).pipe(Effect.scoped)
    )
  })
}

describe("what an error must not carry", () => {
  const secret = "s3cr3t-d4tab4se-p4ssw0rd"
  const echoes: ReadonlyArray<Act> = [
    { status: 422, body: { message: `bad ${secret} ${token}`, errors: { [secret]: [`bad ${secret}`] } } },
    { status: 409, body: { message: secret, conflicts: [{ domain: secret, resource_name: token }] } },
    { status: 403, body: { message: `Missing required permissions: ${token.split("|")[1]}` } },
    { status: 500, body: { message: `SQL insert ${secret}` } },
    { status: 302, body: "", headers: { location: `https://elsewhere.example/?${token}` } },
    { status: 200, body: `not JSON ${secret} ${token}` },
    "reset",
    "hang",
    "truncate"
  ]
  for (const [http, layer] of Object.entries(clients)) {
    it.live(`no token and no value of a variable, over ${http}`, () =>
      Effect.gen(function* () {
        for (const act of echoes) {
          const exit = yield* against(
            () => act,
            (client) => client.variables.put(uuid, [variable("DATABASE_URL", secret)]),
            layer,
            { headersTimeout: "100 millis" }
          ).pipe(Effect.exit)
          assert.isTrue(Exit.isFailure(exit))
          const cause = Exit.isFailure(exit) ? exit.cause : Cause.empty
          const shown = [
            printed(exit),
            printed(cause),
            Cause.pretty(cause),
            ...[...Cause.failures(cause)].map(printed)
          ]
          for (const hidden of [secret, token, token.split("|")[1] ?? ""]) {
            assert.notInclude(shown.join("\n"), hidden, JSON.stringify(act))
          }
        }
      })
    )
  }

  it.live("control characters and endless texts", () =>
    against(say({ message: `\u001b[31mred\u0007\r\n\u202e${"x".repeat(5000)}` }, 400), (client) =>
      Effect.gen(function* () {
        const { detail } = yield* failure(create(client))
        assert.match(detail, /^\[31mred x+…$/)
        assert.isBelow(detail.length, 500)
      })
    )
  )
})

describe("one request for each method", () => {
  const calls: Record<
    string,
    readonly [(client: Client) => Effect.Effect<unknown, CoolifyError>, unknown, string]
  > = {
    version: [(c) => c.version, "4.3.11", "GET /api/v1/version"],
    listServers: [(c) => c.servers.list, fixture("servers"), "GET /api/v1/servers"],
    listProjects: [(c) => c.projects.list, fixture("projects"), "GET /api/v1/projects"],
    listDeployKeys: [
      (c) => c.sources.deployKeys,
      [{ id: 1, uuid, name: "acme", public_key: "ssh-ed25519 A" }],
      "GET /api/v1/security/keys"
    ],
    listGithubApps: [
      (c) => c.sources.githubApps,
      [{ id: 0, uuid, name: "Public GitHub", is_public: true }],
      "GET /api/v1/github-apps"
    ],
    createProject: [
      (c) => c.projects.create({ name: "p", description: "" }),
      { uuid },
      "POST /api/v1/projects"
    ],
    deleteProject: [
      (c) => c.projects.remove(uuid),
      { message: "Project deleted." },
      `DELETE /api/v1/projects/${uuid}`
    ],
    createEnvironment: [
      (c) => c.environments.create(uuid, "staging"),
      { uuid },
      `POST /api/v1/projects/${uuid}/environments`
    ],
    updateEnvironment: [
      (c) => c.environments.update(uuid, "staging", { name: "live", description: "ours" }),
      { uuid, name: "live", description: "ours" },
      `PATCH /api/v1/projects/${uuid}/environments/staging`
    ],
    deleteEnvironment: [
      (c) => c.environments.remove(uuid, "a b/../c"),
      { message: "Environment deleted." },
      `DELETE /api/v1/projects/${uuid}/environments/a%20b%2F..%2Fc`
    ],
    inventory: [
      (c) => c.environments.inventory(uuid, "production"),
      fixture("environment"),
      `GET /api/v1/projects/${uuid}/production`
    ],
    "createApplication of an image": [create, { uuid, domains: [] }, "POST /api/v1/applications/dockerimage"],
    "createApplication of a repository": [
      (c) => c.applications.create(gitApplication),
      { uuid, domains: [] },
      "POST /api/v1/applications/public"
    ],
    "createApplication of a Dockerfile on port 80": [
      (c) => c.applications.create({ ...dockerfileApplication, port: 80 }),
      { uuid, domains: [] },
      "POST /api/v1/applications/dockerfile"
    ],
    getApplication: [get, fixture("application-image"), `GET /api/v1/applications/${uuid}`],
    updateApplication: [
      (c) => c.applications.update(uuid, { name: "n" }, imageApplication),
      { uuid },
      `PATCH /api/v1/applications/${uuid}`
    ],
    deleteApplication: [
      (c) => c.applications.remove(uuid, { deleteVolumes: true }),
      { message: "Application deletion request queued." },
      `DELETE /api/v1/applications/${uuid}?delete_volumes=true&delete_connected_networks=true&delete_configurations=true&docker_cleanup=false`
    ],
    stopApplication: [
      (c) => c.applications.stop(uuid),
      { message: "Application stopping request queued." },
      `POST /api/v1/applications/${uuid}/stop`
    ],
    listVariables: [(c) => c.variables.list(uuid), fixture("envs"), `GET /api/v1/applications/${uuid}/envs`],
    putVariables: [
      (c) => c.variables.put(uuid, [variable("A", "1")]),
      fixture("envs"),
      `PATCH /api/v1/applications/${uuid}/envs/bulk`
    ],
    deleteVariable: [
      (c) => c.variables.remove(uuid, "var1"),
      { message: "Environment variable deleted." },
      `DELETE /api/v1/applications/${uuid}/envs/var1`
    ],
    deploy: [
      (c) => c.deployments.start(uuid, { force: true }),
      fixture("deploy-queued"),
      "POST /api/v1/deploy"
    ],
    getDeployment: [
      (c) => c.deployments.get(uuid),
      fixture("deployment-finished"),
      `GET /api/v1/deployments/${uuid}`
    ],
    listDeployments: [
      (c) => c.deployments.list(uuid, 5),
      fixture("deployments"),
      `GET /api/v1/deployments/applications/${uuid}?skip=0&take=5`
    ],
    cancelDeployment: [
      (c) => c.deployments.cancel(uuid),
      { message: "Deployment cancelled.", deployment_uuid: uuid, status: "cancelled-by-user" },
      `POST /api/v1/deployments/${uuid}/cancel`
    ],
    logs: [
      (c) => c.applications.logs(uuid, 50_000),
      { logs: "a\nb" },
      `GET /api/v1/applications/${uuid}/logs?lines=10000`
    ]
  }
  for (const [name, [call, body, request]] of Object.entries(calls)) {
    it.live(name, () =>
      against(say(body), (client, server) =>
        Effect.gen(function* () {
          yield* call(client)
          assert.deepStrictEqual(
            server.seen.map(({ method, path }) => `${method} ${path}`),
            [request]
          )
          const [{ headers, body: sent }] = server.seen as [Seen]
          assert.strictEqual(headers.authorization, `Bearer ${token}`)
          assert.strictEqual(headers.accept, "application/json")
          assert.strictEqual(headers["content-type"], sent === "" ? undefined : "application/json")
          assert.isUndefined(headers["traceparent"])
          assert.notInclude(sent, "instant_deploy")
        })
      )
    )
  }

  it.live("createApplication of a Dockerfile on another port: two", () =>
    against(say({ uuid, domains: [] }), (client, server) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* client.applications.create(dockerfileApplication), { uuid })
        assert.deepStrictEqual(
          server.seen.map(({ method, path }) => `${method} ${path}`),
          ["POST /api/v1/applications/dockerfile", `PATCH /api/v1/applications/${uuid}`]
        )
        assert.deepStrictEqual(JSON.parse(server.seen[1]?.body ?? ""), {
          ports_exposes: "8000",
          domains: "https://test-api.example.com"
        })
      })
    )
  )

  it.live("and when the second one fails, the application is there to be found", () =>
    against(
      (seen) =>
        seen.method === "POST" ? { status: 201, body: { uuid } } : { status: 422, body: { message: "no" } },
      (client) =>
        Effect.gen(function* () {
          const error = yield* failure(client.applications.create(dockerfileApplication))
          assert.strictEqual(error.method, "createApplication")
          assert.strictEqual(error.reason, "Invalid")
          assert.strictEqual(error.status, 422)
          assert.isTrue(error.outcomeUnknown)
          assert.include(error.detail, uuid)
        })
    )
  )

  it.live("nothing to write: none", () =>
    against(say({}), (client, server) =>
      Effect.gen(function* () {
        yield* client.variables.put(uuid, [])
        yield* client.applications.update(uuid, {}, imageApplication)
        yield* client.applications.update(
          uuid,
          { source: dockerfileApplication.source },
          dockerfileApplication
        )
        assert.deepStrictEqual(server.seen, [])
      })
    )
  )

  it.live("an id that is none never gets into a URL", () =>
    against(say({}), (client, server) =>
      Effect.gen(function* () {
        for (const bad of ["", "..", "a/b", "a%2fb", "A", "a?x=1", "a#", "a\n", "x".repeat(65), "ä"]) {
          const error = yield* failure(client.applications.get(bad))
          assert.strictEqual(error.reason, "BadResponse", bad)
          yield* failure(client.variables.remove(uuid, bad))
          yield* failure(client.environments.inventory(bad, "production"))
        }
        yield* failure(client.environments.inventory(uuid, ".."))
        yield* failure(client.environments.inventory(uuid, ""))
        assert.deepStrictEqual(server.seen, [])
      })
    )
  )

  it.live("what cannot be changed is refused here", () =>
    against(say({}), (client, server) =>
      Effect.gen(function* () {
        const kind = yield* failure(
          client.applications.update(uuid, { source: imageApplication.source }, gitApplication)
        )
        assert.strictEqual(kind.reason, "Invalid")
        const text = yield* failure(
          client.applications.update(
            uuid,
            { source: { _tag: "Dockerfile", text: "FROM x" } },
            dockerfileApplication
          )
        )
        assert.strictEqual(text.problems[0]?.field, "source")
        const twice = yield* failure(
          client.variables.put(uuid, [variable("A", "1"), variable("B", "1"), variable("A", "2")])
        )
        assert.strictEqual(twice.problems[0]?.field, "A")
        assert.deepStrictEqual(server.seen, [])
      })
    )
  )
})
