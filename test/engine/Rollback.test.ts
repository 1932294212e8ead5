import { assert, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { layerMemory as nobody } from "../support/coolify/CoolifyMemory.ts"
import { lookForLate } from "../../src/engine/Late.ts"
import type { Undone, UndoFailure } from "../../src/engine/Change.ts"
import { Pace } from "../../src/engine/Pace.ts"
import { withUndo as withUndoing } from "../../src/engine/Rollback.ts"
import { makeReadingRun, Run, type Ledger } from "../../src/engine/Run.ts"

/** Runs `program` in a scope of its own and tells how the undos went. */
const inRun = <A, E>(
  program: (note: (what: string) => Effect.Effect<void>) => Effect.Effect<A, E, Run | Scope.Scope>
) =>
  Effect.gen(function* () {
    const run = yield* makeReadingRun
    const log = yield* Ref.make<ReadonlyArray<string>>([])
    const note = (what: string) => Ref.update(log, (entries) => [...entries, what])
    const fiber = yield* Effect.fork(
      Effect.scoped(program(note)).pipe(
        Effect.ensuring(Effect.provide(lookForLate, nobody())),
        Effect.provideService(Run, run),
        Effect.exit
      )
    )
    return { run, fiber, log: Ref.get(log) }
  })

const undoing = (note: (what: string) => Effect.Effect<void>, what: string) =>
  Effect.as(note(`undo ${what}`), "undone" as const)

/** What is told of an undo is its data: of this one `project a`. */
const undoOf = (name: string) =>
  ({
    id: 1,
    run: "run",
    address: { kind: "toy/project", name },
    what: `project ${name}`,
    next: `delete the project ${name} in Coolify`,
    way: "removed"
  }) as const

const withUndo = <A, E, R>(
  recorded: ReturnType<typeof undoOf>,
  act: Effect.Effect<A, E, R>,
  perform: Effect.Effect<Undone, UndoFailure>
) => withUndoing(recorded, act, { perform, late: "once" })

const change = (note: (what: string) => Effect.Effect<void>, what: string) =>
  withUndo(undoOf(what), note(what), undoing(note, what))

/** What was undone, all of it by its removal. */
const removedIn = ({ undone }: Ledger): ReadonlyArray<string> =>
  undone.map(({ how, what }) => (how === "removed" ? what : `${what} was ${how}`))

it.effect("keeps everything when the scope succeeds", () =>
  Effect.gen(function* () {
    const { fiber, log, run } = yield* inRun((note) => Effect.zipRight(change(note, "a"), change(note, "b")))
    assert.isTrue(Exit.isSuccess(yield* Fiber.join(fiber)))
    assert.deepStrictEqual(yield* log, ["a", "b"])
    assert.deepInclude(yield* Ref.get(run.ledger), { changes: 2, pending: 0, undone: [], leftovers: [] })
  })
)

it.effect("undoes in reverse when a later change fails, the failed one included", () =>
  Effect.gen(function* () {
    const { fiber, log, run } = yield* inRun((note) =>
      Effect.gen(function* () {
        yield* change(note, "a")
        yield* change(note, "b")
        yield* withUndo(undoOf("c"), Effect.fail("refused"), undoing(note, "c"))
      })
    )
    assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.fail("refused"))
    assert.deepStrictEqual(yield* log, ["a", "b", "undo c", "undo b", "undo a"])
    assert.deepStrictEqual(removedIn(yield* Ref.get(run.ledger)), ["project c", "project b", "project a"])
  })
)

it.effect("interrupts a change that hangs and still undoes it", () =>
  Effect.gen(function* () {
    const { fiber, log } = yield* inRun((note) =>
      Effect.zipRight(
        change(note, "a"),
        withUndo(undoOf("b"), Effect.zipRight(note("b"), Effect.never), undoing(note, "b"))
      )
    )
    yield* TestClock.adjust("1 second")
    yield* Fiber.interruptFork(fiber)
    yield* TestClock.adjust("30 seconds")
    yield* Fiber.await(fiber)
    assert.deepStrictEqual(yield* log, ["a", "b", "undo b", "undo a"])
  })
)

it.effect("interrupts at once: an acquisition would have made Ctrl-C wait", () =>
  Effect.gen(function* () {
    const started = yield* Deferred.make<void>()
    const { fiber, log } = yield* inRun((note) =>
      withUndo(
        undoOf("slow"),
        Effect.zipRight(Deferred.succeed(started, undefined), Effect.sleep("1 hour")),
        undoing(note, "slow")
      )
    )
    yield* Deferred.await(started)
    yield* Fiber.interruptFork(fiber)
    // Far less than the change would take: the undo has begun because the change is interruptible.
    yield* TestClock.adjust("1 milli")
    assert.deepStrictEqual(yield* log, ["undo slow"])
    yield* TestClock.adjust("1 minute")
    yield* Fiber.await(fiber)
  })
)

it.effect("is not cut off by an interruption that comes while it is under way", () =>
  Effect.gen(function* () {
    const { fiber, log, run } = yield* inRun((note) =>
      Effect.gen(function* () {
        yield* change(note, "a")
        yield* withUndo(undoOf("b"), note("b"), Effect.delay(undoing(note, "b"), "1 second"))
        yield* Effect.fail("over")
      })
    )
    yield* TestClock.adjust("500 millis")
    yield* Fiber.interruptFork(fiber)
    yield* TestClock.adjust("1 second")
    yield* Fiber.await(fiber)
    assert.deepStrictEqual(yield* log, ["a", "b", "undo b", "undo a"])
    assert.deepStrictEqual((yield* Ref.get(run.ledger)).leftovers, [])
  })
)

