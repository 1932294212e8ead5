/**
 * `processes`: several applications of one spec, from one source. Before anything is decoded, the tree of such a spec becomes
 * one tree for each of them, in which everything keeps the place where it was written. Pure.
 */
import { wrongKind } from "./Form.ts"
import { processPattern } from "./Limits.ts"
import { presentForm } from "./OlderForm.ts"
import { type Complaint, keyName, quote, type Report } from "./Report.ts"
import { databaseName } from "./sections/Databases.ts"
import type { Spec } from "./Spec.ts"
import type { Entry, Field, MapNode, Node } from "./YamlTree.ts"

/** Which one of a spec's processes it is. */
export interface Process {
  /** The name of the spec. */
  readonly of: string
  readonly name: string
  /** What the applications of all processes are called, in the order of the spec. */
  readonly applications: ReadonlyArray<string>
  /** Those of them that go before it. */
  readonly after: ReadonlyArray<string>
}

/** The tree of one spec. */
interface Member {
  readonly root: Field
  readonly process: Process | undefined
}

/** The process that keeps the spec's own name, and has what only one application can have. */
const main = "web"

const mostProcesses = 20

/** Of the whole spec. */
const common = ["name", "template", "project", "environment", "server", "needs", "processes"] as const

/** At the top they are what {@link main} has: no two applications can have them, or none that nobody visits. */
const ofMain = [
  "domain",
  "domains",
  "redirect",
  "basicAuth",
  "port",
  "command",
  "release",
  "volumes",
  "ports",
  "networkAliases",
  "schedules",
  "healthcheck"
] as const

/** What a process writes there is added to what stands at the top, and wins. */
const added = ["env", "secrets", "files", "resources", "databases", "build", "dns", "source", "healthcheck"]

const sourceKinds = ["image", "git", "dockerfile", "compose"]

/** What the application of a process is called. */
const applicationOf = (spec: string, process: string): string =>
  process === main ? spec : `${spec}-${process}`

/** The keys that a process can have, of those of a spec. */
const isOfProcess = (key: string): boolean => !common.some((one) => one === key)

/** A spec that stands for the application of a process which the spec does not have any more: all that deleting it needs. */
export const formerProcess = (of: Spec, name: string): Spec => {
  const { process: _, redirect: _r, routes: _o, schedules: _s, sharedDatabases: _d, ...rest } = of
  const { records: _n, ...dns } = rest.dns
  return { ...rest, name, dns, domains: [], volumes: [], databases: [], references: {} }
}

/** One tree for each process; the tree itself where there are none. `undefined`: what they are cannot be told. */
export const membersOf = (root: Field, report: Report): ReadonlyArray<Member> | undefined => {
  const { node } = root
  const written = node._tag === "Map" ? node.entries.find(({ key }) => key === "processes") : undefined
  if (node._tag !== "Map" || written === undefined) {
    return [{ root: presentForm(root, report), process: undefined }]
  }
  const rest = { ...node, entries: node.entries.filter((entry) => entry !== written) }
  const shared = presentForm({ ...root, node: rest }, report)
  if (written.node._tag === "Null" || (written.node._tag === "Map" && written.node.entries.length === 0)) {
    return [{ root: shared, process: undefined }]
  }
  const complain = complainTo(report)
  const processes = processesIn(written, report)
  if (processes === undefined || shared.node._tag !== "Map") return undefined
  const top = shared.node
  const hasMain = processes.some(({ key }) => key === main)
  if (!hasMain) {
    for (const { key, keyAt, path } of top.entries.filter((entry) => isOfMain(entry.key))) {
      const message = `\`${path}\` at the top is what the process \`${main}\` has, and none is called so`
      report.add(keyAt, path, { message, hint: `write \`${key}\` under the process that it belongs to` })
    }
  }
  const databases = entryOf(top, "databases")
  if (!hasMain && databases?.node._tag === "Map" && databases.node.entries.some((one) => !isUse(one.node))) {
    complain(databases, {
      message: `databases of all processes are made with \`${main}\`, and none is called so`,
      hint: "write them under the process that makes them; others have them by `{ use: NAME }`"
    })
  }
  const source = entryOf(top, "source")
  if (source?.node._tag === "Map" && entryOf(source.node, "compose") !== undefined) {
    complain(written, {
      at: written.keyAt,
      message: "a compose file names its own containers, and has no `processes`",
      hint: "write them as services of the compose file, or name an image or a repository under `source`"
    })
  }
  const named = entryOf(top, "name")
  const name = named?.node._tag === "Scalar" ? named.node.text : ""
  const applications = processes.map(({ key }) => applicationOf(name, key))
  const own = processes.find(({ key }) => key === main)
  const prepares = [top, own?.node].some(
    (one) => one?._tag === "Map" && entryOf(one, "release") !== undefined
  )
  return processes.map((process) => ({
    root: { ...shared, node: { ...top, entries: entriesOf(process, top, name, report) } },
    process: {
      of: name,
      name: process.key,
      applications,
      // What it prepares, a migration for example, the others find done.
      after: prepares && process !== own && own !== undefined ? [name] : []
    }
  }))
}

const isOfMain = (key: string): boolean => ofMain.some((one) => one === key)

const entryOf = (node: MapNode, key: string): Entry | undefined =>
  node.entries.find((entry) => entry.key === key)

const isUse = (node: Node): boolean => node._tag === "Map" && entryOf(node, "use") !== undefined

const complainTo =
  (report: Report) =>
  ({ node, path }: Field, { at = node.at, ...complaint }: Complaint): void => {
    report.add(at, path, complaint)
  }

