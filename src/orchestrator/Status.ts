import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { AuthoritativeDns } from "../dns/AuthoritativeDns.ts"
import { siteOf } from "../appspec/Domain.ts"
import type { Spec } from "../appspec/Spec.ts"
import { httpFacts } from "./Answers.ts"
import { desire } from "./Apply.ts"
import { withBasicAuth } from "./BasicAuth.ts"
import { dnsTarget, type DnsTarget } from "./Desired.ts"
import { openPort } from "../coolify/endpoints/Derived.ts"
import type { PlannedDatabase } from "../kinds/Database.ts"
import { releaseKey, releaseOfComment } from "../kinds/VariableComment.ts"
import { observe, type Observed } from "./Observe.ts"
import { reconcile } from "./Reconcile.ts"
import { makeReadingRun, Run } from "../engine/Run.ts"
import { journalName, peek } from "../engine/RunJournal.ts"
import { Owner } from "../engine/Owner.ts"
import { withReferences } from "./References.ts"
import { resolveSecrets, settleSecrets } from "./steps/ResolveSecrets.ts"

const Http = Schema.Struct({
  ok: Schema.Boolean,
  status: Schema.NullOr(Schema.Number),
  detail: Schema.String,
  /** The release that answers; `null`: the answer does not tell. */
  release: Schema.NullOr(Schema.String)
})
const Certificate = Schema.Struct({
  issuer: Schema.String,
  daysLeft: Schema.Number,
  problem: Schema.NullOr(Schema.String)
})
const Dns = Schema.Struct({
  wanted: Schema.String,
  /** What the provider holds at the name. */
  records: Schema.Array(Schema.String),
  nameServers: Schema.Array(
    Schema.Struct({ server: Schema.String, answer: Schema.String, right: Schema.Boolean })
  )
})

/** Every fact about a spec's application, side by side. `null`: there is none. */
export const Status = Schema.Struct({
  name: Schema.String,
  /** `null`: it has no domain. */
  url: Schema.NullOr(Schema.String),
  server: Schema.String,
  coolify: Schema.NullOr(
    Schema.Struct({
      uuid: Schema.String,
      /** Coolify's own word, e.g. `running:healthy`. */
      status: Schema.String,
      domains: Schema.Array(Schema.String),
      /** The one that was deployed last, by what fabrik noted. */
      release: Schema.NullOr(Schema.String)
    })
  ),
  /** What a plan would change; `null`: it would be refused (`refusal`). */
  differences: Schema.NullOr(
    Schema.Array(
      Schema.Struct({
        action: Schema.String,
        kind: Schema.String,
        name: Schema.String,
        fields: Schema.Array(Schema.String)
      })
    )
  ),
  refusal: Schema.NullOr(Schema.String),
  /** What the token may not read: whether it still is as the spec says is not known. */
  unseen: Schema.optionalWith(Schema.Array(Schema.String), { exact: true }),
  /** A run of the application on this machine that is under way, or came to no end. */
  run: Schema.NullOr(
    Schema.Struct({
      id: Schema.String,
      command: Schema.String,
      /** Milliseconds since the epoch. */
      since: Schema.Number,
      /** What the run that is under way says of itself; `null`: its process has ended, and its changes are open. */
      running: Schema.NullOr(Schema.String),
      changes: Schema.Number
    })
  ),
  /** The first domain's, as are `url`, `http` and `certificate`. */
  dns: Schema.NullOr(Dns),
  http: Schema.NullOr(Http),
  certificate: Schema.NullOr(Certificate),
  /** The same of each further domain. */
  others: Schema.optionalWith(
    Schema.Array(
      Schema.Struct({
        url: Schema.String,
        dns: Schema.NullOr(Dns),
        http: Http,
        certificate: Schema.NullOr(Certificate)
      })
    ),
    { exact: true }
  ),
  /** Of a compose file, those that are to run and go on running. */
  containers: Schema.optionalWith(
    Schema.Array(
      Schema.Struct({
        name: Schema.String,
        image: Schema.String,
        /** Coolify's own word, e.g. `running:healthy`. */
        status: Schema.String
      })
    ),
    { exact: true }
  ),
  /** The databases that the spec names. */
  databases: Schema.optionalWith(
    Schema.Array(
      Schema.Struct({
        name: Schema.String,
        image: Schema.String,
        /** `null`: there is none yet. */
        uuid: Schema.NullOr(Schema.String),
        /** Coolify's own word, e.g. `running:healthy`. */
        status: Schema.NullOr(Schema.String),
        /** Where the whole internet reaches it, as Coolify has been told; absent where it does not. */
        public: Schema.optionalWith(Schema.String, { exact: true })
      })
    ),
    { exact: true }
  ),
  /** All of it is as the spec says. */
  ok: Schema.Boolean
})
export type Status = typeof Status.Type

export interface StatusOptions {
  readonly skipDns: boolean
  /** What a run says that holds the application's lock; `undefined`: nobody has it. Asked when a run has left a journal. */
  readonly holder: Effect.Effect<string | undefined>
}

