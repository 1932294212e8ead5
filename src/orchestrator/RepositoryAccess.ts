/** The deploy key or GitHub App that a spec names, among Coolify's. */
import * as Effect from "effect/Effect"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { RepositoryAccess } from "../coolify/Source.ts"
import { RefusedError } from "../engine/DeployError.ts"

const titles = { deployKey: "private key", githubApp: "GitHub App" } as const

const places = {
  deployKey:
    "add the key in Coolify (Keys & Tokens, Private Keys), or name one of those in `source.deployKey`",
  githubApp: "connect the App in Coolify (Sources), or name one of those in `source.githubApp`"
} as const

const listOf = (kind: RepositoryAccess["kind"]) =>
  Effect.flatMap(CoolifyClient, ({ sources }) =>
    kind === "deployKey" ? sources.deployKeys : sources.githubApps
  )

/** What the spec names, with Coolify's numbers. One request, and only where it names one. */
export const findAccess = Effect.fn("findAccess")(function* ({ source }: Spec) {
  const wanted = source._tag === "Git" ? source.access : undefined
  if (wanted?.name === undefined) return undefined
  const { kind, name } = wanted
  const all = yield* listOf(kind)
  const matches = all.filter((one) => one.uuid === name || one.name === name)
  const [match] = matches
  if (match === undefined) {
    return yield* new RefusedError({
      reason: "NotFound",
      detail: `Coolify has no ${titles[kind]} ${name} (it has: ${all.map((one) => one.name).join(", ") || "none"})`,
      next: places[kind]
    })
  }
  if (matches.length > 1) {
    return yield* new RefusedError({
      reason: "Ambiguous",
      detail: `Coolify has ${matches.length} of the name ${name}: ${matches.map(({ uuid }) => uuid).join(", ")}`,
      next: `name it in \`source.${kind}\` by its uuid`
    })
  }
  return { kind, name, id: match.id, uuid: match.uuid } satisfies RepositoryAccess
})

/** The application as a spec tells of it: what reads its repository by its name, or the uuid where others have that too. */
export const withNamedAccess = Effect.fn("withNamedAccess")(function* <A extends Application>(
  application: A
) {
  const { source } = application
  if (source._tag !== "Git" || source.access === undefined) return application
  const { id, kind } = source.access
  const all = id === undefined ? [] : yield* listOf(kind)
  const found = all.find((one) => one.id === id)
  if (found === undefined) {
    return yield* new RefusedError({
      reason: "Unreadable",
      detail: `the token may not read which ${titles[kind]} ${application.name} has`,
      next: "tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
    })
  }
  const isShared = all.some((one) => one !== found && one.name === found.name)
  return { ...application, source: { ...source, access: { kind, name: isShared ? found.uuid : found.name } } }
})
