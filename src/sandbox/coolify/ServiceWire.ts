/** Services and their parts in the forms in which the API shows them. */
import type { PlacedService } from "./Lookup.ts"
import * as ServerWire from "./ServerWire.ts"
import { statusOf } from "./ServiceRun.ts"
import type { ServicePart, ServiceStorage } from "./ServiceState.ts"
import { stamps, timestamp } from "./Timestamp.ts"
import { environmentRow, projectRow, team } from "./Wire.ts"

type Json = Readonly<Record<string, unknown>>

const common = (part: ServicePart): Json => ({
  uuid: part.uuid,
  name: part.name,
  human_name: part.human_name,
  description: part.description,
  image: part.image,
  status: part.status,
  exclude_from_status: part.exclude_from_status,
  is_gzip_enabled: part.is_gzip_enabled,
  is_stripprefix_enabled: part.is_stripprefix_enabled,
  deleted_at: null,
  exposes: null,
  ports: "",
  is_include_timestamps: false,
  is_log_drain_enabled: false,
  is_migrated: false,
  last_online_at: timestamp(part.updated_at).slice(0, 19).replace("T", " "),
  ...stamps(part)
})

/** A part as its own routes show it. */
export const part = (row: ServicePart): Json =>
  row.kind === "application"
    ? {
        ...common(row),
        fqdn: row.fqdn,
        required_fqdn: false,
        noindex_domains: null,
        redirect: "both",
        is_force_https_enabled: true,
        service_id: row.service_id
      }
    : {
        ...common(row),
        custom_type: null,
        is_public: row.is_public,
        public_port: row.public_port,
        public_port_timeout: 3600
      }

const inside = (parts: ReadonlyArray<ServicePart>, kind: ServicePart["kind"]): ReadonlyArray<Json> =>
  parts
    .filter((row) => row.kind === kind)
    .map((row) => ({ id: row.id, ...part(row), service_id: row.service_id }))

const base = ({ parts, server, service }: PlacedService): Json => ({
  uuid: service.uuid,
  name: service.name,
  description: service.description,
  status: statusOf(service, parts),
  service_type: service.service_type,
  connect_to_docker_network: service.connect_to_docker_network,
  is_container_label_escape_enabled: service.is_container_label_escape_enabled,
  config_hash: service.config_hash,
  compose_parsing_version: "5",
  deleted_at: null,
  destination_id: server.destination_id,
  destination_type: "App\\Models\\StandaloneDocker",
  environment_id: service.environment_id,
  server_id: server.id,
  server_status: server.is_reachable,
  ...stamps(service)
})

const texts = ({ service }: PlacedService, sensitive: boolean): Json =>
  sensitive ? { docker_compose: service.docker_compose, docker_compose_raw: service.docker_compose_raw } : {}

const withParts = (placed: PlacedService, sensitive: boolean): Json => ({
  ...base(placed),
  ...texts(placed, sensitive),
  server: { id: placed.server.id, ...ServerWire.serverRow(placed.server, false) },
  applications: inside(placed.parts, "application"),
  databases: inside(placed.parts, "database")
})

/** In its environment. */
export const inventoried = (placed: PlacedService, sensitive: boolean): Json => ({
  id: placed.service.id,
  ...withParts(placed, sensitive)
})

/** As `GET /services` lists it. */
export const listed = (placed: PlacedService, sensitive: boolean): Json => ({
  ...withParts(placed, sensitive),
  laravel_through_key: placed.project.id,
  ...(sensitive ? { destination: ServerWire.destinationRow(placed.server, sensitive) } : {})
})

const place = ({ environment, project }: PlacedService): Json => ({
  ...environmentRow(environment),
  project: { ...projectRow(project), team: { ...team(project.team_id), custom_server_limit: null } }
})

/** As `GET /services/{uuid}` answers it. */
export const detail = (placed: PlacedService, sensitive: boolean): Json => ({
  ...withParts(placed, sensitive),
  environment: place(placed),
  ...(sensitive ? { destination: ServerWire.destinationRow(placed.server, sensitive) } : {})
})

/** An application among the parts as its own routes answer it. */
export const partDetail = (placed: PlacedService, row: ServicePart): Json => {
  if (row.kind === "database") return part(row)
  const { settings: _, ...server } = ServerWire.serverRow(placed.server, false)
  const { server: __, ...destination } = ServerWire.destinationRow(placed.server, false)
  return {
    ...part(row),
    service: {
      id: placed.service.id,
      ...base(placed),
      destination: { ...destination, server: { id: placed.server.id, ...server } },
      environment: place(placed),
      server: { id: placed.server.id, ...ServerWire.serverRow(placed.server, false) },
      applications: inside(placed.parts, "application"),
      databases: inside(placed.parts, "database")
    }
  }
}

/** What a write of one answers. */
export const partWritten = (placed: PlacedService, row: ServicePart): Json =>
  row.kind === "database" ? part(row) : { ...part(row), service: inventoried(placed, false) }

/** Inside what it stores. */
const owner = (placed: PlacedService, row: ServicePart): Json => ({
  id: row.id,
  ...part(row),
  service: {
    id: placed.service.id,
    ...base(placed),
    server: { id: placed.server.id, ...ServerWire.serverRow(placed.server, false) }
  }
})

const model = ({ id, kind }: ServicePart): Json => ({
  resource_id: id,
  resource_type: kind === "application" ? "App\\Models\\ServiceApplication" : "App\\Models\\ServiceDatabase"
})

/** What a write answers of a storage that was just made. */
export const newStorage = (of: ServicePart, row: ServiceStorage): Json => ({
  id: row.id,
  uuid: row.uuid,
  mount_path: row.mount_path,
  ...model(of),
  ...stamps(row),
  ...(row.name === null
    ? {
        fs_path: row.fs_path,
        content: row.content,
        is_directory: false,
        is_binary: false,
        is_too_large: false,
        service: null,
        resource: { id: of.id, ...part(of) }
      }
    : { name: row.name, host_path: null })
})

const file = (row: ServiceStorage): Json => ({
  fs_path: row.fs_path,
  content: row.content,
  is_directory: row.is_directory,
  chmod: null,
  chown: null,
  is_based_on_git: false,
  is_binary: false,
  is_host_file: false,
  is_too_large: false
})

const shown = (row: ServiceStorage): Json => ({
  id: row.id,
  uuid: row.uuid,
  mount_path: row.mount_path,
  is_preview_suffix_enabled: true,
  ...stamps(row),
  ...(row.name === null ? file(row) : { name: row.name, host_path: null, container_id: null })
})

export const storageWritten = (placed: PlacedService, of: ServicePart, row: ServiceStorage): Json => ({
  ...shown(row),
  ...model(of),
  ...(row.name === null ? { service: owner(placed, of) } : {})
})

export const storages = ({ parts }: PlacedService): Json => {
  const all = parts.flatMap(({ id, kind, storages, uuid }) =>
    storages.map((row) => ({
      isVolume: row.name !== null,
      json: { ...shown(row), resource_id: id, resource_type: kind, resource_uuid: uuid }
    }))
  )
  return {
    persistent_storages: all.filter(({ isVolume }) => isVolume).map(({ json }) => json),
    file_storages: all.filter(({ isVolume }) => !isVolume).map(({ json }) => json)
  }
}