/** Reads and probes; writes nothing. `SecretStore` is to generate nothing. */
export const status = Effect.fn("status")(function* (spec: Spec, options: StatusOptions) {
  const observed = yield* observe(spec, options)
  const target = dnsTarget(spec, observed.server)
  const [seen, plan, run] = yield* Effect.all(
    [
      Effect.forEach(spec.domains, (domain) => domainFacts(spec, observed, target, domain), {
        concurrency: "unbounded"
      }),
      planFacts(spec, observed),
      runFacts(spec, options)
    ],
    { concurrency: "unbounded" }
  )
  const coolify = coolifyFacts(observed)
  const { containers = [] } = observed.application ?? {}
  const databases = [...observed.databases, ...observed.sharedDatabases]
  const [first = { url: null, dns: null, http: null, certificate: null }, ...others] = seen
  return {
    name: spec.name,
    server: observed.server.name,
    coolify,
    ...plan,
    run,
    ...first,
    ...(others.length === 0 ? {} : { others }),
    ...(containers.length === 0
      ? {}
      : { containers: containers.map(({ image, name, status }) => ({ name, image, status })) }),
    ...(databases.length === 0
      ? {}
      : { databases: databases.map((one) => databaseFacts(one, observed.server)) }),
    ok:
      coolify !== null &&
      plan.differences?.length === 0 &&
      run === null &&
      coolify.status.startsWith("running") &&
      seen.every(
        ({ dns, http }) =>
          http.ok &&
          (http.release === null || coolify.release === null || http.release === coolify.release) &&
          (dns === null || dns.nameServers.every(({ right }) => right))
      )
  } satisfies Status
})

const databaseFacts = ({ live, wanted }: PlannedDatabase, { ip }: Observed["server"]) => ({
  name: wanted.resource,
  image: live?.image ?? wanted.image,
  uuid: live?.uuid ?? null,
  status: live?.status ?? null,
  ...(live === undefined || openPort(live) === undefined ? {} : { public: `${ip}:${openPort(live)}` })
})

/** What `fabrik plan` would say, by the same code. */
const planFacts = Effect.fn("planFacts")(
  function* (spec: Spec, seen: Observed) {
    const run = yield* makeReadingRun
    const { siblings, variables } = seen
    const found = yield* resolveSecrets(spec)
    const world = { offline: false, begun: undefined }
    const { credentials, observed, settled } = yield* Effect.gen(function* () {
      const secrets = yield* settleSecrets(spec, found, { siblings, variables, ...world })
      const settled = yield* withReferences(spec, seen, secrets)
      return { settled, ...(yield* withBasicAuth(spec, seen, found, settled, world)) }
    }).pipe(
      // What a plan says of secrets is not told here.
      Effect.provideService(Run, { ...run, emit: () => Effect.void })
    )
    const desired = yield* desire(spec, settled, observed, { run: run.id, credentials })
    const { plan } = yield* reconcile(desired, observed, {
      offline: false,
      skipDeploy: false,
      redeploy: false
    })
    const differences = plan.changes
      .filter(({ action }) => action !== "unchanged")
      .map(({ action, fields, kind, name }) => ({
        action,
        kind,
        name,
        fields: fields.map(({ field }) => field)
      }))
    return { differences, refusal: null, ...(plan.unseen === undefined ? {} : { unseen: plan.unseen }) }
  },
  Effect.catchTags({
    RefusedError: ({ detail }) => Effect.succeed({ differences: null, refusal: detail }),
    SecretError: ({ detail, subject }) =>
      Effect.succeed({ differences: null, refusal: `${subject}: ${detail}` })
  })
)

const runFacts = Effect.fn("runFacts")(function* (spec: Spec, { holder }: StatusOptions) {
  const left = yield* peek(journalName(yield* Owner, spec))
  if (left === undefined || left.decision === "closed") return null
  const { at, command, run } = left.begun
  return {
    id: run,
    command,
    since: at,
    running: (yield* holder) ?? null,
    changes: left.changes.filter(({ undone }) => !undone).length
  }
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

const domainFacts = Effect.fn("domainFacts")(function* (
  spec: Spec,
  observed: Observed,
  target: DnsTarget | undefined,
  domain: string
) {
  const [dns, probe] = yield* Effect.all(
    [dnsFacts(observed, target, domain), httpFacts(spec, observed.application, target, domain)],
    { concurrency: "unbounded" }
  )
  return { dns, ...probe }
})

const dnsFacts = Effect.fn("dnsFacts")(function* (
  observed: Observed,
  target: DnsTarget | undefined,
  domain: string
) {
  const { host } = siteOf(domain)
  const found = observed.dns.find(({ name }) => name === host)
  if (found === undefined || target === undefined) return null
  const dns = yield* AuthoritativeDns
  const answers = yield* dns.ask(found.zone.name, host, target.type)
  return {
    wanted: `${target.type} ${target.value}`,
    records: found.recordSets.flatMap(({ type, values }) => values.map((value) => `${type} ${value}`)),
    nameServers: answers.map((answer) => ({
      server: answer.server,
      answer: answer.values.join(", ") || answer.outcome,
      right: answer.outcome === "answer" && answer.values.includes(target.value)
    }))
  }
})
