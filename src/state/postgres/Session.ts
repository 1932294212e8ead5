/** One connection to the database, which all of a command's statements use, so that they live and end with its locks. */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as PgClient from "@effect/sql-pg/PgClient"
import type { Connection } from "@effect/sql/SqlConnection"
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import { StateError } from "../StateError.ts"
import type { Address } from "./Address.ts"
import { endsConnection, failureOf } from "./Failure.ts"
import { makeSealing, type Sealing, withDigestKey } from "./Sealing.ts"
import * as Tables from "./Tables.ts"

/** The oldest that is tested against. */
const oldest = 15
/** How long a statement may take: all are short, and a connection that says nothing any more has to be noticed. */
const patience = "15 seconds"
/** How long a lost connection is tried to be had again. */
const away = "10 seconds"

export type Query = <A, I>(
  row: Schema.Schema<A, I>,
  sql: string,
  values: ReadonlyArray<unknown>
) => Effect.Effect<ReadonlyArray<A>, StateError>

export interface Session {
  readonly place: string
  readonly sealing: Sealing
  readonly server: {
    /** `17.2` */
    readonly version: string
    /** Its tables have been made. */
    readonly there: boolean
  }
  /** What tells the key that is in use, hex; empty where nothing is kept yet. */
  readonly proof: string
  /**
   * Sends one statement, again when the connection was lost meanwhile: it must be one that may be carried out twice.
   * Nothing interrupts it.
   */
  readonly query: Query
  /** What to do first with a connection that follows a lost one. */
  readonly onReopened: (retake: (query: Query) => Effect.Effect<void, StateError>) => Effect.Effect<void>
}

interface Opened {
  readonly query: Query
  readonly close: Effect.Effect<void>
}

const Facts = Schema.Struct({ version: Schema.Number, name: Schema.String, there: Schema.Boolean })
const State = Schema.Struct({
  version: Schema.Number,
  salt: Schema.Uint8ArrayFromSelf,
  proof: Schema.Uint8ArrayFromSelf,
  digests: Schema.NullOr(Schema.Uint8ArrayFromSelf)
})
export const Nothing = Schema.Unknown

export const proofPlace = "proof"
/** Where the key of the digests is kept once the key of the state has been changed. */
export const digestPlace = { place: "digest", id: "key" }
/** What a sealed text is bound to. */
export const boundTo = (place: string, id: string): string => JSON.stringify([place, id])

/**
 * Connects, makes the tables where there are none, and checks the key.
 * @param writes `false`: nothing is made, and without tables there is nothing to find.
 */
export const open = Effect.fn("Session.open")(function* (
  address: Address,
  key: Redacted.Redacted<string>,
  writes: boolean
) {
  const { place } = address
  const scope = yield* Effect.scope
  const one = yield* Effect.makeSemaphore(1)
  const first = yield* connect(address)
  let current: Opened | undefined = first
  let failed: { readonly error: StateError; readonly at: number } | undefined
  let retake: (query: Query) => Effect.Effect<void, StateError> = () => Effect.void
  yield* Scope.addFinalizer(
    scope,
    Effect.suspend(() => current?.close ?? Effect.void)
  )

  const { there, sealing, proof, version } = yield* prepare(first.query, place, key, writes)

  /** The connection, or one that follows it and has its locks. */
  const connection: Effect.Effect<Opened, StateError> = Effect.gen(function* () {
    if (current !== undefined) return current
    const now = yield* Clock.currentTimeMillis
    // Who has waited in vain just now does not wait again with every statement.
    if (failed !== undefined && now - failed.at < 5_000) return yield* failed.error
    const again = yield* connect(address).pipe(
      Effect.retry({
        while: ({ reason }) => reason === "Unreachable",
        schedule: Schedule.upTo(Schedule.spaced("500 millis"), away)
      }),
      Effect.tap((opened) => Effect.tapError(retake(opened.query), () => opened.close)),
      Effect.tapError((error) =>
        Effect.map(Clock.currentTimeMillis, (at) => {
          failed = { error, at }
        })
      )
    )
    current = again
    return again
  }).pipe(one.withPermits(1))

  const once = <A, I>(row: Schema.Schema<A, I>, sql: string, values: ReadonlyArray<unknown>) =>
    Effect.gen(function* () {
      const used = yield* connection
      return yield* Effect.tapError(used.query(row, sql, values), ({ reason }) => {
        if (reason !== "Unreachable" || current !== used) return Effect.void
        current = undefined
        return used.close
      })
    })

  const query: Query = (row, sql, values) =>
    there
      ? Effect.retry(once(row, sql, values), {
          while: ({ reason }) => reason === "Unreachable",
          times: 1
        }).pipe(undisturbed)
      : Effect.succeed([])

  const session: Session = {
    place,
    sealing,
    server: { version, there },
    proof,
    query,
    onReopened: (then) =>
      Effect.sync(() => {
        retake = then
      })
  }
  return session
})

