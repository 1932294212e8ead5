/** Pure: what has to change so that the world is as desired, field by field, and what must not be touched. */
import * as Either from "effect/Either"
import { isOpen } from "../appspec/Interpolate.ts"
import type { Spec } from "../appspec/Spec.ts"
import type { Application, ApplicationPatch, ApplicationSettings } from "../coolify/endpoints/Applications.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import { unknownContainers } from "../coolify/Refusals.ts"
import { isCompose } from "../coolify/Source.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { releaseVariable, specDigest, toldDomains, type Desired } from "./Desired.ts"
import { reconcileRecords } from "./ReconcileRecords.ts"
import { isOurComment, releaseKey, releaseIn } from "../kinds/VariableComment.ts"
import { diffApplication, type ApplicationDiff } from "../kinds/DiffApplication.ts"
import { diffVariables, hiddenRelease } from "../kinds/DiffVariables.ts"
import type { Observed } from "./Observe.ts"
import type { Change, Plan } from "../engine/Plan.ts"
import type { VariableActions } from "../kinds/Variables.ts"
import { changesLater, isLater, type PlannedPart } from "../kinds/Part.ts"
import {
  applicationChange,
  deploymentChange,
  duplicateChange,
  isDue,
  placeChanges,
  remainsChange
} from "./PlanLines.ts"
import { planNotes, unseenVariables } from "./PlanNotes.ts"
import { refuseCompose, refuseRenamedVolume } from "./ComposeNotes.ts"
import { refuseValues } from "./RefuseValues.ts"
import type { RecordAction } from "../kinds/DiffRecord.ts"

type ApplicationAction =
  | { readonly _tag: "Create"; readonly settings: ApplicationSettings }
  | { readonly _tag: "Update"; readonly before: Application; readonly patch: ApplicationPatch }
  /** Made beside the old one, which goes once the new one is verified. */
  | { readonly _tag: "Replace"; readonly before: Application; readonly settings: ApplicationSettings }
  | { readonly _tag: "Keep"; readonly before: Application }

/** The plan together with the writes that carry it out. */
export interface Reconciliation {
  readonly plan: Plan
  readonly createProject: boolean
  readonly createEnvironment: boolean
  readonly application: ApplicationAction
  readonly variables: VariableActions
  readonly parts: ReadonlyArray<PlannedPart>
  /** Of the domains. */
  readonly records: ReadonlyArray<RecordAction>
  /** Of `dns.records`. */
  readonly further: ReadonlyArray<RecordAction>
  /** Go once the new name is verified. */
  readonly orphans: Observed["orphans"]
  /** Go last. */
  readonly remains: Observed["remains"]
  /** Go with them. */
  readonly duplicates: Observed["duplicates"]
  readonly deploy: boolean
  /** What the release tells changes without a deployment. */
  readonly later: boolean
  /** What the running application shows as its release when all is done; `undefined`: it never got one. */
  readonly release: string | undefined
}

export interface ReconcileOptions {
  readonly offline: boolean
  readonly skipDeploy: boolean
  readonly redeploy: boolean
}

export const reconcile = (
  desired: Desired,
  observed: Observed,
  options: ReconcileOptions
): Either.Either<Reconciliation, RefusedError> =>
  Either.gen(function* () {
    const dns = yield* reconcileRecords(desired, observed)
    const coolify = options.skipDeploy
      ? untouched(desired, observed)
      : yield* reconcileCoolify(desired, observed, options, dns.movesFurther)
    const current = releaseIn(observed.variables)
    // What an update of this very spec has not come to do is not somebody else's change.
    const drifted = current?.specDigest === specDigest(desired) && !current.pending
    const remains = options.skipDeploy ? [] : observed.remains
    const duplicates = options.skipDeploy ? [] : observed.duplicates
    const changes = [
      ...coolify.changes,
      ...dns.changes,
      ...remains.map(remainsChange),
      ...duplicates.map(duplicateChange)
    ].map((change) =>
      drifted && change.action !== "unchanged" && change.kind !== "deployment"
        ? { ...change, drifted: true as const }
        : change
    )
    const unseen = options.skipDeploy ? [] : unseenVariables(desired, observed)
    const allUnseen = options.skipDeploy
      ? []
      : [...unseen, ...observed.parts.flatMap((part) => part.unseen ?? [])]
    const plan: Plan = {
      name: desired.spec.name,
      ...toldDomains(desired.spec),
      project: desired.spec.project,
      environment: desired.spec.environment,
      server: observed.server.name,
      basis: options.offline ? "assumed" : "observed",
      changes,
      notes: planNotes(desired, observed, {
        deploys: coolify.deploy,
        unseen,
        offline: options.offline,
        replaces: coolify.application._tag === "Replace",
        drifted: changes.some((change) => change.drifted === true)
      }),
      ...(allUnseen.length === 0 ? {} : { unseen: allUnseen })
    }
    const { further, orphans, records } = dns
    return { ...coolify, plan, records, further, orphans, remains, duplicates }
  })

