import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { CoolifyClient } from "../coolify/CoolifyClient.ts"
import { isBackup } from "../appspec/sections/Databases.ts"
import type { Database } from "../coolify/endpoints/Databases.ts"
import type { ObservedVariable } from "../coolify/endpoints/Variables.ts"
import type { ListedApplication } from "../coolify/endpoints/Applications.ts"
import type { ZoneRecord } from "../dns/DnsClient.ts"
import { ofType, satisfies } from "../dns/Zone.ts"
import type { Spec } from "../appspec/Spec.ts"
import { transaction } from "./Transaction.ts"
import { RefusedError } from "../engine/DeployError.ts"
import { applicationMark, dnsTarget, recordMark, toldDomains } from "./Desired.ts"
import { withJournaledClients } from "./JournaledClients.ts"
import { placesOf } from "./Managed.ts"
import * as Marker from "../engine/Marker.ts"
import { observeCoolify } from "./Observe.ts"
import { observeDns } from "./ObserveDns.ts"
import { claim } from "./Overtaken.ts"
import type { Change, Plan } from "../engine/Plan.ts"
import { updateApplication } from "../kinds/Application.ts"
import { writeRecord } from "../kinds/Record.ts"
import { asking, makeRun, Run } from "../engine/Run.ts"
import { journalName } from "../engine/RunJournal.ts"
import { ownDatabases, readParts, shortName } from "./Blueprint.ts"
import { readFurther } from "./FurtherRecords.ts"
import { withNamedAccess } from "./RepositoryAccess.ts"
import { backup, readBackup } from "../kinds/Backup.ts"
import { releaseIn } from "../kinds/VariableComment.ts"
import { withPublicAddress } from "./ServedDomains.ts"
import { Owner } from "../engine/Owner.ts"
import { standingOf } from "./Standing.ts"
import { writeSpec, type Existing, type Written } from "./SpecText.ts"

export interface Search {
  /** A name or an uuid. */
  readonly application: string
  readonly project: string | undefined
  readonly environment: string | undefined
  /** Whether to look at the DNS record too. */
  readonly dns: boolean
}

/** An application together with the spec that would have made it. */
export interface Adoptable extends Existing, Written {
  /** The records that do what the spec wants and bear no mark yet. */
  readonly records: ReadonlyArray<ZoneRecord>
}

/** Finds the application and writes its spec. Changes nothing. */
export const readAdoptable = Effect.fn("readAdoptable")(function* (search: Search) {
  const coolify = yield* CoolifyClient
  const { application: found, place } = yield* findApplication(search)
  const application = yield* withNamedAccess(found)
  const [variables, listed, parts] = yield* Effect.all(
    [coolify.variables.list(application.uuid), coolify.servers.list, readParts(application)],
    { concurrency: "unbounded" }
  )
  const servers = yield* Effect.forEach(listed, (server) =>
    server.uuid === application.server?.uuid ? withPublicAddress(server, listed) : Effect.succeed(server)
  )
  const bare: Existing = { application, place, variables, servers, parts, dns: [] }
  const undecided = yield* writeSpec(bare)
  const owner = yield* Owner
  const mark = Marker.parse(application.description)
  if (mark !== undefined && mark.key !== Marker.applicationKey(owner, undecided.spec)) {
    return yield* new RefusedError({
      reason: "Foreign",
      detail: `${application.name} carries fabrik's mark for another owner, name or place`,
      next: "use the specification and the owner that it was made with, or empty its description in Coolify first"
    })
  }
  const dns = search.dns ? yield* dnsOf(undecided.spec) : []
  // Only what fabrik has made can have databases that it has made.
  const there = mark === undefined ? [] : yield* coolify.databases.list
  const near = there.filter(({ environmentId }) => environmentId === application.environmentId)
  const read = yield* Effect.forEach(ownDatabases(owner, undecided.spec, near), (database) =>
    Effect.map(backupIn(database, variables), (found) => ({ ...database, ...found }))
  )
  const unsaid = read.flatMap(({ isUnsaid, name }) => (isUnsaid ? [`backups of ${name}`] : []))
  const further = mark === undefined ? [] : yield* readFurther(undecided.spec, dns, variables)
  const existing = {
    ...bare,
    further,
    parts: { ...parts, left: [...parts.left, ...unsaid] },
    dns,
    databases: read
  }
  const written = yield* writeSpec(existing)
  const adoptable: Adoptable = { ...existing, ...written, records: unmarkedRecords(existing, written) }
  return adoptable
})

