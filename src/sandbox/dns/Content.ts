/**
 * The text form of a record's content, as a zone file and the PowerDNS API write it, and what goes on the wire
 * for it.
 */
import * as net from "node:net"
import type * as DnsPacket from "dns-packet"

/** The types that the sandbox can hold. */
export const recordTypes = ["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"] as const
type SandboxRecordType = (typeof recordTypes)[number]

const isRecordType = (type: string): type is SandboxRecordType => recordTypes.some((known) => known === type)

/** Why a content is refused; worded like PowerDNS 4.7. */
export type ContentProblem = { readonly problem: string }

const unsignedShort = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined

const unsignedLong = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= 4_294_967_295 ? Number(text) : undefined

const parsing = (problem: string): ContentProblem => ({
  problem: `Parsing record content (try 'pdnsutil check-zone'): ${problem}`
})

const isName = (text: string): boolean =>
  text === "." ||
  (text.length <= 254 &&
    text.split(".").every((label, i, all) => label.length <= 63 && (label !== "" || i === all.length - 1)))

/** A name inside a content must end in a dot: PowerDNS compares the content with its own parsed form. */
const absoluteName = (text: string, content: string): ContentProblem | undefined => {
  if (!isName(text)) return parsing(`unable to parse name '${text}'`)
  return text.endsWith(".")
    ? undefined
    : { problem: `Not in expected format (parsed as '${content.replace(text, `${text}.`)}')` }
}

const withoutDot = (name: string): string => (name === "." ? "." : name.replace(/\.$/, ""))

/** The character strings of a TXT content: each quoted, `\"`, `\\` and `\DDD` unescaped, cut at 255 bytes. */
const textStrings = (content: string): ReadonlyArray<Buffer> | undefined => {
  if (!/^"(?:\\\d{3}|\\[^\d]|[^"\\])*"(?:\s+"(?:\\\d{3}|\\[^\d]|[^"\\])*")*$/.test(content)) return undefined
  const strings = (content.match(/"(?:\\\d{3}|\\[^\d]|[^"\\])*"/g) ?? []).map((quoted) =>
    Buffer.concat(
      (quoted.slice(1, -1).match(/\\\d{3}|\\[^\d]|[^\\]+/g) ?? []).map((part) =>
        /^\\\d/.test(part)
          ? Buffer.from([Number(part.slice(1)) & 255])
          : Buffer.from(part.startsWith("\\") ? part.slice(1) : part, "utf8")
      )
    )
  )
  return strings.flatMap((string) =>
    string.length <= 255
      ? [string]
      : Array.from({ length: Math.ceil(string.length / 255) }, (_, i) =>
          string.subarray(i * 255, (i + 1) * 255)
        )
  )
}

const textProblem = (content: string): ContentProblem =>
  content.startsWith('"')
    ? parsing(`Data field in DNS should end on a quote (") in '${content}'`)
    : { problem: `Not in expected format (parsed as '"${content}"')` }

/** The content as the API gives it back: an IPv6 address in its short form. */
export const stored = (type: string, content: string): string =>
  type === "AAAA" ? new URL(`http://[${content}]`).hostname.slice(1, -1) : content

const soa = (content: string): DnsPacket.SoaData | ContentProblem => {
  const fields = content.split(/\s+/)
  const [mname = "", rname = ""] = fields
  const numbers = fields.slice(2).map(unsignedLong)
  const [serial, refresh, retry, expire, minimum] = numbers
  if (
    fields.length !== 7 ||
    serial === undefined ||
    refresh === undefined ||
    retry === undefined ||
    expire === undefined ||
    minimum === undefined
  ) {
    return parsing("expected mname rname serial refresh retry expire minimum")
  }
  return (
    absoluteName(mname, content) ??
    absoluteName(rname, content) ?? {
      mname: withoutDot(mname),
      rname: withoutDot(rname),
      serial,
      refresh,
      retry,
      expire,
      minimum
    }
  )
}

const mx = (content: string): DnsPacket.MxData | ContentProblem => {
  const [first, exchange = "", ...rest] = content.split(/\s+/)
  const preference = unsignedShort(first)
  if (preference === undefined || rest.length > 0) return parsing("expected preference exchange")
  return absoluteName(exchange, content) ?? { preference, exchange: withoutDot(exchange) }
}

const srv = (content: string): DnsPacket.SrvData | ContentProblem => {
  const fields = content.split(/\s+/)
  const [priority, weight, port] = fields.slice(0, 3).map(unsignedShort)
  const target = fields[3] ?? ""
  if (priority === undefined || weight === undefined || port === undefined || fields.length !== 4) {
    return parsing("expected priority weight port target")
  }
  return absoluteName(target, content) ?? { priority, weight, port, target: withoutDot(target) }
}

const caa = (content: string): DnsPacket.CaaData | ContentProblem => {
  const match = /^(\d{1,3}) (issue|issuewild|iodef) "([^"]*)"$/.exec(content)
  const tag = match?.[2]
  if (match === null || (tag !== "issue" && tag !== "issuewild" && tag !== "iodef")) {
    return parsing('expected flags tag "value"')
  }
  return {
    flags: Number(match[1]),
    issuerCritical: (Number(match[1]) & 128) !== 0,
    tag,
    value: match[3] ?? ""
  }
}

const isProblem = (data: object): data is ContentProblem => "problem" in data

/** The record for the wire, or why the content cannot be one. `name` is absolute, without the final dot. */
export const toAnswer = (
  name: string,
  type: string,
  ttl: number,
  content: string
): DnsPacket.Answer | ContentProblem => {
  if (!isRecordType(type)) return { problem: `the sandbox holds ${recordTypes.join(", ")} only` }
  switch (type) {
    case "A":
      return net.isIPv4(content)
        ? { type, name, ttl, data: content }
        : parsing(`unable to parse IP address '${content}'`)
    case "AAAA":
      return net.isIPv6(content) && !content.includes("%")
        ? { type, name, ttl, data: content }
        : { problem: "Invalid IPv6 address" }
    case "CNAME":
    case "NS":
    case "PTR":
      return absoluteName(content, content) ?? { type, name, ttl, data: withoutDot(content) }
    case "TXT": {
      const strings = textStrings(content)
      return strings === undefined ? textProblem(content) : { type, name, ttl, data: [...strings] }
    }
    case "SOA": {
      const data = soa(content)
      return isProblem(data) ? data : { type, name, ttl, data }
    }
    case "MX": {
      const data = mx(content)
      return isProblem(data) ? data : { type, name, ttl, data }
    }
    case "SRV": {
      const data = srv(content)
      return isProblem(data) ? data : { type, name, ttl, data }
    }
    case "CAA": {
      const data = caa(content)
      return isProblem(data) ? data : { type, name, ttl, data }
    }
  }
}
