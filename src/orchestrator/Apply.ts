import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { CoolifyError } from "../coolify/CoolifyError.ts"
import { HealthProbe } from "../health/HealthProbe.ts"
import { SecretStore, type SecretError } from "../secrets/SecretStore.ts"
import type { Spec } from "../appspec/Spec.ts"
import { DeadlineError, RefusedError } from "../engine/DeployError.ts"
import type { Step } from "../engine/DeploymentEvent.ts"
import {
  desiredApplication,
  desiredVariables,
  targetOf,
  toldDomains,
  type Desired,
  type PlannedSecret
} from "./Desired.ts"
import { lookBackAt } from "./Answers.ts"
import { withBasicAuth } from "./BasicAuth.ts"
import type { Begun } from "../engine/JournalSchema.ts"
import { withJournaledClients } from "./JournaledClients.ts"
import * as Marker from "../engine/Marker.ts"
import { awaitLate } from "../engine/Late.ts"
import { keepIfFirst, type KeepFailed } from "./KeepFailed.ts"
import { type Look, lookOf, movedSince, type Planned, refuseMoved } from "./Look.ts"
import { observe, type Observed } from "./Observe.ts"
import { checkOwn, claim, closeIfOvertaken, refuseOvertaken } from "./Overtaken.ts"
import { hasChanges, type Plan } from "../engine/Plan.ts"
import { takeOver } from "./Recorded.ts"
import { mustRollBack, refuseOtherInstance, rollBackOpen } from "./Recover.ts"
import { reconcile } from "./Reconcile.ts"
import { releaseIn } from "../kinds/VariableComment.ts"
import { removeDuplicate } from "../kinds/Project.ts"
import { removeRecord } from "../kinds/Record.ts"
import { confirmAtEnd } from "./steps/ConfirmRelease.ts"
import { retireAtEnd } from "./steps/Retire.ts"
import { asking, inStep, makeReadingRun, makeRun, reportEnd, Run } from "../engine/Run.ts"
import { withReferences } from "./References.ts"
import { notesOf } from "./FurtherRecords.ts"
import { refuseEarly, refuseUnreviewed } from "./RefuseEarly.ts"
import { RunError } from "./RunError.ts"
import { journalName, peek } from "../engine/RunJournal.ts"
import { Owner } from "../engine/Owner.ts"
import { afterDeployment } from "./steps/AfterDeployment.ts"
import { deploy } from "./steps/Deploy.ts"
import { provision } from "./steps/Provision.ts"
import { givenBesides, resolveSecrets, settleSecrets, type SettledSecrets } from "./steps/ResolveSecrets.ts"
import { validate } from "./steps/Validate.ts"
import { publicUrl, verify } from "./steps/Verify.ts"
import { standingsSeen } from "./Standing.ts"
import { timeoutBeside } from "../engine/Stopwatch.ts"
import { transaction } from "./Transaction.ts"

export interface ApplyOptions {
  readonly command: "apply" | "plan" | "rollback" | "recover"
  readonly mode: "live" | "sandbox" | "dry-run"
  /** No credentials: the world was assumed empty. */
  readonly offline: boolean
  readonly skipDns: boolean
  readonly skipDeploy: boolean
  /** Deploy even if nothing differs: the newest commit of a branch, the newest image of a moving tag. */
  readonly redeploy: boolean
  /** Go on although an update stops the old version before the new one starts. */
  readonly allowDowntime: boolean
  /** A first apply that fails is left standing. */
  readonly keepFailed?: KeepFailed | undefined
  /** The reviewed plan: nothing is done unless it still is what would be done. */
  readonly expected: Plan | undefined
  /** Sees the plan, with or without changes, before anything is sent; a no ends the run there. */
  readonly confirm: (plan: Plan) => Effect.Effect<boolean>
  /** Whether the run ends after its plan without a word, as it rests until its turn. */
  readonly restsWith?: ((look: Look) => Effect.Effect<boolean>) | undefined
  /** What it has seen before it rested. */
  readonly look?: Look | undefined
  /** It stands, and nothing is retired yet: a failure undoes it. */
  readonly agree?: Effect.Effect<void, RefusedError>
  /** Of the reads and of what follows the answer; what goes by in between does not count. */
  readonly timeout: Duration.Duration
  /** The spec's YAML and its path as it was given: what is needed to go on after a crash. */
  readonly origin: { readonly file: string; readonly text: string }
  /** Of the run that this one goes on with: with other values it would be another run. */
  readonly begunSecrets?: Begun["secrets"]
}

/**
 * Takes a spec to a verified URL, or puts everything back. Emits its events to `Progress`, the last of them
 * `RunFinished`, which also comes when the run is interrupted.
 */
