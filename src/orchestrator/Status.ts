import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isIP } from "node:net"
import type { Server } from "../coolify/CoolifyClient.ts"
import { AuthoritativeDns } from "../dns/AuthoritativeDns.ts"
import { HealthProbe } from "../health/HealthProbe.ts"
import { judge } from "../health/Judge.ts"
import type { Spec } from "../spec/Spec.ts"
import { dnsTarget, releaseKey, releaseOfComment, type DnsTarget } from "./Desired.ts"
import { observe, type Observed } from "./Observe.ts"
import { publicUrl } from "./steps/Verify.ts"

/** Every fact about a spec's application, side by side. `null`: there is none. */
export const Status = Schema.Struct({
  name: Schema.String,
  url: Schema.String,
  server: Schema.String,
  coolify: Schema.NullOr(
    Schema.Struct({
      uuid: Schema.String,
      /** Coolify's own word, e.g. `running:healthy`. */
      status: Schema.String,
      domains: Schema.Array(Schema.String),
      release: Schema.NullOr(Schema.String)
    })
  ),
  dns: Schema.NullOr(
    Schema.Struct({
      wanted: Schema.String,
      /** What the provider holds at the name. */
      records: Schema.Array(Schema.String),
      nameServers: Schema.Array(
        Schema.Struct({ server: Schema.String, answer: Schema.String, right: Schema.Boolean })
      )
    })
  ),
  http: Schema.Struct({ ok: Schema.Boolean, status: Schema.NullOr(Schema.Number), detail: Schema.String }),
  certificate: Schema.NullOr(
    Schema.Struct({ issuer: Schema.String, daysLeft: Schema.Number, problem: Schema.NullOr(Schema.String) })
  ),
  /** All of it is as the spec says. */
  ok: Schema.Boolean
})
export type Status = typeof Status.Type

/** Reads and probes; writes nothing. */
export const status = Effect.fn("status")(function* (spec: Spec, options: { readonly skipDns: boolean }) {
  const observed = yield* observe(spec, options)
  const target = dnsTarget(spec, observed.server)
  const [dns, probe] = yield* Effect.all(
    [dnsFacts(observed, target, spec.domain), httpFacts(spec, observed.server)],
    {
      concurrency: "unbounded"
    }
  )
  const coolify = coolifyFacts(observed)
  return {
    name: spec.name,
    url: probe.url,
    server: observed.server.name,
    coolify,
    dns,
    http: probe.http,
    certificate: probe.certificate,
    ok:
      coolify !== null &&
      coolify.status.startsWith("running") &&
      probe.http.ok &&
      (dns === null || dns.nameServers.every(({ right }) => right))
  } satisfies Status
})

const coolifyFacts = ({ application, variables }: Observed): Status["coolify"] => {
  if (application === undefined) return null
  const row = variables.find((candidate) => candidate.key === releaseKey && !candidate.isPreview)
  return {
    uuid: application.uuid,
    status: application.status,
    domains: application.domains,
    release: (row === undefined ? undefined : releaseOfComment(row.comment)?.release) ?? null
  }
}

const dnsFacts = Effect.fn("dnsFacts")(function* (
  observed: Observed,
  target: DnsTarget | undefined,
  domain: string
) {
  if (observed.dns === undefined || target === undefined) return null
  const dns = yield* AuthoritativeDns
  const answers = yield* dns.ask(observed.dns.zone.name, domain, target.type)
  return {
    wanted: `${target.type} ${target.value}`,
    records: observed.dns.recordSets.flatMap(({ type, values }) => values.map((value) => `${type} ${value}`)),
    nameServers: answers.map((answer) => ({
      server: answer.server,
      answer: answer.values.join(", ") || answer.outcome,
      right: answer.outcome === "answer" && answer.values.includes(target.value)
    }))
  }
})

const httpFacts = Effect.fn("httpFacts")(function* (spec: Spec, server: Server) {
  const probe = yield* HealthProbe
  const { healthcheck, domain } = spec
  const target = dnsTarget(spec, server)
  const answer = yield* Effect.either(
    probe.get({
      host: domain,
      path: healthcheck.path,
      address: target !== undefined && isIP(target.value) !== 0 ? target.value : undefined,
      timeout: healthcheck.timeout
    })
  )
  const url = publicUrl(domain, probe.port, healthcheck.path)
  if (answer._tag === "Left") {
    return { url, http: { ok: false, status: null, detail: answer.left.detail }, certificate: null }
  }
  const { status, certificate } = answer.right
  const verdict = judge(answer.right, { status: healthcheck.status, release: undefined })
  return {
    url,
    http: { ok: verdict.ok, status, detail: verdict.ok ? `answered ${status}` : verdict.detail },
    certificate: {
      issuer: certificate.issuer,
      daysLeft: certificate.daysLeft,
      problem: Option.getOrNull(Option.fromNullable(certificate.problem))
    }
  }
})
