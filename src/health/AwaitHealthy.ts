import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { isIPv6 } from "node:net"
import { KnownSecrets } from "../secrets/KnownSecrets.ts"
import type { Healthcheck } from "../appspec/sections/Healthcheck.ts"
import {
  type Certificate,
  type Credentials,
  type Expectation,
  HealthProbe,
  type ProbeError,
  type ProbeResponse
} from "./HealthProbe.ts"
import { judge } from "./Judge.ts"
import { describeRedirect, Redirect, readRedirect } from "./Redirect.ts"

/** `origin`: at the server's own address; `name`: the way a visitor comes. */
export const Stage = Schema.Literal("origin", "name")
export type Stage = typeof Stage.Type

const UnhealthyReason = Schema.Literal(
  "Gateway",
  "Status",
  "Redirect",
  "Release",
  "Certificate",
  "NameNotFound",
  "ConnectionRefused",
  "Unreachable",
  "Timeout",
  "Tls",
  "Broken"
)
type UnhealthyReason = typeof UnhealthyReason.Type

/** The application did not become healthy; `reason` and `detail` are those of the last bad answer. */
export class UnhealthyError extends Schema.TaggedError<UnhealthyError>("fabrik/health/UnhealthyError")(
  "UnhealthyError",
  {
    host: Schema.String,
    stage: Stage,
    /** Of both stages together. */
    attempts: Schema.Number,
    gaveUp: Schema.Literal("Retries", "Deadline"),
    reason: UnhealthyReason,
    /** `answered 503, expected 200`; `connection refused by 192.0.2.1:443`. */
    detail: Schema.String,
    /** Where it leads, for `Redirect`. */
    redirect: Schema.optional(Redirect),
    /**
     * The release answered as it should at the server's own address, twice in a row: what is missing is a certificate that is
     * trusted, or that the name leads there.
     */
    proven: Schema.optional(Schema.Boolean),
    /** Its container, where it is known to run: where it should listen, how long it was given, and its last lines. */
    container: Schema.optional(
      Schema.Struct({
        port: Schema.Number,
        /** Seconds. */
        startPeriod: Schema.Number,
        retries: Schema.Number,
        log: Schema.Array(Schema.String)
      })
    )
  }
) {
  override get message(): string {
    const where = this.stage === "origin" ? "at the server's address" : "by name"
    const attempts = this.attempts === 1 ? "1 attempt" : `${this.attempts} attempts`
    return `${this.host} is not healthy ${where} after ${attempts}: ${this.detail}`
  }
}

/** One look at the application. */
export interface Attempt {
  readonly stage: Stage
  /** Counted from 1 over both stages. */
  readonly number: number
  /** How many more bad answers that count this stage may give. */
  readonly left: number
  readonly outcome:
    | { readonly ok: true; readonly status: number; readonly millis: number }
    | {
        readonly ok: false
        readonly reason: UnhealthyReason
        readonly detail: string
        /** Whether it used up one of the retries. */
        readonly counted: boolean
      }
}

interface Healthy {
  readonly status: number
  readonly certificate: Certificate
  /** The address that answered by name. */
  readonly address: string
  /** How long the last answer took. */
  readonly millis: number
  readonly attempts: number
}

export interface AwaitHealthyOptions {
  readonly host: string
  readonly healthcheck: Healthcheck
  /** The server's own address; `undefined`: not known, ask by name only. */
  readonly address: string | undefined
  /** The name is answered by a proxy (Cloudflare): only the proxy sees the certificate of the origin. */
  readonly proxied?: boolean
  /** The release that must answer, if the health check says where to read it; `undefined`: any. */
  readonly expectedRelease: string | undefined
  /** The host that it is to redirect to, in the place of a healthy answer. */
  readonly leadsTo?: string | undefined
  /** What visitors are asked for. */
  readonly credentials?: Credentials | undefined
  /** For both stages together, from now on. */
  readonly deadline: Duration.Duration
  /** Between a good answer and the one that confirms it; `interval` if that is shorter. */
  readonly confirmAfter: Duration.Duration
  /** Looks between two attempts, so far apart and only for so long: a good one is one, a bad one is none. */
  readonly between?: { readonly every: Duration.Duration; readonly lasts: Duration.Duration }
  readonly onAttempt: (attempt: Attempt) => Effect.Effect<void>
}

/** Browsers take 20; what leads back to where it was does so in a few. */
const mostHops = 5
const followFor = Duration.seconds(5)

