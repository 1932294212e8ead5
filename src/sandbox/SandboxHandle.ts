/** What a command or a test holds of a running sandbox, be it in this process or in another one. */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FaultRule } from "./Faults.ts"
import { LoggedRequest } from "./RequestLog.ts"
import type { SandboxError } from "./SandboxError.ts"
import type { World } from "./SandboxWorld.ts"

const Address = Schema.Struct({ host: Schema.String, port: Schema.Int })

/** What `GET /_sandbox/info` tells, with {@link SandboxInfo.dnsApiKey} and without the token that was asked with. */
export const SandboxInfo = Schema.Struct({
  pid: Schema.Int,
  /** `http://127.0.0.1:PORT`, without a path. */
  apiUrl: Schema.String,
  dnsApiUrl: Schema.String,
  dnsApiKey: Schema.String,
  dnsServer: Address,
  /** TLS only. */
  edge: Address,
  caFile: Schema.String,
  caPem: Schema.String
})
export type SandboxInfo = typeof SandboxInfo.Type

/** What a sandbox must have before a command can work with it; what is there stays as it is. */
export const SandboxSeed = Schema.Struct({
  /** Names of Coolify servers, all at 127.0.0.1. */
  servers: Schema.optional(Schema.Array(Schema.String)),
  /** Names of private keys and of GitHub Apps, which read private repositories. */
  deployKeys: Schema.optionalWith(Schema.Array(Schema.String), { exact: true }),
  githubApps: Schema.optionalWith(Schema.Array(Schema.String), { exact: true }),
  /** Compose files in repositories, made of the containers that a spec names. */
  composeFiles: Schema.optionalWith(
    Schema.Array(
      Schema.Struct({
        repository: Schema.String,
        path: Schema.String,
        containers: Schema.Array(Schema.String)
      })
    ),
    { exact: true }
  ),
  /** Branches that get a new commit. */
  pushes: Schema.optionalWith(
    Schema.Array(Schema.Struct({ repository: Schema.String, branch: Schema.String })),
    { exact: true }
  ),
  /** Names of zones, with or without the final dot. */
  zones: Schema.optional(Schema.Array(Schema.String)),
  /** Names that some zone must hold: where none does, one is made of the last two labels. */
  domains: Schema.optional(Schema.Array(Schema.String))
})
export type SandboxSeed = typeof SandboxSeed.Type

export const LoggedRequests = Schema.Array(LoggedRequest)

export interface SandboxHandle extends SandboxInfo {
  readonly dir: string
  /** Bearer token of the Coolify API; abilities read, read:sensitive, write, deploy. */
  readonly token: string
  readonly faults: {
    /** Rules, or lines as FaultText reads them. */
    readonly add: (...rules: ReadonlyArray<FaultRule | string>) => Effect.Effect<void, SandboxError>
    /** Undoes an `add` of the same. */
    readonly remove: (...rules: ReadonlyArray<FaultRule | string>) => Effect.Effect<void, SandboxError>
    readonly clear: Effect.Effect<void, SandboxError>
  }
  readonly seed: (what: SandboxSeed) => Effect.Effect<void, SandboxError>
  readonly world: Effect.Effect<World, SandboxError>
  /** All requests ever made of the two APIs, oldest first; none of the control endpoint's. */
  readonly requests: Effect.Effect<ReadonlyArray<LoggedRequest>, SandboxError>
}
