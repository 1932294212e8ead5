/** Every request that can change something is written down before it is sent, and its answer after. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { JournalError } from "../state/Journals.ts"

/**
 * What became of a write. `refused`: nothing; `unknown`: its server answered, and it may have taken effect; `lost`: no
 * answer of its server's came, so it may still take effect.
 */
export type Fate = "done" | "refused" | "unknown" | "lost"

/** Where the writes of a run are written down; without a run, nowhere. */
export class RequestJournal extends Context.Reference<RequestJournal>()("fabrik/http/RequestJournal", {
  defaultValue: (): {
    /** Safe on disk when this returns. Answers the id of the entry. */
    readonly sending: (method: string, what: string) => Effect.Effect<number, JournalError>
    readonly answered: (id: number, fate: Fate) => Effect.Effect<void>
  } => ({ sending: () => Effect.succeed(0), answered: () => Effect.void })
}) {}

/** A write is under way whose entry speaks for all of its requests. */
class InWrite extends Context.Reference<InWrite>()("fabrik/http/RequestJournal/InWrite", {
  defaultValue: () => false
}) {}

/** What a journal needs to know of an API's errors. */
export interface WriteErrors<E> {
  /** The error of a write that was not sent, as it could not be written down. */
  readonly unrecorded: (method: string, message: string) => E
  readonly fate: (error: E) => Exclude<Fate, "done">
}

/** One write, of one request or of several. A write inside another one is part of that one's entry. */
export const journaled = <A, E>(
  errors: WriteErrors<E>,
  { method, what }: { readonly method: string; readonly what: string },
  request: Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    if (yield* InWrite) return yield* request
    const journal = yield* RequestJournal
    const id = yield* Effect.mapError(journal.sending(method, what), ({ message }) =>
      errors.unrecorded(method, message)
    )
    return yield* request.pipe(
      Effect.provideService(InWrite, true),
      Effect.onExit((exit) => {
        if (Exit.isSuccess(exit)) return journal.answered(id, "done")
        // Interrupted: nobody has heard of an answer.
        const fate = Option.map(Cause.failureOption(exit.cause), errors.fate)
        return journal.answered(
          id,
          Option.getOrElse(fate, (): Fate => "lost")
        )
      })
    )
  })
