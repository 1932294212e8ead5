/** Several runs at once that need one project and one environment, in every order in which their requests can arrive. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { CoolifyError } from "../../src/coolify/CoolifyError.ts"
import { CoolifyMemory, layerMemory as coolifyMemory } from "../support/coolify/CoolifyMemory.ts"
import { desiredApplication, type Desired } from "../../src/orchestrator/Desired.ts"
import { Progress, type Emitted } from "../../src/engine/DeploymentEvent.ts"
import * as Marker from "../../src/engine/Marker.ts"
import { createInPlace } from "../../src/orchestrator/steps/CreateInPlace.ts"
import { makeRun, Run } from "../../src/engine/Run.ts"
import { journalName } from "../../src/engine/RunJournal.ts"
import { layerMemory as secretMemory } from "../../src/secrets/MemorySecretStore.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"
import { Dice } from "./Dice.ts"
import { eachCall } from "../orchestrator/EachCall.ts"
import { empty, server, spec as base } from "../orchestrator/Samples.ts"
import { note, size } from "./Scale.ts"

const worldOf = Layer.mergeAll(
  coolifyMemory({ servers: [server], deletion: { polls: 0 } }),
  secretMemory({}),
  journalsMemory
)

/** Lets one request of one run through at a time: when all that are alive wait, `choose` says whose. */
class Turns {
  private readonly waiting = new Map<number, () => void>()
  private readonly alive: Set<number>
  private readonly choose: (among: number) => number
  constructor(runs: number, choose: (among: number) => number) {
    this.choose = choose
    this.alive = new Set(Array.from({ length: runs }, (_, index) => index))
  }
  readonly wait = (run: number) =>
    Effect.async<void>((resume) => {
      this.waiting.set(run, () => resume(Effect.void))
      this.next()
    })
  readonly end = (run: number) =>
    Effect.sync(() => {
      this.alive.delete(run)
      this.next()
    })
  private next(): void {
    if (this.waiting.size === 0 || this.waiting.size < this.alive.size) return
    const runs = [...this.waiting.keys()].toSorted()
    const run = runs[runs.length === 1 ? 0 : this.choose(runs.length)] ?? 0
    const go = this.waiting.get(run)
    this.waiting.delete(run)
    go?.()
  }
}

interface Case {
  readonly environment: string
  /** Whether the run of this number fails once it has its application. */
  readonly fails: ReadonlyArray<boolean>
}

const specOf = (environment: string, index: number) => ({
  ...base,
  name: `api${index}`,
  domains: [`api${index}.example.com`],
  environment
})

/** All of them have seen that there is no such place. */
const race = ({ environment, fails }: Case, choose: (among: number) => number) =>
  Effect.gen(function* () {
    const turns = new Turns(fails.length, choose)
    const client = yield* CoolifyClient
    const runs = yield* Effect.forEach(
      fails,
      (fail, index) =>
        Effect.gen(function* () {
          const spec = specOf(environment, index)
          const run = yield* makeRun(journalName("default", spec))
          const desired: Desired = {
            spec,
            owner: "default",
            run: run.id,
            application: desiredApplication("default", spec, run.id),
            variables: [],
            secrets: [],
            target: { type: "A", value: server.ip }
          }
          const exit = yield* createInPlace(desired, empty).pipe(
            Effect.zipRight(fail ? Effect.fail("it never answered" as const) : Effect.void),
            Effect.scoped,
            Effect.provideService(Run, run),
            Effect.exit
          )
          return { exit, ...(yield* Ref.get(run.ledger)) }
        }).pipe(
          Effect.provideService(
            CoolifyClient,
            eachCall<typeof client, CoolifyError, CoolifyError>(client, (_, call) =>
              Effect.zipRight(turns.wait(index), call)
            )
          ),
          Effect.scoped,
          Effect.ensuring(turns.end(index))
        ),
      { concurrency: "unbounded" }
    )
    const at = `${environment}, fails: ${fails.join()}`
    runs.forEach(({ exit, leftovers }, index) => {
      const own = Exit.isFailure(exit) && JSON.stringify(exit.cause).includes("it never answered")
      assert.strictEqual(fails[index], own, `${at}: ${String(exit)}`)
      assert.strictEqual(Exit.isSuccess(exit), !own, `${at}: ${String(exit)}`)
      // Who gives way does not tell anybody to delete the place in which another one lives.
      assert.deepStrictEqual(leftovers, [], at)
    })
    const world = yield* (yield* CoolifyMemory).world
    const winners = fails.filter((fail) => !fail).length
    assert.lengthOf(world.applications, winners, at)
    assert.lengthOf(
      world.projects,
      winners === 0 ? 0 : 1,
      `${at}: one project, and none without an application`
    )
    assert.deepStrictEqual(
      new Set(world.environments.map(({ name }) => name)),
      new Set(winners === 0 ? [] : ["production", environment]),
      at
    )
    for (const application of world.applications) {
      assert.strictEqual(application.projectUuid, world.projects[0]?.uuid, at)
      assert.strictEqual(application.environmentName, environment, at)
    }
  }).pipe(Effect.provide(worldOf))

/** Plays every order, up to `most`: after each, the last choice that can still be changed is. */
const everyOrder = (one: Case, most: number) =>
  Effect.gen(function* () {
    let prefix: ReadonlyArray<number> = []
    for (let played = 1; played <= most; played += 1) {
      const made: Array<{ readonly choice: number; readonly among: number }> = []
      yield* race(one, (among) => {
        const choice = prefix[made.length] ?? 0
        made.push({ choice, among })
        return choice
      })
      const last = made.findLastIndex(({ choice, among }) => choice + 1 < among)
      if (last < 0) return played
      prefix = [...made.slice(0, last).map(({ choice }) => choice), (made[last]?.choice ?? 0) + 1]
    }
    return most
  })

