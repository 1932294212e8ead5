import { isIP } from "node:net"
import * as Either from "effect/Either"
import { asciiDomain } from "./Domain.ts"
import {
  type Field,
  readBoolean,
  readChecked,
  readChoice,
  readInteger,
  readMap,
  type Shape
} from "./Fields.ts"
import { dnsProviders, ranges } from "./Limits.ts"
import type { Complaint, Report } from "./Report.ts"
import type { DnsSettings } from "./Spec.ts"

const shape: Shape = { keys: ["provider", "ttl", "proxied", "target"], later: ["records"] }

const target = (text: string): Either.Either<string, Complaint> =>
  isIP(text) !== 0 && !text.includes("%")
    ? Either.right(text.toLowerCase())
    : Either.mapLeft(asciiDomain(text), ({ message }) => ({
        message: `\`dns.target\` is an IP address or a host name: ${message}`,
        hint: "e.g. 203.0.113.7 or vps1.example.com"
      }))

/** DNS settings; every absent one is left to the provider. `domain` is the name the record is for, where known. */
export const readDns = (
  report: Report,
  field: Field | undefined,
  domain: string | undefined
): DnsSettings => {
  if (field?.node._tag === "Scalar" && field.node.text === "none") {
    return { provider: undefined, ttl: undefined, proxied: false, target: undefined, none: true }
  }
  const fields =
    (field === undefined
      ? undefined
      : readMap(report, field, shape, "or `dns: none` where the record is made elsewhere")) ??
    new Map<string, Field>()
  const optional = <A>(key: string, read: (own: Field) => A | undefined): A | undefined => {
    const own = fields.get(key)
    return own === undefined ? undefined : read(own)
  }
  const provider = optional("provider", (own) => readChoice(report, own, dnsProviders))
  const ttl = optional("ttl", (own) => readInteger(report, own, ranges.ttl))
  const proxied = optional("proxied", (own) => readBoolean(report, own)) ?? false
  const proxiedField = fields.get("proxied")
  if (proxied && provider === "powerdns" && proxiedField !== undefined) {
    report.add(proxiedField.node.at, proxiedField.path, {
      message: "powerdns cannot proxy",
      hint: "only cloudflare does"
    })
  }
  const answer = optional("target", (own) =>
    readChecked(report, own, (text) =>
      Either.filterOrLeft(
        target(text),
        (host) => host !== domain,
        (): Complaint => ({ message: "a domain cannot point at itself", hint: "give the server's address" })
      )
    )
  )
  return { provider, ttl, proxied, target: answer }
}
