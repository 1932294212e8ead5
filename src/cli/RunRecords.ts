/** Keeps what a run does and how it ends, beside it: it neither waits for that nor fails with it. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as os from "node:os"
import type { Spec } from "../appspec/Spec.ts"
import { type Emitted, Progress, type RunFinished } from "../engine/DeploymentEvent.ts"
import { begin, type Facts, RunRecord, withEvent } from "../engine/RunRecord.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import * as RunFiles from "../state/RunFiles.ts"
import { eventLine, jsonLine } from "../ui/Json.ts"
import { cleanLines } from "../ui/Sanitize.ts"
import type { Concluded, UnconfirmedError } from "./CliError.ts"
import { ExitCode } from "./ExitCode.ts"
import type { World } from "./Layers.ts"
import { type CommandError, toldOf } from "./Report.ts"
import { userName } from "./UserName.ts"
import { version } from "./Version.ts"
import { codeOfInterrupted, Watch } from "./Watch.ts"

export type Report = typeof RunFinished.Type

export interface RecordOptions {
  readonly command: string
  readonly spec: Spec
  /** As it was given. */
  readonly file: string
  readonly world: Pick<World, "owner" | "target" | "directory">
  /** How the process ends with this report, as far as it is this run's to say. */
  readonly conclude: (report: Report) => Effect.Effect<void, Concluded | UnconfirmedError>
  /** What its lines are marked with, where a command has several runs. */
  readonly label?: string
  /** Tells once it is known whether anything is to be kept. */
  readonly isKept?: Deferred.Deferred<boolean>
  /** What the run has told before. */
  readonly before?: ReadonlyArray<Emitted>
}

/** How a run ended. */
interface End {
  readonly _tag: "End"
  readonly exit: ExitCode
  readonly failure: RunRecord["failure"]
  /** What `--json` says of the failure. */
  readonly line: string | undefined
}
type Item = { readonly _tag: "Event"; readonly emitted: Emitted } | End

/** A run that is being kept. */
interface Kept {
  readonly folder: RunFiles.RunFolder
  record: RunRecord
  written: RunRecord | undefined
  /** So many characters are in each of its files. */
  readonly sizes: Map<string, number>
}
type LogFile = (typeof RunFiles.logFiles)[number]

/** Of each of a run's logs no more is kept. Characters. */
const mostOfLog = 8 * 1024 * 1024
/** For so long an ended run waits for its record. */
const patience = "3 seconds"

/**
 * Runs with every event and the end kept in `.fabrik/runs/<id>`. Secrets that are known by the time are taken out. What
 * cannot be kept is told once, as a warning.
 */
export const recorded = <E extends CommandError, R>(
  run: Effect.Effect<Report, E, R>,
  options: RecordOptions
) =>
  Effect.gen(function* () {
    const progress = yield* Progress
    const queue = yield* Queue.unbounded<Item>()
    const { before = [], isKept } = options
    yield* Queue.offerAll(
      queue,
      before.map((emitted): Item => ({ _tag: "Event", emitted }))
    )
    const writing =
      isKept === undefined
        ? write(queue, options)
        : Effect.flatMap(Deferred.await(isKept), (keeps) => (keeps ? write(queue, options) : Effect.void))
    const emit = (emitted: Emitted) =>
      Effect.zipRight(Queue.offer(queue, { _tag: "Event", emitted }), progress.emit(emitted))
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        // No child of this one, which would be interrupted with it, before the end is known.
        const writer = yield* Effect.forkDaemon(Effect.interruptible(writing))
        const finish = Effect.fnUntraced(function* (exit: Exit.Exit<Report, E>) {
          yield* Queue.offer(queue, yield* endOf(exit, options))
          // What has come to an end without being asked is kept.
          if (isKept !== undefined) yield* Deferred.succeed(isKept, true)
          const late = yield* Effect.forkDaemon(
            Effect.interruptible(Effect.delay(Fiber.interruptFork(writer), patience))
          )
          yield* Fiber.await(writer)
          yield* Fiber.interruptFork(late)
        })
        return yield* restore(Effect.provideService(run, Progress, { emit })).pipe(Effect.onExit(finish))
      })
    )
  })

