/** The contract's benches over programs. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as EffectArray from "effect/Array"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { command } from "../../../src/dns/command/Provider.ts"
import type { RecordSet } from "../../../src/dns/DnsClient.ts"
import { DnsBench, type Fault } from "../../contract/DnsClientContract.ts"
import { markOf } from "../records/Account.ts"

interface State {
  readonly zones: ReadonlyArray<{ readonly id: string; readonly name: string }>
  readonly recordSets: ReadonlyArray<Pick<RecordSet, "name" | "ttl" | "type" | "values">>
  /** How the next request ends, before or after it did something. */
  readonly end?: { readonly before?: number; readonly after?: number }
  /** What changes to come meet, once each: done or not, it ends with the code. */
  readonly faults?: ReadonlyArray<{
    readonly after: number
    readonly done: boolean
    readonly code: number
    readonly meanwhile: State["recordSets"]
  }>
  /** How many were asked for. */
  readonly changes?: number
}

export const zone = "example.test"
export const adapter = join(import.meta.dirname, "adapter.mjs")

export const store = Effect.acquireRelease(
  Effect.sync(() => {
    const directory = mkdtempSync(join(tmpdir(), "fabrik-command-"))
    const file = join(directory, "zones.json")
    const write = (state: State) => writeFileSync(file, JSON.stringify(state))
    const read = (): State => JSON.parse(readFileSync(file, "utf8"))
    write({
      zones: [
        { id: "1", name: zone },
        { id: "2", name: `sub.${zone}` }
      ],
      recordSets: []
    })
    return { directory, file, read, write }
  }),
  ({ directory }) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

export const clientOf = (program: string) =>
  Layer.unwrapEffect(Effect.promise(() => command.make({ FABRIK_DNS_COMMAND: program }))).pipe(
    Layer.provide(FetchHttpClient.layer)
  )

const endings: Readonly<Record<Fault["how"], { readonly done: boolean; readonly code: number }>> = {
  lost: { done: true, code: 1 },
  dropped: { done: false, code: 1 },
  refused: { done: false, code: 11 },
  "too many": { done: false, code: 12 }
}

/** What a bench does with record sets that are kept in a file: the marks stand beside them. */
const benchOver = (
  files: {
    readonly read: () => State["recordSets"]
    readonly add: (recordSets: State["recordSets"]) => void
  },
  more: Pick<DnsBench["Type"], "calm" | "fail" | "writes">
): DnsBench["Type"] => {
  const seed = (recordSet: RecordSet) => Effect.sync(() => files.add(both(recordSet)))
  return {
    ...more,
    zone,
    seed,
    furnish: (name) =>
      seed({
        name,
        type: "A",
        ttl: 900,
        values: ["198.51.100.8", "198.51.100.7"],
        proxied: false,
        comment: undefined
      }),
    standing: (name) =>
      Effect.sync(() => {
        const recordSets = files.read()
        return recordSets
          .filter((each) => each.name === name)
          .map((each) => {
            const set = { ...each, proxied: false, comment: undefined }
            const mark = markOf({ ...set, comment: "" })
            const [claim] = recordSets
              .filter((other) => other.name === mark.name && other.type === "TXT")
              .flatMap(({ values }) => values.filter((value) => value.startsWith(mark.value)))
            return { ...set, comment: claim?.slice(mark.value.length) }
          })
      }),
    everything: Effect.sync(() =>
      files
        .read()
        .map(({ name, ttl, type, values }) => JSON.stringify({ name, type, ttl, values }))
        .toSorted()
    ),
    inPages: () => Effect.dieMessage("a program answers at once")
  }
}

/** With its mark. */
const both = (recordSet: RecordSet): State["recordSets"] => {
  const mark = markOf(recordSet)
  const { name, ttl, type, values } = recordSet
  const more = { name: mark.name, type: "TXT", ttl, values: [mark.value] }
  return [{ name, ttl, type, values }, ...(recordSet.comment === undefined ? [] : [more])]
}

/** Client, bench and program. */
export const layerCommandBench = Layer.unwrapScoped(
  Effect.map(store, ({ file, read, write }) => {
    const bench = benchOver(
      {
        read: () => read().recordSets,
        add: (recordSets) => {
          const state = read()
          write({ ...state, recordSets: [...state.recordSets, ...recordSets] })
        }
      },
      {
        fail: ({ after, how, meanwhile }) =>
          Effect.sync(() => {
            const { faults = [], ...state } = read()
            const others = meanwhile === undefined ? [] : both(meanwhile)
            write({ ...state, faults: [...faults, { ...endings[how], after, meanwhile: others }] })
          }),
        calm: Effect.sync(() => write({ ...read(), faults: [] })),
        writes: Effect.sync(() => read().changes ?? 0)
      }
    )
    return Layer.merge(clientOf(`${process.execPath} ${adapter} ${file}`), Layer.succeed(DnsBench, bench))
  })
)

interface Row {
  readonly name: string
  readonly type: string
  readonly ttl: number | undefined
  readonly target: string
  /** More columns. */
  readonly properties?: string
}

interface DnsControlState {
  readonly zones: ReadonlyArray<string>
  readonly records: ReadonlyArray<Row>
  readonly faults?: ReadonlyArray<Omit<Fault, "meanwhile"> & { readonly meanwhile: ReadonlyArray<Row> }>
  readonly pushes?: number
}

const dotted = new Set(["CNAME", "MX"])
const toRows = (recordSets: State["recordSets"]): ReadonlyArray<Row> =>
  recordSets.flatMap(({ name, ttl, type, values }) =>
    values.map((value) => ({ name, type, ttl, target: dotted.has(type) ? `${value}.` : value }))
  )
const toSets = (rows: ReadonlyArray<Row>): State["recordSets"] =>
  Object.values(EffectArray.groupBy(rows, ({ name, type }) => `${name} ${type}`)).map((members) => {
    const [{ name, ttl, type }] = members
    const values = members.map(({ target }) => (dotted.has(type) ? target.replace(/\.$/, "") : target))
    return { name, ttl, type, values }
  })

/** A program that does of dnscontrol what its documentation says, with its zones in a file; there is no dnscontrol here. */
export const dnscontrolStore = Effect.map(store, ({ directory }) => {
  const [file, creds] = [join(directory, "dnscontrol.json"), join(directory, "creds.json")]
  const write = (state: DnsControlState) => writeFileSync(file, JSON.stringify(state))
  const read = (): DnsControlState => JSON.parse(readFileSync(file, "utf8"))
  write({ zones: [zone, `sub.${zone}`], records: [] })
  writeFileSync(creds, JSON.stringify({ mine: { TYPE: "NONE", token: "right" }, wrong: { token: "wrong" } }))
  const wrapper = join(import.meta.dirname, "../../../scripts/dns-over-dnscontrol.mjs")
  const fake = join(import.meta.dirname, "dnscontrol.mjs")
  const command = (key: string) =>
    `${process.execPath} ${wrapper} ${key} ${creds} ${process.execPath} ${fake} ${file}`
  return { command, read, write }
})

/** Client and bench over the adapter of dnscontrol. */
export const layerDnsControlBench = Layer.unwrapScoped(
  Effect.map(dnscontrolStore, ({ command, read, write }) => {
    const bench = benchOver(
      {
        read: () => toSets(read().records),
        add: (recordSets) => {
          const state = read()
          write({ ...state, records: [...state.records, ...toRows(recordSets)] })
        }
      },
      {
        fail: ({ meanwhile, ...fault }) =>
          Effect.sync(() => {
            const { faults = [], ...state } = read()
            const others = meanwhile === undefined ? [] : toRows(both(meanwhile))
            write({ ...state, faults: [...faults, { ...fault, meanwhile: others }] })
          }),
        calm: Effect.sync(() => write({ ...read(), faults: [] })),
        writes: Effect.sync(() => read().pushes ?? 0)
      }
    )
    return Layer.merge(clientOf(command("mine")), Layer.succeed(DnsBench, bench))
  })
)
