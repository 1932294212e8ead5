/** A process in memory that can die at any point: before and after each request that writes, and each journal entry. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "../../src/coolify/CoolifyClient.ts"
import { AuthoritativeDns } from "../../src/dns/AuthoritativeDns.ts"
import { DnsClient } from "../../src/dns/DnsClient.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import type { RunFinished } from "../../src/engine/DeploymentEvent.ts"
import { RunError } from "../../src/orchestrator/RunError.ts"
import { SecretStore } from "../../src/secrets/SecretStore.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { Journals } from "../../src/state/Journals.ts"
import { eachCall } from "../orchestrator/EachCall.ts"
import { probe } from "../support/Probe.ts"
import { carryOut, type Command, pass, recording, writes } from "./MemoryWorld.ts"

/** Unlike `Effect.never` it holds no timer, so that what has died can be swept: there are thousands of them. */
const silence: Effect.Effect<never> = Effect.async(() => {})

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
  Effect.flatMap(Ref.get(process.dead), (dead) => (dead ? silence : effect))

/** A point at which it may die. */
const point = ({ dead, dies, points }: Process) =>
  Effect.gen(function* () {
    if ((yield* Ref.updateAndGet(points, (n) => n + 1)) !== dies) return
    yield* Ref.set(dead, true)
    return yield* silence
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
export const run = (command: Command, spec: Spec, options?: RunOptions) =>
  runProcess(carryOut(command, spec, Duration.minutes(5)), options)

interface RunOptions {
  readonly dies?: number
  readonly healthy?: boolean
}

/** {@link run} for what is no single command. */
export const runProcess = <E extends { readonly _tag: string; readonly message: string }, R>(
  effect: Effect.Effect<Report, E | RunError, R>,
  { dies = 0, healthy = true }: RunOptions = {}
) =>
  Effect.gen(function* () {
    const process = yield* makeProcess(dies)
    const fiber = yield* inProcess(process, healthy, effect).pipe(Effect.either, Effect.forkDaemon)
    yield* pass("3 hours")
    const points = yield* Ref.get(process.points)
    if (yield* Ref.get(process.dead)) return { points, report: undefined, told: "killed" }
    const result = yield* Fiber.join(fiber)
    const report: Report | undefined = Either.isRight(result)
      ? result.right
      : result.left instanceof RunError
        ? result.left.report
        : undefined
    return { points, report, told: Either.isLeft(result) ? result.left.message : result.right.outcome }
  })
