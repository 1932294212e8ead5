/**
 * A DNS provider of fabrik's for each one that dnscontrol speaks to (https://docs.dnscontrol.org/provider/index):
 *
 *   FABRIK_DNS_COMMAND="node dns-over-dnscontrol.mjs CREDKEY [creds.json [PROGRAM ...]]"
 *
 * CREDKEY is the entry of creds.json that has the zones; PROGRAM is how dnscontrol is started where it is not in the PATH.
 * It reads with `get-zones --format=tsv` and writes with `push` of a config that names one record set, under NO_PURGE:
 * dnscontrol then changes what has this label and type, and nothing else (pkg/diff2/handsoff.go).
 *
 * What is lost against a provider that fabrik speaks to itself:
 * - nothing compares and sets: between the look and the push somebody else may write, and is overwritten;
 * - comments, tags and labels are not seen, so a record set that is removed and put back comes without them, and fabrik
 *   marks its own with TXT records; a record behind Cloudflare's proxy is left alone, as are types other than A, AAAA,
 *   CNAME, TXT, MX, SRV and CAA, and CAA flags other than 0 and 128;
 * - a TTL that the provider chooses itself is seen as a number;
 * - dnscontrol tells why it failed in words alone: what looks like refused credentials ends with 11, all else of a read
 *   with 12, and of a push with 1, after which fabrik reads back;
 * - every request reads the whole zone, and starts a program or three.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"

const [key, creds = "creds.json", program = "dnscontrol", ...words] = process.argv.slice(2)
const directory = mkdtempSync(join(tmpdir(), "fabrik-dnscontrol-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const stop = (code, text) => {
  process.stderr.write(`${text}\n`)
  process.exit(code)
}

const dnscontrol = (args, otherwise) => {
  const run = spawnSync(program, [...words, ...args], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 })
  if (run.error !== undefined) stop(1, `${program} cannot be started: ${run.error.code}`)
  if (run.status === 0) return
  const said = `${run.stderr}\n${run.stdout}`.trim().split("\n").at(-1)
  const isRefused = /\b40[13]\b|unauthori[sz]ed|forbidden|authenticat|invalid.{0,20}(?:key|token)/i.test(said)
  stop(isRefused ? 11 : otherwise, `dnscontrol ${args[0]}: ${said}`)
}

const getZones = (format, zone) => {
  const out = join(directory, "zones")
  dnscontrol(["get-zones", `--creds=${creds}`, `--format=${format}`, `--out=${out}`, key, "-", zone], 12)
  return readFileSync(out, "utf8")
    .split("\n")
    .filter((line) => line !== "")
}

/** A text of zone files: its chunks joined, `\"`, `\\` and `\ddd` undone. */
const unquote = (text) => {
  if (!text.startsWith('"')) return text
  const bytes = []
  let inside = false
  for (const [piece, code, escaped] of text.matchAll(/\\(\d{3})|\\([^])|"|[^"\\]+|\\/gu)) {
    if (piece === '"') inside = !inside
    else if (inside) bytes.push(code === undefined ? Buffer.from(escaped ?? piece) : Buffer.of(Number(code)))
  }
  return Buffer.concat(bytes).toString()
}

const hosts = new Set(["CNAME", "NS", "MX", "SRV", "PTR", "DNAME", "ALIAS"])
const valueOf = (type, target) => {
  if (type === "TXT") return unquote(target)
  return hosts.has(type) ? target.replace(/(?<=[^\s.])\.$/, "") : target
}

/** The columns are those that `dnscontrol get-zones --help` tells, with the class before the type. */
const readZone = (zone) => {
  const sets = new Map()
  for (const line of getZones("tsv", zone)) {
    const [name = "", label = "", ttl = "", , type = "", target = "", ...properties] = line.split("\t")
    const at = `${name} ${type}`
    const set = sets.get(at) ?? {
      name,
      type,
      ttl: Number(ttl),
      values: [],
      label,
      isProxied: false,
      ttls: new Set()
    }
    set.values.push(valueOf(type, target))
    set.ttls.add(ttl)
    set.isProxied ||= properties.some((each) => each.includes("cloudflare_proxy=true"))
    sets.set(at, set)
  }
  return [...sets.values()]
}