/** How a database is backed up, as far as a spec can say it. */
const backupIn = Effect.fn("backupIn")(function* (
  database: Database,
  variables: ReadonlyArray<ObservedVariable>
) {
  const has = releaseIn(variables)?.has ?? []
  const found = yield* readBackup(database, (name) => has.includes(shortName(backup.name, name)))
  if (found === undefined) return { isUnsaid: false }
  return typeof found === "object" && isBackup(found)
    ? { isUnsaid: false, backup: found }
    : { isUnsaid: true }
})

/** A domain of another account is none of this one's business. */
const dnsOf = ({ domains }: Spec) =>
  Effect.forEach(domains, (domain) =>
    Effect.catchIf(
      observeDns({ domains: [domain] }),
      ({ reason }) => reason === "ZoneNotFound",
      () => Effect.succeed([])
    )
  ).pipe(Effect.map((found) => found.flat()))

const findApplication = Effect.fn("findApplication")(function* (search: Search) {
  const coolify = yield* CoolifyClient
  const [applications, projects] = yield* Effect.all([coolify.applications.list, coolify.projects.list], {
    concurrency: "unbounded"
  })
  const named = applications.filter(({ name, uuid }) => [name, uuid].includes(search.application))
  const places = yield* placesOf(named, projects)
  const matches = named.flatMap((application) => {
    const place = places.get(application.environmentId)
    const isThere =
      place !== undefined &&
      (search.project === undefined || [place.project.name, place.project.uuid].includes(search.project)) &&
      (search.environment === undefined || place.environment.name === search.environment)
    return isThere ? [{ application, place }] : []
  })
  const [match] = matches
  if (match === undefined) {
    return yield* new RefusedError({
      reason: "NotFound",
      detail: `Coolify has no application ${search.application}${search.project === undefined ? "" : ` in ${search.project}`}${search.environment === undefined ? "" : `, environment ${search.environment}`}`,
      next: `give the name or the uuid of one of its applications${someNames(applications)}`
    })
  }
  if (matches.length > 1) {
    const all = matches.map(
      ({ application, place }) => `${place.project.name}/${place.environment.name} ${application.uuid}`
    )
    return yield* new RefusedError({
      reason: "Ambiguous",
      detail: `Coolify has ${matches.length} applications ${search.application}: ${all.join(", ")}`,
      next: "give the uuid, or --project and --environment"
    })
  }
  return match
})

const someNames = (applications: ReadonlyArray<ListedApplication>): string => {
  const names = [...new Set(applications.map(({ name }) => name))]
  return names.length === 0 ? "" : ` (${names.slice(0, 10).join(", ")}${names.length > 10 ? ", ..." : ""})`
}

const unmarkedRecords = (
  { application, dns, servers }: Existing,
  { spec }: Written
): ReadonlyArray<ZoneRecord> => {
  const server = servers.find(({ uuid }) => uuid === application.server?.uuid)
  const target = server === undefined ? undefined : dnsTarget(spec, server)
  const { proxied, ttl } = spec.dns
  return dns.flatMap(({ comments, name, recordSets, zone }) => {
    if (target === undefined || !comments) return []
    const recordSet = ofType(recordSets, target.type)
    const wanted = { name, type: target.type, values: [target.value], proxied, ttl, comment: undefined }
    return recordSet !== undefined &&
      satisfies(recordSet, wanted) &&
      Marker.parse(recordSet.comment) === undefined
      ? [{ zone, recordSet }]
      : []
  })
}

