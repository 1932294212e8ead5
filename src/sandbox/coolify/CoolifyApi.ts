/**
 * A Coolify for the sandbox: its HTTP API as an HttpApp, and what runs on its servers.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Stored } from "../Stored.ts"
import { applicationRoutes } from "./ApplicationRoutes.ts"
import { backupRoutes } from "./BackupRoutes.ts"
import type { Backend } from "./Backend.ts"
import * as Behaviour from "./Behaviour.ts"
import type { Container, CoolifyState, Route } from "./CoolifyState.ts"
import { serverRow, type ServerSeed } from "./InitialState.ts"
import * as Database from "./Database.ts"
import { deploymentRoutes } from "./DeploymentRoutes.ts"
import * as Door from "./Door.ts"
import * as Engine from "./Engine.ts"
import { short, withComposeFile } from "./GitCompose.ts"
import { instanceRoutes } from "./InstanceRoutes.ts"
import { defaultLatency, type Latency } from "./Latency.ts"
import { projectRoutes } from "./ProjectRoutes.ts"
import * as Router from "./Router.ts"
import type { RunningContainer } from "./RunningContainer.ts"
import { serverRoutes } from "./ServerRoutes.ts"
import { servicePartRoutes } from "./ServicePartRoutes.ts"
import { serviceRoutes } from "./ServiceRoutes.ts"
import { serviceStorageRoutes } from "./ServiceStorageRoutes.ts"
import { standaloneRoutes } from "./StandaloneRoutes.ts"
import { addGithubApp, addKey, sourceRoutes } from "./SourceRoutes.ts"
import { storageRoutes } from "./StorageRoutes.ts"
import { taskRoutes } from "./TaskRoutes.ts"
import { tagRoutes } from "./TagRoutes.ts"
import { variableRoutes } from "./VariableRoutes.ts"
import { world, type CoolifyWorld } from "./World.ts"

export interface CoolifyOptions {
  readonly state: Stored<CoolifyState>
  /** What `GET /version` says; `4.3.11` when absent. */
  readonly version?: string
  readonly latency?: Partial<Latency>
  /** Requests a minute and user; 200 when absent. */
  readonly rateLimit?: number
  /** A minute, unless a test has no time for one. */
  readonly rateWindowMillis?: number
}

export interface CoolifyApi {
  /** Serves `/api/v1/...` and `/api/health`. */
  readonly app: HttpApp.Default
  /** The container that the proxy's labels send this host (and path, `/` when absent) to; the longest path wins. */
  readonly containerFor: (host: string, path?: string) => Effect.Effect<RunningContainer | undefined>
  readonly state: Stored<CoolifyState>
  /** Adds the servers whose name is not there yet; a known name only takes over the address. */
  readonly seed: (what: CoolifySeed) => Effect.Effect<void>
  readonly world: Effect.Effect<CoolifyWorld>
}

/** What is there by its name stays as it is. */
interface CoolifySeed {
  readonly servers?: ReadonlyArray<ServerSeed>
  readonly deployKeys?: ReadonlyArray<string>
  readonly githubApps?: ReadonlyArray<string>
  readonly composeFiles?: SandboxComposeFiles
  readonly pushes?: ReadonlyArray<{ readonly repository: string; readonly branch: string }>
}

/** Compose files in repositories; those that stand there already get the containers that they lack. */
type SandboxComposeFiles = ReadonlyArray<{
  readonly repository: string
  readonly path: string
  readonly containers: ReadonlyArray<string>
}>

const containerFor = (state: CoolifyState, host: string, path: string): RunningContainer | undefined => {
  const name = host.toLowerCase().replace(/:\d+$/, "")
  const candidates = state.containers
    .flatMap((container) => container.routes.map((route) => ({ container, route })))
    .filter(({ route }) => route.host === name && path.startsWith(route.path))
    .toSorted((a, b) => b.route.path.length - a.route.path.length)
  const [best] = candidates
  return best === undefined ? undefined : running(best.container, best.route)
}

const running = (container: Container, { port, redirect, users }: Route): RunningContainer => ({
  applicationUuid: container.application_uuid,
  name: container.name,
  env: container.env,
  startedAt: container.started_at,
  behaviour: Behaviour.fromVariables(container.env),
  image: container.image,
  redirect,
  users,
  portMismatch: port !== null && container.listens !== null && port !== container.listens
})

const seeded = (state: CoolifyState, fresh: Database.Fresh, seed: ServerSeed): CoolifyState => {
  const known = state.servers.find((row) => row.name === seed.name)
  if (known?.ip === seed.ip) return state
  if (known !== undefined) {
    const moved = { ...known, ip: seed.ip, updated_at: fresh.now }
    return { ...state, servers: Database.replaceRow(state.servers, moved) }
  }
  const row = serverRow(seed, state.next_id, fresh.uuid(), fresh.uuid(), fresh.now)
  return { ...state, next_id: state.next_id + 2, servers: [...state.servers, row] }
}

const withKey = (state: CoolifyState, fresh: Database.Fresh, name: string): CoolifyState =>
  state.private_keys.some((row) => row.name === name)
    ? state
    : addKey(state, fresh, { name, description: null, fingerprint: `seed of ${name}`, team_id: 0 })[1]

const withApp = (state: CoolifyState, fresh: Database.Fresh, name: string): CoolifyState =>
  state.github_apps.some((row) => row.name === name)
    ? state
    : addGithubApp(state, fresh, { name, team_id: 0 })[1]

/** Work that a previous process left unfinished (deployments, deletions) goes on. Uuids come from the Random service. */
export const make = (options: CoolifyOptions): Effect.Effect<CoolifyApi, never, Scope.Scope> =>
  Effect.gen(function* () {
    const database = yield* Database.make(options.state)
    const engine = yield* Engine.make(database, { ...defaultLatency, ...options.latency })
    const backend: Backend = { database, engine, version: options.version ?? "4.3.11" }
    const routes = [
      ...instanceRoutes(backend),
      ...serverRoutes(backend),
      ...projectRoutes(backend),
      ...applicationRoutes(backend),
      ...variableRoutes(backend),
      ...storageRoutes(backend),
      ...taskRoutes(backend),
      ...sourceRoutes(backend),
      ...standaloneRoutes(backend),
      ...serviceRoutes(backend),
      ...servicePartRoutes(backend),
      ...serviceStorageRoutes(backend),
      ...backupRoutes(backend),
      ...tagRoutes(backend),
      ...deploymentRoutes(backend)
    ]
    const api: CoolifyApi = {
      app: Router.app(
        routes,
        database,
        yield* Door.makeThrottle(options.rateWindowMillis ?? 60_000),
        options.rateLimit ?? 200
      ),
      containerFor: (host, path = "/") =>
        Effect.map(options.state.get, (state) => containerFor(state, host, path)),
      state: options.state,
      seed: ({ composeFiles = [], deployKeys = [], githubApps = [], pushes = [], servers = [] }) =>
        database.change((state, fresh) => {
          const served = servers.reduce((next, server) => seeded(next, fresh, server), state)
          const keyed = deployKeys.reduce((next, name) => withKey(next, fresh, name), served)
          const ready = githubApps.reduce((next, name) => withApp(next, fresh, name), keyed)
          const moved = pushes.map(({ branch, repository }) => `${short(repository)}#${branch}`)
          const pushed = { ...ready, pushes: [...ready.pushes, ...moved] }
          return [undefined, composeFiles.reduce(withComposeFile, pushed)]
        }),
      world: Effect.map(options.state.get, world)
    }
    return api
  })
