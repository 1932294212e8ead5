/**
 * Cron jobs of render.yaml. Coolify runs a command over and over only in a container that runs: that of the application
 * with the same source, or one that does nothing else.
 */
import type { Cursor } from "./Cursor.ts"
import type { Draft } from "./Draft.ts"
import type { RenderService } from "./Render.ts"
import { type Around, readJobVariables } from "./RenderVariables.ts"

const commandIn = (one: Cursor): Cursor =>
  one.has("startCommand") ? one.key("startCommand") : one.key("dockerCommand")

/** Whether it says when it runs what. */
export const isWhole = (one: Cursor): boolean =>
  [commandIn(one), one.key("schedule"), one.key("name")].every((key) => key.peek() !== undefined)

const schedule = (draft: Draft, one: Cursor): void => {
  const [cron, name] = [one.key("schedule").text() ?? "", one.key("name").text() ?? ""]
  draft.put("schedules", name, { cron, command: commandIn(one).text() ?? "" }, one)
}

/** In the container of an application; `ofSource` are the keys that say the same there. */
export const readJob = (
  around: Around,
  home: RenderService,
  one: Cursor,
  ofSource: ReadonlyArray<string>
): void => {
  const cursor = one.for(home.draft)
  schedule(home.draft, cursor)
  for (const key of ["type", "buildCommand", ...ofSource]) cursor.key(key).text()
  readJobVariables(around, home, cursor)
}

/** In a container of its own, that waits. */
export const readWaiting = (draft: Draft, cursor: Cursor): void => {
  schedule(draft, cursor)
  draft.set("command", "tail -f /dev/null", cursor)
  draft.comment(
    "command",
    "Coolify runs the commands of `schedules` in a container that runs: this one waits for them."
  )
}
