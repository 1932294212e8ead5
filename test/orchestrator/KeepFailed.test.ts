/** A first apply that fails and is left standing, and all that may come after it. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import type { Spec } from "../../src/appspec/Spec.ts"
import { ofRunError } from "../../src/cli/ExitCode.ts"
import { RefusedError } from "../../src/engine/DeployError.ts"
import { type Emitted, Progress } from "../../src/engine/DeploymentEvent.ts"
import { journalName, peek } from "../../src/engine/RunJournal.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { rollBackOpen } from "../../src/orchestrator/Recover.ts"
import { MemoryJournals } from "../../src/state/MemoryJournals.ts"
import { renderRunError } from "../../src/ui/Failure.ts"
import { plainStyle } from "../../src/ui/Style.ts"
import { applied, destroyed, ended, failed, ok, test, world } from "../support/DirectWorld.ts"
import { probe } from "../support/Probe.ts"
import { applyOptions, spec } from "./Samples.ts"

const keepFailed = { pages: "https://coolify.example.com" }
const journal = journalName("default", spec)
const recovered = Effect.suspend(() => ended(rollBackOpen(journal, { mode: "sandbox", ...spec })))
const open = Effect.map(Effect.flatMap(MemoryJournals, Ref.get), ({ size }) => size)

/** Fails as nothing answers, and stays. */
const kept = (wanted: Spec = spec) =>
  Effect.gen(function* () {
    const before = yield* world
    const error = failed(yield* applied(wanted, { keepFailed }, false))
    if (error._tag !== "RunError") return assert.fail(error.message)
    assert.strictEqual(error.report.outcome, "kept")
    return { before, error }
  })

describe("a first apply with --keep-failed", () => {
  test(
    "is left standing when it fails, says what and where, and is taken away by recover --rollback",
    Effect.gen(function* () {
      const { before, error } = yield* kept()
      const { coolify, records } = yield* world
      const [application = assert.fail("nothing stands")] = coolify.applications
      assert.strictEqual(records.length, 1)
      assert.strictEqual(ofRunError(error), 11)
      const page = error.report.kept?.pages.join() ?? ""
      assert.match(
        page,
        new RegExp(
          `^https://coolify[.]example[.]com/project/\\w+/environment/\\w+/application/${application.uuid}$`
        )
      )
      const { made = [], perhaps } = error.report.kept ?? {}
      assert.deepStrictEqual(made.toSorted(), [
        "application api",
        "project fabrik",
        "record api.example.com A"
      ])
      assert.deepStrictEqual(perhaps, [])
      assert.deepStrictEqual(error.report.undone, [])
      const told = renderRunError(error, plainStyle, "fabrik recover --sandbox").join("\n")
      assert.include(told, `  In Coolify: ${page}\n`)
      assert.include(told, "  To take it away: fabrik recover --sandbox --rollback\n")
      // As that of a run that was killed: with nothing decided.
      assert.strictEqual((yield* peek(journal))?.decision, "none")
      assert.strictEqual((yield* ok(recovered)).outcome, "rolled-back")
      assert.deepStrictEqual([yield* world, yield* open], [before, 0])
    })
  )

  test(
    "is gone on with by the next apply, of another spec too",
    Effect.gen(function* () {
      yield* kept()
      const mended = { ...spec, domains: ["other.example.com"], env: { LOG_LEVEL: "debug" } }
      assert.strictEqual((yield* ok(applied(mended))).outcome, "complete")
      const { coolify, records } = yield* world
      assert.lengthOf(coolify.applications, 1)
      assert.deepStrictEqual(
        records.map(({ name }) => name),
        ["other.example.com"]
      )
      assert.strictEqual(yield* open, 0)
    })
  )

  test(
    "goes with the next apply, should that fail without the flag",
    Effect.gen(function* () {
      const { before } = yield* kept()
      const error = failed(yield* applied(spec, {}, false))
      assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
      assert.deepStrictEqual([yield* world, yield* open], [before, 0])
    })
  )

  test(
    "stays once more, and all of both runs is taken away in the end",
    Effect.gen(function* () {
      const { before } = yield* kept()
      const again = yield* kept({ ...spec, domains: ["other.example.com"] })
      const { made = [], perhaps = [] } = again.error.report.kept ?? {}
      assert.include(made, "record other.example.com A")
      assert.include(perhaps, "application api")
      assert.lengthOf((yield* world).coolify.applications, 1)
      assert.strictEqual((yield* ok(recovered)).outcome, "rolled-back")
      assert.deepStrictEqual([yield* world, yield* open], [before, 0])
    })
  )

  test(
    "is deleted by destroy like any other",
    Effect.gen(function* () {
      const { before } = yield* kept()
      yield* ok(destroyed(spec))
      assert.deepStrictEqual([yield* world, yield* open], [before, 0])
    })
  )

  test(
    "is undone as ever when it is interrupted",
    Effect.gen(function* () {
      const before = yield* world
      const fiber = yield* apply(spec, { ...applyOptions, keepFailed }).pipe(
        Effect.provideService(HealthProbe, { ...probe(true), get: () => Effect.never }),
        Effect.fork
      )
      yield* Effect.repeat(Effect.zipRight(TestClock.adjust("100 millis"), world), {
        until: ({ coolify }) => coolify.applications.length === 1
      })
      yield* Effect.zipRight(Fiber.interruptFork(fiber), TestClock.adjust("3 hours"))
      yield* Fiber.await(fiber)
      assert.deepStrictEqual([yield* world, yield* open], [before, 0])
    })
  )

  test(
    "is undone where it is only taken back with another that has failed",
    Effect.gen(function* () {
      const before = yield* world
      const agree = new RefusedError({ reason: "Withdrawn", detail: "worker does not stand", next: "" })
      const error = failed(yield* applied(spec, { keepFailed, agree }))
      assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
      assert.deepStrictEqual([yield* world, yield* open], [before, 0])
    })
  )

  test(
    "is no help for an update: that is undone, and it is said before the plan",
    Effect.gen(function* () {
      yield* ok(applied(spec))
      const before = yield* world
      const events: Array<Emitted["event"]> = []
      const update = { ...spec, env: { LOG_LEVEL: "debug" } }
      const error = failed(
        yield* applied(update, { keepFailed }, false).pipe(
          Effect.provideService(Progress, { emit: ({ event }) => Effect.sync(() => void events.push(event)) })
        )
      )
      assert.strictEqual(error._tag === "RunError" ? error.report.outcome : error._tag, "rolled-back")
      assert.deepStrictEqual([yield* world, yield* open], [before, 0])
      const said = events.findIndex(
        (event) => event._tag === "Warning" && event.message.startsWith("--keep-failed")
      )
      assert.isTrue(said >= 0 && said < events.findIndex(({ _tag }) => _tag === "Planned"))
    })
  )
})
