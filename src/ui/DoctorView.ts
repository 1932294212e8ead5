/** What `doctor` found, by area. */
import type { Check, CheckState } from "../orchestrator/Doctor.ts"
import { explain } from "./Explain.ts"
import { count, listed, wrap } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"

/** The facts of a check, with the words for an error. */
export const toldCheck = ({ detail, error, next, ...check }: Check) => {
  const explained = error === undefined ? undefined : explain(error)
  return { ...check, detail: explained?.what ?? detail, next: explained?.next ?? next }
}

export const renderChecks = (checks: ReadonlyArray<Check>, style: Style): ReadonlyArray<string> => {
  const areas = [...new Set(checks.map(({ area }) => area))]
  return areas.flatMap((area) => [
    style.bold(area),
    ...checks.filter((check) => check.area === area).flatMap((check) => renderCheck(check, style))
  ])
}

const renderCheck = (check: Check, style: Style): ReadonlyArray<string> => {
  const { detail, next, state, what } = toldCheck(check)
  const [mark, paint] = marks(style)[state]
  return [
    ...wrap(`${clean(what)}: ${clean(detail)}`, style.columns, `  ${mark} `).map(paint),
    ...(next === "" ? [] : wrap(clean(next), style.columns, "      Next: "))
  ]
}

const marks = (style: Style) =>
  ({
    passed: [style.tick, (text: string) => text],
    warned: ["!", style.yellow],
    failed: [style.cross, style.red],
    unseen: ["?", style.dim]
  }) as const satisfies { readonly [S in CheckState]: readonly [string, (text: string) => string] }

/** `9 checks: 8 passed and 1 failed`. */
export const renderChecked = (checks: ReadonlyArray<Check>): string => {
  const states = ["passed", "warned", "failed", "unseen"] as const
  const words = { passed: "passed", warned: "with a warning", failed: "failed", unseen: "could not be seen" }
  const counts = states.flatMap((state) => {
    const times = checks.filter((check) => check.state === state).length
    return times === 0 ? [] : [`${times} ${words[state]}`]
  })
  return `${count(checks.length, "check")}: ${listed(counts)}`
}
