import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import { AuthoritativeDns, AuthoritativeDnsError } from "../dns/AuthoritativeDns.ts"
import { DnsClient } from "../dns/DnsClient.ts"
import { awaitHealthy } from "../health/AwaitHealthy.ts"
import { HealthProbe } from "../health/HealthProbe.ts"
import { hostsOf } from "../appspec/Domain.ts"
import { redirectOf, type Redirect } from "../appspec/sections/Application.ts"
import type { Healthcheck } from "../appspec/sections/Healthcheck.ts"
import { Pace } from "../engine/Pace.ts"
import { makeReadingRun, reportEnd, Run } from "../engine/Run.ts"
import { toldDomains } from "./Desired.ts"
import { RunError } from "./RunError.ts"
import { askedAt, askedFor, healthAttempted, publicUrl } from "./steps/Verify.ts"

export interface VerificationSubject {
  readonly name: string
  readonly domains: ReadonlyArray<string>
  readonly redirect?: Redirect | undefined
  /** What visitors are asked for. */
  readonly auth?:
    | {
        readonly username: string
        /** The secret that is the password. */
        readonly secret: string
        /** `undefined`: nobody has given it here. */
        readonly password: Redacted.Redacted<string> | undefined
      }
    | undefined
  readonly healthcheck: Healthcheck
}

export interface VerificationOptions {
  readonly mode: "live" | "sandbox"
  /** Ask the authoritative name servers (needs DNS credentials to know the zone). */
  readonly dns: boolean
  /** Probe the URL. */
  readonly http: boolean
}

/** What a bare domain is checked against. */
export const plainHealthcheck: Healthcheck = {
  path: "/",
  status: 200,
  timeout: Duration.seconds(5),
  interval: Duration.seconds(2),
  retries: 3,
  startPeriod: Duration.zero,
  settle: Duration.zero,
  container: false,
  release: undefined
}

/** Checks what stands now, as a visitor sees it, and changes nothing. */
export const verification = Effect.fn("verification")(function* (
  subject: VerificationSubject,
  options: VerificationOptions
) {
  const run = yield* makeReadingRun
  const { domains, name } = subject
  const [first] = domains
  yield* run.emit({
    _tag: "RunStarted",
    command: "verify",
    name,
    ...toldDomains(subject),
    mode: options.mode
  })
  const { port } = yield* HealthProbe
  yield* Ref.set(run.step, "verify")
  return yield* Effect.gen(function* () {
    const { auth } = subject
    if (options.http && auth !== undefined && auth.password === undefined) {
      const message = `no value is given here for ${auth.secret}, the password of \`basicAuth\`: only that it is asked for is checked, and nothing behind it`
      yield* run.emit({ _tag: "Warning", message })
    }
    if (options.dns) yield* Effect.forEach(hostsOf(domains), checkDns, { discard: true })
    if (options.http) {
      yield* Effect.forEach(domains, (domain) => checkHttp(domain, subject), { discard: true })
    }
    return yield* reportEnd("complete", first === undefined ? null : publicUrl(first, port, "/"))
  }).pipe(
    Effect.catchAll((error) =>
      Effect.flatMap(
        reportEnd("nothing-changed", null),
        (finished) => new RunError({ step: "verify", error, report: finished })
      )
    ),
    Effect.provideService(Run, run)
  )
})

/** Every name server gives an address, and all the same. */
const checkDns = Effect.fn("checkDns")(function* (domain: string) {
  const client = yield* DnsClient
  const dns = yield* AuthoritativeDns
  const run = yield* Run
  const zone = yield* client.findZone(domain)
  const answers = yield* dns.ask(zone.name, domain, "A")
  const said = answers.map((answer) => answer.values.toSorted().join(", ") || answer.outcome)
  const right = answers.filter((answer) => answer.outcome === "answer").length
  const detail = answers.map(({ server }, index) => `${server}: ${said[index] ?? ""}`).join("; ")
  yield* run.emit({ _tag: "DnsChecked", name: domain, right, total: answers.length, detail })
  if (right < answers.length || right === 0 || new Set(said).size > 1) {
    return yield* new AuthoritativeDnsError({
      name: domain,
      reason: "Differ",
      detail: `the name servers do not all answer alike (${detail})`
    })
  }
})

const checkHttp = Effect.fn("checkHttp")(function* (domain: string, subject: VerificationSubject) {
  const run = yield* Run
  const { port } = yield* HealthProbe
  const { confirmHealth } = yield* Pace
  const { auth, redirect } = subject
  const password = auth?.password
  const isShut = auth !== undefined && password === undefined
  const healthcheck = isShut
    ? { ...subject.healthcheck, status: 401, release: undefined }
    : subject.healthcheck
  const leadsTo = redirectOf(domain, redirect)
  const health = yield* awaitHealthy({
    ...askedFor(domain, { healthcheck, redirect }),
    address: undefined,
    expectedRelease: undefined,
    credentials: auth === undefined || password === undefined ? undefined : { ...auth, password },
    confirmAfter: confirmHealth,
    deadline: Duration.times(
      Duration.sum(healthcheck.interval, healthcheck.timeout),
      healthcheck.retries + 1
    ),
    onAttempt: (attempt) => run.emit(healthAttempted(attempt, askedAt(domain, subject)))
  })
  yield* run.emit({
    _tag: "Verified",
    url: publicUrl(domain, port, healthcheck.path),
    status: health.status,
    certificateDaysLeft: health.certificate.daysLeft,
    ...(leadsTo === undefined ? {} : { leadsTo }),
    release: null
  })
})
