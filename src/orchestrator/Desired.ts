import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { isIP } from "node:net"
import { containerUrl } from "../coolify/ContainerUrls.ts"
import type { ApplicationSettings, ApplicationSource } from "../coolify/endpoints/Applications.ts"
import { defaultPort } from "../coolify/endpoints/Derived.ts"
import type { ObservedVariable, Variable } from "../coolify/endpoints/Variables.ts"
import type { Server } from "../coolify/endpoints/Servers.ts"
import { isCompose, type RepositoryAccess } from "../coolify/Source.ts"
import { SecretStore } from "../secrets/SecretStore.ts"
import { hostsOf, siteOf } from "../appspec/Domain.ts"
import { routesFor } from "../appspec/sections/Compose.ts"
import type { Spec } from "../appspec/Spec.ts"
import type { Credentials } from "../health/HealthProbe.ts"
import type { SecretOrigin } from "../engine/DeploymentEvent.ts"
import {
  type CommentedRelease,
  digestOfComment,
  holdsValue,
  isPlainComment,
  isSecretComment,
  plainComment,
  releaseComment,
  releaseKey,
  secretComment
} from "../kinds/VariableComment.ts"
import { unknownAddress, type WantedRecord } from "../kinds/DiffRecord.ts"
import { RefusedError } from "../engine/DeployError.ts"
import * as Marker from "../engine/Marker.ts"
import { namedOf, notedOf } from "./Blueprint.ts"
import type { PendingVariable } from "./References.ts"
import { plainSettings } from "./Settings.ts"

/** What the spec asks for, in the services' terms. */
export interface Desired {
  readonly spec: Spec
  readonly owner: string
  /** The run that asks: it marks what is created and is the new release. */
  readonly run: string
  readonly application: ApplicationSettings
  /** In a fixed order: by key. Without the release. */
  readonly variables: ReadonlyArray<Variable>
  /** Those whose value is known and is to stand there. */
  readonly secrets: ReadonlyArray<PlannedSecret>
  /** Rows of secrets that nobody gives and the token may not read: they stay exactly as they are. */
  readonly held?: ReadonlyArray<ObservedVariable>
  /** Names of secrets that stay as they are and were changed by hand, as far as this machine's key tells. */
  readonly edited?: ReadonlyArray<string>
  /** `undefined`: no domain leads there. */
  readonly target: DnsTarget | undefined
  /** What the application's visitors are asked for, and the health check sends. */
  readonly credentials?: Credentials | undefined
  /** Variables whose value is known only once a database is made. */
  readonly pending?: ReadonlyArray<PendingVariable>
  /** What the operator should know of those that refer to databases. */
  readonly referenceNotes?: ReadonlyArray<string>
  /** Short names of what an earlier run has given the application, and this one may still have to take away. */
  readonly had?: ReadonlyArray<string>
  /** Short names of the records of `dns.records` that are fabrik's. */
  readonly records?: ReadonlyArray<string>
  /** Of what the spec's files hold, by path. */
  readonly digests?: ReadonlyMap<string, string>
}

export interface PlannedSecret {
  readonly name: string
  readonly value: Redacted.Redacted<string>
  readonly origin: SecretOrigin
  /** Nothing secret after all: made of where a database is. */
  readonly open?: true
  /** Of origin `env-file`: which one. */
  readonly file?: string
}

export interface DnsTarget {
  readonly type: "A" | "AAAA" | "CNAME"
  readonly value: string
}

/** The mark of an application that `run` creates. */
export const applicationMark = (owner: string, spec: Spec, run: string): string =>
  Marker.render({
    key: Marker.applicationKey(owner, spec),
    run,
    source: spec.source._tag === "Dockerfile" ? Marker.digest(spec.source.text) : undefined,
    of:
      spec.process === undefined || spec.process.of === spec.name
        ? undefined
        : Marker.applicationKey(owner, { ...spec, name: spec.process.of })
  })

export const recordMark = (owner: string, spec: Spec, run: string): string =>
  Marker.render({ key: Marker.applicationKey(owner, spec), run, source: undefined })

/** Whose records are that a run of the spec writes. */
export const markOfRecords = ({ owner, run, spec }: Desired): Pick<WantedRecord, "key" | "mark"> => ({
  mark: recordMark(owner, spec, run),
  key: Marker.applicationKey(owner, spec)
})

