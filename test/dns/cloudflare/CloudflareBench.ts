/** The contract's bench over an emulated Cloudflare. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as EffectArray from "effect/Array"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Cloudflare from "../../../src/dns/cloudflare/Cloudflare.ts"
import type { RecordSet } from "../../../src/dns/DnsClient.ts"
import { DnsBench, type Fault } from "../../contract/DnsClientContract.ts"
import {
  FakeCloudflare,
  type FakeWorld,
  type Intercept,
  layerFakeCloudflare,
  token
} from "./FakeCloudflare.ts"

export const client = (config: Partial<Cloudflare.CloudflareConfig> = {}) =>
  Layer.unwrapEffect(
    Effect.map(FakeCloudflare, ({ url }) =>
      Cloudflare.layer({ apiToken: Redacted.make(token), baseUrl: url, ...config })
    )
  ).pipe(Layer.provide(FetchHttpClient.layer))

export const isBatch: Intercept["matches"] = ({ path }) => path.endsWith("/batch")

const said = (status: number, code: number, message: string) => ({
  instead: {
    status,
    headers: { "retry-after": "0" },
    body: { success: false, errors: [{ code, message }], messages: [], result: null }
  }
})
const how: Readonly<Record<Fault["how"], Omit<Intercept, "matches">>> = {
  lost: { afterwards: "reset" },
  dropped: { instead: "reset" },
  refused: said(403, 10000, "Authentication error"),
  "too many": said(429, 971, "Please wait and consider throttling your request speed")
}

const sets = ({ records }: FakeWorld) =>
  Object.values(EffectArray.groupBy(records, ({ name, type }) => `${name} ${type}`))

const seed = (world: FakeWorld, { name, type, values, ttl, comment }: RecordSet) => {
  for (const value of values) {
    const [, priority, exchange] = type === "MX" ? (/^(\d+) (.*)$/.exec(value) ?? []) : []
    const mx = priority === undefined ? {} : { priority: Number(priority) }
    world.add({ name, type, content: exchange ?? value, ttl: ttl ?? 1, comment: comment ?? null, ...mx })
  }
}

const bench = Layer.effect(
  DnsBench,
  Effect.map(FakeCloudflare, ({ world }) => ({
    zone: "example.test",
    seed: (recordSet) => Effect.sync(() => seed(world, recordSet)),
    furnish: (name) =>
      Effect.sync(() => {
        for (const [content, tag] of [
          ["198.51.100.8", "team:web"],
          ["198.51.100.7", "team:ops"]
        ] as const) {
          world.add({ name, type: "A", content, proxied: true, comment: "by hand", tags: [tag] })
        }
      }),
    standing: (name) =>
      Effect.sync((): ReadonlyArray<RecordSet> =>
        sets(world)
          .filter(([first]) => first.name === name)
          .map((members) => {
            const { comment, proxied, ttl, type } = members[0]
            const values = members.map(({ content }) => content)
            const automatic = ttl === 1
            return {
              name,
              type,
              ttl: automatic ? undefined : ttl,
              values,
              proxied,
              comment: comment ?? undefined
            }
          })
      ),
    everything: Effect.sync(() =>
      sets(world)
        .map((members) => JSON.stringify(members.map(({ id: _, ...record }) => record)))
        .toSorted()
    ),
    fail: ({ after, how: what, meanwhile }) =>
      Effect.sync(() => {
        let left = after
        world.intercepts.push({
          ...how[what],
          matches: (request) => isBatch(request) && left-- <= 0,
          meanwhile: () => meanwhile && seed(world, meanwhile)
        })
      }),
    calm: Effect.sync(() => void (world.intercepts.length = 0)),
    writes: Effect.sync(() => world.requests.filter(isBatch).length),
    inPages: (size) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const from = world.cuts
          world.pageSize = size
          return Effect.sync(() => world.cuts - from)
        }),
        () => Effect.sync(() => void (world.pageSize = 100))
      )
  }))
)

/** Client and bench. */
export const layerCloudflareBench = Layer.mergeAll(bench, client()).pipe(Layer.provide(layerFakeCloudflare))
