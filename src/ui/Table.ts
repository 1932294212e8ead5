import { padEnd, widthOf, wrap } from "./Layout.ts"
import type { Style } from "./Style.ts"

export interface TableRow {
  readonly cells: ReadonlyArray<string>
  readonly paint: (text: string) => string
}

const gap = "  "

/** Columns under their titles; where a row is too wide for the screen, each row is told in lines of its own. */
export const renderTable = (
  titles: ReadonlyArray<string>,
  rows: ReadonlyArray<TableRow>,
  style: Style
): ReadonlyArray<string> => {
  if (rows.length === 0) return []
  const widths = titles.map((title, column) =>
    Math.max(widthOf(title), ...rows.map(({ cells }) => widthOf(cells[column] ?? "")))
  )
  const line = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, column) => padEnd(cell, widths[column] ?? 0))
      .join(gap)
      .trimEnd()
  const lines = rows.map(({ cells, paint }) => ({ text: line(cells), paint }))
  if (lines.every(({ text }) => widthOf(text) <= style.columns)) {
    return [style.bold(line(titles)), ...lines.map(({ paint, text }) => paint(text))]
  }
  return rows.flatMap(({ cells: [name = "", ...rest], paint }) => [
    ...wrap(name, style.columns).map(style.bold),
    ...rest.filter((cell) => cell !== "").flatMap((cell) => wrap(cell, style.columns, gap).map(paint))
  ])
}
