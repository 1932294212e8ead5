/** How a log ends, told with a failure. */
import { type DeploymentEvent, tailLength } from "../engine/DeploymentEvent.ts"
import { wrap } from "./Layout.ts"
import { cleanLines } from "./Sanitize.ts"
import type { Style } from "./Style.ts"

/** Of a deployment that went well less is of interest. */
const shortTail = 10

/** @param whose `deployment's `, or nothing. */
export const renderLog = (
  log: ReadonlyArray<string>,
  { indent, most = tailLength, whose = "" }: { indent: string; most?: number; whose?: string },
  style: Style
): ReadonlyArray<string> => {
  const lines = log.flatMap(cleanLines)
  if (lines.length === 0) return []
  return [
    lines.length < most ? `${indent}The ${whose}log:` : `${indent}The last ${most} lines of the ${whose}log:`,
    ...lines.slice(-most).flatMap((line) => wrap(line, style.columns, `${indent}| `).map(style.dim))
  ]
}

/** The container's last, as its lines are the newest. */
export const renderLogTails = (
  { container, deployment, step }: Extract<DeploymentEvent, { readonly _tag: "LogTails" }>,
  indent: string,
  style: Style
): ReadonlyArray<string> => [
  ...renderLog(
    deployment,
    { indent, whose: "deployment's ", most: step === "verify" ? shortTail : tailLength },
    style
  ),
  ...(container?.length === 0
    ? wrap(
        "No line of the container's log was seen: it wrote none, or did not run when it was asked.",
        style.columns,
        indent
      )
    : renderLog(container ?? [], { indent, whose: "container's " }, style))
]
