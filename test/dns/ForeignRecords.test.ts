/** Whole commands over every provider, in a zone full of other people's records. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import type { RecordSet } from "../../src/dns/DnsClient.ts"
import type { Fault } from "../contract/DnsClientContract.ts"
import { server, spec as base } from "../orchestrator/Samples.ts"
import type { Command } from "../reliability/MemoryWorld.ts"
import { draw, isDeep, note, size } from "../reliability/Scale.ts"
import { commandsOver } from "./CommandsOver.ts"
import { everyLayer } from "./EveryLayer.ts"

const zone = "example.test"
const at = (label: string) => (label === "" ? zone : `${label}.${zone}`)

/** Free for a record of ours, though not empty, but for the one that has a record as ours would be. */
const free = ["", "a", "x.y", "same"].map(at)
const taken = ["other", "alias"].map(at)

const foreign = (name: string, type: string, ttl: number, ...values: ReadonlyArray<string>): RecordSet => ({
  name,
  type,
  ttl,
  values,
  proxied: false,
  comment: undefined
})

/** What stands at the names that the specs ask for, and where fabrik's marks would. */
const beside = (ttl: number): ReadonlyArray<RecordSet> => [
  foreign(at(""), "TXT", ttl, "v=spf1 -all"),
  foreign(at(""), "MX", ttl * 2, "10 mx.example.net", "20 mx2.example.net"),
  foreign(at("a"), "TXT", ttl, 'a "quoted" text', "another"),
  foreign(at("_fabrik-a.a"), "TXT", ttl * 3, "not a mark"),
  foreign(at("same"), "A", ttl * 4, server.ip),
  foreign(at("other"), "A", ttl, "198.51.100.1", "198.51.100.2"),
  foreign(at("alias"), "CNAME", ttl, "elsewhere.example.net")
]

const label = FastCheck.stringMatching(/^[a-z][a-z0-9]{0,8}$/)

/** Record sets at names of their own, some of which are below those of the specs. */
const others = (count: number, ttl: number) =>
  FastCheck.sample(
    FastCheck.tuple(
      label,
      FastCheck.constantFrom("", "a.", "x.", "_tcp.", "*."),
      FastCheck.constantFrom("A", "AAAA", "TXT", "MX", "CNAME"),
      FastCheck.integer({ min: 1, max: 254 }),
      FastCheck.integer({ min: 1, max: 9 })
    ),
    { numRuns: count, ...draw }
  ).map(([label, above, type, number, times], index) => {
    const name = `${above}${label}${index}.${zone}`
    switch (type) {
      case "A":
        return foreign(name, type, ttl * times, `198.51.100.${number}`, "203.0.113.1")
      case "AAAA":
        return foreign(name, type, ttl * times, `2001:db8::${number}`)
      case "TXT":
        return foreign(name, type, ttl * times, `v=${number} "\\ ü`, `x${"y".repeat(number)}`)
      case "MX":
        return foreign(name, type, ttl * times, `${number} mx.example.net`)
      default:
        return foreign(name, type, ttl * times, `c${number}.example.net`)
    }
  })

interface Step {
  readonly command: Command
  readonly domains: ReadonlyArray<string>
  readonly healthy: boolean
  readonly fault: Fault | null
}

const steps = (count: number) =>
  FastCheck.sample(
    FastCheck.record<Step>({
      command: FastCheck.constantFrom("apply", "apply", "apply", "destroy"),
      domains: FastCheck.oneof(
        { weight: 4, arbitrary: FastCheck.subarray(free, { minLength: 1 }) },
        { weight: 1, arbitrary: FastCheck.subarray([...free, ...taken], { minLength: 1 }) }
      ),
      healthy: FastCheck.constantFrom(true, true, false),
      fault: FastCheck.option(
        FastCheck.record<Fault>({
          after: FastCheck.nat(3),
          how: FastCheck.constantFrom("dropped", "lost", "refused")
        })
      )
    }),
    { numRuns: count, ...draw }
  )

const nameOf = (line: string): string => /\\?"name\\?":\\?"([^"\\]*)/.exec(line)?.[1] ?? line

describe("[fault 5: identical foreign record] other people's records are the same, byte for byte, after random runs that succeed, fail and destroy", () => {
  for (const { deep = false, live = false, make, missing = false, options, title } of everyLayer) {
    if ((deep || live || options.kind === "in memory") && !isDeep) continue
    it.scopedLive.skipIf(missing)(`at ${title}`, () =>
      Effect.gen(function* () {
        const { bench, run } = yield* commandsOver(make(), live)
        const { ttl = 120 } = options
        const count = size(20, 200)
        const given = beside(ttl)
        for (const each of [...given, ...others(count - given.length, ttl)]) yield* bench.seed(each)
        const before = yield* bench.everything
        const lasting = before.filter((line) => !nameOf(line).startsWith("_fabrik-"))
        // A program is started for each request: a tenth of the runs takes as long as all of another provider's.
        const all = steps(size(2, options.kind === "emulator" && deep && live ? 100 : 1000))
        const ends = { well: 0, badly: 0 }
        for (const [index, { command, domains, fault, healthy }] of all.entries()) {
          if (fault !== null && options.lacks?.includes("faults") !== true) yield* bench.fail(fault)
          const ended = yield* run(command, { ...base, domains }, healthy)
          if (fault !== null && options.lacks?.includes("faults") !== true) yield* bench.calm
          ends[Either.isRight(ended) ? "well" : "badly"] += 1
          const now = new Set(yield* bench.everything)
          assert.deepStrictEqual(
            lasting.filter((line) => !now.has(line)),
            [],
            `after run ${index}: ${JSON.stringify(all[index])}`
          )
        }
        yield* run("recover", { ...base, domains: free })
        const last = yield* run("destroy", { ...base, domains: free })
        assert.isTrue(Either.isRight(last), Either.isLeft(last) ? last.left.message : "")
        assert.deepStrictEqual(yield* bench.everything, before)
        assert.isTrue(all.length < 100 || (ends.well > 0 && ends.badly > 0))
        note({
          suite: `foreign records at ${title}`,
          runs: all.length,
          invariants: `${count} records; ${ends.well} ended well, ${ends.badly} badly`
        })
      })
    )
  }
})
