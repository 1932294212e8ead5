import * as Either from "effect/Either"
import type {
  Application,
  ApplicationPatch,
  ApplicationSettings,
  ApplicationSource,
  ContainerHealthcheck
} from "../coolify/CoolifyClient.ts"
import { RefusedError } from "./DeployError.ts"
import type { Desired } from "./Desired.ts"
import * as Marker from "./Marker.ts"
import type { FieldChange } from "./Plan.ts"

export interface ApplicationDiff {
  readonly patch: ApplicationPatch
  readonly changes: ReadonlyArray<FieldChange>
}

/** What of an application differs; every field when there is none yet. Refuses what Coolify cannot change in place. */
export const diffApplication = (
  desired: Desired,
  observed: Application | undefined
): Either.Either<ApplicationDiff, RefusedError> => {
  const wanted = desired.application
  if (observed === undefined) {
    const changes = fieldsOf(wanted).map(([field, after]) => ({ field, before: null, after, secret: false }))
    return Either.right({ patch: wanted, changes })
  }
  if (!sourceChangesInPlace(wanted.source, observed)) {
    return Either.left(
      new RefusedError({
        reason: "NeedsReplacement",
        detail:
          wanted.source._tag === observed.source._tag
            ? "the inline Dockerfile differs, and Coolify cannot change it in an existing application"
            : `the source changes from ${sourceName(observed.source)} to ${sourceName(wanted.source)}, and Coolify cannot change that in an existing application`,
        next: "run `fabrik destroy` and `fabrik apply` again, or give the spec another `name` and `domain`"
      })
    )
  }
  const before = new Map(fieldsOf(observed))
  const after = new Map(fieldsOf(wanted))
  const changes = [...new Set([...before.keys(), ...after.keys()])]
    .filter((field) => before.get(field) !== after.get(field) && field !== "dockerfile")
    .map((field) => ({
      field,
      before: before.get(field) ?? null,
      after: after.get(field) ?? null,
      secret: false
    }))
  const differs = (prefix: string) =>
    changes.some(({ field }) => field === prefix || field.startsWith(`${prefix}.`))
  const patch: ApplicationPatch = {
    ...(differs("domain") ? { domains: wanted.domains } : {}),
    ...(differs("port") ? { port: wanted.port } : {}),
    ...(differs("healthcheck") ? { healthcheck: wanted.healthcheck } : {}),
    ...(sourceFields(wanted.source).some(([field]) => differs(field)) ? { source: wanted.source } : {})
  }
  return Either.right({ patch, changes })
}

const sourceChangesInPlace = (wanted: ApplicationSource, observed: Application): boolean => {
  if (wanted._tag !== observed.source._tag) return false
  if (wanted._tag !== "Dockerfile" || observed.source._tag !== "Dockerfile" || wanted.text === undefined)
    return true
  return observed.source.text === undefined
    ? Marker.parse(observed.description)?.source === Marker.digest(wanted.text)
    : observed.source.text.trim() === wanted.text.trim()
}

const sourceName = (source: ApplicationSource): string =>
  ({ Image: "an image", Git: "a git repository", Dockerfile: "an inline Dockerfile" })[source._tag]

/** The comparable facts of an application, named as in the spec. */
const fieldsOf = (settings: ApplicationSettings): ReadonlyArray<readonly [string, string]> => [
  ...sourceFields(settings.source),
  ["domain", settings.domains.toSorted().join(", ")],
  ["port", String(settings.port)],
  ...healthcheckFields(settings.healthcheck)
]

const sourceFields = (source: ApplicationSource): ReadonlyArray<readonly [string, string]> => {
  switch (source._tag) {
    case "Image":
      return [
        [
          "image",
          source.tag.startsWith("sha256:") ? `${source.name}@${source.tag}` : `${source.name}:${source.tag}`
        ]
      ]
    case "Git":
      return [
        ["git", source.repository],
        ["branch", source.branch],
        ["commit", source.commit],
        ["buildPack", source.buildPack],
        ["baseDirectory", source.baseDirectory],
        ...(source.buildPack === "dockerfile" ? [["dockerfile path", source.dockerfile] as const] : [])
      ]
    case "Dockerfile":
      return [
        [
          "dockerfile",
          source.text === undefined ? "inline" : `inline, ${source.text.trim().split("\n").length} lines`
        ]
      ]
  }
}

const healthcheckFields = (healthcheck: ContainerHealthcheck): ReadonlyArray<readonly [string, string]> =>
  healthcheck.enabled
    ? [
        ["healthcheck.container", "on"],
        ["healthcheck.path", healthcheck.path],
        ["healthcheck.port", healthcheck.port],
        ["healthcheck.status", String(healthcheck.status)],
        ["healthcheck.interval", `${healthcheck.interval}s`],
        ["healthcheck.timeout", `${healthcheck.timeout}s`],
        ["healthcheck.retries", String(healthcheck.retries)],
        ["healthcheck.startPeriod", `${healthcheck.startPeriod}s`]
      ]
    : [["healthcheck.container", "off"]]
