/** The fiber behind the process: what main.ts starts, interrupts and waits for. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as PlatformError from "@effect/platform/Error"
import * as Terminal from "@effect/platform/Terminal"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { HttpObserver } from "../http/HttpSettings.ts"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import { renderInterrupted, renderProblem } from "../ui/Failure.ts"
import { makeRedactor, type Redactor } from "../ui/Redactor.ts"
import { clean } from "../ui/Sanitize.ts"
import { type LiveRegion, makeLiveRegion } from "../ui/LiveRegion.ts"
import { type Live, Screen } from "../ui/Screen.ts"
import { makeStyle } from "../ui/Style.ts"
import { run } from "./Cli.ts"
import { credentialsIn } from "./Credentials.ts"
import { ExitCode, isCutShort, type Signal } from "./ExitCode.ts"
import { recoverCommand } from "./RecoverCommand.ts"
import { Operator } from "./Operator.ts"
import { tellWaits } from "./Waits.ts"
import { wantsTelemetry } from "../telemetry/Settings.ts"
import { showWorking } from "./Working.ts"
import { codeOfInterrupted, makeSeen, ofAll, type Seen, Watch } from "./Watch.ts"

/** What the process is and has. */
export interface ProcessFacts {
  /** Without node and script. */
  readonly argv: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: OutputStream
  readonly err: OutputStream
  readonly inTty: boolean
  /** The next line of stdin; `undefined` at its end. The result stops listening. */
  readonly readLine: (onLine: (line: string | undefined) => void) => () => void
  /** The same, which the terminal does not show. */
  readonly readHidden: ProcessFacts["readLine"]
  /** All of stdin, up to `most` bytes and one more. */
  readonly readAll: (most: number, onBytes: (bytes: Uint8Array) => void) => () => void
}

interface OutputStream {
  readonly write: (text: string) => void
  /** Told once when the reader has gone away. The result stops listening. */
  readonly onClose: (listener: () => void) => () => void
  readonly tty: boolean
  /** The window, as it is now. */
  readonly columns: () => number | undefined
  readonly rows: () => number | undefined
}

export interface Started {
  /** The exit code; never rejects. */
  readonly done: Promise<ExitCode>
  /** The first signal. Later ones are for `abandon`. */
  readonly interrupt: (signal: Signal) => void
  /** The process was stopped and goes on: others have used the terminal. */
  readonly resumed: () => void
  /** What to say when the process ends at once; what was held back has been written before. */
  readonly abandon: () => string
  /** What to say of an error that nobody caught, after which the process ends at once. */
  readonly crashed: (error: unknown) => string
}