const nameHint = "lower case letters, digits and `-`, at most 32, the first a letter: `web`, `worker`"

/** Each with its keys of today. */
const processesIn = (written: Entry, report: Report): ReadonlyArray<Entry> | undefined => {
  const complain = complainTo(report)
  const { node } = written
  if (node._tag !== "Map") {
    complain(
      written,
      wrongKind(written, "a map", "e.g. `processes: { web: {}, worker: { command: bin/work } }`")
    )
    return undefined
  }
  if (node.entries.length > mostProcesses) {
    complain(written, { message: `more than ${mostProcesses} processes`, hint: "write several specs" })
    return undefined
  }
  const found = node.entries.flatMap((process): ReadonlyArray<Entry> => {
    if (!processPattern.test(process.key)) {
      const message = `${quote(keyName(process.key))} cannot name a process`
      complain(process, { at: process.keyAt, message, hint: nameHint })
      return []
    }
    if (process.node._tag === "Null") {
      return [{ ...process, node: { _tag: "Map", at: process.node.at, entries: [] } }]
    }
    if (process.node._tag !== "Map") {
      complain(process, wrongKind(process, "a map", "a command stands under `command`"))
      return []
    }
    const { node: today, ...field } = presentForm(process, report)
    if (today._tag !== "Map") return []
    const stray = today.entries.filter(({ key }) => !isOfProcess(key))
    for (const entry of stray) {
      const message = `\`${entry.path}\` is the same for all processes`
      complain(entry, { at: entry.keyAt, message, hint: "write it at the top" })
    }
    const entries = today.entries.filter((entry) => !stray.includes(entry))
    return [{ ...process, ...field, node: { ...today, entries } }]
  })
  return found.length === node.entries.length ? found : undefined
}

/** What one of them is: its own, above what all have. */
const entriesOf = (process: Entry, top: MapNode, spec: string, report: Report): ReadonlyArray<Entry> => {
  const own = process.node._tag === "Map" ? process.node.entries : []
  const says = (...keys: ReadonlyArray<string>) => own.some(({ key }) => keys.includes(key))
  const isMain = process.key === main
  const isReached = says("domain", "domains")
  const inherits = ({ key }: Entry): boolean => {
    if (isReached && (key === "domain" || key === "domains")) return false
    return isMain || !isOfMain(key) || (key === "port" && isReached)
  }
  const inherited = top.entries.filter(inherits).map((entry): Entry => {
    if (isMain) return entry
    if (entry.key === "databases") return used(entry, spec)
    return entry.key === "dns" ? withoutRecords(entry) : entry
  })
  const entries = [
    ...inherited.map((entry) => {
      const theirs = own.find(({ key }) => key === entry.key)
      return theirs === undefined ? entry : joined(entry, theirs, report)
    }),
    ...own.filter(({ key }) => inherited.every((entry) => entry.key !== key))
  ].map((entry) => (entry.key === "name" ? named(entry, applicationOf(spec, process.key)) : entry))
  const { keyAt, path } = process
  return isMain || isReached
    ? entries
    : [...entries, { key: "domain", keyAt, path, node: scalar(keyAt, "none") }]
}

const scalar = (at: Field["keyAt"], text: string): Node => ({ _tag: "Scalar", at, text, value: text })

const named = (entry: Entry, name: string): Entry =>
  entry.node._tag === "Scalar" ? { ...entry, node: scalar(entry.node.at, name) } : entry

/** The databases that {@link main} makes, as the others have them. */
const used = (databases: Entry, spec: string): Entry => {
  const { node } = databases
  if (node._tag !== "Map") return databases
  const entries = node.entries.map((entry): Entry => {
    if (isUse(entry.node)) return entry
    const { at } = entry.node
    const use = { key: "use", keyAt: at, path: entry.path, node: scalar(at, databaseName(spec, entry.key)) }
    return { ...entry, node: { _tag: "Map", at, entries: [use] } }
  })
  return { ...databases, node: { ...node, entries } }
}

const withoutRecords = (dns: Entry): Entry =>
  dns.node._tag === "Map"
    ? { ...dns, node: { ...dns.node, entries: dns.node.entries.filter(({ key }) => key !== "records") } }
    : dns

/** What stands at the top, with what the process says of it. */
const joined = (shared: Entry, own: Entry, report: Report): Entry => {
  if (!added.includes(own.key)) return own
  const [above, below] = [shared.node, own.node]
  if (below._tag === "Null") return shared
  if (above._tag === "Map" && below._tag === "Map") {
    // Of another kind it is another source.
    if (own.key === "source" && sourceKinds.some((kind) => entryOf(below, kind) !== undefined)) return own
    const kept = above.entries.filter(({ key }) => entryOf(below, key) === undefined)
    return { ...own, node: { ...below, entries: [...kept, ...below.entries] } }
  }
  if (above._tag === "List" && below._tag === "List") {
    const texts = below.items.map(({ node }) => (node._tag === "Scalar" ? node.text : undefined))
    const kept = above.items.filter(({ node }) => node._tag !== "Scalar" || !texts.includes(node.text))
    return { ...own, node: { ...below, items: [...kept, ...below.items] } }
  }
  if (own.key === "secrets" && above._tag !== "Null") {
    complainTo(report)(own, {
      message: `\`${own.path}\` and \`${shared.path}\` are written in two forms`,
      hint: "write both as a list of names, or both as `NAME: required` and `NAME: generate`"
    })
  }
  return own
}
