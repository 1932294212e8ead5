/** What files hold may be a secret: where it is never seen. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { Progress, type Emitted } from "../../src/engine/DeploymentEvent.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { MemoryJournals } from "../../src/state/MemoryJournals.ts"
import { CoolifyInMemory } from "../support/CoolifyInMemory.ts"
import { ended, layer } from "../support/DirectWorld.ts"
import { applyOptions, spec as base } from "./Samples.ts"

const holding = (text: string): Spec => ({
  ...base,
  files: [{ path: "/etc/app.conf", from: "./app.conf", content: Redacted.make(text), losesBreak: false }]
})

describe("what a file holds", () => {
  it.effect("stands in no journal and no event, and is back when its update fails", () =>
    Effect.gen(function* () {
      const told = yield* Ref.make<ReadonlyArray<unknown>>([])
      const journals = yield* MemoryJournals
      const noteJournal = Effect.flatMap(Ref.get(journals), (all) =>
        Ref.update(told, (before) => [...before, ...all.values()])
      )
      const emit = (event: Emitted) =>
        Effect.zipRight(
          noteJournal,
          Ref.update(told, (before) => [...before, event])
        )
      const run = (spec: Spec, healthy: boolean) =>
        ended(apply(spec, applyOptions).pipe(Effect.provideService(Progress, { emit })), healthy)
      Either.getOrThrow(yield* run(holding("password = old-one\n\u00e9"), true))
      assert.isTrue(Either.isLeft(yield* run(holding("password = new-one"), false)))
      const { api } = yield* CoolifyInMemory
      const { containers, disk } = yield* api.world
      assert.deepStrictEqual(
        [...containers.flatMap(({ files }) => files), ...disk].map(({ content }) => content),
        ["password = old-one\n\u00e9", "password = old-one\n\u00e9"]
      )
      const all = JSON.stringify(yield* Ref.get(told))
      assert.include(all, "/etc/app.conf")
      assert.include(all, "coolify/file")
      assert.notMatch(all, /old-one|new-one/)
    }).pipe(Effect.provide(layer()))
  )
})
