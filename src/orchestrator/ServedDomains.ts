/** What Coolify says of the names and addresses that it serves. */
import * as Effect from "effect/Effect"
import { isIP } from "node:net"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import type { ServedDomains, Server } from "../coolify/endpoints/Servers.ts"
import { HttpSettings } from "../http/HttpSettings.ts"
import { siteOf } from "../appspec/Domain.ts"
import type { Spec } from "../appspec/Spec.ts"
import { RefusedError } from "../engine/DeployError.ts"
import * as Marker from "../engine/Marker.ts"
import type { Observed } from "./Observe.ts"

/** How Coolify calls the host that it runs on itself. */
const ownHost = "host.docker.internal"

/**
 * A help that may be missing: the controller fails with 500 where a team has services and no application (it uses the
 * address of an application that it has not seen), and then nobody knows.
 */
const servedDomains = Effect.fn("servedDomains")(function* (serverUuid: string) {
  const coolify = yield* CoolifyClient
  const settings = yield* HttpSettings
  return yield* coolify.servers.domains(serverUuid).pipe(
    Effect.provideService(HttpSettings, { ...settings, tries: 1 }),
    Effect.catchIf(
      ({ reason }) => reason === "ServerError" || reason === "BadResponse" || reason === "UnknownEndpoint",
      () => Effect.succeed([])
    )
  )
})

/**
 * The server, Coolify's own host with its public address. Coolify tells that one beside the names that it serves there:
 * not before there is one, and only where the instance knows it. Then the server stays as it is. One request, for
 * Coolify's own host alone.
 */
export const withPublicAddress = Effect.fn("withPublicAddress")(function* (
  server: Server,
  servers: ReadonlyArray<Server>
) {
  if (server.ip !== ownHost) return server
  const ip = publicAddress(yield* servedDomains(server.uuid), servers)
  return ip === undefined ? server : { ...server, ip }
})

/** The answer has the addresses of all servers: the one that is no other server's, IPv4 if there are both. */
const publicAddress = (
  served: ReadonlyArray<ServedDomains>,
  servers: ReadonlyArray<Server>
): string | undefined => {
  const own = served.map(({ ip }) => ip).filter((ip) => servers.every((server) => server.ip !== ip))
  const [v4, ...more] = own.filter((ip) => isIP(ip) === 4)
  return more.length > 0 ? undefined : (v4 ?? own.find((ip) => isIP(ip) === 6))
}

/**
 * Refuses domains that another application holds, before anything is sent: Coolify itself answers 409 only when the
 * record has been written. It compares whole URLs (bootstrap/helpers/domains.php, 4.3.11), so another path of the host is
 * no conflict. One request where the application does not have all its domains yet; a second one to name the holder.
 */
export const refuseHeldDomains = Effect.fn("refuseHeldDomains")(function* (
  spec: Spec,
  { application, remains, server }: Observed
) {
  const own = [...(application === undefined ? [] : [application]), ...remains]
  const has = (one: Pick<Application, "domains">, domain: string) =>
    one.domains.some((url) => isSameUrl(url, `https://${domain}`))
  const wanted = spec.domains.filter((domain) => !own.some((one) => has(one, domain)))
  if (wanted.length === 0) return
  const coolify = yield* CoolifyClient
  const served = yield* servedDomains(server.uuid)
  const taken = wanted.filter((domain) => served.some(({ domains }) => domains.includes(siteOf(domain).host)))
  if (taken.length === 0) return
  const others = (yield* coolify.applications.list).filter(({ uuid }) =>
    own.every((one) => one.uuid !== uuid)
  )
  const [held] = taken.flatMap((domain) =>
    others.filter((one) => has(one, domain)).map((holder) => ({ domain, holder }))
  )
  if (held === undefined) return
  const { domain, holder } = held
  return yield* new RefusedError({
    reason: "Held",
    detail: `https://${domain} belongs to another application in Coolify, ${holder.name} (${holder.uuid})`,
    next:
      Marker.parse(holder.description) === undefined
        ? `take the domain away from it in Coolify, or give the spec another \`domain\`; \`fabrik adopt ${holder.uuid} -o FILE\` makes that application fabrik's`
        : "give the spec another `domain`, or first give the other application's spec another one, and apply it"
  })
})

/** A port and a name behind a `#` are those of a compose file's container. */
const isSameUrl = (a: string, b: string): boolean => a.replace(/(?::\d+)?\/?(?:#.*)?$/, "") === b
