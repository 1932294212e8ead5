/** What a sandbox begins with. */
import type { Ability, CoolifyState, Server } from "./CoolifyState.ts"

export interface ServerSeed {
  readonly name: string
  readonly ip: string
  /** 24 lower case letters and digits; made up when absent. */
  readonly uuid?: string
  readonly wildcardDomain?: string
  readonly proxy?: "TRAEFIK" | "NONE"
  readonly teamId?: number
}

export interface TokenSeed {
  readonly id: number
  readonly secret: string
  readonly abilities: ReadonlyArray<Ability>
  readonly userId?: number
  readonly teamId?: number
  readonly expiresAt?: number
}

/** A new server row; `id` and the following number are used up. */
export const serverRow = (
  seed: ServerSeed,
  id: number,
  uuid: string,
  destinationUuid: string,
  now: number
): Server => ({
  id,
  uuid: seed.uuid ?? uuid,
  team_id: seed.teamId ?? 0,
  name: seed.name,
  description: null,
  ip: seed.ip,
  is_reachable: true,
  is_usable: true,
  is_build_server: false,
  proxy: seed.proxy ?? "TRAEFIK",
  wildcard_domain: seed.wildcardDomain ?? null,
  concurrent_builds: 2,
  deployment_queue_limit: 25,
  destination_id: id + 1,
  destination_uuid: destinationUuid,
  created_at: now,
  updated_at: now
})

/** An instance with the API switched on and no servers yet: `CoolifyApi.seed` adds those. */
export const initialState = (options: { readonly tokens: ReadonlyArray<TokenSeed> }): CoolifyState => ({
  version: 1,
  next_id: 1,
  settings: { api_enabled: true, allowed_ips: "" },
  tokens: options.tokens.map((token) => ({
    id: token.id,
    secret: token.secret,
    user_id: token.userId ?? 0,
    team_id: token.teamId ?? 0,
    abilities: token.abilities,
    expires_at: token.expiresAt ?? null
  })),
  servers: [],
  private_keys: [],
  github_apps: [],
  projects: [],
  environments: [],
  applications: [],
  variables: [],
  storages: [],
  files: [],
  disk: [],
  pushes: [],
  repository_files: [],
  tasks: [],
  databases: [],
  backups: [],
  s3_storages: [],
  services: [],
  parts: [],
  volumes: [],
  tags: [],
  deployments: [],
  containers: [],
  jobs: []
})