export const apply = Effect.fn("apply")(function* (spec: Spec, options: ApplyOptions) {
  const owner = yield* Owner
  const journal = journalName(owner, spec)
  yield* settleFirst(journal, spec, options)
  // A dry run has nothing to lose.
  const run = yield* options.mode === "dry-run" ? makeReadingRun : makeRun(journal, options.look?.run)
  const { port } = yield* HealthProbe
  if (options.look?.idle === undefined) {
    yield* run.emit({
      _tag: "RunStarted",
      command: options.command,
      name: spec.name,
      ...toldDomains(spec),
      mode: options.mode
    })
  }
  const looks = !options.skipDeploy
  const [domain] = spec.domains
  const url = looks && domain !== undefined ? publicUrl(domain, port, "/") : null
  return yield* withJournaledClients(transaction(steps(spec, options), url, { verified: looks })).pipe(
    Effect.provideService(Run, run)
  )
}, Effect.scoped)

const steps = Effect.fn("steps")(function* (spec: Spec, options: ApplyOptions) {
  const { queued } = yield* Run
  const bounded = timeoutBeside(
    queued,
    options.timeout,
    () => new DeadlineError({ seconds: Duration.toSeconds(options.timeout) })
  )
  const planned = options.look?.idle ?? (yield* bounded(plan(spec, options)))
  const { confirm, restsWith } = options
  if (restsWith !== undefined && (yield* restsWith(yield* lookOf(planned)))) return "declined" as const
  if (!(yield* asking(confirm(planned.reconciliation.plan)))) return "declined" as const
  if (options.mode === "dry-run") return "planned" as const
  return yield* bounded(carryOut(spec, options, planned))
})

/** The steps 1 and 2, and what differs: reads alone. Fails where the spec cannot be carried out. */
const plan = Effect.fn("plan")(function* (spec: Spec, options: ApplyOptions) {
  const run = yield* Run
  yield* run.go("VALIDATING")
  yield* inStep("validate", validate(spec, options.mode))
  const { credentials, observed, settled, stood, supplied } = yield* inStep("secrets", secrets(spec, options))
  yield* announceInJournal([...settled.secrets, ...supplied, ...givenBesides(spec)], options, {
    owner: yield* Owner,
    server: observed.server.uuid,
    stood: stood.map((standing) => standing.run)
  })
  yield* claim(spec, stood)
  yield* Ref.set(run.step, "provision")
  const desired = yield* desire(spec, settled, observed, { run: run.id, credentials })
  const reconciliation = yield* reconcile(desired, observed, options)
  if (options.keepFailed !== undefined && options.mode !== "dry-run") {
    yield* keepIfFirst(spec, observed.application, options.keepFailed)
  }
  yield* run.emit({ _tag: "Planned", plan: reconciliation.plan })
  yield* refuseUnreviewed(reconciliation.plan, options.expected)
  if (options.look !== undefined) yield* refuseMoved(spec, options.look, { plan: reconciliation.plan, stood })
  yield* refuseEarly(desired, observed, reconciliation, options)
  return { observed, desired, reconciliation, stood } satisfies Planned
})

/** Where the spec's secrets come from, which what is deployed decides with it: so that is looked at first. */
const secrets = Effect.fn("secrets")(function* (spec: Spec, options: ApplyOptions) {
  const run = yield* Run
  const found = yield* resolveSecrets(spec)
  yield* Ref.set(run.step, "provision")
  const seen = yield* observe(spec, options)
  const stood = options.mode === "dry-run" ? [] : yield* standingsSeen(seen)
  yield* Ref.set(run.step, "secrets")
  if (options.skipDeploy) {
    return { observed: seen, stood, settled: noSecrets, credentials: undefined, supplied: [] }
  }
  const { begunSecrets: begun, offline } = options
  const { siblings, variables } = seen
  const settled = yield* settleSecrets(spec, found, { variables, siblings, offline, begun }).pipe(
    Effect.flatMap((secrets) => withReferences(spec, seen, secrets))
  )
  return { ...(yield* withBasicAuth(spec, seen, found, settled, { offline, begun })), settled, stood }
})

