import {
  defaultPort,
  type Application,
  type ApplicationPatch,
  type ApplicationSettings,
  type ApplicationSource
} from "../coolify/endpoints/Applications.ts"
import { normaliseRepository } from "../coolify/Repository.ts"
import type { RepositoryAccess } from "../coolify/Source.ts"
import * as Marker from "../engine/Marker.ts"
import type { FieldChange } from "../engine/Plan.ts"

export interface ApplicationDiff {
  readonly patch: ApplicationPatch
  readonly changes: ReadonlyArray<FieldChange>
  /** Coolify cannot change this in place: another application has to take its place. */
  readonly replace: boolean
}

/** What of an application differs; every field when there is none yet. */
export const diffApplication = (
  wanted: ApplicationSettings,
  observed: Application | undefined
): ApplicationDiff => {
  if (observed === undefined) {
    const changes = fieldsOf(wanted).map(([field, after]) => ({ field, before: null, after, secret: false }))
    return { patch: wanted, changes, replace: false }
  }
  const replace = !sourceChangesInPlace(wanted.source, observed)
  const before = new Map(fieldsOf(withNameOf(wanted, observed)))
  const after = new Map(fieldsOf(wanted))
  const changes: ReadonlyArray<FieldChange> = [...new Set([...before.keys(), ...after.keys()])]
    .filter((field) => (field === "dockerfile" ? replace : before.get(field) !== after.get(field)))
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
  return { patch, changes, replace }
}

const sourceChangesInPlace = (wanted: ApplicationSource, observed: Application): boolean => {
  if (wanted._tag !== observed.source._tag) return false
  if (wanted._tag === "Git" && observed.source._tag === "Git") {
    return hasSameAccess(wanted.access, observed.source.access)
  }
  if (wanted._tag !== "Dockerfile" || observed.source._tag !== "Dockerfile" || wanted.text === undefined)
    return true
  return observed.source.text === undefined
    ? Marker.parse(observed.description)?.source === Marker.digest(wanted.text)
    : observed.source.text.trim() === wanted.text.trim()
}

/** The same access by the same name: Coolify tells its number alone. */
const withNameOf = ({ source: wanted }: ApplicationSettings, observed: Application): ApplicationSettings => {
  const { source } = observed
  const isSame =
    wanted._tag === "Git" &&
    source._tag === "Git" &&
    wanted.access !== undefined &&
    hasSameAccess(wanted.access, source.access)
  return isSame ? { ...observed, source: { ...source, access: wanted.access } } : observed
}

/** What cannot be looked at is taken for the same. */
const hasSameAccess = (wanted: RepositoryAccess | undefined, has: RepositoryAccess | undefined): boolean =>
  wanted?.kind === has?.kind && (wanted?.id === has?.id || wanted?.id === undefined || has?.id === undefined)

/** The comparable facts of an application, named as in the spec. */
const fieldsOf = (settings: ApplicationSettings): ReadonlyArray<readonly [string, string]> => [
  ...sourceFields(settings.source),
  ["domain", settings.domains.toSorted().join(", ") || "none"],
  // Nobody named it, and nobody is led there.
  ...(settings.domains.length === 0 && settings.port === defaultPort
    ? []
    : [["port", String(settings.port)] as const]),
  ...healthcheckFields(settings)
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
        ["git", normaliseRepository(source.repository)],
        ...(source.access === undefined ? [] : [[source.access.kind, nameOf(source.access)] as const]),
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
          source.text === undefined
            ? "inline"
            : `inline, ${source.text.trim().split("\n").length} lines, ${Marker.digest(source.text).slice(0, 8)}`
        ]
      ]
  }
}

/** Its number, unless a name is known: two of them may have one name. */
const nameOf = ({ id, name, uuid }: RepositoryAccess): string =>
  name ?? uuid ?? (id === undefined ? "not told" : `number ${id}`)

const healthcheckFields = ({
  healthcheck,
  port
}: ApplicationSettings): ReadonlyArray<readonly [string, string]> =>
  healthcheck.enabled
    ? [
        ["healthcheck.container", "on"],
        // A command asks no path, whatever path stands there.
        ...(healthcheck.command === undefined
          ? ([
              ["healthcheck.path", healthcheck.path],
              // Without a port of its own Coolify probes the application's.
              ["healthcheck.port", healthcheck.port || String(port)],
              ["healthcheck.status", String(healthcheck.status)]
            ] as const)
          : ([["healthcheck.command", healthcheck.command || "none"]] as const)),
        ["healthcheck.interval", `${healthcheck.interval}s`],
        ["healthcheck.timeout", `${healthcheck.timeout}s`],
        ["healthcheck.retries", String(healthcheck.retries)],
        ["healthcheck.startPeriod", `${healthcheck.startPeriod}s`]
      ]
    : [["healthcheck.container", "off"]]
