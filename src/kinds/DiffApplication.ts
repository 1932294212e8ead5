import { composeFile } from "../coolify/ComposeText.ts"
import type {
  Application,
  ApplicationPatch,
  ApplicationSettings,
  ApplicationSource
} from "../coolify/endpoints/Applications.ts"
import { defaultPort } from "../coolify/endpoints/Derived.ts"
import { normaliseRepository } from "../coolify/Repository.ts"
import { isCompose, type RepositoryAccess } from "../coolify/Source.ts"
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
  const mark = belongsElsewhere(wanted, observed)
  const before = new Map(fieldsOf(withNameOf(wanted, observed)))
  const after = new Map(fieldsOf(wanted))
  const fields: ReadonlyArray<FieldChange> = [...new Set([...before.keys(), ...after.keys()])]
    .filter((field) => (field === "dockerfile" ? replace : before.get(field) !== after.get(field)))
    .map((field) => ({
      field,
      before: before.get(field) ?? null,
      after: after.get(field) ?? null,
      secret: false
    }))
  const changes = mark === undefined ? fields : [...fields, mark.change]
  const differs = (prefix: string) =>
    changes.some(({ field }) => field === prefix || field.startsWith(`${prefix}.`))
  const patch: ApplicationPatch = {
    ...(mark === undefined ? {} : { description: mark.description }),
    ...(differs("domain") ? { domains: wanted.domains } : {}),
    ...(differs("port") ? { port: wanted.port } : {}),
    ...(differs("healthcheck") ? { healthcheck: wanted.healthcheck } : {}),
    ...(sourceFields(wanted.source).some(([field]) => differs(field)) ? { source: wanted.source } : {})
  }
  return { patch, changes, replace }
}

/** It has become the process of a spec, or none any more: what tells so is its mark. */
const belongsElsewhere = (wanted: ApplicationSettings, observed: Application) => {
  const [mark, now] = [Marker.parse(wanted.description), Marker.parse(observed.description)]
  if (mark === undefined || now === undefined || mark.key !== now.key || mark.of === now.of) return undefined
  const said = (of: string | undefined, word: string) => (of === undefined ? "a spec of its own" : word)
  return {
    description: Marker.render({ ...now, of: mark.of }),
    change: {
      field: "belongs to",
      before: said(now.of, mark.of === undefined ? "a spec with processes" : "another spec"),
      after: said(mark.of, "this spec"),
      secret: false
    }
  }
}

const sourceChangesInPlace = (wanted: ApplicationSource, observed: Application): boolean => {
  if (wanted._tag !== observed.source._tag) return false
  if (wanted._tag === "Git" && observed.source._tag === "Git") {
    // Coolify reads a compose file by itself only for an application that is new.
    if (isCompose(wanted) !== isCompose(observed.source)) return false
    return hasSameAccess(wanted.access, observed.source.access)
  }
  if (wanted._tag !== "Dockerfile" || observed.source._tag !== "Dockerfile" || wanted.text === undefined)
    return true
  return observed.source.text === undefined
    ? Marker.parse(observed.description)?.source === Marker.digest(wanted.text)
    : observed.source.text.trim() === wanted.text.trim()
}

/** The same access by the same name: Coolify tells its number alone. A compose file that nobody may read is taken for the same. */
const withNameOf = ({ source: wanted }: ApplicationSettings, observed: Application): ApplicationSettings => {
  const { source } = observed
  if (wanted._tag === "Compose" && source._tag === "Compose" && source.text === undefined) {
    return { ...observed, source: wanted }
  }
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

/** The container of a compose file stands behind a `#`. */
const domainSaid = (url: string): string => url.replace(/#(.*)$/, " ($1)")

/** The comparable facts of an application, named as in the spec. */
const fieldsOf = (settings: ApplicationSettings): ReadonlyArray<readonly [string, string]> => [
  ...sourceFields(settings.source),
  ["domain", settings.domains.map(domainSaid).toSorted().join(", ") || "none"],
  // Nobody named it, and nobody is led there.
  ...(isCompose(settings.source) || (settings.domains.length === 0 && settings.port === defaultPort)
    ? []
    : [["port", String(settings.port)] as const]),
  ...(isCompose(settings.source) ? [] : healthcheckFields(settings))
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
        ...(source.compose === undefined
          ? ([["buildPack", source.buildPack]] as const)
          : ([["compose", source.compose]] as const)),
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
    case "Compose":
      return composeFields(source.text)
  }
}

/** By what it means: Coolify writes the text anew. */
const composeFields = (text: string | undefined): ReadonlyArray<readonly [string, string]> => {
  const read = composeFile(text)
  if (read === undefined) return [["compose", "not told"]]
  return [
    ...read.services.map(
      ({ image, meaning, name }) =>
        [`compose.${name}`, `${image}, ${Marker.digest(meaning).slice(0, 8)}`] as const
    ),
    ["compose", `${read.services.length} containers, ${Marker.digest(read.rest).slice(0, 8)}`]
  ]
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
