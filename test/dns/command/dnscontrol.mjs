// What dnscontrol does of `get-zones` and `push`, as its documentation and pkg/diff2/handsoff.go say: its first argument is
// the file of zones and records that it has instead of a provider.
import { readFileSync, writeFileSync } from "node:fs"
import { runInNewContext } from "node:vm"

const [file, command, ...rest] = process.argv.slice(2)
const state = JSON.parse(readFileSync(file, "utf8"))
const options = Object.fromEntries(
  rest.filter((each) => each.startsWith("--")).map((each) => each.slice(2).split("="))
)
const [key, , zone] = rest.filter((each) => !each.startsWith("--"))

const stop = (text) => {
  process.stderr.write(`${text}\n`)
  process.exit(1)
}
const known = JSON.parse(readFileSync(options.creds, "utf8"))
const holder = (name) =>
  state.zones
    .filter((each) => name === each || name.endsWith(`.${each}`))
    .toSorted((a, b) => b.length - a.length)[0]
const labelOf = (name, at) => (name === at ? "@" : name.slice(0, -at.length - 1))

if (command === "get-zones") {
  if (known[key]?.token !== "right") stop("failed GetZone LZ: 401 Unauthorized")
  // A TXT is quoted in chunks, as in a zone file.
  const quoted = (text) => {
    const bytes = [...Buffer.from(text)]
    const chunks = Array.from({ length: Math.ceil(bytes.length / 255) || 1 }, (_, index) =>
      bytes.slice(index * 255, index * 255 + 255)
    )
    const escaped = (byte) =>
      byte === 34 || byte === 92
        ? `\\${String.fromCharCode(byte)}`
        : byte < 32 || byte > 126
          ? `\\${String(byte).padStart(3, "0")}`
          : String.fromCharCode(byte)
    return chunks.map((chunk) => `"${chunk.map(escaped).join("")}"`).join(" ")
  }
  const lines =
    options.format === "nameonly"
      ? state.zones
      : state.records
          .filter(({ name }) => holder(name) === zone)
          .map(({ name, properties = "", target, ttl, type }) =>
            [
              name,
              labelOf(name, zone),
              ttl,
              "IN",
              type,
              `${type === "TXT" ? quoted(target) : target}${properties}`
            ].join("\t")
          )
  writeFileSync(options.out, lines.map((line) => `${line}\n`).join(""))
} else if (command === "push") {
  state.pushes = (state.pushes ?? 0) + 1
  const [first, ...later] = state.faults ?? []
  const met = first?.after === 0 ? first : undefined
  state.faults =
    met !== undefined || first === undefined ? later : [{ ...first, after: first.after - 1 }, ...later]
  const end = () => {
    state.records.push(...(met?.meanwhile ?? []))
    writeFileSync(file, JSON.stringify(state))
    if (met !== undefined) stop(met.how === "refused" ? "403 Forbidden" : "connection reset by peer")
  }
  if (met !== undefined && met.how !== "lost") end()
  const domains = []
  const record =
    (type) =>
    (name, target, ...modifiers) => {
      const made = { type, name, target, ttl: 300, absent: false }
      for (const modify of modifiers) modify(made)
      return (domain) => void domain.records.push(made)
    }
  runInNewContext(readFileSync(options.config, "utf8"), {
    NewRegistrar: () => "none",
    NewDnsProvider: (name) => name,
    DnsProvider: (name, servers) => (domain) => void Object.assign(domain, { key: name, servers }),
    NO_PURGE: (domain) => void (domain.keeps = true),
    TTL: (ttl) => (made) => void (made.ttl = ttl),
    ENSURE_ABSENT_REC: () => (made) => void (made.absent = true),
    ...Object.fromEntries(["A", "AAAA", "CNAME", "TXT"].map((type) => [type, record(type)])),
    MX: (name, preference, host, ...more) => record("MX")(name, `${preference} ${host}`, ...more),
    SRV: (name, priority, weight, port, host, ...more) =>
      record("SRV")(name, `${priority} ${weight} ${port} ${host}`, ...more),
    CAA: (name, tag, value, ...more) => record("CAA")(name, `0 ${tag} "${value}"`, ...more),
    CAA_CRITICAL: (made) => void (made.target = made.target.replace(/^0/, "128")),
    D: (name, registrar, ...parts) => {
      const domain = { name, records: [], keeps: false }
      for (const part of parts) part(domain)
      domains.push(domain)
    }
  })
  for (const { keeps, key, name, records, servers } of domains) {
    if (options.domains !== name || !state.zones.includes(name)) stop(`no zone ${name}`)
    if (known[key]?.token !== "right") stop("401 Unauthorized")
    const at = (each) => (each.name === "@" ? name : `${each.name}.${name}`)
    const isOf = (list) => (each) => list.some((other) => at(other) === each.name && other.type === each.type)
    const desired = records.filter(({ absent }) => !absent)
    const absences = records.filter(({ absent }) => absent)
    const own = state.records.filter((each) => holder(each.name) === name)
    const kept = own.filter((each) => keeps && !isOf(desired)(each) && !isOf(absences)(each))
    const made = desired.map((each) => ({
      name: at(each),
      type: each.type,
      ttl: each.ttl,
      target: each.target
    }))
    // Without the 0 it has the provider's name servers written.
    const apex = servers === 0 ? [] : [{ name, type: "NS", ttl: 300, target: "ns1.dnscontrol.test." }]
    state.records = [...state.records.filter((each) => !own.includes(each)), ...kept, ...made, ...apex]
  }
  end()
} else stop(`no command ${command}`)
