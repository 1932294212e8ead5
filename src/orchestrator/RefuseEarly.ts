/** What keeps a run from beginning, although its plan could be made. */
import * as Effect from "effect/Effect"
import { stopsFirstWith } from "../coolify/endpoints/Derived.ts"
import type { PlainSettings } from "../coolify/endpoints/PlainSettings.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { isCompose } from "../coolify/Source.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { hasChanges, type Plan } from "../engine/Plan.ts"
import { isInterrupted } from "../kinds/Database.ts"
import type { ApplyOptions } from "./Apply.ts"
import type { Desired } from "./Desired.ts"
import type { Observed } from "./Observe.ts"
import type { Reconciliation } from "./Reconcile.ts"
import { refuseTooOld } from "./Requirements.ts"
import { refuseHeldDomains } from "./ServedDomains.ts"

/** What only one more question to Coolify each can tell; asked before anything is sent, and only where it matters. */
export const refuseEarly = Effect.fn("refuseEarly")(function* (
  { spec }: Desired,
  observed: Observed,
  reconciliation: Reconciliation,
  { allowDowntime, mode, offline, skipDeploy }: ApplyOptions
) {
  const coolify = yield* CoolifyClient
  yield* Effect.all(
    [
      offline || skipDeploy || !hasChanges(reconciliation.plan) ? Effect.void : refuseTooOld(spec),
      skipDeploy ? Effect.void : refuseHeldDomains(spec, observed),
      allowDowntime ? Effect.void : Effect.zipRight(refuseStops(observed), refuseGap(reconciliation)),
      // A plan sends nothing but reads.
      reconciliation.deploy && mode !== "dry-run" ? coolify.deployments.mayStart : Effect.void
    ],
    { concurrency: "unbounded", discard: true }
  )
})

const refuseStops = ({ databases }: Observed): Effect.Effect<void, RefusedError> => {
  const [first] = databases.filter(isInterrupted)
  return first === undefined
    ? Effect.void
    : new RefusedError({
        reason: "Downtime",
        detail: `the database ${first.wanted.resource} has to be stopped before it can run as ${first.wanted.image}`,
        next: "accept the gap with --allow-downtime, or keep the image in the spec"
      })
}

/** Whether Coolify could roll an update only the application's own answer tells in full, so it is asked for before one. */
const refuseGap = Effect.fn("refuseGap")(function* ({ application, deploy, parts }: Reconciliation) {
  if (!deploy || application._tag === "Create" || application._tag === "Replace") return
  // Its containers are always stopped first: the plan says so.
  if (isCompose(application.before.source)) return
  const coolify = yield* CoolifyClient
  const now = yield* coolify.applications.get(application.before.uuid)
  const { name } = now
  const plain = parts.reduce<PlainSettings>((all, part) => ({ ...all, ...part.plain }), {})
  if (!stopsFirstWith(now, plain)) return
  return yield* new RefusedError({
    reason: "Downtime",
    detail: `${name} publishes host ports or has a fixed name or address, so Coolify stops the old version before it starts the new one`,
    next: "accept the gap with --allow-downtime, or change that: `ports` in the spec, the name and the address in Coolify"
  })
})

export const refuseUnreviewed = (plan: Plan, expected: Plan | undefined): Effect.Effect<void, RefusedError> =>
  expected === undefined || JSON.stringify(expected.changes) === JSON.stringify(plan.changes)
    ? Effect.void
    : new RefusedError({
        reason: "Moved",
        detail:
          "the world is no longer as it was when the plan was made, so the plan would do something else now",
        next: "make a new plan and review it"
      })
