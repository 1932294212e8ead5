/** Every DNS provider that fabrik speaks to. A new one is a value in this list. */
import * as EffectArray from "effect/Array"
import { cloudflare } from "./cloudflare/Provider.ts"
import { command } from "./command/Provider.ts"
import { deSec } from "./desec/Provider.ts"
import { digitalOcean } from "./digitalocean/Provider.ts"
import { hetzner } from "./hetzner/Provider.ts"
import { hostinger } from "./hostinger/Provider.ts"
import { namecheap } from "./namecheap/Provider.ts"
import { ovh } from "./ovh/Provider.ts"
import { porkbun } from "./porkbun/Provider.ts"
import { rfc2136 } from "./rfc2136/Provider.ts"
import { route53 } from "./route53/Provider.ts"
import { powerDns } from "./powerdns/Provider.ts"
import type { DnsProviderValue, Variable } from "./Provider.ts"

export const providers = [
  cloudflare,
  hetzner,
  route53,
  hostinger,
  namecheap,
  porkbun,
  ovh,
  digitalOcean,
  deSec,
  powerDns,
  rfc2136,
  command
] as const

/** As `dns.provider` names it. */
export type DnsProvider = (typeof providers)[number]["name"]

const all: EffectArray.NonEmptyReadonlyArray<DnsProviderValue<DnsProvider>> = providers

export const providerNames = EffectArray.map(all, ({ name }) => name)

export const providerNamed = (name: string): DnsProviderValue<DnsProvider> | undefined =>
  all.find((each) => each.name === name)

/** Whether its own proxy can answer in the server's place. */
export const canProxy = (name: DnsProvider): boolean => providerNamed(name)?.capabilities.proxied === true

/** What must be set for it. */
export const neededVariables = ({ variables }: DnsProviderValue): ReadonlyArray<string> =>
  Object.entries(variables)
    .filter(([, { optional }]) => optional !== true)
    .map(([name]) => name)

const phrase = (names: ReadonlyArray<string>): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`

/** What is to be said beside its variables. */
export const whereNamed = ({ name, onlyNamed }: DnsProviderValue): string =>
  onlyNamed === true ? ` (with dns.provider: ${name})` : ""

/** `for Cloudflare CLOUDFLARE_API_TOKEN, for PowerDNS PDNS_API_URL and PDNS_API_KEY`: what can be set. */
export const whatToSet = all
  .map((each) => `for ${each.title} ${phrase(neededVariables(each))}${whereNamed(each)}`)
  .join(", ")

const namesIn = (
  from: ReadonlyArray<DnsProviderValue>,
  test: (variable: Variable) => boolean
): ReadonlyArray<string> =>
  from.flatMap(({ variables }) =>
    Object.entries(variables).flatMap(([name, variable]) =>
      test(variable) ? [name, ...(variable.also === undefined ? [] : [variable.also])] : []
    )
  )

/** Variables that hold a key or token of a provider. */
export const secretNames = namesIn(all, ({ secret }) => secret === true)

/** Of these what is set for fabrik alone, which no spec may have sent to an application by naming it. */
export const ownSecretNames = namesIn(
  all.filter(({ onlyNamed }) => onlyNamed !== true),
  ({ secret }) => secret === true
)

/** Those that hold an address or a name. */
export const plainNames = namesIn(all, ({ secret }) => secret !== true)