describe("a new place that several runs need at once", () => {
  it.live(
    "is one project, in every order of two runs",
    () =>
      Effect.gen(function* () {
        const played = yield* everyOrder({ environment: "production", fails: [false, false] }, 1000)
        assert.isAbove(played, 100)
        assert.isBelow(played, 1000, "all of them were played")
      }),
    240_000
  )

  it.live(
    "is one project and one environment, whoever of three fails, in orders by chance",
    () =>
      Effect.gen(function* () {
        const seeds = size(15, 2000)
        for (let seed = 1; seed <= seeds; seed += 1) {
          const dice = new Dice(seed)
          const fails = [0, 1, 2].map(() => dice.chance(0.4))
          const environment = dice.pick(["production", "staging"])
          yield* race({ environment, fails }, (among) => dice.below(among))
        }
        note({ suite: "new places, three runs", runs: seeds, invariants: "I1 I2" })
      }),
    240_000
  )

  interface Solo {
    /** What others do before its first request, and once it has its application. */
    readonly before?: Effect.Effect<unknown, CoolifyError, CoolifyClient | CoolifyMemory>
    readonly meanwhile?: Effect.Effect<unknown, CoolifyError, CoolifyClient>
    readonly fail: boolean
  }

  const solo = ({ before = Effect.void, fail, meanwhile = Effect.void }: Solo) =>
    Effect.gen(function* () {
      const events = yield* Ref.make<ReadonlyArray<Emitted>>([])
      const emit = (event: Emitted) => Ref.update(events, (all) => [...all, event])
      const spec = specOf("staging", 0)
      const run = yield* makeRun(journalName("default", spec)).pipe(Effect.provideService(Progress, { emit }))
      const desired: Desired = {
        spec,
        owner: "default",
        run: run.id,
        application: desiredApplication("default", spec, run.id),
        variables: [],
        secrets: [],
        target: { type: "A", value: server.ip }
      }
      yield* before
      yield* createInPlace(desired, empty).pipe(
        Effect.zipRight(meanwhile),
        Effect.zipRight(fail ? Effect.fail("it never answered" as const) : Effect.void),
        Effect.scoped,
        Effect.provideService(Run, run),
        Effect.exit
      )
      const warnings = (yield* Ref.get(events)).flatMap(({ event }) =>
        event._tag === "Warning" ? [event.message] : []
      )
      return { ...(yield* Ref.get(run.ledger)), warnings }
    }).pipe(Effect.scoped)

  it.live("stays when others have moved in before its maker fails, which is told and nobody's task", () =>
    Effect.gen(function* () {
      const movesIn = Effect.gen(function* () {
        const client = yield* CoolifyClient
        const [project] = yield* client.projects.list
        const place = {
          projectUuid: project?.uuid ?? "",
          environmentName: "staging",
          serverUuid: server.uuid
        }
        const theirs = desiredApplication("they", specOf("staging", 1), "0123456789ab")
        yield* client.applications.create({ ...theirs, ...place })
      })
      const { leftovers, warnings } = yield* solo({ meanwhile: movesIn, fail: true })
      assert.deepStrictEqual(leftovers, [])
      assert.deepStrictEqual(warnings, [
        "the environment staging stays: others live in it by now",
        `the project ${base.project} stays: others live in it by now`
      ])
      const { applications, environments, projects } = yield* (yield* CoolifyMemory).world
      assert.deepStrictEqual(
        [projects.length, environments.map(({ name }) => name), applications.map(({ name }) => name)],
        [1, ["production", "staging"], ["api1"]]
      )
    }).pipe(Effect.provide(worldOf))
  )

  it.live("is left as it is when somebody else made it in the moment before", () =>
    Effect.gen(function* () {
      const byHand = Effect.gen(function* () {
        const client = yield* CoolifyClient
        const project = yield* client.projects.create({ name: base.project, description: "by hand" })
        yield* client.environments.create(project.uuid, "staging")
      })
      const { leftovers } = yield* solo({ before: byHand, fail: true })
      assert.deepStrictEqual(leftovers, [])
      const world = yield* (yield* CoolifyMemory).world
      assert.deepStrictEqual(
        world.environments.map(({ name }) => name),
        ["production", "staging"]
      )
      assert.deepStrictEqual(world.applications, [])
    }).pipe(Effect.provide(worldOf))
  )

  it.live("is found by its mark when the answer that named it was lost, and undone", () =>
    Effect.gen(function* () {
      const lost = (method: string) =>
        new CoolifyError({ method, reason: "Interrupted", detail: "scripted", outcomeUnknown: true })
      const loseAnswers = Effect.gen(function* () {
        const { failNext } = yield* CoolifyMemory
        yield* failNext("createEnvironment", lost("createEnvironment"), { applied: true })
        yield* failNext("updateEnvironment", lost("updateEnvironment"), { applied: true })
      })
      yield* solo({ before: loseAnswers, fail: false })
      const { edit, world } = yield* CoolifyMemory
      const made = (yield* world).environments.find(({ name }) => name === "staging")
      assert.strictEqual(
        Marker.parse(made?.description)?.key,
        Marker.environmentKey("default", base.project, "staging")
      )
      yield* edit((so) => ({ ...so, projects: [], environments: [], applications: [] }))
      yield* solo({ before: loseAnswers, fail: true })
      assert.deepStrictEqual((yield* world).projects, [])
    }).pipe(Effect.provide(worldOf))
  )
})
