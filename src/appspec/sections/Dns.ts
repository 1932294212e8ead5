/** `dns`: the records of the domains. */
import { isIP } from "node:net"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Check } from "../Decode.ts"
import { asciiDomain, hostsOf } from "../Domain.ts"
import { choice, defaulted, flag, integer, map, oneOf, optional, type Rule, section, text } from "../Form.ts"
import { canProxy, type DnsProvider, providerNames } from "../../dns/Providers.ts"
import { ranges } from "../Limits.ts"
import { type NamedRecords, Records, recordsIn, recordsOut } from "./Records.ts"

export interface DnsSettings {
  /** `undefined`: the provider whose credentials are set. */
  readonly provider: DnsProvider | undefined
  /** Seconds; `undefined`: the provider's own default. */
  readonly ttl: number | undefined
  readonly proxied: boolean
  /** An address (A, AAAA) or a host name (CNAME); `undefined`: the Coolify server's own address. */
  readonly target: string | undefined
  /** The record is made elsewhere, and left alone. */
  readonly none?: true
  /** ... by Coolify itself. */
  readonly coolify?: true
  /** Beside the domains' own. */
  readonly records?: ReadonlyArray<NamedRecords>
}

const target: Rule<string> = (text) =>
  isIP(text) !== 0 && !text.includes("%")
    ? Either.right(text.toLowerCase())
    : Either.mapLeft(asciiDomain(text), ({ message }) => ({
        message: `\`dns.target\` is an IP address or a host name: ${message}`,
        hint: "e.g. 203.0.113.7 or vps1.example.com"
      }))

/** Coolify's own automation, which is no provider of fabrik's: it decides all that `dns` says otherwise. */
const coolify = "coolify" as const
const byCoolify = { provider: { const: coolify } }

const settings = map(
  {
    provider: optional(
      choice([...providerNames, coolify], {
        description: `Where the zone of the domain is, or \`${coolify}\` where Coolify makes the record itself`,
        absent: "the one whose credentials are set and whose zones hold the domain"
      })
    ),
    ttl: optional(
      integer(ranges.ttl, {
        description: "Seconds that others may keep the record",
        absent: "the provider's own"
      })
    ),
    proxied: defaulted(flag({ description: "Cloudflare's proxy" }), false),
    target: optional(
      text(
        {
          description: "IP address or host name that the domain leads to",
          absent: "the server's own address, for Coolify's own host the public one that it tells",
          examples: ["203.0.113.7", "vps1.example.com"],
          pattern: /^[^\s/\\?#@*_%]+$/
        },
        target
      )
    ),
    records: section(Records)
  },
  {
    description: "The record of the domain",
    hint: "or `dns: none` where the record is made elsewhere",
    never: [
      { provider: { enum: providerNames.filter((name) => !canProxy(name)) }, proxied: { const: true } },
      { ...byCoolify, proxied: { const: true } },
      { ...byCoolify, ttl: {} },
      { ...byCoolify, target: {} },
      { ...byCoolify, records: { minItems: 1 } }
    ]
  }
)

const none = Schema.Literal("none").annotations({
  description: "The record is made elsewhere and left alone; the domain is checked all the same"
})

export const Dns = oneOf(
  [none, settings],
  ({ node }) => (node._tag === "Scalar" && node.text === "none" ? 0 : 1),
  {
    description: "The record of the domain, or `none` where it is made elsewhere"
  }
)

/** DNS settings; every absent one is left to the provider. `domains` are the names with a record, where known. */
export const dnsIn = (
  given: typeof Dns.Type | undefined,
  domains: ReadonlyArray<string> | undefined,
  check: Check
): DnsSettings => {
  const bare = { provider: undefined, ttl: undefined, proxied: false, target: undefined }
  if (given === undefined || given === "none") return given === undefined ? bare : { ...bare, none: true }
  const { provider, records: written, ...settings } = given
  if (provider === coolify) {
    for (const key of ["ttl", "proxied", "target", "records"] as const) {
      const at = check.at("dns", key)
      const isUsed = key === "records" ? (written ?? []).length > 0 : Boolean(given[key])
      if (at === undefined || !isUsed) continue
      check.complain(at, {
        at: at.keyAt,
        message: `\`dns.${key}\` is for records that fabrik makes, and \`dns.provider: ${coolify}\` leaves them to Coolify`,
        hint: "remove it, and set it in Coolify"
      })
    }
    return { ...bare, none: true, coolify: true }
  }
  const proxied = check.at("dns", "proxied")
  const whole = check.at("dns")
  if (domains?.length === 0 && whole !== undefined) {
    check.complain(whole, {
      at: whole.keyAt,
      message: "`dns` is about the record of a domain, and there is none",
      hint: "remove it"
    })
  }
  if (given.proxied && provider !== undefined && !canProxy(provider) && proxied !== undefined) {
    check.complain(proxied, {
      message: `${provider} cannot proxy`,
      hint: `only ${providerNames.filter(canProxy).join(", ")} does`
    })
  }
  const target = check.at("dns", "target")
  if (given.target !== undefined && hostsOf(domains ?? []).includes(given.target) && target !== undefined) {
    check.complain(target, {
      message: "a domain cannot point at itself",
      hint: "give the server's address"
    })
  }
  const leadsToName = given.target !== undefined && isIP(given.target) === 0
  const records = recordsIn(written ?? [], domains ?? [], leadsToName, check)
  return { ...bare, ...settings, provider, ...(records.length === 0 ? {} : { records }) }
}

/** As {@link dnsIn} reads them. */
export const dnsOut = (dns: DnsSettings): typeof Dns.Type => {
  const { none, provider, records, ttl, proxied, target } = dns
  if (dns.coolify === true) return { provider: coolify, proxied }
  return none === true
    ? "none"
    : {
        ...(provider === undefined ? {} : { provider }),
        ...(ttl === undefined ? {} : { ttl }),
        proxied,
        ...(target === undefined ? {} : { target }),
        ...(records === undefined ? {} : { records: recordsOut(records) })
      }
}
