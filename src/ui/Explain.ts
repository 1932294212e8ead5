import type { ProbeError } from "../health/HealthProbe.ts"
import type { StepError } from "../orchestrator/RunError.ts"
import {
  coolifyAdvice,
  deploymentAdvice,
  dnsAdvice,
  doing,
  journalAdvice,
  probeAdvice,
  refusedAdvice,
  secretAdvice,
  unhealthyAdvice
} from "./Advice.ts"
import { count, seconds } from "./Layout.ts"

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
      const { cause, next } = coolifyAdvice[error.reason]
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
        ...plain(error.provider, `${doing(error)}: ${error.detail}`, next, [cause]),
        details: error.found.map((found) => `found there: ${found}`)
      }
    }
    case "AuthoritativeDnsError":
      return plain(
        "DNS",
        `no name server of ${error.name} could be asked: ${error.detail}`,
        "Check at the registrar that the domain is delegated to the DNS provider's name servers."
      )
    case "PropagationTimeout":
      return {
        ...plain(
          "DNS",
          `${error.name} ${error.type} is not yet served as ${error.wanted.join(", ")} by every name server`,
          "Compare the zone's name servers at the registrar with the DNS provider's, then run the command again."
        ),
        details: error.answers.map(
          ({ server, outcome, values }) => `${server}: ${values.join(", ") || outcome}`
        )
      }
    case "DeploymentFailedError": {
      const { cause, next } = deploymentAdvice[error.reason]
      const id = error.deployment === null ? "" : ` (deployment ${error.deployment})`
      return { ...plain("Coolify", `${error.detail}${id}`, next, [cause]), log: error.log }
    }
    case "UnhealthyError": {
      const { cause, next } = unhealthyAdvice[error.reason]
      return plain("health check", error.message, next, [cause])
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

const sentence = (text: string): string => {
  const first = text.slice(0, 1).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(first) ? first : `${first}.`
}
