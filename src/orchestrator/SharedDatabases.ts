/** Databases that a spec uses and that are there without it. */
import * as Effect from "effect/Effect"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Database } from "../coolify/endpoints/Databases.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { sharedDatabase, unseenDatabase } from "../kinds/Database.ts"

const fits =
  (use: string) =>
  ({ name, uuid }: Database): boolean =>
    name === use || uuid === use

const namesOf = (all: ReadonlyArray<Database>): string => all.map(({ name }) => name).join(", ") || "none"

/**
 * What the spec uses, first of its own environment, then of the whole team: that is one request more.
 * @param inventory what the environment tells of.
 * @param options `offline`: nobody can be asked, so what is named is taken to be there.
 */
export const findShared = Effect.fn("findShared")(function* (
  { sharedDatabases = [] }: Spec,
  inventory: ReadonlyArray<Database>,
  { offline = false }: { readonly offline?: boolean }
) {
  const coolify = yield* CoolifyClient
  const everywhere = yield* Effect.cached(coolify.databases.list)
  return yield* Effect.forEach(
    sharedDatabases,
    Effect.fnUntraced(function* ({ name, use }) {
      if (offline) return unseenDatabase(name, use)
      const near = inventory.filter(fits(use))
      const all = near.length > 0 ? near : yield* everywhere
      const matches = all.filter(fits(use))
      const [live] = matches
      if (live === undefined) {
        return yield* new RefusedError({
          reason: "NotFound",
          detail: `Coolify has no database ${use}, which ${name} uses (it has: ${namesOf(all)})`,
          next: "apply the spec that makes it first, or name another one by its name or uuid in Coolify"
        })
      }
      if (matches.length > 1) {
        return yield* new RefusedError({
          reason: "Ambiguous",
          detail: `Coolify has ${matches.length} databases named ${use}: ${matches.map(({ uuid }) => uuid).join(", ")}`,
          next: "name one of them by its uuid"
        })
      }
      return sharedDatabase(name, live)
    })
  )
})