const wire = ({ name, ttl, type, values }) => ({ name, type, ttl, values })
const same = (left, right) =>
  left?.ttl === right?.ttl &&
  JSON.stringify(left?.values.toSorted()) === JSON.stringify(right?.values.toSorted())

const literal = (text) =>
  JSON.stringify(text).replace(/[\u2028\u2029]/g, (each) => `\\u${each.charCodeAt(0).toString(16)}`)

/** The arguments of the type's function: https://docs.dnscontrol.org/language-reference/domain-modifiers. */
const argumentsOf = (type, value) => {
  if (type === "CNAME") return [literal(`${value}.`)]
  if (type === "CAA") {
    const [, flags, tag, text] = /^(\d+) (\w+) "(.*)"$/.exec(value) ?? []
    if (flags !== "0" && flags !== "128") stop(10, `the CAA flags of ${value} cannot be written`)
    return [literal(tag), literal(text), ...(flags === "128" ? ["CAA_CRITICAL"] : [])]
  }
  if (type !== "MX" && type !== "SRV") return [literal(value)]
  const fields = value.split(" ")
  const host = fields.pop()
  return [...fields, literal(host === "." ? host : `${host}.`)]
}

const change = ({ after, before, zone }) => {
  const subject = after ?? before
  const standing = readZone(zone.name).find(
    ({ name, type }) => name === subject.name && type === subject.type
  )
  if (!same(standing, before ?? undefined))
    stop(10, `something else stands at ${subject.type} ${subject.name}`)
  if (!["A", "AAAA", "CNAME", "TXT", "MX", "SRV", "CAA"].includes(subject.type))
    stop(10, `${subject.type} records are left alone`)
  if (standing?.isProxied) stop(10, `${subject.name} is behind Cloudflare's proxy, and left alone`)
  if (standing !== undefined && standing.ttls.size > 1)
    stop(10, `the records of ${subject.name} differ in their TTL`)
  const label = subject.name === zone.name ? "@" : subject.name.slice(0, -zone.name.length - 1)
  const records = subject.values.map((value) => {
    const last = after === null ? "ENSURE_ABSENT_REC()" : `TTL(${after.ttl})`
    return `  ${subject.type}(${[literal(label), ...argumentsOf(subject.type, value), last].join(", ")})`
  })
  const config = join(directory, "dnsconfig.js")
  // No name servers: those of the zone stay as they are, at the registrar and in the zone.
  const head = `D(${literal(zone.name)}, NewRegistrar("none"), DnsProvider(NewDnsProvider(${literal(key)}), 0), NO_PURGE`
  writeFileSync(config, `${[head, ...records].join(",\n")}\n);\n`)
  dnscontrol(["push", `--creds=${creds}`, `--config=${config}`, `--domains=${zone.name}`, "--no-populate"], 1)
}

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

if (key === undefined) stop(1, "usage: dns-over-dnscontrol.mjs CREDKEY [creds.json [PROGRAM ...]]")
const asked = JSON.parse(readFileSync(0, "utf8"))
if (asked.version !== 1) stop(1, `version ${asked.version} of the requests is not known`)
switch (asked.method) {
  case "zones":
    answer({ zones: getZones("nameonly", "all").map((name) => ({ id: name, name })) })
    break
  case "read": {
    const { names, zone } = asked
    const sets = readZone(zone.name).filter(({ name }) => names === null || names.includes(name))
    answer({ recordSets: sets.map(wire) })
    break
  }
  case "change":
    change(asked)
    answer({})
    break
  default:
    stop(1, `the method ${asked.method} is not known`)
}
