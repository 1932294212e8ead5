/** What many plans ask Coolify for alike, asked once for all of them. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import type { CoolifyClient } from "./CoolifyClient.ts"
import { gathered, keptFor } from "./GatheredReads.ts"

type Client = typeof CoolifyClient.Service

/** For so long after `end` what no run changes may be as it was: a second look needs it, and many are taken. */
const fresh = "30 seconds"

/**
 * The same client, whose lists of the server's own and each environment's inventory are read once until `end`. To be ended
 * before anything is written: what was read before says nothing of what came after. From then on projects and inventories
 * are asked for anew, by one request for all who wait for one, servers, domains in use and the token's rights twice a
 * minute at most; the rest each time.
 */
export const shareReads = Effect.fn("shareReads")(function* (client: Client) {
  const open = yield* Ref.make(true)
  const scope = yield* Effect.scope
  const either = <A, E>(once: Effect.Effect<A, E>, each: Effect.Effect<A, E>) =>
    Effect.flatMap(Ref.get(open), (isOpen) => (isOpen ? once : each))
  const shared = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Effect.Effect<A, E>> =>
    Effect.map(Effect.cached(effect), (once) => either(once, effect))
  /** Read once until `end`, and from then on kept for a while. */
  const lasting = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.zipWith(Effect.cached(effect), keptFor(fresh, effect), either)
  const inventories = yield* Effect.cachedFunction(
    ({ environment, project }: { readonly project: string; readonly environment: string }) =>
      client.environments.inventory(project, environment)
  )
  const latest = yield* Effect.cachedFunction(
    ({ environment, project }: { readonly project: string; readonly environment: string }) =>
      gathered(client.environments.inventory(project, environment))
  )
  const domains = yield* Effect.cachedFunction(client.servers.domains)
  const laterDomains = yield* Effect.cachedFunction((server: string) =>
    keptFor(fresh, client.servers.domains(server))
  )
  const { deployments, environments, projects, servers, sources } = client
  const reading: Client = {
    ...client,
    version: yield* shared(client.version),
    servers: {
      ...servers,
      list: yield* lasting(servers.list),
      domains: (server) => either(domains(server), Effect.flatten(Scope.extend(laterDomains(server), scope)))
    },
    sources: {
      ...sources,
      deployKeys: yield* shared(sources.deployKeys),
      githubApps: yield* shared(sources.githubApps)
    },
    projects: {
      ...projects,
      list: either(yield* Effect.cached(projects.list), yield* gathered(projects.list))
    },
    environments: {
      ...environments,
      inventory: (project, environment) => {
        const place = Data.struct({ environment, project })
        return either(inventories(place), Effect.flatten(Scope.extend(latest(place), scope)))
      }
    },
    deployments: { ...deployments, mayStart: yield* lasting(deployments.mayStart) }
  }
  return { client: reading, end: Ref.set(open, false) }
})
