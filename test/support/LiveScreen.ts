/** A terminal that a view draws on, and what was written to it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeLiveRegion } from "../../src/ui/LiveRegion.ts"
import { Screen } from "../../src/ui/Screen.ts"
import { makeStyle } from "../../src/ui/Style.ts"
import { makeTerminal } from "./Terminal.ts"

export const makeLiveScreen = (size: { readonly columns: number; readonly rows: number }, color = false) => {
  let window = size
  const terminal = makeTerminal(size)
  const writes: Array<string> = []
  const write = (text: string) => {
    writes.push(text)
    terminal.write(text)
  }
  const region = makeLiveRegion(write, () => window.columns)
  const stream = {
    write: (text: string) => Effect.sync(() => region.write(text)),
    closed: Effect.never,
    style: makeStyle({ color, unicode: true, columns: size.columns }),
    tty: true
  }
  const live = {
    show: (lines: ReadonlyArray<string>) => Effect.sync(() => region.show(lines)),
    aim: (lines: ReadonlyArray<string>) => Effect.sync(() => region.aim(lines)),
    window: Effect.sync(() => window)
  }
  return {
    layer: Layer.succeed(Screen, { out: stream, err: { ...stream, live } }),
    region,
    terminal,
    writes,
    resize: (to: typeof size) => {
      window = to
      terminal.resize(to)
    }
  }
}
