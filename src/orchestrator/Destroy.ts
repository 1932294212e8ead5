import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import type { Project } from "../coolify/endpoints/Projects.ts"
import { DnsClient } from "../dns/DnsClient.ts"
import type { Spec } from "../appspec/Spec.ts"
import type { ResourceChanged } from "../engine/DeploymentEvent.ts"
import { withJournaledClients } from "./JournaledClients.ts"
import { toldDomains } from "./Desired.ts"
import { releaseIn } from "../kinds/VariableComment.ts"
import { isAddressing } from "../dns/Name.ts"
import * as Marker from "../engine/Marker.ts"
import { destructionPlan, type Doomed, nameOf, type Place } from "./DestroyPlan.ts"
import { everyDatabase, findProjects, observeCoolify } from "./Observe.ts"
import { observeDns, observeOrphans } from "./ObserveDns.ts"
import type { Plan } from "../engine/Plan.ts"
import { furnishings, isEmpty, type Furnished } from "../kinds/Projects.ts"
import { ownDatabases } from "./Blueprint.ts"
import { removeDatabase } from "../kinds/Database.ts"
import { removeApplication } from "../kinds/Application.ts"
import { isTemporary } from "../kinds/Environment.ts"
import { leaveOver } from "../engine/Rollback.ts"
import { asking, makeReadingRun, makeRun, reportEnd, Run } from "../engine/Run.ts"
import { journalName } from "../engine/RunJournal.ts"
import { refuseOtherInstance } from "./Recover.ts"
import { RunError, type StepError } from "./RunError.ts"
import { ownRecords } from "./SharedHosts.ts"
import { Owner } from "../engine/Owner.ts"
import { standingsSeen } from "./Standing.ts"

export interface DestroyOptions {
  readonly command: "destroy" | "recover" | "apply" | "plan"
  readonly mode: "live" | "sandbox" | "dry-run"
  readonly keepDns: boolean
  /** Whether the application's volumes go with it; they are kept otherwise. */
  readonly deleteVolumes: boolean
  /** What the plan is to say of why it goes. */
  readonly why?: string
  /** Asked once, and only when there is something to delete. */
  readonly confirm: (plan: Plan) => Effect.Effect<boolean>
  /** The spec's YAML and its path as it was given: what is needed to go on after a crash. */
  readonly origin: { readonly file: string; readonly text: string }
}

/**
 * Deletes what carries the spec's mark and nothing else: the application, its records, and its project or environment
 * if fabrik made it and nothing else lives there. Deleting again what is gone is a success. What was deleted before a failure stays
 * deleted: run it again.
 */
export const destroy = Effect.fn("destroy")(function* (spec: Spec, options: DestroyOptions) {
  const owner = yield* Owner
  const run = yield* options.mode === "dry-run" ? makeReadingRun : makeRun(journalName(owner, spec))
  yield* run.emit({
    _tag: "RunStarted",
    // What it does to this application, whatever command it is a part of.
    command: options.command === "apply" ? "destroy" : options.command,
    name: spec.name,
    ...toldDomains(spec),
    mode: options.mode
  })
  yield* Ref.set(run.step, "delete")
  return yield* withJournaledClients(remove(spec, options)).pipe(
    Effect.tap((outcome) => (outcome === "declined" ? Effect.void : run.journal.close)),
    Effect.flatMap((outcome) => reportEnd(outcome, null)),
    Effect.catchAll((error) =>
      Effect.flatMap(
        reportFailure(error, options),
        (finished) => new RunError({ step: "delete", error, report: finished })
      )
    ),
    Effect.provideService(Run, run)
  )
}, Effect.scoped)

/**
 * What was deleted stays deleted, so a failure after the first deletion leaves the rest. Whether anything was sent is
 * known by the requests alone, never by the error.
 */
const reportFailure = Effect.fn("reportFailure")(function* (
  error: StepError,
  { command, origin }: DestroyOptions
) {
  const run = yield* Run
  const { current, doomed, touched } = yield* Ref.get(run.ledger)
  if (touched === 0) return yield* reportEnd("nothing-changed", null)
  const leftover = (what: string, why: string) =>
    leaveOver({
      what,
      why,
      next: `run \`fabrik ${command === "apply" ? "apply" : "destroy"} ${origin.file}\` again: it goes on from there`,
      recoverable: true
    })
  const why = `${wasRefused(error) ? "it was not deleted" : "it is not known to be gone"} (${error.message})`
  yield* Effect.forEach(doomed, (what) => leftover(what, what === current ? why : "not deleted yet"), {
    discard: true
  })
  return yield* reportEnd("leftovers", null)
})

