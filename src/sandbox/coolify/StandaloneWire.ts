/** Standalone databases in the forms in which the API shows them. */
import type { Columns } from "./CoolifyState.ts"
import type { PlacedDatabase } from "./Lookup.ts"
import { destinationRow } from "./ServerWire.ts"
import { internalUrl, sensitiveColumns } from "./StandaloneColumns.ts"
import { stamps, timestamp } from "./Timestamp.ts"
import { environmentRow, projectRow, team } from "./Wire.ts"

type Json = Readonly<Record<string, unknown>>

/** Where Coolify's proxy would publish it. */
export const externalUrl = (url: string, ip: string, columns: Columns): string =>
  url.replace(/@[^:]+:\d+/, `@${ip}:${String(columns["public_port"])}`)

/** A database as lists show it. */
export const database = (
  { row, server }: PlacedDatabase,
  sensitive: boolean,
  showsServer = sensitive
): Json => {
  const { columns, engine, uuid } = row
  const url = internalUrl(engine, uuid, columns)
  const isPublic = columns["is_public"] === true && columns["public_port"] !== null
  // Redis keeps its password among its variables.
  const { redis_password: _, ...shown } = columns
  const all: Json = {
    ...shown,
    ...(engine === "keydb" ? {} : { database_type: `standalone-${engine}` }),
    uuid,
    status: row.status,
    internal_db_url: url,
    external_db_url: isPublic ? externalUrl(url, server.ip, columns) : null,
    deleted_at: null,
    destination: destinationRow(server, showsServer),
    destination_id: server.destination_id,
    destination_type: "App\\Models\\StandaloneDocker",
    environment_id: row.environment_id,
    last_online_at: timestamp(row.updated_at),
    last_restart_at: null,
    last_restart_type: null,
    restart_count: 0,
    server_status: server.is_reachable,
    started_at: null,
    ...stamps(row)
  }
  return sensitive
    ? all
    : Object.fromEntries(Object.entries(all).filter(([name]) => !sensitiveColumns.has(name)))
}

/** A database as `GET /databases/{uuid}` answers it. */
export const databaseDetail = (placed: PlacedDatabase, sensitive: boolean): Json => ({
  ...database(placed, sensitive),
  environment: {
    ...environmentRow(placed.environment),
    project: {
      ...projectRow(placed.project),
      team: { ...team(placed.project.team_id), custom_server_limit: null }
    }
  }
})
