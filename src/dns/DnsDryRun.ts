/** DNS without consequences: what is written stands in an overlay that later reads see, and in a list of plans. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { DnsClient, type Expectation, type RecordSet, type Zone } from "./DnsClient.ts"
import { DnsError } from "./DnsError.ts"
import { type PlannedRecord, PlannedRecords } from "./PlannedRecords.ts"
import { ofType, type Refusal, refusePut, refuseRemove } from "./Zone.ts"

const key = (name: string, type: string) => `${type} ${name}`

const make = Effect.gen(function* () {
  const inner = yield* DnsClient
  // A write looks before it plans, and nothing may come between.
  const oneWriter = yield* Effect.makeSemaphore(1)
  const planned = yield* Ref.make<ReadonlyArray<PlannedRecord>>([])

  const listAt = (zone: Zone, name: string) =>
    Effect.gen(function* () {
      const real = yield* inner.listAt(zone, name)
      const plans = yield* Ref.get(planned)
      const standing = new Map(real.map((recordSet) => [key(name, recordSet.type), recordSet]))
      for (const { _tag, recordSet } of plans) {
        if (recordSet.name !== name) continue
        if (_tag === "Put") standing.set(key(name, recordSet.type), recordSet)
        else standing.delete(key(name, recordSet.type))
      }
      return [...standing.values()]
    })

  const listCommented = (prefix: string) =>
    Effect.gen(function* () {
      const plans = yield* Ref.get(planned)
      const places = new Map(
        [...(yield* inner.listCommented(prefix)), ...plans].map(({ zone, recordSet }) => [
          key(recordSet.name, recordSet.type),
          { zone, recordSet }
        ])
      )
      const standing = yield* Effect.forEach([...places.values()], ({ zone, recordSet: { name, type } }) =>
        Effect.map(listAt(zone, name), (now) => ({ zone, recordSet: ofType(now, type) }))
      )
      return standing.flatMap(({ zone, recordSet }) =>
        recordSet?.comment?.startsWith(prefix) === true ? [{ zone, recordSet }] : []
      )
    })

  const refuse = (method: string, refusal: Refusal) =>
    new DnsError({ provider: inner.provider, method, ...refusal })
  const plan = (record: PlannedRecord) => Ref.update(planned, (plans) => [...plans, record])

  const put = Effect.fn("DnsDryRun.put")(function* (zone: Zone, recordSet: RecordSet, expected: Expectation) {
    const existing = yield* listAt(zone, recordSet.name)
    const refusal = refusePut(zone, existing, recordSet, expected)
    if (refusal !== undefined) return yield* refuse("put", refusal)
    yield* plan({ _tag: "Put", zone, recordSet, before: ofType(existing, recordSet.type) })
  })

  const remove = Effect.fn("DnsDryRun.remove")(function* (zone: Zone, expected: RecordSet) {
    const found = ofType(yield* listAt(zone, expected.name), expected.type)
    const refusal = refuseRemove(found, expected)
    if (refusal !== undefined) return yield* refuse("remove", refusal)
    if (found !== undefined) yield* plan({ _tag: "Remove", zone, recordSet: found })
  })

  return Context.make(
    DnsClient,
    DnsClient.of({
      ...inner,
      listAt,
      listCommented,
      put: (...args) => oneWriter.withPermits(1)(put(...args)),
      remove: (...args) => oneWriter.withPermits(1)(remove(...args))
    })
  ).pipe(Context.add(PlannedRecords, { list: Ref.get(planned) }))
})

/** Decorates a DnsClient: reads pass through to it, writes never do. */
export const layerDryRun: Layer.Layer<DnsClient | PlannedRecords, never, DnsClient> =
  Layer.effectContext(make)

const noCredentials = (method: string) =>
  new DnsError({
    provider: "offline",
    method,
    reason: "BadConfig",
    detail: "no credentials of a DNS provider are set"
  })

/**
 * Stands in where no credentials are: every name has a zone (its last two labels, id `offline`) with nothing in it,
 * and nothing can be written. Under {@link layerDryRun} it lets a plan be made without credentials and network.
 */
export const layerOffline: Layer.Layer<DnsClient> = Layer.succeed(DnsClient, {
  provider: "offline",
  capabilities: { compareAndSet: false, atomicBatch: false, minTtl: 1, comments: true, proxied: true },
  findZone: (name) => Effect.succeed({ id: "offline", name: name.split(".").slice(-2).join(".") }),
  listAt: () => Effect.succeed([]),
  listCommented: () => Effect.succeed([]),
  put: () => noCredentials("put"),
  remove: () => noCredentials("remove")
})
