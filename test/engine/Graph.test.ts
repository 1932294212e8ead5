import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { makeAll, node, type Node } from "../../src/engine/Graph.ts"
import { withUndo } from "../../src/engine/Rollback.ts"
import { makeReadingRun, Run } from "../../src/engine/Run.ts"
import { size } from "../reliability/Scale.ts"

/** Of each node: which earlier ones it needs (by bits), and how many seconds it takes. */
const graph = FastCheck.array(
  FastCheck.record({ needs: FastCheck.nat(255), seconds: FastCheck.integer({ min: 1, max: 9 }) }),
  {
    minLength: 1,
    maxLength: 8
  }
)

const needsOf = ({ needs }: { readonly needs: number }, index: number) =>
  Array.from({ length: index }, (_, other) => other).filter((other) => (needs >> other) % 2 === 1)

interface Seen {
  readonly started: ReadonlyMap<number, number>
  readonly made: ReadonlyMap<number, number>
  readonly undone: ReadonlyArray<number>
}

const played = (
  given: ReadonlyArray<{ readonly needs: number; readonly seconds: number }>,
  fails: number,
  stopsAfter: number
) =>
  Effect.gen(function* () {
    const run = yield* makeReadingRun
    const seen = yield* Ref.make<Seen>({ started: new Map(), made: new Map(), undone: [] })
    const note = (what: "started" | "made", index: number) =>
      Effect.flatMap(Clock.currentTimeMillis, (at) =>
        Ref.update(seen, (all) => ({ ...all, [what]: new Map([...all[what], [index, at]]) }))
      )
    const program = Effect.gen(function* () {
      const nodes: Array<Node<number, string, Effect.Effect.Context<ReturnType<typeof made>>>> = []
      for (const [index, one] of given.entries()) {
        const needed = needsOf(one, index).flatMap((other) => nodes[other] ?? [])
        const name = String(index)
        nodes.push(yield* node({ kind: "toy", name }, needed, made(index, one.seconds, needed)))
      }
      yield* makeAll(nodes)
    })
    const made = (
      index: number,
      seconds: number,
      needed: ReadonlyArray<{ readonly output: Effect.Effect<number> }>
    ) =>
      Effect.gen(function* () {
        // What it needs is known by now: the sum tells that it is the right one's.
        const outputs = yield* Effect.forEach(needed, ({ output }) => output)
        yield* note("started", index)
        const name = String(index)
        const recorded = {
          id: index + 1,
          run: run.id,
          address: { kind: "toy", name },
          what: name,
          next: "",
          way: "removed"
        } as const
        const act = Effect.zipRight(
          Effect.sleep(`${seconds} seconds`),
          index === fails ? Effect.fail("refused") : note("made", index)
        )
        const perform = Effect.as(
          Ref.update(seen, (all) => ({ ...all, undone: [...all.undone, index] })),
          "undone" as const
        )
        yield* withUndo(recorded, act, { perform, late: "once" }).pipe(
          Effect.catchTag("JournalError", Effect.die)
        )
        return outputs.reduce((sum, each) => sum + each, 1)
      })
    const fiber = yield* Effect.fork(Effect.scoped(program).pipe(Effect.provideService(Run, run)))
    yield* TestClock.adjust(`${stopsAfter} seconds`)
    yield* Fiber.interruptFork(fiber)
    yield* TestClock.adjust("10 minutes")
    return { exit: yield* Fiber.await(fiber), seen: yield* Ref.get(seen) }
  })

it.effect.prop(
  "makes each node as soon as what it needs is there, and no later",
  { graph },
  ({ graph: given }) =>
    Effect.gen(function* () {
      const { exit, seen } = yield* played(given, -1, 1000)
      assert.isTrue(Exit.isSuccess(exit))
      for (const [index, one] of given.entries()) {
        const start = Math.max(0, ...needsOf(one, index).map((other) => seen.made.get(other) ?? Number.NaN))
        assert.strictEqual(seen.started.get(index), start)
        assert.strictEqual(seen.made.get(index), start + 1000 * one.seconds)
      }
      assert.deepStrictEqual(seen.undone, [])
    }),
  { fastCheck: { numRuns: size(30, 100) } }
)

it.effect.prop(
  "undoes all that was begun, nothing before what stands on it, when one fails or all are interrupted",
  { graph, fails: FastCheck.nat(7), stopsAfter: FastCheck.nat(40) },
  ({ fails, graph: given, stopsAfter }) =>
    Effect.gen(function* () {
      const { exit, seen } = yield* played(given, fails, stopsAfter)
      if (Exit.isSuccess(exit)) return assert.deepStrictEqual(seen.undone, [])
      assert.deepStrictEqual([...seen.undone].toSorted(), [...seen.started.keys()].toSorted())
      for (const [index, one] of given.entries()) {
        if (!seen.started.has(index)) continue
        for (const other of needsOf(one, index)) {
          assert.isBelow(seen.undone.indexOf(index), seen.undone.indexOf(other))
        }
      }
      return undefined
    }),
  { fastCheck: { numRuns: size(15, 40) } }
)
