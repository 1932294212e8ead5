/**
 * The process dies at every point at which it can matter: before and after every request that changes the world, and
 * before and after every entry of the journal. Then somebody comes and settles it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyMemory } from "../../src/coolify/CoolifyMemory.ts"
import { AuthoritativeDns } from "../../src/dns/AuthoritativeDns.ts"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import type { RunFinished } from "../../src/orchestrator/DeploymentEvent.ts"
import { mustRollBack } from "../../src/orchestrator/Recover.ts"
import { journalName, peek } from "../../src/orchestrator/RunJournal.ts"
import { SecretStore } from "../../src/secrets/SecretStore.ts"
import type { Spec } from "../../src/spec/Spec.ts"
import { Journals } from "../../src/state/Journals.ts"
import { MemoryJournals } from "../../src/state/MemoryJournals.ts"
import { eachCall } from "../orchestrator/EachCall.ts"
import {
  calls,
  carryOut,
  type Command,
  checkRunning,
  probe,
  recording,
  scenarios,
  snapshot,
  third,
  withoutTwins,
  world,
  writes,
  type Scenario,
  inFastTime,
  pass
} from "./MemoryWorld.ts"
import { note, sample } from "./Scale.ts"

type Ending =
  | "the same again"
  | "another spec"
  | "recover --rollback"
  | "the same, which fails"
  | "the same, killed again"

const endings: ReadonlyArray<Ending> = [
  "the same again",
  "another spec",
  "recover --rollback",
  "the same, which fails",
  "the same, killed again"
]
const journals = ["kept", "as after a power cut", "lost"] as const
type Kept = (typeof journals)[number]

/** A process that can die: from then on nothing that it asks for happens, and it hears of nothing any more. */
interface Process {
  readonly dead: Ref.Ref<boolean>
  readonly points: Ref.Ref<number>
  /** The point at which it dies, from 1; 0: never. */
  readonly dies: number
}

const makeProcess = (dies: number): Effect.Effect<Process> =>
  Effect.all({ dead: Ref.make(false), points: Ref.make(0), dies: Effect.succeed(dies) })

const live = <A, E>(process: Process, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.flatMap(Ref.get(process.dead), (dead) => (dead ? Effect.never : effect))

/** A point at which it may die. */
const point = ({ dead, dies, points }: Process) =>
  Effect.gen(function* () {
    if ((yield* Ref.updateAndGet(points, (n) => n + 1)) !== dies) return
    yield* Ref.set(dead, true)
    return yield* Effect.never
  })

const mortal = <S extends object>(process: Process, service: S): S =>
  eachCall(service, (method, call: Effect.Effect<unknown>) =>
    writes.test(method)
      ? Effect.zipRight(
          live(process, point(process)),
          Effect.tap(call, () => live(process, point(process)))
        )
      : Effect.tap(live(process, call), () => live(process, Effect.void))
  )

const inProcess = <A, E, R>(process: Process, healthy: boolean, effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const journals = yield* Journals
    return yield* effect.pipe(
      Effect.provideService(CoolifyClient, mortal(process, yield* recording)),
      Effect.provideService(DnsClient, mortal(process, yield* DnsClient)),
      Effect.provideService(AuthoritativeDns, mortal(process, yield* AuthoritativeDns)),
      Effect.provideService(SecretStore, mortal(process, yield* SecretStore)),
      Effect.provideService(HealthProbe, mortal(process, probe(healthy))),
      Effect.provideService(Journals, {
        ...mortal(process, journals),
        open: (name) => Effect.map(journals.open(name), (journal) => mortal(process, journal))
      })
    )
  })

type Report = typeof RunFinished.Type

/** Runs to its end, or to its death: then there is no report. */
const run = (
  command: Command,
  spec: Spec,
  { dies = 0, healthy = true }: { readonly dies?: number; readonly healthy?: boolean } = {}
) =>
  Effect.gen(function* () {
    const process = yield* makeProcess(dies)
    const effect = carryOut(command, spec, Duration.minutes(5))
    const fiber = yield* inProcess(process, healthy, effect).pipe(Effect.either, Effect.forkDaemon)
    yield* pass("3 hours")
    const points = yield* Ref.get(process.points)
    if (yield* Ref.get(process.dead)) return { points, report: undefined, told: "killed" }
    const result = yield* Fiber.join(fiber)
    const report: Report | undefined = Either.isRight(result)
      ? result.right
      : result.left._tag === "RunError"
        ? result.left.report
        : undefined
    return { points, report, told: Either.isLeft(result) ? result.left.message : result.right.outcome }
  })

const prepared = (scenario: Scenario) =>
  Effect.gen(function* () {
    if (scenario.before !== undefined) {
      const { report, told } = yield* run("apply", scenario.before)
      assert.strictEqual(report?.outcome, "complete", told)
    }
    return yield* snapshot
  })

