import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { readStatus } from "../health/StatusProbe.ts"
import { DeploymentFailedError } from "../engine/DeployError.ts"
import { isPassing } from "./Find.ts"
import { Pace } from "../engine/Pace.ts"
import { Run } from "../engine/Run.ts"
import type { ContainerWatch } from "./ContainerWatch.ts"

/** What is wrong from outside. `gone`: something answered in the application's place. */
export interface Trouble {
  readonly detail: string
  readonly gone: boolean
}

export interface StayingUp<R = never> {
  readonly applicationUuid: string
  /** For how long on end it has to be up: `healthcheck.settle`. */
  readonly settle: Duration.Duration
  /** Since when its container is known to run, in milliseconds since the epoch: the end of its deployment, or earlier. */
  readonly since: number
  readonly watch: ContainerWatch
  /** One look from outside; `undefined`: all is well. Absent: it has no address of its own. */
  readonly ask?: Effect.Effect<Trouble | undefined, never, R>
  /** Nothing else tells that it works: it fails unless its container was seen to run. */
  readonly isOnlySign?: true
}

/** Two: what exits once, because another service was not ready, may come up for good. */
const tooOften = 2

/**
 * Watches an application that has come up until it has been up for `settle` on end: an application that exits after
 * some seconds, over and over, answers well in between. What counts as a restart: Coolify's own count (which lags by up
 * to a minute), a container that Docker says is stopped, and an answer from outside that is not the application's any
 * more. After one restart the time begins anew; the second one is a failure, as is trouble that does not end. What has
 * been proved before the call (`since`) is not waited for again. Reads every {@link Pace}.watch from outside and every two
 * seconds from Coolify, and never writes.
 */
export const staysUp = Effect.fn("staysUp")(function* <R = never>(options: StayingUp<R>) {
  const { applicationUuid, ask, watch } = options
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const pace = yield* Pace
  const settle = Duration.toMillis(options.settle) * pace.settling
  const start = yield* Clock.currentTimeMillis
  const limit = start + 3 * settle + Duration.toMillis(pace.statusSettle)
  const betweenReads = 4 * Duration.toMillis(pace.watch)

  const left = settle - (start - options.since)
  if (left > 0) yield* run.emit({ _tag: "Settling", millis: left })

  let from = options.since
  let [outside, falls] = [0, 0]
  let wasGone = false
  let restarts = { first: Number.POSITIVE_INFINITY, now: 0 }
  let trouble: Trouble | undefined
  let status: string | undefined
  let readAt = Number.NEGATIVE_INFINITY

  const read = Effect.gen(function* () {
    const application = yield* coolify.applications
      .get(applicationUuid)
      .pipe(Effect.catchIf(isPassing, () => Effect.succeed(undefined)))
    readAt = yield* Clock.currentTimeMillis
    if (application === undefined) return
    status = application.status
    const { restartCount: count } = application
    // A count may be left of the version before, and go back to 0 late.
    restarts = { first: Math.min(restarts.first, count), now: count }
  })
  const fail = (detail: string, isRestart: boolean) =>
    Effect.flatMap(
      watch.lines,
      (log) =>
        new DeploymentFailedError({
          reason: isRestart ? "CrashLoop" : "Unsteady",
          detail,
          deployment: null,
          log
        })
    )

  while (true) {
    trouble = ask === undefined ? undefined : yield* ask
    const isGone = trouble?.gone === true
    if (isGone && !wasGone) outside += 1
    wasGone = isGone
    if ((yield* Clock.currentTimeMillis) - readAt >= betweenReads) yield* read
    const now = yield* Clock.currentTimeMillis
    if (now - from >= settle && now !== readAt) yield* read
    const counted = Math.max(restarts.now - restarts.first, 0)
    const stopped = yield* watch.falls
    const most = Math.max(outside, counted, stopped)
    if (most >= tooOften) {
      const detail =
        Math.max(counted, stopped) === 0
          ? `it came up, and ${most} times something else answered since (${trouble?.detail ?? "for a moment"})`
          : `it came up, but its container has exited and was started again ${most} times since`
      return yield* fail(detail, counted + stopped > 0)
    }
    if (most > falls || trouble !== undefined) from = now
    falls = most
    if (now - from >= settle) {
      const state = status === undefined ? "unknown" : readStatus(status).state
      if (state === "running") return
      // Coolify's status lags: Docker itself knows better.
      const live = yield* watch.look
      if (live === "running") return
      if (now >= limit) {
        if (state === "degraded") return yield* fail("it came up, but not all of its containers run", true)
        if (state === "restarting" || (state === "exited" && live === "stopped")) {
          const does = state === "restarting" ? "keeps restarting" : "has stopped"
          return yield* fail(`it came up, but its container ${does}`, true)
        }
        if (options.isOnlySign === true) {
          return yield* fail(
            `its container was not seen to run: ${status === undefined ? "Coolify could not be asked about it" : `Coolify reports ${status}`}`,
            false
          )
        }
        return yield* run.emit({
          _tag: "Warning",
          message: `it came up, but ${status === undefined ? "Coolify cannot be asked about it" : `Coolify still reports it as ${status}`}`
        })
      }
    } else if (now >= limit) {
      return yield* fail(
        `it came up, but did not stay so for ${Duration.format(options.settle)}${trouble === undefined ? "" : `: ${trouble.detail}`}`,
        falls > 0 && outside < falls
      )
    }
    // Then only Coolify's word is missing: that takes a minute, and its API takes 200 requests in one.
    yield* Effect.sleep(now - from >= settle ? pace.slowestPoll : pace.watch)
  }
})
