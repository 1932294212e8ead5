import type { CoolifyError } from "../coolify/CoolifyError.ts"
import { providerNamed } from "../dns/Providers.ts"
import type { UnhealthyError } from "../health/AwaitHealthy.ts"
import type { ProbeError } from "../health/HealthProbe.ts"
import type { StepError } from "../orchestrator/RunError.ts"
import {
  coolifyAdvice,
  deploymentAdvice,
  dnsAdvice,
  journalAdvice,
  probeAdvice,
  refusedAdvice,
  secretAdvice,
  unhealthyAdvice
} from "./Advice.ts"
import { causeInLog } from "./LogCause.ts"
import { doing } from "./Doing.ts"
import { count, seconds } from "./Layout.ts"
import { gatewayAdvice, nameServerAdvice } from "./NextStep.ts"
import { redirectAdvice } from "./RedirectAdvice.ts"

/** A failure in the operator's words. Texts may come from elsewhere: whoever prints them cleans them. */
export interface Explanation {
  /** Where it failed: `Coolify`, `cloudflare`, `DNS`. */
  readonly where: string
  readonly what: string
  /** Sentences. */
  readonly causes: ReadonlyArray<string>
  /** One fact each: a refused field, a name server's answer. */
  readonly details: ReadonlyArray<string>
  /** Remote log lines. */
  readonly log: ReadonlyArray<string>
  readonly next: string
}

const plain = (
  where: string,
  what: string,
  next: string,
  causes: ReadonlyArray<string> = []
): Explanation => ({
  where,
  what,
  causes: causes.filter((cause) => cause !== ""),
  details: [],
  log: [],
  next
})

/** `ProbeError`: outside of a run, for a CA that is no certificate. */
export const explain = (error: StepError | ProbeError): Explanation => {
  switch (error._tag) {
    case "RefusedError":
      return plain("refused", error.detail, sentence(error.next), [refusedAdvice[error.reason]])
    case "SecretError": {
      const { cause, next } = secretAdvice[error.reason]
      return plain("secrets", `${error.subject}: ${error.detail}`, next, [cause])
    }
    case "JournalError": {
      const { cause, next } = journalAdvice[error.reason]
      return plain("journal", `${error.file} ${error.detail}`, next, [cause])
    }
    case "CoolifyError": {
      const { cause, next } = isGateways(error) ? gatewayAdvice : coolifyAdvice[error.reason]
      const abilities = error.ability === undefined ? "" : `It needs the ability \`${error.ability}\`.`
      const status = error.status === undefined ? "" : ` (HTTP ${error.status})`
      return {
        ...plain("Coolify", `${doing(error)}: ${error.detail}${status}`, next, [cause, abilities]),
        details: [
          ...error.problems.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`)),
          ...error.conflicts.map(
            (conflict) =>
              `${conflict.domain} is held by ${conflict.resourceType ?? "resource"} ${conflict.resourceName}${conflict.resourceUuid === null ? "" : ` (${conflict.resourceUuid})`}`
          )
        ]
      }
    }
    case "DnsError": {
      const { cause, next } = dnsAdvice[error.reason]
      return {
        ...plain(
          error.provider,
          `${doing(error)}: ${error.detail}`,
          providerNamed(error.provider)?.advice[error.reason] ?? next,
          [cause]
        ),
        details: error.found.map((found) => `found there: ${found}`)
      }
    }
    case "AuthoritativeDnsError":
      return plain("DNS", `${error.name}: ${error.detail}`, nameServerAdvice[error.reason])
    case "PropagationTimeout":
      return {
        ...plain(
          "DNS",
          `${error.name} ${error.type} is not yet served as ${error.wanted.join(", ")} by every name server`,
          unservedAdvice(error.answers.map(({ outcome }) => outcome))
        ),
        details: error.answers.map(
          ({ server, outcome, values }) => `${server}: ${values.join(", ") || outcome}`
        )
      }
    case "DeploymentFailedError": {
      const inLog = error.reason === "Failed" ? causeInLog(error.log) : undefined
      const { cause, next } = inLog ?? deploymentAdvice[error.reason]
      const id = error.deployment === null ? "" : ` (deployment ${error.deployment})`
      return { ...plain("Coolify", `${error.detail}${id}`, next, [cause]), log: error.log }
    }
    case "UnhealthyError": {
      const { container } = error
      const known =
        error.redirect === undefined ? unhealthyAdvice[error.reason] : redirectAdvice(error.redirect, error)
      const { cause, next } =
        error.reason === "Gateway" && container !== undefined ? notListening(container) : known
      return { ...plain("health check", error.message, next, [cause]), log: container?.log ?? [] }
    }
    case "ProbeError": {
      const { cause, next } = probeAdvice[error.reason]
      return plain("health check", error.detail, next, [cause])
    }
    case "DeadlineError":
      return plain(
        "deadline",
        `not done within ${seconds(error.seconds * 1000)}`,
        `Run the command again with a longer --timeout (it was ${count(error.seconds, "second")}).`
      )
    case "IllegalTransition":
      return plain("fabrik", error.message, "This is a fault of fabrik: please report it.")
  }
}

/** Its proxy answers, and Coolify behind it does not. */
const isGateways = ({ reason, status }: CoolifyError): boolean =>
  reason === "ServerError" && status !== undefined && status >= 502 && status <= 504

/** What the name servers' last answers say about why a record is not served. */
const unservedAdvice = (outcomes: ReadonlyArray<string>): string => {
  if (outcomes.length === 0) return "Run the command again: no round of questions came to its end."
  if (outcomes.some((outcome) => outcome === "not-authoritative" || outcome === "refused")) {
    return "A name server that is not authoritative does not serve the zone: compare the zone's name servers at the registrar with the DNS provider's, then run the command again."
  }
  if (outcomes.includes("no-reply")) {
    return "Check that this machine may ask name servers elsewhere (port 53, UDP and TCP), or whether one of them is down, then run the command again."
  }
  if (outcomes.includes("server-failure")) {
    return "A name server fails on the zone: check it at the DNS provider (DNSSEC, a transfer that failed), then run the command again."
  }
  return "They serve the zone without the new record: the provider takes longer than usual (run the command again), or the registrar names those of another provider."
}

/** The container runs, and the proxy has nobody to pass a request to. */
const notListening = ({ port, retries, startPeriod }: NonNullable<UnhealthyError["container"]>) => ({
  cause: `The container runs, but nothing listens on port ${port} in it yet: the proxy answers in its place.`,
  next: `If it takes longer to start, raise \`healthcheck.startPeriod\` (now ${startPeriod}) or \`healthcheck.retries\` (now ${retries}) in the spec; if it listens on another port, correct \`port\`; it has to listen on 0.0.0.0, not on 127.0.0.1 alone.`
})

const sentence = (text: string): string => {
  const first = text.slice(0, 1).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(first) ? first : `${first}.`
}
