import * as Effect from "effect/Effect"
import type { Application, ApplicationSettings } from "../../coolify/CoolifyClient.ts"
import type { NameServerAnswer } from "../../dns/AuthoritativeDns.ts"
import type { RecordSet } from "../../dns/DnsClient.ts"
import { awaitAuthoritative } from "../../dns/AwaitAuthoritative.ts"
import type { Desired } from "../Desired.ts"
import type { Observed } from "../Observe.ts"
import { Pace } from "../../engine/Pace.ts"
import type { Reconciliation } from "../Reconcile.ts"
import type { RecordAction } from "../ReconcileRecord.ts"
import { createApplication, updateApplication } from "../../kinds/Application.ts"
import { createInPlace } from "./CreateInPlace.ts"
import { keepPreviousVersion } from "../../kinds/Release.ts"
import { putRecord } from "../../kinds/Record.ts"
import { putFreshVariables, updateVariables } from "../../kinds/Variables.ts"
import { Run } from "../../engine/Run.ts"

/** The application that is ready to be deployed, and what ran before it. */
export type Provisioned =
  /** Nothing ran before. */
  | { readonly _tag: "Fresh"; readonly uuid: string; readonly name: string }
  | {
      readonly _tag: "Existing"
      readonly uuid: string
      readonly name: string
    }
  /** Still without the domain, which `old` holds. */
  | {
      readonly _tag: "Beside"
      readonly uuid: string
      readonly name: string
      readonly settings: ApplicationSettings
      readonly old: Application
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
  if (!reconciliation.deploy) return undefined
  const { name } = desired.spec
  if (application._tag === "Create") {
    const uuid = yield* createInPlace(desired, observed)
    yield* putFreshVariables({ uuid, name }, variables)
    return { _tag: "Fresh", uuid, name } satisfies Provisioned
  }
  const { before } = application
  yield* keepPreviousVersion(before)
  if (application._tag === "Replace" && observed.project !== undefined) {
    const { settings } = application
    // Coolify gives a domain to one application at a time: the new one gets it once it runs.
    const place = placeOf(desired, observed, observed.project.uuid)
    const uuid = yield* createApplication(place, { ...settings, domains: [] }, true)
    yield* putFreshVariables({ uuid, name }, variables)
    return { _tag: "Beside", uuid, name, settings, old: before } satisfies Provisioned
  }
  // The release comes first and says that it is not deployed yet: whoever finds the rest done knows what is left to do.
  yield* updateVariables(before, variables, observed.variables)
  if (application._tag === "Update") yield* updateApplication(before, application.patch)
  return { _tag: "Existing", uuid: before.uuid, name } satisfies Provisioned
})

const placeOf = (desired: Desired, observed: Observed, projectUuid: string) => ({
  projectUuid,
  serverUuid: observed.server.uuid,
  environmentName: desired.spec.environment
})

const provisionRecord = Effect.fn("provisionRecord")(function* (action: RecordAction) {
  if (action._tag === "Skip") return
  if (action._tag === "Put") yield* putRecord(action)
  const run = yield* Run
  const pace = yield* Pace
  yield* awaitAuthoritative({
    zone: action.zone.name,
    record: action.recordSet,
    deadline: pace.propagation,
    confirmAfter: pace.confirmDns,
    onRound: ({ answers }) =>
      run.emit({
        _tag: "DnsChecked",
        name: action.recordSet.name,
        right: answers.filter((answer) => isRight(action.recordSet, answer)).length,
        total: answers.length,
        detail: answers
          .map((answer) => `${answer.server}: ${answer.values.join(", ") || answer.outcome}`)
          .join("; ")
      })
  })
})

const isRight = (wanted: RecordSet, { outcome, values }: NameServerAnswer): boolean =>
  outcome === "answer" && (wanted.proxied || values.some((value) => wanted.values.includes(value)))
