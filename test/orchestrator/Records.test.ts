/** `dns.records`, from the first apply to their end. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import type { NamedRecords } from "../../src/appspec/sections/Records.ts"
import type { Spec } from "../../src/appspec/Spec.ts"
import { DnsMemory } from "../../src/dns/DnsMemory.ts"
import type { RecordSet } from "../../src/dns/DnsClient.ts"
import { journalName } from "../../src/engine/RunJournal.ts"
import * as Marker from "../../src/engine/Marker.ts"
import { HealthProbe } from "../../src/health/HealthProbe.ts"
import { readAdoptable } from "../../src/orchestrator/Adopt.ts"
import { apply } from "../../src/orchestrator/Apply.ts"
import { rollBackOpen } from "../../src/orchestrator/Recover.ts"
import { status } from "../../src/orchestrator/Status.ts"
import { MemoryJournals } from "../../src/state/MemoryJournals.ts"
import {
  applied,
  changesOf,
  destroyed,
  ended,
  failed,
  ok,
  planned,
  test,
  world,
  writes
} from "../support/DirectWorld.ts"
import { probe } from "../support/Probe.ts"
import { applyOptions, spec as base } from "./Samples.ts"

const withRecords = (...records: ReadonlyArray<NamedRecords>): Spec => ({
  ...base,
  dns: { ...base.dns, records }
})
const mail: NamedRecords = { name: "@", type: "MX", values: ["10 mx1.example.net", "20 mx2.example.net"] }
const text: NamedRecords = { name: "_dmarc", type: "TXT", values: ["v=DMARC1; p=none"], ttl: 300 }
const service: NamedRecords = {
  name: "_sip._tcp.example.com.",
  type: "SRV",
  values: ["10 5 5060 sip.example.net"]
}
const all = withRecords(mail, text, service)

/** What stands there, without the marks; `!`: it is fabrik's. */
const standing = Effect.map(world, ({ records }) =>
  records
    .map(
      ({ comment, name, ttl, type, values }) =>
        `${Marker.parse(comment) === undefined ? "" : "!"}${name} ${ttl ?? "-"} ${type} ${values.join(", ")}`
    )
    .toSorted()
)
const own = "!api.example.com - A 192.0.2.10"
const three = [
  "!_dmarc.example.com 300 TXT v=DMARC1; p=none",
  "!_sip._tcp.example.com - SRV 10 5 5060 sip.example.net",
  own,
  "!example.com - MX 10 mx1.example.net, 20 mx2.example.net"
]

const foreign = (name: string, type: string, ...values: ReadonlyArray<string>): RecordSet => ({
  name,
  type,
  ttl: undefined,
  values,
  proxied: false,
  comment: undefined
})
const seed = (...records: ReadonlyArray<RecordSet>) =>
  Effect.flatMap(DnsMemory, (memory) => Effect.forEach(records, memory.seed, { discard: true }))
const calls = Effect.flatMap(DnsMemory, (memory) =>
  Effect.map(memory.calls, (made) => made.map(({ method, name }) => `${method} ${name}`))
)
const since = <A, E, R>(run: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const [dns, coolify] = [(yield* calls).length, (yield* writes).length]
    yield* run
    return { dns: (yield* calls).slice(dns), coolify: (yield* writes).slice(coolify) }
  })

const refusedWith = (spec: Spec, ...words: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const before = yield* world
    const { message } = failed(yield* applied(spec))
    for (const word of words) assert.include(message, word)
    assert.deepStrictEqual(yield* world, before)
  })

