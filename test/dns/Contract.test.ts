import { describe } from "@effect/vitest"
import { dnsClientContract } from "../contract/DnsClientContract.ts"
import { isDeep } from "../reliability/Scale.ts"
import { everyLayer } from "./EveryLayer.ts"

describe("every layer", () => {
  for (const { deep = false, make, missing = false, options, title } of everyLayer) {
    if (deep && !isDeep) continue
    describe.skipIf(missing)(title, () => dnsClientContract(title, make, options))
  }
})
