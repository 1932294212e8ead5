/** What Coolify's own web server serves of a repository: `build.publish`, `build.spa`. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { parseSpec } from "../../src/appspec/ParseSpec.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { readAdoptable } from "../../src/orchestrator/Adopt.ts"
import {
  applied,
  changesOf,
  ended,
  failed,
  ok,
  planned,
  test,
  world,
  writes
} from "../support/DirectWorld.ts"
import { spec as base } from "./Samples.ts"

const of = (build: string): Spec => ({
  ...Either.getOrThrow(
    parseSpec(
      [
        `name: ${base.name}`,
        `project: ${base.project}`,
        `environment: ${base.environment}`,
        `domain: ${base.domains[0]}`,
        "source: { git: https://github.com/acme/site }",
        `build: ${build}`
      ].join("\n"),
      "spec.yaml"
    )
  ),
  server: base.server
})
const spec = of("{ command: npm run build, publish: dist, spa: true }")

const served = Effect.map(world, ({ coolify }) => {
  const [one] = coolify.applications
  return [one?.columns["publish_directory"], one?.settings["is_static"], one?.settings["is_spa"]]
})

describe("a folder of files that nixpacks built", () => {
  test(
    "is served as the spec says, and left alone from then on",
    Effect.gen(function* () {
      assert.strictEqual(spec.port, 80)
      yield* ok(applied(spec))
      assert.deepStrictEqual(yield* served, ["/dist", true, true])
      const before = yield* writes
      yield* ok(applied(spec))
      assert.deepStrictEqual(yield* writes, before)
      const written = yield* ok(
        ended(
          readAdoptable({ application: base.name, project: undefined, environment: undefined, dns: true })
        )
      )
      assert.deepStrictEqual(written.spec.build, spec.build)
      assert.deepStrictEqual(yield* changesOf(written.spec), [])
    })
  )

  test(
    "edited by hand in Coolify is drift, and put right",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const coolify = yield* CoolifyClient
      const [one] = (yield* world).coolify.applications
      const now = yield* coolify.applications.get(one?.uuid ?? "")
      yield* coolify.applications.update(
        now.uuid,
        { plain: { publish_directory: "/out", is_spa: "false" } },
        now
      )
      const plan = yield* planned(spec)
      const line = plan?.changes.find(({ kind }) => kind === "application")
      assert.strictEqual(line?.drifted, true)
      assert.deepStrictEqual(
        line?.fields.map(({ field }) => field),
        ["build.publish", "build.spa"]
      )
      yield* ok(applied(spec))
      assert.deepStrictEqual(yield* served, ["/dist", true, true])
    })
  )

  test(
    "is served as before when an update fails, and no more once the spec does not say so",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const before = yield* world
      failed(yield* applied(of("{ command: npm run build, publish: out }"), {}, false))
      assert.deepStrictEqual(yield* world, before)
      yield* ok(applied({ ...of("{ command: npm run build, publish: out }"), port: 80 }))
      assert.deepStrictEqual(yield* served, ["/out", true, false])
      yield* ok(applied({ ...spec, build: { env: [] } }))
      assert.deepStrictEqual(yield* served, [null, false, false])
    })
  )
})
