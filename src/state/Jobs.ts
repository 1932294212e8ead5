/** Work that machines of a team hand to each other: specs to apply, what is told of it meanwhile, and how it ended. */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { StateError } from "./StateError.ts"

interface NewJob {
  readonly id: string
  /** What it is called in messages: the names of its specs. */
  readonly label: string
  /** All that a worker needs, secrets included: sealed before it leaves the machine. */
  readonly request: Redacted.Redacted<string>
}

interface JobState {
  readonly id: string
  /** Who has it, or had it last: `user@host (process 12)`; empty: nobody yet. */
  readonly worker: string
  /** The exit code of the command that carried it out; `null`: it has not ended. */
  readonly exit: number | null
}

interface JobLine {
  readonly job: string
  /** Grows with every line, whoever wrote it. */
  readonly number: number
  /** One JSON object, as `apply --json` writes it. */
  readonly line: string
}

export interface Jobs {
  /** Hands them over. Those of the same id are there already. */
  readonly add: (jobs: ReadonlyArray<NewJob>) => Effect.Effect<void, StateError>
  /** What is to be done; `None`: it cannot be read, or was forgotten since. */
  readonly request: (id: string) => Effect.Effect<Option.Option<Redacted.Redacted<string>>, StateError>
  readonly states: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<JobState>, StateError>
  /** What was told of them since, oldest first. */
  readonly linesAfter: (
    ids: ReadonlyArray<string>,
    number: number
  ) => Effect.Effect<ReadonlyArray<JobLine>, StateError>
  /** Says who has it now. */
  readonly take: (id: string, worker: string) => Effect.Effect<void, StateError>
  /**
   * Adds lines, once however often they are sent.
   * @param attempt who tells them. @param from the place of the first of them among that one's.
   */
  readonly tell: (
    id: string,
    attempt: string,
    from: number,
    lines: ReadonlyArray<string>
  ) => Effect.Effect<void, StateError>
  /** Notes how it ended, unless that is known already, and forgets its secrets. */
  readonly end: (id: string, exit: number) => Effect.Effect<void, StateError>
}

/** What brings jobs to workers: each at least once, also when the worker that had it dies. Nothing else knows how. */
export interface WorkEngine {
  /** Returns once they will be carried out, however many workers there are just now. */
  readonly enqueue: (ids: ReadonlyArray<string>) => Effect.Effect<void, StateError>
  /** How many workers have given a sign of life within the last seconds. */
  readonly workers: Effect.Effect<number, StateError>
  /**
   * Takes jobs until the scope ends. A job may come to several workers, one after the other or at once; it is through
   * when `run` returns. An interruption of `run` gives it back.
   */
  readonly serve: (
    name: string,
    run: (id: string) => Effect.Effect<void>
  ) => Effect.Effect<void, StateError, Scope.Scope>
}