/** The records of the spec's domains. */
export const wantedRecords = (desired: Desired): ReadonlyArray<WantedRecord> => {
  const { spec, target } = desired
  return target === undefined
    ? []
    : hostsOf(spec.domains).map((name) => ({
        name,
        type: target.type,
        values: [target.value],
        ttl: spec.dns.ttl,
        proxied: spec.dns.proxied,
        ...markOfRecords(desired)
      }))
}

/** The main domain, and all of them, as plans and events tell them. */
export const toldDomains = ({ domains }: Pick<Spec, "domains">) => ({ domain: domains[0] ?? null, domains })

/** Tells this machine's key from others'. */
export const thisKey = Effect.flatMap(SecretStore, (store) =>
  store.digest(Redacted.make("fabrik: which key is it?"))
)

/** Whether a row's comment was made with this machine's key, of another value. */
export const isEdited = Effect.fn("isEdited")(function* ({ comment, value }: ObservedVariable) {
  const store = yield* SecretStore
  const key = / key=([0-9a-f]{8})$/.exec(comment)?.[1]
  if (value === undefined || key === undefined || digestOfComment(comment) === undefined) return false
  if (!(yield* thisKey).startsWith(key)) return false
  return !(yield* store.digest(value)).startsWith(digestOfComment(comment) ?? "")
})

/** Tells whether a spec (with the values of its secrets) is the one that was applied last. */
export const specDigest = ({ application, digests, held = [], variables, target, spec }: Desired): string =>
  Marker.digest(
    JSON.stringify([
      { ...application, description: "" },
      [...variables, ...held]
        .map(({ key, comment, isBuildtime }) => [key, digestOfComment(comment) ?? comment, isBuildtime])
        .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
      target,
      spec.dns,
      ...spec.databases.map(({ backup, engine, image, name }) => [
        name,
        engine,
        image,
        ...(backup === undefined ? [] : [backup])
      ]),
      ...namedOf(spec).flatMap(({ kind, names, wanted }) => (names.length === 0 ? [] : [[kind, wanted]])),
      ...(digests?.entries() ?? [])
    ])
  )

/** What a build reads stands in `docker history`, and a value that is new each time, as the release's, throws its cache away. */
export const isBuildtime = ({ build }: Spec, key: string): boolean => build.env.includes(key)

const variable = (spec: Spec, key: string, value: Redacted.Redacted<string>, comment: string): Variable => ({
  key,
  value,
  comment,
  isPreview: false,
  // Literal: Coolify would otherwise expand `$` in the value.
  isLiteral: true,
  isMultiline: Redacted.value(value).includes("\n"),
  isShownOnce: false,
  isRuntime: true,
  isBuildtime: isBuildtime(spec, key)
})

/**
 * @param pending that it runs is still to be seen. Only the last write of a run takes the word away.
 * @param kept short names of what could not be taken away.
 */
export const releaseVariable = (
  desired: Desired,
  pending: boolean,
  kept: ReadonlyArray<string> = []
): Variable =>
  notedRelease(desired.spec, {
    release: desired.run,
    specDigest: specDigest(desired),
    pending,
    has: [
      ...new Set([
        ...notedOf(desired.spec, desired.digests),
        ...(desired.records ?? []),
        ...(pending ? (desired.had ?? []) : kept)
      ])
    ]
  })

/** The release with what its comment is to tell. */
export const notedRelease = (spec: Spec, release: CommentedRelease): Variable =>
  variable(
    spec,
    releaseKey,
    Redacted.make(release.release),
    releaseComment(release.release, release.specDigest, release.pending, release.has)
  )

/**
 * The spec's variables and secrets as Coolify is to hold them. A value that stands there already keeps its comment: its
 * digest may have been made with another machine's key. Fails with a SecretError when no key can be kept.
 */
