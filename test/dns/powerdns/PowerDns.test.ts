import { describe } from "@effect/vitest"
import { dnsClientContract } from "../../contract/DnsClientContract.ts"
import { powerDnsMissing } from "../PowerDnsServer.ts"
import { layerPowerDnsBench } from "./PowerDnsBench.ts"

describe.skipIf(powerDnsMissing !== undefined)("PowerDns over a real server", () => {
  dnsClientContract("PowerDNS", () => layerPowerDnsBench, { noticesRaces: false })
})
