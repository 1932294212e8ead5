/** A code for every way a command can fail, which stays the same: `fabrik explain CODE` tells more of it. */
import type { ValidationError } from "@effect/cli/ValidationError"
import type { Concluded } from "./CliError.ts"
import type { CommandError } from "./Report.ts"

type Failure = Exclude<CommandError, Concluded>

/** What a code begins with; those of an error with a reason go on with it. */
export const prefixes = {
  CoolifyError: "coolify",
  DnsError: "dns",
  AuthoritativeDnsError: "nameserver",
  PropagationTimeout: "dns-not-served",
  RefusedError: "refused",
  SecretError: "secret",
  JournalError: "journal",
  DeploymentFailedError: "deployment",
  UnhealthyError: "unhealthy",
  ProbeError: "probe",
  DeadlineError: "deadline",
  IllegalTransition: "fault",
  SpecError: "spec",
  ImportError: "import",
  SandboxError: "sandbox",
  HistoryError: "history",
  RunFilesError: "runs",
  LockError: "lock",
  StateError: "state",
  UsageError: "usage",
  CredentialsError: "credentials",
  UnconfirmedError: "unconfirmed",
  NotWrittenError: "not-written"
} as const satisfies {
  readonly [T in Exclude<Failure["_tag"], "RunError" | ValidationError["_tag"]>]: string
}
export const kebab = (reason: string): string => reason.replace(/(?<=[a-z0-9])[A-Z]/g, "-$&").toLowerCase()

/** @effect/cli's own errors are all about the command line. */
const prefixOf = (tag: string): string =>
  Object.entries(prefixes).find(([name]) => name === tag)?.[1] ?? "usage"

/** `coolify-unauthenticated`, `deadline`. */
export const codeOf = (error: Failure): string => {
  const failure = error._tag === "RunError" ? error.error : error
  const prefix = prefixOf(failure._tag)
  return "reason" in failure ? `${prefix}-${kebab(failure.reason)}` : prefix
}