export const start = (given: ProcessFacts): Started => {
  const { argv, env } = given
  const redactor = makeRedactor()
  credentialsIn(env).forEach(redactor.learn)
  const [plainOut, plainErr] = [guarded(given.out, redactor), guarded(given.err, redactor)]
  const region = makeLiveRegion(plainErr.write, () => columnsOf(given.err))
  const err = { ...plainErr, write: plainErr.tty ? (text: string) => region.write(text) : plainErr.write }
  const out = {
    ...plainOut,
    write:
      plainOut.tty && plainErr.tty ? (text: string) => region.write(text, plainOut.write) : plainOut.write
  }
  const facts = { ...given, out, err }
  const debug = isSet(env["FABRIK_DEBUG"])
  const screen = makeScreen(facts, region)
  const style = screen.err.style
  const seen = makeSeen()
  const say = (lines: ReadonlyArray<string>) => err.write(lines.map((line) => `${line}\n`).join(""))

  const services = Context.make(Screen, screen).pipe(
    Context.add(Watch, seen),
    Context.add(HttpObserver, tellWaits(screen.err)),
    Context.add(KnownSecrets, {
      add: (value) => Effect.sync(() => redactor.learn(value)),
      show: (value) => Effect.sync(() => redactor.show(value)),
      hide: redactor.text
    }),
    Context.add(Operator, {
      present: facts.inTty && err.tty && !isSet(env["CI"]),
      terminal: facts.inTty,
      answer: Effect.async<string | undefined>((resume) => {
        const stop = facts.readLine((line) => {
          region.answered()
          resume(Effect.succeed(line))
        })
        return Effect.sync(stop)
      }),
      hidden: Effect.async<string | undefined>((resume) => {
        const stop = facts.readHidden((line) => {
          region.answered()
          resume(Effect.succeed(line))
        })
        return Effect.sync(stop)
      }),
      piped: (most) =>
        Effect.async<Uint8Array>((resume) => {
          const stop = facts.readAll(most, (bytes) => resume(Effect.succeed(bytes)))
          return Effect.sync(stop)
        })
    }),
    Context.add(Terminal.Terminal, unused)
  )
  const layers = Layer.mergeAll(
    NodeFileSystem.layer,
    NodePath.layer,
    // The default logger writes to stdout, which is for results.
    debug ? Logger.replace(Logger.defaultLogger, stderrLogger(err)) : Logger.remove(Logger.defaultLogger)
  )

  const codeOf = (exit: Exit.Exit<ExitCode>): ExitCode => {
    if (Exit.isSuccess(exit)) return exit.value
    if (seen.process.signal !== undefined && Cause.isInterruptedOnly(exit.cause)) {
      const all = ofAll(seen)
      if (seen.onSignal !== "stop" && all.report === undefined && all.changing.size + all.deleted.size > 0) {
        say(renderCutShort(all, style))
      } else if (seen.onSignal !== "stop" && all.report !== undefined && isCutShort(all.report)) {
        say(renderInterrupted(all.report, style, recoverCommand(argv)))
      }
      return codeOfInterrupted(seen)
    }
    say(renderDefect(exit.cause, debug, style))
    return ExitCode.bug
  }

  // Nobody reads spans but a stack trace.
  const program = (wantsTelemetry(env) ? inTrace(run(argv), facts) : run(argv)).pipe(
    Effect.provide(services),
    Effect.provide(layers),
    Effect.withConfigProvider(ConfigProvider.fromMap(environment(env))),
    Effect.withTracerEnabled(debug)
  )
  const fiber = Effect.runFork(program)
  const isSilent = argv.some((word) => ["--json", "--quiet", "-q"].includes(word))
  const stopWorking =
    screen.err.live === undefined || isSilent ? () => {} : showWorking(region, screen.err.style)
  const flush = () => {
    stopWorking()
    region.show([])
    out.flush()
    err.flush()
  }
  const lastWords = (lines: ReadonlyArray<string>) => {
    flush()
    return redactor.text(lines.map((line) => `${line}\n`).join(""))
  }
  const done = new Promise<ExitCode>((resolve) => {
    fiber.addObserver((exit) => {
      const code = codeOf(exit)
      flush()
      resolve(code)
    })
  })

  return {
    done,
    interrupt: (received) => {
      seen.process.signal = received
      // Behind the `^C` that the terminal shows; what is shown live is written over it.
      if (screen.err.tty && !region.isShown()) err.write("\n")
      if (seen.onSignal !== "end") {
        say([
          seen.onSignal === "stop"
            ? "stopping"
            : ofAll(seen).mayChange
              ? "interrupted: rolling back, again to quit at once"
              : "interrupted, again to quit at once"
        ])
      }
      Effect.runFork(Fiber.interruptFork(fiber))
    },
    resumed: region.forget,
    abandon: () =>
      lastWords([
        ...renderProblem(
          {
            what: "stopped before the rollback was done",
            details: unfinished(ofAll(seen), "may be left"),
            next: ""
          },
          style
        ),
        // In one line whatever its length: a shell would take the half of it for the whole.
        `  Next: ${clean(recoverCommand(argv))}`
      ]),
    crashed: (error) => lastWords(renderDefect(Cause.die(error), debug, style))
  }
}

const inTrace = <E, R>(running: Effect.Effect<ExitCode, E, R>, { argv, env }: ProcessFacts) =>
  Effect.flatMap(
    Effect.promise(() => import("./Telemetry.ts")),
    ({ traced }) => traced(running, { command: argv.find((word) => !word.startsWith("-")) ?? "", env })
  )

