/**
 * What a run keeps that ends after its plan and goes on at its turn, so that many can wait for one answer. It looks again
 * then, and carries out what was shown or nothing.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { RefusedError } from "../engine/DeployError.ts"
import { type Change, hasChanges, type Plan } from "../engine/Plan.ts"
import { resumeReadingRun, Run, type RunBefore } from "../engine/Run.ts"
import type { Desired } from "./Desired.ts"
import type { Observed } from "./Observe.ts"
import { refuseOthers } from "./Overtaken.ts"
import type { Reconciliation } from "./Reconcile.ts"
import type { Standing } from "./Standing.ts"
import { transaction } from "./Transaction.ts"

export interface Planned {
  readonly observed: Observed
  readonly desired: Desired
  readonly reconciliation: Reconciliation
  /** The runs that had changed last what is there. */
  readonly stood: ReadonlyArray<Standing>
}

export interface Look {
  readonly run: RunBefore
  readonly plan: Plan
  readonly stood: ReadonlyArray<Standing>
  /** All of it where nothing is to be changed: that is not looked at twice. */
  readonly idle: Planned | undefined
  /** Somebody was asked about this plan, so that no other one is carried out. */
  readonly reviewed: boolean
}

export const lookOf = Effect.fnUntraced(function* (planned: Planned) {
  const { id, journal, startedAt } = yield* Run
  const { deploy, later, plan } = planned.reconciliation
  const isIdle = !hasChanges(plan) && !deploy && !later && journal.before === undefined
  return {
    run: {
      id,
      startedAt,
      restedAt: yield* Clock.currentTimeMillis,
      state: isIdle ? "VALIDATING" : "PENDING"
    },
    plan,
    stood: planned.stood,
    idle: isIdle ? planned : undefined,
    reviewed: true
  } satisfies Look
})

/** What is everybody's, and made by the first who needs it. */
const isPlace = ({ action, kind }: Change): boolean =>
  action === "create" && (kind === "project" || kind === "environment")

/** Whether it does what was shown: a project or an environment may be there by now, made by another run of the command. */
export const isAsShown = ({ changes: now }: Plan, { changes: shown }: Plan): boolean => {
  const still = now.map((change) => JSON.stringify(change))
  const left = shown.flatMap((change) => {
    const text = JSON.stringify(change)
    return isPlace(change) && !still.includes(text) ? [] : [text]
  })
  return left.length === still.length && left.every((text, index) => text === still[index])
}

/** The second look of a run has to find what the first one has found. */
export const refuseMoved = Effect.fn("refuseMoved")(function* (
  { name }: { readonly name: string },
  look: Look,
  now: Pick<Look, "plan" | "stood">
) {
  yield* refuseOthers(name, look.stood, now.stood)
  if (look.reviewed && !isAsShown(now.plan, look.plan)) return yield* movedSince(name)
})

export const movedSince = (name: string) =>
  new RefusedError({
    reason: "Moved",
    detail: `${name} is no longer as it was when its plan was shown, so another plan would be carried out now`,
    next: "run the command again, and look at the new plan"
  })

/** Brings one to its end that has rested and is not to go on: it was declined, or the command was interrupted. */
export const endAtRest = Effect.fn("endAtRest")(function* ({ run }: Look, how: "declined" | "interrupted") {
  const steps = how === "declined" ? Effect.succeed("declined" as const) : Effect.interrupt
  return yield* transaction(steps, null).pipe(
    Effect.provideServiceEffect(Run, resumeReadingRun({ ...run, state: "VALIDATING" }))
  )
})
