/** What a token without `read:sensitive` cannot look at is never said to be as the spec wants it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Spec } from "../../src/appspec/Spec.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { status } from "../../src/orchestrator/Status.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { plainStyle } from "../../src/ui/Style.ts"
import { renderPlan } from "../../src/ui/PlanView.ts"
import { renderStatus } from "../../src/ui/StatusView.ts"
import { CoolifyInMemory } from "../support/CoolifyInMemory.ts"
import { applied, failed, layer, ok, planned, world } from "../support/DirectWorld.ts"
import { probe } from "../support/Probe.ts"
import { spec as base } from "./Samples.ts"

const asking: Spec = {
  ...base,
  env: {},
  secrets: [],
  basicAuth: { username: "guest", secret: "API_KEY" },
  files: [{ path: "/etc/app.conf", content: Redacted.make("a = 1"), losesBreak: false }]
}

const style = { ...plainStyle, columns: 400 }

const shown = (wanted: Spec) =>
  Effect.gen(function* () {
    const plan = yield* planned(wanted)
    if (plan === undefined) return yield* Effect.dieMessage("no plan")
    const seen = yield* status(wanted, { skipDns: true, holder: Effect.succeed(undefined) }).pipe(
      Effect.provideService(HealthProbe, probe(true))
    )
    return {
      changes: plan.changes.filter(({ action }) => action !== "unchanged"),
      unseen: plan.unseen,
      plan: renderPlan(plan, [], style).join("\n"),
      status: renderStatus(seen, style).join("\n")
    }
  })

/** As somebody does it in Coolify. */
const passwordByHand = Effect.flatMap(CoolifyInMemory, ({ edit }) =>
  edit((state) => ({
    ...state,
    applications: state.applications.map((row) => ({
      ...row,
      columns: { ...row.columns, http_basic_auth_password: "by hand" }
    }))
  }))
)

describe("a token that may not read secrets", () => {
  const plain = layer(["read", "write", "deploy"])

  it.effect("plans nothing for a password and a file, and says that it could not look at them", () =>
    Effect.gen(function* () {
      yield* ok(applied(asking))
      yield* passwordByHand
      const { changes, plan, status, unseen } = yield* shown(asking)
      assert.deepStrictEqual(changes, [])
      assert.sameMembers([...(unseen ?? [])], ["basicAuth", "/etc/app.conf"])
      assert.include(plan, "is as its specification says, as far as the token may look.")
      assert.include(plan, "The token may not read the password of `basicAuth` (read:sensitive)")
      assert.include(plan, "so /etc/app.conf could not be looked at")
      assert.include(status, "would change nothing, as far as the token may look")
      assert.include(status, "Everything is as the spec says, as far as the token may look.")
    }).pipe(Effect.provide(plain))
  )

  it.effect("is refused a change of what it could not put back", () =>
    Effect.gen(function* () {
      yield* ok(applied(asking))
      const before = yield* world
      const other = Effect.provide(secretMemory({ API_KEY: "another" }))
      assert.include(
        failed(yield* other(applied(asking))).message,
        "the token may not read the password that the application's visitors are asked for now"
      )
      assert.deepStrictEqual(yield* world, before)
    }).pipe(Effect.provide(plain))
  )
})

describe("a token that may read secrets", () => {
  it.effect("sees a password that was changed by hand", () =>
    Effect.gen(function* () {
      yield* ok(applied(asking))
      const same = yield* shown(asking)
      assert.isUndefined(same.unseen)
      assert.include(same.plan, "is as its specification says.")
      assert.include(same.status, "Everything is as the spec says.")
      yield* passwordByHand
      const { changes } = yield* shown(asking)
      assert.deepStrictEqual(
        changes.flatMap(({ fields }) => fields.map(({ field }) => field)),
        ["basicAuth.password"]
      )
    }).pipe(Effect.provide(layer()))
  )
})
