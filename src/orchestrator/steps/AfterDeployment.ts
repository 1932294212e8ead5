/** What takes effect at once: written when the version runs that it belongs to, or without a deployment. */
import * as Effect from "effect/Effect"
import { isLater } from "../../kinds/Part.ts"
import { changeVariables } from "../../kinds/Variables.ts"
import { releaseIn } from "../../kinds/VariableComment.ts"
import { shortName } from "../Blueprint.ts"
import { notedRelease, type Desired } from "../Desired.ts"
import type { Observed } from "../Observe.ts"
import type { Reconciliation } from "../Reconcile.ts"
import type { Provisioned } from "./Provision.ts"

/**
 * Makes them, with their undo.
 * @param application that was deployed; `undefined`: none was.
 */
export const afterDeployment = Effect.fn("afterDeployment")(function* (
  application: Provisioned | undefined,
  reconciliation: Reconciliation
) {
  const parts = reconciliation.parts.filter(isLater)
  if (application !== undefined && application._tag !== "Existing") {
    // What belongs to it goes with it.
    return yield* Effect.forEach(parts, ({ create }) => create(application), { discard: true })
  }
  yield* Effect.forEach(parts, ({ update }) => update, { discard: true })
})

/**
 * A deployment's release tells what the application gets, before it gets it. Without one it is told here, so that a run
 * that is cut off leaves nothing that nobody knows to be fabrik's.
 */
export const noteBefore = Effect.fn("noteBefore")(function* (
  desired: Desired,
  { application, variables }: Observed,
  { deploy, parts }: Reconciliation
) {
  const current = releaseIn(variables)
  if (deploy || application === undefined || current === undefined) return
  const created = parts
    .filter((part) => isLater(part) && part.noted === undefined)
    .flatMap(({ changes, kind }) =>
      changes.filter(({ action }) => action === "create").map(({ name }) => shortName(kind, name))
    )
  const added = [...created, ...(desired.records ?? [])]
  if (added.every((name) => current.has.includes(name))) return
  const has = [...new Set([...current.has, ...added])]
  const put = [notedRelease(desired.spec, { ...current, has })]
  yield* changeVariables(application, { put, remove: [] }, variables)
})