interface Progress {
  readonly stage: Stage
  readonly attempts: number
  readonly failures: number
  /** Good answers in a row. */
  readonly good: number
  /** Good answers in a row at the server's address, or such that lack a trusted certificate alone. */
  readonly proofs: number
  readonly lastBad:
    | {
        readonly reason: UnhealthyReason
        readonly detail: string
        readonly waits?: boolean
        readonly redirect?: Redirect | undefined
      }
    | undefined
  readonly lastGood: ProbeResponse | undefined
}

/**
 * Asks at the server's own address until two answers in a row are good (one could be a process that is about to
 * crash again), then by name until one is. Attempts are `interval` apart; `retries` bad ones within a stage are the
 * end; a good one is confirmed sooner. With `between` a good answer is seen soon after it is first given, too. A bad one does not count within `startPeriod`, while the certificate is still missing (ACME takes its time),
 * or while the world's DNS caches do not know the new address: these wait for the deadline.
 */
export const awaitHealthy = Effect.fn("awaitHealthy")(function* (options: AwaitHealthyOptions) {
  const { address, healthcheck, host } = options
  const probe = yield* HealthProbe
  const graceEnds = (yield* Clock.currentTimeMillis) + Duration.toMillis(healthcheck.startPeriod)
  const expectation: Expectation = {
    status: healthcheck.status,
    release:
      healthcheck.release === undefined || options.expectedRelease === undefined
        ? undefined
        : { probe: healthcheck.release, expected: options.expectedRelease },
    leadsTo: options.leadsTo
  }
  const progress = yield* Ref.make<Progress>({
    stage: address === undefined ? "name" : "origin",
    attempts: 0,
    failures: 0,
    good: 0,
    proofs: 0,
    lastBad: undefined,
    lastGood: undefined
  })

  const { hide } = yield* KnownSecrets
  const look = Effect.fnUntraced(function* (stage: Stage, timeout = healthcheck.timeout) {
    const result = yield* Effect.either(
      probe.get({
        host,
        path: healthcheck.path,
        address: stage === "origin" ? address : undefined,
        timeout,
        credentials: options.credentials,
        expectation
      })
    )
    if (Either.isLeft(result)) {
      const { detail, reason } = result.left
      const waits = stage === "name" && reason === "NameNotFound"
      return { ok: false, reason, detail, redirect: undefined, waits, proves: false } as const
    }
    const response = result.right
    const verdict = judge(response, expectation, hide)
    if (verdict.ok) return { ok: true, response } as const
    const redirect =
      verdict.reason === "Status" && options.leadsTo === undefined
        ? readRedirect({ host, path: healthcheck.path }, response, hide)
        : undefined
    const { detail, reason } =
      redirect === undefined
        ? verdict
        : {
            reason: "Redirect" as const,
            detail: `${describeRedirect(redirect, response.status)}, expected ${expectation.status}`
          }
    if (reason === "Certificate" && stage === "origin" && options.proxied === true) {
      return { ok: true, response } as const
    }
    const elsewhere =
      stage === "name" &&
      address !== undefined &&
      options.proxied !== true &&
      !same(address, response.address)
    return {
      ok: false,
      reason,
      detail: elsewhere ? `${detail} (from ${response.address} instead of ${address})` : detail,
      redirect,
      waits: reason === "Certificate" || elsewhere,
      // What is withheld for the certificate's sake was not seen.
      proves: reason === "Certificate" && response.withheld !== true
    } as const
  })

  /** Where a redirect within the host ends: nobody else is asked. Only looked at once the check has failed. */
  const follow = (stage: Stage, first: Redirect): Effect.Effect<Redirect> => {
    const seen = new Set([healthcheck.path])
    const hop = (now: Redirect, left: number): Effect.Effect<Redirect, ProbeError> =>
      Effect.gen(function* () {
        if (now.kind !== "path" || left === 0)
          return now.kind === "path" ? first : { ...first, kind: now.kind === "loop" ? now.kind : first.kind }
        if (seen.has(now.target)) return { ...first, kind: "loop" as const }
        seen.add(now.target)
        const from = stage === "origin" ? address : undefined
        const request = { host, path: now.target, address: from, credentials: options.credentials }
        const response = yield* probe.get({ ...request, timeout: healthcheck.timeout, expectation })
        const next = readRedirect(request, response, hide)
        return next === undefined ? { ...first, endsWith: response.status } : yield* hop(next, left - 1)
      })
    return hop(first, mostHops).pipe(
      Effect.timeout(followFor),
      // It only makes what is told more exact.
      Effect.orElseSucceed(() => first)
    )
  }

  const giveUp = (gaveUp: "Retries" | "Deadline") =>
    Effect.gen(function* () {
      const { attempts, good, lastBad, proofs, stage } = yield* Ref.get(progress)
      const seen: Progress["lastBad"] =
        gaveUp === "Retries" || good === 0
          ? lastBad
          : {
              reason: "Timeout" as const,
              detail: "answered well, but the time was up before it did so twice in a row"
            }
      const { detail, reason, redirect } = seen ?? {
        reason: "Timeout" as const,
        detail: `no answer within ${Duration.format(options.deadline)}`
      }
      const proven = proofs >= 2 && seen?.waits === true
      const told = { host, stage, attempts, gaveUp, reason, detail, ...(proven ? { proven } : {}) }
      return yield* new UnhealthyError(
        redirect === undefined ? told : { ...told, redirect: yield* follow(stage, redirect) }
      )
    })

  type Seen = Effect.Effect.Success<ReturnType<typeof look>>

  /** @param found a good answer since the last attempt. */
  const attempt = Effect.fnUntraced(function* (stage: Stage, found?: Seen) {
    const counts = (yield* Clock.currentTimeMillis) >= graceEnds
    const seen = found ?? (yield* look(stage))
    const counted = !seen.ok && counts && !seen.waits
    const now = yield* Ref.updateAndGet(progress, (before) => ({
      stage,
      attempts: before.attempts + 1,
      failures: before.failures + (counted ? 1 : 0),
      good: seen.ok ? before.good + 1 : 0,
      proofs: stage === "name" ? before.proofs : seen.ok || seen.proves ? before.proofs + 1 : 0,
      lastBad: seen.ok
        ? before.lastBad
        : { reason: seen.reason, detail: seen.detail, waits: seen.waits, redirect: seen.redirect },
      lastGood: seen.ok ? seen.response : before.lastGood
    }))
    yield* options.onAttempt({
      stage,
      number: now.attempts,
      left: Math.max(0, healthcheck.retries - now.failures),
      outcome: seen.ok
        ? { ok: true, status: seen.response.status, millis: seen.response.millis }
        : { ok: false, reason: seen.reason, detail: seen.detail, counted }
    })
    if (counted && now.failures >= healthcheck.retries) return yield* giveUp("Retries")
    return { good: now.good, waits: !seen.ok && seen.waits }
  })

  const quickUntil =
    (yield* Clock.currentTimeMillis) +
    (options.between === undefined ? 0 : Duration.toMillis(options.between.lasts))

  /** Until the next attempt, or the first good answer before it, which is its own. */
  const rest = (stage: Stage, { good, waits }: { readonly good: number; readonly waits: boolean }) =>
    Effect.gen(function* () {
      if (good > 0) return yield* Effect.sleep(Duration.min(options.confirmAfter, healthcheck.interval))
      const next = (yield* Clock.currentTimeMillis) + Duration.toMillis(healthcheck.interval)
      const quick = waits ? undefined : options.between?.every
      for (;;) {
        const now = yield* Clock.currentTimeMillis
        const pause = quick === undefined || now >= quickUntil ? next - now : Duration.toMillis(quick)
        if (now + pause >= next) return yield* Effect.sleep(Duration.millis(Math.max(0, next - now)))
        yield* Effect.sleep(Duration.millis(pause))
        const left = Duration.millis(next - now - pause)
        const seen = yield* look(stage, Duration.min(healthcheck.timeout, left))
        if (seen.ok) return seen
      }
    })

  const pass = Effect.fnUntraced(function* (stage: Stage, needed: number) {
    yield* Ref.update(progress, (before) => ({ ...before, stage, failures: 0, good: 0, lastBad: undefined }))
    let seen = yield* attempt(stage)
    while (seen.good < needed) seen = yield* attempt(stage, (yield* rest(stage, seen)) ?? undefined)
    const { lastGood } = yield* Ref.get(progress)
    return lastGood ?? (yield* giveUp("Deadline"))
  })

  const response = yield* (
    address === undefined ? pass("name", 2) : Effect.zipRight(pass("origin", 2), pass("name", 1))
  ).pipe(Effect.timeoutOption(options.deadline))
  if (Option.isNone(response)) return yield* giveUp("Deadline")
  const { attempts } = yield* Ref.get(progress)
  const { certificate, millis, status } = response.value
  return { status, certificate, address: response.value.address, millis, attempts } satisfies Healthy
})

/** Whether two spellings mean one address: IPv6 has many. */
const same = (a: string, b: string): boolean => canonical(a) === canonical(b)
const canonical = (address: string): string =>
  isIPv6(address) ? new URL(`http://[${address}]`).hostname : address
