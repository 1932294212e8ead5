/** Who answers at an application's domains. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import { isIP } from "node:net"
import { redirectOf } from "../appspec/sections/Application.ts"
import { healthcheckAt } from "../appspec/sections/Compose.ts"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { Answer } from "../engine/DeploymentEvent.ts"
import { Pace } from "../engine/Pace.ts"
import { undisturbed } from "../engine/Rollback.ts"
import { Run } from "../engine/Run.ts"
import { HealthProbe } from "../health/HealthProbe.ts"
import { judge, readRelease } from "../health/Judge.ts"
import { type DnsTarget, targetOf } from "./Desired.ts"
import { isUnfinished } from "./KeepFailed.ts"
import { findServer, observeCoolify } from "./Observe.ts"
import { askedFor, publicUrl } from "./steps/Verify.ts"

/** Of more domains not every one is asked. */
const mostDomains = 5

/**
 * Has the run look who answers, should it fail: at the domains that the application had before it, until all answer well
 * with another release than the run's, for {@link Pace}.lookBack at most.
 * @param failed the run whose release it would be, where another one puts it back.
 */
export const lookBackAt = Effect.fn("lookBackAt")(function* (
  spec: Spec,
  application: Application | undefined,
  target: DnsTarget | undefined,
  failed?: string
) {
  const run = yield* Run
  if (application === undefined) return
  if (yield* isUnfinished(application)) return
  const { lookBack, watch } = yield* Pace
  const domains = domainsOf(application).slice(0, mostDomains)
  const looks: ReadonlyArray<Effect.Effect<Answer, never, CoolifyClient | HealthProbe | Run>> =
    domains.length === 0
      ? [lookAtContainer(application.uuid)]
      : domains.map((domain) => lookAt(spec, application, target, domain, failed ?? run.id))
  const settled = Effect.fnUntraced(function* (look: (typeof looks)[number]) {
    const last = yield* Ref.make<Answer | undefined>(undefined)
    yield* look.pipe(
      Effect.tap((answer) => Ref.set(last, answer)),
      Effect.repeat({
        schedule: Schedule.spaced(watch),
        until: ({ ofThisRun, ok }) => ok && !ofThisRun
      }),
      Effect.timeoutOption(lookBack)
    )
    return yield* Ref.get(last)
  })
  const context = yield* Effect.context<CoolifyClient | HealthProbe | Run>()
  yield* Ref.set(
    run.whoAnswers,
    Effect.forEach(looks, settled, { concurrency: "unbounded" }).pipe(
      undisturbed,
      Effect.map((answers) => answers.map((answer, index) => answer ?? silent(domains[index], lookBack))),
      Effect.provide(context)
    )
  )
})

/**
 * Who answers once what another run had begun is put back. Nothing where the spec has no application by then, or where it
 * could not be looked for: that says nothing of what was put back.
 */
export const whoAnswersNow = Effect.fn("whoAnswersNow")(
  function* (spec: Spec, failed: string) {
    const { application } = yield* observeCoolify(spec)
    if (application === undefined) return []
    const target = yield* Effect.option(
      Effect.flatMap(findServer(spec), (server) => targetOf(spec, server, true))
    )
    yield* lookBackAt(spec, application, Option.getOrUndefined(target), failed)
    return yield* Effect.flatten(Ref.get((yield* Run).whoAnswers))
  },
  Effect.orElseSucceed((): ReadonlyArray<Answer> => [])
)

const silent = (domain: string | undefined, limit: Duration.Duration): Answer => ({
  url: domain === undefined ? null : `https://${domain}`,
  ok: false,
  status: null,
  detail: `no answer within ${Duration.format(limit)}`,
  release: null,
  ofThisRun: false
})

/** `shop.example.com/api`, of what Coolify serves over https. */
const domainsOf = ({ domains }: Application): ReadonlyArray<string> => [
  ...new Set(
    domains
      .filter((url) => URL.canParse(url))
      .map((url) => new URL(url))
      .filter(({ protocol }) => protocol === "https:")
      .map(({ hostname, pathname }) => `${hostname}${pathname.replace(/\/$/, "")}`)
  )
]

const lookAt = Effect.fnUntraced(function* (
  spec: Spec,
  application: Application,
  target: DnsTarget | undefined,
  domain: string,
  failed: string
) {
  const { http, url } = yield* httpFacts(spec, application, target, domain)
  return { url, ...http, ofThisRun: http.release === failed } satisfies Answer
})

/** Docker itself is asked: Coolify's status lags. */
const lookAtContainer = Effect.fnUntraced(function* (uuid: string) {
  const coolify = yield* CoolifyClient
  const [ok, detail] = yield* Effect.match(coolify.applications.logs(uuid, 1), {
    onSuccess: () => [true, "a container of it runs"] as const,
    onFailure: ({ message, reason }) =>
      [
        false,
        reason === "Refused" ? "no container of it runs" : `it could not be looked at: ${message}`
      ] as const
  })
  return { url: null, ok, status: null, detail, release: null, ofThisRun: false } satisfies Answer
})

/** One question to a domain, at the server itself where its address is known. */
export const httpFacts = Effect.fn("httpFacts")(function* (
  spec: Spec,
  application: Pick<Application, "basicAuth"> | undefined,
  target: DnsTarget | undefined,
  domain: string
) {
  const { redirect } = spec
  const healthcheck = healthcheckAt(spec, domain)
  const probe = yield* HealthProbe
  const asked = askedFor(domain, { healthcheck, redirect })
  const { password, username = "" } = application?.basicAuth ?? {}
  const answer = yield* Effect.either(
    probe.get({
      host: asked.host,
      path: asked.healthcheck.path,
      address: target !== undefined && isIP(target.value) !== 0 ? target.value : undefined,
      timeout: healthcheck.timeout,
      ...(password === undefined ? {} : { credentials: { username, password } })
    })
  )
  const url = publicUrl(domain, probe.port, healthcheck.path)
  if (answer._tag === "Left") {
    const http = { ok: false, status: null, detail: answer.left.detail, release: null }
    return { url, http, certificate: null }
  }
  const { status, certificate } = answer.right
  const release =
    healthcheck.release === undefined || redirectOf(domain, redirect) !== undefined
      ? null
      : Either.getOrElse(readRelease(answer.right, healthcheck.release), () => null)
  const leadsTo = redirectOf(domain, redirect)
  const expectation = { status: healthcheck.status, release: undefined, leadsTo: asked.leadsTo }
  const verdict = judge(answer.right, expectation)
  const isShut = status === 401 && application?.basicAuth !== undefined && password === undefined
  const shut = isShut ? ": the token may not read the password that is asked for (read:sensitive)" : ""
  const well = leadsTo === undefined ? `answered ${status}` : `redirects to https://${leadsTo}`
  return {
    url,
    http: { ok: verdict.ok, status, detail: verdict.ok ? well : `${verdict.detail}${shut}`, release },
    certificate: {
      issuer: certificate.issuer,
      daysLeft: certificate.daysLeft,
      problem: Option.getOrNull(Option.fromNullable(certificate.problem))
    }
  }
})