type CoolifyPart = Omit<
  Reconciliation,
  "plan" | "records" | "further" | "orphans" | "remains" | "duplicates"
> & {
  readonly changes: ReadonlyArray<Change>
}

const untouched = (desired: Desired, observed: Observed): CoolifyPart => ({
  changes: [],
  createProject: false,
  createEnvironment: false,
  application:
    observed.application === undefined
      ? { _tag: "Create", settings: desired.application }
      : { _tag: "Keep", before: observed.application },
  variables: { put: [], remove: [] },
  parts: [],
  deploy: false,
  later: false,
  release: undefined
})

const reconcileCoolify = (
  desired: Desired,
  observed: Observed,
  options: ReconcileOptions,
  movesRecords: boolean
): Either.Either<CoolifyPart, RefusedError> =>
  Either.gen(function* () {
    const { pending = [], spec } = desired
    const { application } = observed
    if (application === undefined && observed.foreign !== undefined) {
      return yield* Either.left(
        new RefusedError({
          reason: "Foreign",
          detail: `Coolify already has an application ${spec.name} in ${spec.project}/${spec.environment} that fabrik did not make (${observed.foreign.uuid})`,
          next: `make it fabrik's with \`fabrik adopt ${observed.foreign.uuid} -o FILE\`, or give the spec another \`name\``
        })
      )
    }
    yield* refuseUnreadText(desired, application)
    yield* refuseCompose(desired, application?.composeText)
    yield* refuseRenamedVolume(desired, application?.source)
    yield* refuseUnknownContainers(desired, application)
    const fields = diffApplication(desired.application, application)
    const variables = diffVariables(
      desired.variables,
      observed.variables,
      (key) => isSecret(spec, key),
      desired.held ?? [],
      pending.map(({ key }) => ({ key, secret: isSecret(spec, key) }))
    )
    const databases = observed.databases.flatMap(({ changes }) => changes)
    const hidden = hiddenRelease(releaseRow(observed.variables))
    const changes = [...fields.changes, ...observed.parts.flatMap((part) => part.fields ?? [])]
    const settingsDiffer =
      changes.length > 0 ||
      variables.put.length > 0 ||
      variables.remove.length > 0 ||
      hidden.length > 0 ||
      pending.length > 0 ||
      databases.length > 0 ||
      observed.parts.some((part) => !isLater(part) && part.changes.length > 0)
    // A bare `exited` is an application that never ran, or was stopped: the spec says that it should run.
    const stopped = application !== undefined && application.status.startsWith("exited")
    const current = releaseIn(observed.variables)
    const unconfirmed = current?.pending === true
    // What is made without a deployment is noted in the release, so there has to be one.
    const later = changesLater(observed.parts) || movesRecords
    const unnoted = application !== undefined && current === undefined && later
    const { redeploy } = options
    const why = { stopped, pending: unconfirmed, unnoted, undeployed: observed.undeployed, redeploy }
    const deploy = application === undefined || settingsDiffer || isDue(why)
    const writes = fields.replace
      ? yield* freshVariables(desired, observed.variables)
      : {
          put: deploy ? [...variables.put, releaseVariable(desired, true)] : variables.put,
          remove: variables.remove
        }
    const loss = observed.parts.find(({ staysBehind }) => staysBehind !== undefined)?.staysBehind
    if (fields.replace && loss !== undefined) return yield* Either.left(loss)
    yield* refuseValues(desired, writes.put)
    yield* refuseLongComment(writes.put)
    yield* restorable(fields.replace ? [] : [...writes.put, ...pending], writes.remove, observed.variables)
    return {
      createProject: observed.project === undefined,
      createEnvironment:
        !observed.environmentExists && !(observed.project === undefined && spec.environment === "production"),
      application: applicationAction(desired, application, fields),
      variables: writes,
      parts: observed.parts,
      deploy,
      later,
      release: deploy ? desired.run : current?.release,
      changes: [
        ...placeChanges(desired, observed),
        ...databases,
        applicationChange(desired, application, { ...fields, changes }),
        ...variables.changes,
        ...hidden,
        ...observed.parts.flatMap((part) => part.changes),
        ...(deploy ? [deploymentChange(spec.name, why)] : [])
      ]
    }
  })

