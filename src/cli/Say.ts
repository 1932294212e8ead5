import * as Effect from "effect/Effect"
import { wrap } from "../ui/Layout.ts"
import { clean } from "../ui/Sanitize.ts"
import { Screen } from "../ui/Screen.ts"

/** Lines that are the result. */
export const result = (lines: ReadonlyArray<string>): Effect.Effect<void, never, Screen> =>
  Effect.flatMap(Screen, ({ out }) => out.write(lines.map((line) => `${line}\n`).join("")))

/** Something the operator should know, whatever the output looks like. */
export const warn = (message: string): Effect.Effect<void, never, Screen> =>
  Effect.flatMap(Screen, ({ err }) => {
    const lines = wrap(clean(message), err.style.columns, "Warning: ").map(err.style.yellow)
    return err.write(`${lines.join("\n")}\n`)
  })

/** A line or a command that is of use now. Commands are not broken: they are there to be pasted. */
export const hint = (lines: ReadonlyArray<string>): Effect.Effect<void, never, Screen> =>
  Effect.flatMap(Screen, ({ err }) =>
    err.write(
      lines
        .flatMap((line) => (line.startsWith(" ") ? [line] : wrap(line, err.style.columns)))
        .map((line) => `${err.style.dim(line)}\n`)
        .join("")
    )
  )
