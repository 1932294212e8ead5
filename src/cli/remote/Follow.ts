/** What workers tell of jobs, told here as if they were carried out on this machine. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { Linked, Subject } from "../../appspec/Batch.ts"
import { type RunFinished, Step } from "../../engine/DeploymentEvent.ts"
import type { Jobs } from "../../state/Jobs.ts"
import type { StateError } from "../../state/StateError.ts"
import { makeBatchText } from "../../ui/BatchText.ts"
import { type BatchRow, renderBatch, renderCounts, wordOf } from "../../ui/BatchView.ts"
import { renderProblem } from "../../ui/Failure.ts"
import { jsonLine, readEventLine } from "../../ui/Json.ts"
import { clean } from "../../ui/Sanitize.ts"
import { Screen } from "../../ui/Screen.ts"
import { worst } from "../Batch.ts"
import { Concluded } from "../CliError.ts"
import { ExitCode } from "../ExitCode.ts"
import * as Say from "../Say.ts"

interface Followed {
  readonly id: string
  readonly links: ReadonlyArray<Linked<Subject>>
}

/** A line of `--json`, as far as it tells of whom it is and what became of it. */
const Told = Schema.parseJson(
  Schema.Struct({
    type: Schema.String,
    spec: Schema.optional(Schema.String),
    step: Schema.optional(Schema.NullOr(Step)),
    message: Schema.optional(Schema.String),
    next: Schema.optional(Schema.String),
    holder: Schema.optional(Schema.String),
    specs: Schema.optional(
      Schema.Array(Schema.Struct({ name: Schema.String, why: Schema.optional(Schema.String) }))
    )
  })
)
const decode = Schema.decodeUnknownOption(Told)

/** After so long with no worker it is said that there is none. Milliseconds. */
const patience = 15_000
/** How long the state may be away while nobody but whoever looks needs it. */
const absence = "10 minutes"

interface Fate {
  report?: typeof RunFinished.Type
  failure?: { readonly step: Step | undefined; readonly message: string; readonly next: string }
  skipped?: string
}

interface FollowFlags {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
}

/** Until all have ended; the exit code is that of the worst. */
export const follow = Effect.fn("follow")(function* (
  jobs: Jobs,
  followed: ReadonlyArray<Followed>,
  flags: FollowFlags
) {
  const { fates, links, states } = yield* watch(jobs, followed, flags)
  yield* tell(links, fates, states, flags)
})

/** What was handed over goes on while the state is away: it is looked for again, for a time. */
const lasting = <A>(effect: Effect.Effect<A, StateError>) =>
  Effect.gen(function* () {
    let isAway = false
    const found = yield* effect.pipe(
      Effect.tapError(({ message }) => {
        if (isAway) return Effect.void
        isAway = true
        return Say.warn(`${message}; it is looked for again`)
      }),
      Effect.retry(Schedule.upTo(Schedule.spaced("2 seconds"), absence))
    )
    if (isAway) yield* Say.hint(["The shared state is there again."])
    return found
  })

