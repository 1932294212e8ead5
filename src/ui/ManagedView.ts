import type { Managed } from "../orchestrator/Managed.ts"
import { count } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"
import { renderTable } from "./Table.ts"

/** A table; an application whose row is too wide for the screen is told in lines of its own. */
export const renderManaged = (managed: ReadonlyArray<Managed>, style: Style): ReadonlyArray<string> =>
  renderTable(
    ["NAME", "WHERE", "STATUS", "URL"],
    managed.map((one) => ({ cells: cellsOf(one), paint: paint(one, style) })),
    style
  )

const paint = ({ status }: Managed, style: Style) =>
  status.startsWith("running") ? (text: string) => text : style.yellow

const cellsOf = ({ name, project, environment, status, domains }: Managed): ReadonlyArray<string> => [
  clean(name),
  project === null ? "?" : clean(`${project}/${environment ?? "?"}`),
  clean(status),
  domains.length === 0 ? "(no domain)" : clean(domains.join(", "))
]

/** What the list leaves out, as a sentence. */
export const renderOthers = (others: number): string =>
  `${count(others, "application")} more ${others === 1 ? "carries" : "carry"} fabrik's mark but ${others === 1 ? "belongs" : "belong"} to another owner, or ${others === 1 ? "was" : "were"} renamed or moved in Coolify; --all shows ${others === 1 ? "it" : "them"}.`