/** Somebody waits for a question or a live line, which no next write may complete: milliseconds. */
const shortPause = 30

const guarded = (stream: OutputStream, redactor: Redactor) => ({
  ...stream,
  ...redactor.stream(stream.write, stream.tty ? shortPause : undefined)
})

/** @effect/cli asks for a terminal, and uses it for what fabrik has not: prompts, and screens of its own. */
const unused: Terminal.Terminal = {
  columns: Effect.succeed(0),
  rows: Effect.succeed(0),
  isTTY: Effect.succeed(false),
  readInput: Effect.dieMessage("there is no terminal"),
  readLine: Effect.dieMessage("there is no terminal"),
  display: () => Effect.dieMessage("there is no terminal")
}

const environment = (env: ProcessFacts["env"]): Map<string, string> =>
  new Map(Object.entries(env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])))

const isSet = (value: string | undefined): boolean => value !== undefined && value !== "" && value !== "0"

/** A terminal that does not know how large it is says 0. */
const known = (size: number | undefined, otherwise: number): number =>
  size === undefined || size === 0 ? otherwise : size

const columnsOf = ({ columns }: Pick<OutputStream, "columns">): number => known(columns(), 80)

const makeScreen = ({ argv, env, err, out }: ProcessFacts, region: LiveRegion): Screen["Type"] => {
  const plain = argv.includes("--no-color") || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb"
  const locale = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find((value) => (value ?? "") !== "")
  const unicode = /utf-?8/i.test(locale ?? "")
  const stream = ({ write, onClose, tty, columns }: OutputStream) => ({
    write: (text: string) => Effect.sync(() => write(text)),
    closed: Effect.async<void>((resume) => {
      const stop = onClose(() => resume(Effect.void))
      return Effect.sync(stop)
    }),
    tty: tty && env["TERM"] !== "dumb",
    style: makeStyle({ color: tty && !plain, unicode, columns: tty ? columnsOf({ columns }) : undefined })
  })
  // A log has a line for each change, in whatever it is shown later.
  const isLive = err.tty && !plain && !isSet(env["CI"])
  const live: Live = {
    show: (lines) => Effect.sync(() => region.show(lines)),
    aim: (lines) => Effect.sync(() => region.aim(lines)),
    window: Effect.sync(() => ({
      columns: Math.max(columnsOf(err), 20),
      rows: Math.max(known(err.rows(), 24), 4)
    }))
  }
  return { out: stream(out), err: { ...stream(err), ...(isLive ? { live } : {}) } }
}

const stderrLogger = (err: OutputStream) =>
  Logger.make((options) => err.write(`${Logger.logfmtLogger.log(options)}\n`))

const unfinished = ({ changing, deleted }: Seen, open: string): ReadonlyArray<string> => [
  ...[...deleted].map((what) => `done: ${what}`),
  ...[...new Set(changing.values())].map((what) => `${open}: ${what}`)
]

/** A command without a rollback (destroy) was interrupted in the middle. */
const renderCutShort = (seen: Seen, style: Screen["Type"]["err"]["style"]) =>
  renderProblem(
    {
      what: "interrupted in the middle",
      details: unfinished(seen, "may be done"),
      next: "Run the command again: it goes on from there."
    },
    style
  )

const renderDefect = (cause: Cause.Cause<never>, debug: boolean, style: Screen["Type"]["err"]["style"]) => {
  const log = debug ? [Cause.pretty(cause)] : []
  const defect = Option.getOrUndefined(Cause.dieOption(cause))
  if (defect instanceof PlatformError.SystemError) {
    return renderProblem(
      {
        what: `${clean(String(defect.pathOrDescriptor ?? "a file"))} cannot be used: ${clean(defect.description ?? defect.reason)}`,
        log,
        next: "See to the disk, then run the command again."
      },
      style
    )
  }
  return renderProblem(
    {
      what: `unexpected error: ${clean(Cause.pretty(cause).split("\n")[0] ?? "")}`,
      log,
      next: debug
        ? "This is a fault of fabrik: please report it."
        : "This is a fault of fabrik. FABRIK_DEBUG=1 shows where; please report it."
    },
    style
  )
}
