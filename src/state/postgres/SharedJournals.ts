import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { JournalError, Journals, type Journal } from "../Journals.ts"
import { lockOf } from "../SharedState.ts"
import type { StateError } from "../StateError.ts"
import type { Locks } from "./Locks.ts"
import type { Session } from "./Session.ts"

const Row = Schema.Struct({ world: Schema.String, seq: Schema.Number, entry: Schema.String })
const Head = Schema.Struct({ world: Schema.String, name: Schema.String, entry: Schema.String })
const Written = Schema.Struct({ seq: Schema.Number })
const Entry = Schema.parseJson(Schema.Unknown)

/** What is written, only by the holder of the lock: an earlier epoch, or a lock that is another's, writes nothing. */
const append = `
WITH held AS (SELECT 1 FROM fabrik.lock WHERE name = $1 AND epoch = $2::bigint AND held FOR SHARE),
     own AS (
       INSERT INTO fabrik.journal (world, name, epoch) SELECT $3, $4, $2::bigint FROM held
       ON CONFLICT (world, name) DO UPDATE SET epoch = excluded.epoch WHERE fabrik.journal.epoch <= excluded.epoch
       RETURNING world, name)
INSERT INTO fabrik.entry (world, name, seq, epoch, entry) SELECT world, name, $5, $2::bigint, $6 FROM own
ON CONFLICT (world, name, seq) DO UPDATE SET entry = excluded.entry
  WHERE fabrik.entry.epoch = excluded.epoch AND fabrik.entry.entry = excluded.entry
RETURNING seq`

const remove = `
DELETE FROM fabrik.journal WHERE world = $3 AND name = $4 AND epoch <= $2::bigint
  AND EXISTS (SELECT 1 FROM fabrik.lock WHERE name = $1 AND epoch = $2::bigint AND held FOR SHARE)
RETURNING 1 AS seq`

/**
 * Each entry is a row, safe when the statement returns, whoever asks for it. A world has one address at a time, and may
 * be known by another: a journal that tells one of this world's servers is found under any.
 * @param servers the ids of this world's; asked for only where another address has a journal that may be meant.
 */
export const makeJournals = (
  connected: Effect.Effect<{ readonly session: Session; readonly locks: Locks }, StateError>,
  world: string,
  servers: Effect.Effect<ReadonlyArray<string>, { readonly message: string }>
): typeof Journals.Service => {
  const isOurs = (name: string, place: string, told: ReadonlyArray<string>) =>
    told.length === 0
      ? Effect.succeed(false)
      : servers.pipe(
          Effect.map((own) => told.some((server) => own.includes(server))),
          Effect.mapError(
            ({ message }) =>
              new JournalError({
                reason: "Unreadable",
                file: fileOf(name, place),
                detail: `may be another Coolify's, and this one's servers cannot be seen: ${message}`
              })
          )
        )

  const open = Effect.fn("SharedJournals.open")(function* (name: string) {
    const { locks, session } = yield* Effect.mapError(connected, failedWith(name))
    const rows = yield* Effect.mapError(
      session.query(
        Row,
        "SELECT world, seq, entry FROM fabrik.entry WHERE name = $1 ORDER BY world <> $2, world, seq",
        [name, world]
      ),
      failedWith(name)
    )
    for (const at of new Set(rows.map((row) => row.world))) {
      const own = rows.filter((row) => row.world === at)
      const entries = own.map(({ entry }) => Schema.decodeOption(Entry)(entry))
      const told = entries.flatMap((entry) => Option.toArray(Option.flatMap(entry, serverOf)))
      if (at !== world && !(yield* isOurs(name, session.place, told))) continue
      const whole = Option.all(entries)
      if (Option.isSome(whole) && own.every(({ seq }, index) => seq === index + 1)) {
        return makeJournal(session, locks, { name, world, at, entries: whole.value })
      }
      return yield* new JournalError({
        reason: "Damaged",
        file: fileOf(name, session.place),
        detail: "is damaged: entries of it are gone, or were changed"
      })
    }
    return makeJournal(session, locks, { name, world, at: world, entries: [] })
  })

  const list = Effect.gen(function* () {
    const { session } = yield* Effect.mapError(connected, failedWith(""))
    const rows = yield* Effect.mapError(
      session.query(Head, "SELECT world, name, entry FROM fabrik.entry WHERE seq = 1 ORDER BY name", []),
      failedWith("")
    )
    const ours = yield* Effect.filter(rows, (row) => {
      const told = Option.flatMap(Schema.decodeOption(Entry)(row.entry), serverOf)
      return row.world === world
        ? Effect.succeed(true)
        : isOurs(row.name, session.place, Option.toArray(told))
    })
    return [...new Set(ours.map(({ name }) => name))]
  })

  return Journals.of({ open, list })
}

/** The server for which an entry says its run was. */
const serverOf = (entry: unknown): Option.Option<string> =>
  Predicate.hasProperty(entry, "server") && Predicate.isString(entry.server)
    ? Option.some(entry.server)
    : Option.none()

const failedWith = (name: string) => (error: StateError) =>
  new JournalError({
    reason: "Unavailable",
    file: fileOf(name, error.place),
    detail: `is in the shared state, which ${error.detail}`
  })

const fileOf = (name: string, place: string): string =>
  [name, place].filter((part) => part !== "").join(" at ")

const makeJournal = (
  session: Session,
  locks: Locks,
  journal: {
    readonly name: string
    readonly world: string
    /** The world that it stands under. */
    readonly at: string
    readonly entries: ReadonlyArray<unknown>
  }
): Journal => {
  const { at, entries, name, world } = journal
  const file = fileOf(name, session.place)
  const lock = lockOf(world, name)
  const oneWriter = Effect.unsafeMakeSemaphore(1)
  let last = entries.length

  const lost = new JournalError({
    reason: "Lost",
    file,
    detail: "is another run's by now: the lock of this one was lost"
  })
  const asHolder = (sql: string, values: ReadonlyArray<unknown>) =>
    Effect.gen(function* () {
      const epoch = locks.epochOf(lock)
      if (epoch === undefined) return yield* lost
      const rows = yield* Effect.mapError(
        session.query(Written, sql, [lock, epoch, at, name, ...values]),
        failedWith(name)
      )
      return rows.length
    })

  return {
    id: `${createHash("sha256").update(at).digest("hex").slice(0, 8)}-${name}`,
    file,
    entries,
    append: (entry) =>
      Effect.gen(function* () {
        const text = yield* Effect.orDie(Schema.encode(Entry)(entry))
        if ((yield* asHolder(append, [last + 1, text])) === 0) return yield* lost
        last += 1
      }).pipe(Effect.uninterruptible, oneWriter.withPermits(1)),
    remove: Effect.asVoid(asHolder(remove, [])).pipe(
      Effect.tap(() => Effect.sync(() => (last = 0))),
      Effect.uninterruptible
    )
  }
}
