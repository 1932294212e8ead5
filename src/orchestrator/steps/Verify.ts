import * as Clock from "effect/Clock"
import * as EffectArray from "effect/Array"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isIP } from "node:net"
import { CoolifyClient } from "../../coolify/CoolifyClient.ts"
import { defaultPort } from "../../coolify/endpoints/Derived.ts"
import { awaitHealthy, UnhealthyError, type Attempt } from "../../health/AwaitHealthy.ts"
import { type Credentials, type Expectation, HealthProbe } from "../../health/HealthProbe.ts"
import { judge } from "../../health/Judge.ts"
import { isRunning, readStatus } from "../../health/StatusProbe.ts"
import { KnownSecrets } from "../../secrets/KnownSecrets.ts"
import { type Redirect, redirectOf } from "../../appspec/sections/Application.ts"
import { pathAt, siteOf } from "../../appspec/Domain.ts"
import type { Spec } from "../../appspec/Spec.ts"
import { healthcheckAt } from "../../appspec/sections/Compose.ts"
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
  readonly target: DnsTarget | undefined
  /** What visitors are asked for. */
  readonly credentials: Credentials | undefined
  /** The application in Coolify; `undefined` when only the URL is looked at. */
  readonly applicationUuid: string | undefined
  /** What Coolify said of it before the run; `undefined`: it was not there. */
  readonly status: string | undefined
  /** The release that must answer; `undefined`: any. */
  readonly release: string | undefined
  /** Whether this run deployed: only then is a crash its failure. */
  readonly deployed: boolean
  /** Names whose records this run has seen right at all name servers: the rest of the world may take longer. */
  readonly seenRight?: ReadonlyArray<string>
}

/**
 * Step 5: each URL answers as the spec says, over a trusted certificate, with this very release, and goes on doing so. What
 * has no domain is seen to run, and to stay up.
 * Answers what is still to follow at the deadline, where the release was proven at the server itself and all name servers
 * are right: a resolver that remembers the old record, a certificate that is not there yet. Nothing of that is the run's to
 * mend, and putting the old version back would not either.
 */
export const verify = Effect.fn("verify")(function* (verification: Verification) {
  const { spec, release } = verification
  const [domain] = spec.domains
  if (domain === undefined) return yield* Effect.as(verifyRunning(verification), [])
  const run = yield* Run
  const probe = yield* HealthProbe
  const { healthcheck } = spec
  const expectedRelease = healthcheck.release === undefined ? undefined : release
  const since = yield* upSince(spec)
  const container = yield* watchDeployed(verification)
  const asked = yield* Effect.forEach(spec.domains, (host) =>
    awaitAnswer(verification, host, expectedRelease, container?.watch).pipe(
      Effect.map((health) => Either.right({ host, health })),
      Effect.catchTag("UnhealthyError", (error) =>
        isPending(verification, host, error) ? Effect.succeed(Either.left(error)) : error
      )
    )
  )
  const [pending, answers] = EffectArray.separate(asked)
  if (spec.basicAuth !== undefined) {
    yield* Effect.forEach(answers, ({ host }) => staysShut(verification, host), { discard: true })
  }
  if (container !== undefined) {
    yield* staysUp({
      ...container,
      settle: healthcheck.settle,
      since,
      ask: ask(probe, verification, domain, expectedRelease)
    })
  }
  yield* Effect.forEach(
    answers,
    ({ host, health }) => {
      const leadsTo = redirectOf(host, spec.redirect)
      return run.emit({
        _tag: "Verified",
        url: publicUrl(host, probe.port, healthcheckAt(spec, host).path),
        status: health.status,
        certificateDaysLeft: health.certificate.daysLeft,
        ...(leadsTo === undefined ? { release: expectedRelease ?? null } : { leadsTo, release: null })
      })
    },
    { discard: true }
  )
  yield* Effect.forEach(pending, (error) => run.emit({ _tag: "Warning", message: stillToFollow(error) }), {
    discard: true
  })
  return pending
}, Effect.scoped)

