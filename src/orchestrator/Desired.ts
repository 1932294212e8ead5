import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { isIP } from "node:net"
import type { ApplicationSettings, ObservedVariable, Server, Variable } from "../coolify/CoolifyClient.ts"
import { SecretStore, type ResolvedSecret } from "../secrets/SecretStore.ts"
import type { Spec } from "../spec/Spec.ts"
import * as Marker from "./Marker.ts"

/** Set by fabrik in every application; what a healthy response must show where `healthcheck.release` says so. */
export const releaseKey = "FABRIK_RELEASE"

/** Stands for a server address that is not known because nothing was read. */
export const unknownAddress = "0.0.0.0"

/** What the spec asks for, in the services' terms. */
export interface Desired {
  readonly spec: Spec
  readonly owner: string
  /** The run that asks: it marks what is created and is the new release. */
  readonly run: string
  readonly application: ApplicationSettings
  /** In a fixed order: by key. Without the release. */
  readonly variables: ReadonlyArray<Variable>
  readonly secrets: ReadonlyArray<ResolvedSecret>
  readonly target: DnsTarget
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
    source: spec.source._tag === "Dockerfile" ? Marker.digest(spec.source.text) : undefined
  })

export const projectMark = (owner: string, spec: Spec, run: string): string =>
  Marker.render({ key: Marker.projectKey(owner, spec.project), run, source: undefined })

export const environmentMark = (owner: string, spec: Spec, run: string): string =>
  Marker.render({
    key: Marker.environmentKey(owner, spec.project, spec.environment),
    run,
    source: undefined
  })

export const recordMark = (owner: string, spec: Spec, run: string): string =>
  Marker.render({ key: Marker.applicationKey(owner, spec), run, source: undefined })

/** The comment of a variable: its digest tells later, without `read:sensitive`, whether the value is still the same. */
const digestComment = (hex: string, secret: boolean): string =>
  `fabrik ${secret ? "secret " : ""}${hex.slice(0, 32)}`
const releasePattern = /^fabrik release ([0-9a-f]{12}) spec=([0-9a-f]{16})( pending)?$/
export const releaseComment = (release: string, specDigest: string, pending: boolean): string =>
  `fabrik release ${release} spec=${specDigest}${pending ? " pending" : ""}`
export const isOurComment = (comment: string): boolean =>
  /^fabrik (?:secret )?[0-9a-f]{32}$/.test(comment) || releasePattern.test(comment)

/** Whether the comment tells that the value stood in a spec, so that it may be shown. */
export const isPlainComment = (comment: string): boolean => /^fabrik [0-9a-f]{32}$/.test(comment)

/** Whether the comment tells that the value is a secret's. */
export const isSecretComment = (comment: string): boolean => /^fabrik secret [0-9a-f]{32}$/.test(comment)

/** What a release's comment tells. */
export interface CommentedRelease {
  readonly release: string
  /** Of the spec that it was made from. */
  readonly specDigest: string
  /** Its deployment was not seen to end well. */
  readonly pending: boolean
}

export const releaseOfComment = (comment: string): CommentedRelease | undefined => {
  const match = releasePattern.exec(comment)
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { release: match[1], specDigest: match[2], pending: match[3] !== undefined }
}

/** The release among an application's variables. */
export const releaseIn = (
  variables: ReadonlyArray<Pick<ObservedVariable, "key" | "isPreview" | "comment">>
): CommentedRelease | undefined => {
  const row = variables.find(({ isPreview, key }) => key === releaseKey && !isPreview)
  return row === undefined ? undefined : releaseOfComment(row.comment)
}

/** Tells whether a spec (with the values of its secrets) is the one that was applied last. */
export const specDigest = ({ application, variables, target, spec }: Desired): string =>
  Marker.digest(
    JSON.stringify([
      { ...application, description: "" },
      variables.map(({ key, comment, isBuildtime }) => [key, comment, isBuildtime]),
      target,
      spec.dns
    ])
  )

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
  // What a build reads stands in `docker history`, and a value that is new each time, as the release's, throws its cache away.
  isBuildtime: spec.build.env.includes(key)
})

/** @param pending that it runs is still to be seen. Only the last write of a run takes the word away. */
export const releaseVariable = (desired: Desired, pending: boolean): Variable =>
  variable(
    desired.spec,
    releaseKey,
    Redacted.make(desired.run),
    releaseComment(desired.run, specDigest(desired), pending)
  )

/** The spec's variables and secrets as Coolify is to hold them. Fails with a SecretError when no key can be kept. */
export const desiredVariables = Effect.fn("desiredVariables")(function* (
  spec: Spec,
  secrets: ReadonlyArray<ResolvedSecret>
) {
  const store = yield* SecretStore
  const values = [
    ...Object.entries(spec.env).map(([key, value]) => ({ key, value: Redacted.make(value), secret: false })),
    ...secrets.map(({ name, value }) => ({ key: name, value, secret: true }))
  ].toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return yield* Effect.forEach(values, ({ key, value, secret }) =>
    Effect.map(store.digest(value), (hex) => variable(spec, key, value, digestComment(hex, secret)))
  )
})

export const desiredApplication = (owner: string, spec: Spec, run: string): ApplicationSettings => ({
  name: spec.name,
  description: applicationMark(owner, spec, run),
  domains: [`https://${spec.domain}`],
  port: spec.port,
  healthcheck: {
    enabled: spec.healthcheck.container,
    path: spec.healthcheck.path,
    port: String(spec.port),
    status: spec.healthcheck.status,
    interval: wholeSeconds(spec.healthcheck.interval),
    timeout: wholeSeconds(spec.healthcheck.timeout),
    retries: spec.healthcheck.retries,
    startPeriod: wholeSeconds(spec.healthcheck.startPeriod)
  },
  source: spec.source
})

const wholeSeconds = (duration: Duration.Duration): number => Math.ceil(Duration.toSeconds(duration))

/** Where the domain is to point: what the spec says, else the server itself. `undefined`: the server has no public name. */
export const dnsTarget = (spec: Spec, server: Server): DnsTarget | undefined => {
  const value = spec.dns.target ?? server.ip
  if (value === "") return { type: "A", value: unknownAddress }
  const version = isIP(value)
  if (version !== 0) return { type: version === 4 ? "A" : "AAAA", value }
  return value === "host.docker.internal" || !value.includes(".")
    ? undefined
    : { type: "CNAME", value: value.toLowerCase() }
}
