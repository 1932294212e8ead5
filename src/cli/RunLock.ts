/** One changing run of an application at a time on this machine. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as os from "node:os"
import * as Marker from "../engine/Marker.ts"
import { journalName } from "../engine/RunJournal.ts"
import { PlaceLock } from "../orchestrator/PlaceLock.ts"
import type { Spec } from "../appspec/Spec.ts"
import * as FileLock from "../state/FileLock.ts"
import { lockOf, type SharedState } from "../state/SharedState.ts"
import * as MachineLock from "../state/MachineLock.ts"
import { jsonLine } from "../ui/Json.ts"
import { clean } from "../ui/Sanitize.ts"
import * as Say from "./Say.ts"
import { userName } from "./UserName.ts"

interface Locked {
  readonly command: string
  readonly owner: string
  readonly target: string
  /** Where fabrik keeps what it must remember itself. */
  readonly directory: string
  /** What it shares with other machines instead. */
  readonly team: { readonly state: SharedState } | undefined
  /** How long to wait for another run; 0: not at all. */
  readonly seconds: number
}

/**
 * Held until the scope ends: one among this user's processes on the machine, and one among all who share the folder with
 * the journal, also from containers. Two machines have two locks: between those only the marks in Coolify stand, unless
 * they share their state: then its lock stands for both. It is said for whom it waits.
 * @param target which Coolify: one name may live in several.
 */
export const lockRun = Effect.fn("lockRun")(function* (
  spec: Spec,
  options: Locked & { readonly json?: boolean }
) {
  const { json = false, seconds } = options
  // What a first look has taken of several locks is free again before they are waited for.
  const look = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
  yield* take(spec, { ...options, seconds: 0 }).pipe(
    Scope.extend(look),
    Effect.catchIf(
      (error) => error._tag === "LockError" && error.reason === "Held" && seconds > 0,
      (error) =>
        Effect.gen(function* () {
          yield* Scope.close(look, Exit.void)
          const holder = error._tag === "LockError" ? (error.holder ?? "another run") : ""
          yield* json
            ? Say.result([jsonLine({ type: "LockAwaited", spec: spec.name, holder, seconds })])
            : Say.hint([`Waiting up to ${seconds} s for ${clean(holder)}`])
          yield* take(spec, options)
        })
    )
  )
})

const take = Effect.fn("takeLock")(function* (spec: Spec, options: Locked) {
  const since = new Date(yield* Clock.currentTimeMillis).toISOString()
  const seconds = Duration.seconds(options.seconds)
  if (options.team !== undefined) {
    const from = `${userName()}@${os.hostname()}`
    const says = `\`fabrik ${options.command}\` of ${spec.name} by ${from} (process ${process.pid}, since ${since})`
    return yield* options.team.state.lock(teamLock(spec, options), says, seconds)
  }
  const name = JSON.stringify(["run", options.target, Marker.applicationKey(options.owner, spec)])
  const says = `\`fabrik ${options.command}\` of ${spec.name} (process ${process.pid}, since ${since})`
  // Where it is not to be had, the other one stands alone.
  yield* Effect.catchIf(
    MachineLock.acquire(name, says, seconds),
    ({ reason }) => reason === "Unavailable",
    () => Effect.void
  )
  yield* FileLock.acquire(`${options.directory}/lock`, name, says, seconds)
})

/** What a team's lock of the application is called. */
export const teamLock = (
  spec: Spec,
  { owner, target }: { readonly owner: string; readonly target: string }
) => lockOf(target, journalName(owner, spec))

/**
 * One run at a time makes a project of a name and its environments. Without the lock, or when it is not to be had in
 * time, runs find out from Coolify who was first.
 */
export const placeLock = (target: string, state: SharedState | undefined): Layer.Layer<PlaceLock> =>
  Layer.succeed(PlaceLock, {
    exclusively: (key, effect) =>
      Effect.acquireUseRelease(
        Effect.tap(Scope.make(), (scope) =>
          (state === undefined
            ? MachineLock.acquire(JSON.stringify(["place", target, key]), "", "30 seconds")
            : state.lock(JSON.stringify(["place", target, key]), "", "30 seconds")
          ).pipe(Effect.ignore, Scope.extend(scope))
        ),
        () => effect,
        (scope) => Scope.close(scope, Exit.void)
      )
  })

/**
 * What the run of an application says of itself that is under way on this machine; `undefined`: there is none. To be
 * asked only where one has left a journal: nobody but the lock knows, so it is taken for a moment.
 */
export const runningRun = (
  spec: Spec,
  options: Omit<Locked, "command" | "seconds">
): Effect.Effect<string | undefined> =>
  options.team === undefined
    ? lockedHere(spec, options)
    : options.team.state.holder(teamLock(spec, options)).pipe(
        Effect.map((holder) => holder?.says),
        // That it cannot be asked is told where the journal is read.
        Effect.orElseSucceed(() => undefined)
      )

const lockedHere = (
  spec: Spec,
  options: Parameters<typeof runningRun>[1]
): Effect.Effect<string | undefined> =>
  Effect.scoped(take(spec, { ...options, command: "status", seconds: 0 })).pipe(
    Effect.match({
      onSuccess: () => undefined,
      onFailure: (error) =>
        error._tag === "LockError" && error.reason === "Held"
          ? (error.holder ?? "a run that does not say which")
          : undefined
    })
  )
