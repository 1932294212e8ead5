import { maxColumns } from "./Layout.ts"

type Paint = (text: string) => string

/** How one stream may look: its colours, its characters, its width. */
export interface Style {
  readonly columns: number
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
  /** `✓` or `ok`. */
  readonly tick: string
  /** `✗` or `x`. */
  readonly cross: string
  /** `•` or `*`. */
  readonly bullet: string
  /** `○` or `o`: still to come. */
  readonly ring: string
  readonly ellipsis: string
  readonly arrow: string
}

export const makeStyle = (options: {
  readonly color: boolean
  readonly unicode: boolean
  readonly columns: number | undefined
}): Style => {
  const painted =
    (on: number, off: number): Paint =>
    (text) =>
      options.color && text !== "" ? `\u001b[${on}m${text}\u001b[${off}m` : text
  const { unicode } = options
  return {
    columns: Math.max(Math.min(options.columns ?? maxColumns, maxColumns), 40),
    bold: painted(1, 22),
    dim: painted(2, 22),
    red: painted(31, 39),
    green: painted(32, 39),
    yellow: painted(33, 39),
    tick: unicode ? "✓" : "ok",
    cross: unicode ? "✗" : "x",
    bullet: unicode ? "•" : "*",
    ring: unicode ? "○" : "o",
    ellipsis: unicode ? "…" : "...",
    arrow: "->"
  }
}

export const plainStyle: Style = makeStyle({ color: false, unicode: true, columns: undefined })
