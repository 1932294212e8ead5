/** What Coolify has of a spec, but no container: nobody may call it applied. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Ref from "effect/Ref"
import type { SandboxHandle } from "../../src/sandbox/SandboxHandle.ts"
import { testSandbox } from "../sandbox/TestSandbox.ts"
import { applyTo, destroyFrom, specOf } from "./SandboxWorld.ts"

/** Past fabrik's clients. */
const byHand = (sandbox: SandboxHandle, method: string, path: string, body?: unknown) =>
  Effect.promise(async () => {
    const answer = await fetch(`${sandbox.apiUrl}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${sandbox.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    assert.isTrue(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`)
    return answer.json() as Promise<unknown>
  })

const set = (sandbox: SandboxHandle, uuid: string | undefined, key: string, value: string) =>
  byHand(sandbox, "PATCH", `/applications/${uuid}/envs`, { key, value, is_literal: true, comment: "by hand" })

/** Until that many deployments have ended. */
const deployed = (sandbox: SandboxHandle, uuid: string | undefined, times: number) =>
  sandbox.requests.pipe(
    Effect.zipRight(byHand(sandbox, "GET", `/deployments/applications/${uuid}`)),
    Effect.repeat({
      until: (list) =>
        (list as { readonly deployments: ReadonlyArray<{ readonly status: string }> }).deployments.filter(
          ({ status }) => status === "finished"
        ).length === times
    })
  )

const outcomeOf = ({ result }: Effect.Effect.Success<ReturnType<typeof applyTo>>) =>
  Either.match(result, { onLeft: (error) => error.report.outcome, onRight: ({ outcome }) => outcome })

it.scopedLive("a variable that was written since is deployed, and one that was deployed since is not", () =>
  Effect.gen(function* () {
    const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
    const seen = Effect.map(sandbox.world, ({ coolify: { containers } }) => containers[0]?.env)
    const spec = specOf()
    yield* applyTo(sandbox, spec)
    const [application] = (yield* sandbox.world).coolify.applications
    const uuid = application?.uuid

    // Another value was deployed for a while, and the spec's is back without a deployment.
    yield* set(sandbox, uuid, "GREETING", "hallo")
    yield* byHand(sandbox, "POST", `/deploy?uuid=${uuid}`)
    yield* deployed(sandbox, uuid, 2)
    assert.strictEqual((yield* seen)?.["GREETING"], "hallo")
    yield* set(sandbox, uuid, "GREETING", "hello")
    // A secret that nobody gives stays as the application has it, which its container does not yet.
    yield* set(sandbox, uuid, "API_KEY", "from the dashboard")
    const told = yield* applyTo(sandbox, spec, { mode: "dry-run" })
    assert.include(
      JSON.stringify(told.events),
      "API_KEY, GREETING were written at Coolify and not deployed since"
    )
    assert.strictEqual(outcomeOf(yield* applyTo(sandbox, spec)), "complete")
    assert.deepInclude(yield* seen, { GREETING: "hello", API_KEY: "from the dashboard" })
    assert.strictEqual(outcomeOf(yield* applyTo(sandbox, spec)), "unchanged")

    yield* set(sandbox, uuid, "API_KEY", "once more")
    yield* byHand(sandbox, "POST", `/deploy?uuid=${uuid}`)
    yield* deployed(sandbox, uuid, 4)
    assert.strictEqual(outcomeOf(yield* applyTo(sandbox, spec)), "unchanged")
    assert.strictEqual((yield* seen)?.["API_KEY"], "once more")

    // What a run puts back was never deployed otherwise.
    const broken = { ...spec, env: { GREETING: "bye", SANDBOX_APP: "fail-build" } }
    assert.strictEqual(outcomeOf(yield* applyTo(sandbox, broken)), "rolled-back")
    assert.strictEqual(outcomeOf(yield* applyTo(sandbox, spec)), "unchanged")
  })
)

it.scopedLive("a record that somebody else made of a domain stays, and destroy says so", () =>
  Effect.gen(function* () {
    const sandbox = yield* testSandbox({ seed: { domains: ["api.example.com"] } })
    const spec = specOf()
    yield* applyTo(sandbox, spec)
    yield* Effect.promise(() =>
      fetch(`${sandbox.dnsApiUrl}/api/v1/servers/localhost/zones/example.com.`, {
        method: "PATCH",
        headers: { "x-api-key": sandbox.dnsApiKey, "content-type": "application/json" },
        body: JSON.stringify({
          rrsets: [
            {
              name: "api.example.com.",
              type: "A",
              ttl: 600,
              changetype: "REPLACE",
              records: [{ content: "192.0.2.7", disabled: false }],
              comments: []
            }
          ]
        })
      })
    )
    const plans = yield* Ref.make("")
    const confirm = (plan: unknown) => Effect.as(Ref.set(plans, JSON.stringify(plan)), true)
    yield* destroyFrom(sandbox, spec, { confirm })
    assert.include(
      yield* Ref.get(plans),
      "The record api.example.com A 192.0.2.7 stays: fabrik did not make it for api."
    )
    const [zone] = (yield* sandbox.world).zones
    assert.include(JSON.stringify(zone), "192.0.2.7")
  })
)
