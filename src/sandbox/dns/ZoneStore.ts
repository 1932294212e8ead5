import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Stored } from "../Stored.ts"
import type { Zone } from "./Zone.ts"

/** The zones of one sandbox, and what they were a while ago. */
export interface ZoneStore {
  readonly all: Effect.Effect<ReadonlyArray<Zone>>
  /** The zones as they stood `millis` milliseconds ago, as far back as this process remembers. */
  readonly before: (millis: number) => Effect.Effect<ReadonlyArray<Zone>>
  /** Forgets the past: the zones have always been as they are now. */
  readonly forget: Effect.Effect<void>
  /** One change at a time; stored before it returns; a failure changes nothing. */
  readonly update: <E>(
    change: (zones: ReadonlyArray<Zone>) => Effect.Effect<ReadonlyArray<Zone>, E>
  ) => Effect.Effect<void, E>
}

/** Enough for a fault that answers with the past; older versions are forgotten. */
const rememberedVersions = 200

interface Version {
  /** Milliseconds since the epoch: when it came to be. */
  readonly since: number
  readonly zones: ReadonlyArray<Zone>
}

export const make = Effect.fn("ZoneStore.make")(function* (stored: Stored<ReadonlyArray<Zone>>) {
  const changing = yield* Effect.makeSemaphore(1)
  const past = yield* Ref.make<ReadonlyArray<Version>>([{ since: 0, zones: yield* stored.get }])
  const store: ZoneStore = {
    all: stored.get,
    before: Effect.fnUntraced(function* (millis) {
      const then = (yield* Clock.currentTimeMillis) - millis
      const versions = yield* Ref.get(past)
      return versions.findLast((version) => version.since <= then)?.zones ?? versions[0]?.zones ?? []
    }),
    forget: Effect.flatMap(stored.get, (zones) => Ref.set(past, [{ since: 0, zones }])),
    update: (change) =>
      Effect.gen(function* () {
        const next = yield* change(yield* stored.get)
        yield* stored.modify(() => [undefined, next])
        const since = yield* Clock.currentTimeMillis
        yield* Ref.update(past, (versions) => [
          ...versions.slice(1 - rememberedVersions),
          { since, zones: next }
        ])
      }).pipe(changing.withPermits(1), Effect.uninterruptible)
  }
  return store
})
