/** DNS without consequences. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DnsClient } from "./DnsClient.ts"
import { DnsError } from "./DnsError.ts"

/**
 * Decorates a DnsClient. A plan sends no write; should one be sent all the same, it ends here: reads pass through, writes
 * go nowhere and answer as if they were done.
 */
export const layerDryRun: Layer.Layer<DnsClient, never, DnsClient> = Layer.effect(
  DnsClient,
  Effect.map(DnsClient, (below) => ({ ...below, put: () => Effect.void, remove: () => Effect.void }))
)

/** The provider of {@link layerOffline}. */
export const noProvider = "offline"

const noCredentials = (method: string) =>
  new DnsError({
    provider: noProvider,
    method,
    reason: "BadConfig",
    detail: "no credentials of a DNS provider are set"
  })

/** The id of every zone that is only assumed. */
export const assumedZone = "offline"

const offlineZone = (name: string) => ({ id: assumedZone, name: name.split(".").slice(-2).join(".") })

/**
 * Stands in where no credentials are: every name has a zone (its last two labels, id `offline`) with nothing in it,
 * and nothing can be written. Under {@link layerDryRun} it lets a plan be made without credentials and network.
 */
export const layerOffline: Layer.Layer<DnsClient> = Layer.succeed(DnsClient, {
  provider: noProvider,
  capabilities: { compareAndSet: false, atomicBatch: false, minTtl: 1, comments: true, proxied: true },
  findZone: (name) => Effect.succeed(offlineZone(name)),
  findZones: (names) => Effect.succeed(names.map(offlineZone)),
  listAt: () => Effect.succeed([]),
  listCommented: () => Effect.succeed([]),
  put: () => noCredentials("put"),
  remove: () => noCredentials("remove")
})
