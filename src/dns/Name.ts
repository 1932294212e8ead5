/** Rules about domain names and record values that hold for every provider. */
import * as Option from "effect/Option"
import { isIP, isIPv4, isIPv6 } from "node:net"
import { domainToASCII } from "node:url"

const label = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/

/** Far more than a name has, in any script: to convert a text takes time in the square of its length. */
const longestText = 1024

/**
 * The normal form of an absolute domain name: ASCII (punycode), lower case, no final dot. `None` for what is not a
 * domain name: an IP address, an empty or over-long label or name, a character outside of letters, digits, `-` and
 * `_`, a `*` that is not the whole first label. Idempotent.
 */
export const normalizeName = (text: string): Option.Option<string> => {
  if (text.length > longestText) return Option.none()
  const wildcard = text.startsWith("*.")
  const written = text.slice(wildcard ? 2 : 0).replace(/[.。．｡]$/, "")
  // domainToASCII would decode %XX and cut at these, so a hostile name could become another one.
  if (/[\s%/?#@:\\[\]*]/.test(written)) return Option.none()
  const ascii = domainToASCII(written)
  const name = wildcard ? `*.${ascii}` : ascii
  const labels = ascii.split(".")
  const sound =
    labels.every((each) => each.length <= 63 && label.test(each)) &&
    !/^\d+$/.test(labels.at(-1) ?? "") &&
    isIP(ascii) === 0 &&
    name.length <= 253
  return sound ? Option.some(name) : Option.none()
}

/** Whether `name` is `zone` itself or lies under it. Both in normal form. */
export const isWithin = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`)

/** `name` and every parent of it with at least two labels, longest first; a leading `*` is no zone. */
export const zoneCandidates = (name: string): ReadonlyArray<string> => {
  const labels = name.replace(/^\*\./, "").split(".")
  return labels.slice(0, Math.max(1, labels.length - 1)).map((_, index) => labels.slice(index).join("."))
}

/** The type of record that leads to `target`: an address, or otherwise a name. */
export const recordTypeFor = (target: string): "A" | "AAAA" | "CNAME" =>
  isIPv4(target) ? "A" : isIPv6(target) ? "AAAA" : "CNAME"

/** An IPv6 address in its one short form (RFC 5952); anything else unchanged. */
const canonicalIpv6 = (text: string): string => {
  const url = `http://[${text}]`
  return isIPv6(text) && URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : text
}

const nameTypes = new Set(["CNAME", "NS", "PTR", "DNAME", "ALIAS", "MX", "SRV"])

/** One record value in a form that can be compared: providers differ in case, final dots and the form of IPv6. */
export const canonicalValue = (type: string, value: string): string => {
  if (type === "AAAA") return canonicalIpv6(value)
  return nameTypes.has(type) ? value.toLowerCase().replace(/(?<=[^\s.])\.$/, "") : value
}

/** Why `value` cannot stand in a record of `type`; `undefined`: it can. fabrik writes A, AAAA, CNAME and TXT only. */
export const valueProblem = (type: string, value: string): string | undefined => {
  switch (type) {
    case "A":
      return isIPv4(value) ? undefined : `${value} is not an IPv4 address`
    case "AAAA":
      return isIPv6(value) && !value.includes("%") ? undefined : `${value} is not an IPv6 address`
    case "CNAME":
      return Option.isSome(normalizeName(value)) ? undefined : `${value} is not a host name`
    case "TXT":
      return undefined
    default:
      return `fabrik does not write ${type} records`
  }
}
