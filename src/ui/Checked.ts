/** What one look at something that comes up has shown. */
import type { DeploymentEvent } from "../engine/DeploymentEvent.ts"
import { count } from "./Layout.ts"
import { clean } from "./Sanitize.ts"

export const checked = (
  event: Extract<DeploymentEvent, { readonly _tag: "DnsChecked" | "DatabaseChecked" }>
): { readonly done: boolean; readonly text: string } => {
  if (event._tag === "DatabaseChecked") {
    const what = `database ${clean(event.name)} is`
    return event.ready
      ? { done: true, text: `${what} up` }
      : { done: false, text: `${what} coming up (${clean(event.status)})` }
  }
  const done = event.right === event.total
  const servers = `${event.right} of ${count(event.total, "name server")}`
  const detail = done || event.detail === "" ? "" : ` (${clean(event.detail)})`
  return { done, text: `${servers} ${event.total === 1 ? "knows" : "know"} ${clean(event.name)}${detail}` }
}
