/** Every failure by its code, told without the failure at hand. */
import type { LockError } from "../state/FileLock.ts"
import type { HistoryError } from "../state/History.ts"
import type { RunFilesError } from "../state/RunFiles.ts"
import type { StateError } from "../state/StateError.ts"
import {
  coolifyAdvice,
  deploymentAdvice,
  dnsAdvice,
  journalAdvice,
  probeAdvice,
  refusedAdvice,
  secretAdvice,
  unhealthyAdvice
} from "../ui/Advice.ts"
import { nameServerAdvice } from "../ui/NextStep.ts"
import { kebab, prefixes } from "./FailureCode.ts"
import { sandboxNext } from "./Report.ts"

export interface Entry {
  readonly code: string
  readonly cause: string
  /** What fabrik does about it. */
  readonly did: string
  readonly next: string
}

/** Of what is found before or in the middle of a run. */
const putBack =
  "Before the first change it sends nothing. After it, everything that the run has changed is put back (exit code 10; a first apply with --keep-failed leaves it standing, 11), or what is left is named with the step that finishes it (11)."
const behindNext = "Do what stands behind `Next` in the failure."
const sentNothing = "It sends nothing."

interface Words {
  readonly cause: string
  readonly next: string
}

const table = (
  tag: keyof typeof prefixes,
  did: string,
  words: Readonly<Record<string, Words>>
): ReadonlyArray<Entry> =>
  Object.entries(words).map(([reason, { cause, next }]) => ({
    code: `${prefixes[tag]}-${kebab(reason)}`,
    cause: cause === "" ? "The failure's own words say it." : cause,
    did,
    next
  }))

const one = (tag: keyof typeof prefixes, did: string, words: Words): Entry => ({
  code: prefixes[tag],
  ...words,
  did
})

const causes = (words: Readonly<Record<string, string>>, next: string) =>
  Object.fromEntries(Object.entries(words).map(([reason, cause]) => [reason, { cause, next }]))

const nexts = (words: Readonly<Record<string, string>>, cause: string) =>
  Object.fromEntries(Object.entries(words).map(([reason, next]) => [reason, { cause, next }]))

const locks: { readonly [R in LockError["reason"]]: Words } = {
  Held: {
    cause: "Another run of this application is under way.",
    next: "Wait for it, or say --lock-timeout SECONDS; `fabrik runs` shows it."
  },
  Unavailable: {
    cause: "The lock that keeps two runs of an application apart cannot be made.",
    next: "Check who owns .fabrik/lock and its mode (ls -ld)."
  }
}
const checkOwner = "Check who owns it and its mode (ls -ld)."
const histories: { readonly [R in HistoryError["reason"]]: Words } = {
  Unreadable: { cause: "The list of earlier releases cannot be read.", next: checkOwner },
  Unwritable: { cause: "The list of earlier releases cannot be written.", next: checkOwner },
  Unavailable: { cause: "The list of earlier releases cannot be reached.", next: behindNext },
  BadFile: {
    cause: "The list of earlier releases was changed or cut off.",
    next: "Remove that file: the next `fabrik apply` begins a new one."
  }
}
const runFiles: { readonly [R in RunFilesError["reason"]]: Words } = {
  Unreadable: { cause: "What is kept of earlier runs cannot be read.", next: checkOwner },
  Unwritable: { cause: "What a run does cannot be kept; the run itself goes on.", next: checkOwner }
}

const states: { readonly [R in StateError["reason"]]: string } = {
  BadAddress: "FABRIK_STATE_URL is no address of a database that fabrik can use.",
  BadKey: "The key of the shared state is missing, or is none.",
  WrongKey: "The shared state was sealed with another key.",
  Unreachable: "The database of the shared state cannot be reached.",
  Unauthenticated: "The database of the shared state does not know these credentials.",
  Forbidden: "These credentials may not use the shared state.",
  Tls: "The connection to the shared state is not as safe as it has to be.",
  TooOld: "The database of the shared state is too old.",
  Newer: "The shared state was made by a newer fabrik.",
  Failed: "The database of the shared state refused what fabrik asked of it."
}

/** In the order of a run. */
export const catalogue: ReadonlyArray<Entry> = [
  one("UsageError", sentNothing, {
    cause: "The command line is not as the command takes it.",
    next: "See `fabrik COMMAND --help`."
  }),
  one("SpecError", sentNothing, {
    cause: "The spec, or a file that it names, says something that fabrik does not take.",
    next: "Correct each place that is named; `fabrik validate` reports all at once."
  }),
  one("ImportError", "It writes nothing.", {
    cause: "The file of the other tool cannot be read as one.",
    next: "Correct the place that is named."
  }),
  one("CredentialsError", sentNothing, {
    cause: "What is needed to reach Coolify or DNS is not set, or not safe.",
    next: "Set what is named; `fabrik doctor` checks it. --sandbox and --dry-run need no account."
  }),
  one("UnconfirmedError", sentNothing, {
    cause: "The plan has changes, and nobody can be asked.",
    next: "Say --yes to carry the plan out without a question."
  }),
  one("NotWrittenError", "It overwrites nothing.", {
    cause: "The file cannot be written: one of that name is there, or the answers for it are missing.",
    next: behindNext
  }),
  ...table("LockError", sentNothing, locks),
  ...table("StateError", putBack, causes(states, behindNext)),
  ...table("SecretError", sentNothing, secretAdvice),
  ...table("JournalError", "What is not written down first is not sent.", journalAdvice),
  ...table("RefusedError", sentNothing, causes(refusedAdvice, behindNext)),
  ...table("CoolifyError", putBack, coolifyAdvice),
  ...table("DnsError", putBack, dnsAdvice),
  ...table(
    "AuthoritativeDnsError",
    putBack,
    nexts(nameServerAdvice, "A zone's name servers cannot be asked, or disagree.")
  ),
  one("PropagationTimeout", putBack, {
    cause: "Not every name server of the zone serves the new record.",
    next: "Compare the zone's name servers at the registrar with the DNS provider's, then run the command again."
  }),
  ...table("DeploymentFailedError", putBack, deploymentAdvice),
  ...table("UnhealthyError", putBack, unhealthyAdvice),
  ...table("ProbeError", "It has only looked.", probeAdvice),
  one("DeadlineError", putBack, {
    cause: "The run took longer than --timeout allows.",
    next: "Run the command again with a longer --timeout."
  }),
  ...table("HistoryError", "A run goes on without it.", histories),
  ...table("RunFilesError", "A run goes on without it.", runFiles),
  ...table("SandboxError", sentNothing, nexts(sandboxNext, "The sandbox on this machine cannot be used.")),
  one("IllegalTransition", putBack, {
    cause: "fabrik was about to do something out of its order.",
    next: "This is a fault of fabrik: please report it."
  })
]
