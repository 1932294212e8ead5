/** Every DnsClient that there is, with what the tests can have stand behind it. */
import * as Layer from "effect/Layer"
import type { DnsClient } from "../../src/dns/DnsClient.ts"
import type { ContractOptions, DnsBench } from "../contract/DnsClientContract.ts"
import { hasBind } from "./BindServer.ts"
import { layerCloudflareBench } from "./cloudflare/CloudflareBench.ts"
import { layerCommandBench, layerDnsControlBench } from "./command/CommandBench.ts"
import { layerMemoryBench } from "./MemoryBench.ts"
import { layerPowerDnsBench } from "./powerdns/PowerDnsBench.ts"
import { powerDnsMissing } from "./PowerDnsServer.ts"
import { layerOver, type Speaks } from "./records/Account.ts"
import { deSecDomains, digitalOceanDomains, hetznerCloud } from "./records/Emulators.ts"
import { namecheapDomains, ovhZones } from "./records/LastEmulators.ts"
import { hostingerDomains, porkbunDomains, route53Zones } from "./records/ZoneEmulators.ts"
import { layerBindUpdates, layerPowerDnsUpdates } from "./rfc2136/UpdateBenches.ts"

export interface AnyLayer {
  readonly title: string
  readonly make: () => Layer.Layer<DnsClient | DnsBench>
  readonly options: ContractOptions
  /** It cannot run here. */
  readonly missing?: boolean
  /** Its requests take real time. */
  readonly live?: boolean
  /** Not in the ordinary suite: it is slow, or others are of its shape. */
  readonly deep?: boolean
}

/** Over HTTP to an account in this process. */
export const emulated: ReadonlyArray<Speaks> = [
  hetznerCloud,
  digitalOceanDomains,
  deSecDomains,
  porkbunDomains,
  hostingerDomains,
  route53Zones,
  ovhZones,
  namecheapDomains
]
const oneOfEachShape = [hetznerCloud, digitalOceanDomains, route53Zones, namecheapDomains]

const updates = { kind: "real", lacks: ["limit", "pages"] } as const

export const everyLayer: ReadonlyArray<AnyLayer> = [
  {
    title: "memory",
    make: () => Layer.orDie(layerMemoryBench),
    options: { kind: "in memory", lacks: ["faults", "limit", "pages"] }
  },
  {
    title: "Cloudflare",
    make: () => Layer.orDie(layerCloudflareBench),
    options: { kind: "emulator" },
    live: true
  },
  ...emulated.map((speaks) => ({
    title: speaks.provider.title,
    make: () => Layer.orDie(layerOver(speaks)),
    options: {
      kind: "emulator",
      ttl: Math.max(120, speaks.provider.capabilities.minTtl),
      noticesRaces: false,
      lacks: speaks.pages ? [] : ["pages"]
    } satisfies ContractOptions,
    deep: !oneOfEachShape.includes(speaks)
  })),
  {
    title: "PowerDNS",
    make: () => Layer.orDie(layerPowerDnsBench),
    options: { kind: "real", lacks: ["pages"], noticesRaces: false },
    live: true,
    missing: powerDnsMissing !== undefined
  },
  {
    title: "RFC 2136, PowerDNS",
    make: () => Layer.orDie(layerPowerDnsUpdates),
    options: updates,
    live: true,
    missing: powerDnsMissing !== undefined
  },
  {
    title: "RFC 2136, BIND",
    make: () => Layer.orDie(layerBindUpdates),
    options: updates,
    live: true,
    missing: !hasBind
  },
  {
    title: "a program",
    make: () => Layer.orDie(layerCommandBench),
    options: { kind: "emulator", lacks: ["pages"], noticesRaces: false },
    live: true,
    deep: true
  },
  {
    title: "dnscontrol",
    make: () => Layer.orDie(layerDnsControlBench),
    options: { kind: "emulator", lacks: ["limit", "pages"], noticesRaces: false },
    live: true,
    deep: true
  }
]
