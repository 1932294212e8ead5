import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { isIP } from "node:net"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import { awaitHealthy, type Attempt, type UnhealthyError } from "../../health/AwaitHealthy.ts"
import { HealthProbe } from "../../health/HealthProbe.ts"
import { readStatus } from "../../health/StatusProbe.ts"
import type { Healthcheck, Spec } from "../../spec/Spec.ts"
import { DeploymentFailedError } from "../DeployError.ts"
import type { DeploymentEvent } from "../DeploymentEvent.ts"
import type { DnsTarget } from "../Desired.ts"
import { Pace, pollFor, pollUntil } from "../Pace.ts"
import { Run } from "../Run.ts"

export interface Verification {
  readonly spec: Spec
  readonly target: DnsTarget
  /** The application in Coolify; `undefined` when only the URL is looked at. */
  readonly applicationUuid: string | undefined
  /** The release that must answer; `undefined`: any. */
  readonly release: string | undefined
  /** Whether this run deployed: only then is a crash its failure. */
  readonly deployed: boolean
}

/** Step 5: the URL answers as the spec says, over a trusted certificate, with this very release, and goes on doing so. */
export const verify = Effect.fn("verify")(function* (verification: Verification) {
  const { spec, target, release } = verification
  const run = yield* Run
  const pace = yield* Pace
  const { port } = yield* HealthProbe
  const { healthcheck } = spec
  const expectedRelease = healthcheck.release === undefined ? undefined : release
  const health = yield* awaitHealthy({
    host: spec.domain,
    healthcheck,
    address: isIP(target.value) !== 0 ? target.value : undefined,
    expectedRelease,
    deadline: Duration.sum(patience(healthcheck), pace.certificate),
    proxied: spec.dns.proxied,
    confirmAfter: pace.confirmHealth,
    onAttempt: (attempt) => run.emit(healthAttempted(attempt))
  }).pipe(Effect.catchTag("UnhealthyError", (error) => explain(verification, error)))
  if (verification.deployed && verification.applicationUuid !== undefined && !healthcheck.container) {
    yield* staysUp(verification.applicationUuid)
  }
  yield* run.emit({
    _tag: "Verified",
    url: publicUrl(spec.domain, port, healthcheck.path),
    status: health.status,
    certificateDaysLeft: health.certificate.daysLeft,
    release: expectedRelease ?? null
  })
})

export const healthAttempted = ({ stage, number, outcome }: Attempt): DeploymentEvent => ({
  _tag: "HealthAttempted",
  stage,
  attempt: number,
  ok: outcome.ok,
  detail: outcome.ok ? `answered ${outcome.status} in ${outcome.millis} ms` : outcome.detail
})

/** How long the spec's own numbers allow an application to become healthy. */
const patience = (healthcheck: Healthcheck): Duration.Duration =>
  Duration.sum(
    healthcheck.startPeriod,
    Duration.times(Duration.sum(healthcheck.interval, healthcheck.timeout), healthcheck.retries + 1)
  )

/** The URL of a domain at the public entrance. */
export const publicUrl = (domain: string, port: number, path: string): string =>
  `https://${domain}${port === 443 ? "" : `:${port}`}${path}`

/** An application that does not answer because its container keeps dying is told as that, with its last words. */
const explain = Effect.fn("explain")(function* (verification: Verification, error: UnhealthyError) {
  if (!verification.deployed || verification.applicationUuid === undefined) return yield* error
  const coolify = yield* CoolifyClient
  const { status } = yield* coolify.getApplication(verification.applicationUuid)
  const { state } = readStatus(status)
  if (state !== "restarting" && state !== "exited") return yield* error
  return yield* crashLoop(
    verification.applicationUuid,
    `the container ${state === "exited" ? "has stopped" : "keeps restarting"} (${error.message})`
  )
})

const crashLoop = Effect.fn("crashLoop")(function* (applicationUuid: string, detail: string) {
  const coolify = yield* CoolifyClient
  const log = yield* coolify.logs(applicationUuid, 30).pipe(
    Effect.map((text) => text.split("\n").filter((line) => line !== "")),
    // 400: nothing runs, so there is no log to be had.
    Effect.catchIf(
      (error) => error.reason === "Refused",
      () => Effect.succeed([])
    )
  )
  return yield* new DeploymentFailedError({ reason: "CrashLoop", detail, deployment: null, log })
})

/** Without its own health check Coolify counts any started container as good: wait for what its status says later. */
const staysUp = Effect.fn("staysUp")(function* (applicationUuid: string) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const pace = yield* Pace
  const application = yield* pollUntil(
    coolify.getApplication(applicationUuid),
    ({ status }) => readStatus(status).state === "running",
    pollFor(pace, pace.statusSettle)
  )
  const { state } = readStatus(application.status)
  if (state === "restarting")
    return yield* crashLoop(applicationUuid, "it answers, but the container keeps restarting")
  if (state !== "running") {
    yield* run.emit({
      _tag: "Warning",
      message: `the URL answers, but Coolify still reports the application as ${application.status}`
    })
  }
})