const watch = Effect.fn("watchJobs")(function* (
  jobs: Jobs,
  followed: ReadonlyArray<Followed>,
  flags: FollowFlags
) {
  const links = followed.flatMap((job) => job.links)
  const { out } = yield* Screen
  const text = yield* makeBatchText(
    links.map(({ label, subject, together }) => ({
      label,
      group: together.length === 0 ? undefined : subject.file
    })),
    { ...flags, quiet: flags.quiet || flags.json }
  )
  const fates = new Map<string, Fate>(links.map(({ label }) => [label, {}]))
  const of = new Map(followed.map((job) => [job.id, job]))
  const ids = [...of.keys()]

  /** Among all it may be called otherwise than among those that it was carried out with. */
  const labelOf = (job: Followed | undefined, name: string | undefined): string => {
    const labels = job?.links.map(({ label }) => label) ?? []
    return (
      labels.find((label) => label === name) ??
      labels.find((label) => name !== undefined && label.endsWith(`/${name}`)) ??
      labels[0] ??
      ""
    )
  }

  const told = Effect.fnUntraced(function* (job: string, line: string) {
    const found = decode(line)
    if (Option.isNone(found)) return
    const { holder, message = "", next = "", spec, specs = [], step, type } = found.value
    const label = labelOf(of.get(job), spec)
    const fate = fates.get(label) ?? {}
    if (type === "BatchFinished") {
      for (const { name, why } of specs) {
        if (why !== undefined) Object.assign(fates.get(labelOf(of.get(job), name)) ?? {}, { skipped: why })
      }
      return
    }
    if (type === "Error") fate.failure = { step: step ?? undefined, message, next }
    if (flags.json) return yield* out.write(`${line}\n`)
    if (type === "LockAwaited" && !flags.quiet) {
      return yield* Say.hint([`${clean(label)} waits for ${clean(holder ?? "another run")}`])
    }
    const emitted = readEventLine(line)
    if (Option.isNone(emitted)) return
    const { event } = emitted.value
    if (event._tag === "RunFinished") fate.report = event
    yield* text.progress(label).emit(emitted.value)
  })

  const began = yield* Clock.currentTimeMillis
  let last = 0
  let warned = false
  for (;;) {
    // Before the lines: what was told by then is among them.
    const states = yield* lasting(jobs.states(ids))
    for (let more = true; more;) {
      const lines = yield* lasting(jobs.linesAfter(ids, last))
      for (const { job, line } of lines) yield* told(job, line)
      last = lines.at(-1)?.number ?? last
      more = lines.length > 0
    }
    if (states.every(({ exit }) => exit !== null)) {
      return { links, fates, states }
    }
    if (
      !warned &&
      states.every(({ worker }) => worker === "") &&
      (yield* Clock.currentTimeMillis) - began > patience
    ) {
      warned = true
      const none = "no worker has taken any of it yet: `fabrik worker` starts one, on any machine of the team"
      yield* Say.warn(none)
    }
    yield* Effect.sleep("500 millis")
  }
}, Effect.scoped)

/** Each failure with its cause, then all in a table. */
const tell = Effect.fn("tellRemote")(function* (
  links: ReadonlyArray<Linked<Subject>>,
  fates: ReadonlyMap<string, Fate>,
  states: ReadonlyArray<{ readonly exit: number | null }>,
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean }
) {
  const { err, out } = yield* Screen
  const rows = links.map(({ label, subject }): BatchRow => {
    const { failure, report, skipped } = fates.get(label) ?? {}
    const answers = subject.spec.domains.length > 0
    return {
      label,
      removes: false,
      result:
        skipped !== undefined
          ? { _tag: "Skipped", why: skipped }
          : failure !== undefined || report === undefined
            ? { _tag: "Failed", report, step: failure?.step }
            : { _tag: "Ended", report, answers, changes: 0 }
    }
  })
  const known = Object.values(ExitCode)
  const code = worst(states.map(({ exit }) => known.find((one) => one === exit) ?? ExitCode.unknown))
  if (json) {
    const specs = rows.map((row, index) => ({
      name: row.label,
      file: links[index]?.subject.file,
      result: wordOf(row, "apply"),
      url: row.result._tag === "Ended" ? row.result.report.url : null
    }))
    yield* out.write(`${jsonLine({ type: "BatchFinished", exit: code, specs })}\n`)
  } else {
    for (const { label } of links) {
      const failure = fates.get(label)?.failure
      if (failure === undefined) continue
      const lines = renderProblem({ what: clean(failure.message), next: clean(failure.next) }, err.style)
      yield* err.write(`\n${err.style.bold(clean(label))}\n${lines.join("\n")}\n`)
    }
    if (!quiet) {
      yield* out.write(`\n${renderBatch(rows, "apply", out.style).join("\n")}\n`)
      yield* err.write(`${err.style.bold(renderCounts(rows, "apply"))}\n`)
    }
  }
  if (code !== ExitCode.done) return yield* new Concluded({ code })
})
