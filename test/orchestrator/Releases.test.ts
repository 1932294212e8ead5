import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type { Outcome } from "../../src/engine/DeploymentEvent.ts"
import {
  chooseRelease,
  deployedElsewhere,
  recordRelease,
  withKeptFiles
} from "../../src/orchestrator/Releases.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { History, type Release } from "../../src/state/History.ts"
import { spec } from "./Samples.ts"

const release = (id: string, text: string): Release => ({ release: id.padEnd(12, "0"), at: 0, text })

const memory = Layer.effect(
  History,
  Effect.map(Ref.make<ReadonlyArray<Release>>([]), (releases) => ({
    list: () => Ref.get(releases),
    record: (_subject: unknown, added: Release) => Ref.update(releases, (all) => [...all, added])
  }))
)

const finished = (outcome: Outcome, text: string, backTo?: string) => ({
  spec,
  text,
  run: "000000000001",
  report: {
    _tag: "RunFinished" as const,
    outcome,
    url: null,
    undone: [],
    leftovers: [],
    interrupted: false,
    millis: 1
  },
  backTo,
  coolify: "https://coolify.example.com"
})

const texts = Effect.flatMap(History, (history) =>
  Effect.map(history.list(spec), (all) => all.map(({ text }) => text))
)

/** A spec with a file beside it that holds this text. */
const withFile = (text: string) => ({
  ...spec,
  files: [{ path: "/etc/a", from: "./a", content: Redacted.make(text), losesBreak: false }]
})

describe("what files beside a spec held", () => {
  it.effect("is kept with the release, which another text makes another one", () =>
    Effect.gen(function* () {
      for (const [index, text] of ["one", "two"].entries()) {
        const run = `00000000000${index}`
        yield* recordRelease({ ...finished("complete", "same"), spec: withFile(text), run })
      }
      const releases = yield* (yield* History).list(spec)
      assert.notInclude(JSON.stringify(releases), "one")
      const earlier = yield* chooseRelease(releases, undefined)
      assert.strictEqual(earlier.release, "000000000000")
      const { missing, spec: then } = yield* withKeptFiles(withFile("now"), earlier.release)
      assert.deepStrictEqual(missing, [])
      assert.strictEqual(then.files?.[0]?.content && Redacted.value(then.files[0].content), "one")
      assert.deepStrictEqual((yield* withKeptFiles(withFile("now"), "0123456789ab")).missing, ["./a"])
    }).pipe(Effect.provide(memory), Effect.provide(secretMemory()))
  )
})

describe("recordRelease", () => {
  it.effect("notes a success, and nothing else", () =>
    Effect.gen(function* () {
      yield* recordRelease(finished("rolled-back", "a"))
      yield* recordRelease(finished("declined", "b"))
      yield* recordRelease(finished("planned", "c"))
      assert.deepStrictEqual(yield* texts, [])
      yield* recordRelease(finished("unchanged", "first known"))
      yield* recordRelease(finished("complete", "d"))
      yield* recordRelease(finished("unchanged", "e"))
      yield* recordRelease(finished("unchanged", "back", "000000000009"))
      assert.deepStrictEqual(yield* texts, ["first known", "d", "back"])
      const [, , last] = yield* (yield* History).list(spec)
      assert.strictEqual(last?.backTo, "000000000009")
      assert.strictEqual(last?.coolify, "https://coolify.example.com")
    }).pipe(Effect.provide(memory), Effect.provide(secretMemory()))
  )
})

describe("deployedElsewhere", () => {
  it("says of a release that it was deployed to another Coolify, where both are known", () => {
    const known = { ...release("aa1", "one"), coolify: "https://a.example.com" }
    assert.match(
      deployedElsewhere(known, "https://b.example.com") ?? "",
      /to the Coolify at https:\/\/a\.example\.com, and this one is at https:\/\/b\.example\.com/
    )
    assert.isUndefined(deployedElsewhere(known, "https://a.example.com"))
    assert.isUndefined(deployedElsewhere(known, undefined))
    assert.isUndefined(deployedElsewhere(release("aa1", "one"), "https://b.example.com"))
  })
})

describe("chooseRelease", () => {
  const one = release("aa1", "one")
  const two = release("aa2", "two")
  const chosen = (releases: ReadonlyArray<Release>, to?: string) =>
    Either.match(chooseRelease(releases, to), {
      onLeft: ({ reason }) => reason,
      onRight: ({ release }) => release
    })

  it("takes the newest with another spec", () => {
    assert.strictEqual(chosen([one, two]), one.release)
    assert.strictEqual(chosen([one, two, { ...two, release: "bb0000000000" }]), one.release)
    assert.strictEqual(chosen([one, two, { ...one, release: "bb0000000000" }]), two.release)
  })

  it("takes the one that is named by its first digits, if there is but one", () => {
    assert.strictEqual(chosen([one, two], "AA1"), one.release)
    assert.strictEqual(chosen([one, two], two.release), two.release)
    assert.strictEqual(chosen([one, two], "aa"), "NoRelease")
    assert.strictEqual(chosen([one, two], "ff"), "NoRelease")
  })

  it("refuses where there is nothing to go back to", () => {
    assert.strictEqual(chosen([]), "NoRelease")
    assert.strictEqual(chosen([], "aa"), "NoRelease")
    assert.strictEqual(chosen([one]), "NoRelease")
    assert.strictEqual(chosen([one, { ...one, release: "bb0000000000" }]), "NoRelease")
  })
})