/** Takes what is offered until the end is among it. */
const write = Effect.fnUntraced(function* (queue: Queue.Dequeue<Item>, options: RecordOptions) {
  const { process: ofProcess } = yield* Watch
  const { emit } = yield* Progress
  const kept = new Map<string, Kept>()
  let last: Emitted | undefined
  let end: End | undefined
  const keep = Effect.gen(function* () {
    const items = yield* Queue.takeBetween(queue, 1, 1000)
    const texts = new Map<Kept, Map<LogFile, string>>()
    const add = (one: Kept, file: LogFile, lines: ReadonlyArray<string>) => {
      const ofRun = texts.get(one) ?? new Map<LogFile, string>()
      texts.set(one, ofRun.set(file, (ofRun.get(file) ?? "") + lines.map((line) => `${line}\n`).join("")))
    }
    for (const item of items) {
      if (item._tag === "End") {
        end = item
        continue
      }
      last = item.emitted
      const { run } = last
      const one = kept.get(run) ?? (yield* open(last, options))
      kept.set(run, one)
      one.record = withEvent(one.record, last)
      add(one, "events.ndjson", [eventLine(last, options.label)])
      const { event, state } = last
      // The log of the one that puts the previous version back is not that of what failed.
      if (event._tag === "DeploymentLog" && state !== "ROLLING_BACK") {
        add(one, "build.log", cleanLines(event.text))
      }
      if (event._tag === "LogTails") add(one, "container.log", (event.container ?? []).flatMap(cleanLines))
    }
    if (end !== undefined) {
      const ended = last === undefined ? undefined : kept.get(last.run)
      if (ended !== undefined) {
        const { exit, failure, line } = end
        const at = ended.record.ended ?? last?.at ?? ended.record.began
        ended.record = { ...ended.record, ended: at, exit, failure }
        for (const one of kept.values()) one.record = settled(one.record)
        if (line !== undefined) add(ended, "events.ndjson", [line])
      }
    }
    for (const [one, files] of texts) {
      for (const [file, text] of files) yield* append(one, file, text)
    }
    for (const one of kept.values()) {
      if (one.record === one.written) continue
      yield* one.folder.summarise(yield* textOf(one.record))
      one.written = one.record
    }
  })
  // Once a command, so that all runs of an apply of many specs are there when it has ended.
  const sweep = Effect.suspend(() => {
    if (ofProcess.swept) return Effect.void
    ofProcess.swept = true
    return RunFiles.sweep(options.world.directory, last?.at ?? 0)
  })
  yield* Effect.repeat(keep, { until: () => end !== undefined }).pipe(
    Effect.zipRight(sweep),
    Effect.catchAll(({ message }) => {
      if (last === undefined || ofProcess.unrecorded) return Effect.void
      ofProcess.unrecorded = true
      return emit({
        ...last,
        event: { _tag: "Warning", message: `\`fabrik runs\` will not know all of this run: ${message}` }
      })
    })
  )
}, Effect.scoped)

/** Until the scope ends its lock shows that it is under way. */
const open = Effect.fnUntraced(function* (first: Emitted, options: RecordOptions) {
  const { directory } = options.world
  const folder = yield* RunFiles.openFolder(directory, first.run)
  yield* Effect.ignore(RunFiles.holdFolder(directory, first.run))
  const { process: ofProcess } = yield* Watch
  ofProcess.recorded.push(first.run)
  const record = begin(factsOf(options), first)
  return { folder, record, written: undefined, sizes: new Map() } satisfies Kept
})

/** A run that this one has brought to its end first has none of its own to give. */
const settled = (record: RunRecord): RunRecord =>
  record.exit !== null || record.outcome === null
    ? record
    : { ...record, exit: record.outcome === "leftovers" ? ExitCode.leftovers : ExitCode.done }

const append = Effect.fnUntraced(function* ({ folder, sizes }: Kept, file: LogFile, text: string) {
  const before = sizes.get(file) ?? 0
  if (before > mostOfLog) return
  const { hide } = yield* KnownSecrets
  const hidden = hide(text)
  sizes.set(file, before + hidden.length)
  const why = "more is not kept"
  const cut = file === "events.ndjson" ? jsonLine({ type: "Cut", why }) : `(${why})`
  yield* folder.append(file, before + hidden.length > mostOfLog ? `${hidden}${cut}\n` : hidden)
})

const encode = Schema.encode(RunRecord)

/** Value by value, so that it stays JSON. */
const textOf = Effect.fnUntraced(function* (record: RunRecord) {
  const { hide } = yield* KnownSecrets
  const facts = yield* Effect.orDie(encode(record))
  const hidden = (_key: string, value: unknown): unknown => (typeof value === "string" ? hide(value) : value)
  return `${JSON.stringify(facts, hidden, 2)}\n`
})

const factsOf = ({ command, file, spec, world }: RecordOptions): Facts => ({
  command,
  file,
  application: spec.name,
  project: spec.project,
  environment: spec.environment,
  coolify: world.target,
  owner: world.owner,
  user: userName(),
  machine: os.hostname(),
  process: process.pid,
  fabrik: version
})

const endOf = (exit: Exit.Exit<Report, CommandError>, { conclude, label }: RecordOptions) =>
  Effect.gen(function* () {
    if (Exit.isSuccess(exit)) {
      const concluded = yield* Effect.either(conclude(exit.value))
      return Either.isRight(concluded) ? ended(ExitCode.done) : failed(concluded.left, label)
    }
    const error = Cause.failureOption(exit.cause)
    if (Option.isSome(error)) return failed(error.value, label)
    return ended(Cause.isInterruptedOnly(exit.cause) ? codeOfInterrupted(yield* Watch) : ExitCode.bug)
  })

const ended = (exit: ExitCode): End => ({ _tag: "End", exit, failure: null, line: undefined })

const failed = (error: CommandError, label: string | undefined): End => {
  if (error._tag === "Concluded") return ended(error.code)
  const { code, facts, line } = toldOf(error, label)
  const said = (key: string): string => {
    const value = facts[key]
    return typeof value === "string" ? value : ""
  }
  return {
    _tag: "End",
    exit: code,
    failure: {
      step: error._tag === "RunError" ? error.step : null,
      cause: said("cause") || error._tag,
      message: said("message"),
      next: said("next")
    },
    line
  }
}