describe("further records of a spec", () => {
  test(
    "are made with its own, marked, told in the plan, and left alone from then on",
    Effect.gen(function* () {
      const plan = yield* planned(all)
      assert.deepStrictEqual(
        plan?.changes
          .filter(({ kind }) => kind === "record")
          .map(({ action, fields, name }) => [action, name, fields[0]?.after]),
        [
          ["create", "api.example.com A", "192.0.2.10"],
          ["create", "example.com MX", "10 mx1.example.net, 20 mx2.example.net"],
          ["create", "_dmarc.example.com TXT", "v=DMARC1; p=none"],
          ["create", "_sip._tcp.example.com SRV", "10 5 5060 sip.example.net"]
        ]
      )
      yield* ok(applied(all))
      assert.deepStrictEqual(yield* standing, three)
      const again = yield* since(ok(applied(all)))
      assert.deepStrictEqual(again.coolify, [])
      assert.deepStrictEqual(
        again.dns.filter((call) => /^(put|remove|listCommented)/.test(call)),
        []
      )
    })
  )

  test(
    "cost a spec without them nothing",
    Effect.gen(function* () {
      yield* ok(applied(base))
      const { dns } = yield* since(ok(applied(base)))
      // Twice more by the name servers of this world, which look into the account.
      const look = ["findZone api.example.com", "listAt api.example.com"]
      assert.deepStrictEqual(dns, [...look, ...look, ...look])
    })
  )

  test(
    "change, come and go without a deployment, and the last of them with their note",
    Effect.gen(function* () {
      yield* ok(applied(base))
      const { coolify } = yield* since(ok(applied(all)))
      assert.notInclude(coolify, "startDeployment")
      assert.deepStrictEqual(yield* standing, three)
      assert.deepStrictEqual(yield* changesOf(all), [])

      const changed = withRecords({ ...mail, values: ["5 mx3.example.net"] }, service)
      assert.deepStrictEqual(yield* changesOf(changed), [
        "record example.com MX",
        "record _dmarc.example.com TXT"
      ])
      yield* ok(applied(changed))
      assert.deepStrictEqual(yield* standing, [three[1], own, "!example.com - MX 5 mx3.example.net"])
      assert.deepStrictEqual(yield* changesOf(changed), [])

      yield* ok(applied(base))
      assert.deepStrictEqual(yield* standing, [own])
      const { dns } = yield* since(ok(applied(base)))
      assert.notInclude(dns.join(), "listCommented")
    })
  )

  test(
    "go with a run that fails: with a first one, and as they were with an update",
    Effect.gen(function* () {
      const empty = yield* world
      failed(yield* applied(all, {}, false))
      assert.deepStrictEqual((yield* world).records, empty.records)
      yield* ok(applied(all))
      const before = yield* standing
      const broken = {
        ...withRecords({ ...text, values: ["changed"] }, { name: "new", type: "A", values: ["203.0.113.9"] }),
        port: 9090
      }
      failed(yield* applied(broken, {}, false))
      assert.deepStrictEqual(yield* standing, before)
      assert.deepStrictEqual(yield* changesOf(all), [])
    })
  )

  test(
    "of somebody else are refused where they differ, used where they are the same, and never removed",
    Effect.gen(function* () {
      yield* seed(foreign("example.com", "MX", "1 theirs.example.net"))
      yield* refusedWith(
        all,
        "example.com already has a record that fabrik did not make: MX 1 theirs.example.net"
      )
      const same = [foreign("example.com", "MX", ...mail.values), foreign("example.com", "TXT", "theirs")]
      yield* seed(...same)
      yield* ok(applied(all))
      assert.deepStrictEqual(yield* changesOf(all), [])
      yield* ok(applied(base))
      assert.deepStrictEqual(
        (yield* world).records.filter(({ name }) => name === "example.com"),
        same
      )
    })
  )

  test(
    "that were edited or removed by hand are drift, and put right",
    Effect.gen(function* () {
      yield* ok(applied(all))
      const memory = yield* DnsMemory
      const [dmarc] = (yield* memory.recordSets).filter(({ name }) => name === "_dmarc.example.com")
      yield* memory.seed({ ...dmarc!, values: ["by hand"] })
      yield* memory.erase("example.com", "MX")
      const plan = yield* planned(all)
      assert.deepStrictEqual(
        plan?.changes.filter(({ drifted }) => drifted === true).map(({ action, name }) => [action, name]),
        [
          ["create", "example.com MX"],
          ["update", "_dmarc.example.com TXT"]
        ]
      )
      const holder = Effect.succeed(undefined)
      const seen = yield* ended(status(all, { skipDns: false, holder }))
      assert.deepStrictEqual(
        Either.getOrThrow(seen).differences?.map(({ name }) => name),
        ["example.com MX", "_dmarc.example.com TXT"]
      )
      yield* ok(applied(all))
      assert.deepStrictEqual(yield* standing, three)
    })
  )

  test(
    "that cannot stand are refused before anything is sent",
    Effect.gen(function* () {
      yield* refusedWith(
        withRecords({ name: "api", type: "AAAA", values: ["2001:db8::1"] }),
        "api.example.com is a domain of the application, whose own A record"
      )
      yield* refusedWith(
        withRecords({ name: "example.com.", type: "CNAME", values: ["www.example.net"] }),
        "a CNAME cannot stand at the apex of the zone example.com"
      )
      yield* refusedWith(
        withRecords(text, { ...text, name: "_dmarc.example.com.", values: ["other"] }),
        "TXT records in two spellings at _dmarc.example.com"
      )
      yield* refusedWith(
        withRecords(text, { name: "_dmarc.example.com.", type: "CNAME", values: ["x.example.net"] }),
        "has TXT and CNAME records at _dmarc.example.com"
      )
      yield* refusedWith(
        withRecords({ name: "www.example.org.", type: "A", values: ["203.0.113.9"] }),
        "www.example.org of `dns.records` is in no zone of the domains (example.com)"
      )
      yield* seed(foreign("sub.example.com", "NS", "ns1.example.net"))
      yield* refusedWith(
        withRecords({ name: "x.sub", type: "TXT", values: ["x"] }),
        "sub.example.com is delegated"
      )
    })
  )

  test(
    "take the place of one that excludes them, which comes back with a failure",
    Effect.gen(function* () {
      yield* ok(applied(withRecords({ name: "www", type: "CNAME", values: ["old.example.net"] })))
      const before = (yield* world).records
      const both = withRecords(
        { name: "www", type: "A", values: ["203.0.113.9"] },
        { name: "www", type: "TXT", values: ["text"] }
      )
      assert.deepStrictEqual(yield* changesOf(both), [
        "record www.example.com CNAME",
        "record www.example.com A",
        "record www.example.com TXT"
      ])
      failed(yield* applied({ ...both, port: 9090 }, {}, false))
      assert.deepStrictEqual((yield* world).records, before)
      yield* ok(applied(both))
      assert.deepStrictEqual(yield* standing, [
        own,
        "!www.example.com - A 203.0.113.9",
        "!www.example.com - TXT text"
      ])
      assert.deepStrictEqual(yield* changesOf(both), [])
    })
  )

  test(
    "stay with --skip-dns, are still known after it, and go with destroy",
    Effect.gen(function* () {
      yield* ok(applied(all))
      yield* ok(applied({ ...all, port: 9090 }, { skipDns: true }))
      assert.deepStrictEqual(yield* standing, three)
      yield* ok(applied({ ...withRecords(mail, service), port: 9090 }))
      assert.deepStrictEqual(yield* standing, three.slice(1))
      const theirs = foreign("example.com", "TXT", "theirs")
      yield* seed(theirs)
      yield* ok(destroyed(base))
      assert.deepStrictEqual((yield* world).records, [theirs])
    })
  )

  test(
    "outlive a new domain of theirs, also where they take its old name",
    Effect.gen(function* () {
      yield* ok(applied(all))
      const moved: Spec = {
        ...withRecords(mail, { name: "api", type: "A", values: ["203.0.113.9"] }),
        domains: ["new.example.com"]
      }
      yield* ok(applied(moved))
      assert.deepStrictEqual(yield* standing, [
        "!api.example.com - A 203.0.113.9",
        "!example.com - MX 10 mx1.example.net, 20 mx2.example.net",
        "!new.example.com - A 192.0.2.10"
      ])
      assert.deepStrictEqual(yield* changesOf(moved), [])
    })
  )

  test(
    "stand in the spec that adopt writes, which plans empty",
    Effect.gen(function* () {
      yield* ok(applied(all))
      const search = { application: "api", project: undefined, environment: undefined, dns: true }
      const { spec, text: written } = Either.getOrThrow(yield* ended(readAdoptable(search)))
      assert.include(written, "- _dmarc 300 TXT v=DMARC1; p=none")
      assert.deepStrictEqual(spec.dns.records?.map(({ name, type }) => `${name} ${type}`).toSorted(), [
        "@ MX",
        "_dmarc TXT",
        "_sip._tcp SRV"
      ])
      const changes = yield* changesOf({ ...spec, secrets: base.secrets })
      assert.deepStrictEqual(
        changes.filter((change) => change.startsWith("record")),
        []
      )
    })
  )

  test(
    "are undone from the journal of a run that was killed",
    Effect.gen(function* () {
      const before = yield* world
      const journals = yield* MemoryJournals
      const memory = yield* DnsMemory
      const fiber = yield* apply(all, applyOptions).pipe(
        Effect.provideService(HealthProbe, probe(true)),
        Effect.fork
      )
      const puts = Effect.map(memory.calls, (made) => made.filter(({ method }) => method === "put").length)
      const first = yield* puts
      yield* Effect.repeat(Effect.zipRight(TestClock.adjust("10 millis"), puts), {
        until: (made) => made > first
      })
      const [left, killed] = [yield* Ref.get(journals), yield* memory.recordSets]
      yield* Effect.zipRight(Fiber.interruptFork(fiber), TestClock.adjust("3 hours"))
      yield* Fiber.await(fiber)
      // As the kill had left them.
      yield* Effect.forEach(killed, memory.seed)
      yield* Ref.set(journals, left)
      const report = yield* ended(rollBackOpen(journalName("default", all), { ...all, mode: "live" }))
      assert.deepStrictEqual(Either.getOrThrow(report).leftovers, [])
      assert.deepStrictEqual(yield* world, before)
    })
  )
})
