/**
 * A Coolify for the sandbox: its HTTP API as an HttpApp, and what runs on its servers.
 */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Stored } from "../Stored.ts"
import type { CoolifyState, ServerSeed } from "./CoolifyState.ts"
import type { RunningContainer } from "./RunningContainer.ts"
import type { CoolifyWorld } from "./World.ts"

/** How long Coolify takes over what a real one takes minutes for. */
export interface Latency {
  readonly queue: Duration.DurationInput
  readonly build: Duration.DurationInput
  readonly statusRefresh: Duration.DurationInput
  readonly deleteJob: Duration.DurationInput
}

export interface CoolifyOptions {
  readonly state: Stored<CoolifyState>
  /** What `GET /version` says; `4.3.11` when absent. */
  readonly version?: string
  readonly latency?: Partial<Latency>
  /** Requests a minute and user; 200 when absent. */
  readonly rateLimit?: number
}

export interface CoolifyApi {
  /** Serves `/api/v1/...` and `/api/health`. */
  readonly app: HttpApp.Default
  /** The container that the proxy's labels send this host (and path, `/` when absent) to. */
  readonly containerFor: (host: string, path?: string) => Effect.Effect<RunningContainer | undefined>
  readonly state: Stored<CoolifyState>
  /** Adds the servers whose name is not there yet; a known name only takes over the address. */
  readonly seed: (what: { readonly servers?: ReadonlyArray<ServerSeed> }) => Effect.Effect<void>
  readonly world: Effect.Effect<CoolifyWorld>
}

/** Work that a previous process left unfinished (deployments, deletions) goes on. */
export const make = (options: CoolifyOptions): Effect.Effect<CoolifyApi, never, Scope.Scope> =>
  Effect.succeed({
    app: Effect.succeed(HttpServerResponse.empty({ status: 404 })),
    containerFor: () => Effect.succeed(undefined),
    state: options.state,
    seed: () => Effect.void,
    world: Effect.succeed({ projects: [], containers: [] })
  })
