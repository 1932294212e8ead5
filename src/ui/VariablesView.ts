import * as Redacted from "effect/Redacted"
import type { ListedVariable } from "../orchestrator/OwnVariables.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"
import { renderTable } from "./Table.ts"

/** @param show the values themselves, where they can be read. */
export const renderVariables = (
  all: ReadonlyArray<ListedVariable>,
  style: Style,
  show: boolean
): ReadonlyArray<string> =>
  renderTable(
    ["NAME", "SOURCE", "VALUE"],
    all.map((one) => ({
      cells: [clean(one.name), one.source, valueOf(one, show)],
      paint: one.state === "there" ? (text) => text : style.yellow
    })),
    style
  )

const valueOf = ({ state, value }: ListedVariable, show: boolean): string => {
  if (state === "absent") return "(not there yet)"
  if (value === undefined) return "(may not be read)"
  if (!show) return "(hidden)"
  const text = Redacted.value(value)
  return /^[\x20-\x7e]+$/.test(text) ? text : JSON.stringify(text)
}
