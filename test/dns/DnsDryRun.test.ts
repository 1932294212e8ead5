import { dnsClientContract } from "../contract/DnsClientContract.ts"
import { layerDryRunBench } from "./MemoryBench.ts"

dnsClientContract("a dry run over memory", () => layerDryRunBench, { writesReachTheWorld: false })
