import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import type { Spec } from "../appspec/Spec.ts"
import type { Deployment, DeploymentLogLine } from "../coolify/endpoints/Deployments.ts"
import { isPassing } from "../kinds/Find.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { findApplication } from "./FindApplication.ts"
import { continueLog, readLog, type LogLine } from "./LogText.ts"

export interface LogOptions {
  /** How many of the newest lines. */
  readonly lines: number
  /** Whether to ask for the time of each line. */
  readonly timed: boolean
  /** Of a compose file: which of its containers; absent: the one that answers. */
  readonly container?: string
}

/** What following a log tells: lines in their order, each once, and what happens to the connection and the container. */
export interface LogWatcher {
  readonly onLines: (lines: ReadonlyArray<LogLine>) => Effect.Effect<void>
  readonly onNote: (note: string) => Effect.Effect<void>
}

const of = ({ container }: Pick<LogOptions, "container">) => (container === undefined ? {} : { container })

/** The newest lines of the log of a spec's application. */
export const logs = Effect.fn("logs")(function* (spec: Spec, options: LogOptions) {
  const coolify = yield* CoolifyClient
  const { uuid } = (yield* findApplication(spec)).application
  const text = yield* coolify.applications
    .logs(uuid, options.lines, { timestamps: options.timed, ...of(options) })
    .pipe(
      Effect.catchIf(isNotRunning, () =>
        Effect.flatMap(coolify.applications.get(uuid), ({ status }) => notRunning(spec, status))
      )
    )
  return readLog(text, options.timed)
})

/** How the newest deployment went, line by line. */
interface BuildLog {
  readonly deployment: Deployment
  readonly lines: ReadonlyArray<DeploymentLogLine>
  /** So many lines before them were not kept. */
  readonly before: number
}

/** The log of the newest deployment of a spec's application, which may be under way. */
export const buildLog = Effect.fn("buildLog")(function* (spec: Spec) {
  const coolify = yield* CoolifyClient
  const { uuid } = (yield* findApplication(spec)).application
  const [newest] = yield* coolify.deployments.list(uuid, 1)
  if (newest === undefined) {
    return yield* new RefusedError({
      reason: "NotFound",
      detail: (yield* coolify.services.has(uuid))
        ? `Coolify keeps no log of how the compose file of ${spec.name} was started`
        : `Coolify knows no deployment of ${spec.name}`,
      next: "see what its containers write with `fabrik logs`"
    })
  }
  const deployment = yield* coolify.deployments.get(newest.uuid)
  if (deployment.logs === undefined) {
    return yield* new RefusedError({
      reason: "Unreadable",
      detail: `the token may not read the log of the deployment ${deployment.uuid}`,
      next: "tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
    })
  }
  return { deployment, lines: deployment.logs, before: deployment.logsBefore } satisfies BuildLog
})

/** The API has the newest lines only, so that many are asked for each time: more than are written between two looks. */
const window = 200
/** What the API gives at most; asked for when the window was too small. */
export const widest = 10_000
const soonest = Duration.seconds(1)
const latest = Duration.seconds(5)

/**
 * Tells the newest lines and then every new one, until interrupted. It looks every second while lines come and every
 * five when it is quiet, outlasts a Coolify that does not answer, and waits for an application that does not run.
 */
export const followLogs = Effect.fn("followLogs")(function* (
  spec: Spec,
  options: Omit<LogOptions, "timed">,
  watcher: LogWatcher
) {
  const coolify = yield* CoolifyClient
  let { uuid } = (yield* findApplication(spec)).application
  let seen: ReadonlyArray<LogLine> = []
  let begun = false
  let trouble: string | undefined
  let delay = soonest
  const look = (lines: number) =>
    Effect.map(coolify.applications.logs(uuid, lines, { timestamps: true, ...of(options) }), (text) =>
      readLog(text, true)
    )
  /** Says each trouble once, however often it is met. */
  const note = Effect.fnUntraced(function* (now: string | undefined, text: string) {
    if (now !== trouble) yield* watcher.onNote(text)
    trouble = now
  })

  const take = Effect.gen(function* () {
    const size = Math.max(window, options.lines)
    let current = yield* look(size)
    let next = continueLog(seen, current)
    if (!next.continued && current.length >= size) {
      current = yield* look(widest)
      next = continueLog(seen, current)
    }
    if (trouble !== undefined) yield* note(undefined, "the log goes on")
    else if (!next.continued) yield* watcher.onNote("another container writes the log now")
    const fresh = begun
      ? next.fresh
      : next.fresh.slice(next.fresh.length - Math.min(options.lines, next.fresh.length))
    if (fresh.length > 0) yield* watcher.onLines(fresh)
    delay = fresh.length > 0 ? soonest : longer(delay)
    if (current.length > 0) seen = current.slice(-widest)
    begun = true
  })

  const recover = Effect.fnUntraced(function* (error: CoolifyError) {
    if (error.reason === "NotFound") {
      const again = (yield* findApplication(spec)).application
      if (again.uuid === uuid) return yield* error
      uuid = again.uuid
      return
    }
    if (isNotRunning(error)) {
      begun = true
      yield* note("stopped", `${spec.name} is not running; waiting until it is`)
      delay = longer(delay)
      return
    }
    // What never worked is rather wrong than broken.
    if (!isPassing(error) || !begun) return yield* error
    yield* note(error.reason, `${error.message}; trying again`)
    delay = error.retryAfterMillis === undefined ? latest : Duration.millis(error.retryAfterMillis)
  })

  while (true) {
    yield* Effect.catchAll(take, recover)
    yield* Effect.sleep(delay)
  }
})

const longer = (delay: Duration.Duration): Duration.Duration =>
  Duration.min(Duration.times(delay, 1.5), latest)

const isNotRunning = (error: CoolifyError): boolean => error.reason === "Refused"

const notRunning = (spec: Spec, status: string) =>
  new RefusedError({
    reason: "NotRunning",
    detail: `${spec.name} is not running (Coolify says: ${status}), so it has no log`,
    next: "see where it stands with `fabrik status`, start it with `fabrik apply`, or wait for it with `fabrik logs --follow`"
  })
