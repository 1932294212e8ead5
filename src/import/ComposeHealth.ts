/** Health checks as compose writes them, in the words of a spec. */
import { fixed } from "./ComposeText.ts"
import type { Cursor } from "./Cursor.ts"
import type { Draft } from "./Draft.ts"
import { secondsOf, within } from "./Input.ts"
import { healthCommandPattern, ranges, type Range } from "../appspec/Limits.ts"

type Probe =
  | { readonly _tag: "Http"; readonly port: string; readonly path: string; readonly command: string }
  | { readonly _tag: "Command"; readonly command: string }

/** Nothing but the one request, and what makes a failed one fail. */
const request =
  /^(?:curl|wget)(?: +-[\w-]+(?:=\S+)?| +-| +\d+| +\/dev\/null)* +["']?https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(\/[^\s"'|;?#]*)?["']?(?: +-o +\/dev\/null| *>+ *\/dev\/null| *2>&1)*$/

/** `undefined`: Coolify can ask nothing of the kind. */
export const probeOf = (test: Cursor, given: ReadonlyMap<string, string>): Probe | undefined => {
  const words = test.items().map((one) => one.text() ?? "")
  const [kind = ""] = words
  const said = kind === "CMD" || kind === "CMD-SHELL" ? words.slice(1) : words
  const text = (fixed(said.join(" "), given) ?? "$")
    .trim()
    .replace(/ *\|\| *exit 1 *;?$/, "")
    .trim()
  const [whole, port = "80", path = "/"] = request.exec(text) ?? []
  if (whole !== undefined) return { _tag: "Http", port, path, command: text }
  return healthCommandPattern.test(text) ? { _tag: "Command", command: text } : undefined
}

const times = [
  ["interval", "interval", ranges.interval],
  ["timeout", "timeout", ranges.timeout],
  ["start_period", "startPeriod", ranges.startPeriod]
] as const

/** How often and how long is asked. */
export const timesOf = (draft: Draft, check: Cursor): void => {
  for (const [key, name, range] of times) seconds(draft, check.key(key), name, range)
  const retries = check.key("retries")
  const count = Number(retries.text() ?? Number.NaN)
  if (Number.isInteger(count))
    draft.put("healthcheck", "retries", within(count, 1, ranges.retries.max), retries)
  check.key("start_interval").leave("Coolify asks at one interval from the start", "healthcheck")
}

const seconds = (draft: Draft, from: Cursor, name: string, range: Range): void => {
  if (!from.exists) return
  const value = secondsOf(from.peek())
  if (value === undefined) return from.leave("it is no duration", "healthcheck")
  from.take()
  draft.put("healthcheck", name, within(value, range.min, range.max), from)
  return undefined
}
