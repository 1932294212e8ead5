/** An application that was made by hand, over the plain API, becomes fabrik's without a change. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { adopt, readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { listManaged } from "../../src/orchestrator/Managed.ts"
import { hasChanges, type Plan } from "../../src/engine/Plan.ts"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, layersOf } from "./SandboxWorld.ts"
import { noOrigin } from "../orchestrator/Samples.ts"

const call = (sandbox: SandboxHandle, method: string, path: string, body?: unknown) =>
  Effect.promise(async () => {
    const response = await fetch(
      `${sandbox.apiUrl}${sandbox.apiUrl.endsWith("/api/v1") ? "" : "/api/v1"}${path}`,
      {
        method,
        headers: {
          authorization: `Bearer ${sandbox.token}`,
          accept: "application/json",
          ...(body === undefined ? {} : { "content-type": "application/json" })
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      }
    )
    assert.isTrue(response.ok, await response.clone().text())
    return (await response.json()) as unknown
  })

const Uuid = Schema.decodeUnknownSync(Schema.Struct({ uuid: Schema.String }))

const putRecord = (sandbox: SandboxHandle) =>
  Effect.promise(() =>
    fetch(
      `${sandbox.dnsApiUrl}${sandbox.dnsApiUrl.endsWith("/api/v1") ? "" : "/api/v1"}/servers/localhost/zones/example.com.`,
      {
        method: "PATCH",
        headers: { "x-api-key": sandbox.dnsApiKey, "content-type": "application/json" },
        body: JSON.stringify({
          rrsets: [
            {
              name: "old.example.com.",
              type: "A",
              ttl: 120,
              changetype: "REPLACE",
              records: [{ content: "127.0.0.1", disabled: false }]
            }
          ]
        })
      }
    )
  )

const variants = {
  dockerimage: {
    docker_registry_image_name: "ghcr.io/example/api",
    docker_registry_image_tag: "1.4.0",
    ports_exposes: "3000",
    health_check_enabled: true,
    health_check_path: "/up",
    limits_memory: "512m"
  },
  public: {
    git_repository: "https://github.com/example/api",
    git_branch: "main",
    build_pack: "dockerfile",
    dockerfile_location: "/docker/Dockerfile",
    ports_exposes: "8080"
  },
  dockerfile: { dockerfile: Buffer.from("FROM nginx:1.27\nEXPOSE 80\n").toString("base64") }
}

const makeByHand = Effect.fn("makeByHand")(function* (
  sandbox: SandboxHandle,
  variant: keyof typeof variants
) {
  const [server] = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ uuid: Schema.String })))(
    yield* call(sandbox, "GET", "/servers")
  )
  const project = Uuid(yield* call(sandbox, "POST", "/projects", { name: "Legacy", description: "by hand" }))
  const application = Uuid(
    yield* call(sandbox, "POST", `/applications/${variant}`, {
      project_uuid: project.uuid,
      server_uuid: server?.uuid,
      environment_name: "production",
      name: "Old API",
      description: "the shop",
      domains: "https://old.example.com",
      ...variants[variant]
    })
  )
  for (const [key, value] of Object.entries({
    LOG_LEVEL: "info",
    DATABASE_URL: "postgres://u:hunter2@db/x"
  })) {
    yield* call(sandbox, "POST", `/applications/${application.uuid}/envs`, { key, value })
  }
  yield* putRecord(sandbox)
  return application.uuid
})

describe("adopting what was made by hand", () => {
  for (const variant of ["dockerimage", "public", "dockerfile"] as const) {
    it.scopedLive(`${variant}: its plan changes no field, and an apply makes it fabrik's`, () =>
      Effect.gen(function* () {
        const sandbox = yield* testSandbox({ seed: { zones: ["example.com"] } })
        const uuid = yield* makeByHand(sandbox, variant)
        const adoptable = yield* Effect.gen(function* () {
          const found = yield* readAdoptable({
            application: "Old API",
            project: undefined,
            environment: undefined,
            dns: true
          })
          yield* adopt(found, { mode: "sandbox", confirm: () => Effect.succeed(true), origin: noOrigin })
          const [listed] = yield* listManaged
          assert.include({ ...listed }, { uuid, ours: true, project: "Legacy", name: "Old API" })
          return found
        }).pipe(Effect.provide(layersOf(sandbox)))
        assert.notInclude(adoptable.text, "hunter2")
        const { spec } = adoptable

        const plans: Array<Plan> = []
        const plan = yield* applyTo(sandbox, spec, { command: "plan", mode: "dry-run" })
        for (const { event } of plan.events) if (event._tag === "Planned") plans.push(event.plan)
        const changed = (plans[0]?.changes ?? []).filter(({ action }) => action !== "unchanged")
        assert.deepStrictEqual(
          changed.map(({ kind, name, action }) => `${action} ${kind} ${name}`).toSorted(),
          ["create deployment old-api", "update variable LOG_LEVEL"]
        )

        const applied = yield* applyTo(sandbox, spec)
        assert.isTrue(Either.isRight(applied.result), JSON.stringify(applied.result))
        const again = yield* applyTo(sandbox, spec)
        const last = again.events.findLast(({ event }) => event._tag === "Planned")?.event
        assert.isTrue(last?._tag === "Planned" && !hasChanges(last.plan))
        const rows = JSON.stringify(yield* call(sandbox, "GET", `/applications/${uuid}/envs`))
        assert.include(rows, "hunter2")
      })
    )
  }
})
