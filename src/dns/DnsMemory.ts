/** A DNS account in memory: for tests, with a world to look into, to edit behind the client's back, and to break. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { type DnsCapabilities, DnsClient, type RecordSet, type Zone } from "./DnsClient.ts"
import { DnsError, type DnsErrorReason } from "./DnsError.ts"
import { chooseZone, ofType, type Refusal, refusePut, refuseRemove } from "./Zone.ts"

type Method = "findZone" | "listAt" | "listCommented" | "put" | "remove"

/** One failure to come: the next call of `method` fails, before or after it took effect. */
export interface MemoryFault {
  readonly method: Method
  readonly when: "before" | "after"
  readonly reason: DnsErrorReason
}

export interface MemoryCall {
  readonly method: Method
  /** The name the call was about. */
  readonly name: string
}

interface World {
  readonly recordSets: ReadonlyArray<RecordSet>
  readonly faults: ReadonlyArray<MemoryFault>
  readonly calls: ReadonlyArray<MemoryCall>
}

/** The world behind {@link layerMemory}. */
export class DnsMemory extends Context.Tag("fabrik/dns/DnsMemory")<
  DnsMemory,
  {
    readonly recordSets: Effect.Effect<ReadonlyArray<RecordSet>>
    /** Somebody else writes: replaces the record set of that name and type, or adds it. */
    readonly seed: (recordSet: RecordSet) => Effect.Effect<void>
    /** Somebody else deletes. */
    readonly erase: (name: string, type: string) => Effect.Effect<void>
    /** Queues a failure; the first one queued for a method comes first. */
    readonly fail: (fault: MemoryFault) => Effect.Effect<void>
    /** Every call so far, failed ones too. */
    readonly calls: Effect.Effect<ReadonlyArray<MemoryCall>>
  }
>() {}

const capabilities: DnsCapabilities = {
  compareAndSet: true,
  atomicBatch: false,
  minTtl: 1,
  comments: true,
  proxied: true
}

const without = (recordSets: ReadonlyArray<RecordSet>, name: string, type: string) =>
  recordSets.filter((each) => each.name !== name || each.type !== type)

const withSet = (recordSets: ReadonlyArray<RecordSet>, recordSet: RecordSet) => [
  ...without(recordSets, recordSet.name, recordSet.type),
  recordSet
]

const refuse = (method: Method, refusal: Refusal) => new DnsError({ provider: "memory", method, ...refusal })

const make = (zones: ReadonlyArray<Zone>, recordSets: ReadonlyArray<RecordSet>) =>
  Effect.gen(function* () {
    const ref = yield* Ref.make<World>({ recordSets, faults: [], calls: [] })
    const change = (edit: (recordSets: ReadonlyArray<RecordSet>) => ReadonlyArray<RecordSet>) =>
      Ref.update(ref, (world) => ({ ...world, recordSets: edit(world.recordSets) }))

    /** One step of the world; what it answers is lost if an `after` fault is due. */
    const step = <A>(
      method: Method,
      name: string,
      run: (recordSets: ReadonlyArray<RecordSet>) => Either.Either<[A, ReadonlyArray<RecordSet>], Refusal>
    ): Effect.Effect<A, DnsError> =>
      Ref.modify(ref, (world): [Either.Either<A, DnsError>, World] => {
        const fault = world.faults.find((each) => each.method === method)
        const next: World = {
          ...world,
          calls: [...world.calls, { method, name }],
          faults: world.faults.filter((each) => each !== fault)
        }
        const failure = (reason: DnsErrorReason) =>
          Either.left(new DnsError({ provider: "memory", method, reason, detail: "scripted failure" }))
        if (fault?.when === "before") return [failure(fault.reason), next]
        return Either.match(run(world.recordSets), {
          onLeft: (refusal) => [Either.left(refuse(method, refusal)), next],
          onRight: ([value, recordSets]) => [
            fault === undefined ? Either.right(value) : failure(fault.reason),
            { ...next, recordSets }
          ]
        })
      }).pipe(Effect.flatten)

    const findZone = (name: string) =>
      step("findZone", name, (recordSets) =>
        Either.map(chooseZone(name, zones), (zone) => [zone, recordSets])
      )

    const client = DnsClient.of({
      provider: "memory",
      capabilities,
      findZone,
      findZones: (names) => Effect.forEach(names, findZone),
      listAt: (_zone, name) =>
        step("listAt", name, (recordSets) =>
          Either.right([recordSets.filter((each) => each.name === name), recordSets])
        ),
      listCommented: (prefix) =>
        step("listCommented", prefix, (recordSets) =>
          Either.right([
            recordSets
              .filter(({ comment }) => comment?.startsWith(prefix) === true)
              .flatMap((recordSet) =>
                Either.match(chooseZone(recordSet.name, zones), {
                  onLeft: () => [],
                  onRight: (zone) => [{ zone, recordSet }]
                })
              ),
            recordSets
          ])
        ),
      put: (zone, recordSet, expected) =>
        step("put", recordSet.name, (recordSets) => {
          const existing = recordSets.filter((each) => each.name === recordSet.name)
          const refusal = refusePut(zone, existing, recordSet, expected)
          return refusal === undefined
            ? Either.right([undefined, withSet(recordSets, recordSet)])
            : Either.left(refusal)
        }),
      remove: (_zone, expected) =>
        step("remove", expected.name, (recordSets) => {
          const existing = recordSets.filter((each) => each.name === expected.name)
          const refusal = refuseRemove(ofType(existing, expected.type), expected)
          return refusal === undefined
            ? Either.right([undefined, without(recordSets, expected.name, expected.type)])
            : Either.left(refusal)
        })
    })

    const world = DnsMemory.of({
      recordSets: Ref.get(ref).pipe(Effect.map((state) => state.recordSets)),
      seed: (recordSet) => change((sets) => withSet(sets, recordSet)),
      erase: (name, type) => change((sets) => without(sets, name, type)),
      fail: (fault) => Ref.update(ref, (state) => ({ ...state, faults: [...state.faults, fault] })),
      calls: Ref.get(ref).pipe(Effect.map((state) => state.calls))
    })
    return Context.make(DnsClient, client).pipe(Context.add(DnsMemory, world))
  })

/** An account with these zones and record sets. */
export const layerMemory = (
  zones: ReadonlyArray<Zone>,
  recordSets: ReadonlyArray<RecordSet> = []
): Layer.Layer<DnsClient | DnsMemory> => Layer.effectContext(make(zones, recordSets))
