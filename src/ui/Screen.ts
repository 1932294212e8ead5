import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Style } from "./Style.ts"

/** One of the process's output streams. */
export interface Stream {
  /** Whole lines or pieces, as they are. A reader that went away is not an error. */
  readonly write: (text: string) => Effect.Effect<void>
  /** Ends when the reader has gone away. */
  readonly closed: Effect.Effect<void>
  readonly style: Style
  readonly tty: boolean
  /** Lines that are written anew in place, below all that is written; absent: there can be none. */
  readonly live?: Live
}

export interface Live {
  /** In the place of those that were shown before; none: nothing stays behind. */
  readonly show: (lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** The same, with what is written next: until then what is shown stays. */
  readonly aim: (lines: ReadonlyArray<string>) => Effect.Effect<void>
  /** As it is now: a person may change it. */
  readonly window: Effect.Effect<{ readonly columns: number; readonly rows: number }>
}

/** Where the words go: results to `out`; progress, warnings, prompts and errors to `err`. */
export class Screen extends Context.Tag("fabrik/ui/Screen")<
  Screen,
  { readonly out: Stream; readonly err: Stream }
>() {}
