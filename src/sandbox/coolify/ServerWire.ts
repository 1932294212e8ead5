/** A server in the forms in which the API shows it; fields and defaults as recorded at 4.3.11. */
import type { Server } from "./CoolifyState.ts"
import { stamps, timestamp } from "./Timestamp.ts"

type Json = Readonly<Record<string, unknown>>

const settings = (server: Server, sensitive: boolean): Json => ({
  id: server.id,
  backup_compression_cpu_percentage: 25,
  compose_version: "2.26.1",
  compose_version_checked_at: timestamp(server.updated_at),
  concurrent_builds: server.concurrent_builds,
  connection_timeout: 10,
  delete_unused_networks: false,
  delete_unused_volumes: false,
  deployment_queue_limit: server.deployment_queue_limit,
  disable_application_image_retention: false,
  docker_cleanup_frequency: "0 0 * * *",
  docker_cleanup_threshold: 80,
  docker_version: "27.0.3",
  docker_version_checked_at: timestamp(server.updated_at),
  dynamic_timeout: 3600,
  force_disabled: false,
  force_docker_cleanup: true,
  generate_exact_labels: false,
  is_build_server: server.is_build_server,
  is_cloudflare_tunnel: false,
  is_jump_server: false,
  is_logdrain_axiom_enabled: false,
  is_logdrain_custom_enabled: false,
  is_logdrain_highlight_enabled: false,
  is_logdrain_newrelic_enabled: false,
  is_metrics_enabled: false,
  is_reachable: server.is_reachable,
  is_sentinel_debug_enabled: false,
  is_sentinel_enabled: false,
  is_swarm_manager: false,
  is_swarm_worker: false,
  is_terminal_enabled: true,
  is_usable: server.is_usable,
  logdrain_axiom_dataset_name: null,
  logdrain_highlight_project_id: null,
  logdrain_newrelic_base_uri: null,
  sentinel_metrics_history_days: 7,
  sentinel_metrics_refresh_rate_seconds: 10,
  sentinel_push_interval_seconds: 60,
  server_disk_usage_check_frequency: "0 23 * * *",
  server_disk_usage_notification_threshold: 80,
  server_id: server.id,
  server_timezone: "UTC",
  wildcard_domain: server.wildcard_domain,
  ...(sensitive ? secretSettings : {}),
  ...stamps(server)
})

const secretSettings = {
  logdrain_axiom_api_key: null,
  logdrain_custom_config: null,
  logdrain_custom_config_parser: null,
  logdrain_newrelic_license_key: null,
  sentinel_custom_url: "http://host.docker.internal:8000",
  sentinel_token: ""
}

const common = (server: Server): Json => ({
  uuid: server.uuid,
  name: server.name,
  description: server.description,
  ip: server.ip,
  is_coolify_host: false,
  port: 22,
  user: "root"
})

/** An entry of `GET /servers`. */
export const serverItem = (server: Server): Json => ({
  ...common(server),
  is_reachable: server.is_reachable,
  is_usable: server.is_usable,
  proxy: { redirect_enabled: true },
  settings: settings(server, false)
})

/** The full row. */
export const serverRow = (server: Server, sensitive: boolean): Json => ({
  ...common(server),
  cloud_provider_token_id: null,
  deleted_at: null,
  detected_traefik_version: null,
  digitalocean_droplet_id: null,
  digitalocean_droplet_status: null,
  hetzner_server_id: null,
  hetzner_server_status: null,
  high_disk_usage_notification_sent: false,
  ip_previous: null,
  is_validating: false,
  log_drain_notification_sent: false,
  private_key_id: 0,
  proxy: {
    type: server.proxy,
    status: "running",
    last_saved_settings: null,
    last_applied_settings: null,
    redirect_enabled: true,
    force_stop: false
  },
  sentinel_updated_at: timestamp(server.updated_at).slice(0, 19).replace("T", " "),
  server_metadata: null,
  settings: settings(server, sensitive),
  swarm_cluster: null,
  team_id: server.team_id,
  traefik_outdated_info: null,
  unreachable_count: 0,
  unreachable_notification_sent: false,
  validation_logs: null,
  vultr_instance_id: null,
  vultr_instance_status: null,
  ...stamps(server)
})

const destination = (server: Server) => ({
  uuid: server.destination_uuid,
  name: "coolify",
  network: "coolify",
  ...stamps(server)
})

/** An entry of `GET /servers/{uuid}/destinations`. */
export const destinationItem = (server: Server): Json => ({
  ...destination(server),
  type: "standalone",
  server_uuid: server.uuid
})

/** Inside an application, with its server. */
export const destinationRow = (server: Server, sensitive: boolean): Json => ({
  ...destination(server),
  id: server.destination_id,
  server_id: server.id,
  server: { id: server.id, ...serverRow(server, sensitive) }
})
