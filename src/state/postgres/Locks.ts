/**
 * Locks that end with the connection: advisory ones, each with a row that names its holder and an epoch. Whoever takes a
 * lock gets a higher epoch than all before, so that what is written under an earlier one can be refused.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { LockError } from "../FileLock.ts"
import type { StateError } from "../StateError.ts"
import { Nothing, type Query, type Session } from "./Session.ts"

/** How often a holder gives a sign of life. */
const heartbeat = "5 seconds"

interface Held {
  /** `undefined`: it is being taken. */
  epoch: string | undefined
  /** Another may have had it since: it is ours no more. */
  lost: boolean
}

export interface Locks {
  readonly lock: (
    name: string,
    says: string,
    waitFor: Duration.DurationInput
  ) => Effect.Effect<void, LockError | StateError, Scope.Scope>
  /** Of a lock that is held here; `undefined`: it is not, or not any more. */
  readonly epochOf: (name: string) => string | undefined
}

const Taken = Schema.Struct({ taken: Schema.Boolean })
const Epoch = Schema.Struct({ epoch: Schema.String })
const Holder = Schema.Struct({ holder: Schema.String, held: Schema.Boolean })

const Standing = Schema.Struct({
  holder: Schema.String,
  held: Schema.Boolean,
  silent: Schema.Number,
  alive: Schema.Boolean
})

/** What stands for the name among the advisory locks, as a signed 64-bit number. */
const keyOf = (name: string): string =>
  createHash("sha256").update(`fabrik lock ${name}`).digest().readBigInt64BE(0).toString()

const tryLock = (query: Query, name: string) =>
  Effect.map(
    query(Taken, "SELECT pg_try_advisory_lock($1::bigint) AS taken", [keyOf(name)]),
    ([row]) => row?.taken === true
  )

/** The sessions that hold it: an advisory lock's number stands there in two halves. */
const holding = `
FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid::bigint = (($2::bigint >> 32) & 4294967295) AND objid::bigint = ($2::bigint & 4294967295)`

export const holderOf = Effect.fn("Locks.holderOf")(function* ({ query }: Session, name: string) {
  const [row] = yield* query(
    Standing,
    `SELECT holder, held, extract(epoch FROM now() - seen)::float8 AS silent, EXISTS (SELECT 1 ${holding}) AS alive
     FROM fabrik.lock WHERE name = $1`,
    [name, keyOf(name)]
  )
  return row === undefined || !row.alive || !row.held
    ? undefined
    : { says: row.holder, silent: Math.max(0, row.silent) }
})

export const takeAway = Effect.fn("Locks.takeAway")(function* ({ query }: Session, name: string) {
  yield* query(
    Nothing,
    "UPDATE fabrik.lock SET held = false, epoch = nextval('fabrik.epoch') WHERE name = $1",
    [name]
  )
  yield* query(
    Nothing,
    `SELECT $1::text, pg_terminate_backend(pid) FROM (SELECT pid ${holding} AND pid <> pg_backend_pid()) AS held`,
    [name, keyOf(name)]
  )
})

