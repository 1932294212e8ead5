/** What a spec needs of Coolify's version. */
import * as Effect from "effect/Effect"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { RefusedError } from "../engine/DeployError.ts"

interface Requirement {
  /** As the spec writes it. */
  readonly key: string
  readonly since: "4.0.0" | "4.2.0" | "4.3.0" | "4.4.0"
  readonly isUsed: (spec: Spec) => boolean
  /** fabrik does the same by itself, so it is no reason to update. */
  readonly isByChoice?: true
}

/**
 * What an older Coolify has no endpoint for, or takes and never tells again. Storages and databases by API came with
 * 4.0.0 (its betas refuse them), S3 storages with 4.3.0; the settings of an application stand in answers since 4.2.0
 * (coollabsio/coolify#10949). Coolify makes DNS records at Cloudflare from 4.4 on (coollabsio/coolify#11667: when domains
 * are saved or deployed; read in source, never tried).
 */
export const requirements: ReadonlyArray<Requirement> = [
  { key: "volumes", since: "4.0.0", isUsed: ({ volumes }) => volumes.length > 0 },
  { key: "files", since: "4.0.0", isUsed: ({ files = [] }) => files.length > 0 },
  {
    key: "schedules",
    since: "4.0.0",
    isUsed: ({ schedules = [] }) => schedules.length > 0
  },
  { key: "basicAuth", since: "4.0.0", isUsed: ({ basicAuth }) => basicAuth !== undefined },
  { key: "databases", since: "4.0.0", isUsed: ({ databases }) => databases.length > 0 },
  {
    key: "backup.s3",
    since: "4.3.0",
    isUsed: ({ databases }) => databases.some(({ backup }) => backup?.s3 !== undefined)
  },
  {
    key: "stopGracePeriod",
    since: "4.2.0",
    isUsed: ({ stopGracePeriod }) => stopGracePeriod !== undefined
  },
  { key: "autoDeploy", since: "4.2.0", isUsed: ({ autoDeploy }) => autoDeploy !== undefined },
  { key: "build.publish", since: "4.2.0", isUsed: ({ build }) => build.publish !== undefined },
  { key: "build.spa", since: "4.2.0", isUsed: ({ build }) => build.spa !== undefined },
  {
    key: "dns.provider: coolify",
    since: "4.4.0",
    isUsed: ({ dns }) => dns.coolify === true,
    isByChoice: true
  }
]

/** `4.0.0-beta.470` comes before `4.0.0`; what is no version (a nightly build) is taken for a new one. */
export const isOlder = (version: string, than: string): boolean => {
  const [, numbers, beta] = /^(\d+\.\d+\.\d+)(-.*)?$/.exec(version) ?? []
  if (numbers === undefined) return false
  const [have, want] = [numbers, than].map((text) => text.split(".").map(Number))
  for (const [index, number] of (want ?? []).entries()) {
    const difference = (have?.[index] ?? 0) - number
    if (difference !== 0) return difference < 0
  }
  return beta !== undefined
}

/** The oldest version that has them all. */
export const newestOf = (needed: ReadonlyArray<Requirement>) =>
  needed
    .map(({ since }) => since)
    .toSorted()
    .at(-1)

/** Refuses what this Coolify is too old for. Asks for its version, one request, only where the spec has such a thing. */
export const refuseTooOld = Effect.fn("refuseTooOld")(function* (spec: Spec) {
  const used = requirements.filter(({ isUsed }) => isUsed(spec))
  if (used.length === 0) return
  const coolify = yield* CoolifyClient
  const version = yield* coolify.version
  const lacking = used.filter(({ since }) => isOlder(version, since))
  if (lacking.length === 0) return
  const needed = newestOf(lacking)
  return yield* new RefusedError({
    reason: "TooOld",
    detail: `${lacking.map(({ key }) => `\`${key}\``).join(", ")} ${lacking.length === 1 ? "needs" : "need"} Coolify ${needed} or newer, and this one is ${version}`,
    next: "update Coolify (Settings, Update), or take that off the spec"
  })
})
