/** The contract's benches without a network. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { DnsMemory, layerMemory } from "../../src/dns/DnsMemory.ts"
import { DnsBench } from "../contract/DnsClientContract.ts"

const zone = "example.test"

const bench = Layer.effect(
  DnsBench,
  Effect.map(DnsMemory, ({ seed, recordSets }) => ({
    zone,
    seed,
    standing: (name: string) => Effect.map(recordSets, (sets) => sets.filter((each) => each.name === name))
  }))
)

const memory = layerMemory([
  { id: "1", name: zone },
  { id: "2", name: `sub.${zone}` }
])

export const layerMemoryBench = Layer.provideMerge(bench, memory)
