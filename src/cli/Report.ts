/** Every way a command can fail, told once, with its exit code. */
import type { ValidationError } from "@effect/cli/ValidationError"
import * as Effect from "effect/Effect"
import type { ProbeError } from "../health/HealthProbe.ts"
import type { RunError, StepError } from "../orchestrator/RunError.ts"
import type { ImportError } from "../import/ImportError.ts"
import type { SandboxError } from "../sandbox/SandboxError.ts"
import type { SpecError } from "../appspec/SpecError.ts"
import type { HistoryError } from "../state/History.ts"
import type { RunFilesError } from "../state/RunFiles.ts"
import type { LockError } from "../state/FileLock.ts"
import type { StateError } from "../state/StateError.ts"
import { explain } from "../ui/Explain.ts"
import { renderProblem, renderRunError, renderSpecError } from "../ui/Failure.ts"
import { jsonLine } from "../ui/Json.ts"
import { Screen } from "../ui/Screen.ts"
import { plainStyle } from "../ui/Style.ts"
import type { UsageError } from "./Arguments.ts"
import type { Concluded, CredentialsError, NotWrittenError, UnconfirmedError } from "./CliError.ts"
import { codeOf } from "./FailureCode.ts"
import { ExitCode, ofCause, ofReading, ofRunError, ofState } from "./ExitCode.ts"

export type CommandError =
  | RunError
  | StepError
  | ProbeError
  | SpecError
  | ImportError
  | SandboxError
  | HistoryError
  | RunFilesError
  | LockError
  | StateError
  | UsageError
  | CredentialsError
  | NotWrittenError
  | UnconfirmedError
  | Concluded
  | ValidationError

