import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isIP } from "node:net"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import { awaitHealthy, UnhealthyError, type Attempt } from "../../health/AwaitHealthy.ts"
import { HealthProbe, type Expectation } from "../../health/HealthProbe.ts"
import { judge } from "../../health/Judge.ts"
import { readStatus } from "../../health/StatusProbe.ts"
import { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import type { Spec } from "../../appspec/Spec.ts"
import type { Healthcheck } from "../../appspec/sections/Healthcheck.ts"
import { DeploymentFailedError } from "../../engine/DeployError.ts"
import type { DeploymentEvent } from "../../engine/DeploymentEvent.ts"
import type { DnsTarget } from "../Desired.ts"
import { Pace } from "../../engine/Pace.ts"
import { watchContainer, type ContainerWatch } from "../../kinds/ContainerWatch.ts"
import { staysUp } from "../../kinds/StaysUp.ts"
import { Run } from "../../engine/Run.ts"

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
  const { spec, release } = verification
  const run = yield* Run
  const probe = yield* HealthProbe
  const { healthcheck } = spec
  const expectedRelease = healthcheck.release === undefined ? undefined : release
  const since = yield* Clock.currentTimeMillis
  const container = yield* watchDeployed(verification)
  const health = yield* awaitAnswer(verification, expectedRelease, container?.watch)
  if (container !== undefined) {
    yield* staysUp({
      ...container,
      settle: healthcheck.settle,
      // Before it ends a deployment, Coolify's own check waits so long with the new container up.
      since: healthcheck.container ? since - Duration.toMillis(healthcheck.startPeriod) : since,
      ask: ask(probe, verification, addressOf(verification), expectedRelease)
    })
  }
  yield* run.emit({
    _tag: "Verified",
    url: publicUrl(spec.domain, probe.port, healthcheck.path),
    status: health.status,
    certificateDaysLeft: health.certificate.daysLeft,
    release: expectedRelease ?? null
  })
}, Effect.scoped)

/**
 * Fails unless somebody answers well at the domain: for the time in which two versions have the same route, and nobody
 * can choose which one is asked.
 */
export const answersAtAll = Effect.fn("answersAtAll")(function* (verification: Verification) {
  const container = yield* watchDeployed(verification)
  yield* awaitAnswer(verification, undefined, container?.watch)
}, Effect.scoped)

const addressOf = ({ target }: Verification): string | undefined =>
  isIP(target.value) !== 0 ? target.value : undefined

const awaitAnswer = Effect.fn("awaitAnswer")(function* (
  verification: Verification,
  expectedRelease: string | undefined,
  watch: ContainerWatch | undefined
) {
  const { dns, domain, healthcheck } = verification.spec
  const run = yield* Run
  const pace = yield* Pace
  return yield* awaitHealthy({
    host: domain,
    healthcheck,
    address: addressOf(verification),
    expectedRelease,
    deadline: Duration.sum(patience(healthcheck), pace.certificate),
    proxied: dns.proxied,
    confirmAfter: pace.confirmHealth,
    onAttempt: (attempt) => run.emit(healthAttempted(attempt))
  }).pipe(Effect.catchTag("UnhealthyError", (error) => explain(verification, watch, error)))
})

/** `undefined`: this run has deployed nothing that could be watched. */
const watchDeployed = Effect.fn("watchDeployed")(function* ({ applicationUuid, deployed }: Verification) {
  const { settling } = yield* Pace
  if (!deployed || applicationUuid === undefined || settling === 0) return undefined
  return { applicationUuid, watch: yield* watchContainer(applicationUuid) }
})

/** One look at an application that was healthy a moment ago. */
const ask = Effect.fn("ask")(function* (
  probe: Context.Tag.Service<HealthProbe>,
  { spec: { domain, healthcheck } }: Verification,
  address: string | undefined,
  release: string | undefined
) {
  const expectation: Expectation = {
    status: healthcheck.status,
    release:
      healthcheck.release === undefined || release === undefined
        ? undefined
        : { probe: healthcheck.release, expected: release }
  }
  const { hide } = yield* KnownSecrets
  const answer = yield* Effect.either(
    probe.get({ host: domain, path: healthcheck.path, address, timeout: healthcheck.timeout, expectation })
  )
  if (answer._tag === "Left") return { detail: answer.left.detail, gone: false }
  const verdict = judge(answer.right, expectation, hide)
  return verdict.ok || verdict.reason === "Certificate" ? undefined : { detail: verdict.detail, gone: true }
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
const explain = Effect.fn("explain")(function* (
  { applicationUuid, spec }: Verification,
  watch: ContainerWatch | undefined,
  error: UnhealthyError
) {
  if (watch === undefined || applicationUuid === undefined) return yield* error
  const coolify = yield* CoolifyClient
  const live = yield* watch.look
  const application = yield* Effect.option(coolify.applications.get(applicationUuid))
  const { status, restartCount } = Option.getOrElse(application, () => ({ status: "", restartCount: 0 }))
  const { state } = readStatus(status)
  const log = yield* watch.lines
  const restarts = Math.max(restartCount, yield* watch.falls)
  // Coolify's status lags: what Docker says at once goes before it.
  const crashes =
    restarts > 0 ||
    live === "stopped" ||
    (live === "unknown" && (state === "restarting" || state === "exited"))
  if (!crashes) {
    const { port, healthcheck } = spec
    const { retries, startPeriod } = healthcheck
    const { attempts, detail, gaveUp, host, reason, redirect, stage } = error
    return yield* new UnhealthyError({
      host,
      stage,
      attempts,
      gaveUp,
      reason,
      detail,
      ...(redirect === undefined ? {} : { redirect }),
      container: { port, retries, startPeriod: Duration.toSeconds(startPeriod), log }
    })
  }
  const does = restarts === 0 && state !== "restarting" ? "has stopped" : "keeps restarting"
  return yield* new DeploymentFailedError({
    reason: "CrashLoop",
    detail: `the container ${does} (${error.message})`,
    deployment: null,
    log
  })
})
