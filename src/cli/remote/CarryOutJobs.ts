/** What a worker does with the jobs that come to it: each once at a time, so many of them side by side. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import type { Jobs } from "../../state/Jobs.ts"
import type { StateError } from "../../state/StateError.ts"
import { jsonLine } from "../../ui/Json.ts"
import { ExitCode } from "../ExitCode.ts"
import { carryOut, type Ended } from "./Child.ts"
import { removeLeftFolders } from "./JobFolder.ts"
import { type Request, RequestText } from "./Request.ts"

interface Worker {
  /** Returns when the job is through, whoever carried it out; an interruption gives it back, and it goes on. */
  readonly run: (id: string) => Effect.Effect<void>
  /** Takes no more, and leaves those under way this long before they are given back. */
  readonly drain: (grace: Duration.Duration) => Effect.Effect<void>
}

type Report =
  | { readonly _tag: "Taken"; readonly id: string }
  | { readonly _tag: "Ended"; readonly id: string; readonly exit: number }
  | { readonly _tag: "Unreachable"; readonly message: string }
  | { readonly _tag: "Reachable" }

/** A process that dies of itself is started again so many times: its journal tells the next one where it was. */
const mostAttempts = 3

const decode = Schema.decodeUnknownOption(RequestText)

/** What `apply --json` says last that did not get at the state, and so has sent nothing. */
const StateAway = Schema.parseJson(
  Schema.Struct({ type: Schema.Literal("Error"), code: Schema.Literal("state-unreachable") })
)
const decodeAway = Schema.decodeUnknownOption(StateAway)
const isStateAway = (line: string): boolean => Option.isSome(decodeAway(line))

/** @param name who this worker is, for the others. */
export const makeWorker = Effect.fn("makeWorker")(function* (
  jobs: Jobs,
  options: {
    readonly name: string
    readonly parallelism: number
    readonly report: (report: Report) => Effect.Effect<void>
  }
) {
  const { name, parallelism, report } = options
  const scope = yield* Effect.scope
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const { hide } = yield* KnownSecrets
  const permits = yield* Effect.makeSemaphore(parallelism)
  const stopping = yield* Ref.make(false)
  const running = new Map<string, Fiber.RuntimeFiber<void>>()
  yield* removeLeftFolders

  /** Said once, however many ask. */
  const unreachable = yield* Ref.make(false)
  const tellReach = Effect.fnUntraced(function* (message: string | undefined) {
    const was = yield* Ref.getAndSet(unreachable, message !== undefined)
    if (message !== undefined && !was) yield* report({ _tag: "Unreachable", message })
    if (message === undefined && was) yield* report({ _tag: "Reachable" })
  })

  /** Without the state nothing is lost: it is tried again until it is there. */
  const lasting = <A>(effect: Effect.Effect<A, StateError>): Effect.Effect<A> =>
    effect.pipe(
      Effect.tapBoth({
        onFailure: ({ message }) => tellReach(message),
        onSuccess: () => tellReach(undefined)
      }),
      Effect.retry(Schedule.spaced("2 seconds")),
      Effect.orDie
    )
  // Who has nothing to do hears of no job, and would not see that the state is away.
  yield* lasting(jobs.states([])).pipe(Effect.repeat(Schedule.spaced("10 seconds")), Effect.forkScoped)

  const isOver = (id: string) =>
    Effect.map(lasting(jobs.states([id])), ([state]) => state === undefined || state.exit !== null)

  const tell = (id: string) => {
    const attempt = randomUUID()
    let told = 0
    return (lines: ReadonlyArray<string>) =>
      Effect.tap(lasting(jobs.tell(id, attempt, told, lines.map(hide))), () =>
        Effect.sync(() => {
          told += lines.length
        })
      )
  }

  const finish = (id: string, exit: number) =>
    Effect.zipRight(lasting(jobs.end(id, exit)), report({ _tag: "Ended", id, exit }))

  /** A process that does not get at the state has sent nothing: another one is started once the state is there. */
  const carriedOut = Effect.fnUntraced(function* (
    id: string,
    request: Request,
    say: ReturnType<typeof tell>
  ) {
    for (;;) {
      let isAway = false
      const ended = yield* Effect.orDie(
        carryOut(request, (lines) => {
          const others = lines.filter((line) => !isStateAway(line))
          isAway ||= others.length < lines.length
          return others.length === 0 ? Effect.void : say(others)
        })
      )
      const hasSentNothing = isAway && ended._tag === "Exit" && ended.code === ExitCode.refused
      // Another may have carried it out meanwhile.
      if (!hasSentNothing || (yield* isOver(id))) return ended
    }
  })

  const carry = Effect.fn("carry")(function* (id: string) {
    if (yield* isOver(id)) return
    const say = tell(id)
    const request = Option.flatMap(yield* lasting(jobs.request(id)), (text) => decode(Redacted.value(text)))
    if (Option.isNone(request)) {
      if (yield* isOver(id)) return
      const message = "the job cannot be read: it was changed, or is of another version of fabrik"
      yield* say([
        jsonLine({ type: "Error", tag: "Job", exit: ExitCode.refused, message, next: "Hand it over again." })
      ])
      return yield* finish(id, ExitCode.refused)
    }
    yield* removeLeftFolders
    yield* lasting(jobs.take(id, name))
    yield* report({ _tag: "Taken", id })
    for (let attempt = 1; ; attempt += 1) {
      const ended = yield* carriedOut(id, request.value, say)
      if (ended._tag === "Exit" && ended.code !== ExitCode.bug) return yield* finish(id, ended.code)
      if (ended._tag === "Signal" && attempt < mostAttempts) continue
      const message = describe(ended)
      const exit = ended._tag === "Exit" ? ended.code : ExitCode.unknown
      yield* say([
        jsonLine({ type: "Error", tag: "Job", exit, message: hide(message), next: "Run `fabrik recover`." })
      ])
      return yield* finish(id, exit)
    }
  })

  const run = (id: string): Effect.Effect<void> =>
    Effect.gen(function* () {
      if (yield* Ref.get(stopping)) return yield* Effect.never
      const known = running.get(id)
      const fiber =
        known ??
        (yield* carry(id).pipe(
          permits.withPermits(1),
          Effect.provide(services),
          Effect.ensuring(Effect.sync(() => running.delete(id))),
          Effect.interruptible,
          Effect.forkIn(scope)
        ))
      if (known === undefined) running.set(id, fiber)
      return yield* Fiber.join(fiber)
    })

  return {
    run,
    drain: (grace) =>
      Ref.set(stopping, true).pipe(
        Effect.zipRight(
          Effect.suspend(() =>
            Effect.forEach([...running.values()], Fiber.await, { concurrency: "unbounded" })
          )
        ),
        Effect.interruptible,
        Effect.timeoutOption(grace),
        Effect.zipRight(Effect.suspend(() => Fiber.interruptAll([...running.values()])))
      )
  } satisfies Worker
})

const describe = (ended: Ended & { readonly errors: string }): string =>
  ended._tag === "Exit"
    ? `fabrik failed for a reason of its own: ${ended.errors}`
    : `the process that carried it out died ${mostAttempts} times (${ended.signal})`
