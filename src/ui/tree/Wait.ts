/** What an event tells of something that is waited for. */
import type { DeploymentEvent } from "../../engine/DeploymentEvent.ts"
import { count, seconds, truncate } from "../Layout.ts"
import { retryOf } from "../Retry.ts"
import { clean, cleanLines } from "../Sanitize.ts"

interface Wait {
  readonly key: string
  readonly address?: string | undefined
  /** What its row is called where there is none yet. */
  readonly what: string
  readonly done: boolean
  readonly failed?: boolean
  /** It is told of whatever is under way. */
  readonly joins?: boolean
  readonly word: string
  readonly tail: string
  readonly deadline: number | undefined
  readonly until: number | undefined
}

/** No window is wider. */
const longestWord = 400

/** The last line of a log that says something. */
export const buildLine = (log: string): string | undefined => {
  const last = cleanLines(log).findLast((line) => line.trim() !== "")
  return last === undefined ? undefined : truncate(last.trim(), longestWord, "")
}

/** `undefined`: nothing. */
export const waitOf = (event: DeploymentEvent, at: number, domain: string): Wait | undefined => {
  const plain = { done: false, tail: "", deadline: undefined, until: undefined }
  switch (event._tag) {
    case "DnsChecked": {
      const { address, behind = [], detail, name, right, total } = event
      const done = right === total
      const servers = `${right} of ${count(total, "name server")}`
      const old = behind.length > 0 ? `not yet ${behind.join(", ")}` : detail
      const said = done || old === "" ? { word: servers } : { word: clean(old), tail: ` (${servers})` }
      return { ...plain, key: `dns ${name}`, address, what: clean(name), done, ...said }
    }
    case "DatabaseChecked": {
      const { address, name, ready, status } = event
      const word = ready ? "up" : `coming up (${clean(status)})`
      return {
        ...plain,
        key: `database ${name}`,
        address,
        what: `database ${clean(name)}`,
        done: ready,
        word
      }
    }
    case "DeploymentProgress":
      return { ...plain, key: "deployment", what: "deployment", joins: true, ...deploymentOf(event) }
    case "HealthAttempted": {
      const { host, leadsTo, left, ok, stage } = event
      const name = clean(host ?? domain)
      const what = stage === "name" ? name : host === undefined ? "the server itself" : `${name} (server)`
      const good = leadsTo === undefined ? "healthy" : "redirects"
      const tail = left === undefined ? "" : ` (${count(left, "attempt")} left)`
      return {
        ...plain,
        key: `health ${stage} ${name}`,
        what,
        done: ok,
        word: ok ? good : clean(event.detail),
        tail: ok ? "" : tail
      }
    }
    case "Settling":
      return {
        ...plain,
        key: "settling",
        what: "stays up",
        word: "being watched",
        deadline: at + event.millis
      }
    case "Retrying": {
      const { what, why } = retryOf(event)
      const deadline = at + event.delayMillis
      return { ...plain, key: `retry ${event.what}`, what, word: why, deadline, until: deadline }
    }
    case "ApiAway":
      return {
        ...plain,
        key: "api",
        what: "Coolify's API",
        word: `away: ${clean(event.why)}`,
        deadline: at + event.limitMillis
      }
    case "RequestsSpaced": {
      const next = `${event.left === 0 ? "the next within" : "one every"} ${seconds(event.everyMillis)}`
      const word = `${event.left} of ${event.limit} requests left, ${next}`
      // The limit is one for each minute.
      return { ...plain, key: "spaced", what: "Coolify's limit", word, until: at + 60_000 }
    }
    default:
      return undefined
  }
}

const deploymentOf = ({
  ahead,
  status
}: Extract<DeploymentEvent, { readonly _tag: "DeploymentProgress" }>): Pick<
  Wait,
  "done" | "failed" | "word"
> => {
  switch (status) {
    case "queued":
      return {
        done: false,
        word: ahead === undefined ? "queued" : ahead === 0 ? "queued, next" : `queued, ${ahead} before it`
      }
    case "in_progress":
      return { done: false, word: "in progress" }
    case "finished":
      return { done: true, word: "" }
    case "failed":
      return { done: true, failed: true, word: "failed" }
    case "cancelled-by-user":
      return { done: true, failed: true, word: "cancelled" }
  }
}
