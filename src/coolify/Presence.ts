/** Whether the API is there, as the requests of one client find it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { CoolifyObserver, CoolifySettings } from "./CoolifySettings.ts"

export interface Presence {
  /** To be told when a request has changed something, or may have. */
  readonly changed: Effect.Effect<void>
  /** Whether to wait for an API that is away: once something was sent, giving up would leave it as it is. */
  readonly isAwaited: Effect.Effect<boolean>
  /** A request has not reached Coolify. The first one of an absence is told to the observer. */
  readonly gone: (why: string, limitMillis: number) => Effect.Effect<void>
  /** Coolify has answered. */
  readonly here: Effect.Effect<void>
}

export const makePresence: Effect.Effect<Presence> = Effect.gen(function* () {
  const changed = yield* Ref.make(false)
  const since = yield* Ref.make<number | undefined>(undefined)
  return {
    changed: Ref.set(changed, true),
    isAwaited: Effect.gen(function* () {
      const { awaits } = yield* CoolifySettings
      return awaits === "always" || (yield* Ref.get(changed))
    }),
    gone: (why, limitMillis) =>
      Effect.gen(function* () {
        const { onAway } = yield* CoolifyObserver
        const now = yield* Clock.currentTimeMillis
        const isNews = yield* Ref.modify(since, (known) => [known === undefined, known ?? now])
        if (isNews) yield* onAway({ why, limitMillis })
      }),
    here: Effect.gen(function* () {
      const { onBack } = yield* CoolifyObserver
      const gone = yield* Ref.getAndSet(since, undefined)
      if (gone !== undefined) yield* onBack({ millis: (yield* Clock.currentTimeMillis) - gone })
    })
  } satisfies Presence
})
