import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import {
  isOpen,
  isTimed,
  lets,
  type LogFilter,
  missedBefore,
  readMoment
} from "../../orchestrator/LogFilter.ts"
import { buildLog, followLogs, logs as readLogs, widest } from "../../orchestrator/Logs.ts"
import type { LogLine } from "../../orchestrator/LogText.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { isCompose } from "../../coolify/Source.ts"
import { jsonLine } from "../../ui/Json.ts"
import { cleanLines } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { UsageError } from "../Arguments.ts"
import { define } from "../CommandInfo.ts"
import * as Flag from "../Flag.ts"
import { openSubjects } from "../OpenSubject.ts"
import * as Say from "../Say.ts"
import * as Shared from "../SharedFlags.ts"
import type { WorldFlags } from "../Subject.ts"
import { Watch } from "../Watch.ts"

const momentHelp = "90s, 10m, 2h or 3d ago, or a date and time of ISO 8601 (UTC)"

export const logs = define({
  name: "logs",
  about: [
    "The log of the running container, as Coolify has it: the newest lines, and with --follow every new one until you interrupt it. Escape sequences are taken out.",
    `--since, --until and --grep look through the newest ${widest} lines, which is all that Coolify's API gives, and say where that was not enough. They show every line that fits, or with -n the newest of them.`,
    "Of a spec with processes the logs of all, each line behind the name of its process. A domain means the application of fabrik's that answers for it."
  ],
  config: {
    subject: Shared.specOrDomain,
    process: Shared.process,
    lines: Flag.integer("lines", {
      alias: "n",
      placeholder: "LINES",
      min: 0,
      max: widest,
      help: "how many of the newest lines [100]"
    }),
    follow: Flag.toggle("follow", { alias: "f", help: "go on with new lines as they come" }),
    since: Flag.text("since", { placeholder: "TIME", help: `only from then on: ${momentHelp}` }),
    until: Flag.text("until", { placeholder: "TIME", help: "only up to then" }),
    grep: Flag.text("grep", {
      alias: "g",
      placeholder: "PATTERN",
      help: "only lines that this regular expression finds something in"
    }),
    build: Flag.toggle("build", {
      alias: "b",
      help: "how the newest deployment went, in the place of what the container writes"
    }),
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
    { line: "fabrik logs app.yaml --since 2h --grep 'ERROR|WARN'", says: "what went wrong lately" },
    { line: "fabrik logs shop.example.com --build", says: "how the newest deployment went" },
    { line: "fabrik logs app.yaml -n 1000 | grep ERROR", says: "lines go to stdout, notes to stderr" }
  ],
  handler: Effect.fn("command.logs")(function* (flags) {
    const filter = yield* filterOf(flags)
    yield* refuseCombinations(flags)
    const all = yield* openSubjects(flags.subject, flags, "logs", (written) =>
      refuseContainer(written, flags.container)
    )
    yield* Effect.forEach(all, ({ spec }) => refuseContainer(spec, flags.container), { discard: true })
    if (flags.build && all.length > 1) {
      const names = all.flatMap(({ spec }) => spec.process?.name ?? []).join(", ")
      return yield* usage(`--build shows one deployment: name its process with --process (${names})`)
    }
    const width = Math.max(...all.map(({ spec }) => spec.process?.name.length ?? 0))
    const one = ({ spec, world }: (typeof all)[number]) => {
      const { process } = spec
      const source = process === undefined || all.length === 1 ? undefined : { name: process.name, width }
      return Effect.provide(showLog(spec, source, filter, flags), world.layer)
    }
    yield* Effect.forEach(all, one, { concurrency: flags.follow ? "unbounded" : 1, discard: true })
  }, Effect.scoped)
})

/** Which process a line is of. */
interface Source {
  readonly name: string
  /** Of the widest name. */
  readonly width: number
}

const showLog = Effect.fn("showLog")(function* (
  spec: Spec,
  source: Source | undefined,
  filter: LogFilter,
  flags: Flags
) {
  if (flags.build) return yield* showBuild(spec, filter, flags)
  const container = flags.container === undefined ? {} : { container: flags.container }
  const { err, out } = yield* Screen
  const show = (found: ReadonlyArray<LogLine>) =>
    out.write(found.flatMap((line) => renderLine(line, source, flags)).join(""))
  const lines = flags.lines ?? (isOpen(filter) ? 100 : widest)
  const asked = isOpen(filter) ? Math.max(lines, 1) : widest
  if (!flags.follow) {
    const timed = flags.timestamps || flags.json || isTimed(filter)
    const found = yield* readLogs(spec, { lines: asked, timed, ...container })
    if (isTimed(filter) && found.some(({ at }) => at === undefined)) return yield* noTimes
    yield* show(
      newest(
        found.filter((line) => lets(filter, line)),
        lines
      )
    )
    const missed = missedBefore(found, filter, widest)
    if (missed !== undefined && !flags.quiet) yield* Say.hint([missed])
    return
  }
  const seen = yield* Watch
  seen.onSignal = "end"
  const onNote = (note: string) =>
    flags.quiet
      ? Effect.void
      : Effect.provideService(
          Say.hint([`fabrik: ${source === undefined ? "" : `${source.name}: `}${note}`]),
          Screen,
          { out, err }
        )
  let begun = false
  const onLines = (found: ReadonlyArray<LogLine>) =>
    Effect.gen(function* () {
      if (!begun && isTimed(filter) && found.some(({ at }) => at === undefined)) {
        yield* onNote(noTimes.message)
      }
      const fitting = found.filter((line) => lets(filter, line))
      const shown = begun ? fitting : newest(fitting, lines)
      begun = true
      yield* show(shown)
    })
  yield* followLogs(spec, { lines: isOpen(filter) ? lines : widest, ...container }, { onLines, onNote }).pipe(
    Effect.raceFirst(out.closed)
  )
})