/** Nothing can be compared, and a failed update could not put it back. */
const refuseUnreadText = (
  { spec }: Desired,
  application: Application | undefined
): Either.Either<void, RefusedError> =>
  spec.source._tag === "Compose" &&
  application?.source._tag === "Compose" &&
  application.source.text === undefined
    ? Either.left(
        new RefusedError({
          reason: "Unrestorable",
          detail: `the token may not read the compose file of ${spec.name}, so nobody can tell whether it differs, nor put it back`,
          next: "tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
        })
      )
    : Either.right(undefined)

/** Coolify would take no domain for them: it knows the containers that its last deployment found in the repository. */
const refuseUnknownContainers = (
  { application: wanted }: Desired,
  application: Application | undefined
): Either.Either<void, RefusedError> => {
  if (application === undefined || !isCompose(wanted.source)) return Either.right(undefined)
  const detail = unknownContainers(wanted.domains, application)
  return detail === undefined
    ? Either.right(undefined)
    : Either.left(
        new RefusedError({
          reason: "Unsendable",
          detail,
          next: "name one that it has; one that is new in the repository gets a domain once it was deployed: take it out of `domains`, run `fabrik apply --redeploy`, then put it back"
        })
      )
}

const isSecret = ({ references, secrets }: Spec, key: string): boolean => {
  const template = new Map(Object.entries(references)).get(key)
  return template === undefined ? secrets.includes(key) : !isOpen(template)
}

const applicationAction = (
  desired: Desired,
  before: Application | undefined,
  { changes, patch, replace }: ApplicationDiff
): ApplicationAction => {
  if (before === undefined) return { _tag: "Create", settings: desired.application }
  if (replace) return { _tag: "Replace", before, settings: desired.application }
  return changes.length > 0 ? { _tag: "Update", before, patch } : { _tag: "Keep", before }
}

/** All the variables of an application that takes another one's place: the spec's, and what others added to the old one. */
const freshVariables = (
  desired: Desired,
  observed: ReadonlyArray<ObservedVariable>
): Either.Either<VariableActions, RefusedError> =>
  Either.gen(function* () {
    const { held = [], pending = [], variables } = desired
    if (held.length > 0) return yield* Either.left(unreadable(held))
    const wanted = new Set([...[...variables, ...pending].map(({ key }) => key), releaseKey])
    const others = observed.filter(
      (row) => !row.isPreview && !wanted.has(row.key) && !isOurComment(row.comment)
    )
    yield* restorable(others, [], others)
    const carried = others.flatMap(({ value, ...row }) => (value === undefined ? [] : [{ ...row, value }]))
    // What the old one was given, the new one never had.
    const release = releaseVariable({ ...desired, had: [] }, true)
    return { put: [...variables, ...carried, release], remove: [] }
  })

/** The application that takes over must get them, and nobody can say what they are. */
const unreadable = (rows: ReadonlyArray<ObservedVariable>): RefusedError =>
  new RefusedError({
    reason: "Unreadable",
    detail: `a new application has to take the old one's place, and nobody gives it ${rows.map(({ key }) => key).join(", ")}: Coolify has the value, but this token may not read it`,
    next: "give the value (in the environment, in .env or in a file named with --env-file), or tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
  })

const releaseRow = (variables: ReadonlyArray<ObservedVariable>) =>
  variables.find((candidate) => candidate.key === releaseKey && !candidate.isPreview)

/** Of a variable at Coolify, in characters: its rule is `max:256`. */
const longestComment = 256

/** What fabrik has given an application stands in the comment of its release. */
const refuseLongComment = (
  put: ReadonlyArray<{ readonly comment: string }>
): Either.Either<void, RefusedError> =>
  put.every(({ comment }) => comment.length <= longestComment)
    ? Either.right(undefined)
    : Either.left(
        new RefusedError({
          reason: "Unsendable",
          detail:
            "the spec names more volumes, files, schedules and settings than fabrik can note down at Coolify: about 30, or a dozen files",
          next: "name fewer, or spread them over several applications"
        })
      )

/** A value that cannot be read cannot be put back, so it must not be overwritten. */
const restorable = (
  put: ReadonlyArray<{ readonly key: string }>,
  remove: ReadonlyArray<{ readonly key: string }>,
  observed: ReadonlyArray<ObservedVariable>
): Either.Either<void, RefusedError> => {
  const touched = new Set([...put, ...remove].map((variable) => variable.key))
  const lost = observed.filter(
    (row) =>
      touched.has(row.key) &&
      !row.isPreview &&
      row.value === undefined &&
      !(row.key === releaseKey && isOurComment(row.comment))
  )
  return lost.length === 0
    ? Either.right(undefined)
    : Either.left(
        new RefusedError({
          reason: "Unrestorable",
          detail: `the token may not read the present value of ${lost.map((row) => row.key).join(", ")}, so a failed update could not put it back`,
          next: "tick `read:sensitive` on the Coolify token (Keys & Tokens, API tokens)"
        })
      )
}