/** With a password nothing behind it was seen without a trusted certificate, nor that it is asked for at the name. */
const isPending = (
  { seenRight = [], spec }: Verification,
  domain: string,
  { proven }: UnhealthyError
): boolean => proven === true && spec.basicAuth === undefined && seenRight.includes(siteOf(domain).host)

const stillToFollow = ({ detail, host, reason }: UnhealthyError): string =>
  reason === "Certificate"
    ? `${host} answers as it should at the server itself, and all name servers lead there, but its certificate is not there yet: ${detail}. Coolify's proxy goes on asking for one`
    : `${host} answers as it should at the server itself, and all name servers lead there, but not yet by its name from here: ${detail}. Resolvers remember what was there before`

/** Before it ends a deployment, Coolify's own check waits for the start period with the new container up. */
const upSince = ({ healthcheck: { container, startPeriod } }: Spec) =>
  Effect.map(Clock.currentTimeMillis, (now) => (container ? now - Duration.toMillis(startPeriod) : now))

/** Nobody outside can ask: the container alone tells, and counts only when it is seen. */
const verifyRunning = Effect.fn("verifyRunning")(function* (verification: Verification) {
  const { applicationUuid, deployed, spec, status } = verification
  if (applicationUuid === undefined) return yield* Effect.dieMessage("there is no application to verify")
  const run = yield* Run
  // That was a moment ago.
  if (!deployed && status !== undefined && isRunning(status)) {
    return yield* run.emit({ _tag: "SeenRunning", millis: 0 })
  }
  const { settling } = yield* Pace
  const settle = deployed ? spec.healthcheck.settle : Duration.zero
  const since = yield* upSince(spec)
  const watch = yield* watchContainer(applicationUuid)
  yield* staysUp({ applicationUuid, settle, since, watch, isOnlySign: true })
  yield* run.emit({ _tag: "SeenRunning", millis: Duration.toMillis(settle) * settling })
}, Effect.scoped)

/**
 * Fails unless somebody answers well at the domains: for the time in which two versions have the same routes, and nobody
 * can choose which one is asked.
 */
export const answersAtAll = Effect.fn("answersAtAll")(function* (verification: Verification) {
  const container = yield* watchDeployed(verification)
  yield* Effect.forEach(
    verification.spec.domains,
    (host) => awaitAnswer(verification, host, undefined, container?.watch),
    { discard: true }
  )
}, Effect.scoped)

const addressOf = ({ target }: Verification): string | undefined =>
  target !== undefined && isIP(target.value) !== 0 ? target.value : undefined

const awaitAnswer = Effect.fn("awaitAnswer")(function* (
  verification: Verification,
  host: string,
  expectedRelease: string | undefined,
  watch: ContainerWatch | undefined
) {
  const { dns } = verification.spec
  const healthcheck = healthcheckAt(verification.spec, host)
  const run = yield* Run
  const pace = yield* Pace
  return yield* awaitHealthy({
    ...askedFor(host, verification.spec),
    address: addressOf(verification),
    expectedRelease,
    credentials: verification.credentials,
    deadline: Duration.sum(patience(healthcheck), pace.certificate),
    proxied: dns.proxied,
    confirmAfter: pace.confirmHealth,
    ...(verification.deployed ? { between: pace.lookHealthy } : {}),
    onAttempt: (attempt) => run.emit(healthAttempted(attempt, askedAt(host, verification.spec)))
  }).pipe(Effect.catchTag("UnhealthyError", (error) => explain(verification, watch, error)))
})

