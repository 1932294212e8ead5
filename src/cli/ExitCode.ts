/** How the process ends. One table, so that scripts can rely on it. */
import type { CoolifyErrorReason } from "../coolify/CoolifyError.ts"
import type { DnsErrorReason } from "../dns/DnsError.ts"
import type { RunFinished } from "../engine/DeploymentEvent.ts"
import type { StateError } from "../state/StateError.ts"
import type { RunError, StepError } from "../orchestrator/RunError.ts"

export const ExitCode = {
  /** Done, or nothing to do. */
  done: 0,
  /** A fault of fabrik's own. */
  bug: 1,
  /** `plan --detailed-exitcode`: the plan has changes. */
  changes: 2,
  /** `import`: something that the file says is in no spec. `env pull`: a variable is not in the file. */
  leftOut: 2,
  /** Refused before anything was changed: not fabrik's, ambiguous, or the operator said no. */
  refused: 3,
  /** The spec or the command line is wrong. */
  usage: 4,
  /** Credentials are missing, wrong or without the right. */
  credentials: 5,
  /** A command that only reads could not find out, or found something wrong. */
  unseen: 6,
  /** Failed, and nothing is left of it: everything was put back, or nothing had been changed. */
  undone: 10,
  /** Failed, and something is left; each is listed with the command that finishes it. */
  leftovers: 11,
  /** Not at its end: ended before the rollback was, or all stands and its name or certificate is still to follow. */
  unknown: 12
} as const
export type ExitCode = number

const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const
export type Signal = keyof typeof signalCodes

type Report = typeof RunFinished.Type

const outcomes: { readonly [O in Report["outcome"]]: ExitCode } = {
  complete: ExitCode.done,
  unchanged: ExitCode.done,
  pending: ExitCode.unknown,
  planned: ExitCode.done,
  declined: ExitCode.refused,
  "nothing-changed": ExitCode.undone,
  "rolled-back": ExitCode.undone,
  kept: ExitCode.leftovers,
  leftovers: ExitCode.leftovers
}

/** For a run that came to its own end. */
export const ofReport = (report: Report): ExitCode =>
  report.leftovers.length > 0 ? ExitCode.leftovers : outcomes[report.outcome]

/** Whether the signal is what ended it: a run that had come to its own end by then is what it says it is. */
export const isCutShort = ({ outcome }: Report): boolean =>
  outcome === "nothing-changed" || outcome === "rolled-back" || outcome === "leftovers"

/** For a run that a signal ended: the shell's code for it when all is undone. */
export const ofInterrupted = (signal: Signal, report: Report | undefined): ExitCode =>
  report?.outcome === "leftovers" || (report !== undefined && !isCutShort(report))
    ? ofReport(report)
    : signalCodes[signal]

/** A failure before the first change is told by its cause; after that, what became of the changes counts more. */
export const ofRunError = ({ error, report }: RunError): ExitCode =>
  report.outcome === "nothing-changed" ? ofCause(error) : ofReport(report)

const coolifyCodes: { readonly [R in CoolifyErrorReason]: ExitCode } = {
  ApiDisabled: ExitCode.credentials,
  AddressNotAllowed: ExitCode.credentials,
  Unauthenticated: ExitCode.credentials,
  MissingAbility: ExitCode.credentials,
  Forbidden: ExitCode.credentials,
  Blocked: ExitCode.credentials,
  BadConfig: ExitCode.credentials,
  Redirected: ExitCode.credentials,
  UnknownEndpoint: ExitCode.credentials,
  Invalid: ExitCode.usage,
  Conflict: ExitCode.refused,
  NotFound: ExitCode.undone,
  Refused: ExitCode.undone,
  QueueFull: ExitCode.undone,
  RateLimited: ExitCode.undone,
  ServerError: ExitCode.undone,
  Unreachable: ExitCode.undone,
  Interrupted: ExitCode.undone,
  BadResponse: ExitCode.undone,
  Unrecorded: ExitCode.undone
}

const dnsCodes: { readonly [R in DnsErrorReason]: ExitCode } = {
  Unauthorized: ExitCode.credentials,
  Forbidden: ExitCode.credentials,
  BadConfig: ExitCode.credentials,
  ZoneNotFound: ExitCode.refused,
  AmbiguousZone: ExitCode.refused,
  Conflict: ExitCode.refused,
  Invalid: ExitCode.usage,
  RateLimited: ExitCode.undone,
  Unavailable: ExitCode.undone,
  OutcomeUnknown: ExitCode.undone,
  BadResponse: ExitCode.undone,
  Unrecorded: ExitCode.undone
}

const stateCodes: { readonly [R in StateError["reason"]]: ExitCode } = {
  BadAddress: ExitCode.credentials,
  BadKey: ExitCode.credentials,
  WrongKey: ExitCode.credentials,
  Unauthenticated: ExitCode.credentials,
  Forbidden: ExitCode.credentials,
  Unreachable: ExitCode.refused,
  Tls: ExitCode.refused,
  TooOld: ExitCode.refused,
  Newer: ExitCode.refused,
  Failed: ExitCode.refused
}

/** The shared state is looked at before anything is sent. */
export const ofState = ({ reason }: StateError): ExitCode => stateCodes[reason]

/** What only reads has nothing to put back. */
export const ofReading = (code: ExitCode): ExitCode => (code === ExitCode.undone ? ExitCode.unseen : code)

/** For a failure that changed nothing. */
export const ofCause = (error: StepError): ExitCode => {
  switch (error._tag) {
    case "RefusedError":
    case "JournalError":
      return ExitCode.refused
    case "SecretError":
      return error.reason === "SharedState" ? ExitCode.refused : ExitCode.usage
    case "CoolifyError":
      return coolifyCodes[error.reason]
    case "DnsError":
      return dnsCodes[error.reason]
    case "IllegalTransition":
      return ExitCode.bug
    case "AuthoritativeDnsError":
    case "PropagationTimeout":
    case "DeploymentFailedError":
    case "UnhealthyError":
    case "DeadlineError":
      return ExitCode.undone
  }
}
