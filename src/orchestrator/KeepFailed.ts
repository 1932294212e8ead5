/** A first apply that is left standing when it fails, so that somebody can look at it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Application } from "../coolify/endpoints/Applications.ts"
import * as Marker from "../engine/Marker.ts"
import { undisturbed } from "../engine/Rollback.ts"
import { Run } from "../engine/Run.ts"
import { coolifyPages } from "./CoolifyPages.ts"

export interface KeepFailed {
  /** The address of Coolify's pages; `undefined`: it has none, as the sandbox. */
  readonly pages: string | undefined
}

/** For so long Coolify is asked where it shows what stands. */
const patience = "10 seconds"

/** Whether a run that came to no end has made it: a failure takes it away again, or leaves it with the rest. */
export const isUnfinished = ({ description }: Application) =>
  Effect.map(Run, ({ journal }) => {
    const madeBy = Marker.parse(description)?.run
    return madeBy !== undefined && journal.before?.runs.includes(madeBy) === true
  })

/**
 * Has a failure of the run left standing, if it is a first apply. What ran before an update has nobody who would bring it
 * back, were that left: so that is undone, and it is said beforehand.
 */
export const keepIfFirst = Effect.fn("keepIfFirst")(function* (
  spec: Spec,
  application: Application | undefined,
  { pages }: KeepFailed
) {
  const run = yield* Run
  if (application !== undefined && !(yield* isUnfinished(application))) {
    return yield* run.emit({
      _tag: "Warning",
      message: `--keep-failed is for a first apply: ${spec.name} is there already, so what this run changes is undone should it fail`
    })
  }
  const context = yield* Effect.context<CoolifyClient>()
  const look = Effect.suspend(() => (pages === undefined ? Effect.succeed([]) : coolifyPages(spec, pages)))
  yield* Ref.set(
    run.keeps,
    Option.some(
      look.pipe(
        Effect.timeout(patience),
        undisturbed,
        Effect.orElseSucceed(() => []),
        Effect.provide(context)
      )
    )
  )
})