interface Told {
  readonly code: ExitCode
  readonly lines: ReadonlyArray<string>
  /** What `--json` says of it, beside the tag and the code. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** `reads`: the command changes nothing. `recover`: the command that settles what is left. `spec`: of which one, where a command has several. Text goes to `err` in any case; with `json`, one object to `out` as well. */
export const report = (
  error: CommandError,
  {
    json,
    reads,
    recover,
    spec
  }: {
    readonly json: boolean
    readonly reads: boolean
    readonly recover: string
    readonly spec?: string
  }
): Effect.Effect<ExitCode, never, Screen> =>
  Effect.gen(function* () {
    if (error._tag === "Concluded") return error.code
    const { out, err } = yield* Screen
    const { code: told, lines, facts } = tell(error, err.style, recover, json)
    const code = reads ? ofReading(told) : told
    if (lines.length > 0) yield* err.write([...lines, ...more(error, err.style)].join("\n") + "\n")
    if (json) yield* out.write(`${errorLine(error, { code, facts, spec })}\n`)
    return code
  })

/** Where the catalogue has more to say than the failure itself. */
const more = (error: Exclude<CommandError, Concluded>, style: Style): ReadonlyArray<string> => {
  const code = codeOf(error)
  return ["usage", "spec", "import", "unconfirmed", "not-written"].includes(code)
    ? []
    : [style.dim(`  More: fabrik explain ${code}`)]
}

/** What `--json` says of a failure that is no end told already, with its exit code. */
export const toldOf = (error: Exclude<CommandError, Concluded>, spec: string | undefined) => {
  const { code, facts } = tell(error, plainStyle, "fabrik recover", false)
  return { code, facts, line: errorLine(error, { code, facts, spec }) }
}

const errorLine = (
  error: CommandError,
  { code, facts, spec }: Omit<Told, "lines"> & { readonly spec: string | undefined }
): string => {
  const of = spec === undefined ? {} : { spec }
  const told = error._tag === "Concluded" ? {} : { code: codeOf(error) }
  return jsonLine({ type: "Error", tag: error._tag, ...told, ...of, exit: code, ...facts })
}

type Style = Screen["Type"]["err"]["style"]

/** @param isUntold whether no view has shown its logs. */
const tell = (
  error: Exclude<CommandError, Concluded>,
  style: Style,
  recover: string,
  isUntold: boolean
): Told => {
  switch (error._tag) {
    case "RunError": {
      const { log, what, next } = explain(error.error)
      const { answers, deleted, kept, outcome, leftovers, removed, restored, undone } = error.report
      return {
        code: ofRunError(error),
        lines: renderRunError(error, style, recover, isUntold),
        facts: {
          step: error.step,
          cause: reasonOf(error.error),
          message: what,
          next,
          outcome,
          leftovers,
          undone,
          ...(removed === undefined ? {} : { removed }),
          ...(restored === undefined ? {} : { restored }),
          ...(deleted === undefined ? {} : { deleted }),
          ...(kept === undefined ? {} : { kept }),
          ...(answers === undefined ? {} : { answers }),
          ...(log.length === 0 ? {} : { log })
        }
      }
    }
    case "SpecError":
      return {
        code: ExitCode.usage,
        lines: renderSpecError(error, style),
        facts: { file: error.file, problems: error.problems }
      }
    case "ImportError": {
      const { column, detail, file, line } = error
      const problem = { line, column, path: "", message: detail, hint: error.next }
      return {
        code: ExitCode.usage,
        lines: renderSpecError({ file, problems: [problem] }, style),
        facts: { file, line, column, message: detail, next: error.next }
      }
    }
    case "UsageError": {
      const help = error.command === undefined ? "fabrik --help" : `fabrik ${error.command} --help`
      return {
        code: ExitCode.usage,
        lines: renderProblem({ what: error.message, next: "" }, style).concat(`  See ${help}.`),
        facts: { message: error.message }
      }
    }
    case "CredentialsError":
      return problem(ExitCode.credentials, error.detail, error.next, style)
    case "NotWrittenError":
      return problem(ExitCode.refused, error.detail, error.next, style)
    case "UnconfirmedError":
      return problem(
        ExitCode.usage,
        error.message,
        "Say --yes to carry the plan out without a question.",
        style
      )
    case "SandboxError":
      return problem(
        error.reason === "BadFault" ? ExitCode.usage : ExitCode.refused,
        error.message,
        sandboxNext[error.reason],
        style
      )
    case "HistoryError":
      return problem(
        ExitCode.refused,
        error.message,
        error.reason === "BadFile"
          ? "Remove that file: the next `fabrik apply` begins a new one."
          : error.reason === "Unavailable"
            ? "Check FABRIK_STATE_URL and FABRIK_STATE_KEY, and that the server runs."
            : "Check who owns it and its mode (ls -l).",
        style
      )
    case "RunFilesError":
      return problem(ExitCode.undone, error.message, "Check who owns it and its mode (ls -ld).", style)
    case "LockError":
      return problem(
        ExitCode.refused,
        error.reason === "Held"
          ? `another run of this application is under way: ${error.holder ?? "it does not say which"}`
          : `the lock of this application cannot be taken (${error.code})`,
        error.reason === "Held"
          ? "Wait for it, or say --lock-timeout SECONDS to do so here. Nothing was sent."
          : "Nothing was sent.",
        style
      )
    case "StateError":
      return problem(ofState(error), error.message, error.next, style)
    case "ProbeError":
    case "RefusedError":
    case "SecretError":
    case "JournalError":
    case "CoolifyError":
    case "DnsError":
    case "AuthoritativeDnsError":
    case "PropagationTimeout":
    case "DeploymentFailedError":
    case "UnhealthyError":
    case "DeadlineError":
    case "IllegalTransition": {
      const explanation = explain(error)
      const what = `${explanation.where}: ${explanation.what}`
      return {
        code: error._tag === "ProbeError" ? ExitCode.undone : ofCause(error),
        lines: renderProblem({ ...explanation, what }, style),
        facts: { cause: reasonOf(error), message: what, next: explanation.next }
      }
    }
    // @effect/cli's own: what it could object to has been checked before, so its words are never needed.
    default:
      return problem(ExitCode.usage, "the command line was not understood", "See fabrik --help.", style)
  }
}

const problem = (code: ExitCode, what: string, next: string, style: Style): Told => ({
  code,
  lines: renderProblem({ what, next }, style),
  facts: { message: what, next }
})

const reasonOf = (error: StepError | ProbeError): string =>
  "reason" in error ? `${error._tag}/${error.reason}` : error._tag

export const sandboxNext: { readonly [R in SandboxError["reason"]]: string } = {
  PortInUse: "Name another port, or none to get a free one.",
  Locked: "Another fabrik uses this sandbox: wait for it, or take another --sandbox-dir.",
  BadState: "Remove the sandbox's directory to start with an empty one.",
  Unwritable: "Take another --sandbox-dir.",
  BadFault: "A rule looks like: coolify POST /deploy status=500 x1",
  NoAnswer: "Stop the other `fabrik sandbox`, or take another --sandbox-dir."
}
