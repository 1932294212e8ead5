import * as Effect from "effect/Effect"
import type * as Ref from "effect/Ref"
import { AuthoritativeDns } from "../../dns/AuthoritativeDns.ts"
import { awaitAuthoritative } from "../../dns/AwaitAuthoritative.ts"
import type { Desired } from "../Desired.ts"
import type { Observed } from "../Observe.ts"
import { Pace } from "../Pace.ts"
import type { Reconciliation } from "../Reconcile.ts"
import type { RecordAction } from "../ReconcileRecord.ts"
import { createApplication, updateApplication } from "../resources/Application.ts"
import { keepPreviousVersion, type Replacement } from "../resources/PreviousVersion.ts"
import { createEnvironment, createProject } from "../resources/Project.ts"
import { putRecord } from "../resources/Record.ts"
import { putFreshVariables, updateVariables } from "../resources/Variables.ts"
import { Run } from "../Run.ts"

/** The application that is ready to be deployed, and what is known of the version that runs. */
export interface Provisioned {
  readonly uuid: string
  readonly name: string
  /** `undefined`: nothing ran before. */
  readonly replacement: Ref.Ref<Replacement> | undefined
}

/**
 * Step 3: the DNS record and everything in Coolify, side by side; done when every authoritative name server answers
 * right, because the certificate authority will ask one of them during the deployment.
 */
export const provision = Effect.fn("provision")(function* (
  desired: Desired,
  observed: Observed,
  reconciliation: Reconciliation
) {
  const [application] = yield* Effect.all(
    [provisionCoolify(desired, observed, reconciliation), provisionRecord(reconciliation.record)],
    { concurrency: "unbounded" }
  )
  return application
})

const provisionCoolify = Effect.fn("provisionCoolify")(function* (
  desired: Desired,
  observed: Observed,
  reconciliation: Reconciliation
) {
  const { application, variables } = reconciliation
  if (application._tag === "Create") {
    if (!reconciliation.deploy) return undefined
    const projectUuid = observed.project?.uuid ?? (yield* createProject(desired))
    if (reconciliation.createEnvironment) yield* createEnvironment(projectUuid, desired)
    const place = {
      projectUuid,
      serverUuid: observed.server.uuid,
      environmentName: desired.spec.environment
    }
    const fresh = { uuid: yield* createApplication(place, application.settings), name: desired.spec.name }
    yield* putFreshVariables(fresh, variables)
    return { ...fresh, replacement: undefined } satisfies Provisioned
  }
  const { before } = application
  if (!reconciliation.deploy)
    return { uuid: before.uuid, name: before.name, replacement: undefined } satisfies Provisioned
  const replacement = yield* keepPreviousVersion(before)
  if (application._tag === "Update") yield* updateApplication(before, application.patch)
  yield* updateVariables(before, variables, observed.variables)
  return { uuid: before.uuid, name: before.name, replacement } satisfies Provisioned
})

const provisionRecord = Effect.fn("provisionRecord")(function* (action: RecordAction) {
  if (action._tag === "Skip") return
  if (action._tag === "Put") yield* putRecord(action)
  const run = yield* Run
  const pace = yield* Pace
  yield* AuthoritativeDns
  yield* awaitAuthoritative({
    zone: action.zone.name,
    record: action.recordSet,
    deadline: pace.propagation,
    confirmAfter: pace.confirmDns,
    onRound: ({ answers, good }) =>
      run.emit({
        _tag: "DnsChecked",
        name: action.recordSet.name,
        right: good ? answers.length : answers.filter((answer) => answer.outcome === "answer").length,
        total: answers.length,
        detail: answers
          .map((answer) => `${answer.server}: ${answer.values.join(", ") || answer.outcome}`)
          .join("; ")
      })
  })
})
