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
  /** Lines may be rewritten in place. */
  readonly tty: boolean
}

/** Where the words go: results to `out`; progress, warnings, prompts and errors to `err`. */
export class Screen extends Context.Tag("fabrik/ui/Screen")<
  Screen,
  { readonly out: Stream; readonly err: Stream }
>() {}
