import { dnsClientContract } from "../contract/DnsClientContract.ts"
import { layerMemoryBench } from "./MemoryBench.ts"

dnsClientContract("memory", () => layerMemoryBench)
