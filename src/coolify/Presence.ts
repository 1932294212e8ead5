/** Whether the API is there, as the requests of one client find it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Presence } from "../http/Retry.ts"
import { CoolifyError } from "./CoolifyError.ts"
import { HttpObserver, HttpSettings } from "../http/HttpSettings.ts"

/** `502`, `ECONNREFUSED`, or what became of the connection. */
const whyAway = ({ detail, status }: CoolifyError): string =>
  status === undefined ? (/\(([A-Z_]+)\)$/.exec(detail)?.[1] ?? detail) : String(status)

/** Once something was sent, giving up would leave it as it is: Coolify is waited for then. */
export const makePresence: Effect.Effect<Presence<CoolifyError>> = Effect.gen(function* () {
  const changed = yield* Ref.make(false)
  const since = yield* Ref.make<number | undefined>(undefined)
  return {
    changed: Ref.set(changed, true),
    isAwaited: Effect.gen(function* () {
      const { awaits } = yield* HttpSettings
      return awaits === "always" || (yield* Ref.get(changed))
    }),
    gone: (error, limitMillis) =>
      Effect.gen(function* () {
        const { onAway } = yield* HttpObserver
        const now = yield* Clock.currentTimeMillis
        const isNews = yield* Ref.modify(since, (known) => [known === undefined, known ?? now])
        if (isNews) yield* onAway({ why: whyAway(error), limitMillis })
      }),
    here: Effect.gen(function* () {
      const { onBack } = yield* HttpObserver
      const gone = yield* Ref.getAndSet(since, undefined)
      if (gone !== undefined) yield* onBack({ millis: (yield* Clock.currentTimeMillis) - gone })
    }),
    inVain: (error, millis) =>
      new CoolifyError({
        ...error,
        detail: `${error.detail}; the API was away for ${Math.round(millis / 1000)} s`
      })
  } satisfies Presence<CoolifyError>
})
