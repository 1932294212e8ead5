import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { isWithin, newZone, type Zone } from "./dns/Zone.ts"
import type { ZoneStore } from "./dns/ZoneStore.ts"
import { loopback } from "./Listen.ts"
import type { SandboxSeed } from "./SandboxHandle.ts"

const absolute = (name: string): string => `${name.replace(/\.$/, "").toLowerCase()}.`

/** The zone to make for `domain`: its last two labels, unless a zone holds it already. */
const missingZone = (zones: ReadonlyArray<Zone>, domain: string): ReadonlyArray<string> =>
  zones.some((zone) => isWithin(absolute(domain), zone.name))
    ? []
    : [absolute(domain).split(".").slice(-3).join(".")]

/** Adds the zones that are not there; they answer with this sandbox as their name server. */
export const seedZones = (store: ZoneStore, what: SandboxSeed): Effect.Effect<void> =>
  Effect.gen(function* () {
    const nowMillis = yield* Clock.currentTimeMillis
    const addZone = (zones: ReadonlyArray<Zone>, name: string): ReadonlyArray<Zone> =>
      zones.some((zone) => zone.name === name)
        ? zones
        : [...zones, newZone({ name, nameServerAddress: loopback, nowMillis })]
    yield* store.update((zones) => {
      const named = (what.zones ?? []).map(absolute).reduce(addZone, zones)
      const next = (what.domains ?? []).reduce(
        (all: ReadonlyArray<Zone>, domain) => missingZone(all, domain).reduce(addZone, all),
        named
      )
      return Effect.succeed(next)
    })
    // An answer from the past must not be from before the beginning.
    yield* store.forget
  })
