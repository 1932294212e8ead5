import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { Journals } from "./Journals.ts"

/** What a journal holds, and how many of its entries a power cut would leave. */
export interface MemoryJournal {
  readonly entries: ReadonlyArray<unknown>
  readonly synced: number
}

const empty: MemoryJournal = { entries: [], synced: 0 }

/** The journals behind {@link layerMemory}, by name. */
export class MemoryJournals extends Context.Tag("fabrik/state/MemoryJournals")<
  MemoryJournals,
  Ref.Ref<ReadonlyMap<string, MemoryJournal>>
>() {}

/** Journals that end with the layer: for dry runs, which have nothing to lose, and for tests. */
export const layerMemory: Layer.Layer<Journals | MemoryJournals> = Layer.effectContext(
  Effect.gen(function* () {
    const all = yield* Ref.make<ReadonlyMap<string, MemoryJournal>>(new Map())
    const journals = Journals.of({
      open: (name) =>
        Effect.map(Ref.get(all), (before) => ({
          id: name,
          file: name,
          entries: (before.get(name) ?? empty).entries,
          append: (entry, { sync }) =>
            Ref.update(all, (now) => {
              const { entries, synced } = now.get(name) ?? empty
              const longer = [...entries, entry]
              return new Map(now).set(name, { entries: longer, synced: sync ? longer.length : synced })
            }),
          remove: Ref.update(all, (now) => new Map([...now].filter(([key]) => key !== name)))
        })),
      list: Effect.map(Ref.get(all), (now) => [...now.keys()].toSorted())
    })
    return Context.make(Journals, journals).pipe(Context.add(MemoryJournals, all))
  })
)
