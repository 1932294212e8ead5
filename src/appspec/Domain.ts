import { isIP } from "node:net"
import { domainToASCII } from "node:url"
import * as Either from "effect/Either"
import { type Complaint, quote } from "./Report.ts"

const example = "write the bare name, e.g. app.example.com"
const shorter = "write a shorter name"

/** Of a name on the wire. A text far longer is refused unread: converting it takes the square of its length. */
const longest = 253
const tooLong: Complaint = { message: `the domain is longer than ${longest} characters`, hint: shorter }

/** Node compiles the pattern of an IPv6 address on its first use, which takes longer than all else here. */
const isAddress = (text: string): boolean => /:|^[\d.]+$/.test(text) && isIP(text) !== 0

const looksLikeAddress = (name: string): boolean =>
  isAddress(name) || /(^|\.)(\d+|0x[0-9a-f]*)$/i.test(name.replace(/\.$/, ""))

/** What is wrong before any conversion, which would hide it (`domainToASCII` decodes %, drops tabs, expands `1.2`). */
const surfaceComplaint = (input: string): Complaint | undefined => {
  if (input.includes("@")) return { message: "a domain has no user or password", hint: example }
  const url = /^[a-z][a-z0-9+.-]*:\/\/([A-Za-z0-9.-]*)/i.exec(input)
  if (url !== null)
    return { message: "a domain has no scheme", hint: url[1] ? `write ${quote(url[1])}` : example }
  if (/[/\\?#]/.test(input)) return { message: "a domain has no path", hint: example }
  if (input.includes("*")) {
    return {
      message: "a wildcard is not a domain to serve from: Coolify takes none (`Invalid URL`)",
      hint: "write each host name under `domains`, e.g. app.example.com"
    }
  }
  if (isAddress(input.replace(/^\[(.*)\]$/, "$1"))) {
    return { message: "a domain is a name, not an IP address", hint: "the address goes under `dns.target`" }
  }
  if (/:\d*$/.test(input)) {
    return { message: "a domain has no port", hint: "the port the application listens on goes under `port`" }
  }
  if (/\s/.test(input)) return { message: "a domain has no spaces", hint: example }
  if (input.includes("_"))
    return { message: "an underscore is not allowed in a host name", hint: "use a hyphen" }
  // ASCII beyond letters, digits, dot and hyphen, and characters that do not show.
  const odd =
    /[^A-Za-z0-9.\-\u0080-\u{10FFFF}]|\u034F|[\u00AD\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/u.exec(
      input
    )
  return odd === null ? undefined : { message: `a domain cannot contain ${quote(odd[0])}`, hint: example }
}

const labelComplaint = (label: string): Complaint | undefined => {
  if (label === "") return { message: "two dots in a row, or a dot at the start", hint: example }
  if (label.length > 63)
    return { message: "a part of the domain is longer than 63 characters", hint: shorter }
  if (label.startsWith("-") || label.endsWith("-")) {
    return { message: `no part of a domain starts or ends with a hyphen: ${quote(label)}`, hint: "remove it" }
  }
  return /^[a-z0-9-]+$/.test(label)
    ? undefined
    : { message: "the domain is not a valid host name", hint: example }
}

/**
 * A host name in the form everything behind the spec uses: ASCII (IDN as punycode, UTS 46), lower case, no final dot,
 * at least two labels, letters, digits and hyphens only, no address in any disguise (`2130706433`, `0x7f.1`, `①②⑦.1`).
 */
export const asciiDomain = (input: string): Either.Either<string, Complaint> => {
  if (input.length > 4 * longest) return Either.left(tooLong)
  const surface = surfaceComplaint(input)
  if (surface !== undefined) return Either.left(surface)
  const name = domainToASCII(input).replace(/\.$/, "")
  if (looksLikeAddress(input) || looksLikeAddress(name)) {
    return Either.left({
      message: "a domain is a name, not an IP address",
      hint: "the address goes under `dns.target`"
    })
  }
  if (name === "") return Either.left({ message: "the domain is not a valid host name", hint: example })
  if (name.length > longest) return Either.left(tooLong)
  const labels = name.split(".")
  for (const label of labels) {
    const complaint = labelComplaint(label)
    if (complaint !== undefined) return Either.left(complaint)
  }
  const top = labels.at(-1) ?? ""
  if (labels.length < 2 || name === "localhost") {
    return Either.left({ message: "a public domain has at least two parts", hint: "e.g. app.example.com" })
  }
  if (!/^[a-z][a-z0-9-]*[a-z0-9]$/.test(top)) {
    return Either.left({ message: `there is no top-level domain ${quote(top)}`, hint: example })
  }
  return Either.right(name)
}

/** Where an application answers: at a host, and below a path of it. */
export interface Site {
  /** As {@link asciiDomain} gives it. */
  readonly host: string
  /** From one `/` on, without one at its end; empty: the whole host. */
  readonly path: string
}

/** Of a name as {@link asciiSite} gives it. */
export const siteOf = (domain: string): Site => {
  const at = domain.indexOf("/")
  return at === -1 ? { host: domain, path: "" } : { host: domain.slice(0, at), path: domain.slice(at) }
}

/** The hosts of some sites, each once: what has a record and a certificate. */
export const hostsOf = (domains: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(domains.map((domain) => siteOf(domain).host))
]

/** At a site, the path that its application knows as `path`: Coolify's proxy takes the site's own off. */
export const pathAt = ({ path: prefix }: Site, path: string): string =>
  prefix === "" || path === "/" ? prefix || path : `${prefix}${path}`

// Nothing that a rule of the proxy could read otherwise, and no dots that lead elsewhere.
const sitePath = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+){1,10}$/

/** A host name, or one with a path: `example.com/api`. */
export const asciiSite = (input: string): Either.Either<string, Complaint> => {
  const { host, path } = siteOf(input)
  if (host === "" || path === "" || path.length > longest || /[\\?#@:]/.test(input)) return asciiDomain(input)
  if (path.endsWith("/")) {
    return Either.left({
      message: "the path of a domain does not end in a slash",
      hint: `write ${quote(input.replace(/\/+$/, ""))}`
    })
  }
  return sitePath.test(path)
    ? Either.map(asciiDomain(host), (name) => `${name}${path}`)
    : Either.left({
        message: "this is no path of a domain",
        hint: "letters, digits, `.`, `_`, `~` and `-` between the slashes, e.g. example.com/api"
      })
}

// RFC 2606, RFC 6761, RFC 6762 appendix G, RFC 7686, RFC 8375, RFC 9476, and the names ICANN holds back.
const reserved: ReadonlySet<string> = new Set([
  "alt",
  "arpa",
  "corp",
  "example",
  "home",
  "internal",
  "intranet",
  "invalid",
  "lan",
  "local",
  "localdomain",
  "localhost",
  "mail",
  "onion",
  "private",
  "test"
])

/**
 * Why no certificate authority or public resolver will ever know `domain` (as {@link asciiDomain} gives it);
 * `undefined` when nothing speaks against it. A dry run and the sandbox may use such names, a live run may not.
 */
export const liveDomainProblem = (domain: string): string | undefined => {
  const top = domain.slice(domain.lastIndexOf(".") + 1)
  return reserved.has(top) ? `\`.${top}\` is reserved: it never exists on the public internet` : undefined
}