it.effect("goes on after an undo that fails or dies, and names what it left", () =>
  Effect.gen(function* () {
    const { fiber, log, run } = yield* inRun((note) =>
      Effect.gen(function* () {
        yield* change(note, "a")
        yield* withUndo(undoOf("b"), note("b"), Effect.fail({ message: "no" }))
        yield* withUndo(undoOf("c"), note("c"), Effect.dieMessage("bug"))
        yield* Effect.fail("over")
      })
    )
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(fiber)
    const ledger = yield* Ref.get(run.ledger)
    const { leftovers } = ledger
    assert.deepStrictEqual(yield* log, ["a", "b", "c", "undo a"])
    assert.deepStrictEqual(removedIn(ledger), ["project a"])
    assert.deepStrictEqual(
      leftovers.map(({ what, next }) => [what, next]),
      [
        ["project c", "delete the project c in Coolify"],
        ["project b", "delete the project b in Coolify"]
      ]
    )
    assert.include(leftovers[1]!.why, "no")
    assert.include(leftovers[0]!.why, "bug")
  })
)

it.effect("tries an undo again before it gives up", () =>
  Effect.gen(function* () {
    const tries = yield* Ref.make(0)
    const flaky = Effect.flatMap(
      Ref.updateAndGet(tries, (n) => n + 1),
      (n) => (n < 3 ? Effect.fail({ message: "busy" }) : Effect.succeed("undone" as const))
    )
    const { fiber, run } = yield* inRun((note) =>
      Effect.zipRight(withUndo(undoOf("a"), note("a"), flaky), Effect.fail("over"))
    )
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(fiber)
    assert.strictEqual(yield* Ref.get(tries), 3)
    assert.deepStrictEqual(removedIn(yield* Ref.get(run.ledger)), ["project a"])
  })
)

it.effect("bounds an undo that hangs, after a failure and after an interruption", () =>
  Effect.gen(function* () {
    for (const ending of [Effect.fail("over"), Effect.never]) {
      const { fiber, log, run } = yield* inRun((note) =>
        Effect.gen(function* () {
          yield* change(note, "a")
          yield* withUndo(undoOf("b"), note("b"), Effect.never)
          yield* ending
        })
      )
      yield* TestClock.adjust("1 second")
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("7 minutes")
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual(yield* log, ["a", "b", "undo a"])
      assert.deepStrictEqual(
        (yield* Ref.get(run.ledger)).leftovers.map(({ what }) => what),
        ["project b"]
      )
    }
  })
)

it.effect("does not count an undo that found nothing to do", () =>
  Effect.gen(function* () {
    const { fiber, run } = yield* inRun(() =>
      withUndo(undoOf("a"), Effect.fail("refused"), Effect.succeed("nothing" as const))
    )
    yield* Fiber.join(fiber)
    assert.deepInclude(yield* Ref.get(run.ledger), { changes: 1, pending: 0, undone: [], leftovers: [] })
  })
)

it.effect("takes the patience of an undo from the Pace", () =>
  Effect.gen(function* () {
    const pace = yield* Pace
    const { fiber, run } = yield* inRun(() =>
      Effect.zipRight(withUndo(undoOf("a"), Effect.void, Effect.never), Effect.fail("over"))
    ).pipe(Effect.provideService(Pace, { ...pace, undoBudget: Duration.seconds(10) }))
    yield* TestClock.adjust("11 seconds")
    yield* Fiber.join(fiber)
    assert.strictEqual((yield* Ref.get(run.ledger)).leftovers.length, 1)
  })
)

it.effect("looks again for what may come late, undoes it as soon as it is there, and says so once", () =>
  Effect.gen(function* () {
    const there = yield* Ref.make(false)
    const looks = yield* Ref.make(0)
    const perform = Effect.zipRight(
      Ref.update(looks, (n) => n + 1),
      Effect.map(Ref.getAndSet(there, false), (was) => (was ? ("undone" as const) : ("nothing" as const)))
    )
    const late = Effect.zipRight(Effect.sleep("40 seconds"), Ref.set(there, true))
    const { fiber, run } = yield* inRun(() =>
      Effect.gen(function* () {
        const { lateUntil } = yield* Run
        yield* Ref.set(lateUntil, 60_000)
        yield* Effect.forkDaemon(late)
        yield* withUndo(undoOf("a"), Effect.fail({ reason: "OutcomeUnknown" }), perform)
      })
    )
    yield* TestClock.adjust("59 seconds")
    assert.deepStrictEqual(
      (yield* Ref.get(run.ledger)).undone.map(({ what }) => what),
      ["project a"]
    )
    yield* Fiber.join(fiber)
    assert.isAtMost(yield* Ref.get(looks), 12)
  })
)

it.effect("ends the look for late effects also where less is left of it than a clock can tell", () =>
  Effect.gen(function* () {
    const looks = yield* Ref.make(0)
    const perform = Effect.flatMap(
      Ref.updateAndGet(looks, (n) => n + 1),
      (n) => (n > 20 ? Effect.dieMessage("it looks for ever") : Effect.succeed("nothing" as const))
    )
    const { fiber } = yield* inRun(() =>
      Effect.gen(function* () {
        const { lateUntil } = yield* Run
        yield* Ref.set(lateUntil, 1000 + 1e-7)
        yield* withUndo(undoOf("a"), Effect.fail({ reason: "OutcomeUnknown" }), perform)
      })
    )
    yield* TestClock.adjust("10 seconds")
    yield* Fiber.join(fiber)
    assert.strictEqual(yield* Ref.get(looks), 3)
  })
)
