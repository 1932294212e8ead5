/** The servers that Coolify deploys to. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CoolifyError } from "../CoolifyError.ts"
import type { Transport } from "../Transport.ts"
import { Uuid } from "./Fields.ts"

export interface Server {
  readonly uuid: string
  readonly name: string
  /** The address Coolify reaches it at: an IP, a host name, or `host.docker.internal` for Coolify's own host. */
  readonly ip: string
  readonly reachable: boolean
  readonly usable: boolean
}

/** The host names that Coolify serves at one address. */
export interface ServedDomains {
  readonly ip: string
  readonly domains: ReadonlyArray<string>
}

/** Requests about servers. */
export interface Servers {
  readonly list: Effect.Effect<ReadonlyArray<Server>, CoolifyError>
  /**
   * The host names of all applications and services of the token's team, by the address of the server that they run on.
   * For Coolify's own host that is its public address, where the instance knows it; empty while there are no
   * domains. The controller looks at no server (ServersController::domains_by_server, 4.3.11), so every server's are
   * in it.
   */
  readonly domains: (serverUuid: string) => Effect.Effect<ReadonlyArray<ServedDomains>, CoolifyError>
}

const ServerRows = Schema.Array(
  Schema.Struct({
    uuid: Uuid,
    name: Schema.String,
    ip: Schema.String,
    is_reachable: Schema.Boolean,
    is_usable: Schema.Boolean
  })
)

const ServedDomainRows = Schema.Array(
  Schema.Struct({ ip: Schema.String, domains: Schema.Array(Schema.String) })
)

export const makeServers = ({ json }: Transport): Servers => ({
  list: json({ method: "listServers", verb: "GET", path: "/servers" }, ServerRows).pipe(
    Effect.map((servers) =>
      servers.map(({ uuid, name, ip, is_reachable, is_usable }) => ({
        uuid,
        name,
        ip,
        reachable: is_reachable,
        usable: is_usable
      }))
    )
  ),
  domains: (uuid) =>
    json(
      { method: "servedDomains", verb: "GET", path: "/servers/{uuid}/domains", ids: { uuid } },
      ServedDomainRows
    )
})
