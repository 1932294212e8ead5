/** The looks of several runs at their deployments, as one request for all of them. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { CoolifyClient } from "./CoolifyClient.ts"
import type { Deployment } from "./endpoints/Deployments.ts"

type Client = typeof CoolifyClient.Service

/** Longer than any poll rests: who has not asked for so long follows it no more. */
const forgotten = Duration.toMillis("15 seconds")

/**
 * What makes clients share them. Who follows a deployment alone asks for that one; while several are followed, the list of
 * all that are under way, each with its log so far, is asked for once in each interval, and what it has no more is asked for
 * by itself.
 * @param interval between two lists.
 */
export const sharePolls = Effect.fn("sharePolls")(function* (interval: Duration.Duration) {
  const followed = yield* Ref.make<ReadonlyMap<string, number>>(new Map())
  const seen = yield* Ref.make<{ readonly at: number; readonly rows: ReadonlyMap<string, Deployment> }>({
    at: Number.NEGATIVE_INFINITY,
    rows: new Map()
  })
  const turn = yield* Effect.makeSemaphore(1)

  /** Without an answer each looks for itself, and the list is not asked for again before its time. */
  const underWay = (client: Client) =>
    turn.withPermits(1)(
      Effect.gen(function* () {
        const { at, rows } = yield* Ref.get(seen)
        if ((yield* Clock.currentTimeMillis) - at < Duration.toMillis(interval)) return rows
        const all = yield* Effect.orElseSucceed(
          client.deployments.underWay,
          (): ReadonlyArray<Deployment> => []
        )
        const now = { at: yield* Clock.currentTimeMillis, rows: new Map(all.map((one) => [one.uuid, one])) }
        yield* Ref.set(seen, now)
        return now.rows
      })
    )

  const follow = (uuid: string) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      return yield* Ref.updateAndGet(
        followed,
        (all) => new Map([...[...all].filter(([, at]) => now - at < forgotten), [uuid, now]])
      )
    })

  const leave = (uuid: string) =>
    Ref.update(followed, (all) => new Map([...all].filter(([one]) => one !== uuid)))

  return (client: Client): Client => ({
    ...client,
    deployments: {
      ...client.deployments,
      underWay: Effect.map(underWay(client), (rows) => [...rows.values()]),
      get: (uuid) =>
        Effect.gen(function* () {
          const all = yield* follow(uuid)
          const listed = all.size > 1 ? (yield* underWay(client)).get(uuid) : undefined
          if (listed !== undefined) return listed
          return yield* client.deployments.get(uuid).pipe(
            Effect.tap(({ status }) =>
              status === "queued" || status === "in_progress" ? Effect.void : leave(uuid)
            ),
            Effect.tapError(() => leave(uuid))
          )
        })
    }
  })
})