/** The request was turned down: what it was about is as it was. */
const wasRefused = (error: StepError): boolean =>
  error._tag === "DnsError"
    ? error.reason !== "OutcomeUnknown"
    : error._tag === "CoolifyError" && error.method.startsWith("delete") && !error.outcomeUnknown

const deleting = Effect.fn("deleting")(function* (what: string) {
  const run = yield* Run
  yield* Ref.update(run.ledger, (ledger) => ({ ...ledger, current: what }))
  yield* run.emit({ _tag: "ChangeStarted", what, address: addressOf(what) })
})

/** What is deleted is told apart by what it is called: a plan has each of them once. */
const addressOf = (what: string): string => `fabrik/deletion ${what}`

/** Notes that what was being deleted is, or stays. */
const settled = (what: string) =>
  Effect.flatMap(Run, ({ ledger }) =>
    Ref.update(ledger, (before) => ({
      ...before,
      current: undefined,
      doomed: before.doomed.filter((one) => one !== what)
    }))
  )

const gone = Effect.fn("gone")(function* (
  event: Pick<typeof ResourceChanged.Type, "system" | "kind" | "name">
) {
  const run = yield* Run
  const what = `${event.kind} ${event.name}`
  yield* settled(what)
  yield* Ref.update(run.ledger, (ledger) => ({ ...ledger, deleted: [...ledger.deleted, what] }))
  yield* run.emit({ _tag: "ResourceChanged", ...event, action: "deleted", address: addressOf(what) })
})

const remove = Effect.fn("remove")(function* (spec: Spec, options: DestroyOptions) {
  const run = yield* Run
  if (run.journal.before !== undefined) yield* refuseOtherInstance(run.journal.before)
  const doomed = yield* findDoomed(spec, options)
  yield* run.journal.begin({
    run: run.id,
    at: run.startedAt,
    command: "destroy",
    ...options.origin,
    skipDns: options.keepDns,
    skipDeploy: false,
    allowDowntime: false,
    deleteVolumes: options.deleteVolumes,
    owner: yield* Owner,
    ...(yield* someServer(doomed)),
    secrets: [],
    stood: doomed.stood
  })
  const plan = destructionPlan(spec, doomed, options)
  yield* run.emit({ _tag: "Planned", plan })
  if (plan.changes.length === 0) return "unchanged"
  if (!(yield* asking(options.confirm(plan)))) return "declined"
  if (options.mode === "dry-run") return "planned"
  yield* Ref.update(run.ledger, (ledger) => ({
    ...ledger,
    doomed: plan.changes.map(({ kind, name }) => `${kind} ${name}`)
  }))
  const { applications } = doomed
  for (const { name, uuid } of applications) {
    yield* deleting(`application ${name}`)
    yield* removeApplication(uuid, { deleteVolumes: options.deleteVolumes })
    yield* gone({ system: "coolify", kind: "application", name })
  }
  for (const database of options.deleteVolumes ? doomed.databases : []) {
    yield* deleting(`database ${database.name}`)
    yield* removeDatabase(database, { deleteVolumes: true })
    yield* gone({ system: "coolify", kind: "database", name: database.name })
  }
  yield* removeRecords(doomed)
  // Another run may have moved in or out since the plan was made.
  for (const place of (yield* findEmpty(spec, [])).places) yield* removePlace(place)
  return "complete"
})

/** A server of this Coolify, which tells it from others; asked for only where there is anything to delete. */
const someServer = Effect.fn("someServer")(function* ({ applications, databases, places, records }: Doomed) {
  if (applications.length + databases.length + places.length + records.length === 0) return {}
  const coolify = yield* CoolifyClient
  const [server] = yield* coolify.servers.list
  return server === undefined ? {} : { server: server.uuid }
})

