/** How a run is told in the end. */
import type { RunFinished } from "../engine/DeploymentEvent.ts"
import { endingOf } from "./Ending.ts"
import { renderLeftovers } from "./Failure.ts"
import { seconds, wrap } from "./Layout.ts"
import { clean } from "./Sanitize.ts"
import type { Style } from "./Style.ts"

export type RunEnd = typeof RunFinished.Type

interface Ended {
  readonly command: string
  readonly name: string
  readonly domains: number
  /** Its plan has any. */
  readonly changes: boolean
}

/** What failed, and what became of it, is told with the reason: by Failure.ts. */
export const renderEnd = (
  run: Ended,
  event: RunEnd,
  style: Style
): { readonly out: ReadonlyArray<string>; readonly err: ReadonlyArray<string> } => {
  const said = (err: ReadonlyArray<string>, out: ReadonlyArray<string> = []) => ({ out, err })
  switch (event.outcome) {
    case "complete":
    case "unchanged":
    case "pending": {
      const isReached = event.outcome !== "pending"
      const ending = endingOf(run, event.outcome, event.verified !== false)
      const line = `${clean(run.name)} ${ending}, ${seconds(event.millis)}`
      const paint = isReached ? style.green : style.yellow
      const lines = wrap(line, style.columns, isReached ? `${style.tick} ` : "").map(paint)
      const left = renderLeftovers(event, style)
      return said(
        [...(ending === undefined ? [] : lines), ...left],
        event.url === null ? [] : [clean(event.url)]
      )
    }
    case "planned":
      return said(
        run.changes ? ["Nothing was sent. `fabrik apply` carries the plan out."] : ["Nothing was sent."]
      )
    case "declined":
      return said([event.undone.length > 0 ? "Nothing else was changed." : "Nothing was changed."])
    case "nothing-changed":
    case "kept":
    case "rolled-back":
    case "leftovers":
      return said([])
  }
}