export interface AdoptOptions {
  readonly mode: "live" | "sandbox"
  /** Asked once, and only when something is to be marked. */
  readonly confirm: (plan: Plan) => Effect.Effect<boolean>
  /** The spec's YAML and the file that it is written to. */
  readonly origin: { readonly file: string; readonly text: string }
}

/**
 * Puts fabrik's mark on the application and on its records, so that its spec finds them as its own. Whatever fails, all
 * of it is put back. Nothing else is changed, and nothing is deployed.
 */
export const adopt = Effect.fn("adopt")(function* (adoptable: Adoptable, options: AdoptOptions) {
  const { spec } = adoptable
  const owner = yield* Owner
  const run = yield* makeRun(journalName(owner, spec))
  const stood = standingOf(adoptable.application, adoptable.variables)
  if (run.journal.before !== undefined) {
    return yield* new RefusedError({
      reason: "Unsettled",
      detail: `an earlier run of ${spec.name} did not come to its end`,
      next: "settle it with `fabrik recover`, then run the command again"
    })
  }
  yield* run.journal.begin({
    run: run.id,
    at: run.startedAt,
    command: "adopt",
    ...options.origin,
    skipDns: false,
    skipDeploy: false,
    allowDowntime: false,
    deleteVolumes: false,
    secrets: [],
    stood: stood.map((standing) => standing.run)
  })
  yield* run.emit({
    _tag: "RunStarted",
    command: "adopt",
    name: spec.name,
    ...toldDomains(spec),
    mode: options.mode
  })
  const claimed = Effect.zipRight(claim(spec, stood, adoptable.application.uuid), steps(adoptable, options))
  return yield* withJournaledClients(transaction(claimed, null)).pipe(Effect.provideService(Run, run))
}, Effect.scoped)

const steps = Effect.fn("steps")(function* (adoptable: Adoptable, options: AdoptOptions) {
  const run = yield* Run
  const owner = yield* Owner
  const { application, records, spec } = adoptable
  yield* run.go("VALIDATING")
  yield* Ref.set(run.step, "provision")
  // A process of another spec becomes a spec of its own.
  const mark = Marker.parse(application.description)
  const description =
    mark === undefined ? applicationMark(owner, spec, run.id) : Marker.render({ ...mark, of: undefined })
  const isMarked = description === application.description
  const comment = recordMark(owner, spec, run.id)
  const plan: Plan = {
    name: spec.name,
    ...toldDomains(spec),
    project: spec.project,
    environment: spec.environment,
    server: spec.server ?? "",
    basis: "observed",
    changes: [
      ...(isMarked
        ? []
        : [marking("application", application.name, "description", application.description, description)]),
      ...records.map(({ recordSet }) =>
        marking("record", `${recordSet.name} ${recordSet.type}`, "comment", recordSet.comment ?? "", comment)
      )
    ],
    notes: []
  }
  yield* run.emit({ _tag: "Planned", plan })
  if (plan.changes.length > 0 && !(yield* asking(options.confirm(plan)))) return "declined" as const
  yield* run.go("PROVISIONING")
  if (!isMarked) yield* updateApplication(application, { description })
  for (const { zone, recordSet } of records) {
    yield* writeRecord({ zone, before: recordSet, recordSet: { ...recordSet, comment }, comments: true })
  }
  yield* run.go("DEPLOYING")
  yield* run.go("VERIFYING")
  yield* Ref.set(run.step, "verify")
  const found = yield* observeCoolify(spec)
  if (found.application?.uuid !== application.uuid) {
    return yield* new RefusedError({
      reason: "Moved",
      detail: `${application.name} was changed in Coolify meanwhile, and its specification does not find it`,
      next: "run the command again"
    })
  }
  return plan.changes.length > 0 ? ("complete" as const) : ("unchanged" as const)
})

const marking = (
  kind: "application" | "record",
  name: string,
  field: string,
  before: string,
  after: string
): Change => ({
  system: kind === "record" ? "dns" : "coolify",
  kind,
  name,
  action: "update",
  fields: [{ field, before: before === "" ? null : before, after, secret: false }]
})
