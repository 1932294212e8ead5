// A DNS provider in a file: what a program of FABRIK_DNS_COMMAND does. Its argument is the file.
import { readFileSync, writeFileSync } from "node:fs"

const [file] = process.argv.slice(2)
const { zones, recordSets, end, faults = [], changes = 0 } = JSON.parse(readFileSync(file, "utf8"))
const asked = JSON.parse(readFileSync(0, "utf8"))

const stop = (code, text) => {
  process.stderr.write(`${text}\n`)
  process.exit(code)
}
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
const holds = (zone, name) => name === zone.name || name.endsWith(`.${zone.name}`)
// A sub-zone that is here, too, has its own.
const within = ({ name }) =>
  zones.filter((zone) => holds(zone, name)).toSorted((a, b) => b.name.length - a.name.length)[0]?.id ===
  asked.zone.id
const isAt =
  ({ name, type }) =>
  (each) =>
    each.name === name && each.type === type

if (asked.version !== 1) stop(1, "not version 1")
if (end?.before !== undefined) stop(end.before, "as the test says")
if (asked.method === "zones") answer({ zones })
else if (!zones.some(({ id }) => id === asked.zone.id)) stop(13, "no such zone")
else if (asked.method === "read") {
  const all = recordSets.filter(within)
  answer({ recordSets: asked.names === null ? all : all.filter(({ name }) => asked.names.includes(name)) })
} else {
  const { after, before } = asked
  const [first, ...later] = faults
  const met = first?.after === 0 ? first : undefined
  const left =
    met === undefined && first !== undefined ? [{ ...first, after: first.after - 1 }, ...later] : later
  const write = (all) => {
    const others = all.concat(met?.meanwhile ?? [])
    writeFileSync(file, JSON.stringify({ zones, recordSets: others, faults: left, changes: changes + 1 }))
  }
  if (met?.done === false) {
    write(recordSets)
    stop(met.code, "as the test says")
  }
  const standing = recordSets.find(isAt(after ?? before))
  const same = (a, b) => JSON.stringify([a?.ttl, a?.values]) === JSON.stringify([b?.ttl, b?.values])
  if (!same(standing, before ?? undefined)) stop(10, "something else stands there")
  const others = recordSets.filter((each) => each !== standing)
  write(after === null ? others : [...others, after])
  if (met !== undefined) stop(met.code, "as the test says")
  if (end?.after !== undefined) stop(end.after, "as the test says")
  answer({})
}
