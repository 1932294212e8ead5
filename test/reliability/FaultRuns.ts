/** One run with faults in it, and what must hold of the world after it, whatever they were. */
import { assert } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { Progress, type Emitted, type RunFinished } from "../../src/engine/DeploymentEvent.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { MemoryJournals } from "../../src/state/MemoryJournals.ts"
import { probe } from "../support/Probe.ts"
import { faulty, type Planned } from "./Faults.ts"
import {
  calls,
  carryOut,
  type Command,
  checkRunning,
  recording,
  snapshot,
  withoutTwins,
  type Scenario,
  pass
} from "./MemoryWorld.ts"

type Report = typeof RunFinished.Type

/** The run's own deadline; what is put back may take as long again for each undo. */
const timeout = Duration.minutes(10)

/** Runs to its end under the test clock. */
export const runWith = (
  command: Command,
  spec: Spec,
  {
    healthy = true,
    planned = []
  }: { readonly healthy?: boolean; readonly planned?: ReadonlyArray<Planned> } = {}
) =>
  Effect.gen(function* () {
    const events = yield* Ref.make<ReadonlyArray<Emitted>>([])
    const made = yield* Ref.make<ReadonlyArray<string>>([])
    const undoCalls = yield* Ref.make(0)
    const holder: { fiber?: Fiber.RuntimeFiber<unknown, unknown> } = {}
    const counter = {
      calls: made,
      undoCalls,
      planned,
      rollingBack: Effect.map(Ref.get(events), (all) =>
        all.some(({ event }) => event._tag === "StateChanged" && event.to === "ROLLING_BACK")
      ),
      interrupt: Effect.suspend(() =>
        holder.fiber === undefined ? Effect.void : Effect.asVoid(Fiber.interruptFork(holder.fiber))
      )
    }
    const effect = carryOut(command, spec, timeout)
    const fiber = yield* effect.pipe(
      Effect.provideService(CoolifyClient, faulty("coolify", yield* recording, counter)),
      Effect.provideService(DnsClient, faulty("dns", yield* DnsClient, counter)),
      Effect.provideService(HealthProbe, probe(healthy)),
      Effect.provideService(Progress, { emit: (event) => Ref.update(events, (all) => [...all, event]) }),
      Effect.either,
      Effect.fork
    )
    holder.fiber = fiber
    yield* pass("6 hours")
    // The live clients bound each request; here only a deadline does, which a destroy has not.
    yield* Effect.fork(Fiber.interrupt(fiber))
    yield* pass("1 hour")
    const exit = yield* Fiber.await(fiber)
    const all = yield* Ref.get(events)
    const last = all.at(-1)?.event
    const report: Report | undefined = last?._tag === "RunFinished" ? last : undefined
    const failure = exit._tag === "Success" && Either.isLeft(exit.value) ? exit.value.left.message : exit._tag
    const undos = all.filter(({ event }) => event._tag === "UndoStarted").length
    const told = [
      ...(yield* Ref.get(made)),
      `${report?.outcome}: ${failure}`,
      JSON.stringify(report?.leftovers)
    ]
    return { report, undos, calls: yield* Ref.get(made), told: told.join("\n") }
  })

/** Takes the world to where the scenario begins. */
export const begin = (scenario: Scenario) =>
  Effect.gen(function* () {
    if (scenario.before !== undefined) {
      const { report, told } = yield* runWith("apply", scenario.before)
      assert.strictEqual(report?.outcome, "complete", told)
    }
    return yield* snapshot
  })

const ours = (text: string) => text.replaceAll(/"uuid":"[^"]*"/g, "")

/**
 * Runs the scenario with the faults, checks that its report is the truth, then lets faults be over and checks that
 * whoever comes next gets to where they want. Answers how the run ended.
 */
export const checkedRun = (
  scenario: Scenario,
  planned: ReadonlyArray<Planned>,
  wanted: unknown,
  at: string
) =>
  Effect.gen(function* () {
    const before = yield* begin(scenario)
    const { command, healthy, spec } = scenario
    const { report, told, undos } = yield* runWith(command, spec, { healthy, planned })
    const where = `${at}\n${told}`
    if (report === undefined) {
      // A destroy has no undo: what it has deleted when it is interrupted stays deleted.
      assert.strictEqual(command, "destroy", where)
    } else {
      // I11: within the run's own time and that of its undos.
      const longest = Duration.toMillis(timeout) + (undos + 2) * Duration.toMillis("66 minutes")
      assert.isAtMost(report.millis, longest, where)
      const now = yield* snapshot
      const same = ours(JSON.stringify(now)) === ours(JSON.stringify(before))
      switch (report.outcome) {
        case "rolled-back":
          assert.deepStrictEqual(now, before, where)
          if (scenario.before !== undefined) yield* checkRunning(where)
          break
        case "nothing-changed":
          if (command === "apply") assert.deepStrictEqual(now, before, where)
          break
        case "leftovers":
          assert.isNotEmpty(report.leftovers, where)
          break
        case "complete":
        case "unchanged":
          // What it could not put away is named; everything else is as it should be.
          if (command === "apply" && report.leftovers.length === 0) {
            assert.deepStrictEqual(yield* withoutPending, wanted, where)
            yield* checkRunning(where)
          }
          break
        default:
          assert.fail(where)
      }
      // Nothing is said to be left where nothing is.
      if (same && command === "apply") assert.notStrictEqual(report.outcome, "complete", where)
    }
    if (report?.leftovers.some(({ recoverable }) => recoverable) === true) {
      // I8: the command that it names, run as it is, ends clean.
      const recovered = yield* runWith("recover", spec)
      if (command === "apply") {
        assert.match(
          recovered.report?.outcome ?? "",
          /^(rolled-back|unchanged)$/,
          `${where}\n${recovered.told}`
        )
        assert.deepStrictEqual(yield* snapshot, before, `${where}\nrecovered: ${recovered.told}`)
      }
    }
    const next = yield* runWith(command, spec)
    const then = `${where}\nnext: ${next.told}`
    assert.match(next.report?.outcome ?? "", /^(complete|unchanged)$/, then)
    const journals = yield* Ref.get(yield* MemoryJournals)
    assert.strictEqual(journals.size, 0, then)
    if (command === "apply") {
      assert.deepStrictEqual(yield* withoutTwins, wanted, then)
      yield* checkRunning(then)
    }
    const sofar = yield* calls
    const again = yield* runWith(command, spec)
    assert.strictEqual(again.report?.outcome, "unchanged", `${then}\nagain: ${again.told}`)
    assert.strictEqual(yield* calls, sofar, `${then}: the second run writes`)
    return report?.outcome ?? "interrupted"
  })

/** A release of which the last word is missing is told as a warning, and the next apply deploys it once more. */
export const withoutPending = Effect.map(withoutTwins, (now) =>
  JSON.parse(JSON.stringify(now).replaceAll(" pending", ""))
)

/** What the world is once the scenario's spec is applied and nothing happens. */
export const cleanEnd = (scenario: Scenario) =>
  Effect.gen(function* () {
    yield* begin(scenario)
    const { report, told, calls } = yield* runWith(scenario.command, scenario.spec)
    assert.match(report?.outcome ?? "", /^(complete|unchanged)$/, told)
    return { wanted: yield* withoutTwins, calls }
  })
