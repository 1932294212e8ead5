import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { DnsClient, type RecordSet } from "../../src/dns/DnsClient.ts"
import { DnsMemory, layerMemory } from "../../src/dns/DnsMemory.ts"
import { sameRecordSet } from "../../src/dns/Zone.ts"

const zone = { id: "1", name: "example.test" }

const recordSet = FastCheck.record({
  name: FastCheck.constantFrom("a.example.test", "b.example.test"),
  type: FastCheck.constant("A"),
  ttl: FastCheck.option(FastCheck.constantFrom(60, 300), { nil: undefined }),
  values: FastCheck.uniqueArray(FastCheck.constantFrom("192.0.2.1", "192.0.2.2", "192.0.2.3"), {
    minLength: 1
  }),
  proxied: FastCheck.boolean(),
  comment: FastCheck.option(FastCheck.constantFrom("mine", "theirs"), { nil: undefined })
})
/** At most one of each name, as a DNS has it. */
const worlds = FastCheck.uniqueArray(recordSet, { selector: ({ name }) => name })

const inWorld = <A, E>(world: ReadonlyArray<RecordSet>, body: Effect.Effect<A, E, DnsClient | DnsMemory>) =>
  body.pipe(Effect.provide(layerMemory([zone], world)))

const byName = (sets: ReadonlyArray<RecordSet>) => sets.toSorted((a, b) => a.name.localeCompare(b.name))
const standing = Effect.flatMap(DnsMemory, ({ recordSets }) => Effect.map(recordSets, byName))

describe("layerMemory", () => {
  it.effect.prop(
    "writes if and only if the expectation holds, and nothing else",
    [worlds, recordSet, FastCheck.option(recordSet)],
    ([world, wanted, claimed]) =>
      inWorld(
        world,
        Effect.gen(function* () {
          const dns = yield* DnsClient
          const found = world.find(({ name }) => name === wanted.name)
          const expected = claimed === null ? undefined : { ...claimed, name: wanted.name }
          const holds =
            expected === undefined
              ? found === undefined
              : found !== undefined && sameRecordSet(found, expected)
          const result = yield* Effect.either(
            dns.put(
              zone,
              wanted,
              expected === undefined ? { _tag: "Absent" } : { _tag: "Exactly", recordSet: expected }
            )
          )
          assert.strictEqual(result._tag, holds ? "Right" : "Left")
          const after = holds ? [...world.filter((each) => each !== found), wanted] : world
          assert.deepStrictEqual(yield* standing, byName(after))
        })
      )
  )

  it.effect.prop("removes if and only if it is what was expected", [worlds, recordSet], ([world, expected]) =>
    inWorld(
      world,
      Effect.gen(function* () {
        const dns = yield* DnsClient
        const found = world.find(({ name }) => name === expected.name)
        const result = yield* Effect.either(dns.remove(zone, expected))
        const same = found !== undefined && sameRecordSet(found, expected)
        assert.strictEqual(result._tag, found === undefined || same ? "Right" : "Left")
        assert.deepStrictEqual(yield* standing, byName(same ? world.filter((each) => each !== found) : world))
      })
    )
  )

  it.effect.prop("is restored by the opposite of a put", [worlds, recordSet], ([world, wanted]) =>
    inWorld(
      world,
      Effect.gen(function* () {
        const dns = yield* DnsClient
        const before = world.find(({ name }) => name === wanted.name)
        if (before === undefined) {
          yield* dns.put(zone, wanted, { _tag: "Absent" })
          yield* dns.remove(zone, wanted)
        } else {
          yield* dns.put(zone, wanted, { _tag: "Exactly", recordSet: before })
          yield* dns.put(zone, before, { _tag: "Exactly", recordSet: wanted })
        }
        assert.deepStrictEqual(yield* standing, byName(world))
      })
    )
  )

  it.effect("fails as scripted: before the effect or after it, once", () =>
    inWorld(
      [],
      Effect.gen(function* () {
        const dns = yield* DnsClient
        const world = yield* DnsMemory
        const wanted: RecordSet = {
          name: "a.example.test",
          type: "A",
          ttl: 60,
          values: ["192.0.2.1"],
          proxied: false,
          comment: undefined
        }
        const put = dns.put(zone, wanted, { _tag: "Absent" })
        yield* world.fail({ method: "put", when: "before", reason: "Unavailable" })
        assert.strictEqual((yield* Effect.flip(put)).reason, "Unavailable")
        assert.deepStrictEqual(yield* standing, [])
        yield* world.fail({ method: "put", when: "after", reason: "OutcomeUnknown" })
        yield* world.fail({ method: "remove", when: "before", reason: "RateLimited" })
        assert.strictEqual((yield* Effect.flip(put)).reason, "OutcomeUnknown")
        assert.deepStrictEqual(yield* standing, [wanted])
        assert.strictEqual((yield* Effect.flip(dns.remove(zone, wanted))).reason, "RateLimited")
        yield* world.erase(wanted.name, wanted.type)
        yield* put
        assert.deepStrictEqual(
          (yield* world.calls).map(({ method }) => method),
          ["put", "put", "remove", "put"]
        )
      })
    )
  )
})
