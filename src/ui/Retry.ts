/** A request, or a deployment, that is tried again: in words. */
import type { DeploymentEvent } from "../engine/DeploymentEvent.ts"
import { doing } from "./Doing.ts"
import { seconds } from "./Layout.ts"
import { clean } from "./Sanitize.ts"

/** What an API's reason means to somebody who waits. */
const reasons: Readonly<Record<string, string>> = {
  RateLimited: "takes no more calls for now",
  Unreachable: "cannot be reached",
  Unavailable: "does not answer",
  ServerError: "answers with an error of its own",
  Interrupted: "did not answer to the end",
  QueueFull: "has a full queue",
  BadResponse: "gives an answer that cannot be read"
}

/** `Coolify could not start the deployment`, and why. */
export const retryOf = ({
  api,
  method,
  what,
  why
}: Extract<DeploymentEvent, { readonly _tag: "Retrying" }>): {
  readonly what: string
  readonly why: string
} =>
  api === undefined || method === undefined
    ? { what: clean(what), why: clean(why) }
    : { what: doing({ method }), why: `${clean(api)} ${reasonOf(why)}` }

/** Behind the name of an API. */
export const reasonOf = (reason: string): string => reasons[reason] ?? `says ${clean(reason)}`

/** What is left of a limit on requests, and what that means for the next ones. */
export const leftOf = (left: number, everyMillis: number): string =>
  left === 0
    ? `none are left: the next goes out within ${seconds(everyMillis)}`
    : `${left} are left: one goes out every ${seconds(everyMillis)}`
