import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { unsettled } from "../../src/engine/JournalEntry.ts"
import { journalSchema } from "../../src/engine/JournalSchema.ts"
import { changing, codecOf, undoable, type Kind } from "../../src/engine/Kind.ts"
import { makeRun, Run } from "../../src/engine/Run.ts"
import { layerMemory as secretsMemory } from "../../src/secrets/MemorySecretStore.ts"
import { Journals } from "../../src/state/Journals.ts"
import { layerMemory as journalsMemory } from "../../src/state/MemoryJournals.ts"

/** A resource of the toy world: some texts by name, and the run that made it. */
interface Toy {
  readonly by: string
  readonly fields: Readonly<Record<string, string>>
}
type Toys = ReadonlyMap<string, Toy>

const propsSchema = () =>
  Schema.Struct({ fields: Schema.Record({ key: Schema.String, value: Schema.String }) })
type Props = ReturnType<typeof propsSchema>["Type"]

const toyOf = (
  world: Ref.Ref<Toys>,
  sealed: boolean
): Kind<Props, Toy & { readonly name: string }, never, never> => ({
  name: "toy/thing",
  codec: codecOf(propsSchema),
  ...(sealed ? { sealed: true as const } : {}),
  says: ({ address: { name } }) => ({ what: `thing ${name}`, next: `look at ${name}` }),
  find: ({ address: { name }, before, run }) =>
    Effect.map(Ref.get(world), (toys) => {
      const toy = toys.get(name)
      // What it has made is known by its mark.
      return toy === undefined || (before === undefined && toy.by !== run) ? [] : [{ ...toy, name }]
    }),
  fields: ({ after, before }) =>
    before === undefined ? [] : Object.keys({ ...before.fields, ...after?.fields }),
  holds: (field, live, change, side) => live.fields[field] === change[side]?.fields[field],
  restore: ({ by, name, ...live }, { before }, fields) =>
    Ref.update(world, (toys) => {
      const kept = Object.entries(live.fields).filter(([field]) => !fields.includes(field))
      const back = Object.entries(before?.fields ?? {}).filter(([field]) => fields.includes(field))
      return new Map([...toys, [name, { by, fields: Object.fromEntries([...kept, ...back]) }]])
    }),
  remove: ({ name }) =>
    Effect.as(
      Ref.update(world, (toys) => new Map([...toys].filter(([each]) => each !== name))),
      "undone"
    )
})

const names = ["a", "b", "c"]
const fieldsArbitrary = FastCheck.dictionary(
  FastCheck.constantFrom("x", "y", "z"),
  FastCheck.constantFrom("1", "2", "3"),
  { maxKeys: 3 }
)
const worldArbitrary = FastCheck.uniqueArray(
  FastCheck.tuple(FastCheck.constantFrom(...names), fieldsArbitrary),
  { maxLength: 3, selector: ([name]) => name }
)
/** What a run writes, in this order; the last one may not be sent any more. */
const writesArbitrary = FastCheck.array(FastCheck.tuple(FastCheck.constantFrom(...names), fieldsArbitrary), {
  minLength: 1,
  maxLength: 5
})
const scenario = {
  start: worldArbitrary,
  writes: writesArbitrary,
  ending: FastCheck.constantFrom("fails", "is interrupted", "is killed"),
  /** How many of the writes take effect before it ends. */
  taken: FastCheck.nat(5),
  sealed: FastCheck.boolean()
}

