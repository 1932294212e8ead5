/** A team's state in PostgreSQL. Loaded only where FABRIK_STATE_URL is set. */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { WorkEngine } from "../Jobs.ts"
import type { SharedState } from "../SharedState.ts"
import { type Address, parseAddress } from "./Address.ts"
import { holderOf, makeLocks, takeAway } from "./Locks.ts"
import { keyProblem } from "./Sealing.ts"
import { open } from "./Session.ts"
import type { StateError } from "../StateError.ts"
import { makeHistory } from "./SharedHistory.ts"
import { makeJournals } from "./SharedJournals.ts"
import { makeJobs } from "./SharedJobs.ts"
import { makeBudget } from "./SharedBudget.ts"
import { makeTexts } from "./SharedTexts.ts"

/** What the environment says, before anything is asked of the server. */
export const readSettings = Effect.fn("Postgres.readSettings")(function* (
  url: Redacted.Redacted<string>,
  key: Redacted.Redacted<string>
) {
  const address = yield* parseAddress(url)
  const problem = keyProblem(key)
  if (problem !== undefined) return yield* problem
  return { address, key }
})

/**
 * Connects when it is first used, once, until the scope ends.
 * @param writes `false`: no tables are made.
 */
export const make = Effect.fn("Postgres.make")(function* (options: {
  readonly address: Address
  readonly key: Redacted.Redacted<string>
  readonly writes: boolean
}) {
  const scope = yield* Effect.scope
  const connected = yield* Effect.gen(function* () {
    const session = yield* open(options.address, options.key, options.writes)
    return { session, locks: yield* makeLocks(session) }
  }).pipe(Scope.extend(scope), Effect.cached)
  const sealed = makeTexts(connected)
  const state: SharedState = {
    ready: Effect.asVoid(connected),
    about: Effect.map(connected, ({ session }) => ({
      ...session.server,
      place: session.place,
      tls: options.address.tls
    })),
    journals: (world, servers) => makeJournals(connected, world, servers),
    history: (owner, world) => makeHistory(connected, owner, world),
    lock: (name, says, waitFor) => Effect.flatMap(connected, ({ locks }) => locks.lock(name, says, waitFor)),
    holder: (name) => Effect.flatMap(connected, ({ session }) => holderOf(session, name)),
    takeAway: (name) => Effect.flatMap(connected, ({ session }) => takeAway(session, name)),
    sealed,
    budget: (whose, window) => makeBudget(connected, { writes: options.writes, whose, window }),
    jobs: yield* makeJobs(connected, sealed),
    engine: (world) =>
      Effect.map(
        Effect.promise(() => import("./ClusterEngine.ts")),
        ({ makeEngine }) => oneAtATime(makeEngine(options.address, world), state.lock)
      )
  }
  return state
})

/** The engine makes tables of its own, which is not for several to do at once. */
const oneAtATime = (engine: WorkEngine, lock: SharedState["lock"]): WorkEngine => {
  const alone = <A, R>(effect: Effect.Effect<A, StateError, R>) =>
    Effect.flatMap(Scope.make(), (scope) =>
      Scope.extend(lock("engine", "", "60 seconds"), scope).pipe(
        Effect.catchTag("LockError", () => Effect.void),
        Effect.zipRight(effect),
        Effect.ensuring(Scope.close(scope, Exit.void))
      )
    )
  return {
    ...engine,
    enqueue: (ids) => alone(engine.enqueue(ids)),
    serve: (name, run) => alone(engine.serve(name, run))
  }
}
