/** A run whose lock another may have taken since: what it cannot write down, it neither sends nor undoes. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import type { Spec } from "../../src/appspec/Spec.ts"
import { SecretStore } from "../../src/secrets/SecretStore.ts"
import { JournalError, Journals } from "../../src/state/Journals.ts"
import { MemoryJournals } from "../../src/state/MemoryJournals.ts"
import { applied, failed, test, world, writes } from "../support/DirectWorld.ts"
import { spec } from "./Samples.ts"

const changed: Spec = { ...spec, env: { ...spec.env, GREETING: "another" } }

/** From the request of this number on, nothing is written any more. */
const losing = (reason: "Lost" | "Unavailable", at: number) =>
  Effect.map(Journals, (journals) => {
    let sent = 0
    return Journals.of({
      ...journals,
      open: (name) =>
        Effect.map(journals.open(name), (journal) => ({
          ...journal,
          append: (entry, options) => {
            if (Predicate.isTagged(entry, "Sending")) sent += 1
            return sent >= at
              ? new JournalError({ reason, file: "the journal", detail: "is gone" })
              : journal.append(entry, options)
          },
          remove: Effect.suspend(() => (sent >= at ? Effect.die("it was removed") : journal.remove))
        }))
    })
  })

describe("a run that is cut off from its journal", () => {
  test(
    "sends nothing more when it has lost its lock, not even to undo, and leaves the journal to who goes on",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const before = (yield* writes).length
      const result = yield* applied(changed).pipe(Effect.provideServiceEffect(Journals, losing("Lost", 2)))
      const sent = (yield* writes).slice(before).filter((method) => method !== "has")
      assert.deepStrictEqual(sent, ["putVariables"])
      const error = failed(result)
      assert.deepInclude(error, { _tag: "RunError" })
      if (error._tag !== "RunError") return
      assert.strictEqual(error.report.outcome, "leftovers")
      assert.isTrue(error.report.leftovers.every(({ recoverable }) => recoverable))
      const journals = yield* Ref.get(yield* MemoryJournals)
      assert.lengthOf([...journals.values()], 1)
      Either.getOrThrow(yield* applied(changed))
      assert.lengthOf([...(yield* Ref.get(yield* MemoryJournals)).values()], 0)
    })
  )

  test(
    "leaves what it holds to who goes on when it learns at its very end that another has it",
    Effect.gen(function* () {
      const asked: Array<string> = []
      const journals = yield* Journals
      const losing = Journals.of({
        ...journals,
        open: (name) =>
          Effect.map(journals.open(name), (journal) => ({
            ...journal,
            append: (entry, options) =>
              Predicate.isTagged(entry, "Closed")
                ? new JournalError({ reason: "Lost", file: "the journal", detail: "is another's" })
                : journal.append(entry, options),
            remove: Effect.sync(() => void asked.push("remove"))
          }))
      })
      const secrets = yield* SecretStore
      const keeping = SecretStore.of({
        ...secrets,
        forget: (group) => Effect.sync(() => void asked.push(`forget ${group}`))
      })
      Either.getOrThrow(
        yield* applied(spec).pipe(
          Effect.provideService(Journals, losing),
          Effect.provideService(SecretStore, keeping)
        )
      )
      assert.deepStrictEqual(asked, [])
      assert.lengthOf([...(yield* Ref.get(yield* MemoryJournals)).values()], 1)
    })
  )

  test(
    "puts everything back when nobody can be asked for it",
    Effect.gen(function* () {
      Either.getOrThrow(yield* applied(spec))
      const before = yield* world
      const result = yield* applied(changed).pipe(
        Effect.provideServiceEffect(
          Journals,
          Effect.map(losing("Unavailable", 2), (journals) => ({
            ...journals,
            open: (name: string) =>
              Effect.map(journals.open(name), (journal) => ({ ...journal, remove: Effect.void }))
          }))
        )
      )
      const error = failed(result)
      assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
      assert.deepStrictEqual(yield* world, before)
    })
  )
})
