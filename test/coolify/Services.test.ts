/** What is asked of Coolify about services, and what its answers are taken for. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { makeCoolifyConfig } from "../../src/coolify/CoolifyConfig.ts"
import type { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import * as CoolifyHttp from "../../src/coolify/CoolifyHttp.ts"
import { token, variable } from "./samples.ts"
import { type Act, scriptedServer } from "./ScriptedServer.ts"

type Client = typeof CoolifyClient.Service

const uuid = "service00000000000000001"
const compose = "services:\n  web:\n    image: größer:1\n"

/** One call, and the requests that it led to. */
const asked = <A>(act: Act, call: (client: Client) => Effect.Effect<A, CoolifyError>) =>
  Effect.gen(function* () {
    const server = yield* scriptedServer(() => act)
    const config = yield* makeCoolifyConfig(server.origin, Redacted.make(token))
    const outcome = yield* Effect.flatMap(CoolifyClient, call).pipe(
      Effect.provide(CoolifyHttp.layer(config)),
      Effect.provide(NodeHttpClient.layer),
      Effect.either
    )
    const requests = server.seen.map(({ body, method, path }) => ({
      request: `${method} ${path}`,
      sent: body === "" ? undefined : (JSON.parse(body) as Record<string, unknown>)
    }))
    return { outcome, requests }
  }).pipe(Effect.scoped)

const row = {
  uuid,
  name: "office",
  description: null,
  status: "degraded:unhealthy",
  docker_compose_raw: compose,
  connect_to_docker_network: true,
  applications: [
    {
      uuid: "part1",
      name: "web",
      status: "running:healthy",
      image: "web:1",
      fqdn: "https://a.example.com:80, https://b.example.com"
    },
    { uuid: "part2", name: "worker", status: "exited", image: "web:1", fqdn: null }
  ],
  databases: [{ uuid: "part3", name: "cache", status: "running:unknown", image: "redis:7.2" }]
}

