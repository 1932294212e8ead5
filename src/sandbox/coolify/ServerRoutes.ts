/**
 * Servers. From ServersController at 4.3.11; servers are made by `CoolifyApi.seed`, not over the API.
 */
import * as Either from "effect/Either"
import type { Backend } from "./Backend.ts"
import * as Columns from "./Columns.ts"
import type { CoolifyState, Server } from "./CoolifyState.ts"
import * as Domains from "./Domains.ts"
import * as Lookup from "./Lookup.ts"
import { reply } from "./Reply.ts"
import { action, get, type Route } from "./Route.ts"
import { isTrue } from "./Validation.ts"
import * as ServerWire from "./ServerWire.ts"
import { statusOf } from "./ServiceRun.ts"
import { timestamp } from "./Timestamp.ts"

const resources = (state: CoolifyState, server: Server) => [
  ...state.applications
    .filter((row) => row.server_id === server.id)
    .map((row) => ({
      id: row.id,
      uuid: row.uuid,
      name: Columns.string(row.columns, "name"),
      type: "application",
      status: row.status,
      created_at: timestamp(row.created_at),
      updated_at: timestamp(row.updated_at)
    })),
  ...state.services
    .filter((row) => row.server_id === server.id)
    .map((row) => ({
      id: row.id,
      uuid: row.uuid,
      name: row.name,
      type: "service",
      status: statusOf(
        row,
        state.parts.filter((part) => part.service_id === row.id)
      ),
      created_at: timestamp(row.created_at),
      updated_at: timestamp(row.updated_at)
    }))
]

/**
 * Of every server's applications and services, whichever server was asked for: `domains_by_server` looks at no server. Coolify's own host
 * shows the address that the instance knows of itself.
 */
const served = (state: CoolifyState) => {
  const byAddress = new Map<string, ReadonlyArray<string>>()
  const holders = [
    ...state.applications.map(({ columns, server_id }) => ({
      server_id,
      fqdn: Columns.string(columns, "fqdn")
    })),
    ...state.parts.map(({ fqdn, service_id }) => ({
      server_id: state.services.find(({ id }) => id === service_id)?.server_id,
      fqdn: fqdn ?? ""
    }))
  ]
  for (const row of holders) {
    const ip = state.servers.find(({ id }) => id === row.server_id)?.ip ?? ""
    const address = ip === "host.docker.internal" ? (state.settings.public_ipv4 ?? ip) : ip
    const hosts = Domains.list(row.fqdn).map((one) => new URL(one).hostname)
    byAddress.set(address, [...(byAddress.get(address) ?? []), ...hosts])
  }
  return [...byAddress].map(([ip, domains]) => ({ ip, domains: [...new Set(domains)] }))
}

export const serverRoutes = ({ database }: Backend): ReadonlyArray<Route> => {
  const ofServer = (path: string, answer: (state: CoolifyState, server: Server, query: object) => unknown) =>
    get(path, "read", ({ param, token, query }) =>
      database.read((state) =>
        Lookup.server(state, token, param("uuid")).pipe(
          Either.map((server) => reply(200, answer(state, server, query)))
        )
      )
    )
  return [
    get("/servers", "read", ({ token }) =>
      database.read((state) =>
        Either.right(reply(200, Lookup.servers(state, token).map(ServerWire.serverItem)))
      )
    ),
    get("/servers/:uuid", "read", ({ param, token, query, sensitive }) =>
      database.read((state) =>
        Lookup.server(state, token, param("uuid")).pipe(
          Either.map((server) =>
            reply(200, {
              ...ServerWire.serverRow(server, sensitive),
              ...(isTrue(query["resources"]) ? { resources: resources(state, server) } : {})
            })
          )
        )
      )
    ),
    ofServer("/servers/:uuid/resources", resources),
    ofServer("/servers/:uuid/domains", served),
    ofServer("/servers/:uuid/destinations", (_state, server) => [ServerWire.destinationItem(server)]),
    action("/servers/:uuid/validate", "write", ({ param, token }) =>
      database.read((state) =>
        Lookup.server(state, token, param("uuid")).pipe(
          Either.map(() => reply(201, { message: "Validation started." }))
        )
      )
    )
  ]
}
