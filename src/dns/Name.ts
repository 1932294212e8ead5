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
  const written = text.slice(wildcard ? 2 : 0).replace(/[.\u3002\uff0e\uff61]$/, "")
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

/** The fields of a CAA value: `0 issue "letsencrypt.org"`, the last one with its quotes or without. */
const caaForm = /^(\d{1,3})\s+([a-z0-9]{1,15})\s+("?)([^"\\]*)\3$/i

export interface CaaFields {
  readonly flags: number
  readonly tag: string
  readonly value: string
}

export const caaFields = (value: string): CaaFields | undefined => {
  const [, flags, tag, , text] = caaForm.exec(value) ?? []
  return flags === undefined || tag === undefined || text === undefined
    ? undefined
    : { flags: Number(flags), tag: tag.toLowerCase(), value: text }
}

/** The tags of RFC 8659: what more there is, hardly a provider takes. */
export const isCaaTag = (tag: string): tag is "iodef" | "issue" | "issuewild" =>
  tag === "issue" || tag === "issuewild" || tag === "iodef"

export const caaValue = ({ flags, tag, value }: CaaFields): string => `${flags} ${tag} "${value}"`

/** One record value in a form that can be compared: providers differ in case, spaces, final dots and the form of IPv6. */
export const canonicalValue = (type: string, value: string): string => {
  if (type === "AAAA") return canonicalIpv6(value)
  if (type === "CAA") {
    const fields = caaFields(value)
    return fields === undefined ? value : caaValue(fields)
  }
  return nameTypes.has(type)
    ? value
        .toLowerCase()
        .replace(/\s+/g, " ")
        .replace(/(?<=[^\s.])\.$/, "")
    : value
}

/** The types that fabrik writes. It reads others, and leaves them alone. */
export const recordTypes = ["A", "AAAA", "CNAME", "TXT", "MX", "SRV", "CAA"] as const
export type RecordType = (typeof recordTypes)[number]

/** Those that lead to a server, and may lead to a proxy in its place. */
export const isAddressing = (type: string): boolean => type === "A" || type === "AAAA" || type === "CNAME"

const isShort = (digits: string): boolean => /^\d{1,5}$/.test(digits) && Number(digits) <= 65_535

/** Numbers of 16 bits and a host name at the end; `.` says that there is no such service (RFC 7505, RFC 2782). */
const numberedProblem = (value: string, form: string): string | undefined => {
  const fields = value.split(" ")
  const host = fields.at(-1) ?? ""
  const numbers = fields.slice(0, -1)
  if (fields.length !== form.split(" ").length || !numbers.every(isShort)) {
    return `${value} is not \`${form}\`, numbers from 0 to 65535 and a host name`
  }
  return host === "." || Option.isSome(normalizeName(host)) ? undefined : `${host} is not a host name`
}

/** Why `value` cannot stand in a record of `type`; `undefined`: it can. */
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
    case "MX":
      return numberedProblem(value, "PREFERENCE HOST")
    case "SRV":
      return numberedProblem(value, "PRIORITY WEIGHT PORT HOST")
    case "CAA": {
      const fields = caaFields(value)
      return fields !== undefined && fields.flags <= 255 && isCaaTag(fields.tag)
        ? undefined
        : `${value} is not \`FLAGS TAG "VALUE"\`, e.g. 0 issue "letsencrypt.org"`
    }
    default:
      return `fabrik does not write ${type} records`
  }
}