describe("a service", () => {
  const calls: Record<
    string,
    readonly [(client: Client) => Effect.Effect<unknown, CoolifyError>, string, unknown?, unknown?]
  > = {
    list: [(c) => c.services.list, "GET /api/v1/services", undefined, []],
    create: [
      (c) =>
        c.services.create({
          projectUuid: "p",
          serverUuid: "s",
          environmentName: "production",
          name: "office",
          description: "mine",
          compose,
          urls: [{ container: "web", urls: ["https://a.example.com", "https://b.example.com"] }]
        }),
      "POST /api/v1/services",
      {
        project_uuid: "p",
        server_uuid: "s",
        environment_name: "production",
        name: "office",
        description: "mine",
        docker_compose_raw: Buffer.from(compose).toString("base64"),
        urls: [{ name: "web", url: "https://a.example.com,https://b.example.com" }],
        instant_deploy: false
      }
    ],
    "update of the text": [
      (c) => c.services.update(uuid, { compose }),
      `PATCH /api/v1/services/${uuid}`,
      { docker_compose_raw: Buffer.from(compose).toString("base64") }
    ],
    "update that takes URLs away": [
      (c) => c.services.update(uuid, { urls: [{ container: "web", urls: [] }], sharesNetwork: false }),
      `PATCH /api/v1/services/${uuid}`,
      { urls: [{ name: "web", url: "" }], connect_to_docker_network: false }
    ],
    remove: [
      (c) => c.services.remove(uuid, { deleteVolumes: false }),
      `DELETE /api/v1/services/${uuid}?delete_volumes=false&delete_connected_networks=true&delete_configurations=true&docker_cleanup=false`
    ],
    start: [(c) => c.services.start(uuid), `POST /api/v1/services/${uuid}/start`],
    stop: [(c) => c.services.stop(uuid), `POST /api/v1/services/${uuid}/stop`],
    restart: [(c) => c.services.restart(uuid), `POST /api/v1/services/${uuid}/restart`],
    logs: [
      (c) => c.services.logs(uuid, "web", 50_000, { timestamps: true }),
      `GET /api/v1/services/${uuid}/logs?sub_service_name=web&lines=10000&show_timestamps=1`,
      undefined,
      { logs: "" }
    ],
    "variables, listed": [
      (c) => c.serviceVariables.list(uuid),
      `GET /api/v1/services/${uuid}/envs`,
      undefined,
      []
    ],
    "variables, removed": [
      (c) => c.serviceVariables.remove(uuid, "var1"),
      `DELETE /api/v1/services/${uuid}/envs/var1`
    ]
  }
  for (const [name, [call, request, sent, body = { uuid }]] of Object.entries(calls)) {
    it.live(`is asked by one request: ${name}`, () =>
      Effect.gen(function* () {
        const { outcome, requests } = yield* asked({ status: 200, body }, call)
        assert.strictEqual(outcome._tag, "Right", JSON.stringify(outcome))
        assert.deepStrictEqual(requests, [{ request, sent: sent as Record<string, unknown> | undefined }])
      })
    )
  }

  it.live(
    "is not asked to change nothing: an empty list of URLs would give it a domain that Coolify makes up",
    () =>
      Effect.gen(function* () {
        const nothing = yield* asked({ status: 500 }, (c) =>
          Effect.all([
            c.services.update(uuid, {}),
            c.services.update(uuid, { urls: [] }),
            c.serviceVariables.put(uuid, [])
          ])
        )
        assert.deepStrictEqual(nothing.requests, [])
        const { requests } = yield* asked({ status: 200, body: { uuid } }, (c) =>
          c.services.update(uuid, { name: "desk", urls: [] })
        )
        assert.deepStrictEqual(requests[0]?.sent, { name: "desk" })
      })
  )

  it.live("is read with its containers, their URLs and what it lacks", () =>
    Effect.gen(function* () {
      const { outcome } = yield* asked({ status: 200, body: row }, (c) => c.services.get(uuid))
      assert.deepStrictEqual(outcome._tag === "Right" ? outcome.right : outcome.left, {
        uuid,
        name: "office",
        description: "",
        status: "degraded:unhealthy",
        compose,
        sharesNetwork: true,
        environmentId: 0,
        server: undefined,
        containers: [
          {
            uuid: "part1",
            name: "web",
            status: "running:healthy",
            image: "web:1",
            kind: "application",
            urls: ["https://a.example.com:80", "https://b.example.com"]
          },
          { uuid: "part2", name: "worker", status: "exited", image: "web:1", kind: "application", urls: [] },
          {
            uuid: "part3",
            name: "cache",
            status: "running:unknown",
            image: "redis:7.2",
            kind: "database",
            urls: []
          }
        ]
      })
      const { docker_compose_raw: _, ...bare } = row
      const hidden = yield* asked({ status: 200, body: bare }, (c) => c.services.get(uuid))
      assert.isUndefined(hidden.outcome._tag === "Right" ? hidden.outcome.right.compose : "")
    })
  )

  it.live("may have taken its new text where its URLs were refused", () =>
    Effect.gen(function* () {
      const urls = [{ container: "web", urls: ["https://a.example.com"] }]
      for (const [status, reason] of [
        [409, "Conflict"],
        [422, "Invalid"]
      ] as const) {
        for (const patch of [{ compose, urls }, { compose }]) {
          const act = { status, body: { message: "no", errors: ["no"] } }
          const { outcome } = yield* asked(act, (c) => c.services.update(uuid, patch))
          const error = outcome._tag === "Left" ? outcome.left : undefined
          assert.strictEqual(error?.reason, reason)
          assert.strictEqual(error?.outcomeUnknown, "urls" in patch)
        }
        const { outcome } = yield* asked({ status, body: { message: "no" } }, (c) =>
          c.services.create({
            projectUuid: "p",
            serverUuid: "s",
            environmentName: "production",
            name: "office",
            description: "",
            compose,
            urls
          })
        )
        assert.isFalse(outcome._tag === "Left" && outcome.left.outcomeUnknown)
      }
    })
  )

  it.live("keeps the values of its variables out of errors", () =>
    Effect.gen(function* () {
      const secret = "s3cr3t-of-the-office"
      const { outcome, requests } = yield* asked({ status: 422, body: { message: `bad: ${secret}` } }, (c) =>
        c.serviceVariables.put(uuid, [variable("A", secret)])
      )
      assert.deepStrictEqual(requests[0]?.request, `PATCH /api/v1/services/${uuid}/envs/bulk`)
      const error = outcome._tag === "Left" ? outcome.left : undefined
      assert.strictEqual(error?.method, "putServiceVariables")
      assert.isTrue(error?.outcomeUnknown)
      assert.notInclude(JSON.stringify(error), secret)
    })
  )
})
