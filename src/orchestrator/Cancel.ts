import * as Effect from "effect/Effect"
import type { Spec } from "../appspec/Spec.ts"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Deployment } from "../coolify/endpoints/Deployments.ts"
import { Pace, pollFor, pollUntil } from "../engine/Pace.ts"
import type { LiveState } from "../kinds/ContainerWatch.ts"
import { isActive } from "../kinds/Deployment.ts"
import { findApplication } from "./FindApplication.ts"

/** What became of the deployments that were under way. */
export interface Cancelled {
  readonly deployments: ReadonlyArray<Pick<Deployment, "uuid" | "status">>
  /** What Coolify says of the application afterwards, e.g. `running:healthy`: it lags by up to a minute. */
  readonly status: string
  /** What Docker says: what stops first has no container left where a deployment was cancelled half-way. */
  readonly container: LiveState
}

/** Those of a spec's application that wait or run. */
export const deploymentsUnderWay = Effect.fn("deploymentsUnderWay")(function* (spec: Spec) {
  const coolify = yield* CoolifyClient
  const { application } = yield* findApplication(spec)
  const all = yield* coolify.deployments.list(application.uuid, 10)
  return { application, deployments: all.filter(isActive) }
})

/**
 * Cancels deployments, and looks until each is at its end. One that ended by itself in the meantime is told as it ended:
 * Coolify refuses to cancel it (recorded: deployments 26).
 */
export const cancel = Effect.fn("cancel")(function* ({
  application: { uuid },
  deployments
}: Effect.Effect.Success<ReturnType<typeof deploymentsUnderWay>>) {
  const coolify = yield* CoolifyClient
  const pace = yield* Pace
  const ended = yield* Effect.forEach(deployments, (one) =>
    coolify.deployments.cancel(one.uuid).pipe(
      Effect.catchIf(
        ({ outcomeUnknown, reason }) => outcomeUnknown || reason === "Refused",
        () => Effect.void
      ),
      Effect.zipRight(
        pollUntil(coolify.deployments.get(one.uuid), (now) => !isActive(now), pollFor(pace, pace.stop))
      )
    )
  )
  return {
    deployments: ended.map(({ status, uuid }) => ({ uuid, status })),
    status: (yield* coolify.applications.get(uuid)).status,
    container: yield* Effect.match(coolify.applications.logs(uuid, 1), {
      onSuccess: () => "running" as const,
      onFailure: ({ reason }) => (reason === "Refused" ? "stopped" : "unknown")
    })
  } satisfies Cancelled
})
