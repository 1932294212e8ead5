/** What every implementation of the contract refuses before anything is sent. */
import { composeFile } from "./ComposeText.ts"
import { containersIn } from "./ContainerUrls.ts"
import type { ApplicationPatch, ApplicationSettings } from "./endpoints/Applications.ts"
import type { Variable } from "./endpoints/Variables.ts"
import { CoolifyError } from "./CoolifyError.ts"

const invalid = (method: string, field: string, message: string) =>
  new CoolifyError({ method, reason: "Invalid", detail: message, problems: [{ field, message }] })

/** Coolify drops the domain of a container that it does not know, and answers that all is well (recorded: compose-app 13, 14). */
export const unknownContainers = (
  domains: ReadonlyArray<string>,
  { composeText }: Pick<ApplicationSettings, "composeText">
): string | undefined => {
  const file = composeFile(composeText ?? undefined)
  if (file === undefined) return undefined
  const known = file.services.map(({ name }) => name)
  const unknown = containersIn(domains).filter((name) => !known.includes(name))
  return unknown.length === 0
    ? undefined
    : `the compose file in the repository, as Coolify has read it last, has no container ${unknown.join(", ")} (it has: ${known.join(", ")})`
}

/** The kind of source and the text of an inline Dockerfile are fixed at creation. */
export const refusedPatch = (
  patch: ApplicationPatch,
  current: ApplicationSettings
): CoolifyError | undefined => {
  const unknown = unknownContainers(patch.domains ?? [], current)
  if (unknown !== undefined) return invalid("updateApplication", "domains", unknown)
  if (patch.source === undefined) return undefined
  if (patch.source._tag !== current.source._tag) {
    return invalid(
      "updateApplication",
      "source",
      `an application made from ${current.source._tag} cannot become one from ${patch.source._tag}: destroy and create it`
    )
  }
  if (
    patch.source._tag === "Dockerfile" &&
    current.source._tag === "Dockerfile" &&
    patch.source.text !== current.source.text
  ) {
    return invalid(
      "updateApplication",
      "source",
      "Coolify's API cannot change the text of an inline Dockerfile: destroy and create the application"
    )
  }
  return undefined
}

/** Coolify would make two rows of a key that stands twice in one request. */
export const repeatedKey = (method: string, variables: ReadonlyArray<Variable>): CoolifyError | undefined => {
  const seen = new Set<string>()
  for (const { key, isPreview } of variables) {
    const id = `${key} ${isPreview}`
    if (seen.has(id)) return invalid(method, key, `the variable ${key} is given twice`)
    seen.add(id)
  }
  return undefined
}
