/** What many plans ask Coolify for alike, asked once for all of them. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Scope from "effect/Scope"
import type { CoolifyClient } from "./CoolifyClient.ts"
import { gathered } from "./GatheredReads.ts"

type Client = typeof CoolifyClient.Service

/**
 * The same client, whose lists of the server's own and each environment's inventory are read once until `end`. To be ended
 * before anything is written: what was read before says nothing of what came after. From then on projects and inventories
 * are asked for anew, by one request for all who wait for one; the rest each time.
 */
export const shareReads = Effect.fn("shareReads")(function* (client: Client) {
  const open = yield* Ref.make(true)
  const either = <A, E>(once: Effect.Effect<A, E>, each: Effect.Effect<A, E>) =>
    Effect.flatMap(Ref.get(open), (isOpen) => (isOpen ? once : each))
  const shared = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<Effect.Effect<A, E>> =>
    Effect.map(Effect.cached(effect), (once) => either(once, effect))
  const inventories = yield* Effect.cachedFunction(
    ({ environment, project }: { readonly project: string; readonly environment: string }) =>
      client.environments.inventory(project, environment)
  )
  const latest = yield* Effect.cachedFunction(
    ({ environment, project }: { readonly project: string; readonly environment: string }) =>
      gathered(client.environments.inventory(project, environment))
  )
  const scope = yield* Effect.scope
  const domains = yield* Effect.cachedFunction(client.servers.domains)
  const { deployments, environments, projects, servers, sources } = client
  const reading: Client = {
    ...client,
    version: yield* shared(client.version),
    servers: {
      ...servers,
      list: yield* shared(servers.list),
      domains: (server) => either(domains(server), servers.domains(server))
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
    deployments: { ...deployments, mayStart: yield* shared(deployments.mayStart) }
  }
  return { client: reading, end: Ref.set(open, false) }
})