const findDoomed = Effect.fn("findDoomed")(function* (spec: Spec, options: DestroyOptions) {
  const owner = yield* Owner
  const [coolify, dns] = yield* Effect.all(
    [observeCoolify(spec), options.keepDns ? Effect.succeed([]) : observeDns(spec)],
    { concurrency: "unbounded" }
  )
  const here = yield* ownRecords(spec, dns)
  // What never had a domain has no record anywhere.
  const everywhere = spec.domains.length > 0 || releaseIn(coolify.variables)?.pending === true
  const kept = [...here.own, ...here.shared].map(({ recordSet }) => recordSet)
  const others = options.keepDns ? [] : yield* observeOrphans(spec, coolify.application, { everywhere, kept })
  const applications = [
    ...(coolify.application === undefined ? [] : [coolify.application]),
    ...coolify.remains
  ]
  const databases = ownDatabases(owner, spec, yield* everyDatabase(spec, coolify.databases))
  return {
    stood: (yield* standingsSeen(coolify)).map((standing) => standing.run),
    applications,
    databases,
    former: coolify.former,
    ...(yield* findEmpty(
      spec,
      [...applications, ...(options.deleteVolumes ? databases : [])].map(({ uuid }) => uuid)
    )),
    records: options.keepDns ? [] : [...here.own, ...others],
    sharedRecords: here.shared.map(({ recordSet }) => `${recordSet.name} ${recordSet.type}`),
    foreignRecords: dns
      .flatMap(({ recordSets }) => recordSets)
      .filter((recordSet) => isAddressing(recordSet.type) && !kept.includes(recordSet))
  } satisfies Doomed
})

/** Our projects and environments of the spec's name that have nothing in them but these applications and databases. */
const findEmpty = Effect.fn("findEmpty")(function* (spec: Spec, without: ReadonlyArray<string>) {
  const owner = yield* Owner
  const isLeft = (room: Furnished) =>
    isEmpty({
      ...room,
      applications: room.applications.filter(({ uuid }) => !without.includes(uuid)),
      others: room.others - room.databases.filter(({ uuid }) => without.includes(uuid)).length
    })
  const isOurRoom = ({ description, name }: Furnished) =>
    isTemporary(name) || Marker.parse(description)?.key === Marker.environmentKey(owner, spec.project, name)
  const places: Array<Place> = []
  const shared: Array<Project> = []
  for (const project of yield* findProjects(spec.project)) {
    const isOurs = Marker.parse(project.description)?.key === Marker.projectKey(owner, project.name)
    const rooms = yield* furnishings(project.uuid)
    if (isOurs && rooms.every(isLeft)) {
      places.push({ project, environment: undefined })
      continue
    }
    if (isOurs) shared.push(project)
    for (const room of rooms) {
      if (isOurRoom(room) && isLeft(room)) places.push({ project, environment: room.name })
    }
  }
  return { places, shared }
})

const removeRecords = Effect.fn("removeRecords")(function* ({ records }: Doomed) {
  const dns = yield* DnsClient
  for (const { zone, recordSet } of records) {
    const name = `${recordSet.name} ${recordSet.type}`
    yield* deleting(`record ${name}`)
    yield* dns.remove(zone, recordSet)
    yield* gone({ system: "dns", kind: "record", name })
  }
})

/** Coolify refuses when anything still lives there: then it is not only ours, and stays. */
const removePlace = Effect.fn("removePlace")(function* (place: Place) {
  const coolify = yield* CoolifyClient
  const run = yield* Run
  const { environment, project } = place
  const { kind, name } = nameOf(place)
  yield* deleting(`${kind} ${name}`)
  yield* (
    environment === undefined
      ? coolify.projects.remove(project.uuid)
      : coolify.environments.remove(project.uuid, environment)
  ).pipe(
    Effect.zipRight(gone({ system: "coolify", kind, name })),
    Effect.catchIf(
      (error) => error.reason === "Refused",
      () =>
        Effect.zipRight(
          settled(`${kind} ${name}`),
          run.emit({ _tag: "Warning", message: `the ${kind} ${name} has other resources and stays` })
        )
    ),
    // Another run that has gone from there has taken it away.
    Effect.catchIf(
      (error) => error.reason === "NotFound",
      () => settled(`${kind} ${name}`)
    )
  )
})