const plain = (toys: Toys) => Object.fromEntries([...toys].toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** Runs `writes` until the end that is asked for, then undoes them as the same or as another process would. */
const played = (
  {
    ending,
    sealed,
    start,
    taken,
    writes
  }: {
    readonly start: ReadonlyArray<[string, Record<string, string>]>
    readonly writes: ReadonlyArray<[string, Record<string, string>]>
    readonly ending: string
    readonly taken: number
    readonly sealed: boolean
  },
  meddle: (world: Ref.Ref<Toys>) => Effect.Effect<void>
) =>
  Effect.gen(function* () {
    const first = new Map(start.map(([name, fields]) => [name, { by: "somebody", fields }]))
    const world = yield* Ref.make<Toys>(first)
    const toy = toyOf(world, sealed)
    const write = (name: string, fields: Record<string, string>, isSent: boolean) =>
      Effect.gen(function* () {
        const run = yield* Run
        const now = (yield* Ref.get(world)).get(name)
        const before = now === undefined ? undefined : { fields: now.fields }
        yield* changing(toy, { name, before, after: { fields } }, () =>
          isSent
            ? Ref.update(world, (toys) => new Map([...toys, [name, { by: now?.by ?? run.id, fields }]]))
            : Effect.void
        )
      })
    const steps = Effect.gen(function* () {
      for (const [index, [name, fields]] of writes.entries()) {
        yield* write(name, fields, index < taken)
        if (index >= taken) break
      }
      yield* meddle(world)
      return yield* ending === "fails" ? Effect.fail("over") : Effect.never
    })
    const left = yield* Effect.scoped(
      Effect.gen(function* () {
        const run = yield* makeRun("toys")
        yield* run.journal.begin(begun(run.id))
        if (ending === "is killed") {
          // Its finalizers never run: only the journal is left.
          const scope = yield* Effect.fork(Effect.provideService(steps, Run, run).pipe(Effect.scoped))
          yield* Effect.yieldNow()
          yield* TestClock.adjust("1 second")
          const journals = yield* Journals
          const entries = (yield* journals.open("toys")).entries
          const snapshot = yield* Ref.get(world)
          yield* Fiber.interrupt(scope)
          yield* Ref.set(world, snapshot)
          return { entries, ledger: undefined }
        }
        const fiber = yield* Effect.fork(Effect.provideService(steps, Run, run).pipe(Effect.scoped))
        yield* TestClock.adjust("1 second")
        if (ending === "is interrupted") yield* Fiber.interrupt(fiber)
        assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
        return { entries: [], ledger: yield* Ref.get(run.ledger) }
      })
    )
    if (left.ledger !== undefined) return { first, world: yield* Ref.get(world), ledger: left.ledger }
    const decode = journalSchema().decode
    const open = unsettled(left.entries.flatMap((entry) => Option.toArray(decode(entry))))
    const ledger = yield* Effect.scoped(
      Effect.gen(function* () {
        const run = yield* makeRun("toys")
        const kind = undoable(toy)
        yield* Effect.forEach((open?.changes ?? []).toReversed(), (change) =>
          kind.undoRecorded(change, false)
        ).pipe(Effect.provideService(Run, run))
        return yield* Ref.get(run.ledger)
      })
    )
    return { first, world: yield* Ref.get(world), ledger }
  }).pipe(Effect.provide(Layer.merge(journalsMemory, secretsMemory())))

const begun = (run: string) => ({
  run,
  at: 0,
  command: "apply",
  file: "toys.yaml",
  text: "",
  skipDns: true,
  skipDeploy: false,
  allowDowntime: false,
  deleteVolumes: false,
  secrets: []
})

it.effect.prop(
  "puts the world back, wherever a run fails, is interrupted or is killed",
  scenario,
  (given) =>
    Effect.gen(function* () {
      const { first, ledger, world } = yield* played(given, () => Effect.void)
      assert.deepStrictEqual(plain(world), plain(first))
      assert.deepStrictEqual(ledger.leftovers, [])
    }),
  { fastCheck: { numRuns: 40 } }
)

it.effect.prop(
  "leaves what somebody else has changed meanwhile, and says so",
  scenario,
  (given) =>
    Effect.gen(function* () {
      const [name] = given.writes[0] ?? ["a"]
      const isThere = given.start.some(([each]) => each === name)
      const all = [...given.start, ...given.writes].filter(([each]) => each === name)
      const touched = isThere && all.some(([, fields]) => "x" in fields)
      const edited = { by: "somebody", fields: { x: "theirs" } }
      const { ledger, world } = yield* played({ ...given, taken: 5 }, (ref) =>
        Ref.update(ref, (toys) => new Map([...toys, [name, { ...edited, by: toys.get(name)?.by ?? "" }]]))
      )
      if (!touched) return
      assert.strictEqual(world.get(name)?.fields["x"], "theirs")
      assert.isTrue(ledger.leftovers.some(({ what, why }) => what === `thing ${name}` && why.includes("x")))
      assert.isTrue(ledger.leftovers.every(({ recoverable }) => !recoverable))
    }),
  { fastCheck: { numRuns: 40 } }
)
