/** The contract's benches without a network. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DnsMemory, layerMemory } from "../../src/dns/DnsMemory.ts"
import { DnsBench } from "../contract/DnsClientContract.ts"

const zone = "example.test"

const none = Effect.dieMessage("nothing of the kind happens in memory")

const bench = Layer.effect(
  DnsBench,
  Effect.map(DnsMemory, ({ seed, recordSets }) => ({
    zone,
    seed,
    furnish: (name) =>
      seed({
        name,
        type: "A",
        ttl: undefined,
        values: ["198.51.100.8", "198.51.100.7"],
        proxied: true,
        comment: "by hand"
      }),
    standing: (name) => Effect.map(recordSets, (sets) => sets.filter((each) => each.name === name)),
    everything: Effect.map(recordSets, (sets) => sets.map((each) => JSON.stringify(each)).toSorted()),
    fail: () => none,
    calm: none,
    writes: none,
    inPages: () => none
  }))
)

const memory = layerMemory([
  { id: "1", name: zone },
  { id: "2", name: `sub.${zone}` }
])

export const layerMemoryBench = Layer.provideMerge(bench, memory)