interface Flags extends WorldFlags {
  readonly lines: number | undefined
  readonly follow: boolean
  readonly since: string | undefined
  readonly until: string | undefined
  readonly grep: string | undefined
  readonly build: boolean
  readonly timestamps: boolean
  readonly container: string | undefined
  readonly json: boolean
  readonly quiet: boolean
}

const usage = (message: string) => new UsageError({ message, command: "logs" })

const newest = <A>(all: ReadonlyArray<A>, count: number): ReadonlyArray<A> =>
  all.slice(all.length - Math.min(count, all.length))

const noTimes = usage(
  "this Coolify does not tell when a line was written, so --since and --until cannot be looked for"
)

const filterOf = Effect.fnUntraced(function* ({ grep, since, until }: Flags) {
  const now = yield* Clock.currentTimeMillis
  const moment = (name: string, text: string | undefined) => {
    if (text === undefined) return Effect.succeed(undefined)
    const time = readMoment(text, now)
    return time === undefined ? usage(`--${name} wants ${momentHelp}`) : Effect.succeed(time)
  }
  const filter: LogFilter = {
    since: yield* moment("since", since),
    until: yield* moment("until", until),
    pattern:
      grep === undefined
        ? undefined
        : yield* Effect.try({
            try: () => new RegExp(grep, "u"),
            catch: () =>
              usage("--grep is no regular expression; a sign that means itself wants a \\ before it")
          })
  }
  if (filter.since !== undefined && filter.until !== undefined && filter.since > filter.until) {
    return yield* usage("--since is later than --until, so no line can fit")
  }
  return filter
})

const refuseCombinations = (flags: Flags): Effect.Effect<void, UsageError> => {
  if (flags.follow && flags.until !== undefined)
    return usage("--follow has no end, so --until does not go with it")
  if (!flags.build) return Effect.void
  const other = [
    ...(flags.follow ? ["--follow"] : []),
    ...(flags.since === undefined ? [] : ["--since"]),
    ...(flags.until === undefined ? [] : ["--until"]),
    ...(flags.timestamps ? ["--timestamps"] : []),
    ...(flags.container === undefined ? [] : ["--container"])
  ]
  return other.length === 0
    ? Effect.void
    : usage(`--build shows the whole log of one deployment: ${other.join(", ")} does not go with it`)
}

const refuseContainer = ({ source }: Spec, container: string | undefined): Effect.Effect<void, UsageError> =>
  container === undefined || source._tag === "Compose"
    ? Effect.void
    : usage(
        isCompose(source)
          ? "of a compose file in a repository Coolify tells the log of one container only, and takes no name"
          : "--container names a container of a compose file, and this application has only one"
      )

const showBuild = Effect.fn("showBuild")(function* (spec: Spec, filter: LogFilter, flags: Flags) {
  const { out } = yield* Screen
  const { before, deployment, lines } = yield* buildLog(spec)
  if (!flags.quiet) {
    const of = deployment.commit === "HEAD" ? "" : ` of ${deployment.commit.slice(0, 12)}`
    yield* Say.hint([`Deployment ${deployment.uuid}${of}, ${deployment.createdAt}: ${deployment.status}.`])
    if (before > 0) yield* Say.hint([`${before} lines before these were left out; Coolify has them all.`])
  }
  const fitting = lines.filter(({ text }) => lets(filter, { at: undefined, text }))
  yield* out.write(
    newest(fitting, flags.lines ?? fitting.length)
      .flatMap(({ stream, text }) =>
        flags.json
          ? [`${jsonLine({ type: "LogLine", stream, text })}\n`]
          : cleanLines(text).map((line) => `${line}\n`)
      )
      .join("")
  )
})

const renderLine = (
  { at, text }: LogLine,
  source: Source | undefined,
  { json, timestamps }: { readonly json: boolean; readonly timestamps: boolean }
): ReadonlyArray<string> => {
  if (json) {
    const process = source === undefined ? {} : { process: source.name }
    return [`${jsonLine({ type: "LogLine", ...process, ...(at === undefined ? {} : { at }), text })}\n`]
  }
  const stamp = timestamps && at !== undefined ? `${at} ` : ""
  const name = source === undefined ? "" : `${source.name.padEnd(source.width)} | `
  return cleanLines(text).map((line) => `${name}${stamp}${line}\n`)
}
