import * as Effect from "effect/Effect"
import { followLogs, logs as readLogs } from "../../orchestrator/Logs.ts"
import type { LogLine } from "../../orchestrator/LogText.ts"
import { loadSpec } from "../../appspec/LoadSpec.ts"
import { isCompose } from "../../coolify/Source.ts"
import { jsonLine } from "../../ui/Json.ts"
import { cleanLines } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { UsageError } from "../Arguments.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { openWorldOf } from "../OpenSubject.ts"
import { maskSecrets } from "../Mask.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import { sandboxOf } from "../Subject.ts"
import { Watch } from "../Watch.ts"

export const logs = define({
  name: "logs",
  about: [
    "The log of the running container, as Coolify has it: the newest lines, and with --follow every new one until you interrupt it. Escape sequences are taken out."
  ],
  config: {
    file: Shared.specFile,
    lines: Flag.integer("lines", {
      alias: "n",
      placeholder: "LINES",
      min: 0,
      max: 10_000,
      help: "how many of the newest lines [100]"
    }),
    follow: Flag.toggle("follow", { alias: "f", help: "go on with new lines as they come" }),
    timestamps: Flag.toggle("timestamps", { alias: "t", help: "begin each line with its time" }),
    container: Flag.text("container", {
      placeholder: "NAME",
      help: "of a compose file: which container [the one that answers]"
    }),
    ...Shared.world,
    ...Shared.screen
  },
  examples: [
    { line: "fabrik logs app.yaml", says: "the newest 100 lines" },
    { line: "fabrik logs app.yaml -f -n 10", says: "the newest 10, then every new one" },
    { line: "fabrik logs app.yaml -n 1000 | grep ERROR", says: "lines go to stdout, notes to stderr" }
  ],
  handler: Effect.fn("command.logs")(function* (flags) {
    const written = yield* loadSpec(flags.file)
    if (flags.container !== undefined && written.source._tag !== "Compose") {
      return yield* new UsageError({
        message: isCompose(written.source)
          ? "of a compose file in a repository Coolify tells the log of one container only, and takes no name"
          : "--container names a container of a compose file, and this application has only one",
        command: "logs"
      })
    }
    const { spec, world } = yield* openWorldOf(written, flags)
    yield* maskSecrets(spec, flags.file, sandboxOf(flags))
    const lines = flags.lines ?? 100
    const container = flags.container === undefined ? {} : { container: flags.container }
    const { out } = yield* Screen
    const show = (found: ReadonlyArray<LogLine>) =>
      out.write(found.flatMap((line) => renderLine(line, flags)).join(""))
    if (!flags.follow) {
      const timed = flags.timestamps || flags.json
      const found = yield* Effect.provide(
        readLogs(spec, { lines: Math.max(lines, 1), timed, ...container }),
        world.layer
      )
      return yield* show(lines === 0 ? [] : found)
    }
    const seen = yield* Watch
    seen.onSignal = "end"
    const { err } = yield* Screen
    const onNote = (note: string) =>
      flags.quiet ? Effect.void : Effect.provideService(Say.hint([`fabrik: ${note}`]), Screen, { out, err })
    yield* followLogs(spec, { lines, ...container }, { onLines: show, onNote }).pipe(
      Effect.provide(world.layer),
      Effect.raceFirst(out.closed)
    )
  }, Effect.scoped)
})

const renderLine = (
  { at, text }: LogLine,
  { json, timestamps }: { readonly json: boolean; readonly timestamps: boolean }
): ReadonlyArray<string> => {
  if (json) return [`${jsonLine({ type: "LogLine", ...(at === undefined ? {} : { at }), text })}\n`]
  const stamp = timestamps && at !== undefined ? `${at} ` : ""
  return cleanLines(text).map((line) => `${stamp}${line}\n`)
}
