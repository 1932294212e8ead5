/**
 * Atomic changes of the stored state, and what new rows need: numbers, uuids, the time.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import { PCGRandom } from "effect/Utils"
import type { Stored } from "../Stored.ts"
import type { CoolifyState } from "./CoolifyState.ts"
import type { Refusal } from "./Reply.ts"

export interface Fresh {
  /** Epoch milliseconds. */
  readonly now: number
  /** 24 lower case letters and digits. */
  readonly uuid: () => string
}

export type Transaction<A> = (
  state: CoolifyState,
  fresh: Fresh
) => Either.Either<readonly [A, CoolifyState], Refusal>

export interface Database {
  readonly get: Effect.Effect<CoolifyState>
  /** All or nothing: a refused transaction changes nothing. */
  readonly transact: <A>(f: Transaction<A>) => Effect.Effect<A, Refusal>
  /** A change that cannot be refused. */
  readonly change: <A>(
    f: (state: CoolifyState, fresh: Fresh) => readonly [A, CoolifyState]
  ) => Effect.Effect<A>
  /** Answers from the state as it is. */
  readonly read: <A>(f: (state: CoolifyState) => Either.Either<A, Refusal>) => Effect.Effect<A, Refusal>
}

const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

export const make = Effect.fn("Database.make")(function* (stored: Stored<CoolifyState>) {
  const { next_id } = yield* stored.get
  // The counter is part of the seed: a fixed seed must not repeat its uuids after a reload.
  const pcg = new PCGRandom(yield* Random.nextIntBetween(0, 2 ** 31 - 1), next_id)
  const uuid = () => {
    let text = ""
    for (let n = 0; n < 24; n++) text += alphabet.charAt(pcg.integer(alphabet.length))
    return text
  }
  const change: Database["change"] = (f) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => stored.modify((state) => f(state, { now, uuid })))
  const database: Database = {
    get: stored.get,
    change,
    transact: <A>(f: Transaction<A>) =>
      Effect.flatten(
        change((state, fresh): readonly [Either.Either<A, Refusal>, CoolifyState] => {
          const outcome = f(state, fresh)
          return Either.isLeft(outcome)
            ? [Either.left(outcome.left), state]
            : [Either.right(outcome.right[0]), outcome.right[1]]
        })
      ),
    read: (f) => Effect.flatMap(stored.get, f)
  }
  return database
})

/** The next row number, and the state without it. */
export const takeId = (state: CoolifyState): readonly [number, CoolifyState] => [
  state.next_id,
  { ...state, next_id: state.next_id + 1 }
]

/** `rows` with the one of this id replaced. */
export const replaceRow = <A extends { readonly id: number }>(
  rows: ReadonlyArray<A>,
  row: A
): ReadonlyArray<A> => rows.map((old) => (old.id === row.id ? row : old))
