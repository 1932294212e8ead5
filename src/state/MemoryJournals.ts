import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { Journals } from "./Journals.ts"

/** The journals behind {@link layerMemory}: their entries, by name. */
export class MemoryJournals extends Context.Tag("fabrik/state/MemoryJournals")<
  MemoryJournals,
  Ref.Ref<ReadonlyMap<string, ReadonlyArray<unknown>>>
>() {}

/** Journals that end with the layer: for dry runs, which have nothing to lose, and for tests. */
export const layerMemory: Layer.Layer<Journals | MemoryJournals> = Layer.effectContext(
  Effect.gen(function* () {
    const all = yield* Ref.make<ReadonlyMap<string, ReadonlyArray<unknown>>>(new Map())
    const journals = Journals.of({
      open: (name) =>
        Effect.map(Ref.get(all), (before) => ({
          file: name,
          entries: before.get(name) ?? [],
          append: (entry) =>
            Ref.update(all, (now) => new Map([...now, [name, [...(now.get(name) ?? []), entry]]])),
          remove: Ref.update(all, (now) => new Map([...now].filter(([key]) => key !== name)))
        })),
      list: Effect.map(Ref.get(all), (now) => [...now.keys()].toSorted())
    })
    return Context.make(Journals, journals).pipe(Context.add(MemoryJournals, all))
  })
)