/** What the world is once the spec is applied and nothing happens. */
const cleanly = (scenario: Scenario, spec: Spec) =>
  Effect.gen(function* () {
    yield* prepared(scenario)
    const { told } = yield* run("apply", spec)
    assert.match(told, /^(complete|unchanged)$/)
    return yield* withoutTwins
  }).pipe(Effect.provide(world(scenario)))

const keepJournal = (kept: Kept) =>
  Effect.gen(function* () {
    const all = yield* MemoryJournals
    if (kept === "lost") yield* Ref.set(all, new Map())
    if (kept === "as after a power cut") {
      yield* Ref.update(
        all,
        (now) =>
          new Map(
            [...now].map(([name, { entries, synced }]) => [
              name,
              { entries: entries.slice(0, synced), synced }
            ])
          )
      )
    }
  })

/** An unfinished replacement of which neither holds the domain is refused when nothing but the marks is left. */
const isAmbiguous = (told: string) => told.includes("applications that carry the mark of")

const oneCase = (scenario: Scenario, dies: number, kept: Kept, ending: Ending) =>
  Effect.gen(function* () {
    const at = `${scenario.name}, killed at point ${dies}, journal ${kept}, then ${ending}`
    const before = yield* prepared(scenario)
    const killed = yield* run(scenario.command, scenario.spec, { dies, healthy: scenario.healthy })
    assert.strictEqual(killed.told, "killed", at)
    yield* keepJournal(kept)
    const left = yield* peek(journalName("default", scenario.spec))
    if (ending === "the same, killed again") {
      yield* run(scenario.command, scenario.spec, { dies: 1 + ((dies * 7) % 23) })
    }
    if (ending === "recover --rollback" || ending === "the same, which fails") {
      const undoes = left !== undefined && left.decision !== "committed" && left.decision !== "closed"
      const { report, told } =
        ending === "recover --rollback"
          ? yield* run("recover", scenario.spec)
          : yield* run(scenario.command, scenario.spec, { healthy: false })
      if (scenario.command === "apply" && undoes) {
        assert.deepStrictEqual(report?.leftovers, [], `${at}: ${told}`)
        assert.deepStrictEqual(yield* snapshot, before, `${at}: ${told}`)
        if (scenario.before !== undefined) yield* checkRunning(at)
        assert.strictEqual((yield* Ref.get(yield* MemoryJournals)).size, 0, at)
      }
    }
    const spec = ending === "another spec" ? third : scenario.spec
    const { told } = yield* run(scenario.command, spec)
    if (kept === "lost" && isAmbiguous(told)) return "refused"
    assert.match(told, /^(complete|unchanged)$/, at)
    if (scenario.command === "apply") yield* checkRunning(at)
    const end = yield* snapshot
    const sofar = yield* calls
    const again = yield* run(scenario.command, spec)
    assert.strictEqual(again.told, "unchanged", at)
    assert.strictEqual(yield* calls, sofar, `${at}: the second apply writes`)
    assert.deepStrictEqual(yield* snapshot, end, at)
    assert.strictEqual((yield* Ref.get(yield* MemoryJournals)).size, 0, at)
    assert.isFalse(left !== undefined && mustRollBack(left) && left.decision === "committed", at)
    const { variables } = yield* (yield* CoolifyMemory).world
    const production = new Set(variables.filter((row) => !row.isPreview).map(({ key }) => key))
    assert.isTrue(
      variables.every(({ key }) => production.has(key)),
      `${at}: a preview row is left`
    )
    return { end: yield* withoutTwins, at }
  }).pipe(Effect.provide(world(scenario)))

for (const scenario of scenarios) {
  describe(scenario.name, () => {
    it.live(
      "killed at any point is settled by whoever comes next",
      () =>
        Effect.gen(function* () {
          const { points } = yield* Effect.zipRight(
            prepared(scenario),
            run(scenario.command, scenario.spec, { healthy: scenario.healthy })
          ).pipe(Effect.provide(world(scenario)))
          assert.isAbove(points, 8)
          const cases = Array.from({ length: points }, (_, index) => index + 1).flatMap((dies) =>
            journals.flatMap((kept) => endings.map((ending) => ({ dies, kept, ending })))
          )
          const wanted = new Map<string, unknown>()
          let refused = 0
          const chosen = sample(cases, 60)
          for (const { dies, ending, kept } of chosen) {
            const result = yield* oneCase(scenario, dies, kept, ending)
            if (result === "refused") {
              refused += 1
              continue
            }
            const spec = ending === "another spec" ? third : scenario.spec
            const key = spec.name + spec.port
            if (scenario.command === "apply") {
              if (!wanted.has(key)) wanted.set(key, yield* cleanly(scenario, spec))
              assert.deepStrictEqual(result.end, wanted.get(key), result.at)
            }
          }
          assert.isAtMost(refused, scenario.name.startsWith("a replacement") ? chosen.length / 10 : 0)
          note({ suite: `crash: ${scenario.name}`, runs: chosen.length, invariants: "I1 I2 I3 I6 I7" })
        }).pipe(inFastTime),
      600_000
    )
  })
}
