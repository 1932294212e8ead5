import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { DnsClient, type RecordSet } from "../../../src/dns/DnsClient.ts"
import { draw, size } from "../../reliability/Scale.ts"
import { emulated } from "../EveryLayer.ts"
import { layerOver, markOf, seed, standing, TheAccount } from "./Account.ts"
import { mail, namecheapDomains, ovhZones, published } from "./LastEmulators.ts"

const absent = { _tag: "Absent" } as const
const name = "api.example.test"

for (const speaks of emulated) {
  const { title, capabilities } = speaks.provider
  const ttl = Math.max(120, capabilities.minTtl)
  const wanted: RecordSet = {
    name,
    type: "A",
    ttl,
    values: ["192.0.2.10"],
    proxied: false,
    comment: "managed by fabrik - key=0123456789abcdef run=0123456789ab"
  }
  const foreign: ReadonlyArray<RecordSet> = [
    { ...wanted, type: "MX", values: ["10 mx.example.net", "20 mx2.example.net"], comment: undefined },
    { ...wanted, name: `mail.example.test`, values: ["198.51.100.3"], comment: undefined },
    { ...wanted, name: "example.test", type: "TXT", values: ['v=spf1 "x" -all'], comment: undefined }
  ]

  const run = <A, E>(
    body: (world: {
      readonly account: TheAccount["Type"]
      readonly dns: DnsClient["Type"]
      readonly zone: { readonly id: string; readonly name: string }
    }) => Effect.Effect<A, E>
  ) =>
    Effect.gen(function* () {
      const account = yield* TheAccount
      const dns = yield* DnsClient
      for (const each of foreign) seed(account, speaks, each)
      const zone = yield* dns.findZone(name)
      account.asked.length = 0
      return yield* body({ account, dns, zone })
    }).pipe(Effect.provide(layerOver(speaks)))

  describe(title, () => {
    it.live("leaves nothing of its own behind, and nothing of others' changed", () =>
      run(({ account, dns, zone }) =>
        Effect.gen(function* () {
          const before = account.rows
          const two = {
            ...wanted,
            ttl: ttl * 2,
            values: ["192.0.2.11", "192.0.2.12"],
            comment: "another run"
          }
          yield* dns.put(zone, wanted, absent)
          assert.deepStrictEqual(
            standing(account, speaks, name).find(({ type }) => type === "A"),
            wanted
          )
          yield* dns.put(zone, two, { _tag: "Exactly", recordSet: wanted })
          yield* dns.put(zone, { ...two, comment: "a third" }, { _tag: "Exactly", recordSet: two })
          yield* dns.put(zone, wanted, { _tag: "Exactly", recordSet: { ...two, comment: "a third" } })
          yield* dns.remove(zone, wanted)
          assert.deepStrictEqual(account.rows, before)
        })
      )
    )

    if (speaks === ovhZones) {
      it.live(
        "[fault 4: partial writes] has live what it wrote, and fails with nothing written where that cannot be made live",
        () =>
          run(({ account, dns, zone }) =>
            Effect.gen(function* () {
              yield* dns.put(zone, wanted, absent)
              assert.deepStrictEqual(published.get(account), account.rows)
              const writes = account.writes.length
              yield* dns.remove(zone, wanted)
              const before = account.rows
              const refused = { status: 403, body: { message: "no", errorCode: "NOT_GRANTED_CALL" } }
              account.faults.push({ instead: refused, after: writes - 1 }, { instead: refused })
              const error = yield* Effect.flip(dns.put(zone, wanted, absent))
              assert.strictEqual(error.reason, "Forbidden", error.message)
              assert.deepStrictEqual(account.rows, before)
              assert.deepStrictEqual(published.get(account), before)
            })
          )
      )
    }

    if (speaks === namecheapDomains) {
      it.live(
        "[fault 14: Namecheap's whole zone] keeps the domain's mail and every other row, and writes no zone that it would damage",
        () =>
          run(({ account, dns, zone }) =>
            Effect.gen(function* () {
              account.add({
                zone: "example.test",
                name: "old.example.test",
                type: "URL",
                ttl: 1800,
                value: "https://example.net/a?b=c&d",
                comment: undefined
              })
              mail.set(account, "MXE")
              const before = account.rows
              yield* dns.put(zone, wanted, absent)
              assert.strictEqual(mail.get(account), "MXE")
              yield* dns.remove(zone, wanted)
              assert.deepStrictEqual(account.rows, before)
              const at = { ...wanted, name: "old.example.test" }
              const clash = yield* Effect.flip(dns.put(zone, at, absent))
              assert.deepStrictEqual(clash.found, ["URL https://example.net/a?b=c&d"])
              for (const kind of ["OX", "GMAIL"]) {
                mail.set(account, kind)
                const error = yield* Effect.flip(dns.put(zone, wanted, absent))
                assert.strictEqual(error.reason, "Invalid")
                assert.include(error.detail, kind)
              }
              assert.deepStrictEqual(account.rows, before)
            })
          )
      )

      it.live(
        "[fault 14: Namecheap's whole zone] says so when another row changed between its reading and its writing",
        () =>
          run(({ account, dns, zone }) =>
            Effect.gen(function* () {
              account.faults.push({
                meanwhile: () => {
                  const row = { name: "new.example.test", type: "A", ttl: 300, value: "192.0.2.9" }
                  account.add({ zone: "example.test", comment: undefined, ...row })
                }
              })
              const error = yield* Effect.flip(dns.put(zone, wanted, absent))
              assert.strictEqual(error.reason, "Conflict")
              assert.include(error.detail, "other rows of example.test changed")
            })
          )
      )
    }

    it.live("leaves a zone as it was after whatever comes of random writes", () =>
      run(({ account, dns, zone }) =>
        Effect.gen(function* () {
          const names = ["a", "b", "*", "x.y"].map((each) => `${each}.example.test`)
          const others = FastCheck.sample(
            FastCheck.record({
              label: FastCheck.stringMatching(/^[a-z0-9]{1,12}$/),
              type: FastCheck.constantFrom("A", "TXT", "MX"),
              number: FastCheck.nat(255)
            }),
            { numRuns: size(12, 200), ...draw }
          )
          for (const [index, { label, number, type }] of others.entries()) {
            const values = {
              A: `198.51.100.${number}`,
              TXT: `v=${number} "\\`,
              MX: `${number} mx.example.net`
            }
            const at = `${label}${index}.foreign.example.test`
            const value = values[type as keyof typeof values]
            account.add({ zone: "example.test", name: at, type, ttl, value, comment: undefined })
          }
          const plain = () => account.rows.map(({ id: _, ...row }) => JSON.stringify(row)).toSorted()
          const before = plain()
          const steps = FastCheck.sample(
            FastCheck.record({
              name: FastCheck.constantFrom(...names),
              values: FastCheck.subarray(["192.0.2.1", "192.0.2.2", "192.0.2.3"]),
              run: FastCheck.nat(3),
              fault: FastCheck.option(
                FastCheck.record({
                  after: FastCheck.nat(3),
                  how: FastCheck.constantFrom(
                    { instead: { status: 403, body: {} } },
                    { instead: "reset" as const },
                    { afterwards: "reset" as const },
                    { afterwards: { status: 502, body: "" } }
                  )
                })
              )
            }),
            { numRuns: size(6, 1000), ...draw }
          )
          const standsAt = (at: string) =>
            Effect.map(dns.listAt(zone, at), (sets) => sets.find(({ type }) => type === "A"))
          for (const { fault, name, run, values } of steps) {
            const now = yield* standsAt(name)
            if (fault !== null) account.faults.push({ ...fault.how, after: fault.after })
            const next = { ...wanted, name, values, comment: `run ${run}` }
            const expected = now === undefined ? absent : ({ _tag: "Exactly", recordSet: now } as const)
            const write =
              values.length > 0
                ? dns.put(zone, next, expected)
                : now === undefined
                  ? Effect.void
                  : dns.remove(zone, now)
            const exit = yield* Effect.either(write)
            account.faults.length = 0
            const then = yield* standsAt(name)
            const asked = values.length > 0 ? next : undefined
            const sorted = (set: RecordSet | undefined) => set && { ...set, values: set.values.toSorted() }
            const made = JSON.stringify(sorted(then)) === JSON.stringify(sorted(asked))
            const left = JSON.stringify(sorted(then)) === JSON.stringify(sorted(now))
            assert.isTrue(exit._tag === "Right" ? made : left || exit.left.reason === "OutcomeUnknown")
          }
          for (const at of names) {
            const now = yield* standsAt(at)
            if (now !== undefined) yield* dns.remove(zone, now)
          }
          assert.deepStrictEqual(plain(), before)
        })
      )
    )

    it.live("[fault 10: credentials] takes a wrong token for what it is, and shows it nowhere", () =>
      Effect.gen(function* () {
        const secret = Object.keys(speaks.provider.variables).find(
          (each) => speaks.provider.variables[each]?.secret === true
        )!
        const wrong = { ...speaks, variables: { ...speaks.variables, [secret]: "wr0ng-key" } }
        const error = yield* Effect.flip(
          Effect.flatMap(DnsClient, (dns) => dns.findZone(name)).pipe(Effect.provide(layerOver(wrong)))
        )
        assert.strictEqual(error.reason, "Unauthorized", error.message)
        assert.notInclude(JSON.stringify(error), "wr0ng-key")
      })
    )

    if (!speaks.comments) {
      it.live("does not take a record for its own that somebody made in the place of a marked one", () =>
        run(({ account, dns, zone }) =>
          Effect.gen(function* () {
            seed(account, speaks, { ...wanted, values: ["192.0.2.10"] })
            account.rows = account.rows.map((row) =>
              row.value === "192.0.2.10" ? { ...row, value: "198.51.100.99" } : row
            )
            const [theirs] = (yield* dns.listAt(zone, name)).filter(({ type }) => type === "A")
            assert.deepStrictEqual(theirs, { ...wanted, values: ["198.51.100.99"], comment: undefined })
            assert.deepStrictEqual(yield* dns.listCommented("managed by fabrik"), [])
          })
        )
      )

      it.live("takes away the mark of a record that is gone", () =>
        run(({ account, dns, zone }) =>
          Effect.gen(function* () {
            const before = account.rows
            seed(account, speaks, wanted)
            account.rows = account.rows.filter(({ value }) => value !== wanted.values[0])
            assert.lengthOf(account.rows, before.length + 1)
            yield* dns.remove(zone, wanted)
            assert.deepStrictEqual(account.rows, before)
          })
        )
      )

      it.live("marks each type and a wildcard at a name of its own", () =>
        run(({ account, dns, zone }) =>
          Effect.gen(function* () {
            const sets = [
              wanted,
              { ...wanted, type: "AAAA", values: ["2001:db8::1"] },
              { ...wanted, name: "*.example.test" },
              { ...wanted, name: "_wildcard.example.test", type: "CNAME", values: ["a.example.net"] }
            ]
            for (const each of sets) yield* dns.put(zone, each, absent)
            for (const each of sets) {
              const mark = markOf(each)
              assert.deepStrictEqual(
                account.rows.filter((row) => row.name === mark.name).map(({ value }) => value),
                [mark.value]
              )
            }
          })
        )
      )
    }
  })
}
