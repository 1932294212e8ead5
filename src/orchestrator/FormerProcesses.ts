/** Applications that a spec had for a process, and has no process for any more. */
import * as Effect from "effect/Effect"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import * as Marker from "../engine/Marker.ts"
import { Owner } from "../engine/Owner.ts"
import { absentIfNotFound } from "../kinds/Find.ts"
import { findProjects } from "./Observe.ts"

/** @property isFound whether a spec of this name finds it: it was not renamed in Coolify. */
interface Former {
  readonly name: string
  readonly uuid: string
  readonly isFound: boolean
}

/**
 * Of ours are those that carry the mark of a process of this spec, and the one of the spec's own name: it was
 * there before there were processes, or was `web`.
 * @param specs all that are there to stay, this spec's processes among them, with their projects by name.
 */
export const formerProcesses = Effect.fn("formerProcesses")(function* (
  spec: Spec,
  specs: ReadonlyArray<Spec>
) {
  const coolify = yield* CoolifyClient
  const owner = yield* Owner
  const { process } = spec
  if (process === undefined) return []
  const keyOf = (one: Spec) => Marker.applicationKey(owner, one)
  const family = keyOf({ ...spec, name: process.of })
  const kept = specs.map(keyOf)
  const inventories = yield* Effect.forEach(yield* findProjects(spec.project), ({ uuid }) =>
    absentIfNotFound(coolify.environments.inventory(uuid, spec.environment))
  )
  const seen = new Set<string>()
  return inventories
    .flatMap((inventory) => inventory?.applications ?? [])
    .flatMap(({ description, name, uuid }): ReadonlyArray<Former> => {
      const mark = Marker.parse(description)
      if (mark === undefined || (mark.of !== family && mark.key !== family)) return []
      // What a replacement has left goes with it.
      if (kept.includes(mark.key) || seen.has(mark.key)) return []
      seen.add(mark.key)
      return [{ name, uuid, isFound: mark.key === keyOf({ ...spec, name }) }]
    })
})
