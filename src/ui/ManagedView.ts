import type { Managed } from "../orchestrator/Managed.ts"
import { count, padEnd, widthOf, wrap } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"

const gap = "  "

/** A table; an application whose row is too wide for the screen is told in lines of its own. */
export const renderManaged = (managed: ReadonlyArray<Managed>, style: Style): ReadonlyArray<string> => {
  if (managed.length === 0) return []
  const titles = ["NAME", "WHERE", "STATUS", "URL"] as const
  const rows = managed.map((one) => ({ cells: cellsOf(one), one }))
  const widths = titles.map((title, column) =>
    Math.max(widthOf(title), ...rows.map(({ cells }) => widthOf(cells[column] ?? "")))
  )
  const line = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, column) => padEnd(cell, widths[column] ?? 0))
      .join(gap)
      .trimEnd()
  const table = [titles, ...rows.map(({ cells }) => cells)].map(line)
  if (table.every((row) => widthOf(row) <= style.columns)) {
    return table.map((row, index) =>
      index === 0 ? style.bold(row) : paint(rows[index - 1]?.one, style)(row)
    )
  }
  return rows.flatMap(({ cells: [name = "", ...rest], one }) => [
    ...wrap(name, style.columns).map(style.bold),
    ...rest
      .filter((cell) => cell !== "")
      .flatMap((cell) => wrap(cell, style.columns, gap).map(paint(one, style)))
  ])
}

const paint = (one: Managed | undefined, style: Style) =>
  one?.status.startsWith("running") === true ? (text: string) => text : style.yellow

const cellsOf = ({ name, project, environment, status, domains }: Managed): ReadonlyArray<string> => [
  clean(name),
  project === null ? "?" : clean(`${project}/${environment ?? "?"}`),
  clean(status),
  domains.length === 0 ? "(no domain)" : clean(domains.join(", "))
]

/** What the list leaves out, as a sentence. */
export const renderOthers = (others: number): string =>
  `${count(others, "application")} more ${others === 1 ? "carries" : "carry"} fabrik's mark but ${others === 1 ? "belongs" : "belong"} to another owner, or ${others === 1 ? "was" : "were"} renamed or moved in Coolify; --all shows ${others === 1 ? "it" : "them"}.`
