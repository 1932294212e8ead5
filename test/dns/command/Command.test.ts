import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { command } from "../../../src/dns/command/Provider.ts"
import { DnsClient, type RecordSet } from "../../../src/dns/DnsClient.ts"
import { DnsBench, dnsClientContract } from "../../contract/DnsClientContract.ts"
import { isFull } from "../../reliability/Scale.ts"
import { markOf } from "../records/Account.ts"

interface State {
  readonly zones: ReadonlyArray<{ readonly id: string; readonly name: string }>
  readonly recordSets: ReadonlyArray<Pick<RecordSet, "name" | "ttl" | "type" | "values">>
  /** How the next request ends, before or after it did something. */
  readonly end?: { readonly before?: number; readonly after?: number }
}

const zone = "example.test"
const adapter = join(import.meta.dirname, "adapter.mjs")

const store = Effect.acquireRelease(
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

const clientOf = (program: string) =>
  Layer.unwrapEffect(Effect.promise(() => command.make({ FABRIK_DNS_COMMAND: program }))).pipe(
    Layer.provide(FetchHttpClient.layer)
  )

const wanted: RecordSet = {
  name: `api.${zone}`,
  type: "A",
  ttl: 120,
  values: ["192.0.2.10"],
  proxied: false,
  comment: "managed by fabrik - key=0123456789abcdef run=0123456789ab"
}
const absent = { _tag: "Absent" } as const
const at = { id: "1", name: zone }

describe("a program as the provider", () => {
  it.scopedLive("writes, finds its own again, and removes it with its mark", () =>
    Effect.gen(function* () {
      const { file, read } = yield* store
      yield* Effect.gen(function* () {
        const dns = yield* DnsClient
        assert.deepStrictEqual(yield* dns.findZone(`x.sub.${zone}`), { id: "2", name: `sub.${zone}` })
        yield* dns.put(at, wanted, absent)
        const mark = markOf(wanted)
        assert.sameDeepMembers(
          [...read().recordSets],
          [
            { name: wanted.name, type: "A", ttl: 120, values: ["192.0.2.10"] },
            { name: mark.name, type: "TXT", ttl: 300, values: [mark.value] }
          ]
        )
        assert.deepStrictEqual(yield* dns.listAt(at, wanted.name), [wanted])
        yield* dns.remove(at, wanted)
        assert.deepStrictEqual(read().recordSets, [])
      }).pipe(Effect.provide(clientOf(`${process.execPath} ${adapter} ${file}`)))
    })
  )

  it.scopedLive("ends with what its exit code says, and reads back what is in doubt", () =>
    Effect.gen(function* () {
      const { file, read, write } = yield* store
      const dns = Effect.provide(DnsClient, clientOf(`${process.execPath} ${adapter} ${file}`))
      const fresh = read()
      for (const [code, reason] of [
        [11, "Unauthorized"],
        [13, "ZoneNotFound"],
        [1, "BadResponse"]
      ] as const) {
        write({ ...fresh, end: { before: code } })
        const error = yield* Effect.flip(Effect.flatMap(dns, (client) => client.listAt(at, wanted.name)))
        assert.strictEqual(error.reason, reason)
        assert.include(error.detail, "as the test says")
      }
      // Marked already, so that the one change is the record's.
      const mark = markOf(wanted)
      const marked = { name: mark.name, type: "TXT", ttl: 300, values: [mark.value] }
      write({ ...fresh, recordSets: [marked], end: { after: 1 } })
      yield* Effect.flatMap(dns, (client) => client.put(at, wanted, absent))
      assert.lengthOf(read().recordSets, 2)
    })
  )

  it.live("that is none is said", () =>
    Effect.gen(function* () {
      const reason = (program: string) =>
        Effect.map(
          Effect.flip(
            Effect.flatMap(DnsClient, (dns) => dns.findZone(zone)).pipe(Effect.provide(clientOf(program)))
          ),
          (error) => error.reason
        )
      assert.strictEqual(yield* reason("/nonexistent/program"), "BadConfig")
      assert.strictEqual(yield* reason(adapter), "Forbidden")
      assert.strictEqual(yield* reason("/bin/echo hello"), "BadResponse")
    })
  )
})

// A process for each request: too dear for the ordinary suite.
if (isFull) {
  dnsClientContract(
    "a program",
    () =>
      Layer.unwrapScoped(
        Effect.map(store, ({ file, read, write }) =>
          Layer.mergeAll(
            clientOf(`${process.execPath} ${adapter} ${file}`),
            Layer.succeed(DnsBench, {
              zone,
              seed: (recordSet) =>
                Effect.sync(() => {
                  const mark = markOf(recordSet)
                  const { name, ttl, type, values } = recordSet
                  const more = { name: mark.name, type: "TXT", ttl, values: [mark.value] }
                  const state = read()
                  write({
                    ...state,
                    recordSets: [
                      ...state.recordSets,
                      { name, ttl, type, values },
                      ...(recordSet.comment === undefined ? [] : [more])
                    ]
                  })
                }),
              standing: (name) =>
                Effect.sync(() => {
                  const { recordSets } = read()
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
                })
            })
          )
        )
      ),
    { noticesRaces: false }
  )
}