/** The steps 3 to 5: everything that writes. */
const carryOut = Effect.fn("carryOut")(function* (
  spec: Spec,
  { agree = Effect.void, look, skipDeploy }: ApplyOptions,
  { desired: planned, observed, reconciliation, stood }: Planned
) {
  const run = yield* Run
  yield* run.go("PROVISIONING")
  const changes = reconciliation.deploy || reconciliation.later
  // A second look is no older than the run.
  if (changes && look === undefined) yield* refuseOvertaken(spec, stood)
  const { before } = run.journal
  if (look?.idle !== undefined && before !== undefined) return yield* movedSince(spec.name)
  if (before !== undefined) {
    yield* run.emit({
      _tag: "Warning",
      message: `run ${before.begun.run} did not come to its end; this one goes on from there`
    })
    yield* takeOver(before)
  }
  if (!skipDeploy) yield* lookBackAt(spec, observed.application, planned.target)
  const last: ReadonlyArray<Step> = skipDeploy ? [] : ["verify"]
  const { application, desired } = yield* inStep(
    "provision",
    provision(planned, observed, reconciliation),
    changes ? ["deploy", ...last] : last
  )
  yield* run.go("DEPLOYING")
  if (changes) {
    const deploying = application === undefined ? Effect.void : deploy(application, desired)
    const after = afterDeployment(application, reconciliation)
    yield* inStep("deploy", Effect.zipRight(deploying, after), last)
  }
  yield* run.go("VERIFYING")
  let pending = false
  if (!skipDeploy) {
    const verification = {
      spec,
      target: desired.target,
      credentials: desired.credentials,
      applicationUuid: application?.uuid ?? observed.application?.uuid,
      status: observed.application?.status,
      release: reconciliation.release,
      deployed: reconciliation.deploy,
      seenRight: reconciliation.records.map(({ recordSet }) => recordSet.name)
    }
    pending = (yield* inStep("verify", verify(verification))).length > 0
    if (application !== undefined) yield* checkOwn(desired, application.uuid)
  }
  yield* asking(agree)
  if (!skipDeploy) {
    for (const { zone, recordSet } of reconciliation.orphans) yield* removeRecord(zone, recordSet)
    const uuid = application?.uuid ?? observed.application?.uuid
    if (changes && uuid !== undefined) {
      yield* confirmAtEnd(uuid, { ...desired, run: reconciliation.release ?? run.id }, reconciliation)
    }
    const replaced = application?._tag === "Beside" ? [application.old] : []
    yield* Effect.forEach([...reconciliation.remains, ...replaced], retireAtEnd, { discard: true })
    yield* Effect.forEach(reconciliation.duplicates, removeDuplicate, { discard: true })
  }
  if (pending) return "pending" as const
  return hasChanges(reconciliation.plan) ? ("complete" as const) : ("unchanged" as const)
})

/** Coolify is left alone, and with it every value there. */
const noSecrets: SettledSecrets = { edited: [], held: [], secrets: [], standing: [] }

/** What the spec asks for, of the world as it was observed. */
export const desire = Effect.fn("desire")(function* (
  spec: Spec,
  { standing, ...settled }: SettledSecrets,
  observed: Observed,
  { credentials, run }: { readonly run: string } & Pick<Desired, "credentials">
) {
  const owner = yield* Owner
  const made = yield* desiredVariables(spec, settled.secrets, observed.variables)
  return {
    spec,
    owner,
    run,
    application: desiredApplication(owner, spec, run, observed.access),
    variables: [...made, ...standing].toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    ...settled,
    had: releaseIn(observed.variables)?.has ?? [],
    records: notesOf(
      observed.further,
      releaseIn(observed.variables)?.has ?? [],
      Marker.applicationKey(owner, spec)
    ),
    digests: new Map(observed.parts.flatMap(({ digests }) => [...(digests?.entries() ?? [])])),
    target: yield* targetOf(spec, observed.server, observed.dns.length > 0),
    credentials
  } satisfies Desired
})

/** An earlier run that has to be rolled back is; only then is there a world to make plans for. */
const settleFirst = Effect.fn("settleFirst")(function* (journal: string, spec: Spec, { mode }: ApplyOptions) {
  if (mode === "dry-run") return
  const left = yield* peek(journal)
  if (left === undefined) return
  // What Coolify says on the way may repeat a secret, so they have to be known first.
  yield* Effect.catchAll(resolveSecrets(spec), unsettledFor)
  yield* Effect.catchAll(refuseOtherInstance(left), unsettledFor)
  yield* awaitLate(left)
  if (yield* Effect.catchTag(closeIfOvertaken(journal, spec, left), "CoolifyError", unsettledFor)) return
  if (!mustRollBack(left)) return
  const { name } = spec
  const report = yield* rollBackOpen(journal, { ...spec, mode, spec })
  // What another's hand has changed since stays as it is, and is told; there is nothing more to come of it.
  if (!report.leftovers.some(({ recoverable }) => recoverable)) return
  const error = new RefusedError({
    reason: "Unsettled",
    detail: `what an earlier run of ${name} has left could not be undone`,
    next: "finish what is named above, then `fabrik recover`"
  })
  return yield* new RunError({ step: "provision", error, report })
})

const unsettledFor = (error: CoolifyError | RefusedError | SecretError) =>
  Effect.gen(function* () {
    const report = yield* reportEnd("nothing-changed", null)
    return yield* new RunError({ step: "provision", error, report })
  }).pipe(Effect.provideServiceEffect(Run, makeReadingRun))

/** What a later run has to know, should this one not come to its end. */
const announceInJournal = Effect.fn("announceInJournal")(function* (
  values: ReadonlyArray<Pick<PlannedSecret, "name" | "value">>,
  { command, origin, skipDeploy, skipDns, allowDowntime }: ApplyOptions,
  place: { readonly owner: string; readonly server: string; readonly stood: ReadonlyArray<string> }
) {
  const run = yield* Run
  const store = yield* SecretStore
  const digests = yield* Effect.forEach(values, ({ name, value }) =>
    Effect.map(store.digest(value), (digest) => ({ name, digest }))
  )
  const { id, startedAt: at } = run
  yield* run.journal.begin({
    run: id,
    at,
    command,
    ...origin,
    skipDns,
    skipDeploy,
    allowDowntime,
    deleteVolumes: false,
    ...place,
    secrets: digests
  })
})