/** Whoever does not give the password is kept out. */
const staysShut = Effect.fn("staysShut")(function* (verification: Verification, host: string) {
  const { dns, healthcheck, redirect } = verification.spec
  if (redirectOf(host, redirect) !== undefined) return
  const pace = yield* Pace
  const asked = askedFor(host, verification.spec)
  yield* awaitHealthy({
    ...asked,
    healthcheck: { ...asked.healthcheck, status: 401, release: undefined },
    address: addressOf(verification),
    expectedRelease: undefined,
    deadline: patience(healthcheck),
    proxied: dns.proxied,
    confirmAfter: pace.confirmHealth,
    onAttempt: () => Effect.void
  }).pipe(
    Effect.mapError(
      (error) =>
        new UnhealthyError({ ...error, detail: `${error.detail} where no password is sent (\`basicAuth\`)` })
    )
  )
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
  verification: Verification,
  host: string,
  release: string | undefined
) {
  const healthcheck = healthcheckAt(verification.spec, host)
  const address = addressOf(verification)
  const expectation: Expectation = {
    status: healthcheck.status,
    release:
      healthcheck.release === undefined || release === undefined
        ? undefined
        : { probe: healthcheck.release, expected: release }
  }
  const { hide } = yield* KnownSecrets
  const answer = yield* Effect.either(
    probe.get({
      host: siteOf(host).host,
      path: pathAt(siteOf(host), healthcheck.path),
      address,
      timeout: healthcheck.timeout,
      credentials: verification.credentials,
      expectation
    })
  )
  if (answer._tag === "Left") return { detail: answer.left.detail, gone: false }
  const verdict = judge(answer.right, expectation, hide)
  return verdict.ok || verdict.reason === "Certificate" ? undefined : { detail: verdict.detail, gone: true }
})

/** How attempts at one of several domains are told. */
export const askedAt = (
  host: string,
  { domains, redirect }: Pick<Spec, "domains"> & { readonly redirect?: Redirect | undefined }
) => {
  const leadsTo = redirectOf(host, redirect)
  return domains.length > 1 ? { host, ...(leadsTo === undefined ? {} : { leadsTo }) } : {}
}

/** @param asked what tells it from others, where there are several. */
export const healthAttempted = (
  { left, number, outcome, stage }: Attempt,
  asked: { readonly host?: string; readonly leadsTo?: string }
): DeploymentEvent => ({
  _tag: "HealthAttempted",
  ...asked,
  stage,
  attempt: number,
  ok: outcome.ok,
  detail: outcome.ok ? `answered ${outcome.status} in ${outcome.millis} ms` : outcome.detail,
  ...(outcome.ok ? {} : { left })
})

/** How long the spec's own numbers allow an application to become healthy. */
const patience = (healthcheck: Healthcheck): Duration.Duration =>
  Duration.sum(
    healthcheck.startPeriod,
    Duration.times(Duration.sum(healthcheck.interval, healthcheck.timeout), healthcheck.retries + 1)
  )

/** The URL of a domain at the public entrance; `path` as the application knows it. */
export const publicUrl = (domain: string, port: number, path: string): string => {
  const site = siteOf(domain)
  return `https://${site.host}${port === 443 ? "" : `:${port}`}${pathAt(site, path)}`
}

/** How a domain is asked for the health of what is behind it. */
export const askedFor = (
  domain: string,
  { healthcheck, redirect }: { readonly healthcheck: Healthcheck; readonly redirect?: Redirect | undefined }
) => {
  const site = siteOf(domain)
  const main = redirectOf(domain, redirect)
  return {
    host: site.host,
    healthcheck: { ...healthcheck, path: pathAt(site, healthcheck.path) },
    leadsTo: main === undefined ? undefined : siteOf(main).host
  }
}

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
    const { port = defaultPort, healthcheck } = spec
    const { retries, startPeriod } = healthcheck
    const { attempts, detail, gaveUp, host, proven, reason, redirect, stage } = error
    return yield* new UnhealthyError({
      host,
      stage,
      attempts,
      gaveUp,
      reason,
      detail,
      ...(redirect === undefined ? {} : { redirect }),
      ...(proven === undefined ? {} : { proven }),
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