export const desiredVariables = Effect.fn("desiredVariables")(function* (
  spec: Spec,
  secrets: ReadonlyArray<PlannedSecret>,
  observed: ReadonlyArray<ObservedVariable>
) {
  const store = yield* SecretStore
  const keyId = yield* Effect.cached(thisKey)
  const rows = new Map(observed.filter((row) => !row.isPreview).map((row) => [row.key, row]))
  const commentOf = Effect.fnUntraced(function* (value: Redacted.Redacted<string>, origin?: SecretOrigin) {
    const hex = yield* store.digest(value)
    if (origin === undefined) return plainComment(hex)
    const isMade =
      origin === "generated" || origin === "stored" || origin === "database" || origin === "secrets"
    const making = isMade ? "generated" : "given"
    return secretComment(making, hex, yield* keyId)
  })
  const values: ReadonlyArray<{
    readonly key: string
    readonly value: Redacted.Redacted<string>
    readonly origin?: SecretOrigin
  }> = [
    ...Object.entries(spec.env).map(([key, value]) => ({ key, value: Redacted.make(value) })),
    ...secrets.map(({ name, value, open, origin }) =>
      open === true ? { key: name, value } : { key: name, value, origin }
    )
  ].toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return yield* Effect.forEach(
    values,
    Effect.fnUntraced(function* ({ key, value, origin }) {
      const fresh = variable(spec, key, value, yield* commentOf(value, origin))
      const row = rows.get(key)
      const isOurs =
        row !== undefined &&
        (origin === undefined ? isPlainComment(row.comment) : isSecretComment(row.comment))
      return isOurs && row.value !== undefined && holdsValue(row.value, fresh.value)
        ? { ...fresh, comment: row.comment }
        : fresh
    })
  )
})

export const desiredApplication = (
  owner: string,
  spec: Spec,
  run: string,
  access?: RepositoryAccess
): ApplicationSettings => ({
  name: spec.name,
  description: applicationMark(owner, spec, run),
  domains: urlsOf(spec),
  port: spec.port ?? defaultPort,
  healthcheck: {
    enabled: spec.healthcheck.container,
    ...(spec.healthcheck.command === undefined
      ? {
          path: spec.healthcheck.path,
          port: String(spec.port ?? defaultPort),
          status: spec.healthcheck.status
        }
      : { ...asksNothing, command: spec.healthcheck.command }),
    interval: wholeSeconds(spec.healthcheck.interval),
    timeout: wholeSeconds(spec.healthcheck.timeout),
    retries: spec.healthcheck.retries,
    startPeriod: wholeSeconds(spec.healthcheck.startPeriod)
  },
  source: sourceOf(spec.source, access),
  ...plainSettingsOf(spec)
})

/** As Coolify has them: of a compose file with the container's port and name. */
const urlsOf = (spec: Spec): ReadonlyArray<string> =>
  isCompose(spec.source)
    ? routesFor(spec).flatMap(({ container, hosts, port }) =>
        hosts.map((host) => containerUrl(`https://${host}${port === undefined ? "" : `:${port}`}`, container))
      )
    : spec.domains.map((domain) => `https://${domain}`)

const sourceOf = (source: Spec["source"], access: RepositoryAccess | undefined): ApplicationSource => {
  if (source._tag === "Compose") return { _tag: "Compose", text: source.text }
  return access === undefined || source._tag !== "Git" ? source : { ...source, access }
}

/** Coolify's own: where a command checks, nobody is asked over HTTP. */
const asksNothing = { path: "/", port: "", status: 200 }

const plainSettingsOf = (spec: Spec) => {
  const plain = plainSettings(spec)
  return Object.keys(plain).length === 0 ? {} : { plain }
}

const wholeSeconds = (duration: Duration.Duration): number => Math.ceil(Duration.toSeconds(duration))

/** Where the domains are to point: what the spec says, else the server itself. `undefined`: the server has no public name. */
export const dnsTarget = (spec: Spec, server: Server): DnsTarget | undefined => {
  const value = spec.dns.target ?? server.ip
  if (value === "") return { type: "A", value: unknownAddress }
  const version = isIP(value)
  if (version !== 0) return { type: version === 4 ? "A" : "AAAA", value }
  return value === "host.docker.internal" || !value.includes(".")
    ? undefined
    : { type: "CNAME", value: value.toLowerCase() }
}

/**
 * {@link dnsTarget}, of what has a domain. Fails where it would have to be known.
 * @param isWritten the records are fabrik's to write.
 */
export const targetOf = (
  spec: Spec,
  server: Server,
  isWritten: boolean
): Either.Either<DnsTarget | undefined, RefusedError> => {
  const [domain] = spec.domains
  if (domain === undefined) return Either.right(undefined)
  const target = dnsTarget(spec, server)
  if (target !== undefined) return Either.right(target)
  // Where the record is somebody else's, the name leads wherever it leads.
  if (!isWritten) return Either.right({ type: "CNAME", value: siteOf(domain).host })
  return Either.left(
    new RefusedError({
      reason: "NotPublic",
      detail: `the server ${server.name} is known to Coolify as ${server.ip}, which no visitor can resolve`,
      next: "set `dns.target` in the spec to the server's public address (Coolify tells that of its own host once an application there has a domain and Settings, General, has the instance's public IPv4)"
    })
  )
}