export const makeLocks = Effect.fnUntraced(function* (session: Session) {
  const all = new Map<string, Held>()
  const { query } = session

  const unlock = (name: string) => query(Nothing, "SELECT pg_advisory_unlock($1::bigint)", [keyOf(name)])

  // The server may still take the lost connection for a living one: it is ours to end.
  yield* session.onReopened((fresh) =>
    Effect.forEach(
      [...all].filter(([, { epoch }]) => epoch !== undefined),
      ([name, held]) =>
        Effect.gen(function* () {
          yield* fresh(
            Nothing,
            `SELECT pg_terminate_backend(pid) FROM fabrik.lock JOIN pg_stat_activity ON pid = backend AND backend_start <= seen
             WHERE name = $1 AND epoch = $2::bigint AND held AND pid <> pg_backend_pid()`,
            [name, held.epoch]
          )
          const taken = yield* tryLock(fresh, name).pipe(
            Effect.filterOrFail(
              (yes) => yes,
              () => "held" as const
            ),
            Effect.retry({
              while: (error) => error === "held",
              schedule: Schedule.upTo(Schedule.spaced("100 millis"), "3 seconds")
            }),
            Effect.catchIf(
              (error) => error === "held",
              () => Effect.succeed(false)
            )
          )
          const ours = yield* fresh(
            Epoch,
            "UPDATE fabrik.lock SET backend = pg_backend_pid(), seen = now() WHERE name = $1 AND epoch = $2::bigint AND held RETURNING epoch::text",
            [name, held.epoch]
          )
          if (taken && ours.length > 0) return
          held.lost = true
          if (taken) yield* fresh(Nothing, "SELECT pg_advisory_unlock($1::bigint)", [keyOf(name)])
        }),
      { discard: true }
    )
  )

  const take = Effect.fnUntraced(function* (name: string, says: string, took: (held: Held) => void) {
    const heldBy = (holder: string | undefined) => new LockError({ reason: "Held", holder, code: "55P03" })
    const told = Effect.map(
      query(Holder, "SELECT holder, held FROM fabrik.lock WHERE name = $1", [name]),
      ([row]) => (row === undefined || row.holder === "" ? undefined : row.holder)
    )
    // An advisory lock is its connection's, which may take it twice.
    if (all.has(name)) return yield* heldBy(yield* told)
    const own: Held = { epoch: undefined, lost: false }
    all.set(name, own)
    yield* Effect.gen(function* () {
      if (!(yield* tryLock(query, name))) return yield* heldBy(yield* told)
      const [row] = yield* query(
        Epoch,
        `INSERT INTO fabrik.lock (name, epoch, held, holder, backend, since, seen)
         VALUES ($1, nextval('fabrik.epoch'), true, $2, pg_backend_pid(), now(), now())
         ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, held = true, holder = excluded.holder,
           backend = excluded.backend, since = excluded.since, seen = excluded.seen
         RETURNING epoch::text`,
        [name, says]
      ).pipe(Effect.tapError(() => Effect.ignore(unlock(name))))
      own.epoch = row?.epoch
      took(own)
    }).pipe(
      Effect.tapError(() => Effect.sync(() => all.delete(name))),
      Effect.uninterruptible
    )
  })

  const release = (name: string, { epoch, lost }: Held) =>
    Effect.gen(function* () {
      all.delete(name)
      if (lost) return
      yield* query(Nothing, "UPDATE fabrik.lock SET held = false WHERE name = $1 AND epoch = $2::bigint", [
        name,
        epoch
      ])
      yield* unlock(name)
    }).pipe(Effect.ignore)

  const beat = (name: string, held: Held) =>
    Effect.gen(function* () {
      const rows = yield* query(
        Epoch,
        "UPDATE fabrik.lock SET seen = now() WHERE name = $1 AND epoch = $2::bigint AND held RETURNING epoch::text",
        [name, held.epoch]
      )
      if (rows.length === 0) held.lost = true
    }).pipe(Effect.ignore)

  const locks: Locks = {
    lock: (name, says, waitFor) =>
      Effect.gen(function* () {
        let own: Held | undefined
        yield* Effect.acquireReleaseInterruptible(
          Effect.retry(
            take(name, says, (held) => {
              own = held
            }),
            {
              while: (error) => error._tag === "LockError",
              schedule: Schedule.upTo(Schedule.spaced("200 millis"), waitFor)
            }
          ),
          () => (own === undefined ? Effect.void : release(name, own))
        )
        if (own === undefined) return
        yield* beat(name, own).pipe(
          Effect.repeat(Schedule.spaced(heartbeat)),
          Effect.interruptible,
          Effect.forkScoped
        )
      }),
    epochOf: (name) => {
      const held = all.get(name)
      return held === undefined || held.lost ? undefined : held.epoch
    }
  }
  return locks
})