/** A connection of its own scope, whose settings make its end known on both sides. */
const connect = Effect.fn("Session.connect")(function* (address: Address) {
  const { place } = address
  const scope = yield* Scope.make()
  const close = undisturbed(Scope.close(scope, Exit.void))
  return yield* Effect.gen(function* () {
    const client = yield* PgClient.make({
      host: address.host,
      port: address.port,
      database: address.database,
      username: address.username,
      password: address.password,
      ssl: address.tls ? { rejectUnauthorized: true } : false,
      applicationName: "fabrik",
      connectTimeout: "5 seconds",
      maxConnections: 1
    })
    const connection = yield* client.reserve
    // A machine that is gone without a word is noticed by the server within half a minute, and its locks are free.
    yield* connection.executeUnprepared(
      "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET statement_timeout = '10s'; SET client_min_messages = warning",
      [],
      undefined
    )
    const query = queryOf(connection, place)
    // One after the other, as the connection itself would have it.
    const turn = yield* Effect.makeSemaphore(1)
    return {
      query: (row, sql, values) => turn.withPermits(1)(query(row, sql, values)),
      close
    } satisfies Opened
  }).pipe(
    Effect.provide(Reactivity.layer),
    Scope.extend(scope),
    Effect.mapError((error) => failureOf(place, causeOf(error))),
    Effect.onError(() => close)
  )
})

const causeOf = (error: SqlError): unknown =>
  error.message.includes("timed out") ? new Error("timed out") : error.cause

const queryOf =
  (connection: Connection, place: string): Query =>
  (row, sql, values) =>
    connection.executeUnprepared(sql, values, undefined).pipe(
      Effect.mapError(causeOf),
      // What is given up here goes on there: the connection is left with it.
      Effect.uninterruptible,
      Effect.disconnect,
      Effect.timeoutFail({ duration: patience, onTimeout: () => new Error("timed out") }),
      Effect.mapError((cause) => {
        const error = failureOf(place, cause)
        return endsConnection(cause) ? new StateError({ ...error, reason: "Unreachable" }) : error
      }),
      Effect.flatMap((rows) => Effect.orDie(Schema.decodeUnknown(Schema.Array(row))(rows)))
    )

const prepare = Effect.fnUntraced(function* (
  query: Query,
  place: string,
  key: Redacted.Redacted<string>,
  writes: boolean
) {
  const [facts] = yield* query(
    Facts,
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name, to_regclass('fabrik.sealed') IS NOT NULL AS there",
    []
  )
  const major = Math.floor((facts?.version ?? 0) / 10_000)
  if (major < oldest) {
    return yield* new StateError({
      reason: "TooOld",
      place,
      detail: `is in PostgreSQL ${major}, and fabrik needs ${oldest} or newer`,
      next: "Update the server, or name another one in FABRIK_STATE_URL."
    })
  }
  const there = facts?.there === true
  const version = (facts?.name ?? "").split(" ")[0] ?? ""
  const salt = yield* Effect.sync(() => randomBytes(16))
  if (!there) {
    const sealing = yield* makeSealing(key, salt)
    if (!writes) return { there, sealing, version, proof: "" }
    const proof = yield* sealing.seal(proofPlace, Redacted.make(proofPlace))
    yield* query(Nothing, Tables.create(hex(salt), hex(proof)), [])
  }
  const [state] = yield* query(
    State,
    "SELECT version, salt, proof, (SELECT sealed FROM fabrik.sealed WHERE place = $1 AND id = $2) AS digests FROM fabrik.state",
    [digestPlace.place, digestPlace.id]
  )
  if (state === undefined || state.version !== Tables.version) {
    return yield* new StateError({
      reason: "Newer",
      place,
      detail: `has the form ${state?.version ?? "of no version"}, and this fabrik knows ${Tables.version}`,
      next: "Use the version of fabrik that the others use."
    })
  }
  const sealing = yield* makeSealing(key, state.salt)
  if (sealing.unseal(proofPlace, state.proof)._tag === "None") {
    return yield* new StateError({
      reason: "WrongKey",
      place,
      detail: "was begun with another key than the one in FABRIK_STATE_KEY",
      next: "Set FABRIK_STATE_KEY to the key that the others use. Nothing was changed, and nothing is lost."
    })
  }
  const digests =
    state.digests === null
      ? Option.none()
      : sealing.unseal(boundTo(digestPlace.place, digestPlace.id), state.digests)
  return {
    there: true,
    sealing: Option.isNone(digests) ? sealing : withDigestKey(sealing, digests.value),
    version,
    proof: hex(state.proof)
  }
})

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** Goes on to its end whatever is interrupted, and keeps its own deadlines. */
const undisturbed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptible(Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join))
